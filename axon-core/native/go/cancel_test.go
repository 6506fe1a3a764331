package axon_test

import (
	"context"
	"math/rand"
	"sort"
	"testing"
	"time"

	axon "axonipc.io/axon/go"
)

// Nothing but its context ends a wait of these channels.
var endless = axon.Options{Capacity: 4096, BoundedWait: time.Hour, SendTimeout: axon.Forever, RequestTimeout: axon.Forever}

// waits has every call that waits, on a server with a full ring and a client that is silent.
func waits(t *testing.T) map[string]func(context.Context) error {
	server, _ := pair(t, endless)
	for server.TrySend("fill", make([]byte, 500)) == nil {
	}
	idle, _ := pair(t, endless)
	none := newName(t)
	nothing := func([]byte) error { return nil }
	return map[string]func(context.Context) error{
		"Open": func(ctx context.Context) error {
			_, err := axon.Open(ctx, none, axon.Options{OpenTimeout: axon.Forever})
			return err
		},
		"Receive":             func(ctx context.Context) error { _, err := idle.Receive(ctx); return err },
		"Serve":               func(ctx context.Context) error { return idle.Serve(ctx, axon.NewMux()) },
		"Request for a reply": func(ctx context.Context) error { _, err := idle.Request(ctx, "ask", nil); return err },
		"Request":             func(ctx context.Context) error { _, err := server.Request(ctx, "ask", make([]byte, 500)); return err },
		"SendContext":         func(ctx context.Context) error { return server.SendContext(ctx, "more", make([]byte, 500)) },
		"SendFunc":            func(ctx context.Context) error { return server.SendFunc(ctx, axon.Header{Tag: "more"}, 500, nothing) },
	}
}

func TestACancelEndsASleepWithin10Milliseconds(t *testing.T) {
	for name, call := range waits(t) {
		name, call := name, call
		t.Run(name, func(t *testing.T) {
			var delays []time.Duration
			for i := 0; i < 21; i++ {
				ctx, cancel := context.WithCancel(background)
				result := make(chan error)
				go func() { result <- call(ctx) }()
				time.Sleep(2 * time.Millisecond) // so that it sleeps, mostly
				cancelled := time.Now()
				cancel()
				mustBe(t, <-result, context.Canceled)
				delays = append(delays, time.Since(cancelled))
			}
			sort.Slice(delays, func(i, j int) bool { return delays[i] < delays[j] })
			t.Logf("median %v, longest %v", delays[10], delays[20])
			if delays[10] > 10*time.Millisecond {
				t.Errorf("the median is above 10 ms: %v", delays)
			}
		})
	}
}

// A wait that missed its cancel would never end.
func TestNoCancelIsLostThatComesJustBeforeTheWaitBegins(t *testing.T) {
	defer axon.SetTestHookWatched(func() {})
	for name, call := range waits(t) {
		name, call := name, call
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			axon.SetTestHookWatched(func() {
				cancel()
				time.Sleep(5 * time.Millisecond) // the watch wakes the wait that is yet to come
			})
			mustBe(t, call(ctx), context.Canceled)
		})
	}
}

func TestACancelMayComeAtAnyMoment(t *testing.T) {
	for name, call := range waits(t) {
		name, call := name, call
		t.Run(name, func(t *testing.T) {
			for i := 0; i < 300; i++ {
				ctx, cancel := context.WithCancel(background)
				result := make(chan error)
				go func() { result <- call(ctx) }()
				for end := time.Now().Add(time.Duration(rand.Int63n(int64(80 * time.Microsecond)))); time.Now().Before(end); {
				}
				cancel()
				mustBe(t, <-result, context.Canceled)
			}
		})
	}
}

func TestADeadlineEndsAWaitAndReplacesTheTimeout(t *testing.T) {
	for name, call := range waits(t) {
		name, call := name, call
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
			defer cancel()
			mustBe(t, call(ctx), context.DeadlineExceeded)
			mustBe(t, call(ctx), context.DeadlineExceeded)
		})
	}
}

func TestACancelLeavesOtherWaitsAlone(t *testing.T) {
	server, client := pair(t, endless)
	reply := make(chan error)
	go func() { _, err := client.Request(background, "ask", nil); reply <- err }()
	message, err := server.Receive(background)
	must(t, err)
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithCancel(background)
		cancelled := make(chan error)
		go func() { _, err := client.Request(ctx, "in vain", nil); cancelled <- err }()
		go func() { _, err := client.Receive(ctx); cancelled <- err }()
		time.Sleep(time.Millisecond)
		cancel()
		mustBe(t, <-cancelled, context.Canceled)
		mustBe(t, <-cancelled, context.Canceled)
	}
	must(t, message.Reply(background, nil))
	must(t, <-reply)
}
