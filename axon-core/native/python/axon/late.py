"""Replies that found no room: sent by a thread, so that who serves goes on receiving.

A serving end is the only consumer of its ring. Where both ends serve and ask, both rings may be full of
requests: if both waited for room for a reply, neither would make any.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from typing import TYPE_CHECKING, Optional, Tuple

from axon._axon import Channel, Message
from axon.errors import ChannelClosedError, SendTimeoutError

if TYPE_CHECKING:
    from axon._axon import _Buffer

MOST = 1024  # so many replies may wait; the next one keeps who serves from receiving

logger = logging.getLogger("axon")


class LateReplies:
    """The replies of a channel that wait for room, and the thread that sends them; used by one thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: queue.Queue[Optional[Tuple[bytes, int, bytes, int]]] = queue.Queue()
        self._thread: Optional[threading.Thread] = None

    def reply(self, message: Message, buffer: _Buffer) -> bool:
        """Answer a request, with a copy of the buffer later if there is no room; False where too many wait."""
        try:
            message.reply(buffer, timeout=0)
        except SendTimeoutError:
            return self._later(message, buffer, False)
        return True

    def reply_error(self, message: Message, text: str) -> bool:
        """The same with an error."""
        try:
            message.reply_error(text, timeout=0)
        except SendTimeoutError:
            return self._later(message, text.replace("\0", "\ufffd").encode("utf-8", "replace"), True)
        return True

    def _later(self, message: Message, buffer: _Buffer, error: bool) -> bool:
        if self._waiting.qsize() >= MOST:
            return False
        self._waiting.put(message._defer(buffer, error))
        if self._thread is None:
            # A daemon, so that a program may end without closing its channel.
            self._thread = threading.Thread(target=self._run, name=f"axon-{self._channel.name}-replies", daemon=True)
            self._thread.start()
        return True

    def end(self, wait: bool = True) -> None:
        """End the thread when it has sent what waits; wait for that if the channel is closed: what waits is lost."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            if wait and self._channel.closed and not sys.is_finalizing():  # then it never runs again
                thread.join()

    def _run(self) -> None:
        while True:
            reply = self._waiting.get()
            if reply is None:
                return
            try:
                self._channel._reply(*reply)
            except Exception as failure:
                tag = reply[0].decode("utf-8", "replace")
                name = self._channel.name
                if isinstance(failure, ChannelClosedError):
                    more = self._waiting.qsize()
                    logger.warning("channel %r: no answer to tag %r and up to %d more: %s", name, tag, more, failure)
                    return
                logger.error("channel %r: a request with tag %r was not answered: %s", name, tag, failure)
