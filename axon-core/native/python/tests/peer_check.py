"""The asking side of the all-pairs suite: a fixed script of exchanges with a peer that echoes.

The same in each language; PeerCheck.java names what the numbers stand for.
"""

import axon
from peer import Pattern, Tally, stay

SMALL = 0, 1, 7, 8, 31, 32, 33, 255, 4096, 65_000
LARGE = 262_128, 262_136, 262_144, 300_001, 1 << 20, 5_000_001
REQUESTS = 0, 1, 32, 4096, 300_001
RING_SIZE = 1000
SLOT_SIZE = 300_001
TOO_LARGE = (128 << 20) + 1
PATIENCE = 30.0
IMPATIENCE = 0.1


class Failure(Exception):
    pass


class Check:
    def __init__(self, channel):
        self.channel = channel
        self.pattern = Pattern().of
        self.sent = Tally()
        self.received = Tally()

    def exchange(self, name, run, *arguments):
        self.sent = Tally()
        self.received = Tally()
        try:
            run(*arguments)
        except Failure as failure:
            print(f"failed {name}: {failure}", flush=True)
            return False
        except Exception as error:
            print(f"failed {name}: {type(error).__name__}: {error}", flush=True)
            return False
        self.channel.send("mark", b"")
        print(f"exchange {name} sent={self.sent} received={self.received}", flush=True)
        return True

    def send(self, tag, metadata, payload, timeout=PATIENCE):
        self.channel.send(tag, payload, metadata=metadata, timeout=timeout)
        self.sent.add(tag, metadata, payload)

    def receive(self, tag, metadata, payload):
        message = self.channel.receive(PATIENCE)
        if message is None:
            raise Failure(f"no message came instead of number {self.received.messages}")
        with message:
            self.compare("tag", message.tag.encode(), tag.encode())
            self.compare("metadata", message.metadata or b"", metadata or b"")
            self.compare("payload", message.payload, payload)
            self.received.add(tag, metadata, message.payload)

    def compare(self, what, found, expected):
        found, expected = bytes(found), bytes(expected)
        where = f"message {self.received.messages}: {what} of {len(found)} bytes"
        if len(found) != len(expected):
            raise Failure(f"{where} instead of {len(expected)}")
        if found != expected:
            index = next(i for i in range(len(found)) if found[i] != expected[i])
            raise Failure(f"{where}: byte {index} is {found[index]} instead of {expected[index]}")

    def echo_of(self, tag, metadata, payload):
        self.send(tag, metadata, payload)
        self.receive(tag, metadata, payload)

    def echoes(self, sizes):
        for number, size in enumerate(sizes):
            self.echo_of("data", None, self.pattern(number, size))

    def metadata(self):
        self.echo_of("\u00fcn\u00efc\u00f6de \u65e5\u672c", self.pattern(7, 3), self.pattern(0, 100))
        self.echo_of("x" * 255, self.pattern(7, 65_535), self.pattern(1, 0))
        self.echo_of("data", self.pattern(7, 55), self.pattern(2, 300_000))

    def request(self, metadata, payload, timeout=PATIENCE):
        self.sent.add("ask", metadata, payload)
        return self.channel.request("ask", payload, metadata=metadata, timeout=timeout)

    def request_pattern(self, number, size):
        payload = self.pattern(number, size)
        with self.request(self.pattern(7, 20), payload) as reply:
            self.compare("tag", reply.tag.encode(), b"ask")
            self.compare("payload", reply.payload, payload)
            self.received.add(reply.tag, None, reply.payload)

    def requests(self):
        """Before each reply comes a message that was not asked for."""
        for number, size in enumerate(REQUESTS):
            self.send("data", None, self.pattern(number, 10))
            self.request_pattern(number, size)
            self.receive("data", None, self.pattern(number, 10))

    def expect(self, error, run, *arguments):
        try:
            run(*arguments)
        except error as found:
            return found
        raise Failure(f"no {error.__name__}")

    def errors(self):
        for text in "", "gr\u00f6\u00dfer als erlaubt: \u65e5\u672c", "x" * 3000:
            found = str(self.expect(axon.RemoteError, self.request, b"error", text.encode())).encode()
            self.compare("text", found, text.encode())
            self.received.add("", None, found)
        self.expect(axon.RequestTimeoutError, self.request, b"silence", b"", IMPATIENCE)
        self.expect(ValueError, self.claim, TOO_LARGE)
        self.request_pattern(0, 10)

    def claim(self, size):
        with self.channel.claim("data", size):
            pass

    def fill(self, size):
        """The peer stops to receive when it has no room to send."""
        count = 0
        try:
            while True:
                self.send("data", None, self.pattern(count, size), IMPATIENCE)
                count += 1
        except axon.SendTimeoutError:
            for number in range(count):
                self.receive("data", None, self.pattern(number, size))

    def death(self):
        self.expect(axon.PeerDiedError, self.request, b"hold", self.pattern(0, SLOT_SIZE))

    def restart(self):
        self.request_pattern(1, RING_SIZE)
        dropped = self.channel.counters["replies_dropped"]
        if dropped != 1:
            raise Failure(f"{dropped} replies were dropped, instead of that to the request that failed")
        self.echoes(SMALL)


def check(channel):
    it = Check(channel)
    good = (
        it.exchange("small", it.echoes, SMALL)
        and it.exchange("large", it.echoes, LARGE)
        and it.exchange("metadata", it.metadata)
        and it.exchange("requests", it.requests)
        and it.exchange("errors", it.errors)
        and it.exchange("full-ring", it.fill, RING_SIZE)
        and it.exchange("full-slots", it.fill, SLOT_SIZE)
    )
    if good:
        channel.send("quit", b"")
    return 0 if good else 1


def survive(channel):
    it = Check(channel)
    good = (
        it.exchange("small", it.echoes, SMALL)
        and it.exchange("death", it.death)
        and it.exchange("restart", it.restart)
    )
    if not good:
        return 1
    with channel.claim("data", RING_SIZE) as view:
        view[: RING_SIZE // 2] = it.pattern(0, RING_SIZE // 2)
        print("claimed", flush=True)
        stay()
