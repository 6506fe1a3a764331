"""Requests, replies and errors as replies."""

import threading
import time
import unittest

import axon
from support import PATIENCE, ChannelTest


class RequestsTest(ChannelTest):
    def serve(self, channel, handler, count=1):
        """Handle messages of a channel in another thread."""

        def run():
            for _ in range(count):
                with channel.receive(PATIENCE) as message:
                    handler(message)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def test_a_reply_answers_its_request(self):
        server, client = self.pair()
        seen = []

        def handler(message):
            seen.append((message.tag, message.metadata, message.is_request, message.correlation_id != 0))
            message.reply(bytes(message.payload).upper())

        self.serve(server, handler, count=2)
        for payload in b"abc", b"x" * 1_000_000:
            with client.request("shout", payload, metadata=b"meta") as reply:
                self.assertEqual(reply.tag, "shout")
                self.assertFalse(reply.is_request)
                self.assertTrue(bytes(reply.payload) == payload.upper())
        self.assertEqual(seen, [("shout", b"meta", True, True)] * 2)

    def test_an_error_reply_is_raised(self):
        server, client = self.pair()
        self.serve(server, lambda message: message.reply_error("no such thing: Grüße"))
        with self.assertRaisesRegex(axon.RemoteError, "^no such thing: Grüße$"):
            client.request("data", b"")

    def test_a_request_looks_past_other_messages(self):
        server, client = self.pair()

        def handler(message):
            server.send("before", b"1")
            message.reply(b"answer")
            server.send("after", b"2")

        thread = self.serve(server, handler)
        with client.request("question", b"") as reply:
            self.assertEqual(bytes(reply.payload), b"answer")
        thread.join()
        self.assertEqual([client.receive().tag, client.receive().tag], ["before", "after"])
        self.assertIsNone(client.receive(0))

    def test_a_request_may_be_made_while_a_message_is_handled(self):
        server, client = self.pair()
        server.send("task", b"payload")
        with client.receive() as task:
            self.serve(server, lambda message: message.reply(message.payload))
            with client.request("help", b"please") as reply:
                self.assertEqual(bytes(reply.payload), b"please")
            self.assertEqual(bytes(task.payload), b"payload")

    def test_a_reply_in_use_is_kept_until_it_is_let_go(self):
        server, client = self.pair()
        self.serve(server, lambda message: message.reply(b"answer"), count=2)
        reply = client.request("data", b"")
        in_use = reply.payload[1:]
        with self.assertRaises(BufferError):
            reply.release()
        with self.assertRaises(BufferError):
            client.close()
        with client.request("data", b"") as second:
            self.assertEqual((bytes(in_use), bytes(second.payload)), (b"nswer", b"answer"))
        del in_use
        reply.release()

    def test_a_forgotten_reply_gives_its_room_back(self):
        server, client = self.pair(capacity=4096)
        self.serve(server, lambda message: message.reply(bytes(500)), count=50)
        for _ in range(50):
            client.request("data", b"")

    def test_no_reply_is_a_time_out(self):
        _, client = self.pair()
        with self.assertRaises(axon.RequestTimeoutError) as caught:
            client.request("data", b"", timeout=0.02)
        self.assertIsInstance(caught.exception, TimeoutError)

    def test_a_channel_has_its_own_request_time_out(self):
        self.open("server")
        client = self.open("client", request_timeout=0.02)
        with self.assertRaises(axon.RequestTimeoutError):
            client.request("data", b"")

    def test_the_peer_s_death_is_not_waited_out(self):
        holder = self.start_peer("server", "hold")
        self.assertEqual(holder.stdout.readline(), "ready\n")
        client = self.open("client")
        failures = []

        def ask():
            try:
                client.request("data", b"", timeout=PATIENCE)
            except axon.AxonError as failure:
                failures.append(failure)

        thread = threading.Thread(target=ask)
        thread.start()
        self.assertEqual(holder.stdout.readline(), "held deliveries=1\n")
        holder.kill()
        killed = time.monotonic()
        thread.join()
        self.assertEqual([type(failure) for failure in failures], [axon.PeerDiedError])
        self.assertLess(time.monotonic() - killed, PATIENCE / 3)
        self.assertFalse(client.peer_alive)
        server = self.open("server")  # the next one gets it again, and all goes on
        again = server.receive(PATIENCE)
        self.assertEqual(again.deliveries, 2)
        again.reply(b"too late")
        again.release()
        client.send("data", b"to the successor")
        self.assertEqual(bytes(server.receive(PATIENCE).payload), b"to the successor")
        self.assertTrue(client.peer_alive)
        self.assertIsNone(client.receive(0))  # the late reply is dropped

    def test_only_requests_are_answered(self):
        server, client = self.pair()
        client.send("data", b"")
        message = server.receive()
        self.assertFalse(message.is_request)
        with self.assertRaises(ValueError):
            message.reply(b"")
        message.release()
        with self.assertRaises(ValueError):
            message.reply(b"")


class ErrorTextTest(ChannelTest):
    def test_a_null_character_does_not_end_the_text(self):
        server, client = self.pair()
        failures = []

        def ask():
            try:
                client.request("ask", b"", timeout=PATIENCE)
            except axon.RemoteError as failure:
                failures.append(str(failure))

        thread = threading.Thread(target=ask)
        thread.start()
        server.receive(PATIENCE).reply_error("a\0b\0")
        thread.join()
        self.assertEqual(failures, ["a\ufffdb\ufffd"])


if __name__ == "__main__":
    unittest.main()
