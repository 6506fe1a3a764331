"""The other end of a channel, for tests that drive it as a process of its own.

    peer.py ROLE NAME echo               send every message back, answer every request, until the tag "quit"
    peer.py ROLE NAME send COUNT SIZE    send messages of a known pattern, then "quit"
    peer.py ROLE NAME receive            check that pattern until "quit", print received=N
    peer.py ROLE NAME hold               take one message, print held deliveries=N, and keep it
    peer.py ROLE NAME reopen COUNT       close the channel and open it again so many times
"""

import signal
import sys

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


def echo(channel):
    for message in channel:
        if message.tag == "quit":
            return 0
        if message.is_request:
            message.reply(message.payload)
        else:
            channel.send(message.tag, message.payload, metadata=message.metadata)
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
    while True:
        signal.pause()


def reopen(channel, count):
    channel.close()
    for _ in range(int(count)):
        axon.open(channel.name, role=channel.role, open_timeout=30.0).close()
    return 0


def main(role, name, behaviour, *arguments):
    with axon.open(name, role=role, open_timeout=30.0, send_timeout=30.0) as channel:
        print("ready", flush=True)
        behaviours = {"echo": echo, "send": send, "receive": receive, "hold": hold, "reopen": reopen}
        return behaviours[behaviour](channel, *arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
