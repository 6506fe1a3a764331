package axon

/*
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// What an error of this package is, for errors.Is. The error itself tells more:
// what happened, to which channel, with which values, and what to do.
// Calls that end because of their context have the context's error instead.
var (
	ErrFull         = errors.New("axon: the ring is full")                        // the receiver is slower than the sender, or not there
	ErrEmpty        = errors.New("axon: no message")                              // only of TryReceive
	ErrTimeout      = errors.New("axon: timed out")                               // no reply, or no such channel, in time
	ErrClosed       = errors.New("axon: the channel is closed")                   //
	ErrInvalid      = errors.New("axon: invalid argument")                        // nothing was done
	ErrTooLarge     = errors.New("axon: the message is too large")                // it could never fit; nothing was done
	ErrRoleTaken    = errors.New("axon: the role is taken")                       // another process, or another part of this one, has it
	ErrNoMemory     = errors.New("axon: out of memory")                           // shared memory is exhausted
	ErrAccess       = errors.New("axon: access refused")                          // owner or mode of what lies under the channel's name
	ErrIncompatible = errors.New("axon: incompatible channel")                    // of another version, or another C library
	ErrCorrupt      = errors.New("axon: the channel is corrupt")                  // what lies in shared memory breaks the protocol
	ErrPeerDied     = errors.New("axon: the peer went away before it answered")   //
	ErrSystem       = errors.New("axon: unexpected error of a system call")       //
	ErrNoHandler    = errors.New("axon: no handler for the tag")                  // of a Mux
	ErrNoRequest    = errors.New("axon: only a request that is open is answered") // of Message.Reply and its like
)

var kinds = map[C.int]error{
	C.AXON_FULL: ErrFull, C.AXON_EMPTY: ErrEmpty, C.AXON_TIMEOUT: ErrTimeout, C.AXON_CLOSED: ErrClosed,
	C.AXON_INVALID: ErrInvalid, C.AXON_TOO_LARGE: ErrTooLarge, C.AXON_ROLE_TAKEN: ErrRoleTaken,
	C.AXON_NO_MEMORY: ErrNoMemory, C.AXON_ACCESS: ErrAccess, C.AXON_INCOMPATIBLE: ErrIncompatible,
	C.AXON_CORRUPT: ErrCorrupt, C.AXON_PEER_DIED: ErrPeerDied, C.AXON_SYSTEM: ErrSystem,
}

// RemoteError is the error that the peer answered a request with.
type RemoteError struct {
	Tag  string // of the request
	Text string // what the peer says
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("axon: the peer answered %q with an error: %s", e.Tag, e.Text)
}

// failure is one of the kinds above with the text that C has for it.
type failure struct {
	kind error
	text string
}

func (e *failure) Error() string { return "axon: " + e.text }
func (e *failure) Unwrap() error { return e.kind }

// errorOf takes what a call came to, and frees the text.
func errorOf(status C.int, text *C.char) error {
	if status >= 0 {
		return nil
	}
	kind := kinds[status]
	if kind == nil {
		kind = ErrSystem
	}
	if text == nil {
		return kind
	}
	defer C.free(unsafe.Pointer(text))
	return &failure{kind, C.GoString(text)}
}
