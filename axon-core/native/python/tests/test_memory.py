"""Nothing leaks: neither Python objects nor memory, however often the calls are made."""

import asyncio
import contextlib
import gc
import logging
import sys
import threading
import unittest

import axon
import axon.aio
from support import PATIENCE, ChannelTest

ROUNDS = 300


class MemoryTest(ChannelTest):
    def assert_no_growth(self, action):
        """Check that repeating the action leaves nothing allocated: a leak shows each time, warming up does not."""
        self.assertTrue(any(self.growth(action) < ROUNDS / 4 for _ in range(6)), "it leaks each time")

    @staticmethod
    def growth(action):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(ROUNDS):
            action()
        gc.collect()
        return sys.getallocatedblocks() - before

    def refused(self, call):
        try:
            call()
        except Exception:
            return
        self.fail("the call was not refused")

    def test_sending_and_receiving(self):
        server, client = self.pair()
        payload, metadata = bytearray(b"payload"), bytearray(b"metadata")

        def action():
            client.send("a tag", payload, metadata=metadata, timeout=1)
            client.try_send("a tag", payload)
            with client.claim("a tag", 8, metadata=metadata) as view:
                view[:] = b"a" * 8
            with server.receive() as message:
                bytes(message.payload)
                repr(message)
            bytes(server.receive(timeout=1).payload[1:])
            server.receive().payload
            server.receive(0)
            client.counters

        self.assert_no_growth(action)
        # The buffers were given back: one that is exported cannot change its size.
        payload.append(0)
        metadata.append(0)

    def test_requests(self):
        server, client = self.pair()

        def claim(message):
            with contextlib.suppress(ZeroDivisionError), message.claim(3):
                1 / 0
            with message.claim(3) as view:
                view[:] = b"abc"

        handlers = {
            "data": lambda message: message.payload,
            "error": lambda message: message.reply_error("a text"),
            "claim": claim,
            "fail": lambda message: 1 / 0,
            "quit": lambda message: server.close(),
        }
        thread = threading.Thread(target=server.serve, args=(handlers,))
        thread.start()

        def action():
            bytes(client.request("data", b"payload", timeout=PATIENCE).payload)
            bytes(client.request("claim", b"payload", timeout=PATIENCE).payload)
            self.refused(lambda: client.request("error", b""))
            self.refused(lambda: client.request("fail", b""))

        logging.disable(logging.ERROR)
        try:
            self.assert_no_growth(action)
        finally:
            logging.disable(logging.NOTSET)
            client.send("quit", b"")
            thread.join()

    def test_tasks(self):
        async def main():
            async with await axon.aio.open(self.name, role="server") as server:
                async with await axon.aio.open(self.name) as client:
                    await asyncio.gather(server.serve({"data": lambda message: message.payload}), use(server, client))

        async def use(server, client):
            async def action():
                (await client.request("data", b"payload", timeout=PATIENCE)).release()
                for call in client.receive(), client.request("data", b"payload"):
                    task = asyncio.create_task(call)
                    await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

            for _ in range(6):
                gc.collect()
                before = sys.getallocatedblocks()
                for _ in range(ROUNDS):
                    await action()
                gc.collect()
                growth = sys.getallocatedblocks() - before
                if growth < ROUNDS / 4:
                    break
            await server.close()
            self.assertLess(growth, ROUNDS / 4)

        asyncio.run(main())

    def test_failures(self):
        server, client = self.pair()
        payload = bytearray(b"payload")
        client.send("data", payload)
        message = server.receive()

        def action():
            self.refused(lambda: client.send("", payload))
            self.refused(lambda: client.send("data", payload, metadata="text"))
            self.refused(lambda: client.send("data", payload, timeout=-1))
            self.refused(lambda: client.send("data", payload, other=1))
            self.refused(lambda: client.request("data", payload, timeout=0))
            self.refused(lambda: axon.open(self.name, role="server"))
            self.refused(lambda: axon.open("no/name"))
            in_use = message.payload[1:]
            self.refused(message.release)
            self.refused(server.receive)
            self.refused(server.close)
            del in_use
            message.payload

        self.assert_no_growth(action)
        payload.append(0)

    def test_opening_and_closing(self):
        def action():
            with axon.open(self.name, role="server") as server, axon.open(self.name) as client:
                client.send("data", b"payload")
                server.receive()
                server.send("data", b"payload")
                payload = client.receive().payload
            self.refused(lambda: payload[0])

        self.assert_no_growth(action)

    def test_a_closed_channel_s_memory_is_unmapped(self):
        for _ in range(3):
            with self.open("server") as server, self.open("client") as client:
                client.send("data", bytes(1 << 20))
                self.assertEqual(len(server.receive().payload), 1 << 20)
        with open("/proc/self/maps", encoding="utf-8") as maps:
            self.assertNotIn(self.name, maps.read())


if __name__ == "__main__":
    unittest.main()
