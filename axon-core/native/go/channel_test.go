package axon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	axon "axonipc.io/axon/go"
)

func TestMessagesArriveAsSentAndInOrder(t *testing.T) {
	server, client := pair(t, axon.Options{})
	for _, size := range []int{0, 1, 7, 300, 262144, 5_000_001} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		header := axon.Header{Tag: "größe", Metadata: []byte{1, 2, 3}}
		must(t, client.SendHeader(background, header, payload))
		must(t, client.SendFunc(background, axon.Header{Tag: "in place"}, size, func(room []byte) error {
			if len(room) != size {
				t.Errorf("room for %d bytes instead of %d", len(room), size)
			}
			copy(room, payload)
			return nil
		}))
		message, err := server.Receive(background)
		must(t, err)
		if message.Tag() != "größe" || !bytes.Equal(message.Metadata(), []byte{1, 2, 3}) || message.Deliveries() != 1 ||
			message.IsRequest() || !bytes.Equal(message.Payload(), payload) {
			t.Fatalf("a message of %d bytes differs: %q", size, message.Tag())
		}
		must(t, server.ReceiveFunc(background, func(message *axon.Message) error {
			if message.Tag() != "in place" || len(message.Metadata()) != 0 || !bytes.Equal(message.Payload(), payload) {
				t.Errorf("a message of %d bytes differs: %q", size, message.Tag())
			}
			return nil
		}))
	}
	counters := server.Counters()
	if counters.MessagesReceived != 12 || counters.BytesReceived != 2*(0+1+7+300+262144+5_000_001) {
		t.Errorf("%+v", counters)
	}
}

func TestACopyOutlivesItsMessageAndAViewDoesNot(t *testing.T) {
	server, client := pair(t, axon.Options{})
	must(t, client.Send("copy", []byte("kept")))
	must(t, client.Send("view", []byte("lent")))
	message, err := server.Receive(background)
	must(t, err)
	var view *axon.Message
	must(t, server.ReceiveFunc(background, func(message *axon.Message) error {
		view = message
		return nil
	}))
	must(t, server.Close())
	if string(message.Payload()) != "kept" || view.Tag() != "view" {
		t.Errorf("%q, %q", message.Payload(), view.Tag())
	}
	for _, access := range []func() []byte{view.Payload, view.Metadata} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a view was given after its handler had returned")
				}
			}()
			access()
		}()
	}
}

func TestAFailedFillSendsNothing(t *testing.T) {
	server, client := pair(t, axon.Options{})
	failed := errors.New("failed")
	err := client.SendFunc(background, axon.Header{Tag: "no"}, 8, func([]byte) error {
		mustBe(t, client.Send("within", nil), axon.ErrInvalid)
		return failed
	})
	if err != failed {
		t.Errorf("%v", err)
	}
	func() {
		defer func() { recover() }()
		client.SendFunc(background, axon.Header{Tag: "no"}, 8, func([]byte) error { panic("no") })
	}()
	_, err = server.TryReceive()
	mustBe(t, err, axon.ErrEmpty)
	must(t, client.Send("next", nil))
	message, err := server.TryReceive()
	must(t, err)
	if message.Tag() != "next" {
		t.Errorf("%q", message.Tag())
	}
}

func TestAMessageIsAcknowledgedWhenItIsDoneWith(t *testing.T) {
	server, client := pair(t, axon.Options{})
	received := func() uint64 { return server.Counters().MessagesReceived }
	for range [4]int{} {
		must(t, client.Send("message", nil))
	}
	first, err := server.Receive(background)
	must(t, err)
	if received() != 0 {
		t.Error("acknowledged while in hand")
	}
	first.Release()
	first.Release()
	if received() != 1 {
		t.Error("not acknowledged by its release")
	}
	_, err = server.Receive(background)
	must(t, err)
	must(t, server.ReceiveFunc(background, func(message *axon.Message) error {
		first.Release()
		message.Release()
		if received() != 2 {
			t.Error("not acknowledged by the next receive, or a view acknowledged in its handler")
		}
		_, err := server.TryReceive()
		mustBe(t, err, axon.ErrEmpty)
		return nil
	}))
	if received() != 3 {
		t.Error("not acknowledged when handled")
	}
	func() {
		defer func() { recover() }()
		server.ReceiveFunc(background, func(*axon.Message) error { panic("handled") })
	}()
	if received() != 3 {
		t.Error("acknowledged by a panic")
	}
	_, err = server.TryReceive()
	mustBe(t, err, axon.ErrEmpty)
	if received() != 4 {
		t.Error("not acknowledged after a panic")
	}
}

func TestErrorsAreKindsWithTheirReasons(t *testing.T) {
	server, client := pair(t, axon.Options{Capacity: 4096, MaxMessage: 10000, SendTimeout: time.Millisecond})
	for client.TrySend("fill", make([]byte, 500)) == nil {
	}
	_, roleTaken := axon.Open(background, server.Name(), axon.Options{Role: axon.Server})
	_, noServer := axon.Open(background, newName(t), axon.Options{OpenTimeout: axon.NoTime})
	_, badName := axon.Open(background, "a/b", axon.Options{})
	_, zeroInName := axon.Open(background, "a\x00b", axon.Options{})
	_, badOption := axon.Open(background, "ok", axon.Options{Capacity: 1})
	_, badRole := axon.Open(background, "ok", axon.Options{Role: 2})
	_, inUse := axon.Discard(server.Name())
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	for _, c := range []struct {
		err, kind error
		text      string
	}{
		{client.TrySend("x", make([]byte, 500)), axon.ErrFull, "full"},
		{client.Send("x", make([]byte, 500)), axon.ErrFull, server.Name()},
		{client.SendContext(cancellable, "x", make([]byte, 500)), axon.ErrFull, server.Name()},
		{server.Send("x", make([]byte, 10001)), axon.ErrTooLarge, "10001 bytes"},
		{server.Send("", nil), axon.ErrInvalid, "tag"},
		{server.Send(strings.Repeat("x", 256), nil), axon.ErrInvalid, "256"},
		{server.SendFunc(background, axon.Header{Tag: "x"}, -1, nil), axon.ErrInvalid, "negative"},
		{roleTaken, axon.ErrRoleTaken, "process"},
		{inUse, axon.ErrRoleTaken, "process"},
		{noServer, axon.ErrTimeout, "does not exist"},
		{badName, axon.ErrInvalid, "a/b"},
		{zeroInName, axon.ErrInvalid, "byte 0"},
		{badOption, axon.ErrInvalid, "capacity"},
		{badRole, axon.ErrInvalid, "not 2"},
	} {
		if !errors.Is(c.err, c.kind) || !strings.Contains(fmt.Sprint(c.err), c.text) {
			t.Errorf("%v is not %v with %q", c.err, c.kind, c.text)
		}
	}
	if blocked := client.Counters().SendsBlocked; blocked != 4 {
		t.Errorf("%d sends were blocked", blocked)
	}
	alive, err := server.PeerAlive()
	if !alive || err != nil || server.Capacity() != 4096 {
		t.Errorf("peer %v, %v, capacity %d", alive, err, server.Capacity())
	}
	must(t, client.Close())
	if alive, err = server.PeerAlive(); alive || err != nil {
		t.Errorf("peer %v, %v", alive, err)
	}
}

func TestACloseEndsAllCallsAndGivesTheEndpointUp(t *testing.T) {
	options := axon.Options{Capacity: 4096, BoundedWait: time.Hour, SendTimeout: axon.Forever, RequestTimeout: axon.Forever}
	name := newName(t)
	for round := 0; round < 20; round++ {
		options.Role = axon.Server
		server := open(t, name, options)
		for server.TrySend("fill", make([]byte, 500)) == nil {
		}
		var calls sync.WaitGroup
		call := func(run func() error) {
			calls.Add(1)
			go func() {
				defer calls.Done()
				if err := run(); !errors.Is(err, axon.ErrClosed) {
					t.Errorf("%v is not ErrClosed", err)
				}
			}()
		}
		ctx, cancel := context.WithCancel(background)
		for i := 0; i < 2; i++ {
			call(func() error { return server.Serve(ctx, axon.NewMux()) })
			call(func() error { _, err := server.Receive(background); return err })
			call(func() error { _, err := server.Request(ctx, "ask", make([]byte, 500)); return err })
			call(func() error { return server.SendContext(ctx, "more", make([]byte, 500)) })
			call(func() error {
				return server.SendFunc(background, axon.Header{Tag: "more"}, 500, func([]byte) error { return nil })
			})
		}
		if round%2 == 0 {
			eventually(t, "calls wait", func() bool { return server.Counters().Parks > 0 })
		}
		must(t, server.Close())
		calls.Wait()
		cancel()
		must(t, server.Close())
		mustBe(t, server.Send("late", nil), axon.ErrClosed)
	}
}

func TestAHandlerMayCloseItsChannel(t *testing.T) {
	server, client := pair(t, axon.Options{})
	payload := bytes.Repeat([]byte("x"), 1<<20)
	must(t, client.Send("close", payload))
	entered, closed := make(chan struct{}), make(chan struct{})
	go func() { // and at the same time somebody else does
		<-entered
		server.Close()
		close(closed)
	}()
	mustBe(t, server.Serve(background, axon.HandlerFunc(func(_ context.Context, message *axon.Message) ([]byte, error) {
		close(entered)
		server.Close()
		<-closed
		if !bytes.Equal(message.Payload(), payload) {
			t.Error("the payload went away")
		}
		return nil, nil
	})), axon.ErrClosed)
	open(t, server.Name(), axon.Options{Role: axon.Server})
}

func TestManyGoroutinesShareAChannel(t *testing.T) {
	const each, goroutines = 500, 4
	server, client := pair(t, axon.Options{Capacity: 8192})
	mux := axon.NewMux()
	mux.HandleFunc("echo", func(_ context.Context, message *axon.Message) ([]byte, error) { return message.Payload(), nil })
	mux.HandleFunc("plain", func(context.Context, *axon.Message) ([]byte, error) { return nil, nil })
	stop := serve(t, server, mux)
	elsewhere := func([]byte) error {
		runtime.Gosched() // where it can, the goroutine goes on in another thread
		return nil
	}
	var group sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		group.Add(1)
		go func(g int) {
			defer group.Done()
			ctx, cancel := context.WithTimeout(background, patience)
			defer cancel()
			for i := 0; i < each; i++ {
				payload := []byte(fmt.Sprint(g, i))
				reply, err := client.Request(ctx, "echo", payload)
				if err != nil || !bytes.Equal(reply, payload) {
					t.Errorf("%q, %v", reply, err)
					return
				}
				if err := client.SendFunc(ctx, axon.Header{Tag: "plain"}, 300, elsewhere); err != nil {
					t.Error(err)
					return
				}
			}
		}(g)
	}
	group.Wait()
	eventually(t, "all is handled", func() bool { return server.Counters().MessagesReceived == 2*each*goroutines })
	mustBe(t, stop(), context.Canceled)
}
