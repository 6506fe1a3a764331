package axon

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxLate is how many replies wait for room at a time while Serve goes on.
const maxLate = 1024

// lateReplies are those that found no room, in order. One goroutine sends them
// while there are any.
type lateReplies struct {
	patience time.Duration // SendTimeout
	mu       sync.Mutex
	replies  []*lateReply // the first one is being sent
}

type lateReply struct {
	message *Message // without what was in shared memory
	call    sendCall
	blocked C.bool
	since   time.Time
}

// respond answers without waiting for room, unless maxLate replies do already.
func (c *Channel) respond(m *Message, payload []byte, failed bool) error {
	return m.answer(func(header Header) error {
		call := c.replying(header, payload)
		result := call(0, nil, false)
		err := errorOf(result.status, result.error)
		if !errors.Is(err, ErrFull) || c.late.patience == 0 {
			return err
		}
		if c.sendLater(m, header, payload, result.blocked) {
			return nil
		}
		w := wait{channel: c, ctx: context.Background()}
		result = call(C.AXON_DEFAULT_TIMEOUT, nil, result.blocked)
		return w.errorOf(result.status, result.error)
	}, failed)
}

// sendLater takes a copy; false: there are too many already.
func (c *Channel) sendLater(m *Message, header Header, payload []byte, blocked C.bool) bool {
	late := &c.late
	late.mu.Lock()
	defer late.mu.Unlock()
	if len(late.replies) == maxLate {
		return false
	}
	message := &Message{channel: c, tag: m.tag, correlationID: m.correlationID, deliveries: m.deliveries, request: true}
	message.answered.Store(true)
	call := c.replying(header, append([]byte(nil), payload...))
	late.replies = append(late.replies, &lateReply{message, call, blocked, time.Now()})
	if len(late.replies) == 1 {
		c.users.Add(1) // as Serve is one, the handle is there
		go c.sendLate()
	}
	return true
}

func (c *Channel) sendLate() {
	defer c.leave()
	for reply := c.late.first(); reply != nil; reply = c.late.next() {
		if err := c.sendOne(reply); err != nil && !errors.Is(err, ErrClosed) { // whoever closes knows, and need not wait for a report
			c.reportLate(reply.message, err)
		}
	}
}

// sendOne waits for the rest of SendTimeout, unless the channel is closed.
func (c *Channel) sendOne(reply *lateReply) error {
	if c.closed.Load() {
		return c.errorClosed()
	}
	timeout := c.late.patience
	if timeout != Forever {
		if timeout -= time.Since(reply.since); timeout < 0 {
			timeout = 0
		}
	}
	w := wait{channel: c, ctx: context.Background()}
	result := reply.call(C.int64_t(timeout), nil, reply.blocked)
	return w.errorOf(result.status, result.error)
}

// reportLate may be what closes the channel, which does not wait for it.
func (c *Channel) reportLate(m *Message, err error) {
	c.scopes.Add(1)
	defer c.scopes.Add(-1)
	c.onError(m, err)
}

func (l *lateReplies) first() *lateReply {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.replies[0]
}

func (l *lateReplies) next() *lateReply {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replies[0] = nil
	if l.replies = l.replies[1:]; len(l.replies) == 0 {
		l.replies = nil
		return nil
	}
	return l.replies[0]
}
