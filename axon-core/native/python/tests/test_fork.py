"""A process that forks, executes or starts others holds its role alone, and lets go of it when it is killed."""

import contextlib
import multiprocessing
import os
import signal
import unittest

import axon
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
