package axon

/*
#include "bridge.h"
*/
import "C"

import (
	"log"
	"math"
	"time"
)

// Role tells the two endpoints of a channel apart.
type Role int

const (
	Client Role = iota // attaches to the channel
	Server             // creates it
)

func (r Role) String() string {
	if r == Server {
		return "server"
	}
	return "client"
}

// Times with a meaning of their own.
const (
	Forever = time.Duration(math.MaxInt64) // never ends
	NoTime  = time.Duration(-1)            // none at all, where 0 is the default
)

// Options of a channel. The zero value of each field is its default.
type Options struct {
	Role Role // default Client

	// Of the channel: its creator's hold, and a client's are ignored.
	Capacity    uint64 // bytes of each ring, 4096 to 512 MiB, rounded up to a power of two; default 1 MiB
	MaxMessage  uint64 // largest payload in bytes, at most 2147479551; default 128 MiB
	LargeMemory uint64 // bytes of shared memory for large messages in each direction, at most 1 TiB; default 256 MiB

	// How long calls wait whose context has no deadline.
	OpenTimeout    time.Duration // a client for the channel to exist; default 5 s
	SendTimeout    time.Duration // for room; default 5 s
	RequestTimeout time.Duration // for room and reply together; default 30 s

	// Spin is how long to look before sleeping, default 20 µs; NoTime sleeps at
	// once, Forever never does. A context or Close ends a sleep at once, and
	// spinning of more than a moment within BoundedWait.
	Spin time.Duration
	// BoundedWait is the longest single sleep, and so the time in which a
	// peer's death is noticed; default 100 ms.
	BoundedWait time.Duration

	Group bool // mode 0660 instead of 0600: members of the process's group may join

	// OnError is told by Serve of what no peer can be told: the error of a
	// handler for a message that is no request, and a reply that could not be
	// sent. Default: a line with package log. It is called as a handler is, and
	// of a reply that waited for room in vain, but not because of Close, in
	// another goroutine and with the request without its payload and metadata.
	OnError func(message *Message, err error)
}

func (o *Options) inC() C.axon_options {
	var options C.axon_options
	C.axon_options_init(&options)
	options.role = C.AXON_CLIENT
	if o.Role == Server {
		options.role = C.AXON_SERVER
	}
	setSize(&options.capacity, o.Capacity)
	setSize(&options.max_message, o.MaxMessage)
	setSize(&options.large_memory, o.LargeMemory)
	setTime(&options.open_timeout, o.OpenTimeout)
	setTime(&options.send_timeout, o.SendTimeout)
	setTime(&options.request_timeout, o.RequestTimeout)
	setTime(&options.spin, o.Spin)
	setTime(&options.bounded_wait, o.BoundedWait)
	options.group = C.bool(o.Group)
	return options
}

func setSize(field *C.uint64_t, size uint64) {
	if size != 0 {
		*field = C.uint64_t(size)
	}
}

// C refuses what is negative, other than NoTime.
func setTime(field *C.int64_t, duration time.Duration) {
	switch duration {
	case 0:
	case NoTime:
		*field = 0
	default:
		*field = C.int64_t(duration)
	}
}

func logError(message *Message, err error) {
	log.Printf("axon: channel %q: message %q: %v", message.channel.name, message.tag, err)
}
