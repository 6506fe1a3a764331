"""numpy works on shared memory itself, on both sides: nothing is copied."""

import threading
import unittest

from support import PATIENCE, ChannelTest, needs_module, place_of

SMALL, LARGE = 10, 1 << 17  # numbers: in the ring, and in a segment of their own


def address_of(array):
    return array.__array_interface__["data"][0]


def stored(array):
    """Return what the file in /dev/shm holds at the array's place."""
    file, offset = place_of(address_of(array))
    with open(file, "rb") as memory:
        memory.seek(offset)
        return memory.read(array.nbytes)


def overwrite(array, data):
    """Change the file in /dev/shm at the array's place."""
    file, offset = place_of(address_of(array))
    with open(file, "r+b") as memory:
        memory.seek(offset)
        memory.write(data)


@needs_module("numpy", "python3-numpy")
class NumpyTest(ChannelTest):
    def setUp(self):
        import numpy

        super().setUp()
        self.numpy = numpy

    def segment(self, count, role):
        """Return the file in which a payload of this many numbers lies that the role's end has sent."""
        return f"/dev/shm/axon.{self.name}" + ("" if count == SMALL else "~1.00" if role == "client" else "~0.00")

    def test_an_array_of_a_claim_is_shared_memory(self):
        server, client = self.pair()
        for count in SMALL, LARGE:
            with self.subTest(count=count):
                with client.claim("data", 8 * count) as view:
                    array = self.numpy.frombuffer(view)
                    self.assertEqual(place_of(address_of(array))[0], self.segment(count, "client"))
                    array[:] = self.numpy.arange(count)
                    self.assertEqual(stored(array), self.numpy.arange(float(count)).tobytes())
                    del array
                with server.receive() as message:
                    self.assertTrue(bytes(message.payload) == self.numpy.arange(float(count)).tobytes())

    def test_an_array_of_a_payload_is_shared_memory(self):
        server, client = self.pair()
        for count in SMALL, LARGE:
            for make in (
                lambda payload: self.numpy.frombuffer(payload),
                lambda payload: self.numpy.asarray(payload).view("f8"),
                lambda payload: self.numpy.asarray(payload.cast("d")),
            ):
                with self.subTest(count=count):
                    client.send("data", self.numpy.arange(float(count)))
                    with server.receive() as message:
                        array = make(message.payload)
                        self.assertEqual(place_of(address_of(array))[0], self.segment(count, "client"))
                        self.assertEqual(array[3], 3.0)
                        overwrite(array[3:4], self.numpy.array([42.0]).tobytes())
                        self.assertEqual(array[3], 42.0)
                        self.assertFalse(array.flags.writeable)
                        del array

    def test_a_result_is_computed_into_the_reply(self):
        def multiply(message):
            a = self.numpy.frombuffer(message.payload).reshape(side, side)
            with message.claim(a.nbytes) as view:
                result = self.numpy.frombuffer(view).reshape(side, side)
                places.append(place_of(address_of(result))[0])
                self.numpy.matmul(a, a, out=result)
                del result

        side, places = 256, []
        server, client = self.pair()
        thread = threading.Thread(target=server.serve, args=({"multiply": multiply},))
        thread.start()
        matrix = self.numpy.arange(float(side * side)).reshape(side, side) / side
        with client.request("multiply", matrix, timeout=PATIENCE) as reply:
            result = self.numpy.frombuffer(reply.payload).reshape(side, side)
            self.assertEqual(place_of(address_of(result))[0], self.segment(LARGE, "server"))
            self.assertTrue((result == matrix @ matrix).all())
            del result
        server.close()
        thread.join()
        self.assertEqual(places, [self.segment(LARGE, "server")])

    def test_arrays_are_sent_and_replied(self):
        server, client = self.pair()
        numpy = self.numpy
        client.send("data", numpy.arange(6.0).reshape(2, 3))
        self.assertEqual(len(server.receive().payload), 48)
        with self.assertRaises(ValueError):
            client.send("data", numpy.arange(6.0).reshape(2, 3).T)
        handlers = {
            "sum": lambda message: numpy.frombuffer(message.payload).sum(),
            "double": lambda message: numpy.frombuffer(message.payload) * 2,
            "part": lambda message: numpy.frombuffer(message.payload)[1:],
        }
        thread = threading.Thread(target=server.serve, args=(handlers,))
        thread.start()
        for tag, result in ("sum", [6.0]), ("double", [2.0, 4.0, 6.0]), ("part", [2.0, 3.0]):
            with client.request(tag, numpy.array([1.0, 2.0, 3.0]), timeout=PATIENCE) as reply:
                self.assertEqual(numpy.frombuffer(reply.payload).tolist(), result)
        server.close()
        thread.join()

    def test_a_message_in_use_by_an_array_is_not_released(self):
        server, client = self.pair()
        client.send("data", self.numpy.arange(3.0))
        message = server.receive()
        array = self.numpy.frombuffer(message.payload)
        with self.assertRaises(BufferError):
            message.release()
        self.assertEqual(array.sum(), 3.0)
        del array
        message.release()

    def test_a_claim_in_use_by_an_array_is_not_sent(self):
        server, client = self.pair()
        with self.assertRaises(BufferError), client.claim("data", 24) as view:
            array = self.numpy.frombuffer(view)
        del array
        client.send("next", b"")
        self.assertEqual(server.receive().tag, "next")


if __name__ == "__main__":
    unittest.main()
