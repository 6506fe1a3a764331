package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	axon "axonipc.io/axon/go"
)

func TestPercentilesAreThoseOfTheSortedTimes(t *testing.T) {
	var h histogram
	var times []time.Duration
	for i := 0; i < 100000; i++ {
		duration := time.Duration(rand.Int63n(1 << uint(rand.Intn(41))))
		times = append(times, duration)
		h.record(duration)
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	for _, percent := range []float64{0.1, 1, 50, 90, 99, 99.9} {
		exact := times[int(percent/100*float64(len(times))+0.5)-1]
		if found := h.percentile(percent); found < exact || found > exact+exact/127 {
			t.Errorf("p%v is %v instead of %v", percent, found, exact)
		}
	}
	if h.percentile(100) != times[len(times)-1] {
		t.Errorf("the longest is %v instead of %v", h.percentile(100), times[len(times)-1])
	}
}

func post(t *testing.T, gateway *httptest.Server, path, body string) (int, string) {
	t.Helper()
	response, err := http.Post(gateway.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func TestARequestIsAnsweredByTheService(t *testing.T) {
	name := fmt.Sprintf("gateway-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	service, err := axon.Open(context.Background(), name, axon.Options{Role: axon.Server})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	channel, err := axon.Open(context.Background(), name, axon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	mux := axon.NewMux()
	mux.HandleFunc("echo", func(_ context.Context, message *axon.Message) ([]byte, error) { return message.Payload(), nil })
	mux.HandleFunc("fail", func(context.Context, *axon.Message) ([]byte, error) { return nil, errors.New("out of pears") })
	served := make(chan error)
	go func() { served <- service.Serve(context.Background(), mux) }()
	gateway := httptest.NewServer(timed(overAxon(channel), 1))
	defer gateway.Close()

	if status, answer := post(t, gateway, "/echo", "body"); status != http.StatusOK || answer != "body" {
		t.Errorf("%d %q", status, answer)
	}
	if status, answer := post(t, gateway, "/fail", ""); status != http.StatusBadGateway || !strings.Contains(answer, "out of pears") {
		t.Errorf("%d %q", status, answer)
	}
	if status, _ := post(t, gateway, "/", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("%d", status)
	}
	if status, _ := post(t, gateway, "/echo", strings.Repeat("x", maxBody+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", status)
	}
	if status, _ := post(t, gateway, "/"+strings.Repeat("x", 256), ""); status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
	channel.Close()
	if status, _ := post(t, gateway, "/echo", ""); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
	service.Close()
	if err := <-served; !errors.Is(err, axon.ErrClosed) {
		t.Error(err)
	}
}

func TestMoreRequestsThanAllowedAreTurnedAway(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool)
	gateway := httptest.NewServer(timed(func(context.Context, string, []byte, io.Writer) error {
		asked <- true
		<-answer
		return nil
	}, 1))
	defer gateway.Close()
	first := make(chan int)
	go func() {
		response, err := http.Post(gateway.URL+"/slow", "", nil)
		if err != nil {
			t.Error(err)
			first <- 0
			return
		}
		response.Body.Close()
		first <- response.StatusCode
	}()
	<-asked
	if status, answer := post(t, gateway, "/slow", ""); status != http.StatusServiceUnavailable || !strings.Contains(answer, "too many") {
		t.Errorf("%d %q", status, answer)
	}
	close(answer)
	if status := <-first; status != http.StatusOK {
		t.Errorf("%d", status)
	}
	go func() { <-asked }()
	if status, _ := post(t, gateway, "/again", ""); status != http.StatusOK {
		t.Errorf("%d", status)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWhatIsWrongWithARequestIsTold(t *testing.T) {
	handler := timed(nil, 1)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/quote", nil))
	if response.Code != http.StatusMethodNotAllowed || response.Header().Get("Allow") != http.MethodPost {
		t.Errorf("%d, Allow: %q", response.Code, response.Header().Get("Allow"))
	}
	response = httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/quote", brokenBody{}))
	if response.Code != http.StatusBadRequest {
		t.Errorf("%d", response.Code)
	}
}

func TestATagIsNoPathOfTheService(t *testing.T) {
	var asked string
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer service.Close()
	if err := overHTTP(service.URL)(context.Background(), "a/../b?c", nil, io.Discard); err != nil || asked != "/a%2F..%2Fb%3Fc" {
		t.Errorf("%q, %v", asked, err)
	}
}
