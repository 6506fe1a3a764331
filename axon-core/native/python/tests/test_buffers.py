"""The payload's lifetime: shared memory is never given back while somebody can still see it."""

import gc
import importlib.util
import unittest
import warnings

import axon
from support import ChannelTest, address_of, mapped_file

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


@unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is not installed")
class NumpyTest(ChannelTest):
    def test_arrays_are_shared_memory_on_both_sides(self):
        import numpy

        server, client = self.pair()
        with client.claim("data", 80) as view:
            numpy.frombuffer(view, dtype="f8")[:] = numpy.arange(10.0)
        message = server.receive()
        array = numpy.frombuffer(message.payload, dtype="f8")
        self.assertEqual(array.sum(), 45.0)
        self.assertEqual(array.ctypes.data, address_of(message.payload))
        with self.assertRaises(BufferError):
            message.release()
        del array
        message.release()
        client.send("data", numpy.arange(6.0).reshape(2, 3))
        self.assertEqual(len(server.receive().payload), 48)
        with self.assertRaises(ValueError):
            client.send("data", numpy.arange(6.0).reshape(2, 3).T)


if __name__ == "__main__":
    unittest.main()
