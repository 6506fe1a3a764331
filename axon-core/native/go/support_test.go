package axon_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	axon "axonipc.io/axon/go"
)

const patience = time.Minute

var (
	background = context.Background()
	names      atomic.Int64
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	status := m.Run()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			fmt.Printf("goroutines are left:\n%s\n", stacks[:runtime.Stack(stacks, true)])
			status = 1
			break
		}
	}
	os.Exit(status)
}

// newName is a channel's name that no other test has; the channel is discarded after the test.
func newName(t testing.TB) string {
	name := fmt.Sprintf("go-test-%d-%d-%d", os.Getpid(), time.Now().UnixNano(), names.Add(1))
	t.Cleanup(func() {
		if _, err := axon.Discard(name); err != nil {
			t.Errorf("the channel could not be discarded: %v", err)
		}
		if left, _ := filepath.Glob("/dev/shm/*" + name + "*"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return name
}

func open(t testing.TB, name string, options axon.Options) *axon.Channel {
	t.Helper()
	channel, err := axon.Open(background, name, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { channel.Close() })
	return channel
}

// pair opens both endpoints of a new channel.
func pair(t testing.TB, options axon.Options) (server, client *axon.Channel) {
	t.Helper()
	name := newName(t)
	options.Role = axon.Server
	server = open(t, name, options)
	options.Role = axon.Client
	return server, open(t, name, options)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%v is not %v", err, target)
	}
}

// serve runs Serve until the test ends or stop is called, which returns its result.
func serve(t testing.TB, channel *axon.Channel, handler axon.Handler) (stop func() error) {
	ctx, cancel := context.WithCancel(background)
	result := make(chan error, 1)
	go func() { result <- channel.Serve(ctx, handler) }()
	var err error
	var stopped bool
	stop = func() error {
		cancel()
		if !stopped {
			stopped, err = true, <-result
		}
		return err
	}
	t.Cleanup(func() { stop() })
	return stop
}

// eventually waits for what another goroutine does.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}
