"""The README's programs do what it says."""

import os
import re
import threading
import unittest

import axon
from support import HERE, PATIENCE, ChannelTest, needs_module

README = os.path.join(os.path.dirname(HERE), "README.md")


class ReadmeTest(ChannelTest):
    def snippet(self, text):
        """Return the one that contains a text, with channels of this test."""
        with open(README, encoding="utf-8") as readme:
            found = [code for code in re.findall("^```python\n(.*?)^```", readme.read(), re.M | re.S) if text in code]
        self.assertEqual(len(found), 1, text)
        return re.sub('open\\("[a-z]+"', f'open("{self.name}"', found[0])

    def test_a_server_and_a_client(self):
        self.start("-c", self.snippet("for message in channel:\n        numbers"))
        client = self.start("-c", self.snippet("# another process"))
        self.assertEqual(client.communicate(timeout=PATIENCE)[0], "6.0\n")

    def test_serve(self):
        server = self.start("-u", "-c", self.snippet("channel.serve(handlers)"))
        with axon.open(self.name, open_timeout=PATIENCE) as channel:
            with channel.request("sum", bytes(8), timeout=PATIENCE) as reply:
                self.assertEqual(bytes(reply.payload), bytes(8))
            channel.send("sensor.1", b"abc")
            self.assertEqual(server.stdout.readline(), "sensor.1 b'abc'\n")

    def test_asyncio(self):
        program = self.start("-c", self.snippet("import axon.aio"))
        self.assertEqual(program.communicate(timeout=PATIENCE)[0], "b'42.5'\n")
        self.assertEqual(program.returncode, 0)

    @needs_module("numpy", "python3-numpy")
    def test_numpy(self):
        import numpy

        names = {}
        exec(self.snippet('@handlers("square")'), names)
        server, client = self.pair()
        thread = threading.Thread(target=server.serve, args=(names["handlers"],))
        thread.start()
        with client.request("square", numpy.array([[1.0, 1.0], [0.0, 1.0]]), timeout=PATIENCE) as reply:
            self.assertEqual(numpy.frombuffer(reply.payload).tolist(), [1.0, 2.0, 0.0, 1.0])
        server.close()
        thread.join()

    @needs_module("numpy", "python3-numpy")
    def test_arrays_are_let_go_of(self):
        import numpy

        server, client = self.pair()
        names = {"numpy": numpy, "channel": client, "count": 3, "row": [1.0, 2.0, 3.0]}
        exec(self.snippet('channel.claim("row"'), names)
        client.close()
        names = {"numpy": numpy, "channel": [server.receive(PATIENCE)], "results": []}
        exec(self.snippet("results.append"), names)
        self.assertEqual(names["results"], [6.0])


if __name__ == "__main__":
    unittest.main()
