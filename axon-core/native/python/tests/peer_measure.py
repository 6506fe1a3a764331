"""The all-pairs suite's measurements, as samples/benchmarks defines them.

Both sides spin, messages have 32 bytes, and each is written in full and read in full. Word 0 is a number from 0
in each round, word i is i * STEP; END as word 0 ends a round. The same in each language.
"""

import struct
import time

STEP = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
END = MASK
REST = tuple(i * STEP & MASK for i in (1, 2, 3))
SUM = sum(REST)
ROUNDS = 12
ROUND_NANOS = 250_000_000
CLOCK_STRIDE = 1024  # a sender looks at the clock once in so many messages
PATIENCE = 30.0

words_of = struct.Struct("<4Q").unpack
put_number = struct.Struct("<Q").pack_into
clock = time.perf_counter_ns


class End:
    def __init__(self, channel):
        self.receive = channel.receive
        self.send = channel.send
        self.source = bytearray(struct.pack("<4Q", 0, *REST))

    def put(self, number):
        put_number(self.source, 0, number)
        self.send("t", self.source)

    def next(self, expected):
        """Word 0 of the next message, which is `expected` or END; read in full."""
        first, second, third, fourth = words_of(self.receive(PATIENCE).payload)
        if first != END and (first != expected or second + third + fourth != SUM):
            raise ValueError(f"message {first} came instead of {expected}, or its other words are wrong")
        return first

    def ask(self, number):
        """The median round trip of one round in nanoseconds, and the next round's first number."""
        samples = []
        begin = start = clock()
        while start - begin < ROUND_NANOS:
            self.put(number)
            self.next(number)
            number += 1
            end = clock()
            samples.append(end - start)
            start = end
        samples.sort()
        return samples[len(samples) // 2], number

    def stream(self):
        begin = clock()
        number = 0
        while number % CLOCK_STRIDE or clock() - begin < ROUND_NANOS:
            self.put(number)
            number += 1
        self.put(END)
        with self.receive(PATIENCE) as message:
            return struct.unpack_from("<d", message.payload, 8)[0]


def rest():
    """Two threads that spin on two CPUs leave none to the peer's compiler."""
    time.sleep(0.05)


def measure(channel):
    end = End(channel)
    number = 0
    for _ in range(ROUNDS):
        nanos, number = end.ask(number)
        print(f"spin-32 {nanos}", flush=True)
        rest()
    end.put(END)
    for _ in range(ROUNDS):
        print(f"stream-32 {end.stream():.0f}", flush=True)
        rest()
    end.put(END)
    return 0


def measured(channel):
    """The clock of a stream starts when its first message has been read: the rate is that of the others."""
    end = End(channel)
    count = 0
    while end.next(count) != END:
        end.put(count)
        count += 1
    while end.next(0) != END:
        start = clock()
        count = 1
        while end.next(count) != END:
            count += 1
        struct.pack_into("<d", end.source, 8, (count - 1) * 1e9 / (clock() - start))
        end.put(END)
        struct.pack_into("<Q", end.source, 8, REST[0])
    return 0
