"""One side of a link in Python. Arguments, journal and messages: see README.md."""

import os
import random
import struct
import sys
import threading
import time
import zlib

import axon

OPENED, CLOSING, INTENT, DONE, DELIVERED, CORRUPT, HANDLED, ACTIVE, GONE = range(1, 10)

RECORD = struct.Struct("<QII")
STAMP = struct.Struct("<QII")
PERIOD = 65521
LARGEST = 3 << 20
WAIT = 0.1


def millis():
    return time.monotonic_ns() // 1_000_000


class Journal:
    """One write(2) of an aligned record: it is there whole or not at all, and outlives this process."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, kind, number, value=0):
        if os.write(self.file, RECORD.pack(number, kind, value)) != RECORD.size:
            raise OSError("the journal cannot be written")

    def last_intent(self):
        for at in range(os.lseek(self.file, 0, os.SEEK_END) - RECORD.size, -1, -RECORD.size):
            number, kind, _ = RECORD.unpack(os.pread(self.file, RECORD.size, at))
            if kind == INTENT:
                return number
        return 0


class Worker:
    def __init__(self, channel, journal, chance, capacity):
        self.channel = channel
        self.journal = journal
        self.chance = chance
        self.capacity = capacity
        self.stopping = threading.Event()
        self.peer_was_alive = True
        self.last_active = millis()
        self.block = memoryview(chance.randbytes(PERIOD) * (LARGEST // PERIOD + 3))

    def await_end_of_input(self):
        """It asks for a clean end, and comes by itself when the one who started this is gone."""
        while os.read(0, 64):
            pass
        self.stopping.set()

    def one_in(self, number):
        return self.chance.randrange(number) == 0

    def nap(self, seconds):
        time.sleep(self.chance.uniform(0, seconds))

    def look_for_peer(self):
        before = millis()
        alive = self.channel.peer_alive
        if self.peer_was_alive and not alive:
            self.journal.note(ACTIVE, self.last_active)
            self.journal.note(GONE, before, millis() - before)
        self.peer_was_alive = alive

    def pick_size(self):
        kind = self.chance.random()
        if kind < 0.6:
            return self.chance.randint(0, 256)
        if kind < 0.85:
            return self.chance.randint(0, 4096)
        return self.chance.randint(0, self.capacity // 4 if kind < 0.995 else LARGEST)

    def send_all(self, burst):
        number = self.journal.last_intent()
        while not self.stopping.is_set():
            number += 1
            start = number * 7919 % PERIOD
            body = self.block[start : start + self.pick_size()]
            stamp = STAMP.pack(number, len(body), zlib.crc32(body, zlib.crc32(struct.pack("<Q", number))))
            send = self.chance.choice((self.send_copy, self.send_in_place))
            self.journal.note(INTENT, number, len(body))
            while not send(stamp, body):
                if self.stopping.is_set():
                    return
                self.look_for_peer()
            self.journal.note(DONE, number)
            if self.one_in(burst):
                self.nap(0.4 if self.one_in(20) else 0.04)
            self.last_active = millis()

    def send_copy(self, stamp, body):
        try:
            self.channel.send("meta", body, metadata=stamp, timeout=WAIT)
        except axon.SendTimeoutError:
            return False
        return True

    def send_in_place(self, stamp, body):
        try:
            with self.channel.claim("body", len(stamp) + len(body), timeout=WAIT) as view:
                view[: len(stamp)] = stamp
                if self.one_in(200):
                    self.nap(0.005)
                view[len(stamp) :] = body
        except axon.SendTimeoutError:
            return False
        return True

    def receive_all(self, hold):
        count = 0
        while not self.stopping.is_set():
            message = self.channel.receive(WAIT)
            if message is None:
                self.look_for_peer()
                continue
            count += 1
            self.handle(message, count == hold)
            self.last_active = millis()
            message.release()

    def handle(self, message, hold):
        stamp, body = message.metadata, message.payload
        if message.tag == "body":
            stamp, body = bytes(body[: STAMP.size]), body[STAMP.size :]
        number, length, crc = STAMP.unpack(stamp) if stamp is not None and len(stamp) == STAMP.size else (0, 0, 0)
        if self.one_in(300):
            self.nap(0.01)
        good = number > 0 and length == len(body) and crc == zlib.crc32(body, zlib.crc32(struct.pack("<Q", number)))
        if message.tag == "body":
            body.release()
        self.journal.note(DELIVERED if good else CORRUPT, number, message.deliveries)
        if hold:
            print("holding", flush=True)
            self.stopping.wait()
        if self.one_in(300):
            self.nap(0.01)
        self.journal.note(HANDLED, number)


def main(task, role, name, journal_path, seed, capacity, burst_or_hold):
    journal = Journal(journal_path)
    with axon.open(name, role=role, capacity=int(capacity), large_memory=16 << 20, open_timeout=60.0) as channel:
        journal.note(OPENED, millis())
        worker = Worker(channel, journal, random.Random(int(seed)), int(capacity))
        threading.Thread(target=worker.await_end_of_input, daemon=True).start()
        print("ready", flush=True)
        if task == "send":
            worker.send_all(int(burst_or_hold))
        else:
            worker.receive_all(int(burst_or_hold))
        journal.note(CLOSING, millis())


if __name__ == "__main__":
    main(*sys.argv[1:])
