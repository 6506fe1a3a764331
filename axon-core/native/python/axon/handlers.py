"""Functions by tag, and the loop that calls them: what Channel.serve() does.

A function is called with the message, whose payload is valid until it returns. What it
returns, any C-contiguous bytes-like object, is the reply to a request; None is an empty
reply. For a message that is no request what it returns is ignored.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import inspect
import logging
import sys
import traceback
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple, TypeVar

from axon._axon import Channel, Message
from axon.errors import ChannelClosedError
from axon.late import LateReplies

Handler = Callable[[Message], Any]
_AnyHandler = TypeVar("_AnyHandler", bound=Handler)

logger = logging.getLogger("axon")

_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())  # since Python 3.11


class Handlers(Dict[str, Handler]):
    """Functions by tag: a dict to decorate functions with, for Channel.serve().

    ::

        handlers = axon.Handlers()

        @handlers("sum")
        def total(message):
            return array.array("d", [sum(message.payload.cast("d"))])

        @handlers("sensor.*", "probe.*")
        def measured(message):
            print(message.tag, bytes(message.payload))

        channel.serve(handlers)

    A tag that ends in ``*`` is a pattern: all tags that start with what is before it. An
    exact tag goes before a pattern, a longer pattern before a shorter one.
    """

    def __call__(self, *tags: str) -> Callable[[_AnyHandler], _AnyHandler]:
        """Return a decorator that enters a function under these tags; ValueError for one that has a function."""
        if not tags or not all(isinstance(tag, str) for tag in tags):
            raise TypeError("a handler needs its tags: @handlers('tag')")

        def enter(function: _AnyHandler) -> _AnyHandler:
            for tag in tags:
                if tag in self:
                    raise ValueError(f"tag {tag!r} has a handler already: {self[tag]!r}")
                self[tag] = function
            return function

        return enter


class NoHandlerError(LookupError):
    """No function takes a message's tag."""


class Dispatch:
    """Which function takes a message, and what becomes of a message whose function failed."""

    def __init__(self, channel: Channel, handlers: Mapping[str, Handler]) -> None:
        for tag, function in handlers.items():
            if not isinstance(tag, str) or not callable(function):
                raise TypeError(f"handlers are functions by their tags, not {function!r} by {tag!r}")
            if not 1 <= len(tag.encode()) <= 255:
                raise ValueError(f"a tag has 1 to 255 bytes of UTF-8, not {len(tag.encode())}")
        self.channel = channel
        self._exact: Dict[str, Handler] = {tag: f for tag, f in handlers.items() if not tag.endswith("*")}
        patterns = [(tag[:-1], function) for tag, function in handlers.items() if tag.endswith("*")]
        self._patterns: List[Tuple[str, Handler]] = sorted(patterns, key=lambda pattern: -len(pattern[0]))
        self._unhandled: Set[str] = set()

    def handler(self, message: Message) -> Handler:
        """Return the function of the message's tag; NoHandlerError when there is none."""
        tag = message.tag
        function = self._exact.get(tag)
        if function is None:
            function = next((function for prefix, function in self._patterns if tag.startswith(prefix)), None)
        if function is None:
            raise NoHandlerError(f"no handler for tag {tag!r} on channel {self.name!r}")
        return function

    @property
    def name(self) -> str:
        return self.channel.name

    def failed(self, message: Message, failure: BaseException) -> Optional[str]:
        """Log a failure and return the error to reply with, if there is one; raise it when it ends the loop."""
        if isinstance(failure, ChannelClosedError) and self.channel.closed:
            raise failure
        with contextlib.suppress(Exception):  # of a log handler, say: a request is answered all the same
            self._log(message, failure)
        forget_frames(failure)
        return text_of(failure) if message.is_request and not message.answered else None

    def _log(self, message: Message, failure: BaseException) -> None:
        if not isinstance(failure, NoHandlerError):
            trace = (type(failure), failure, failure.__traceback__)  # an exception may be false
            logger.error("channel %r: handling a message with tag %r failed", self.name, message.tag, exc_info=trace)
        elif message.tag not in self._unhandled and len(self._unhandled) < 100:  # the peer chooses the tags
            self._unhandled.add(message.tag)
            logger.warning("%s; further messages with this tag are not logged", failure)

    def unanswered(self, message: Message, failure: Exception) -> None:
        """Log that an error reply failed; raise it when it ends the loop."""
        if isinstance(failure, ChannelClosedError):
            raise failure
        logger.error("channel %r: a request with tag %r was not answered: %s", self.name, message.tag, failure)

    def ended(self, message: Message, reason: BaseException) -> None:
        """Answer a request, if that needs no waiting, because the loop ends with it in hand."""
        name = type(reason).__name__
        with contextlib.suppress(Exception):
            if not is_cancellation(reason):
                logger.warning("channel %r: %s ends serving, at a message with tag %r", self.name, name, message.tag)
        forget_frames(reason)
        try:
            if message.is_request and not message.answered:
                message.reply_error(text_of(reason), timeout=0)
        except Exception as failure:
            logger.warning("channel %r: a request with tag %r was not answered: %s", self.name, message.tag, failure)


def text_of(failure: BaseException) -> str:
    """Return what the peer is told: the exception's type and text, as Python ends a traceback with."""
    try:
        if isinstance(failure, NoHandlerError):
            return str(failure)
        return "".join(traceback.format_exception_only(type(failure), failure)).strip()
    except Exception:  # of the failure's own code
        return type(failure).__name__


def forget_frames(failure: Optional[BaseException]) -> None:
    """Let go of the local variables of what failed: arrays of a payload would keep it in use."""
    seen: Set[int] = set()
    failures = [failure]
    while failures:
        failure = failures.pop()
        if failure is not None and id(failure) not in seen:  # an exception may be false
            seen.add(id(failure))
            traceback.clear_frames(failure.__traceback__)
            failures += [failure.__cause__, failure.__context__]
            if isinstance(failure, _GROUP):
                failures += failure.exceptions


def release(message: Message) -> None:
    """Release a message, of whose payload garbage may have remained."""
    try:
        message.release()
    except BufferError:
        gc.collect()
        message.release()


def serve(channel: Channel, handlers: Mapping[str, Handler]) -> None:
    """See Channel.serve(), which calls this."""
    dispatch = Dispatch(channel, handlers)
    late = LateReplies(channel)
    for tag, function in handlers.items():
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"the handler of tag {tag!r} is a coroutine function: serve it with axon.aio")
    try:
        for message in channel:
            handle(dispatch, late, message)
            release(message)
    except ChannelClosedError:
        if not channel.closed:
            raise
    finally:
        late.end()


def handle(dispatch: Dispatch, late: LateReplies, message: Message) -> None:
    try:
        answer = dispatch.handler(message)(message)
        if message.is_request and not message.answered:
            buffer = b"" if answer is None else answer
            if not late.reply(message, buffer):
                message.reply(buffer)
    except Exception as failure:
        fail(dispatch, late, message, failure)
    except BaseException as reason:
        if not is_cancellation(reason):
            dispatch.ended(message, reason)
            raise
        fail(dispatch, late, message, reason)


def is_cancellation(reason: BaseException) -> bool:
    """Whether a function ran into asyncio's CancelledError: of a loop of its own, as there is none here."""
    asyncio = sys.modules.get("asyncio")  # whose import takes its time
    return asyncio is not None and isinstance(reason, asyncio.CancelledError)


def fail(dispatch: Dispatch, late: LateReplies, message: Message, failure: BaseException) -> None:
    error = dispatch.failed(message, failure)
    if error is not None:
        try:
            if not late.reply_error(message, error):
                message.reply_error(error)
        except Exception as unanswered:
            dispatch.unanswered(message, unanswered)
