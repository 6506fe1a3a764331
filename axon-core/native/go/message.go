package axon

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"sync/atomic"
	"unsafe"
)

// Message is a message or a reply that was received.
//
// A handler's message is a view of shared memory: Payload and Metadata point
// into it. They must not be written to, nor kept longer than the handler runs:
// what they show then is anything, or faults. Their methods panic then.
// The message of Receive has copies, which are the receiver's own.
type Message struct {
	channel       *Channel
	tag           string
	payload       []byte
	metadata      []byte
	correlationID uint64
	token         C.uint64_t
	length        C.size_t
	deliveries    int
	request       bool
	owned         bool        // payload and metadata are copies
	over          atomic.Bool // the handler has returned
	answered      atomic.Bool
}

// view makes a message of one that C has just received. Nobody else receives.
func (c *Channel) view(received *C.axon_message, lastTag *string) *Message {
	tag := unsafe.Slice((*byte)(unsafe.Pointer(received.tag)), int(received.tag_length))
	if string(tag) != *lastTag {
		*lastTag = string(tag)
	}
	m := &Message{channel: c, tag: *lastTag, correlationID: uint64(received.correlation_id), token: received.token,
		length: received.payload_length, deliveries: int(received.deliveries),
		request: received.correlation_id != 0 && !bool(received.reply)}
	m.payload = unsafe.Slice((*byte)(received.payload), int(received.payload_length))
	if received.metadata != nil {
		m.metadata = unsafe.Slice((*byte)(received.metadata), int(received.metadata_length))
	}
	return m
}

// own makes copies of what is shared memory.
func (m *Message) own() {
	m.payload = append(make([]byte, 0, len(m.payload)), m.payload...)
	m.metadata = append([]byte(nil), m.metadata...)
	m.owned = true
}

// expire ends the time in which the views can be had.
func (m *Message) expire() {
	m.over.Store(true)
	m.payload, m.metadata = nil, nil
}

func (m *Message) check() {
	if m.over.Load() {
		panic("axon: a message's payload or metadata was asked for after its handler had returned: copy what is to be kept")
	}
}

// Tag is the message's name, of which the receiver chooses its handler.
func (m *Message) Tag() string { return m.tag }

// Payload is the message's bytes, aligned to 8; see Message for how long.
func (m *Message) Payload() []byte {
	m.check()
	return m.payload
}

// Metadata is what the sender added for such things as a trace context; it may
// be empty. See Message for how long.
func (m *Message) Metadata() []byte {
	m.check()
	return m.metadata
}

// CorrelationID is a request's number, or 0.
func (m *Message) CorrelationID() uint64 { return m.correlationID }

// IsRequest tells whether the sender waits for a reply.
func (m *Message) IsRequest() bool { return m.request }

// Deliveries is 1, or more when a predecessor of this process died while it
// handled the message; it ends at 63.
func (m *Message) Deliveries() int { return m.deliveries }

// Reply answers a request, in its handler or later; ErrNoRequest if the
// message is none or has been answered. It waits for room as SendContext does.
func (m *Message) Reply(ctx context.Context, payload []byte) error {
	return m.answer(func(header Header) error { return m.channel.SendHeader(ctx, header, payload) }, false)
}

// ReplyError answers a request with an error, which is a *RemoteError there. Of
// the text, up to a byte 0, an eighth of the ring's capacity is sent, and at
// most MaxMessage bytes.
func (m *Message) ReplyError(ctx context.Context, text string) error {
	return m.answer(func(header Header) error {
		return m.channel.send(ctx, m.channel.replying(header, []byte(text)))
	}, true)
}

// ReplyFunc answers a request with a payload that is written in place; see SendFunc.
func (m *Message) ReplyFunc(ctx context.Context, length int, fill func(payload []byte) error) error {
	return m.answer(func(header Header) error { return m.channel.SendFunc(ctx, header, length, fill) }, false)
}

// answer may be tried again after an error or a panic.
func (m *Message) answer(send func(Header) error, failed bool) error {
	if !m.request || m.answered.Swap(true) {
		return &failure{ErrNoRequest, "channel '" + m.channel.name + "': message '" + m.tag + "' is no request, or has been answered"}
	}
	sent := false
	defer func() {
		if !sent {
			m.answered.Store(false)
		}
	}()
	err := send(Header{Tag: m.tag, CorrelationID: m.correlationID, Reply: true, Error: failed})
	sent = err == nil
	return err
}

// Release acknowledges a message of Receive: should the process die after it,
// the message is not delivered again. The next receive and Close do the same.
// It does nothing for a message that has been acknowledged, or that a handler
// was given: that is acknowledged when the handler has returned.
func (m *Message) Release() {
	if m.owned && m.channel.enter() == nil {
		m.channel.release(m)
		m.channel.leave()
	}
}

func (c *Channel) release(m *Message) {
	result := C.bridge_release(c.handle, m.token, m.length)
	_ = errorOf(result.status, result.error) // it is not held any more, or the channel closed, which both are fine
}
