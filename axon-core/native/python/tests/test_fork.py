"""A process that forks, executes or starts others holds its role alone, and lets go of it when it is killed."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import unittest
import warnings

import axon
import axon.aio
from support import PATIENCE, ChannelTest

# Opens the server, starts a child in the given way, tells its process id, and waits to be killed.
PARENT = """
import multiprocessing, os, signal, subprocess, sys, axon

def live_on(name):
    for use in (lambda: channel.send("t", b""), lambda: channel.receive(0)):
        try:
            use()
        except axon.ChannelClosedError:
            continue
        os._exit(1)
    signal.pause()

name, way = sys.argv[1:]
channel = axon.open(name, role="server")
if way == "fork":
    child = os.fork()
    if child == 0:
        live_on(name)
elif way == "multiprocessing":
    process = multiprocessing.get_context("fork").Process(target=live_on, args=[name])
    process.start()
    child = process.pid
else:
    options = {"preexec_fn": lambda: None} if way == "subprocess after a fork" else {}
    child = subprocess.Popen(["sleep", "600"], close_fds=False, **options).pid
print(child, flush=True)
signal.pause()
"""

# Forks while a claim is open; the child closes the channel and leaves the claim in the given way.
FORKS_IN_A_CLAIM = """
import os, sys, axon

def child(view, channel, end):
    if end == "keep":
        part = view[:]
        try:
            channel.close()
        except BufferError:
            print("in use", flush=True)
        del part
    channel.close()
    try:
        view[0]
    except ValueError:
        print("released", flush=True)
    if end == "raise":
        raise LookupError(end)

name, end = sys.argv[1:]
channel = axon.open(name, role="server")
client = axon.open(name)
process = None
try:
    with channel.claim("data", 3) as view:
        process = os.fork()
        if process == 0:
            child(view, channel, end)
        else:
            status = os.waitpid(process, 0)[1]
            view[:] = b"abc"
except (axon.ChannelClosedError, LookupError) as failure:
    print(type(failure).__name__, flush=True)
    os._exit(0)
message = client.receive(0)
print(status, bytes(message.payload))
client.close()
channel.close()
"""

CHILD_IN_A_CLAIM = {
    "leave": "released\nChannelClosedError\n0 b'abc'\n",
    "raise": "released\nLookupError\n0 b'abc'\n",
    "keep": "in use\nreleased\nChannelClosedError\n0 b'abc'\n",
}

WAYS = ["fork", "multiprocessing", "subprocess", "subprocess after a fork"]


def open_files(process):
    folder = f"/proc/{process}/fd"
    files = []
    for descriptor in os.listdir(folder):
        # It may be closed by now.
        with contextlib.suppress(FileNotFoundError):
            files.append(os.readlink(os.path.join(folder, descriptor)))
    return files


def serve_one(name, answers):
    try:
        with axon.open(name, role="server") as channel:
            answers.put("opened")
            channel.receive(PATIENCE)
    except axon.AxonError as error:
        answers.put(f"{type(error).__name__}: {error}")


def ask(name, answers):
    with axon.open(name) as channel, channel.request("pid", b"", timeout=PATIENCE) as reply:
        answers.put(int(bytes(reply.payload)))


def ask_later(name, answers):
    async def main():
        async with await axon.aio.open(name) as channel:
            with await channel.request("pid", b"", timeout=PATIENCE) as reply:
                answers.put(int(bytes(reply.payload)))

    asyncio.run(main())


def use_inherited(channels, answers):
    answers.put([channel.closed for channel in channels])
    for channel in channels:
        channel.close()


class ServingTest(ChannelTest):
    """The parent serves in a thread while it starts children in each of multiprocessing's ways."""

    def setUp(self):
        super().setUp()
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: what has locks may hang
        self.addCleanup(warnings.resetwarnings)
        self.server = self.open("server")
        self.thread = threading.Thread(target=self.server.serve, args=({"pid": lambda _: b"%d" % os.getpid()},))
        self.thread.start()
        self.addCleanup(self.thread.join)
        self.addCleanup(self.server.close)
        self.wait_until_parked(self.server)

    def run_child(self, method, function, argument):
        context = multiprocessing.get_context(method)
        answers = context.Queue()
        child = context.Process(target=function, args=(argument, answers))
        child.start()
        try:
            answer = answers.get(timeout=PATIENCE)
            child.join(PATIENCE)
            self.assertEqual(child.exitcode, 0)
        finally:
            child.kill()
            child.join()
        return answer

    def test_children_open_channels_of_their_own(self):
        for method in "fork", "forkserver", "spawn":
            for function in ask, ask_later:
                with self.subTest(method=method, function=function.__name__):
                    self.assertEqual(self.run_child(method, function, self.name), os.getpid())

    def test_a_forked_child_has_no_channel_and_the_serving_goes_on(self):
        async def main():
            async with await axon.aio.open(self.name + ".other", role="server") as other:
                task = asyncio.create_task(other.receive())
                while other.channel.counters["parks"] == 0:
                    await asyncio.sleep(0.001)
                closed = self.run_child("fork", use_inherited, (self.server, other.channel))
                with axon.open(other.channel.name) as client:
                    client.send("after", b"")
                    self.assertEqual((await task).tag, "after")
                return closed

        self.assertEqual(asyncio.run(main()), [True, True])
        with self.open("client") as client, client.request("pid", b"", timeout=PATIENCE) as reply:
            self.assertEqual(int(bytes(reply.payload)), os.getpid())


class ForkTest(ChannelTest):
    def test_a_child_does_not_keep_the_role_of_a_parent_that_is_killed(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.check(way)

    def check(self, way):
        parent = self.start("-c", PARENT, self.name, way)
        child = int(parent.stdout.readline())
        try:
            self.assertEqual(sum(self.name in file for file in open_files(parent.pid)), 1)
            # The child may not have come to its part of the fork yet.
            self.wait_until(lambda: not any(self.name in file for file in open_files(child)))
            with self.assertRaisesRegex(axon.RoleTakenError, f"process {parent.pid};"):
                axon.open(self.name, role="server")
            parent.kill()
            parent.wait()
            axon.open(self.name, role="server").close()
            os.kill(child, 0)
            self.assertNotIn(self.state(child), "ZX", "the child ended")
        finally:
            os.kill(child, signal.SIGKILL)
            parent.kill()
            parent.wait()

    @staticmethod
    def state(process):
        with open(f"/proc/{process}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def test_one_of_many_processes_wins_and_the_others_know_whom(self):
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        processes = [context.Process(target=serve_one, args=[self.name, answers]) for _ in range(20)]
        for process in processes:
            process.start()
        results = [answers.get(timeout=PATIENCE) for _ in processes]
        self.assertEqual(results.count("opened"), 1)
        taken = [result for result in results if result.startswith("RoleTakenError")]
        self.assertEqual(len(taken), 19, results)
        with axon.open(self.name) as channel:
            channel.send("quit", b"")
        for process in processes:
            process.join(PATIENCE)
            self.assertEqual(process.exitcode, 0)
        winner = {result.split("process ")[1].split(";")[0] for result in taken}
        self.assertEqual(len(winner), 1)
        self.assertIn(int(winner.pop()), [process.pid for process in processes])

    def test_a_child_may_close_the_channel_within_a_claim(self):
        for end in "leave", "raise", "keep":
            with self.subTest(end=end):
                process = self.start("-c", FORKS_IN_A_CLAIM, self.name, end)
                self.assertEqual(process.wait(PATIENCE), 0)
                self.assertEqual(process.stdout.read(), CHILD_IN_A_CLAIM[end])

    def test_a_child_opens_a_channel_of_its_own(self):
        with axon.open(self.name, role="server") as channel:
            child = os.fork()
            if child == 0:
                with axon.open(self.name) as own:
                    own.send("from the child", b"")
                os._exit(0)
            message = channel.receive(PATIENCE)
            if message is None:
                os.kill(child, signal.SIGKILL)
            self.assertIsNotNone(message)
            self.assertEqual(message.tag, "from the child")
            self.assertEqual(os.waitpid(child, 0)[1], 0)


if __name__ == "__main__":
    unittest.main()
