"""Both ends as processes of their own."""

import os
import unittest

import axon
from peer import Pattern
from support import PATIENCE, ChannelTest, needs_shared_memory

MIB = 1 << 20
SIZES = [0, 1, 63, 64, 4096, MIB]
LARGE = 64 * MIB


class ProcessesTest(ChannelTest):
    def test_messages_and_requests_come_back(self):
        self.check_echo_in_all_orders(SIZES)

    @needs_shared_memory(5 * LARGE)
    def test_large_messages_and_requests_come_back(self):
        self.check_echo_in_all_orders([LARGE])

    def check_echo_in_all_orders(self, sizes):
        for role, peer_role in ("server", "client"), ("client", "server"):
            for peer_first in False, True:
                with self.subTest(role=role, peer_first=peer_first):
                    self.check_echo(role, peer_role, peer_first, sizes)

    def check_echo(self, role, peer_role, peer_first, sizes):
        peer = self.start_peer(peer_role, "echo") if peer_first or role == "client" else None
        if peer_first and peer_role == "server":
            self.assertEqual(peer.stdout.readline(), "ready\n")
        elif peer_first:
            self.wait_until_asleep(peer)
        with axon.open(self.name, role=role, open_timeout=PATIENCE) as channel:
            peer = peer or self.start_peer(peer_role, "echo")
            pattern = Pattern()
            for number, size in enumerate(sizes):
                payload = bytes(pattern.of(number, size))
                channel.send("Grüße", payload, metadata=b"meta", timeout=PATIENCE)
                with channel.receive(PATIENCE) as message:
                    self.assertEqual((message.tag, message.metadata), ("Grüße", b"meta"))
                    self.assertTrue(bytes(message.payload) == payload)
                with channel.request("question", payload) as reply:
                    self.assertTrue(bytes(reply.payload) == payload)
            channel.send("quit", b"")
            self.assertEqual(peer.wait(PATIENCE), 0)

    def test_a_stream_arrives_whole(self):
        for count, size in (100_000, 32), (2000, 4096):
            with self.subTest(size=size):
                self.check_stream(count, size)

    @needs_shared_memory(5 * LARGE)
    def test_a_stream_of_large_messages_arrives_whole(self):
        self.check_stream(4, LARGE)

    def check_stream(self, count, size):
        sender = self.start_peer("server", "send", str(count), str(size))
        receiver = self.start_peer("client", "receive")
        self.assertEqual(receiver.communicate(timeout=PATIENCE)[0], f"ready\nreceived={count}\n")
        self.assertEqual((receiver.returncode, sender.wait(PATIENCE)), (0, 0))

    def test_a_message_that_a_killed_process_held_is_delivered_again(self):
        client = axon.open(self.name, role="server")
        self.addCleanup(client.close)
        client.send("data", b"once more")
        for deliveries in 1, 2, 3:
            holder = self.start_peer("client", "hold")
            self.assertEqual(holder.stdout.readline(), "ready\n")
            self.assertEqual(holder.stdout.readline(), f"held deliveries={deliveries}\n")
            holder.kill()
            holder.wait()
        with axon.open(self.name) as channel, channel.receive(0) as message:
            self.assertEqual((bytes(message.payload), message.deliveries), (b"once more", 4))

    def test_an_idle_receiver_uses_no_processor_time(self):
        with axon.open(self.name, role="server") as channel:
            peer = self.start_peer("client", "echo")
            channel.request("warm-up", b"").release()
            self.assertIsNone(channel.receive(0.2))
            before = self.processor_time(peer)
            self.assertIsNone(channel.receive(1.0))
            self.assertLessEqual(self.processor_time(peer) - before, 0.02)
            channel.send("quit", b"")
            self.assertEqual(peer.wait(PATIENCE), 0)

    @staticmethod
    def processor_time(process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_program_that_ends_without_closing_lets_go_of_the_role(self):
        script = "import sys, axon\nchannel = axon.open(sys.argv[1], role='server')\nchannel.send('last', b'words')"
        process = self.start("-c", script, self.name)
        self.assertEqual(process.wait(PATIENCE), 0)
        with axon.open(self.name) as channel:
            self.assertFalse(channel.peer_alive)
            self.assertEqual(channel.receive(0).tag, "last")


if __name__ == "__main__":
    unittest.main()
