//go:build cgo

package axon

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Handler handles the messages that Serve receives.
//
// A request is answered with what HandleMessage returns, or with its error,
// unless the handler has answered it itself, or returns ErrAnswerLater and does so
// later. Of other messages the reply is ignored; their errors are given to
// Options.OnError.
type Handler interface {
	HandleMessage(ctx context.Context, message *Message) (reply []byte, err error)
}

// ErrAnswerLater is what a handler returns as its error that will answer the
// request later, with Message.Reply.
var ErrAnswerLater = errors.New("axon: the request is answered later")

// HandlerFunc is a function as Handler.
type HandlerFunc func(ctx context.Context, message *Message) (reply []byte, err error)

// HandleMessage calls f.
func (f HandlerFunc) HandleMessage(ctx context.Context, message *Message) ([]byte, error) {
	return f(ctx, message)
}

// Mux hands each message to the handler of its tag. The zero Mux has none.
// Handlers may be added at any time.
type Mux struct {
	mu       sync.RWMutex
	exact    map[string]Handler
	patterns []pattern // the longest prefix first
}

type pattern struct {
	prefix  string
	handler Handler
}

// NewMux returns a Mux without handlers.
func NewMux() *Mux { return new(Mux) }

// Handle adds a handler for a tag or, if that ends in "*", for all tags that
// start with what is before: "sensor.*", or "*" for all that no other handler
// has. An exact tag goes before a pattern, and a longer pattern before a
// shorter one. It panics if the tag is empty or has a handler, or handler is nil.
func (m *Mux) Handle(tag string, handler Handler) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if function, ok := handler.(HandlerFunc); tag == "" || handler == nil || ok && function == nil {
		panic("axon: a handler needs a tag, and a tag a handler")
	}
	if strings.HasSuffix(tag, "*") {
		prefix := strings.TrimSuffix(tag, "*")
		i := sort.Search(len(m.patterns), func(i int) bool { return len(m.patterns[i].prefix) <= len(prefix) })
		for j := i; j < len(m.patterns) && len(m.patterns[j].prefix) == len(prefix); j++ {
			m.refuse(m.patterns[j].prefix == prefix, tag)
		}
		m.patterns = append(m.patterns, pattern{})
		copy(m.patterns[i+1:], m.patterns[i:])
		m.patterns[i] = pattern{prefix, handler}
		return
	}
	m.refuse(m.exact[tag] != nil, tag)
	if m.exact == nil {
		m.exact = make(map[string]Handler)
	}
	m.exact[tag] = handler
}

func (m *Mux) refuse(taken bool, tag string) {
	if taken {
		panic(fmt.Sprintf("axon: %q has two handlers", tag))
	}
}

// HandleFunc is Handle with a function.
func (m *Mux) HandleFunc(tag string, handler func(ctx context.Context, message *Message) (reply []byte, err error)) {
	m.Handle(tag, HandlerFunc(handler))
}

// HandleMessage calls the handler of the message's tag; ErrNoHandler.
func (m *Mux) HandleMessage(ctx context.Context, message *Message) ([]byte, error) {
	handler := m.find(message.Tag())
	if handler == nil {
		return nil, &failure{ErrNoHandler, fmt.Sprintf("no handler for the tag %q", message.Tag())}
	}
	return handler.HandleMessage(ctx, message)
}

func (m *Mux) find(tag string) Handler {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if handler := m.exact[tag]; handler != nil {
		return handler
	}
	for i := range m.patterns {
		if strings.HasPrefix(tag, m.patterns[i].prefix) {
			return m.patterns[i].handler
		}
	}
	return nil
}

// Serve gives each message to the handler, one after the other, in order, and
// in the calling goroutine: until the context is done, the channel is closed
// (ErrClosed) or corrupt, and returns why. The message in hand is handled to
// its end. A message is acknowledged when its handler has returned; one that
// copies the payload and goes on in another goroutine has it acknowledged
// before that is done.
//
// A reply that finds no room is copied and sent as soon as there is some, while
// Serve goes on, also after it has returned: two ends that ask each other while
// both rings are full would wait for each other otherwise. Up to 1,024 replies
// are kept so; beyond that Serve waits for room, up to SendTimeout.
//
// A panic of the handler passes through Serve, and leaves its request without
// an answer: a handler that may panic recovers, and returns an error.
func (c *Channel) Serve(ctx context.Context, handler Handler) error {
	for {
		err := c.ReceiveFunc(ctx, func(message *Message) error {
			c.serveOne(ctx, handler, message)
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// serveOne answers what has not been answered: with an error if the reply
// cannot be sent, so that the asker need not wait.
func (c *Channel) serveOne(ctx context.Context, handler Handler, message *Message) {
	reply, err := handler.HandleMessage(ctx, message)
	switch {
	case errors.Is(err, ErrAnswerLater):
		return
	case !message.request, message.answered.Load():
	case err != nil:
		err = c.respond(message, []byte(err.Error()), true)
	default:
		err = c.respond(message, reply, false)
		if err != nil && !errors.Is(err, ErrClosed) {
			c.respond(message, []byte("the reply could not be sent: "+err.Error()), true)
		}
	}
	if err != nil {
		c.onError(message, err)
	}
}
