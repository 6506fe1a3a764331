"""A program that mypy checks strictly: what users write has types."""

import array
import asyncio
from typing import List, Optional

import axon
import axon.aio

handlers = axon.Handlers()


@handlers("sum", "total")
def total(message: axon.Message) -> bytes:
    return array.array("d", [sum(message.payload.cast("d"))]).tobytes()


@handlers("sensor.*")
def measured(message: axon.Message) -> None:
    print(message.tag, len(message.payload), message.deliveries)


async def later(message: axon.Message) -> memoryview:
    await asyncio.sleep(0)
    return message.payload


def use(channel: axon.Channel) -> List[str]:
    tags: List[str] = []
    channel.send("data", b"bytes", metadata=bytearray(b"meta"), timeout=None)
    if not channel.try_send("data", array.array("d", [1.0])):
        tags.append("full")
    with channel.claim("data", 8, timeout=1.0) as view:
        view[:] = bytes(8)
    received: Optional[axon.Message] = channel.receive(timeout=0.5)
    if received is not None and received.is_request and not received.answered:
        with received.claim(3) as view:
            view[:] = b"abc"
        received.reply_error("no", timeout=0)
    with channel.request("ask", memoryview(b"abc")) as reply:
        tags.append(reply.tag)
        tags.append(str(bytes(memoryview(reply)), "utf-8"))
    for message in channel:
        tags.append(message.tag)
    channel.serve(handlers)
    channel.serve({"total": total})
    return tags


async def use_later(name: str) -> Optional[bytes]:
    async with await axon.aio.open(name, role="server", capacity=1 << 16, open_timeout=None) as channel:
        await channel.send("data", b"bytes", timeout=1)
        async for message in channel:
            await channel.reply(message, message.payload)
        await channel.serve({"later": later, "total": total})
        with await channel.request("ask", b"", timeout=1.0) as reply:
            return reply.metadata


async def misuse(channel: axon.Channel, later: axon.aio.AsyncChannel) -> None:
    channel.receive(timeout="1")  # type: ignore[arg-type]
    channel.send(b"data", b"")  # type: ignore[arg-type]
    channel.serve({"total": 1})  # type: ignore[dict-item]
    channel.request("ask", b"").missing  # type: ignore[attr-defined]
    await later.send("data", b"", timeout="1")  # type: ignore[arg-type]
    await axon.aio.open("name", capacity="1")  # type: ignore[arg-type]
    await axon.aio.open("name", colour="red")  # type: ignore[call-arg]


def main() -> int:
    try:
        with axon.open("typed", spin=float("inf"), group=True) as channel:
            use(channel)
    except (axon.ChannelNotFoundError, axon.RemoteError) as error:
        print(error)
    asyncio.run(use_later("typed"))
    return int(axon.discard("typed"))
