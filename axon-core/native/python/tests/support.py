"""What the tests share: channels with names of their own, processes, addresses."""

import ctypes
import glob
import importlib.util
import os
import secrets
import subprocess
import sys
import time
import unittest

import axon

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60.0  # seconds after which a test that hangs fails


class ChannelTest(unittest.TestCase):
    """Gives each test a channel name, and checks that nothing stays behind."""

    def setUp(self):
        self.name = f"python-test-{os.getpid()}-{secrets.token_hex(4)}"
        self.addCleanup(self.assert_nothing_left)

    def assert_nothing_left(self):
        axon.discard(self.name)
        self.assertEqual(glob.glob(f"/dev/shm/*axon.{self.name}*"), [])

    def open(self, role, **options):
        channel = axon.open(self.name, role=role, **options)
        self.addCleanup(channel.close)
        return channel

    def pair(self, **options):
        return self.open("server", **options), self.open("client")

    def start(self, *arguments):
        """Start a Python program that sees the same axon; it is killed when the test ends."""
        path = os.pathsep.join([os.path.dirname(os.path.dirname(axon.__file__)), HERE])
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.addCleanup(self.stop, process)
        return process

    def start_peer(self, role, *arguments):
        return self.start(os.path.join(HERE, "peer.py"), role, self.name, *arguments)

    @staticmethod
    def stop(process):
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "the condition never came true")
            time.sleep(0.001)

    def wait_until_parked(self, channel):
        """Wait until another thread sleeps in a call on the channel."""
        before = channel.counters["parks"]
        self.wait_until(lambda: channel.counters["parks"] > before)

    def wait_until_asleep(self, process):
        """Wait until the process sleeps in a system call that waits for a futex, as semaphores do."""

        def asleep():
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
                return stat.read().rpartition(")")[2].split()[0] == "S"

        self.wait_until(asleep)


def shared_memory_available():
    """Return how many bytes of shared memory there are to be had."""
    status = os.statvfs("/dev/shm")
    return status.f_bavail * status.f_frsize


def needs_shared_memory(size):
    """Skip a test where there is less shared memory; in the continuous build, where CI is true, it fails."""
    enough = shared_memory_available() >= size or os.environ.get("CI") == "true"
    return unittest.skipUnless(enough, f"/dev/shm has less than {size >> 20} MiB to spare")


def needs_module(name, package):
    """Skip a test without a module that is no part of Python; in the continuous build, where CI is true, it fails."""
    there = importlib.util.find_spec(name) is not None or os.environ.get("CI") == "true"
    return unittest.skipUnless(there, f"{name} is not installed (Debian: {package})")


class _PyBuffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


def address_of(view):
    """Return where the bytes of a memoryview lie."""
    buffer = _PyBuffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
    try:
        return buffer.buf
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))


def mapped_file(address):
    """Return the file that is mapped at an address."""
    return place_of(address)[0]


def place_of(address):
    """Return the file that is mapped at an address, and the offset in it."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            start, end = (int(bound, 16) for bound in fields[0].split("-"))
            if start <= address < end:
                return fields[5].strip() if len(fields) == 6 else "", address - start + int(fields[2], 16)
    return None, 0
