package axon

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"
)

// wakeAgain is the time after which a wait is woken once more that had not
// begun when its context was done, and so did not notice.
const wakeAgain = time.Millisecond

// testHookWatched is called between a watch's begin and its wait's.
var testHookWatched = func() {}

// wait is one call that may wait, until its context is done or its time is over.
type wait struct {
	channel  *Channel
	ctx      context.Context
	timeout  C.int64_t // that C is given
	deadline bool      // it is the context's
	over     chan struct{}
}

// await prepares a wait; otherwise is its time-out where the context has no deadline.
func (c *Channel) await(ctx context.Context, otherwise C.int64_t) (wait, error) {
	w := wait{channel: c, ctx: ctx, timeout: otherwise}
	if err := ctx.Err(); err != nil {
		return w, w.errorDone(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		w.deadline = true
		w.timeout = C.int64_t(time.Until(deadline))
		if w.timeout < 0 {
			w.timeout = 0
		}
	}
	return w, nil
}

// watch has the wait that is about to begin woken when its context is done,
// until end. The watch uses the channel, so that end need not wait for it.
func (w *wait) watch() *C.uint32_t {
	if w.ctx.Done() == nil {
		return nil
	}
	over, cancelled, done := make(chan struct{}), new(uint32), w.ctx.Done()
	c, handle := w.channel, w.channel.handle
	w.over = over
	c.users.Add(1)
	go func() {
		defer c.leave()
		select {
		case <-over:
			return
		case <-done:
		}
		atomic.StoreUint32(cancelled, 1)
		for {
			if handle != nil { // or else it is being opened, which looks by itself all the time
				C.axon_wake(handle)
			}
			select {
			case <-over:
				return
			case <-time.After(wakeAgain):
			}
		}
	}()
	testHookWatched()
	return (*C.uint32_t)(unsafe.Pointer(cancelled))
}

func (w *wait) end() {
	if w.over != nil {
		close(w.over)
	}
}

// errorOf is errorOf for what this wait came to.
func (w *wait) errorOf(status C.int, text *C.char) error {
	if status >= 0 {
		return nil
	}
	err := errorOf(status, text)
	switch status {
	case C.AXON_INTERRUPTED:
		if w.channel.closed.Load() {
			return w.channel.errorClosed()
		}
		return w.errorDone(w.ctx.Err())
	case C.AXON_FULL, C.AXON_EMPTY, C.AXON_TIMEOUT:
		if w.deadline {
			return w.errorDone(context.DeadlineExceeded)
		}
	}
	return err
}

func (w *wait) errorDone(err error) error {
	return fmt.Errorf("axon: channel '%s': %w", w.channel.name, err)
}
