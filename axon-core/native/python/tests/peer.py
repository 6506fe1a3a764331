"""The other end of a channel, for tests that drive it as a process of its own.

    peer.py ROLE NAME echo               send every message back, answer every request, until the tag "quit"
    peer.py ROLE NAME send COUNT SIZE    send messages of a known pattern, then "quit"
    peer.py ROLE NAME receive            check that pattern until "quit", print received=N
    peer.py ROLE NAME hold               take one message, print held deliveries=N, and keep it
    peer.py ROLE NAME reopen COUNT       close the channel and open it again so many times
    peer.py ROLE NAME check              do all exchanges of the all-pairs suite with an echo
    peer.py ROLE NAME survive            ask a peer that is killed, and its successor, then wait with an open claim
    peer.py ROLE NAME measure            measure with a peer that is "measured"

ROLE is server, client, or early: a client that finds no channel yet, prints "absent", and waits for it.
An echo answers a request whose metadata is "error" with an error, its payload the text, and one whose metadata
is "silence" not at all; with one whose metadata is "hold" it prints "held" and stays there, unless the request was
delivered before. At "mark" it prints received=N/CHECKSUM redelivered=N, of the messages since the last mark.
"""

import importlib
import math
import signal
import sys
import zlib

import axon

PERIOD = bytes(i * 7 & 0xFF for i in range(256))
INVERSE_OF_7 = 183  # 7 * 183 = 1 modulo 256


class Pattern:
    """Byte i of message n is (n * 31 + i * 7) & 0xff: one sequence of period 256, begun somewhere."""

    def __init__(self):
        self.bytes = memoryview(PERIOD)

    def of(self, number, size):
        if len(self.bytes) < size + 256:
            self.bytes = memoryview(PERIOD * (size // 256 + 2))
        start = number * 31 * INVERSE_OF_7 % 256
        return self.bytes[start : start + size]


class Tally:
    """Counts messages, and sums up all their bytes: tag, metadata and payload."""

    def __init__(self):
        self.messages = 0
        self.crc = 0

    def add(self, tag, metadata, payload):
        self.messages += 1
        for part in tag.encode(), metadata or b"", payload:
            self.crc = zlib.crc32(part, self.crc)

    def __str__(self):
        return f"{self.messages}/{self.crc:08x}"


def stay():
    while True:  # until the process is killed
        signal.pause()


def echo(channel):
    received, redelivered = Tally(), 0
    for message in channel:
        if message.tag == "quit":
            return 0
        if message.tag == "mark":
            print(f"received={received} redelivered={redelivered}", flush=True)
            received, redelivered = Tally(), 0
            continue
        received.add(message.tag, message.metadata, message.payload)
        redelivered += message.redelivered
        if message.metadata == b"hold" and not message.redelivered:
            print("held", flush=True)
            stay()
        if not message.is_request:
            channel.send(message.tag, message.payload, metadata=message.metadata)
        elif message.metadata == b"error":
            message.reply_error(bytes(message.payload).decode())
        elif message.metadata != b"silence":
            message.reply(message.payload)
    return 1


def send(channel, count, size):
    pattern = Pattern()
    for number in range(int(count)):
        channel.send("data", pattern.of(number, int(size)))
    channel.send("quit", b"")
    return 0


def receive(channel):
    pattern = Pattern()
    received = 0
    for message in channel:
        if message.tag == "quit":
            print(f"received={received}", flush=True)
            return 0
        if message.payload != pattern.of(received, len(message.payload)):
            print(f"message {received} of {len(message.payload)} bytes is not what was sent", file=sys.stderr)
            return 1
        received += 1
    return 1


def hold(channel):
    message = channel.receive()
    print(f"held deliveries={message.deliveries}", flush=True)
    stay()


def reopen(channel, count):
    channel.close()
    for _ in range(int(count)):
        axon.open(channel.name, role=channel.role, open_timeout=30.0).close()
    return 0


def part(module, function):
    """A behaviour of the all-pairs suite, imported where it is asked for."""
    return lambda channel: getattr(importlib.import_module(module), function)(channel)


def find_nothing(name):
    try:
        axon.open(name, open_timeout=0)
    except axon.ChannelNotFoundError:
        print("absent", flush=True)
    else:
        sys.exit("there is a channel already")


BEHAVIOURS = {
    "echo": echo,
    "send": send,
    "receive": receive,
    "hold": hold,
    "reopen": reopen,
    "check": part("peer_check", "check"),
    "survive": part("peer_check", "survive"),
    "measure": part("peer_measure", "measure"),
    "measured": part("peer_measure", "measured"),
}


def main(role, name, behaviour, *arguments):
    options = {"role": role, "open_timeout": 30.0, "send_timeout": 30.0}
    if role == "early":
        find_nothing(name)
        options["role"] = "client"
    if behaviour.startswith("measure"):
        options["spin"] = math.inf
    with axon.open(name, **options) as channel:
        print("ready", flush=True)
        return BEHAVIOURS[behaviour](channel, *arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
