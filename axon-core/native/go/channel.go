package axon

/*
#cgo CFLAGS: -std=c11 -O2 -fvisibility=hidden
#cgo LDFLAGS: -pthread -lrt
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// Channel is an open endpoint of a channel. All methods may be called from
// any goroutine at any time.
type Channel struct {
	name    string
	handle  *C.axon_channel
	onError func(*Message, error)
	spin    C.int64_t // how long a wait goes without a watch

	// Users are the calls, handlers, fills and watches under way, and the open
	// channel itself. The last one to leave closes the handle.
	users   atomic.Int64
	scopes  atomic.Int64 // users that run handlers and fills, with memory in hand
	closed  atomic.Bool
	gone    atomic.Bool
	closing *C.uint32_t   // C's memory: not 0 ends the waits
	ending  chan struct{} // closed when closing
	ended   chan struct{} // closed when the handle has been

	receiving chan struct{} // holds one while somebody receives
	lastTag   string        // of who receives

	late lateReplies
}

var _ io.Closer = (*Channel)(nil)

// Counters since Open; each is exact, the set is not a snapshot.
type Counters struct {
	MessagesSent, BytesSent         uint64 // bytes of payload
	MessagesReceived, BytesReceived uint64 // of acknowledged messages
	SendsBlocked                    uint64 // sends that found the ring full
	Wakeups                         uint64 // semaphore posts for the peer
	Parks                           uint64 // waits on a semaphore
	Redelivered                     uint64
	RepliesDropped                  uint64 // replies that nobody waited for
}

const firstLook = 20 * time.Microsecond

// Open opens the channel name ([A-Za-z0-9][A-Za-z0-9._-]*, at most 64
// characters) in one role. A client waits for a server to have created it,
// until the context is done, or for OpenTimeout if it has no deadline.
// The channel must be closed.
func Open(ctx context.Context, name string, options Options) (*Channel, error) {
	c := &Channel{name: name, onError: options.OnError, ending: make(chan struct{}), ended: make(chan struct{}),
		receiving: make(chan struct{}, 1)}
	if c.onError == nil {
		c.onError = logError
	}
	if strings.IndexByte(name, 0) >= 0 {
		return nil, &failure{ErrInvalid, "a channel's name has no byte 0"}
	}
	if options.Role != Client && options.Role != Server {
		return nil, &failure{ErrInvalid, fmt.Sprintf("channel '%s': a role is Client or Server, not %d", name, options.Role)}
	}
	settings := options.inC()
	c.late.patience = time.Duration(settings.send_timeout)
	c.spin = settings.spin
	if c.spin > C.int64_t(firstLook) {
		c.spin = C.int64_t(firstLook)
	}
	w, err := c.await(ctx, settings.open_timeout)
	if err != nil {
		return nil, err
	}
	settings.open_timeout = w.timeout
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	c.closing = (*C.uint32_t)(C.calloc(1, C.sizeof_uint32_t))
	c.users.Store(1)
	cancelled := w.watch()
	result := C.bridge_open(cName, settings, c.closing, cancelled)
	w.end()
	if err := w.errorOf(result.status, result.error); err != nil {
		C.free(unsafe.Pointer(c.closing))
		return nil, err
	}
	c.handle = (*C.axon_channel)(result.out)
	return c, nil
}

// Discard removes the channel name, which nobody holds, with what lies in it,
// and tells whether there was one. ErrRoleTaken: somebody holds it.
func Discard(name string) (bool, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return false, &failure{ErrInvalid, "a channel's name has no byte 0"}
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	result := C.bridge_discard(cName)
	return result.status == 1, errorOf(result.status, result.error)
}

// Close ends the calls that wait, with ErrClosed, and gives the endpoint up; a
// message of Receive in hand is acknowledged. The last endpoint to close an
// empty channel removes it from the system. Closing again does nothing.
//
// Close does not wait for handlers and fills under way, and may be called by
// one: their memory stays until they return, and the last one to do so gives
// the endpoint up.
func (c *Channel) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	atomic.StoreUint32((*uint32)(unsafe.Pointer(c.closing)), 1)
	close(c.ending)
	for pause := firstLook; c.users.Load()-c.scopes.Load() > 1; time.Sleep(pause) {
		C.axon_wake(c.handle)
		if pause < time.Millisecond {
			pause *= 2
		}
	}
	waits := c.scopes.Load() == 0
	c.leave()
	if waits {
		<-c.ended
	}
	return nil
}

// enter makes sure of the handle until leave.
func (c *Channel) enter() error {
	c.users.Add(1)
	if c.closed.Load() {
		c.leave()
		return c.errorClosed()
	}
	return nil
}

func (c *Channel) leave() {
	if c.users.Add(-1) == 0 && c.gone.CompareAndSwap(false, true) {
		C.axon_close(c.handle)
		C.free(unsafe.Pointer(c.closing))
		close(c.ended)
	}
}

func (c *Channel) errorClosed() error {
	return &failure{ErrClosed, "channel '" + c.name + "' is closed"}
}

// Name is the channel's name.
func (c *Channel) Name() string { return c.name }

// PeerAlive tells whether another process holds the other role; a system call.
// After it told that none does, requests wait for the next one.
func (c *Channel) PeerAlive() (bool, error) {
	if err := c.enter(); err != nil {
		return false, err
	}
	defer c.leave()
	result := C.bridge_peer_alive(c.handle)
	return result.status == 1, errorOf(result.status, result.error)
}

// Capacity is the capacity of each ring in bytes; 0 of a closed channel.
func (c *Channel) Capacity() uint64 {
	if c.enter() != nil {
		return 0
	}
	defer c.leave()
	return uint64(C.axon_capacity(c.handle))
}

// Counters tells what the channel did since Open; all 0 once it is closed.
func (c *Channel) Counters() Counters {
	if c.enter() != nil {
		return Counters{}
	}
	defer c.leave()
	var counters C.axon_counters
	C.axon_get_counters(c.handle, &counters)
	return Counters{
		MessagesSent: uint64(counters.messages_sent), BytesSent: uint64(counters.bytes_sent),
		MessagesReceived: uint64(counters.messages_received), BytesReceived: uint64(counters.bytes_received),
		SendsBlocked: uint64(counters.sends_blocked), Wakeups: uint64(counters.wakeups), Parks: uint64(counters.parks),
		Redelivered: uint64(counters.redelivered), RepliesDropped: uint64(counters.replies_dropped),
	}
}
