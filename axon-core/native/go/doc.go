// Package axon moves messages between two processes on one host, over shared
// memory: no socket, no broker, and no system call while messages flow. It is
// a binding of Axon's C library, which it compiles itself: cgo and a C
// compiler are all it needs. Linux.
//
// A channel is a name that two processes share: one opens it as Server, which
// creates it, the other as Client. Either may start first, and either may send
// first. A message has a tag, which chooses its handler, and a payload of
// bytes. A request is a message that is answered.
//
//	channel, err := axon.Open(ctx, "numbers", axon.Options{Role: axon.Server})
//	...
//	defer channel.Close()
//	mux := axon.NewMux()
//	mux.HandleFunc("sum", func(ctx context.Context, message *axon.Message) ([]byte, error) {
//		return sum(message.Payload())
//	})
//	err = channel.Serve(ctx, mux)
//
// and in the other process
//
//	channel, err := axon.Open(ctx, "numbers", axon.Options{})
//	...
//	reply, err := channel.Request(ctx, "sum", numbers)
//
// # Memory
//
// What the methods without Func in their names give is the caller's own, and
// what they take is copied. The others are given shared memory: handlers and
// the functions of ReceiveFunc and RequestFunc read a payload where the sender
// wrote it, and SendFunc and ReplyFunc write it where the receiver will read
// it. That memory is theirs until they return. A slice of it that is kept
// longer shows other messages' bytes, or faults.
//
// # Acknowledging
//
// A message is done with when its handler has returned, with or without an
// error, or when what Receive gave is released. A process that dies before
// that is sent it again, and no other; Deliveries counts.
//
// # Waiting
//
// A call that waits does so until its context is done, and returns the
// context's error within milliseconds. A deadline replaces the channel's own
// time-out, which holds otherwise. A wait spins for a moment and then sleeps
// in an operating-system thread of its own, one for each waiting goroutine: Go
// ends a program that has 10,000 of them, so limit how many wait at a time.
//
// # Errors
//
// Every error can be told by errors.Is from the kinds of this package, such as
// ErrFull, or is the context's, or a *RemoteError; its text says what happened,
// to which channel, with which values, and what to do.
package axon
