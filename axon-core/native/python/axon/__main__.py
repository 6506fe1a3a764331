"""``python -m axon``: prints the version and how the extension was built, and tries a channel between two processes."""

import logging
import os
import platform
import secrets
import statistics
import subprocess
import sys
import time
from typing import List

import axon
from axon import _axon

ROUND_TRIPS = 1000
LARGE = 256 * 1024  # bytes: above a quarter of the capacity, so it gets a segment of its own
CAPACITY = 64 * 1024
PATIENCE = 10.0  # seconds

USAGE = """usage: python -m axon [--version | --help]

Prints the version and how the extension was built, and tries a channel between two processes;
says what to do and ends with status 1 if that fails."""

HINTS = {
    axon.OutOfMemoryError: "make /dev/shm larger (Docker: --shm-size), or delete what lies there unused",
    axon.AccessError: "see who owns /dev/shm/axon.* and its mode; /dev/shm itself must have mode 1777",
    axon.IncompatibleChannelError: "use the same version of axon and the same C library in both processes",
    axon.RequestTimeoutError: "see whether the machine is overloaded, and try again",
}


def main() -> int:
    api = "3.11 and later, by the limited API" if _axon.LIMITED_API else f"{platform.python_version()} alone"
    print(f"axon {axon.__version__}: {_axon.__file__}, built for Python {api}")
    print(f"Python {platform.python_version()} on {platform.platform()}")
    try:
        memory = os.statvfs("/dev/shm")
        free, size = (blocks * memory.f_frsize >> 20 for blocks in (memory.f_bavail, memory.f_blocks))
        print(f"/dev/shm has {free} of {size} MiB free")
        print(f"self-test ok: {self_test()}")
        return 0
    except (axon.AxonError, OSError, ValueError) as failure:
        print(f"self-test FAILED: {type(failure).__name__}: {failure}")
        hint = next((hint for error, hint in HINTS.items() if isinstance(failure, error)), None)
        print(f"what to do: {hint or 'look at what the error names; nothing else is wrong with the installation'}")
        return 1


def self_test() -> str:
    """Have a channel to a process of its own answer, and return what it did and how fast."""
    name = f"self-test-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with axon.open(name, role="server", capacity=CAPACITY, request_timeout=PATIENCE) as channel:
            with start_peer(name) as peer:
                try:
                    return try_out(channel, peer)
                finally:
                    peer.kill()
    finally:
        axon.discard(name)


def start_peer(name: str) -> "subprocess.Popen[str]":
    path = os.pathsep.join([os.path.dirname(os.path.dirname(axon.__file__)), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-m", "axon", name],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


def try_out(channel: axon.Channel, peer: "subprocess.Popen[str]") -> str:
    assert peer.stdout is not None
    if peer.stdout.readline() != "ready\n":
        status = peer.wait()
        raise ChildProcessError(f"{sys.executable} -m axon ended with status {status} before it opened the channel")
    times = []
    for number in range(ROUND_TRIPS):
        payload = b"%32d" % number
        start = time.perf_counter()
        with channel.request("echo", payload) as reply:
            times.append(time.perf_counter() - start)
            check(reply.payload == payload)
    large = secrets.token_bytes(LARGE)
    with channel.request("echo", large) as reply:
        check(reply.payload == large)
    try:
        channel.request("fail", b"").release()
        check(False)
    except axon.RemoteError as error:
        check(str(error) == "ValueError: as asked")
    channel.send("quit", b"")
    status = peer.wait(PATIENCE)
    if status != 0:
        raise ChildProcessError(f"the other process ended with status {status}")
    return (
        f"{ROUND_TRIPS} round trips between two processes, {1e6 * statistics.median(times):.1f} us each (median), "
        f"{LARGE >> 10} KiB there and back, an exception there and back"
    )


def check(right: bool) -> None:
    if not right:
        raise ValueError("a reply was not what was sent")


def serve(name: str) -> int:
    """The other process."""
    handlers = axon.Handlers()

    @handlers("echo")
    def echo(message: axon.Message) -> memoryview:
        return message.payload

    @handlers("fail")
    def fail(message: axon.Message) -> None:
        raise ValueError("as asked")

    @handlers("quit")
    def leave(message: axon.Message) -> None:
        channel.close()

    with axon.open(name) as channel:
        print("ready", flush=True)
        logging.getLogger("axon").disabled = True  # of the exception that is asked for
        channel.serve(handlers)
    return 0


def start(arguments: List[str]) -> int:
    if not arguments:
        return main()
    if arguments == ["--version"]:
        print(f"axon {axon.__version__}")
        return 0
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        return serve(arguments[0])
    asked = arguments[0] in ("-h", "--help")
    print(USAGE, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
