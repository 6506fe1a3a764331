"""Sending and receiving: what goes in comes out."""

import array
import ctypes
import threading
import unittest

import axon
from peer import Pattern
from support import ChannelTest, needs_shared_memory

MIB = 1 << 20


class MessagesTest(ChannelTest):
    def test_either_side_sends_first(self):
        server, client = self.pair()
        client.send("from-client", b"one")
        server.send("from-server", b"two")
        with server.receive() as message:
            self.assertEqual((message.tag, bytes(message.payload)), ("from-client", b"one"))
        with client.receive() as message:
            self.assertEqual((message.tag, bytes(message.payload)), ("from-server", b"two"))

    def test_a_channel_tells_about_itself(self):
        server, client = self.pair(capacity=5000)
        self.assertEqual((server.name, server.role, client.role), (self.name, "server", "client"))
        self.assertEqual((server.capacity, client.capacity), (8192, 8192))
        self.assertTrue(server.peer_alive)
        client.close()
        self.assertFalse(server.peer_alive)
        self.assertEqual((server.closed, client.closed), (False, True))
        self.assertIn(self.name, repr(server))

    def test_payloads_of_every_size(self):
        self.check_sizes([0, 1, 7, 8, 63, 64, 65, 1000, 4096, MIB // 4 - 64, MIB // 4, MIB, 3 * MIB + 1])

    @needs_shared_memory(160 * MIB)
    def test_payloads_of_64_mib(self):
        self.check_sizes([64 * MIB])

    def check_sizes(self, sizes):
        server, client = self.pair()
        pattern = Pattern()
        for number, size in enumerate(sizes):
            for sender, receiver in (client, server), (server, client):
                with self.subTest(size=size, sender=sender.role):
                    sender.send("data", pattern.of(number, size))
                    with receiver.receive() as message:
                        self.assertEqual(len(message.payload), size)
                        self.assertTrue(bytes(message.payload) == bytes(pattern.of(number, size)))

    def test_tags_are_text_of_up_to_255_bytes(self):
        server, client = self.pair()
        for tag in "a", "Grüße", "\N{SNOWMAN}" * 85, "null\0inside":
            client.send(tag, b"")
            self.assertEqual(server.receive().tag, tag)

    def test_metadata_travels_along(self):
        server, client = self.pair()
        for metadata, arrived in (None, None), (b"", None), (b"\0trace", b"\0trace"), (bytearray(65535), bytes(65535)):
            client.send("data", b"payload", metadata=metadata)
            message = server.receive()
            self.assertEqual((message.metadata, bytes(message.payload)), (arrived, b"payload"))

    def test_anything_with_the_buffer_protocol_is_sent(self):
        server, client = self.pair()
        numbers = array.array("d", [1.5, -2.5])
        for buffer in (
            bytearray(b"abc"),
            memoryview(b"abcdef")[2:4],
            numbers,
            memoryview(numbers),
            memoryview(bytes(24)).cast("B", (4, 6)),
            (ctypes.c_int * 3)(1, 2, 3),
        ):
            client.send("data", buffer)
            self.assertEqual(bytes(server.receive().payload), bytes(buffer))

    def test_a_payload_is_a_read_only_view_of_bytes(self):
        server, client = self.pair()
        client.send("data", b"abc")
        payload = server.receive().payload
        self.assertEqual((payload.format, payload.itemsize, payload.ndim, payload.readonly), ("B", 1, 1, True))

    def test_messages_come_in_order_by_iteration(self):
        server, client = self.pair()
        for number in range(100):
            client.send("data", b"%d" % number)
        client.send("quit", b"")
        received = []
        for message in server:
            if message.tag == "quit":
                break
            received.append(int(bytes(message.payload)))
        self.assertEqual(received, list(range(100)))

    def test_receive_gives_none_when_nothing_comes(self):
        server = self.open("server")
        self.assertIsNone(server.receive(0))
        self.assertIsNone(server.receive(timeout=0.01))

    def test_a_full_ring_refuses_and_loses_nothing(self):
        server, client = self.pair(capacity=4096)
        sent = 0
        while client.try_send("data", b"%d" % sent):
            sent += 1
        self.assertGreater(sent, 10)
        with self.assertRaises(axon.SendTimeoutError) as caught:
            client.send("data", b"late", timeout=0.01)
        self.assertIsInstance(caught.exception, TimeoutError)
        self.assertEqual([int(bytes(server.receive(0).payload)) for _ in range(sent)], list(range(sent)))
        self.assertIsNone(server.receive(0))
        self.assertTrue(client.try_send("data", b"room again"))
        self.assertEqual(bytes(server.receive().payload), b"room again")

    def test_counters_count(self):
        server, client = self.pair()
        client.send("data", b"12345")
        server.receive().release()
        self.assertEqual((client.counters["messages_sent"], client.counters["bytes_sent"]), (1, 5))
        self.assertEqual((server.counters["messages_received"], server.counters["bytes_received"]), (1, 5))

    def test_what_lies_unread_survives_both_ends(self):
        with self.open("server") as server, self.open("client"):
            server.send("kept", b"payload")
        with self.open("client") as client:
            message = client.receive(0)
            self.assertEqual((message.tag, message.deliveries, message.redelivered), ("kept", 1, False))


class ClaimTest(ChannelTest):
    def test_a_claim_is_sent_at_the_end_of_its_block(self):
        server, client = self.pair()
        for size in 0, 5, 300_000:
            with client.claim("data", size, metadata=b"meta") as view:
                self.assertEqual((len(view), view.readonly, view.format), (size, False, "B"))
                view[:] = b"x" * size
                self.assertIsNone(server.receive(0))
            message = server.receive()
            self.assertEqual((message.tag, message.metadata), ("data", b"meta"))
            self.assertTrue(bytes(message.payload) == b"x" * size)
            with self.assertRaises(ValueError):
                view[0:0]

    def test_an_exception_drops_the_claim(self):
        server, client = self.pair()
        with self.assertRaises(KeyError):
            with client.claim("data", 8) as view:
                slice_of_it = view[2:]
                raise KeyError
        self.assertIsNone(server.receive(0))
        del slice_of_it
        client.send("data", b"next")
        self.assertEqual(bytes(server.receive().payload), b"next")

    def test_memory_in_use_at_the_end_is_not_sent_and_not_given_back(self):
        server, client = self.pair()
        with self.assertRaises(BufferError):
            with client.claim("data", 8) as view:
                in_use = view[2:]
        self.assertIsNone(server.receive(0))
        in_use[0] = 1
        with self.assertRaises(ValueError):
            client.send("data", b"not before the memory is free", timeout=0)
        with self.assertRaises(BufferError):
            client.close()
        del in_use
        client.send("data", b"next")
        self.assertEqual(bytes(server.receive().payload), b"next")

    def test_memory_let_go_by_another_thread_is_given_back_by_the_claim_s_own(self):
        server, client = self.pair()
        in_use = []
        with self.assertRaises(BufferError):
            with client.claim("data", 8) as view:
                in_use.append(view[2:])
        thread = threading.Thread(target=in_use.clear)
        thread.start()
        thread.join()
        client.send("data", b"next")
        self.assertEqual(bytes(server.receive().payload), b"next")

    def test_a_claim_that_is_never_entered_takes_nothing(self):
        server, client = self.pair()
        client.claim("data", 8)
        client.send("data", b"")
        self.assertIsNotNone(server.receive(0))

    def test_a_full_ring_times_out(self):
        _, client = self.pair(capacity=4096)
        while client.try_send("data", bytes(500)):
            pass
        with self.assertRaises(axon.SendTimeoutError), client.claim("data", 500, timeout=0.01):
            self.fail("there is no room")


if __name__ == "__main__":
    unittest.main()
