#!/usr/bin/env python3
"""The Python workers of the benchmarks: one side of a pair of processes.

    worker.py SYSTEM SCENARIO first|second NAME CPU

Systems: ``axon-python``, spinning, and ``python-pipe``, the Connection of multiprocessing.Pipe
(over AF_UNIX sockets, which is what Pipe makes of its default, duplex) between two processes
that were started apart. The lines on stdin and stdout are those of ../native/main.c.
"""

import functools
import math
import multiprocessing.connection
import os
import signal
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "target", "python"))

SIZE = 32  # bytes of payload
STEP = 0x9E3779B97F4A7C15  # word i is i times this; word 0 is the sequence number within the round
MASK = (1 << 64) - 1
PEER_TIMEOUT = 20  # seconds to wait for the other side
ROUND_LIMIT = 60  # seconds in which a round must end
TAG = "t"

ROUND_TRIPS = ("java-python-32", "spin-32", "idle")
STREAMS = ("python-java-stream-32", "stream-32")

words_of = struct.Struct(f"<{SIZE // 8}Q").unpack
set_sequence = struct.Struct("<Q").pack_into


class AxonEnd:
    """A spinning end of a channel; the second side is the server. Payloads are memoryviews of shared memory."""

    def __init__(self, name, first):
        import axon

        self.discard = functools.partial(axon.discard, name)
        role = "client" if first else "server"
        self.channel = axon.open(name, role=role, open_timeout=PEER_TIMEOUT, send_timeout=PEER_TIMEOUT, spin=math.inf)
        self.send = functools.partial(self.channel.send, TAG)
        self.message = None
        deadline = time.monotonic() + PEER_TIMEOUT
        while not self.channel.peer_alive:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"the other side did not come within {PEER_TIMEOUT} s")
            time.sleep(0.001)

    def receive(self):
        self.message = message = self.channel.receive(PEER_TIMEOUT)
        if message is None:
            raise TimeoutError(f"no message within {PEER_TIMEOUT} s")
        return message.payload

    def end_of_round(self):
        """The next receive acknowledges a message, but for the last one. A sender has none."""
        if self.message is not None:
            self.message.release()

    def idle(self, seconds):
        return self.channel.receive(seconds) is not None

    def close(self):
        """What was left unread goes with the names, once both sides are gone."""
        import axon

        self.channel.close()
        try:
            self.discard()
        except axon.RoleTakenError:
            pass


class PipeEnd:
    """An end of what multiprocessing.Pipe() returns; bytes, no pickling."""

    def __init__(self, name, first):
        path = os.path.join(tempfile.gettempdir(), f"bench.{name}.socket")
        if first:
            self.connection = connect(path)
        else:
            with multiprocessing.connection.Listener(path, "AF_UNIX") as listener:
                self.connection = listener.accept()
        self.send = self.connection.send_bytes
        self.receive = self.connection.recv_bytes
        self.idle = self.connection.poll
        self.close = self.connection.close

    def end_of_round(self):
        pass


def connect(path):
    while True:  # until the alarm
        try:
            return multiprocessing.connection.Client(path, "AF_UNIX")
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.001)


SYSTEMS = {"axon-python": AxonEnd, "python-pipe": PipeEnd}


class Receipt:
    """What came in one round."""

    def __init__(self):
        self.messages = 0
        self.sum = 0

    def add(self, payload):
        words = words_of(payload)
        if words[0] != self.messages:
            raise ValueError(f"a message with sequence {words[0]} came instead of {self.messages}")
        self.messages += 1
        self.sum += sum(words)

    def verify(self):
        words = SIZE // 8
        count = self.messages
        expected = (count * (words * (words - 1) // 2 * STEP) + count * (count - 1) // 2) & MASK
        if self.sum & MASK != expected:
            raise ValueError(f"the words of {count} messages add up to {self.sum & MASK:#x} instead of {expected:#x}")


def source():
    return bytearray(struct.pack(f"<{SIZE // 8}Q", *(i * STEP & MASK for i in range(SIZE // 8))))


def ask(end, messages):
    send, receive, clock = end.send, end.receive, time.perf_counter_ns
    receipt, payload = Receipt(), source()
    add = receipt.add
    samples = [0] * messages
    for i in range(messages):
        start = clock()
        set_sequence(payload, 0, i)
        send(payload)
        add(receive())
        samples[i] = clock() - start
    end.end_of_round()
    receipt.verify()
    samples.sort()
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "p9999": 0.9999}
    return [f"{key}={samples[int(part * messages)]}" for key, part in parts.items()] + [f"max={samples[-1]}"]


def echo(end, messages):
    send, receive = end.send, end.receive
    receipt = Receipt()
    add = receipt.add
    for _ in range(messages):
        payload = receive()
        add(payload)
        send(payload)
    end.end_of_round()
    receipt.verify()
    return []


def send_all(end, messages):
    send, payload = end.send, source()
    for i in range(messages):
        set_sequence(payload, 0, i)
        send(payload)
    return []


def receive_all(end, messages):
    """The clock starts when the first message has been read: the rate is that of the others."""
    receive = end.receive
    receipt = Receipt()
    add = receipt.add
    add(receive())
    start = time.perf_counter_ns()
    for _ in range(messages - 1):
        add(receive())
    seconds = (time.perf_counter_ns() - start) / 1e9
    end.end_of_round()
    receipt.verify()
    return [f"seconds={seconds:.9f}", f"messages={messages - 1}", f"bytes={(messages - 1) * SIZE}"]


def part_of(scenario, first):
    if scenario in ROUND_TRIPS:
        return ask if first else echo
    if scenario in STREAMS:
        return send_all if first else receive_all
    raise ValueError(f"no scenario '{scenario}' in Python")


def say(*words):
    print(*words, flush=True)


def on_alarm(number, frame):
    raise TimeoutError("the other side did not come, or a round did not end in time")


def obey(end, part):
    for line in sys.stdin:
        command = line.split()
        if command == ["exit"]:
            return
        if len(command) == 2 and command[0] == "round" and int(command[1]) > 0:
            signal.alarm(ROUND_LIMIT)
            say("done", *part(end, int(command[1])))
        elif len(command) == 2 and command[0] == "idle":
            signal.alarm(math.ceil(float(command[1])) + ROUND_LIMIT)
            if end.idle(float(command[1])):
                raise ValueError("a message came into an idle wait")
            say("done")
        else:
            raise ValueError(f"cannot obey: {line.strip()}")
        signal.alarm(0)


def main(system, scenario, side, name, cpu):
    first = side == "first"
    part = part_of(scenario, first)
    if int(cpu) >= 0:
        os.sched_setaffinity(0, {int(cpu)})  # of this thread
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(PEER_TIMEOUT + 1)
    end = SYSTEMS[system](name, first)
    try:
        signal.alarm(0)
        say("ready")
        obey(end, part)
    finally:
        end.close()


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except Exception as error:
        say("error", f"{type(error).__name__}: {error}".replace("\n", " "))
        sys.exit(1)
