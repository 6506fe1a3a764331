package axon

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Header is what travels with a payload. Only the tag is required.
type Header struct {
	Tag           string // 1 to 255 bytes of UTF-8; it routes the message to a handler
	Metadata      []byte // 0 to 65535 bytes
	CorrelationID uint64 // 0: none. Set by Request and Reply
	Reply         bool   // to the request with this CorrelationID
	Error         bool   // the reply's payload is the text of an error
}

func (h *Header) inC() C.axon_header {
	header := C.axon_header{correlation_id: C.uint64_t(h.CorrelationID), reply: C.bool(h.Reply), error: C.bool(h.Error)}
	if h.Tag != "" { // C takes length 0 for a terminated string, and refuses a nil
		header.tag = *(**C.char)(unsafe.Pointer(&h.Tag))
		header.tag_length = C.size_t(len(h.Tag))
	}
	if len(h.Metadata) != 0 {
		// A copy, because cgo looks for pointers in the whole of what an unsafe.Pointer points into.
		header.metadata = unsafe.Pointer(&append([]byte(nil), h.Metadata...)[0])
		header.metadata_length = C.size_t(len(h.Metadata))
	}
	return header
}

func bytesInC(bytes []byte) *C.uchar {
	if len(bytes) == 0 {
		return nil
	}
	return (*C.uchar)(unsafe.Pointer(&bytes[0]))
}

// Send sends a copy of the payload, and waits for room up to SendTimeout;
// then it returns ErrFull.
func (c *Channel) Send(tag string, payload []byte) error {
	return c.SendHeader(context.Background(), Header{Tag: tag}, payload)
}

// SendContext is Send that waits for room until the context is done, or up to
// SendTimeout if that has no deadline.
func (c *Channel) SendContext(ctx context.Context, tag string, payload []byte) error {
	return c.SendHeader(ctx, Header{Tag: tag}, payload)
}

// TrySend is Send that does not wait: ErrFull if there is no room, or another
// send is under way.
func (c *Channel) TrySend(tag string, payload []byte) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	header := Header{Tag: tag}
	result := c.sending(header, payload)(0, nil, false)
	return errorOf(result.status, result.error)
}

// SendHeader is SendContext with metadata, or as an answer to a request.
func (c *Channel) SendHeader(ctx context.Context, header Header, payload []byte) error {
	return c.send(ctx, c.sending(header, payload))
}

// sendCall is a call that needs room. blocked: another one for the same message
// has been counted among SendsBlocked.
type sendCall func(timeout C.int64_t, cancelled *C.uint32_t, blocked C.bool) C.bridge_result

func (c *Channel) sending(header Header, payload []byte) sendCall {
	return func(timeout C.int64_t, cancelled *C.uint32_t, blocked C.bool) C.bridge_result {
		return C.bridge_send(c.handle, header.inC(), bytesInC(payload), C.size_t(len(payload)), timeout, cancelled, blocked)
	}
}

// replying is sending, of an error's text what fits.
func (c *Channel) replying(header Header, payload []byte) sendCall {
	if !header.Error {
		return c.sending(header, payload)
	}
	text := append(append([]byte(nil), payload...), 0)
	return func(timeout C.int64_t, cancelled *C.uint32_t, blocked C.bool) C.bridge_result {
		return C.bridge_reply_error(c.handle, header.inC(), bytesInC(text), timeout, cancelled, blocked)
	}
}

func (c *Channel) send(ctx context.Context, call sendCall) error {
	_, err := c.waitForRoom(ctx, call)
	if err == nil {
		c.leave()
	}
	return err
}

// SendFunc sends a payload of length bytes that fill writes in place, into
// shared memory; it waits as SendContext does. The bytes are not zeroed, and
// must not be used any more when fill has returned. Nothing is sent if fill
// returns an error, which SendFunc then returns, or panics.
//
// Until fill returns, other sends on the channel wait for it; one made by fill
// itself is ErrInvalid. The goroutine keeps its operating-system thread.
func (c *Channel) SendFunc(ctx context.Context, header Header, length int, fill func(payload []byte) error) error {
	if length < 0 {
		return &failure{ErrInvalid, "channel '" + c.name + "': a payload has no negative length"}
	}
	runtime.LockOSThread() // a claim belongs to the thread that made it
	defer runtime.UnlockOSThread()
	payload, err := c.waitForRoom(ctx, func(timeout C.int64_t, cancelled *C.uint32_t, blocked C.bool) C.bridge_result {
		return C.bridge_claim(c.handle, header.inC(), C.size_t(length), timeout, cancelled, blocked)
	})
	if err != nil {
		return err
	}
	defer c.leave()
	c.scopes.Add(1)
	defer c.scopes.Add(-1)
	commit := false
	defer func() {
		if !commit {
			C.bridge_end_claim(c.handle, false)
		}
	}()
	if err := fill(unsafe.Slice((*byte)(payload), length)); err != nil {
		return err
	}
	commit = true
	result := C.bridge_end_claim(c.handle, true)
	return errorOf(result.status, result.error)
}

// waitForRoom makes a call that waits for room, and stays entered if it
// succeeds: at first one that does not wait, and so needs no watch.
func (c *Channel) waitForRoom(ctx context.Context, call sendCall) (unsafe.Pointer, error) {
	w, err := c.await(ctx, C.AXON_DEFAULT_TIMEOUT)
	if err != nil {
		return nil, err
	}
	if err := c.enter(); err != nil {
		return nil, err
	}
	var result C.bridge_result
	if ctx.Done() == nil {
		result = call(w.timeout, nil, false)
	} else if result = call(0, nil, false); result.status == C.AXON_FULL && w.timeout != 0 {
		errorOf(result.status, result.error)
		cancelled := w.watch()
		result = call(w.timeout, cancelled, result.blocked)
		w.end()
	}
	if err := w.errorOf(result.status, result.error); err != nil {
		c.leave()
		return nil, err
	}
	return result.out, nil
}
