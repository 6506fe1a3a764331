"""Decompose matrices for another process: numpy reads them where they lie, and writes results there."""

import signal
import sys
import time

import axon
import numpy

RANK = 8

handlers = axon.Handlers()


def matrix_of(message):
    """Return a payload as a matrix in shared memory; the metadata says how many columns it has."""
    return numpy.frombuffer(message.payload).reshape(-1, int(message.metadata))


@handlers("singular-values")
def singular_values(message):
    """Reply with the seconds it took and the singular values, the largest first."""
    start = time.perf_counter()
    values = numpy.linalg.svd(matrix_of(message), compute_uv=False)
    return numpy.append(time.perf_counter() - start, values)


@handlers("approximation")
def approximation(message):
    """Reply with the seconds it took and the nearest matrix of a low rank, computed into the reply itself."""
    start = time.perf_counter()
    matrix = matrix_of(message)
    u, s, vt = numpy.linalg.svd(matrix, full_matrices=False)
    with message.claim(8 + matrix.nbytes) as view:
        reply = numpy.frombuffer(view)
        numpy.matmul(u[:, :RANK] * s[:RANK], vt[:RANK], out=reply[1:].reshape(matrix.shape))
        reply[0] = time.perf_counter() - start
        del reply


def main(name):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with axon.open(name, open_timeout=60.0) as channel:
        channel.serve(handlers)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except axon.AxonError as error:
        sys.exit(f"service.py: {error}")
