"""Replies that find no room: two ends that serve and ask each other go on."""

import collections
import contextlib
import logging
import threading
import unittest

import axon
import axon.late
from axon.late import LateReplies
from support import PATIENCE, ChannelTest


class BothEndsTest(ChannelTest):
    """Both ends serve and ask: a serving end that waits for room makes none for the other."""

    THREADS = 16
    REQUESTS = 100

    def ask(self, channel, outcomes):
        for number in range(self.REQUESTS):
            payload = b"%d" % number * 200
            try:
                with channel.request("echo", payload, timeout=PATIENCE) as reply:
                    outcomes.append(bytes(reply.payload) == payload)
            except axon.AxonError as failure:
                outcomes.append(repr(failure))

    def check(self, handler, expected):
        ends = self.open("server", capacity=4096), self.open("client")
        serving = [threading.Thread(target=end.serve, args=({"echo": handler},)) for end in ends]
        outcomes = []
        asking = [threading.Thread(target=self.ask, args=(e, outcomes)) for e in ends for _ in range(self.THREADS)]
        for thread in serving + asking:
            thread.start()
        for thread in asking:
            thread.join()
        for end in ends:
            end.close()
        for thread in serving:
            thread.join()
        self.assertEqual(collections.Counter(outcomes), {expected: len(asking) * self.REQUESTS})
        self.assertEqual([thread for thread in threading.enumerate() if thread.name.startswith("axon-")], [])

    def test_all_are_answered(self):
        self.check(lambda message: message.payload, True)

    def test_all_are_answered_with_an_error(self):
        def fail(message):
            raise ValueError("x" * 300)

        logging.getLogger("axon").disabled = True
        self.addCleanup(setattr, logging.getLogger("axon"), "disabled", False)
        self.check(fail, repr(axon.RemoteError("ValueError: " + "x" * 300)))


class LateTest(ChannelTest):
    def setUp(self):
        super().setUp()
        self.server, self.client = self.pair(capacity=4096, send_timeout=PATIENCE)
        while self.server.try_send("noise", bytes(100)):
            pass

    def request(self):
        """Have the client ask, in a thread, and take the request."""
        self.replies = []

        def ask():
            with contextlib.suppress(axon.ChannelClosedError, axon.PeerDiedError):
                self.replies.append(self.client.request("ask", b"", timeout=PATIENCE))

        thread = threading.Thread(target=ask)
        thread.start()
        return thread, self.server.receive(PATIENCE)

    def test_a_reply_without_room_is_copied_and_sent_later(self):
        late = LateReplies(self.server)
        thread, message = self.request()
        payload = bytearray(b"x" * 500)
        self.assertTrue(late.reply(message, payload))
        self.assertTrue(message.answered)
        message.release()
        payload[:] = bytes(500)
        while self.client.receive(0) is not None or thread.is_alive():
            pass
        self.assertEqual(bytes(self.replies[0].payload), b"x" * 500)
        self.replies.pop().release()
        self.server.close()
        late.end()

    def test_what_waits_beyond_the_most_waits_where_it_is(self):
        late = LateReplies(self.server)
        thread, message = self.request()
        late_most, axon.late.MOST = axon.late.MOST, 0
        self.addCleanup(setattr, axon.late, "MOST", late_most)
        self.assertFalse(late.reply(message, bytes(500)))
        self.assertFalse(message.answered)
        while self.client.receive(0) is not None:
            pass
        self.assertTrue(late.reply(message, bytes(500)))
        thread.join()
        self.replies.pop().release()

    def test_a_close_ends_the_thread(self):
        late = LateReplies(self.server)
        thread, message = self.request()
        self.assertTrue(late.reply_error(message, "a" * 400))
        message.release()
        with self.assertLogs("axon", "WARNING"):
            self.server.close()
            late.end()
        while self.client.receive(0) is not None:
            pass
        self.client.close()
        thread.join()


if __name__ == "__main__":
    unittest.main()
