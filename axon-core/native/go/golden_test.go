package axon_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	axon "axonipc.io/axon/go"
)

// The bytes that every implementation writes and reads; axon-core/src/test/golden/README.md.
const (
	golden      = "../../src/test/golden/"
	ring        = 8192
	segmentSize = 20480
)

func lines(t *testing.T, name string) []string {
	file, err := os.Open(golden + name)
	if os.IsNotExist(err) {
		t.Skip("the golden vectors lie in Axon's repository, which this is not")
	}
	must(t, err)
	defer file.Close()
	var lines []string
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if !strings.HasPrefix(scanner.Text(), "#") {
			lines = append(lines, scanner.Text())
		}
	}
	must(t, scanner.Err())
	return lines
}

func fromHex(t *testing.T, text string) []byte {
	if text == "-" {
		return nil
	}
	if strings.HasPrefix(text, "pattern-") {
		size, err := strconv.Atoi(strings.TrimPrefix(text, "pattern-"))
		must(t, err)
		pattern := make([]byte, size)
		for i := range pattern {
			pattern[i] = byte(i * 7)
		}
		return pattern
	}
	decoded, err := hex.DecodeString(text)
	must(t, err)
	return decoded
}

func readSegment(t *testing.T, name string) []byte {
	segment, err := os.ReadFile("/dev/shm/axon." + name)
	must(t, err)
	return segment
}

func mustBeReceived(t *testing.T, client *axon.Channel, header axon.Header, payload []byte) {
	t.Helper()
	message, err := client.TryReceive()
	must(t, err)
	if message.Tag() != header.Tag || !bytes.Equal(message.Metadata(), header.Metadata) || message.Deliveries() != 1 ||
		message.CorrelationID() != header.CorrelationID || !bytes.Equal(message.Payload(), payload) {
		t.Errorf("%q was received as %q", header.Tag, message.Tag())
	}
	message.Release()
}

func TestRecordsHaveTheGoldenBytes(t *testing.T) {
	server, client := pair(t, axon.Options{Capacity: 4096})
	record := map[string]string{}
	var padding []byte
	var paddingAt, messages, replies int
	for _, line := range lines(t, "records.txt") {
		var value string
		line, value = strings.SplitN(line+" ", " ", 2)[0], strings.TrimSpace(strings.SplitN(line+" ", " ", 2)[1])
		record[line] = value
		if line != "bytes" {
			continue
		}
		position, err := strconv.Atoi(record["position"])
		must(t, err)
		at := ring + position&4095
		if record["kind"] == "padding" {
			padding, paddingAt = fromHex(t, value), at
			continue
		}
		header := axon.Header{Tag: string(fromHex(t, record["tag"])), Metadata: fromHex(t, record["metadata"]),
			Reply: record["reply"] == "1", Error: record["error"] == "1"}
		if record["correlation"] != "-" {
			header.CorrelationID, err = strconv.ParseUint(record["correlation"], 16, 64)
			must(t, err)
		}
		payload := fromHex(t, record["payload"])
		must(t, server.SendHeader(background, header, payload))
		segment := readSegment(t, server.Name())
		if expected := fromHex(t, value); !bytes.Equal(segment[at:at+len(expected)], expected) {
			t.Errorf("%s: %x instead of %x", record["name"], segment[at:at+len(expected)], expected)
		}
		if padding != nil && !bytes.Equal(segment[paddingAt:paddingAt+len(padding)], padding) {
			t.Error("the padding differs")
		}
		messages++
		if header.Reply {
			replies++
		} else {
			mustBeReceived(t, client, header, payload)
		}
		_, err = client.TryReceive()
		mustBe(t, err, axon.ErrEmpty)
		record = map[string]string{}
	}
	if messages < 15 || replies != 2 || padding == nil || client.Counters().RepliesDropped != 2 {
		t.Errorf("%d messages, %d replies, padding %x", messages, replies, padding)
	}
}

func goldenSegment(t *testing.T) []byte {
	segment := make([]byte, segmentSize)
	for _, line := range lines(t, "segment.txt") {
		var offset int
		var text string
		_, err := fmt.Sscanf(line, "%d: %s", &offset, &text)
		must(t, err)
		copy(segment[offset:], fromHex(t, text))
	}
	return segment
}

var (
	ask   = axon.Header{Tag: "ask", Metadata: []byte("trace"), CorrelationID: 0x0000010000000001}
	asked = []byte{0, 1, 2, 3, 4, 5, 6, 7}
)

func TestASegmentHasTheGoldenBytes(t *testing.T) {
	server := open(t, newName(t), axon.Options{Role: axon.Server, Capacity: 4096})
	must(t, server.Send("greeting", []byte("hello")))
	must(t, server.SendHeader(background, ask, asked))
	expected, found := goldenSegment(t), readSegment(t, server.Name())
	if pid := binary.LittleEndian.Uint64(found[136:]); pid != uint64(os.Getpid()) {
		t.Errorf("pid %d", pid)
	}
	for _, varies := range [][2]int{{16, 20}, {32, 40}, {136, 144}} { // the C library, the channel's id, the pid
		copy(found[varies[0]:varies[1]], expected[varies[0]:varies[1]])
	}
	if len(found) != segmentSize {
		t.Fatalf("%d bytes", len(found))
	}
	for i := range found {
		if found[i] != expected[i] {
			t.Errorf("offset %d: %02x instead of %02x", i, found[i], expected[i])
		}
	}
	must(t, server.Close())
}

func TestTheGoldenSegmentIsRead(t *testing.T) {
	name := newName(t)
	own := open(t, name, axon.Options{Role: axon.Server, Capacity: 4096})
	libc := readSegment(t, name)[16:20]
	must(t, own.Close())
	segment := goldenSegment(t)
	copy(segment[16:], libc)
	must(t, os.WriteFile("/dev/shm/axon."+name, segment, 0o600))
	client := open(t, name, axon.Options{})
	if alive, err := client.PeerAlive(); alive || err != nil {
		t.Errorf("%v, %v", alive, err)
	}
	mustBeReceived(t, client, axon.Header{Tag: "greeting"}, []byte("hello"))
	mustBeReceived(t, client, ask, asked)
	must(t, client.Close())
}
