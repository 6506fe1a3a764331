"""The payload's lifetime: shared memory is never given back while somebody can still see it."""

import gc
import threading
import unittest
import warnings

import axon
from support import PATIENCE, ChannelTest, address_of, mapped_file

HOLDER = """
import signal, sys, axon
channel = axon.open(sys.argv[1], role="server", open_timeout=30)
message = channel.receive()
in_use = message.payload[1:]
try:
    message.release()
except BufferError:
    print("kept", message.deliveries, flush=True)
signal.pause()
"""


class BuffersTest(ChannelTest):
    def setUp(self):
        super().setUp()
        self.server, self.client = self.pair()

    def test_a_released_message_has_no_payload(self):
        self.client.send("data", b"abc", metadata=b"meta")
        message = self.server.receive()
        payload = message.payload
        self.assertIs(message.payload, payload)
        message.release()
        message.release()
        with self.assertRaises(ValueError):
            payload[0]
        with self.assertRaises(ValueError):
            message.payload
        self.assertEqual((message.tag, message.metadata), ("data", b"meta"))

    def test_a_with_statement_releases(self):
        self.client.send("data", b"abc")
        with self.server.receive() as message:
            payload = message.payload
        with self.assertRaises(ValueError):
            payload[0]
        self.assertEqual(self.server.counters["messages_received"], 1)

    def test_the_next_receive_releases(self):
        self.client.send("data", b"one")
        self.client.send("data", b"two")
        payload = self.server.receive().payload
        self.assertEqual(bytes(self.server.receive().payload), b"two")
        with self.assertRaises(ValueError):
            payload[0]

    def test_a_payload_outlives_its_message_object(self):
        self.client.send("data", b"abc")
        payload = self.server.receive().payload
        gc.collect()
        self.assertEqual(bytes(payload), b"abc")

    def test_a_view_released_by_its_user_is_made_anew(self):
        self.client.send("data", b"abc")
        message = self.server.receive()
        with message.payload as first:
            slice_of_it = first[1:]
        self.assertEqual(bytes(message.payload), b"abc")
        self.assertEqual(bytes(slice_of_it), b"bc")

    def test_a_message_in_use_is_not_released(self):
        self.client.send("data", b"abc")
        message = self.server.receive()
        in_use = message.payload[1:]
        with self.assertRaises(BufferError):
            message.release()
        self.assertEqual(self.server.counters["messages_received"], 0)
        self.assertEqual(bytes(in_use), b"bc")
        self.assertEqual(bytes(message.payload), b"abc")
        del in_use
        message.release()
        self.assertEqual(self.server.counters["messages_received"], 1)

    def test_nothing_is_lost_when_receive_and_iteration_refuse(self):
        for text in b"one", b"two", b"three":
            self.client.send("data", text)
        in_use = memoryview(self.server.receive())
        for take in self.server.receive, lambda: next(self.server):
            with self.assertRaises(BufferError):
                take()
        in_use.release()
        received = [bytes(self.server.receive().payload), bytes(next(self.server).payload)]
        self.assertEqual(received, [b"two", b"three"])

    def test_close_refuses_while_a_payload_is_in_use(self):
        self.client.send("data", b"abc")
        in_use = self.server.receive().payload[1:]
        with self.assertRaises(BufferError):
            self.server.close()
        self.assertFalse(self.server.closed)
        self.assertEqual(bytes(in_use), b"bc")
        self.server.send("still", b"open")
        del in_use
        self.server.close()
        self.assertTrue(self.server.closed)

    def test_a_claim_that_outlives_its_thread_is_named_until_the_channel_is_opened_again(self):
        kept = []

        def leave():
            with self.server.claim("data", 3) as view:
                kept.append(view[1:])

        def run():
            with self.assertRaises(BufferError):
                leave()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        kept.clear()
        with self.assertRaisesRegex(axon.SendTimeoutError, "a claim was given up in another thread than its own"):
            self.server.send("data", b"", timeout=0.01)
        self.server.close()
        with axon.open(self.name, role="server") as server:
            server.send("after", b"")
            self.assertEqual(self.client.receive(PATIENCE).tag, "after")

    def test_what_is_under_way_is_not_replaced_by_a_buffer_error(self):
        self.client.send("data", b"abc")
        in_use = None
        for failure in KeyboardInterrupt, SystemExit, ValueError:
            with self.subTest(failure.__name__), self.assertRaises(failure), self.server:
                message = self.server.receive(0) if in_use is None else message
                with message:
                    in_use = message.payload[1:]
                    raise failure
        self.assertFalse(self.server.closed)
        with self.assertRaises(BufferError), self.server:
            pass
        del in_use

    def test_a_closed_channel_takes_its_payloads_away(self):
        self.client.send("data", b"abc")
        message = self.server.receive()
        payload = message.payload
        self.server.close()
        with self.assertRaises(ValueError):
            payload[0]
        with self.assertRaises(axon.ChannelClosedError):
            message.payload
        message.release()

    def test_a_message_in_use_stays_unacknowledged(self):
        self.server.close()
        holder = self.start("-c", HOLDER, self.name)
        self.client.send("data", b"first")
        self.client.send("data", b"second")
        self.assertEqual(holder.stdout.readline(), "kept 1\n")
        self.stop_now(holder)
        with self.open("server") as server:
            message = server.receive()
            self.assertEqual((bytes(message.payload), message.deliveries, message.redelivered), (b"first", 2, True))
            message = server.receive()
            self.assertEqual((bytes(message.payload), message.deliveries), (b"second", 1))

    @staticmethod
    def stop_now(process):
        process.kill()
        process.wait()

    def test_a_forgotten_channel_closes_when_its_last_payload_is_gone(self):
        self.client.send("data", b"abc")
        self.server.close()
        channel = axon.open(self.name, role="server")
        payload = channel.receive().payload
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del channel
            gc.collect()
            self.assertEqual(caught, [])
            self.assertEqual(bytes(payload), b"abc")
            self.assertTrue(self.client.peer_alive)
            del payload
            self.assertEqual([warning.category for warning in caught], [ResourceWarning])
        self.assertFalse(self.client.peer_alive)


class ReplyClaimTest(ChannelTest):
    def ask(self, client):
        """Make a request in a thread, which appends the reply to the list that is returned."""
        replies = []

        def run():
            with client.request("ask", b"abc", timeout=PATIENCE) as reply:
                replies.append(bytes(reply.payload))

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return thread, replies

    def test_a_reply_is_written_in_place(self):
        server, client = self.pair()
        for size, file in (3, f"/dev/shm/axon.{self.name}"), (1 << 20, f"/dev/shm/axon.{self.name}~0.00"):
            with self.subTest(size=size):
                thread, replies = self.ask(client)
                with server.receive(PATIENCE) as request, request.claim(size) as view:
                    self.assertEqual(mapped_file(address_of(view)), file)
                    view[:3] = bytes(request.payload).upper()
                    view[3:] = bytes(size - 3)
                self.assertTrue(request.answered)
                thread.join()
                self.assertEqual(replies, [b"ABC" + bytes(size - 3)])

    def test_a_reply_that_is_dropped_can_be_given_anew(self):
        server, client = self.pair()
        thread, replies = self.ask(client)
        request = server.receive(PATIENCE)
        with self.assertRaises(ZeroDivisionError), request.claim(3):
            1 / 0
        self.assertFalse(request.answered)
        with request.claim(0):
            pass
        thread.join()
        self.assertEqual(replies, [b""])

    def test_only_requests_can_be_answered(self):
        server, client = self.pair()
        client.send("data", b"")
        message = server.receive()
        with self.assertRaisesRegex(ValueError, "'data' is no request"):
            message.claim(3)
        message.release()
        with self.assertRaisesRegex(ValueError, "'data' has been released"):
            message.claim(3)

    def test_a_function_may_claim_its_reply(self):
        def answer(message):
            with message.claim(3) as view:
                view[:] = b"abc"

        server, client = self.pair()
        thread = threading.Thread(target=server.serve, args=({"ask": answer},))
        thread.start()
        with client.request("ask", b"", timeout=PATIENCE) as reply:
            self.assertEqual(bytes(reply.payload), b"abc")
        server.close()
        thread.join()
        self.assertEqual(client.counters["replies_dropped"], 0)


class ZeroCopyTest(ChannelTest):
    def test_payloads_lie_in_shared_memory(self):
        server, client = self.pair()
        for size, file in (100, f"/dev/shm/axon.{self.name}"), (1 << 20, f"/dev/shm/axon.{self.name}~1.00"):
            with self.subTest(size=size):
                with client.claim("data", size) as view:
                    self.assertEqual(mapped_file(address_of(view)), file)
                    view[:] = bytes(size)
                with server.receive() as message:
                    self.assertEqual(mapped_file(address_of(message.payload)), file)

    def test_what_is_seen_is_the_record_itself(self):
        server, client = self.pair()
        with client.claim("data", 16) as view:
            view[:] = b"written in place"
            sender = address_of(view)
        with server.receive() as message:
            receiver = address_of(message.payload)
            self.assertEqual(bytes(message.payload), b"written in place")
        # Both ends map the segment, each at an address of its own, but the record is at one offset.
        self.assertEqual(sender % 4096, receiver % 4096)


if __name__ == "__main__":
    unittest.main()
