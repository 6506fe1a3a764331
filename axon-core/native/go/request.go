package axon

/*
#include "bridge.h"
*/
import "C"

import "context"

// Request sends a request and waits for its reply, of which it returns a copy:
// until the context is done, or up to RequestTimeout if that has no deadline.
// An error reply is a *RemoteError. ErrPeerDied: the peer went away; whether it
// handled the request is not known.
func (c *Channel) Request(ctx context.Context, tag string, payload []byte) ([]byte, error) {
	var reply []byte
	err := c.RequestFunc(ctx, Header{Tag: tag}, payload, func(message *Message) error {
		reply = append(make([]byte, 0, len(message.payload)), message.payload...)
		return nil
	})
	return reply, err
}

// RequestFunc is Request with metadata, and without a copy of the reply: use
// is given a view of it, and its error is returned. The correlation id is the
// channel's to choose.
func (c *Channel) RequestFunc(ctx context.Context, header Header, payload []byte, use func(reply *Message) error) error {
	w, err := c.await(ctx, C.AXON_DEFAULT_TIMEOUT)
	if err != nil {
		return err
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	cancelled := w.watch()
	received := C.bridge_request(c.handle, header.inC(), bytesInC(payload), C.size_t(len(payload)), w.timeout, cancelled)
	w.end()
	if err := w.errorOf(received.status, received.error); err != nil {
		return err
	}
	tag := header.Tag
	reply := c.view(&received.message, &tag)
	defer c.release(reply)
	return c.use(reply, func(reply *Message) error {
		if received.message.error {
			return &RemoteError{Tag: header.Tag, Text: string(reply.payload)}
		}
		return use(reply)
	})
}
