"""Functions by tag: Channel.serve()."""

import array
import asyncio
import logging
import signal
import threading
import unittest

import axon
from support import PATIENCE, ChannelTest

SERVER = """
import logging, sys, axon
logging.getLogger("axon").addHandler(logging.StreamHandler(sys.stdout))
handlers = axon.Handlers()

@handlers("exit")
def leave(message):
    part = message.payload[1:]  # must not keep the channel from being closed
    sys.exit(3)

@handlers("interrupt")
def interrupt(message):
    raise KeyboardInterrupt

with axon.open(sys.argv[1], role="server") as channel:
    try:
        print("ready", flush=True)
        channel.serve(handlers)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


class ServeTest(ChannelTest):
    def setUp(self):
        super().setUp()
        self.server, self.client = self.pair()
        self.ended = []

    def serve(self, handlers):
        """Serve in another thread until the server is closed, which the test's end does."""

        def run():
            try:
                self.ended.append(self.server.serve(handlers))
            except BaseException as failure:
                self.ended.append(failure)

        thread = threading.Thread(target=run)
        thread.start()

        def end():
            self.server.close()
            thread.join()

        self.addCleanup(end)
        return thread

    def ask(self, tag, payload=b""):
        with self.client.request(tag, payload, timeout=PATIENCE) as reply:
            return bytes(reply.payload)

    def test_what_a_function_returns_is_the_reply(self):
        self.serve(
            {
                "bytes": lambda message: bytes(message.payload).upper(),
                "payload": lambda message: message.payload,
                "slice": lambda message: message.payload[1:],
                "array": lambda message: array.array("d", [sum(message.payload.cast("d"))]),
                "none": lambda message: None,
            }
        )
        self.assertEqual(self.ask("bytes", b"abc"), b"ABC")
        self.assertEqual(self.ask("payload", b"abc"), b"abc")
        self.assertEqual(self.ask("slice", b"abc"), b"bc")
        self.assertEqual(array.array("d", self.ask("array", array.array("d", [1, 2, 3])))[0], 6.0)
        self.assertEqual(self.ask("none", b"abc"), b"")

    def test_a_decorator_enters_functions(self):
        handlers = axon.Handlers()

        @handlers("one", "two")
        def name(message):
            return message.tag.encode()

        self.assertEqual(handlers, {"one": name, "two": name})
        with self.assertRaisesRegex(ValueError, "'two' has a handler already"):
            handlers("three", "two")(len)
        with self.assertRaises(TypeError):
            handlers(name)
        self.serve(handlers)
        self.assertEqual((self.ask("one"), self.ask("two")), (b"one", b"two"))

    def test_exact_tags_go_before_patterns_and_longer_patterns_before_shorter_ones(self):
        names = ["sensor.*", "*", "sensor.room.*", "sensor.room.1", "a*b"]
        self.serve({name: lambda message, name=name: name.encode() for name in names})
        for tag, name in {
            "sensor.room.1": "sensor.room.1",
            "sensor.room.2": "sensor.room.*",
            "sensor.room.": "sensor.room.*",
            "sensor.hall": "sensor.*",
            "sensor": "*",
            "a*b": "a*b",
            "axb": "*",
        }.items():
            self.assertEqual(self.ask(tag), name.encode(), tag)

    def test_an_unknown_tag_is_logged_once_and_answered_with_an_error(self):
        self.serve({"known": lambda message: b"yes"})
        with self.assertLogs("axon", "WARNING") as logs:
            self.client.send("unknown", b"")
            for _ in range(2):
                with self.assertRaisesRegex(axon.RemoteError, f"no handler for tag 'unknown' on channel '{self.name}'"):
                    self.ask("unknown")
        self.assertEqual(len(logs.records), 1)
        self.assertEqual(self.ask("known"), b"yes")

    def test_exceptions_are_error_replies(self):
        def refuse(message):
            raise ValueError("not a number: Grüße")

        def fail(message):
            return {}[message.tag]

        self.serve({"refuse": refuse, "fail": fail, "text": lambda message: "no bytes", "none": [].pop})
        with self.assertLogs("axon", "ERROR") as logs:
            for tag, text in {
                "refuse": "^ValueError: not a number: Grüße$",
                "fail": "^KeyError: 'fail'$",
                "text": "^TypeError: a bytes-like object is required, not 'str'$",
                "none": "^TypeError: ",
            }.items():
                with self.assertRaisesRegex(axon.RemoteError, text):
                    self.ask(tag)
        self.assertEqual(len(logs.records), 4)

    def test_a_failure_with_a_plain_message_is_logged_and_the_loop_goes_on(self):
        def fail(message):
            part = message.payload[1:]  # stays in the traceback
            raise ValueError(bytes(part))

        self.serve({"fail": fail, "works": lambda message: b"yes"})
        with self.assertLogs("axon", "ERROR") as logs:
            self.client.send("fail", b"abc")
            self.assertEqual(self.ask("works"), b"yes")
        self.assertEqual(len(logs.records), 1)
        self.assertIn("'fail'", logs.output[0])
        self.assertIn("ValueError: b'bc'", logs.output[0])

    def test_exceptions_of_every_kind_are_answered(self):
        class BadText(Exception):
            def __str__(self):
                raise LookupError("no text")

        class Falsy(Exception):
            def __bool__(self):
                return False

        class NoTruth(Exception):
            def __bool__(self):
                raise LookupError("neither")

        def within(failure):
            def function(message):
                part = message.payload[1:]  # must not stay in use
                try:
                    raise failure(bytes(part).decode())
                except failure as cause:
                    if message.tag == "cause":
                        raise ValueError("after") from cause
                    if message.tag == "context":
                        raise ValueError("after")
                    raise

            return function

        def fail_to_log(record):
            raise LookupError("no log")

        logger = logging.getLogger("axon")
        logger.addFilter(fail_to_log)
        self.addCleanup(logger.removeFilter, fail_to_log)
        kinds = (BadText, "BadText"), (Falsy, "Falsy: bc"), (NoTruth, "NoTruth"), (asyncio.CancelledError, "Canc")
        for failure, text in kinds:
            for tag in "alone", "cause", "context":
                with self.subTest(failure=failure.__name__, tag=tag):
                    self.server.close()
                    self.client.close()
                    self.server, self.client = self.pair()
                    thread = self.serve({tag: within(failure), "ok": lambda message: b"yes"})
                    with self.assertRaisesRegex(axon.RemoteError, text if tag == "alone" else "^ValueError"):
                        self.ask(tag, b"abc")
                    self.assertEqual(self.ask("ok"), b"yes")
                    self.server.close()
                    thread.join()
                    self.assertEqual(self.ended.pop(), None)

    def test_a_message_is_released_when_its_function_has_returned(self):
        payloads = []
        self.serve({"keep": lambda message: payloads.append(message.payload)})
        self.ask("keep", b"abc")
        self.wait_until(lambda: self.server.counters["messages_received"] == 1)
        with self.assertRaises(ValueError):
            payloads[0][0]

    def test_garbage_does_not_keep_a_payload(self):
        def leave_garbage(message):
            cycle = [message.payload[1:]]
            cycle.append(cycle)

        self.serve({"garbage": leave_garbage})
        for _ in range(3):
            self.ask("garbage", b"abc")
        self.assertEqual(self.ended, [])

    def test_a_kept_part_of_a_payload_ends_the_loop(self):
        kept = []
        thread = self.serve({"keep": lambda message: kept.append(message.payload[1:])})
        self.client.send("keep", b"abc")
        thread.join()
        self.assertRegex(str(self.ended[0]), "message 'keep' is still in use")
        self.assertEqual(bytes(kept[0]), b"bc")
        kept.clear()

    def test_a_function_may_reply_itself(self):
        def early(message):
            message.reply(b"early")
            self.assertTrue(message.answered)
            return b"late"

        def early_error(message):
            message.reply_error("early")
            raise ValueError("late")

        self.serve({"early": early, "error": early_error})
        self.assertEqual(self.ask("early"), b"early")
        with self.assertLogs("axon", "ERROR"):
            with self.assertRaisesRegex(axon.RemoteError, "^early$"):
                self.ask("error")
            self.assertEqual(self.ask("early"), b"early")
        self.assertIsNone(self.client.receive(0))
        self.assertEqual(self.client.counters["replies_dropped"], 0)

    def test_a_function_may_send_and_ask(self):
        def help(message):
            self.server.send("note", b"")
            with self.server.request("help", message.payload) as reply:
                return bytes(reply.payload)

        self.serve({"task": help})
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.ask("task", b"abc")))
        thread.start()
        self.assertEqual(self.client.receive(PATIENCE).tag, "note")
        self.client.receive(PATIENCE).reply(b"answer")
        thread.join()
        self.assertEqual(replies, [b"answer"])

    def test_a_close_ends_the_loop(self):
        thread = self.serve({"stop": lambda message: self.server.close()})
        self.client.send("stop", b"")
        thread.join()
        self.assertEqual(self.ended, [None])

    def test_a_close_by_another_thread_ends_the_loop(self):
        thread = self.serve({})
        self.wait_until_parked(self.server)
        self.server.close()
        thread.join()
        self.assertEqual(self.ended, [None])
        with self.assertRaises(axon.ChannelClosedError):
            self.server.serve({})

    def test_another_channel_s_failure_is_the_function_s(self):
        def use_closed(message):
            other.send("data", b"")

        other = axon.open(self.name + ".other", role="server")
        other.close()
        self.serve({"use": use_closed})
        with self.assertLogs("axon", "ERROR"), self.assertRaisesRegex(axon.RemoteError, "^axon.errors.ChannelClosed"):
            self.ask("use")
        self.assertEqual(self.ended, [])

    def test_nobody_else_receives_meanwhile(self):
        started, go_on = threading.Event(), threading.Event()

        def wait(message):
            started.set()
            go_on.wait(PATIENCE)
            return bytes(message.payload)

        self.serve({"wait": wait})
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.ask("wait", b"abc")))
        thread.start()
        started.wait(PATIENCE)
        for receive in lambda: self.server.serve({}), lambda: self.server.receive(0), lambda: next(self.server):
            with self.assertRaises(RuntimeError):
                receive()
        go_on.set()
        thread.join()
        self.assertEqual(replies, [b"abc"])
        self.server.close()

    def test_handlers_are_checked_first(self):
        async def coroutine(message):
            pass

        for handlers, error in ({"tag": 1}, TypeError), ({1: len}, TypeError), ({"tag": coroutine}, TypeError):
            with self.assertRaises(error):
                self.server.serve(handlers)
        for tag in "", "x" * 256:
            with self.assertRaises(ValueError):
                self.server.serve({tag: len})
        with self.assertRaises(AttributeError):
            self.server.serve(None)


class EndTest(ChannelTest):
    def start_server(self):
        process = self.start("-c", SERVER, self.name)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process, self.open("client")

    def test_system_exit_ends_the_loop_and_answers(self):
        process, client = self.start_server()
        with self.assertRaisesRegex(axon.RemoteError, "^SystemExit: 3$"):
            client.request("exit", b"abc", timeout=PATIENCE)
        self.assertEqual(process.wait(PATIENCE), 3)
        self.assertIn("SystemExit ends serving, at a message with tag 'exit'", process.stdout.read())

    def test_keyboard_interrupt_ends_the_loop_and_answers(self):
        process, client = self.start_server()
        with self.assertRaisesRegex(axon.RemoteError, "^KeyboardInterrupt$"):
            client.request("interrupt", b"", timeout=PATIENCE)
        self.assertIn("KeyboardInterrupt ends serving", process.stdout.readline())
        self.assertEqual(process.stdout.readline(), "interrupted\n")
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_ctrl_c_ends_the_loop(self):
        process, _ = self.start_server()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), "interrupted\n")
        self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
