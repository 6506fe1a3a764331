package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	axon "axonipc.io/axon/go"
)

const (
	maxBody  = 1 << 20
	maxAsked = 1000 // requests under way: over Axon each keeps a thread, of which Go allows 10,000
)

// An upstream has a service answer a request, and writes the answer where it belongs.
type upstream func(ctx context.Context, tag string, body []byte, answer io.Writer) error

// overAxon writes what the service answered from shared memory into the response.
func overAxon(channel *axon.Channel) upstream {
	return func(ctx context.Context, tag string, body []byte, answer io.Writer) error {
		return channel.RequestFunc(ctx, axon.Header{Tag: tag}, body, func(reply *axon.Message) error {
			_, err := answer.Write(reply.Payload())
			return err
		})
	}
}

// overHTTP keeps its connection to the service.
func overHTTP(service string) upstream {
	return func(ctx context.Context, tag string, body []byte, answer io.Writer) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, service+"/"+url.PathEscape(tag), bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the service answered %s", response.Status)
		}
		_, err = io.Copy(answer, response.Body)
		return err
	}
}

// timed serves POST /TAG, and tells in the header Server-Timing how many
// milliseconds the service took. Its context ends when the client goes away,
// and with it the wait for the service. More than most requests at a time are
// turned away.
func timed(ask upstream, most int) http.Handler {
	places := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag := strings.TrimPrefix(r.URL.Path, "/")
		if r.Method != http.MethodPost || tag == "" {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST /TAG", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), statusOfBody(err))
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			http.Error(w, "too many requests are under way", http.StatusServiceUnavailable)
			return
		}
		var answer bytes.Buffer
		begin := time.Now()
		err = ask(r.Context(), tag, body, &answer)
		w.Header().Set("Server-Timing", fmt.Sprintf("service;dur=%.6f", float64(time.Since(begin).Nanoseconds())/1e6))
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer.Bytes())
	})
}

func statusOfBody(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, axon.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, axon.ErrPeerDied), errors.Is(err, axon.ErrClosed), errors.Is(err, axon.ErrFull):
		return http.StatusServiceUnavailable
	case errors.Is(err, axon.ErrInvalid), errors.Is(err, axon.ErrTooLarge):
		return http.StatusBadRequest
	default:
		return http.StatusBadGateway
	}
}
