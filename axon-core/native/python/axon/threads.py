"""The threads in which axon.aio waits on behalf of tasks."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
from typing import Any, Callable, List, Optional, Set, TypeVar

from axon._axon import Channel

IDLE_THREADS = 8  # kept for later
_Result = TypeVar("_Result")

# What becomes of a call's result and exception, of which one is None.
_Settle = Callable[[Any, Optional[BaseException]], None]


class Threads:
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
                await end_of(gone)
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


async def end_of(future: asyncio.Future[Any]) -> None:
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
