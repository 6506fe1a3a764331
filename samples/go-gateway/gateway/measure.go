package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	turn  = 50 // requests one way before it is the other's turn
	order = `{"item":"pears","quantity":2,"price":1.5}`
	quote = `{"item":"pears","total":3.0}`
)

// way is one of the two ways to the service, and what was measured of it.
type way struct {
	name, url      string
	service, whole histogram
}

// ask takes the two times of one request.
func (w *way) ask(ctx context.Context, record bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(order))
	if err != nil {
		return err
	}
	begin := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	whole := time.Since(begin)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || string(bytes.TrimSpace(answer)) != quote {
		return fmt.Errorf("%s answered %s: %s", w.url, response.Status, answer)
	}
	var milliseconds float64
	if _, err := fmt.Sscanf(response.Header.Get("Server-Timing"), "service;dur=%f", &milliseconds); err != nil {
		return fmt.Errorf("%s: Server-Timing: %w", w.url, err)
	}
	if record {
		w.service.record(time.Duration(milliseconds * 1e6))
		w.whole.record(whole)
	}
	return nil
}

// measure warms up with as many requests as it then measures.
func measure(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	gateway := flags.String("gateway", "", "the gateway's address")
	count := flags.Int("n", 20000, "requests each way")
	flags.Parse(arguments)

	ways := []*way{{name: "Axon", url: *gateway + "/quote"}, {name: "HTTP", url: *gateway + "/http/quote"}}
	for i := 0; i < 2**count; i += turn {
		for _, w := range ways {
			for j := i; j < i+turn && j < 2**count; j++ {
				if err := w.ask(ctx, j >= *count); err != nil {
					return err
				}
			}
		}
	}
	fmt.Printf("%d requests each way, %d in turn; microseconds\n\n", *count, turn)
	fmt.Printf("%-30s%9s%9s%9s%9s%9s\n", "", "p50", "p90", "p99", "p99.9", "max")
	for _, w := range ways {
		print("gateway to service, "+w.name, &w.service)
	}
	for _, w := range ways {
		print("client to service, "+w.name, &w.whole)
	}
	return nil
}

func print(name string, h *histogram) {
	fmt.Printf("%-30s", name)
	for _, percent := range []float64{50, 90, 99, 99.9, 100} {
		fmt.Printf("%9.1f", float64(h.percentile(percent))/1e3)
	}
	fmt.Println()
}
