"""Messages between two processes on one host, over shared memory.

Two processes open a channel of the same name, one as the server, one as the client::

    with axon.open("prices", role="server") as channel:
        for message in channel:
            print(message.tag, bytes(message.payload))

    with axon.open("prices") as channel:
        channel.send("tick", b"42.5")

Payloads lie in shared memory: a sent one is written there once, a received one is a
memoryview of it until its message is released.
"""

from typing import Optional

from axon._axon import Channel, Claim, Message, discard
from axon.errors import (
    AccessError,
    AxonError,
    ChannelClosedError,
    ChannelNotFoundError,
    CorruptChannelError,
    IncompatibleChannelError,
    OutOfMemoryError,
    PeerDiedError,
    RemoteError,
    RequestTimeoutError,
    RoleTakenError,
    SendTimeoutError,
)
from axon.handlers import Handlers

__version__ = "0.1.0.dev0"

__all__ = [
    "AccessError",
    "AxonError",
    "Channel",
    "ChannelClosedError",
    "ChannelNotFoundError",
    "Claim",
    "CorruptChannelError",
    "Handlers",
    "IncompatibleChannelError",
    "Message",
    "OutOfMemoryError",
    "PeerDiedError",
    "RemoteError",
    "RequestTimeoutError",
    "RoleTakenError",
    "SendTimeoutError",
    "discard",
    "open",
]


def open(
    name: str,
    *,
    role: str = "client",
    capacity: int = 1 << 20,
    max_message: int = 128 << 20,
    large_memory: int = 256 << 20,
    open_timeout: Optional[float] = 5.0,
    send_timeout: Optional[float] = 5.0,
    request_timeout: Optional[float] = 30.0,
    spin: Optional[float] = None,
    group: bool = False,
) -> Channel:
    """Open one end of a channel; the server creates it, the client waits for it.

    Times are seconds; None as a time-out never ends, and as ``spin`` leaves the library's choice.
    A server that creates the channel decides on capacity, max_message and large_memory for both.

    :param name: letters, digits, ``.``, ``_`` and ``-``, a letter or digit first, at most 64
    :param role: "server" or "client"; each has one holder
    :param capacity: bytes of each ring, 4096 to 512 MiB, rounded up to a power of two
    :param max_message: bytes of the largest payload
    :param large_memory: bytes of shared memory for payloads above a quarter of the capacity, each direction
    :param open_timeout: how long a client waits for the channel to exist
    :param send_timeout: how long a send waits for room
    :param request_timeout: how long a request waits for room and its reply
    :param spin: how long to spin before sleeping; ``float("inf")`` never sleeps
    :param group: let members of the process's group join, too
    :raises ChannelNotFoundError: no server created the channel in time
    :raises RoleTakenError: another process has the role
    :raises AxonError: and its other subclasses, by what is wrong with the channel
    """
    return Channel(
        name,
        role=role,
        capacity=capacity,
        max_message=max_message,
        large_memory=large_memory,
        open_timeout=open_timeout,
        send_timeout=send_timeout,
        request_timeout=request_timeout,
        spin=spin,
        group=group,
    )
