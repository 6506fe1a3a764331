"""What is refused, and how."""

import inspect
import unittest

import axon
from support import ChannelTest, shared_memory_available


class ErrorsTest(ChannelTest):
    def test_a_missing_channel_is_a_time_out(self):
        with self.assertRaisesRegex(axon.ChannelNotFoundError, self.name) as caught:
            axon.open(self.name, open_timeout=0.02)
        self.assertIsInstance(caught.exception, TimeoutError)
        self.assertIsInstance(caught.exception, axon.AxonError)

    def test_a_role_has_one_holder(self):
        self.open("server")
        with self.assertRaisesRegex(axon.RoleTakenError, self.name):
            axon.open(self.name, role="server")
        with self.assertRaises(axon.RoleTakenError):
            axon.discard(self.name)

    def test_names(self):
        for name in "", "a/b", "../x", "-a", "a~b", "a" * 65, "a\0b", "ä", "a b":
            with self.subTest(name=name):
                with self.assertRaises(ValueError):
                    axon.open(name, role="server")
                with self.assertRaises(ValueError):
                    axon.discard(name)
        for name in 7, None, b"bytes":
            with self.assertRaises(TypeError):
                axon.open(name)
            with self.assertRaises(TypeError):
                axon.discard(name)

    def test_options(self):
        for options in (
            {"role": "peer"},
            {"capacity": 100},
            {"capacity": -1},
            {"capacity": 1 << 40},
            {"capacity": 1 << 70},
            {"max_message": 1 << 40},
            {"open_timeout": -1},
            {"send_timeout": float("nan")},
        ):
            with self.subTest(**options), self.assertRaises(ValueError):
                axon.open(self.name, **{"role": "server", **options})
        for options in {"role": 1}, {"capacity": 1.5}, {"open_timeout": "1"}, {"capacities": 1}:
            with self.subTest(**options), self.assertRaises(TypeError):
                axon.open(self.name, **options)

    def test_tags_payloads_and_metadata(self):
        server, client = self.pair()
        values = (
            ("", b""),
            ("x" * 256, b""),
            ("ä" * 128, b""),
            ("\ud800", b""),
        )
        for tag, payload in values:
            with self.subTest(tag=tag), self.assertRaises(ValueError):
                client.send(tag, payload)
            with self.subTest(tag=tag), self.assertRaises(ValueError):
                client.claim(tag, 1)
        for tag, payload in (None, b""), (b"data", b""), ("data", "text"), ("data", None), ("data", 7):
            with self.subTest(tag=tag, payload=payload), self.assertRaises(TypeError):
                client.send(tag, payload)
        with self.assertRaises(ValueError):
            client.send("data", b"", metadata=bytes(65536))
        with self.assertRaises(TypeError):
            client.send("data", b"", metadata="text")
        with self.assertRaises(BufferError):
            client.send("data", memoryview(b"abcdef")[::2])
        with self.assertRaises(ValueError):
            client.claim("data", -1)
        self.assertIsNone(server.receive(0))

    def test_arguments(self):
        client = self.open("server")
        for call in (
            lambda: client.send("data"),
            lambda: client.send("data", b"", b"metadata"),
            lambda: client.send("data", b"", tag="again"),
            lambda: client.send("data", b"", other=1),
            lambda: client.receive(1, 2),
            lambda: client.receive("1"),
            lambda: client.try_send("data", b"", timeout=1),
            lambda: type(client)(),
            axon.Message,
            axon.Claim,
        ):
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(ValueError):
            client.receive(-1)
        self.assertTrue(client.try_send(tag="data", buffer=b""))
        with self.open("client") as peer:
            self.assertEqual(peer.receive(timeout=0).tag, "data")

    def test_a_payload_that_can_never_fit_is_refused_at_once(self):
        server = self.open("server", max_message=100_000)
        for send in server.send, server.try_send:
            with self.assertRaisesRegex(ValueError, "100001"):
                send("data", bytes(100_001))
        with self.assertRaises(ValueError), server.claim("data", 100_001):
            self.fail("it does not fit")

    @unittest.skipIf(shared_memory_available() >= 1 << 30, "/dev/shm has room enough")
    def test_too_little_shared_memory(self):
        with self.assertRaises(axon.OutOfMemoryError) as caught:
            axon.open(self.name, role="server", capacity=1 << 29)
        self.assertIsInstance(caught.exception, MemoryError)

    def test_every_method_is_documented_with_its_signature(self):
        methods = [axon.open, axon.discard]
        for type_ in axon.Channel, axon.Message:
            methods += [getattr(type_, name) for name in vars(type_) if not name.startswith("_")]
        for method in methods:
            self.assertTrue(method.__doc__, method)
            if callable(method):
                inspect.signature(method)

    def test_discard_tells_whether_there_was_a_channel(self):
        self.assertFalse(axon.discard(self.name))
        with self.open("server") as server:
            server.send("unread", b"")
        self.assertTrue(axon.discard(self.name))
        self.assertFalse(axon.discard(self.name))


if __name__ == "__main__":
    unittest.main()
