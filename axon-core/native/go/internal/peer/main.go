// Command peer is the other end of a channel, for tests that drive it as a
// process of its own.
//
//	peer server|client NAME echo             sends every message back, answers every request, until the tag "quit"
//	peer server|client NAME send COUNT SIZE  sends messages of a known pattern, then "quit"
//	peer server|client NAME receive          checks that pattern until "quit", prints received=N
//	peer server|client NAME hold             takes one message, prints held deliveries=N, and keeps it
//	peer server|client NAME reopen COUNT     closes the channel and opens it again so many times
//
// It prints "ready" once the channel is open.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
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

func echo(channel *axon.Channel) error {
	return each(channel, func(message *axon.Message) error {
		if message.IsRequest() {
			return message.Reply(background, message.Payload())
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
	for { // select{} would be taken for a deadlock
		time.Sleep(time.Hour)
	}
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
	}
	return fmt.Errorf("no such behaviour: %s", behaviour)
}

func main() {
	if len(os.Args) < 4 || len(os.Args) > 6 {
		fmt.Fprintln(os.Stderr, "usage: peer server|client NAME echo|send COUNT SIZE|receive|hold|reopen COUNT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
