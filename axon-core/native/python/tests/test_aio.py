"""Channels for asyncio: what waits lets other tasks run, and is cancelled without a loss."""

import array
import asyncio
import contextlib
import gc
import os
import signal
import threading
import time
import unittest
import warnings

import axon
import axon.aio
from support import PATIENCE, ChannelTest

ENDS_WITHOUT_CLOSING = """
import asyncio, sys, axon.aio

async def main():
    channel = await axon.aio.open(sys.argv[1], role="server")
    await channel.send("last", b"words")
    with __import__("contextlib").suppress(asyncio.TimeoutError):
        await asyncio.wait_for(channel.receive(), 0.01)
    request = asyncio.create_task(channel.request("data", b""))
    while channel.channel.counters["messages_sent"] < 2:
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


class AioTest(unittest.IsolatedAsyncioTestCase, ChannelTest):
    async def asyncSetUp(self):
        self.before = set(threading.enumerate())

    def assert_no_threads(self):
        self.assertEqual(set(threading.enumerate()) - self.before, set())

    @contextlib.asynccontextmanager
    async def pair(self, **options):
        async with await axon.aio.open(self.name, role="server", **options) as server:
            async with await axon.aio.open(self.name) as client:
                yield server, client
        self.assert_no_threads()

    async def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "the condition never came true")
            await asyncio.sleep(0.001)

    async def until_parked(self, channel, before):
        await self.until(lambda: channel.channel.counters["parks"] > before)

    async def waiting(self, coroutine, channel):
        """Start a task and wait until its thread sleeps."""
        before = channel.channel.counters["parks"]
        task = asyncio.create_task(coroutine)
        await self.until_parked(channel, before)
        return task

    async def cancel(self, task):
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task


class MessagesTest(AioTest):
    async def test_messages_come_in_order(self):
        async with self.pair() as (server, client):

            async def send():
                for number in range(1000):
                    await client.send("data", b"%d" % number, metadata=b"meta")
                await client.send("quit", b"")

            sender = asyncio.create_task(send())
            received = []
            async for message in server:
                if message.tag == "quit":
                    break
                self.assertEqual(message.metadata, b"meta")
                received.append(int(bytes(message.payload)))
            await sender
            self.assertEqual(received, list(range(1000)))

    async def test_a_receive_waits_without_the_loop(self):
        async with self.pair() as (server, client):
            task = await self.waiting(server.receive(), server)
            before = time.process_time()
            await asyncio.sleep(1)
            self.assertLess(time.process_time() - before, 0.1)
            await client.send("data", b"abc")
            self.assertEqual(bytes((await task).payload), b"abc")

    async def test_a_cancelled_receive_takes_nothing(self):
        async with self.pair() as (server, client):
            for number in range(3):
                await self.cancel(await self.waiting(server.receive(), server))
            for number in range(3):
                await client.send("data", b"%d" % number)
            for number in range(3):
                self.assertEqual(bytes((await server.receive()).payload), b"%d" % number)

    async def test_no_message_is_lost_whenever_a_receive_is_cancelled(self):
        async with self.pair() as (server, client):
            received = []
            for number in range(300):
                task = asyncio.create_task(server.receive())
                await asyncio.sleep(0)
                client.channel.send("data", b"%d" % number)
                for _ in range(number % 5):
                    await asyncio.sleep(0.0001 if number % 2 else 0)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    received.append(int(bytes((await task).payload)))
            cancelled = 300 - len(received)
            for _ in range(cancelled):
                received.append(int(bytes((await asyncio.wait_for(server.receive(), PATIENCE)).payload)))
            self.assertEqual(received, list(range(300)))
            self.assertGreater(cancelled, 0)

    async def test_what_comes_after_a_cancelled_receive_is_the_next_process_s(self):
        async with self.pair() as (server, client):
            task = await self.waiting(server.receive(), server)
            task.cancel()
            client.channel.send("data", b"abc")
            await server.close()
            with self.assertRaises(asyncio.CancelledError):
                await task
            async with await axon.aio.open(self.name, role="server") as server:
                message = await asyncio.wait_for(server.receive(), PATIENCE)
                self.assertEqual((bytes(message.payload), message.deliveries), (b"abc", 1))

    async def test_one_task_receives_at_a_time(self):
        async with self.pair() as (server, client):
            task = await self.waiting(server.receive(), server)
            with self.assertRaises(RuntimeError):
                await server.receive()
            await client.send("data", b"")
            self.assertEqual((await task).tag, "data")

    async def test_a_message_ends_with_the_next_receive(self):
        async with self.pair() as (server, client):
            for text in b"one", b"two":
                await client.send("data", text)
            first = await server.receive()
            in_use = first.payload[1:]
            with self.assertRaises(BufferError):
                await server.receive()
            with self.assertRaises(BufferError):
                await server.close()
            self.assertEqual(bytes(in_use), b"ne")
            del in_use
            self.assertEqual(bytes((await server.receive()).payload), b"two")
            with self.assertRaises(ValueError):
                first.payload

    async def test_messages_that_are_there_do_not_keep_other_tasks_from_running(self):
        async with self.pair() as (server, client):
            for _ in range(1000):
                await client.send("data", b"")
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            counter = asyncio.create_task(count())
            for _ in range(1000):
                await server.receive()
            self.assertGreater(turns, 10)
            await self.cancel(counter)

    async def test_a_send_waits_for_room_without_the_loop(self):
        async with self.pair(capacity=4096) as (server, client):

            async def fill():
                for number in range(100):
                    await client.send("data", bytes(500) + b"%d" % number, timeout=PATIENCE)

            task = await self.waiting(fill(), client)
            for number in range(100):
                self.assertEqual(bytes((await server.receive()).payload[500:]), b"%d" % number)
            await task

    async def test_a_cancelled_send_waits_no_more(self):
        async with self.pair(capacity=4096) as (server, client):
            while client.channel.try_send("data", bytes(500)):
                pass
            await self.cancel(await self.waiting(client.send("late", bytes(500), timeout=None), client))
            with self.assertRaises(axon.SendTimeoutError):
                await client.send("late", bytes(500), timeout=0.01)
            await self.until(lambda: server.channel.receive(0) is None)
            await client.send("next", b"")
            self.assertEqual((await server.receive()).tag, "next")

    async def test_a_payload_is_free_again_once_its_send_or_request_is_cancelled(self):
        for call in "send", "request":
            for times in 1, 2:
                async with self.pair(capacity=4096) as (server, client):
                    client.channel.send("data", bytes(200))
                    message = await server.receive()
                    while server.channel.try_send("noise", bytes(100)):
                        pass
                    forward = getattr(server, call)("late", message.payload[1:], timeout=None)
                    task = await self.waiting(forward, server)
                    for _ in range(times):
                        task.cancel()
                        await asyncio.sleep(0)
                    with self.assertRaises(asyncio.CancelledError):
                        await task
                    del forward, task
                    await asyncio.sleep(0)  # until its next step this task holds what it caught
                    gc.collect()
                    message.release()
                    await self.until(lambda: client.channel.receive(0) is None)

    async def test_a_close_waits_for_what_was_cancelled(self):
        async with self.pair(capacity=4096) as (server, client):
            client.channel.send("data", bytes(200))
            message = await server.receive()
            while server.channel.try_send("noise", bytes(100)):
                pass
            task = await self.waiting(server.send("late", message.payload, timeout=None), server)
            task.cancel()
            await asyncio.sleep(0)
            await server.close()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await self.until(lambda: client.channel.receive(0) is None)

    async def test_another_event_loop_is_refused(self):
        async with self.pair() as (server, _):
            failures = []

            def use():
                try:
                    asyncio.run(server.request("data", b""))
                except RuntimeError as failure:
                    failures.append(str(failure))

            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
            self.assertIn("was opened in another event loop", "".join(failures))
            self.assertEqual(len(server._threads._idle), 1)  # that of the open

    async def test_a_claim_is_made_at_once_or_not(self):
        async with self.pair(capacity=4096) as (server, client):
            with client.channel.claim("data", 3, timeout=0) as view:
                view[:] = b"abc"
            self.assertEqual(bytes((await server.receive()).payload), b"abc")


class RequestsTest(AioTest):
    async def test_many_tasks_ask_at_once(self):
        async with self.pair() as (server, client):
            served = asyncio.create_task(server.serve({"double": lambda message: bytes(message.payload) * 2}))
            replies = await asyncio.gather(*(client.request("double", b"%d" % number) for number in range(50)))
            for number, reply in enumerate(replies):
                with reply:
                    self.assertEqual(bytes(reply.payload), b"%d" % number * 2)
            await server.close()
            await served

    async def test_both_ends_ask_each_other(self):
        async with self.pair() as (server, client):
            ends = server, client
            served = [asyncio.create_task(e.serve({"who": lambda m, e=e: e.channel.role.encode()})) for e in ends]
            for _ in range(20):
                replies = await asyncio.gather(*(end.request("who", b"", timeout=PATIENCE) for end in ends))
                self.assertEqual([bytes(reply.payload) for reply in replies], [b"client", b"server"])
                for reply in replies:
                    reply.release()
            await asyncio.gather(server.close(), client.close(), *served)

    async def test_both_ends_ask_each_other_with_full_rings(self):
        async with self.pair(capacity=4096) as (server, client):
            ends = server, client
            served = [asyncio.create_task(end.serve({"echo": lambda message: message.payload})) for end in ends]

            async def ask(end):
                for number in range(30):
                    payload = b"%d" % number * 200
                    with await end.request("echo", payload, timeout=PATIENCE) as reply:
                        self.assertEqual(bytes(reply.payload), payload)

            await asyncio.gather(*(ask(end) for end in ends for _ in range(16)))
            await asyncio.gather(server.close(), client.close(), *served)

    async def test_failures_are_raised(self):
        async with self.pair() as (server, client):
            with self.assertRaises(axon.RequestTimeoutError):
                await client.request("data", b"", timeout=0.01)
            request = asyncio.create_task(client.request("second", b""))
            message = await server.receive()
            while message.tag != "second":
                message = await server.receive()
            await server.reply_error(message, "no")
            with self.assertRaisesRegex(axon.RemoteError, "^no$"):
                await request

    async def test_a_cancelled_request_waits_no_more_and_its_reply_is_dropped(self):
        async with self.pair() as (server, client):
            for _ in range(20):
                task = asyncio.create_task(client.request("data", b"", timeout=None))
                message = await server.receive()
                await self.cancel(task)
                await self.until(lambda: len(client._threads._idle) == 1)
                await server.reply(message, b"late")
            self.assertEqual(len(client._threads._all), 1)
            self.assertIsNone(client.channel.receive(0))
            self.assertEqual(client.channel.counters["replies_dropped"], 20)

    async def test_replies_of_requests_that_are_cancelled_too_late_are_released(self):
        async with self.pair(capacity=4096) as (server, client):
            served = asyncio.create_task(server.serve({"data": lambda message: bytes(500)}))
            for number in range(100):
                task = asyncio.create_task(client.request("data", b"", timeout=PATIENCE))
                await asyncio.sleep(number % 4 * 0.0002)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    (await task).release()
            await server.close()
            await served

    async def test_a_reply_waits_for_room_without_the_loop(self):
        async with self.pair(capacity=4096) as (server, client):
            request = asyncio.create_task(client.request("data", b"", timeout=PATIENCE))
            message = await server.receive()
            while server.channel.try_send("noise", bytes(500)):
                pass
            with self.assertRaises(axon.SendTimeoutError):
                await server.reply(message, bytes(500), timeout=0)
            reply = await self.waiting(server.reply(message, bytes(500), timeout=PATIENCE), server)
            while not reply.done():
                client.channel.receive(0)
                await asyncio.sleep(0.001)
            with await request as answer:
                self.assertEqual(len(answer.payload), 500)
            await self.until(lambda: client.channel.receive(0) is None)


class ServeTest(AioTest):
    @contextlib.asynccontextmanager
    async def serving(self, handlers):
        async with self.pair() as (server, client):
            task = asyncio.create_task(server.serve(handlers))
            yield server, client, task
            await server.close()
            if not task.done():
                self.assertIsNone(await task)

    async def ask(self, client, tag, payload=b""):
        with await client.request(tag, payload, timeout=PATIENCE) as reply:
            return bytes(reply.payload)

    async def test_functions_and_coroutine_functions(self):
        handlers = axon.Handlers()

        @handlers("sum")
        async def total(message):
            numbers = message.payload.cast("d")
            await asyncio.sleep(0.001)
            return array.array("d", [sum(numbers)])

        @handlers("up.*")
        def upper(message):
            return bytes(message.payload).upper()

        @handlers("nothing")
        async def nothing(message):
            pass

        async with self.serving(handlers) as (_, client, _):
            self.assertEqual(array.array("d", await self.ask(client, "sum", array.array("d", [1, 2])))[0], 3.0)
            self.assertEqual(await self.ask(client, "up.x", b"abc"), b"ABC")
            self.assertEqual(await self.ask(client, "nothing", b"abc"), b"")

    async def test_failures_are_error_replies_and_the_loop_goes_on(self):
        async def fail(message):
            part = message.payload[1:]
            await asyncio.sleep(0)
            raise ValueError(bytes(part).decode())

        async with self.serving({"fail": fail, "text": lambda message: "no bytes"}) as (_, client, _):
            with self.assertLogs("axon", "WARNING") as logs:
                await client.send("fail", b"plain")
                for tag, text in ("fail", "ValueError: bc"), ("text", "TypeError: "), ("no", "no handler for tag 'no'"):
                    with self.assertRaisesRegex(axon.RemoteError, "^" + text):
                        await self.ask(client, tag, b"abc")
            self.assertEqual(len(logs.records), 4)

    async def test_a_cancelling_within_a_function_is_its_failure(self):
        async def wait(message):
            task = asyncio.create_task(asyncio.sleep(PATIENCE))
            task.cancel()
            await task

        def fail(message):
            raise asyncio.CancelledError

        handlers = {"wait": wait, "fail": fail, "ok": lambda message: b"yes"}
        async with self.serving(handlers) as (_, client, _):
            for tag in "wait", "fail":
                with self.assertLogs("axon", "ERROR"), self.assertRaisesRegex(axon.RemoteError, "CancelledError"):
                    await self.ask(client, tag)
                self.assertEqual(await self.ask(client, "ok"), b"yes")

    async def test_nobody_else_receives_meanwhile(self):
        started, go_on = asyncio.Event(), asyncio.Event()

        async def wait(message):
            started.set()
            await go_on.wait()
            return bytes(message.payload)

        async with self.serving({"wait": wait}) as (server, client, _):
            request = asyncio.create_task(self.ask(client, "wait", b"abc"))
            await started.wait()
            for call in server.serve({}), server.receive(), server.__anext__():
                with self.assertRaises(RuntimeError):
                    await call
            go_on.set()
            self.assertEqual(await request, b"abc")

    async def test_other_tasks_run_while_a_coroutine_waits(self):
        release = asyncio.Event()

        async def wait(message):
            await release.wait()

        async with self.serving({"wait": wait}) as (_, client, _):
            request = asyncio.create_task(self.ask(client, "wait"))
            await asyncio.sleep(0.01)
            self.assertFalse(request.done())
            release.set()
            self.assertEqual(await request, b"")

    async def test_cancelling_ends_the_loop_and_answers(self):
        started = asyncio.Event()

        async def wait(message):
            started.set()
            await asyncio.sleep(PATIENCE)

        async with self.serving({"wait": wait}) as (_, client, task):
            request = asyncio.create_task(self.ask(client, "wait"))
            await started.wait()
            await self.cancel(task)
            with self.assertRaisesRegex(axon.RemoteError, "CancelledError"):
                await request


class EndTest(AioTest):
    async def test_a_close_ends_tasks_and_threads(self):
        async with self.pair(capacity=4096) as (server, client):
            while client.channel.try_send("data", bytes(500)):
                pass
            tasks = [
                await self.waiting(client.receive(), client),
                await self.waiting(client.send("data", bytes(500), timeout=None), client),
                asyncio.create_task(client.request("data", bytes(500), timeout=None)),
            ]
            await asyncio.sleep(0.01)
            await client.close()
            await client.close()
            for task in tasks:
                with self.assertRaises(axon.ChannelClosedError):
                    await task
            for call in client.receive(), client.send("data", b""), client.request("data", b""), client.serve({}):
                with self.assertRaises(axon.ChannelClosedError):
                    await call
            while server.channel.receive(0) is not None:
                pass

    async def test_an_open_that_fails_leaves_no_thread(self):
        with self.assertRaises(axon.ChannelNotFoundError):
            await axon.aio.open(self.name, open_timeout=0.01)
        self.assert_no_threads()
        with self.assertRaises(TypeError):
            await axon.aio.open(self.name, colour="red")
        self.assert_no_threads()

    async def test_an_open_that_is_cancelled_leaves_no_thread(self):
        task = asyncio.create_task(axon.aio.open(self.name, open_timeout=None))
        await asyncio.sleep(0.01)
        await self.cancel(task)
        await self.until(lambda: set(threading.enumerate()) == self.before)

    async def test_a_program_may_end_without_closing(self):
        process = self.start("-c", ENDS_WITHOUT_CLOSING, self.name)
        self.assertEqual(await asyncio.get_running_loop().run_in_executor(None, process.wait, PATIENCE), 0)
        async with await axon.aio.open(self.name) as channel:
            for tag in "last", "data":
                self.assertEqual((await asyncio.wait_for(channel.receive(), PATIENCE)).tag, tag)

    async def test_an_exception_is_not_replaced_by_that_of_the_close(self):
        with self.assertRaises(KeyboardInterrupt):
            async with await axon.aio.open(self.name, role="server") as server:
                with axon.open(self.name) as client:
                    client.send("data", b"abc")
                    part = (await server.receive()).payload[1:]
                    raise KeyboardInterrupt
        del part
        await server.close()

    async def test_a_channel_that_is_dropped_leaves_no_thread(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            server = await axon.aio.open(self.name, role="server")
            serving = asyncio.create_task(server.serve({}))
            await asyncio.sleep(0.01)
            await self.cancel(serving)
            del server, serving
            await asyncio.sleep(0)
            gc.collect()
            await self.until(lambda: set(threading.enumerate()) == self.before)

    async def test_a_forked_child_has_no_channel(self):
        async with self.pair() as (server, client):
            task = await self.waiting(server.receive(), server)
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    closed = server.channel.closed and client.channel.closed
                    with self.assertRaises(axon.ChannelClosedError):
                        client.request("data", b"").send(None)
                    os._exit(0 if closed else 1)
                os._exit(2)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            await client.send("after", b"")
            self.assertEqual((await task).tag, "after")


if __name__ == "__main__":
    unittest.main()
