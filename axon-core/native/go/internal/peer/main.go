// Command peer is the other end of a channel, for tests that drive it as a
// process of its own.
//
//	peer ROLE NAME echo             sends every message back, answers every request, until the tag "quit"
//	peer ROLE NAME send COUNT SIZE  sends messages of a known pattern, then "quit"
//	peer ROLE NAME receive          checks that pattern until "quit", prints received=N
//	peer ROLE NAME hold             takes one message, prints held deliveries=N, and keeps it
//	peer ROLE NAME reopen COUNT     closes the channel and opens it again so many times
//	peer ROLE NAME check            does all exchanges of the all-pairs suite with an echo
//	peer ROLE NAME survive          asks a peer that is killed, and its successor, then waits with an open claim
//	peer ROLE NAME measure          measures with a peer that is "measured"
//
// ROLE is server, client, or early: a client that finds no channel yet, prints
// "absent", and waits for it. It prints "ready" once the channel is open.
//
// An echo answers a request whose metadata is "error" with an error, its
// payload the text, and one whose metadata is "silence" not at all; with one
// whose metadata is "hold" it prints "held" and stays there, unless the request
// was delivered before. At "mark" it prints received=N/CHECKSUM redelivered=N,
// of the messages since the last mark.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"time"

	axon "axonipc.io/axon/go"
)

const patience = 30 * time.Second

var (
	background = context.Background()
	errQuit    = errors.New("the tag quit")
)

// fill writes the payload of a message: byte i is (number * 31 + i * 7) & 0xff.
func fill(payload []byte, number int) {
	next := byte(number * 31)
	for i := range payload {
		payload[i] = next
		next += 7
	}
}

func isPattern(payload []byte, number int) bool {
	next := byte(number * 31)
	for _, b := range payload {
		if b != next {
			return false
		}
		next += 7
	}
	return true
}

// each handles messages until the tag quit.
func each(channel *axon.Channel, handle func(*axon.Message) error) error {
	for {
		err := channel.ReceiveFunc(background, func(message *axon.Message) error {
			if message.Tag() == "quit" {
				return errQuit
			}
			return handle(message)
		})
		if err == errQuit {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// tally counts messages, and sums up all their bytes: tag, metadata and payload.
type tally struct {
	messages int
	crc      uint32
}

func (t *tally) add(tag string, metadata, payload []byte) {
	t.messages++
	for _, part := range [][]byte{[]byte(tag), metadata, payload} {
		t.crc = crc32.Update(t.crc, crc32.IEEETable, part)
	}
}

func (t tally) String() string {
	return fmt.Sprintf("%d/%08x", t.messages, t.crc)
}

func stay() {
	for { // select{} would be taken for a deadlock
		time.Sleep(time.Hour)
	}
}

func answer(request *axon.Message) error {
	switch string(request.Metadata()) {
	case "error":
		return request.ReplyError(background, string(request.Payload()))
	case "silence":
		return nil
	case "hold":
		if request.Deliveries() == 1 {
			fmt.Println("held")
			stay()
		}
	}
	return request.Reply(background, request.Payload())
}

func echo(channel *axon.Channel) error {
	var received tally
	redelivered := 0
	return each(channel, func(message *axon.Message) error {
		if message.Tag() == "mark" {
			fmt.Printf("received=%v redelivered=%d\n", received, redelivered)
			received, redelivered = tally{}, 0
			return nil
		}
		received.add(message.Tag(), message.Metadata(), message.Payload())
		if message.Deliveries() > 1 {
			redelivered++
		}
		if message.IsRequest() {
			return answer(message)
		}
		header := axon.Header{Tag: message.Tag(), Metadata: message.Metadata()}
		return channel.SendHeader(background, header, message.Payload())
	})
}

func send(channel *axon.Channel, count, size int) error {
	for number := 0; number < count; number++ {
		err := channel.SendFunc(background, axon.Header{Tag: "data"}, size, func(payload []byte) error {
			fill(payload, number)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return channel.Send("quit", nil)
}

func receive(channel *axon.Channel) error {
	received := 0
	err := each(channel, func(message *axon.Message) error {
		if !isPattern(message.Payload(), received) {
			return fmt.Errorf("message %d of %d bytes is not what was sent", received, len(message.Payload()))
		}
		received++
		return nil
	})
	if err == nil {
		fmt.Printf("received=%d\n", received)
	}
	return err
}

func hold(channel *axon.Channel) error {
	message, err := channel.Receive(background)
	if err != nil {
		return err
	}
	fmt.Printf("held deliveries=%d\n", message.Deliveries())
	stay()
	return nil
}

func reopen(channel *axon.Channel, options axon.Options, count int) error {
	err := channel.Close()
	for i := 0; i < count && err == nil; i++ {
		if channel, err = axon.Open(background, channel.Name(), options); err == nil {
			err = channel.Close()
		}
	}
	return err
}

func findNothing(name string, options axon.Options) error {
	options.OpenTimeout = axon.NoTime
	channel, err := axon.Open(background, name, options)
	if err == nil {
		channel.Close()
		return errors.New("there is a channel already")
	}
	if errors.Is(err, axon.ErrTimeout) {
		fmt.Println("absent")
		return nil
	}
	return err
}

func run(role, name, behaviour string, arguments []string) error {
	numbers := make([]int, 2)
	for i := range arguments {
		number, err := strconv.Atoi(arguments[i])
		if err != nil {
			return err
		}
		numbers[i] = number
	}
	options := axon.Options{OpenTimeout: patience, SendTimeout: patience}
	if role == "server" {
		options.Role = axon.Server
	}
	if strings.HasPrefix(behaviour, "measure") {
		options.Spin = axon.Forever
	}
	if role == "early" {
		if err := findNothing(name, options); err != nil {
			return err
		}
	}
	channel, err := axon.Open(background, name, options)
	if err != nil {
		return err
	}
	defer channel.Close()
	fmt.Println("ready")
	switch behaviour {
	case "echo":
		return echo(channel)
	case "send":
		return send(channel, numbers[0], numbers[1])
	case "receive":
		return receive(channel)
	case "hold":
		return hold(channel)
	case "reopen":
		return reopen(channel, options, numbers[0])
	case "check":
		return check(channel)
	case "survive":
		return survive(channel)
	case "measure":
		return measure(channel)
	case "measured":
		return measured(channel)
	}
	return fmt.Errorf("no such behaviour: %s", behaviour)
}

func main() {
	if len(os.Args) < 4 || len(os.Args) > 6 {
		fmt.Fprintln(os.Stderr, "usage: peer server|client|early NAME BEHAVIOUR, see main.go")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		if err != errTold {
			fmt.Fprintln(os.Stderr, "peer:", err)
		}
		os.Exit(1)
	}
}
