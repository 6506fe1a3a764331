package axon_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	axon "axonipc.io/axon/go"
)

func echo(_ context.Context, message *axon.Message) ([]byte, error) { return message.Payload(), nil }

// With rings that the requests of both ends fill.
func TestTwoEndsThatServeAskEachOther(t *testing.T) {
	server, client := pair(t, axon.Options{Capacity: 4096, SendTimeout: patience / 2, RequestTimeout: patience})
	var wg sync.WaitGroup
	for _, channel := range []*axon.Channel{server, client} {
		serve(t, channel, axon.HandlerFunc(echo))
		for i := 0; i < 16; i++ {
			channel, payload := channel, strings.Repeat(string(rune('a'+i)), 700)
			wg.Add(1)
			go func() {
				defer wg.Done()
				for j := 0; j < 100; j++ {
					reply, err := channel.Request(background, "echo", []byte(payload))
					if err != nil || string(reply) != payload {
						t.Errorf("%.20q..., %v", reply, err)
						return
					}
				}
			}()
		}
	}
	wg.Wait()
}

// fillUp leaves no room for what has 500 bytes.
func fillUp(channel *axon.Channel) {
	for channel.TrySend("fill", make([]byte, 500)) == nil {
	}
}

// reports is an Options.OnError that keeps them.
func reports() (onError func(*axon.Message, error), next chan error) {
	next = make(chan error, 10000)
	return func(message *axon.Message, err error) {
		message.Payload() // does not panic
		next <- err
	}, next
}

func TestServeDoesNotWaitForAReplysRoom(t *testing.T) {
	onError, reported := reports()
	server, client := pair(t, axon.Options{Capacity: 4096, SendTimeout: patience, OnError: onError})
	fillUp(server)
	done := make(chan bool)
	stop := serve(t, server, axon.HandlerFunc(func(_ context.Context, message *axon.Message) ([]byte, error) {
		if message.IsRequest() {
			return make([]byte, 900), nil
		}
		close(done)
		return nil, nil
	}))
	for id := uint64(1); id <= 2; id++ {
		must(t, client.SendHeader(background, axon.Header{Tag: "ask", CorrelationID: id}, nil))
	}
	must(t, client.Send("after", nil))
	<-done
	mustBe(t, stop(), context.Canceled)
	if blocked := server.Counters().SendsBlocked; blocked < 2 || blocked > 3 {
		t.Errorf("%d sends were blocked", blocked)
	}
	must(t, server.Close())
	if len(reported) != 0 {
		t.Errorf("%v", <-reported)
	}
}

func TestServeWaitsForRoomWhenTooManyRepliesDo(t *testing.T) {
	const most, all = 1024, 1500
	server, client := pair(t, axon.Options{Capacity: 4096, SendTimeout: axon.Forever})
	fillUp(server)
	var handled atomic.Int64
	serve(t, server, axon.HandlerFunc(func(context.Context, *axon.Message) ([]byte, error) {
		handled.Add(1)
		return make([]byte, 900), nil
	}))
	sent := make(chan error)
	go func() {
		for id := uint64(1); id <= all; id++ {
			if err := client.SendHeader(background, axon.Header{Tag: "ask", CorrelationID: id}, nil); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	eventually(t, "Serve waits", func() bool { return handled.Load() == most+1 })
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	mustBe(t, client.SendContext(ctx, "no room either", make([]byte, 900)), context.DeadlineExceeded)
	eventually(t, "all replies come, which nobody waits for", func() bool {
		client.TryReceive()
		return client.Counters().RepliesDropped == all
	})
	must(t, <-sent)
}

func TestAReplyThatWaitedInVainIsReported(t *testing.T) {
	onError, reported := reports()
	server, client := pair(t, axon.Options{Capacity: 4096, SendTimeout: 10 * time.Millisecond, OnError: onError})
	fillUp(server)
	serve(t, server, axon.HandlerFunc(func(context.Context, *axon.Message) ([]byte, error) { return make([]byte, 900), nil }))
	for id := uint64(1); id <= 3; id++ {
		must(t, client.SendHeader(background, axon.Header{Tag: "ask", CorrelationID: id}, nil))
	}
	for i := 0; i < 3; i++ {
		mustBe(t, <-reported, axon.ErrFull)
	}
	must(t, client.Close())
	must(t, server.Close())
	eventually(t, "the endpoint is given up, for which a report is not waited", func() bool {
		_, err := axon.Discard(server.Name())
		return err == nil
	})
}

func TestARequestWhoseReplyCannotBeSentIsAnsweredWithAnError(t *testing.T) {
	onError, reported := reports()
	server, client := pair(t, axon.Options{MaxMessage: 1000, RequestTimeout: patience, OnError: onError})
	mux := axon.NewMux()
	mux.HandleFunc("reply", func(context.Context, *axon.Message) ([]byte, error) { return make([]byte, 2000), nil })
	mux.HandleFunc("error", func(context.Context, *axon.Message) ([]byte, error) {
		return nil, errors.New("e" + strings.Repeat("é", 1000))
	})
	serve(t, server, mux)
	var remote *axon.RemoteError
	_, err := client.Request(background, "reply", nil)
	if !errors.As(err, &remote) || !strings.Contains(remote.Text, "2000 bytes") {
		t.Errorf("%v", err)
	}
	mustBe(t, <-reported, axon.ErrTooLarge)
	_, err = client.Request(background, "error", nil)
	if !errors.As(err, &remote) || len(remote.Text) != 999 || !utf8.ValidString(remote.Text) {
		t.Errorf("%v", err)
	}
}

func TestAnErrorsTextFitsIntoTheRing(t *testing.T) {
	server, client := pair(t, axon.Options{Capacity: 4096, RequestTimeout: patience})
	serve(t, server, axon.HandlerFunc(func(ctx context.Context, message *axon.Message) ([]byte, error) {
		return nil, message.ReplyError(ctx, strings.Repeat("x", 100000))
	}))
	var remote *axon.RemoteError
	_, err := client.Request(background, "ask", nil)
	if !errors.As(err, &remote) || len(remote.Text) != 512 {
		t.Errorf("%v", err)
	}
}

func TestAHandlerThatAnswersLaterIsNoError(t *testing.T) {
	onError, reported := reports()
	server, client := pair(t, axon.Options{RequestTimeout: patience, OnError: onError})
	serve(t, server, axon.HandlerFunc(func(ctx context.Context, message *axon.Message) ([]byte, error) {
		if message.IsRequest() {
			must(t, message.Reply(ctx, nil)) // later is now
		}
		return nil, axon.ErrAnswerLater
	}))
	must(t, client.Send("plain", nil))
	_, err := client.Request(background, "ask", nil)
	must(t, err)
	eventually(t, "both are acknowledged", func() bool { return server.Counters().MessagesReceived == 2 })
	if len(reported) != 0 {
		t.Errorf("%v", <-reported)
	}
}

func TestAPanicInAFillLeavesTheRequestOpen(t *testing.T) {
	server, client := pair(t, axon.Options{RequestTimeout: patience})
	serve(t, server, axon.HandlerFunc(func(ctx context.Context, message *axon.Message) (reply []byte, err error) {
		defer func() { err, _ = recover().(error) }()
		return nil, message.ReplyFunc(ctx, 8, func([]byte) error { panic(errors.New("recovered")) })
	}))
	var remote *axon.RemoteError
	if _, err := client.Request(background, "ask", nil); !errors.As(err, &remote) || remote.Text != "recovered" {
		t.Errorf("%v", err)
	}
}

func TestASendIsCountedAsBlockedOnce(t *testing.T) {
	server, client := pair(t, axon.Options{Capacity: 4096})
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	filling, fill, filled := make(chan bool), make(chan bool), make(chan error)
	go func() {
		filled <- client.SendFunc(ctx, axon.Header{Tag: "slow"}, 8, func([]byte) error { close(filling); <-fill; return nil })
	}()
	<-filling
	mustBe(t, client.TrySend("behind", nil), axon.ErrFull)
	behind := make(chan error)
	axon.SetTestHookWatched(func() { close(fill) }) // when it has found that it must wait
	go func() { behind <- client.SendContext(ctx, "behind", nil) }()
	must(t, <-filled)
	must(t, <-behind)
	if blocked := client.Counters().SendsBlocked; blocked != 0 {
		t.Errorf("%d sends were blocked by a ring with room", blocked)
	}

	fillUp(client) // once
	axon.SetTestHookWatched(func() {
		for {
			message, err := server.TryReceive()
			if err != nil {
				return
			}
			message.Release()
		}
	})
	must(t, client.SendContext(ctx, "found room at the second look", make([]byte, 500)))
	if blocked := client.Counters().SendsBlocked; blocked != 2 {
		t.Errorf("%d sends were blocked instead of 2", blocked)
	}

	axon.SetTestHookWatched(func() {})
	fillUp(client)
	short, end := context.WithTimeout(background, time.Millisecond)
	defer end()
	mustBe(t, client.SendContext(short, "waits", make([]byte, 500)), context.DeadlineExceeded)
	if blocked := client.Counters().SendsBlocked; blocked != 4 {
		t.Errorf("%d sends were blocked instead of 4", blocked)
	}
}
