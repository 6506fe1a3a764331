"""Waiting: other threads run, Ctrl-C is answered, and a close ends it."""

import multiprocessing
import os
import signal
import threading
import time
import unittest

import axon
from support import PATIENCE, ChannelTest

ANSWER_TIME = 0.1  # seconds from Ctrl-C to the exception

# A channel is closed while the interpreter ends and a daemon thread is in a call on it.
CLOSED_AT_THE_END = {
    "by what is left in the module": "keeper = Keeper()",
    "by a cycle": "import gc; gc.disable(); cycle = [Keeper()]; cycle.append(cycle); del cycle",
    "by a suspended generator": "generator = keep(); next(generator)",
}

ENDS = """
import sys, threading, axon

def receive(channel):
    thread = threading.Thread(target=channel.receive, daemon=True)
    thread.start()
    while channel.counters["parks"] == 0:
        pass

class Keeper:
    def __init__(self):
        self.channel = axon.open(sys.argv[1], role="server")
        receive(self.channel)

    def __del__(self):
        self.channel.close()

def keep():
    with axon.open(sys.argv[1], role="server") as channel:
        receive(channel)
        yield

"""

INTERRUPTED = """
import sys, time, axon
name, call = sys.argv[1:]
with axon.open(name) as channel:
    for _ in range(3):
        print("waiting", flush=True)
        try:
            if call == "receive":
                channel.receive()
            elif call == "iterate":
                next(channel)
            elif call == "request":
                channel.request("data", b"", timeout=None)
            elif call == "send":
                while True:
                    channel.send("data", bytes(500), timeout=None)
            elif call == "claim":
                while True:
                    with channel.claim("data", 500, timeout=None):
                        pass
            elif call == "open":
                axon.open(name + ".absent", open_timeout=None)
        except KeyboardInterrupt:
            print(time.monotonic(), flush=True)
    print("usable", channel.receive().tag, flush=True)
"""


class InterruptTest(ChannelTest):
    def test_ctrl_c_ends_a_wait_and_leaves_the_channel_usable(self):
        for call in "receive", "iterate", "request", "send", "claim", "open":
            with self.subTest(call=call):
                self.check_ctrl_c(call)

    def check_ctrl_c(self, call):
        with axon.open(self.name, role="server", capacity=4096) as server:
            process = self.start("-c", INTERRUPTED, self.name, call)
            times = []
            for _ in range(3):
                self.assertEqual(process.stdout.readline(), "waiting\n")
                self.wait_until_asleep(process)
                sent = time.monotonic()
                process.send_signal(signal.SIGINT)
                times.append(float(process.stdout.readline()) - sent)
            # The best of three: the machine may be busy with something else.
            self.assertLess(min(times), ANSWER_TIME)
            server.send("after", b"")
            self.assertEqual(process.stdout.readline(), "usable after\n")
            self.assertEqual(process.wait(), 0)
            while server.receive(0) is not None:
                pass

    def test_a_signal_handler_may_close_the_channel(self):
        channel = self.open("server")
        previous = signal.signal(signal.SIGUSR1, lambda *_: channel.close())
        self.addCleanup(signal.signal, signal.SIGUSR1, previous)
        killer = threading.Thread(
            target=lambda: (self.wait_until_parked(channel), os.kill(os.getpid(), signal.SIGUSR1))
        )
        killer.start()
        with self.assertRaises(axon.ChannelClosedError):
            channel.receive()
        killer.join()


class ThreadsTest(ChannelTest):
    def in_thread(self, call):
        """Run a call in a thread; returns the thread and the list that its outcome goes to."""
        outcome = []

        def run():
            try:
                outcome.append(call())
            except BaseException as failure:
                outcome.append(type(failure))

        thread = threading.Thread(target=run)
        thread.start()
        return thread, outcome

    def test_other_threads_send_while_one_receives(self):
        server, client = self.pair()
        thread, outcome = self.in_thread(lambda: bytes(server.receive(PATIENCE).payload))
        self.wait_until_parked(server)
        server.send("data", b"from the same end")
        client.send("data", b"from the other end")
        thread.join()
        self.assertEqual(outcome, [b"from the other end"])
        self.assertEqual(bytes(client.receive().payload), b"from the same end")

    def test_other_threads_compute_while_one_receives(self):
        server = self.open("server", spin=float("inf"))
        thread, outcome = self.in_thread(lambda: server.receive(0.5))
        count = 0
        while thread.is_alive():
            count += 1
        self.assertGreater(count, 1000)
        self.assertEqual(outcome, [None])

    def test_one_thread_receives_at_a_time(self):
        server, client = self.pair()
        thread, outcome = self.in_thread(lambda: server.receive(PATIENCE).tag)
        self.wait_until_parked(server)
        with self.assertRaises(RuntimeError):
            server.receive(0)
        client.send("data", b"")
        thread.join()
        self.assertEqual(outcome, ["data"])

    def test_threads_send_at_the_same_time(self):
        server, client = self.pair(capacity=4096)
        count = 500

        def send(name):
            for number in range(count):
                client.send(name, b"%d" % number, timeout=PATIENCE)

        senders = [self.in_thread(lambda name=name: send(name)) for name in ("a", "b", "c")]
        received = {"a": [], "b": [], "c": []}
        for _ in range(3 * count):
            message = server.receive(PATIENCE)
            received[message.tag].append(int(bytes(message.payload)))
        for thread, outcome in senders:
            thread.join()
            self.assertEqual(outcome, [None])
        self.assertEqual(list(received.values()), [list(range(count))] * 3)

    def test_a_send_waits_for_another_thread_s_claim(self):
        server, client = self.pair()
        with client.claim("first", 0):
            self.assertFalse(self.call_in_thread(lambda: client.try_send("second", b"")))
            thread, outcome = self.in_thread(lambda: client.send("second", b"", timeout=PATIENCE))
        thread.join()
        self.assertEqual(outcome, [None])
        self.assertEqual([server.receive(0).tag, server.receive(0).tag], ["first", "second"])

    def call_in_thread(self, call):
        thread, outcome = self.in_thread(call)
        thread.join()
        return outcome[0]

    def test_a_close_ends_other_threads_calls(self):
        def fill(channel):
            while True:
                channel.send("data", bytes(500), timeout=None)

        calls = {
            "receive": lambda channel: channel.receive(),
            "iterate": next,
            "request": lambda channel: channel.request("data", b"", timeout=None),
            "send": fill,
        }
        with axon.open(self.name, role="server", capacity=4096) as server:
            for name, call in calls.items():
                with self.subTest(call=name):
                    channel = axon.open(self.name)
                    thread, outcome = self.in_thread(lambda: call(channel))
                    self.wait_until_parked(channel)
                    channel.close()
                    thread.join()
                    self.assertEqual(outcome, [axon.ChannelClosedError])
                    while server.receive(0) is not None:
                        pass

    def test_a_closed_channel_refuses_everything(self):
        channel = self.open("server")
        claim = channel.claim("data", 1)
        channel.close()
        channel.close()
        for call in (
            lambda: channel.send("data", b""),
            lambda: channel.try_send("data", b""),
            lambda: channel.claim("data", 1),
            claim.__enter__,
            lambda: channel.request("data", b""),
            channel.receive,
            lambda: next(channel),
            lambda: channel.peer_alive,
            lambda: channel.counters,
            channel.__enter__,
        ):
            with self.assertRaises(axon.ChannelClosedError):
                call()
        self.assertTrue(channel.closed)
        self.assertEqual((channel.name, channel.role, channel.capacity), (self.name, "server", 1 << 20))

    def test_an_argument_s_own_code_may_close_the_channel(self):
        class Closing:
            def __float__(self):
                channel.close()
                return 1.0

        self.open("server")
        for call in (
            lambda: channel.send("data", b"", timeout=Closing()),
            lambda: channel.request("data", b"", timeout=Closing()),
            lambda: channel.receive(Closing()),
            lambda: channel.claim("data", 1, timeout=Closing()).__enter__(),
        ):
            channel = axon.open(self.name)
            with self.assertRaises(axon.ChannelClosedError):
                call()


def _use_inherited(channel, results):
    outcomes = [channel.closed]
    for call in channel.receive, lambda: channel.send("data", b""), lambda: channel.peer_alive:
        try:
            call()
        except axon.ChannelClosedError:
            outcomes.append("refused")
    channel.close()
    results.put(outcomes)


class ForkTest(ChannelTest):
    def test_a_forked_child_has_no_channel_and_the_parent_keeps_its(self):
        server, client = self.pair()
        client.send("held", b"payload")
        message = server.receive()
        payload = message.payload
        context = multiprocessing.get_context("fork")
        results = context.SimpleQueue()
        child = context.Process(target=_use_inherited, args=(server, results))
        child.start()
        self.assertEqual(results.get(), [True] + ["refused"] * 3)
        child.join()
        self.assertEqual(child.exitcode, 0)
        self.assertEqual(bytes(payload), b"payload")
        message.release()
        client.send("data", b"after")
        self.assertEqual(bytes(server.receive().payload), b"after")

    def test_a_living_child_does_not_keep_the_role(self):
        server, client = self.pair()
        started, leave = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(leave)
            os.read(started, 1)
            os._exit(0)
        os.close(started)
        try:
            self.assertTrue(client.peer_alive)
            server.close()
            self.assertFalse(client.peer_alive)
        finally:
            os.close(leave)
            self.assertEqual(os.waitpid(child, 0)[1], 0)


class ExitTest(ChannelTest):
    def test_a_close_at_the_program_s_end_does_not_wait_for_threads(self):
        for what, code in CLOSED_AT_THE_END.items():
            with self.subTest(what):
                self.assertEqual(self.start("-c", ENDS + code, self.name).wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
