package axon_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	axon "axonipc.io/axon/go"
)

func answer(text string) axon.HandlerFunc {
	return func(context.Context, *axon.Message) ([]byte, error) { return []byte(text), nil }
}

func TestATagFindsItsHandler(t *testing.T) {
	server, client := pair(t, axon.Options{})
	mux := new(axon.Mux)
	for _, tag := range []string{"*", "sensor.*", "sensor.room.*", "sensor.room.1", "other*", "third"} {
		mux.Handle(tag, answer(tag))
	}
	serve(t, server, mux)
	for tag, handler := range map[string]string{"sensor.room.1": "sensor.room.1", "sensor.room.2": "sensor.room.*",
		"sensor.": "sensor.*", "sensor": "*", "other": "other*", "others": "other*", "third": "third", "thirds": "*"} {
		reply, err := client.Request(background, tag, nil)
		if err != nil || string(reply) != handler {
			t.Errorf("%q was answered by %q, %v", tag, reply, err)
		}
	}
	for _, tag := range []string{"", "*", "sensor.*", "third"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", tag)
				}
			}()
			mux.Handle(tag, answer(tag))
		}()
	}
	defer func() {
		if recover() == nil {
			t.Error("no function was taken")
		}
	}()
	mux.HandleFunc("none", nil)
}

func TestRequestsAreAnsweredInEveryWay(t *testing.T) {
	var mu sync.Mutex
	var reported []string
	server, client := pair(t, axon.Options{OnError: func(message *axon.Message, err error) {
		mu.Lock()
		defer mu.Unlock()
		reported = append(reported, message.Tag()+" "+string(message.Payload())+": "+err.Error())
	}})
	mux := axon.NewMux()
	mux.HandleFunc("fail", func(context.Context, *axon.Message) ([]byte, error) { return nil, errors.New("so it is") })
	mux.HandleFunc("itself", func(ctx context.Context, message *axon.Message) ([]byte, error) {
		if err := message.ReplyFunc(ctx, 2, func(room []byte) error { copy(room, "me"); return nil }); err != nil {
			return nil, err
		}
		return []byte("not this"), message.Reply(ctx, nil)
	})
	later := make(chan *axon.Message)
	mux.HandleFunc("later", func(_ context.Context, message *axon.Message) ([]byte, error) {
		go func() { later <- message }()
		return nil, axon.ErrAnswerLater
	})
	serve(t, server, mux)

	var remote *axon.RemoteError
	_, err := client.Request(background, "fail", nil)
	if !errors.As(err, &remote) || remote.Text != "so it is" || remote.Tag != "fail" {
		t.Errorf("%v", err)
	}
	_, err = client.Request(background, "unknown", nil)
	if !errors.As(err, &remote) || !strings.Contains(remote.Text, `no handler for the tag "unknown"`) {
		t.Errorf("%v", err)
	}
	reply, err := client.Request(background, "itself", nil)
	if err != nil || string(reply) != "me" {
		t.Errorf("%q, %v", reply, err)
	}
	go func() {
		if err := (<-later).Reply(background, []byte("at last")); err != nil {
			t.Error(err)
		}
	}()
	reply, err = client.Request(background, "later", nil)
	if err != nil || string(reply) != "at last" {
		t.Errorf("%q, %v", reply, err)
	}
	must(t, client.Send("fail", []byte("plain")))
	must(t, client.Send("unknown", []byte("plain")))
	if _, err = client.Request(background, "fail", nil); err == nil {
		t.Error("no error")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(reported) != 3 || !strings.Contains(reported[0], "itself : ") || !strings.Contains(reported[0], "has been answered") ||
		reported[1] != "fail plain: so it is" || !strings.HasPrefix(reported[2], "unknown plain: axon: no handler") {
		t.Errorf("%q", reported)
	}
}

func TestAHandlerAsksBackAndTheReplyIsAView(t *testing.T) {
	server, client := pair(t, axon.Options{})
	mux := axon.NewMux()
	mux.HandleFunc("ask", func(ctx context.Context, message *axon.Message) ([]byte, error) {
		return server.Request(ctx, "back", message.Payload())
	})
	serve(t, server, mux)
	back := axon.NewMux()
	back.HandleFunc("back", func(_ context.Context, message *axon.Message) ([]byte, error) {
		return append(message.Payload(), " and back"...), nil
	})
	serve(t, client, back)
	var kept *axon.Message
	header := axon.Header{Tag: "ask", Metadata: []byte("trace")}
	must(t, client.RequestFunc(background, header, []byte("there"), func(reply *axon.Message) error {
		kept = reply
		if string(reply.Payload()) != "there and back" {
			t.Errorf("%q", reply.Payload())
		}
		return nil
	}))
	eventually(t, "the reply and what was asked back are acknowledged", func() bool {
		return client.Counters().MessagesReceived == 2
	})
	mustBe(t, kept.Reply(background, nil), axon.ErrNoRequest)
	defer func() {
		if recover() == nil {
			t.Error("a view of a reply was given after its use")
		}
	}()
	kept.Payload()
}
