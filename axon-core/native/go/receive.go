package axon

/*
#include "bridge.h"
*/
import "C"

import "context"

// Receive takes the next message in order, and waits for one until the context
// is done. The message has copies of payload and metadata. It is acknowledged
// by its Release, the channel's next receive, or Close; a process that dies
// before is sent it again.
func (c *Channel) Receive(ctx context.Context) (*Message, error) {
	m, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	m.own()
	c.letGo()
	return m, nil
}

// TryReceive is Receive that does not wait: ErrEmpty, also while another
// goroutine receives or its handler runs.
func (c *Channel) TryReceive() (*Message, error) {
	select {
	case c.receiving <- struct{}{}:
	default:
		return nil, ErrEmpty
	}
	w := wait{channel: c, ctx: context.Background()}
	m, err := c.takeInTurn(&w)
	if err != nil {
		return nil, err
	}
	m.own()
	c.letGo()
	return m, nil
}

// ReceiveFunc is Receive without a copy: handle is given a view, and the
// message is acknowledged when it has returned. Its error is returned.
//
// One goroutine at a time receives: others wait, so handle must not receive
// from the same channel. It may do all else, requests and Close among them.
// A message whose handle panics is acknowledged by the next receive, or Close.
func (c *Channel) ReceiveFunc(ctx context.Context, handle func(message *Message) error) error {
	m, err := c.take(ctx)
	if err != nil {
		return err
	}
	defer c.letGo()
	err = c.use(m, handle)
	c.release(m)
	return err
}

// use runs a handler. The channel's memory stays until it returns.
func (c *Channel) use(m *Message, handle func(message *Message) error) error {
	c.scopes.Add(1)
	defer c.scopes.Add(-1)
	defer m.expire()
	return handle(m)
}

// take receives, and stays entered and the only receiver until letGo.
func (c *Channel) take(ctx context.Context) (*Message, error) {
	w, err := c.await(ctx, C.AXON_FOREVER)
	if err != nil {
		return nil, err
	}
	select {
	case c.receiving <- struct{}{}:
	case <-ctx.Done():
		return nil, w.errorDone(ctx.Err())
	case <-c.ending:
		return nil, c.errorClosed()
	}
	return c.takeInTurn(&w)
}

func (c *Channel) takeInTurn(w *wait) (*Message, error) {
	if err := c.enter(); err != nil {
		<-c.receiving
		return nil, err
	}
	received := c.receive(w)
	if err := w.errorOf(received.status, received.error); err != nil {
		c.letGo()
		return nil, err
	}
	return c.view(&received.message, &c.lastTag), nil
}

// receive waits for a moment without a watch, and then with one.
func (c *Channel) receive(w *wait) C.bridge_received {
	if w.ctx.Done() == nil || w.timeout <= c.spin {
		return C.bridge_receive(c.handle, w.timeout, nil)
	}
	received := C.bridge_receive(c.handle, c.spin, nil)
	if received.status != C.AXON_EMPTY {
		return received
	}
	cancelled := w.watch()
	received = C.bridge_receive(c.handle, w.timeout, cancelled)
	w.end()
	return received
}

func (c *Channel) letGo() {
	c.leave()
	<-c.receiving
}
