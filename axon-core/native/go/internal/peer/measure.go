package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"time"

	axon "axonipc.io/axon/go"
)

// The all-pairs suite's measurements, as samples/benchmarks defines them: both
// sides spin, messages have 32 bytes, and each is written in full and read in
// full. Word 0 is a number from 0 in each round, word i is i * step; end as
// word 0 ends a round. The same in each language.

const (
	step        = uint64(0x9E3779B97F4A7C15)
	end         = ^uint64(0)
	words       = 4
	rounds      = 12
	roundTime   = 250 * time.Millisecond
	clockStride = 1024                  // a sender looks at the clock once in so many messages
	pause       = 50 * time.Millisecond // two threads that spin on two CPUs leave none to the peer's compiler
)

type meter struct {
	channel        *axon.Channel
	source         [8 * words]byte
	read           func(*axon.Message) error // made once
	word, expected uint64
	rate           float64
}

func newMeter(channel *axon.Channel) *meter {
	m := &meter{channel: channel}
	factor := uint64(1) // no constant: the products overflow
	for ; factor < words; factor++ {
		binary.LittleEndian.PutUint64(m.source[8*factor:], factor*step)
	}
	sum := step * (factor * (factor - 1) / 2)
	m.read = func(message *axon.Message) error {
		payload := message.Payload()
		m.word = binary.LittleEndian.Uint64(payload)
		second := binary.LittleEndian.Uint64(payload[8:])
		total := second + binary.LittleEndian.Uint64(payload[16:]) + binary.LittleEndian.Uint64(payload[24:])
		if m.word == end {
			m.rate = math.Float64frombits(second)
		} else if m.word != m.expected || total != sum {
			return fmt.Errorf("message %d with the sum %d came instead of %d", m.word, total, m.expected)
		}
		return nil
	}
	return m
}

func (m *meter) put(word uint64) error {
	binary.LittleEndian.PutUint64(m.source[:], word)
	return m.channel.Send("t", m.source[:])
}

// next takes a message: m.word is m.expected, or end.
func (m *meter) next() error {
	return m.channel.ReceiveFunc(background, m.read)
}

// ask tells the median round trip of one round.
func (m *meter) ask(samples []int) (int, error) {
	begin := time.Now()
	for start := begin; start.Sub(begin) < roundTime; {
		if err := m.put(m.expected); err != nil {
			return 0, err
		}
		if err := m.next(); err != nil {
			return 0, err
		}
		m.expected++
		now := time.Now()
		samples = append(samples, int(now.Sub(start)))
		start = now
	}
	sort.Ints(samples)
	return samples[len(samples)/2], nil
}

func (m *meter) stream() error {
	begin := time.Now()
	for number := uint64(0); number%clockStride != 0 || time.Since(begin) < roundTime; number++ {
		if err := m.put(number); err != nil {
			return err
		}
	}
	if err := m.put(end); err != nil {
		return err
	}
	return m.next()
}

func measure(channel *axon.Channel) error {
	m := newMeter(channel)
	samples := make([]int, 0, 1<<20)
	for round := 0; round < rounds; round++ {
		nanos, err := m.ask(samples)
		if err != nil {
			return err
		}
		fmt.Println("spin-32", nanos)
		time.Sleep(pause)
	}
	if err := m.put(end); err != nil {
		return err
	}
	for round := 0; round < rounds; round++ {
		if err := m.stream(); err != nil {
			return err
		}
		fmt.Printf("stream-32 %.0f\n", m.rate)
		time.Sleep(pause)
	}
	return m.put(end)
}

// The clock of a stream starts when its first message has been read: the rate
// is that of the others.
func measured(channel *axon.Channel) error {
	m := newMeter(channel)
	for {
		if err := m.next(); err != nil {
			return err
		}
		if m.word == end {
			break
		}
		if err := m.put(m.expected); err != nil {
			return err
		}
		m.expected++
	}
	for {
		m.expected = 0
		if err := m.next(); err != nil || m.word == end {
			return err
		}
		start := time.Now()
		for m.word != end {
			m.expected++
			if err := m.next(); err != nil {
				return err
			}
		}
		rate := float64(m.expected-1) / time.Since(start).Seconds()
		binary.LittleEndian.PutUint64(m.source[8:], math.Float64bits(rate))
		if err := m.put(end); err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(m.source[8:], step)
	}
}
