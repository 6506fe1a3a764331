"""The types hold: mypy finds nothing in the package, nor in a program that uses it, and the stubs say what is there."""

import os
import subprocess
import sys
import tempfile
import unittest

import axon
from support import HERE, needs_module

PACKAGE = os.path.dirname(os.path.abspath(axon.__file__))


@needs_module("mypy", "mypy")
class TypesTest(unittest.TestCase):
    def run_module(self, *arguments):
        path = os.path.dirname(PACKAGE)
        completed = subprocess.run(
            [sys.executable, "-m", *arguments],
            env={**os.environ, "MYPYPATH": path, "PYTHONPATH": path, "MYPY_CACHE_DIR": os.devnull},
            cwd=path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(completed.returncode, 0, completed.stdout)

    def test_the_package(self):
        self.run_module("mypy", "--strict", "-p", "axon")

    def test_a_program(self):
        self.run_module("mypy", "--strict", os.path.join(HERE, "typed_consumer.py"))

    def test_the_stubs(self):
        # A buffer has this method since Python 3.12, and to type checkers before.
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as absent:
            absent.write(".*__buffer__\n")
            absent.flush()
            self.run_module("mypy.stubtest", "--allowlist", absent.name, "--ignore-unused-allowlist", "axon._axon")


if __name__ == "__main__":
    unittest.main()
