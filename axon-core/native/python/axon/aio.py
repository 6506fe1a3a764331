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
import contextlib
import inspect
import queue
import sys
import threading
import weakref
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Dict, List, Mapping, Optional, Set, Type, TypeVar

import axon
from axon._axon import Channel, Message
from axon.errors import ChannelClosedError, SendTimeoutError
from axon.handlers import Dispatch, release
from axon.late import LateReplies

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    from axon._axon import _Buffer

    _P = ParamSpec("_P")
    _Opening = Coroutine[Any, Any, "AsyncChannel"]

__all__ = ["AsyncChannel", "open"]

AsyncHandler = Callable[[Message], Any]

IDLE_THREADS = 8  # kept for later
CALLS_AT_ONCE = 32  # calls that did not wait, after which other tasks get their turn
_DEFAULT: Any = object()  # the channel's own time-out
_Result = TypeVar("_Result")


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
    threads = _Threads(name)
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

    def __init__(self, channel: Channel, threads: _Threads) -> None:
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


def _drop(threads: _Threads, late: LateReplies) -> None:
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
                await _end_of(task)
                raise
            if not task.cancelled():
                return task.result()
    raise RuntimeError("CancelledError: what the function waited for was cancelled")


def _within(timeout: Optional[float]) -> Dict[str, Any]:
    return {} if timeout is _DEFAULT else {"timeout": timeout}


# What becomes of a call's result and exception, of which one is None.
_Settle = Callable[[Any, Optional[BaseException]], None]


class _Threads:
    """The threads that wait on behalf of a channel's tasks; used in the event loop's thread only."""

    def __init__(self, name: str) -> None:
        self.interrupts: Set[int] = set()  # of the threads whose waits are to end; read by the waits
        self.channel: Optional[Channel] = None
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._all: Set[_Thread] = set()
        self._idle: List[_Thread] = []
        self._ending: Set[asyncio.Future[None]] = set()  # done when a thread is done with a call that was cancelled

    async def call(
        self, function: Callable[[], _Result], unwanted: Optional[Callable[[_Result], object]] = None
    ) -> _Result:
        """Call a function in a thread. Cancelled, the thread's wait ends, and what it still brings is ``unwanted``."""
        if self.channel is not None:
            self.channel.__enter__()  # ChannelClosedError; in a forked child, too, where there are no threads
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(f"channel {self._name!r} was opened in another event loop: use it there")
        future: asyncio.Future[_Result] = self._loop.create_future()
        gone: asyncio.Future[None] = self._loop.create_future()

        def settle(result: Any, failure: Optional[BaseException]) -> None:
            gone.set_result(None)
            self._ending.discard(gone)
            if future.done():
                if unwanted is not None and failure is None:
                    unwanted(result)
            elif failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

        thread = self._start(function, settle)
        try:
            return await future
        except asyncio.CancelledError:
            if future.cancelled():
                self.interrupts.add(thread.identifier)
                if self.channel is not None:
                    self.channel._wake()
                # Until then the thread uses the call's buffers, which may be a message's payload.
                if not gone.done():
                    self._ending.add(gone)
                await _end_of(gone)
            elif unwanted is not None and future.exception() is None:
                unwanted(future.result())
            raise

    def _start(self, function: Callable[[], Any], settle: _Settle) -> _Thread:
        if self._idle:
            thread = self._idle.pop()
        else:
            thread = _Thread(f"axon-{self._name}")
            self._all.add(thread)

        def done(result: Any, failure: Optional[BaseException]) -> None:
            self.interrupts.discard(thread.identifier)
            if thread in self._all and len(self._idle) < IDLE_THREADS:
                self._idle.append(thread)
            else:
                self._all.discard(thread)
                thread.end()
            settle(result, failure)

        thread.calls.put((function, self._loop, done))
        return thread

    async def settled(self) -> None:
        """Wait until the calls that were cancelled have let go of their buffers."""
        while self._ending:
            await asyncio.shield(next(iter(self._ending)))

    def end(self, wait: bool = True) -> None:
        """End the threads; wait for those whose calls have ended: all of them when the channel is closed."""
        threads, self._all = self._all, set()
        idle, self._idle = self._idle, []
        for thread in threads:
            thread.end()
        for thread in idle if self.channel is None else threads:
            if wait and not sys.is_finalizing():  # then it never runs again
                thread.join()


async def _end_of(future: asyncio.Future[Any]) -> None:
    """Wait for what comes soon, however often the task is cancelled meanwhile."""
    while not future.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({future})


class _Thread:
    """Does calls one after another. A daemon, so that a program may end without closing its channel."""

    def __init__(self, name: str) -> None:
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.identifier: int = self._thread.ident or 0

    def end(self) -> None:
        self.calls.put(None)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while True:
            call = self.calls.get()
            if call is None:
                return
            function, loop, done = call
            result = error = None
            try:
                result = function()
            except BaseException as failure:
                error = failure
            del call, function  # before anybody learns of the end: they hold buffers
            try:
                loop.call_soon_threadsafe(done, result, error)
            except RuntimeError:  # the event loop is closed
                return
            del loop, done, result, error  # what they hold may be a message
