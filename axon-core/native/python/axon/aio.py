"""Channels for asyncio.

::

    async with await axon.aio.open("prices", role="server") as channel:
        async for message in channel:
            print(message.tag, bytes(message.payload))

    async with await axon.aio.open("prices") as channel:
        await channel.send("tick", b"42.5")

What need not wait is done at once. What has to wait does so in a thread that sleeps in the
library; there is one for each task that waits, they are reused, and close() ends them. A
task that is cancelled ends its thread's wait, and no message is lost.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import weakref
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Dict, Mapping, Optional, Type

import axon
from axon._axon import Channel, Message
from axon.errors import ChannelClosedError, SendTimeoutError
from axon.handlers import Dispatch, release
from axon.late import LateReplies
from axon.threads import Threads, end_of

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    from axon._axon import _Buffer

    _P = ParamSpec("_P")
    _Opening = Coroutine[Any, Any, "AsyncChannel"]

__all__ = ["AsyncChannel", "open"]

AsyncHandler = Callable[[Message], Any]

CALLS_AT_ONCE = 32  # calls that did not wait, after which other tasks get their turn
_DEFAULT: Any = object()  # the channel's own time-out


def _with_parameters_of(
    model: Callable[_P, Channel],
) -> Callable[[Callable[..., _Opening]], Callable[_P, _Opening]]:
    """Give a function another's parameters, for those who read them and for type checkers."""

    def give(function: Callable[..., _Opening]) -> Callable[_P, _Opening]:
        signature = inspect.signature(model).replace(return_annotation="AsyncChannel")
        setattr(function, "__signature__", signature)
        return function

    return give


@_with_parameters_of(axon.open)
async def open(name: str, **options: Any) -> AsyncChannel:
    """Open one end of a channel as axon.open() does, for the event loop that runs.

    Parameters and exceptions are those of axon.open(). Cancelling ends the attempt.
    """
    threads = Threads(name)
    try:
        make = partial(Channel, name, _interrupts=threads.interrupts, **options)
        return AsyncChannel(await threads.call(make, unwanted=Channel.close), threads)
    except BaseException:
        threads.end()
        raise


class AsyncChannel:
    """One end of a channel, made by axon.aio.open(), for the tasks of one event loop.

    Close it, or use it in an ``async with`` statement; a program that ends without that
    lets go of its role all the same. Any task may send and make requests, many at a time;
    one task at a time receives. A forked child has no channel.
    """

    channel: Channel
    """The same channel, for what does not wait: try_send(), counters, peer_alive, name.

    claim() too, with timeout=0: SendTimeoutError tells that there is no room. Its with
    statement must not contain an await, since all of the loop's tasks share one claim.
    """

    def __init__(self, channel: Channel, threads: Threads) -> None:
        self.channel = channel
        self._threads = threads
        threads.channel = channel
        self._late = LateReplies(channel)
        self._receiving = self._serving = False
        self._calls = 0
        weakref.finalize(self, _drop, threads, self._late).atexit = False

    async def receive(self) -> Message:
        """Return the next message, however long that takes; for a time-out use asyncio.wait_for().

        The message taken before is released; BufferError while something made of its payload
        lives. Cancelling takes nothing. RuntimeError when another task receives, or serve() runs.
        """
        if self._serving:
            raise RuntimeError(f"channel {self.channel.name!r} is served, which receives all of it")
        return await self._receive()

    async def _receive(self) -> Message:
        if self._receiving:
            raise RuntimeError("another task receives from this channel; one does at a time")
        self._receiving = True
        try:
            await self._give_way()
            while True:
                message = self.channel.receive(0)
                if message is not None:
                    return message
                await self._threads.call(self.channel._await)
        finally:
            self._receiving = False

    async def send(
        self,
        tag: str,
        buffer: _Buffer,
        *,
        metadata: Optional[_Buffer] = None,
        timeout: Optional[float] = _DEFAULT,
    ) -> None:
        """Send as Channel.send() does. Cancelled, the message may or may not have been sent.

        The buffer must not change until then: it is copied when there is room.
        """
        await self._give_way()
        if not self.channel.try_send(tag, buffer, metadata=metadata):
            await self._threads.call(partial(self.channel.send, tag, buffer, metadata=metadata, **_within(timeout)))

    async def request(
        self,
        tag: str,
        buffer: _Buffer,
        *,
        metadata: Optional[_Buffer] = None,
        timeout: Optional[float] = _DEFAULT,
    ) -> Message:
        """Send a request and return the reply as Channel.request() does: it is to be released.

        Cancelled, the request may or may not have been sent, and its reply is dropped.
        """
        ask = partial(self.channel.request, tag, buffer, metadata=metadata, **_within(timeout))
        return await self._threads.call(ask, unwanted=Message.release)

    async def reply(self, message: Message, buffer: _Buffer, *, timeout: Optional[float] = _DEFAULT) -> None:
        """Answer a request: Message.reply() without making other tasks wait for room."""
        await self._answer(partial(message.reply, buffer), timeout)

    async def reply_error(self, message: Message, text: str, *, timeout: Optional[float] = _DEFAULT) -> None:
        """Answer a request with an error: Message.reply_error() without making other tasks wait for room."""
        await self._answer(partial(message.reply_error, text), timeout)

    async def _answer(self, reply: Callable[..., None], timeout: Optional[float]) -> None:
        try:
            return reply(timeout=0)
        except SendTimeoutError:
            if timeout == 0:
                raise
        await self._threads.call(partial(reply, **_within(timeout)))

    async def serve(self, handlers: Mapping[str, AsyncHandler]) -> None:
        """Receive for ever and call the function of each message's tag, as Channel.serve() does.

        Functions may be coroutine functions. One message is handled at a time, in order: its
        payload is valid until the function's coroutine has ended, and other tasks run
        meanwhile. Cancelling ends the loop; a request in hand is answered with an error.
        """
        dispatch = Dispatch(self.channel.__enter__(), handlers)  # ChannelClosedError
        if self._serving or self._receiving:
            name = self.channel.name
            raise RuntimeError(f"channel {name!r} is served or received from already; one task does at a time")
        self._serving = True
        try:
            while True:
                message = await self._receive()
                await self._handle(dispatch, message)
                release(message)
        except ChannelClosedError:
            if not self.channel.closed:
                raise
        finally:
            self._serving = False

    async def _handle(self, dispatch: Dispatch, message: Message) -> None:
        try:
            answer = await _result_of(dispatch.handler(message), message)
            if message.is_request and not message.answered:
                buffer = b"" if answer is None else answer
                if not self._late.reply(message, buffer):
                    await self.reply(message, buffer)
        except Exception as failure:
            error = dispatch.failed(message, failure)
            if error is not None:
                try:
                    if not self._late.reply_error(message, error):
                        await self.reply_error(message, error)
                except Exception as unanswered:
                    dispatch.unanswered(message, unanswered)
        except BaseException as reason:
            dispatch.ended(message, reason)
            raise

    async def close(self) -> None:
        """Close the channel and end its threads; nothing when it is closed. Messages in hand are acknowledged.

        Other tasks' calls end with ChannelClosedError. Raise BufferError, and close nothing,
        while a payload is in use.
        """
        await self._threads.settled()
        self.channel.close()
        self._threads.end()
        self._late.end()

    async def _give_way(self) -> None:
        self._calls += 1
        if self._calls % CALLS_AT_ONCE == 0:
            await asyncio.sleep(0)

    def __aiter__(self) -> AsyncChannel:
        return self

    async def __anext__(self) -> Message:
        return await self.receive()

    async def __aenter__(self) -> AsyncChannel:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            await self.close()
        except BufferError:
            if exc_type is None:
                raise


def _drop(threads: Threads, late: LateReplies) -> None:
    """End the threads of a channel that is dropped without a close."""
    threads.end(wait=False)
    late.end(wait=False)


async def _result_of(function: AsyncHandler, message: Message) -> Any:
    """Return what a function does; RuntimeError for a CancelledError unless it is this task that is cancelled."""
    try:
        answer = function(message)
    except asyncio.CancelledError:
        pass
    else:
        if not inspect.isawaitable(answer):
            return answer
        serving = asyncio.current_task()
        if sys.version_info >= (3, 11) and serving is not None:
            before = serving.cancelling()
            try:
                return await answer
            except asyncio.CancelledError:
                if serving.cancelling() > before:
                    raise
        else:  # only a task of its own tells which of the two was cancelled
            task = asyncio.ensure_future(answer)
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                await end_of(task)
                raise
            if not task.cancelled():
                return task.result()
    raise RuntimeError("CancelledError: what the function waited for was cancelled")


def _within(timeout: Optional[float]) -> Dict[str, Any]:
    return {} if timeout is _DEFAULT else {"timeout": timeout}
