package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	axon "axonipc.io/axon/go"
)

// The asking side of the all-pairs suite: a fixed script of exchanges with a
// peer that echoes. The same in each language; PeerCheck.java names what the
// numbers stand for.

const (
	impatience = 100 * time.Millisecond
	ringSize   = 1000
	slotSize   = 300001
	tooLarge   = 128<<20 + 1
)

var (
	smallSizes   = []int{0, 1, 7, 8, 31, 32, 33, 255, 4096, 65000}
	largeSizes   = []int{262128, 262136, 262144, 300001, 1 << 20, 5000001}
	requestSizes = []int{0, 1, 32, 4096, 300001}
	plain        = axon.Header{Tag: "data"}
	errNothing   = errors.New("nothing was to be written")
	errTold      = errors.New("an exchange failed, and said so")
)

type checker struct {
	channel        *axon.Channel
	sent, received tally
}

func pattern(number, size int) []byte {
	payload := make([]byte, size)
	fill(payload, number)
	return payload
}

func within(timeout time.Duration, call func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(background, timeout)
	defer cancel()
	return call(ctx)
}

func (c *checker) exchange(name string, run func() error) error {
	c.sent, c.received = tally{}, tally{}
	if err := run(); err != nil {
		fmt.Printf("failed %s: %v\n", name, err)
		return errTold
	}
	err := c.channel.Send("mark", nil)
	fmt.Printf("exchange %s sent=%v received=%v\n", name, c.sent, c.received)
	return err
}

func (c *checker) send(header axon.Header, payload []byte, timeout time.Duration) error {
	err := within(timeout, func(ctx context.Context) error { return c.channel.SendHeader(ctx, header, payload) })
	if err == nil {
		c.sent.add(header.Tag, header.Metadata, payload)
	}
	return err
}

func (c *checker) compare(what string, found, expected []byte) error {
	if bytes.Equal(found, expected) {
		return nil
	}
	where := fmt.Sprintf("message %d: %s of %d bytes", c.received.messages, what, len(found))
	if len(found) != len(expected) {
		return fmt.Errorf("%s instead of %d", where, len(expected))
	}
	for i := range found {
		if found[i] != expected[i] {
			return fmt.Errorf("%s: byte %d is %d instead of %d", where, i, found[i], expected[i])
		}
	}
	return nil
}

func (c *checker) receive(header axon.Header, payload []byte) error {
	return within(patience, func(ctx context.Context) error {
		return c.channel.ReceiveFunc(ctx, func(message *axon.Message) error {
			err := c.compare("tag", []byte(message.Tag()), []byte(header.Tag))
			if err == nil {
				err = c.compare("metadata", message.Metadata(), header.Metadata)
			}
			if err == nil {
				err = c.compare("payload", message.Payload(), payload)
			}
			c.received.add(message.Tag(), message.Metadata(), message.Payload())
			return err
		})
	})
}

func (c *checker) echoOf(header axon.Header, payload []byte) error {
	if err := c.send(header, payload, patience); err != nil {
		return err
	}
	return c.receive(header, payload)
}

func (c *checker) echoes(sizes []int) error {
	for number, size := range sizes {
		if err := c.echoOf(plain, pattern(number, size)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) metadata() error {
	headers := []axon.Header{
		{Tag: "\u00fcn\u00efc\u00f6de \u65e5\u672c", Metadata: pattern(7, 3)},
		{Tag: strings.Repeat("x", 255), Metadata: pattern(7, 65535)},
		{Tag: "data", Metadata: pattern(7, 55)},
	}
	for number, size := range []int{100, 0, 300000} {
		if err := c.echoOf(headers[number], pattern(number, size)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) request(metadata, payload []byte, timeout time.Duration, use func(*axon.Message) error) error {
	header := axon.Header{Tag: "ask", Metadata: metadata}
	c.sent.add(header.Tag, header.Metadata, payload)
	return within(timeout, func(ctx context.Context) error {
		return c.channel.RequestFunc(ctx, header, payload, use)
	})
}

func (c *checker) requestPattern(number, size int) error {
	payload := pattern(number, size)
	return c.request(pattern(7, 20), payload, patience, func(reply *axon.Message) error {
		c.received.add(reply.Tag(), nil, reply.Payload())
		return c.compare("payload", reply.Payload(), payload)
	})
}

// Before each reply comes a message that was not asked for.
func (c *checker) requests() error {
	for number, size := range requestSizes {
		if err := c.send(plain, pattern(number, 10), patience); err != nil {
			return err
		}
		if err := c.requestPattern(number, size); err != nil {
			return err
		}
		if err := c.receive(plain, pattern(number, 10)); err != nil {
			return err
		}
	}
	return nil
}

func ignore(*axon.Message) error { return nil }

func expect(err, expected error) error {
	if !errors.Is(err, expected) {
		return fmt.Errorf("'%v' instead of '%v'", err, expected)
	}
	return nil
}

func (c *checker) errors() error {
	for _, text := range []string{"", "gr\u00f6\u00dfer als erlaubt: \u65e5\u672c", strings.Repeat("x", 3000)} {
		var remote *axon.RemoteError
		if err := c.request([]byte("error"), []byte(text), patience, ignore); !errors.As(err, &remote) {
			return fmt.Errorf("'%v' instead of an error reply", err)
		}
		if err := c.compare("text", []byte(remote.Text), []byte(text)); err != nil {
			return err
		}
		c.received.add("", nil, []byte(remote.Text))
	}
	if err := expect(c.request([]byte("silence"), nil, impatience, ignore), context.DeadlineExceeded); err != nil {
		return err
	}
	err := c.channel.SendFunc(background, plain, tooLarge, func([]byte) error { return errNothing })
	if err = expect(err, axon.ErrTooLarge); err != nil {
		return err
	}
	return c.requestPattern(0, 10)
}

// The peer stops to receive when it has no room to send.
func (c *checker) fill(size int) error {
	count := 0
	var err error
	for ; err == nil; count++ {
		err = c.send(plain, pattern(count, size), impatience)
	}
	if err := expect(err, context.DeadlineExceeded); err != nil {
		return err
	}
	for number := 0; number < count-1; number++ {
		if err := c.receive(plain, pattern(number, size)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) death() error {
	return expect(c.request([]byte("hold"), pattern(0, slotSize), patience, ignore), axon.ErrPeerDied)
}

func (c *checker) restart() error {
	if err := c.requestPattern(1, ringSize); err != nil {
		return err
	}
	if dropped := c.channel.Counters().RepliesDropped; dropped != 1 {
		return fmt.Errorf("%d replies were dropped, instead of that to the request that failed", dropped)
	}
	return c.echoes(smallSizes)
}

func check(channel *axon.Channel) error {
	c := &checker{channel: channel}
	exchanges := []struct {
		name string
		run  func() error
	}{
		{"small", func() error { return c.echoes(smallSizes) }},
		{"large", func() error { return c.echoes(largeSizes) }},
		{"metadata", c.metadata},
		{"requests", c.requests},
		{"errors", c.errors},
		{"full-ring", func() error { return c.fill(ringSize) }},
		{"full-slots", func() error { return c.fill(slotSize) }},
	}
	for _, exchange := range exchanges {
		if err := c.exchange(exchange.name, exchange.run); err != nil {
			return err
		}
	}
	return channel.Send("quit", nil)
}

func survive(channel *axon.Channel) error {
	c := &checker{channel: channel}
	err := c.exchange("small", func() error { return c.echoes(smallSizes) })
	if err == nil {
		err = c.exchange("death", c.death)
	}
	if err == nil {
		err = c.exchange("restart", c.restart)
	}
	if err != nil {
		return err
	}
	return channel.SendFunc(background, plain, ringSize, func(payload []byte) error {
		fill(payload[:ringSize/2], 0)
		fmt.Println("claimed")
		stay()
		return nil
	})
}
