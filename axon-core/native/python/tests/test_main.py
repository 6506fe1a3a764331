"""python -m axon: what it prints, and that it finds what is wrong."""

import os
import re
import resource
import subprocess
import sys
import unittest

import axon
from axon import __main__ as program
from support import PATIENCE


class MainTest(unittest.TestCase):
    def run_it(self, *python, **options):
        path = os.path.dirname(os.path.dirname(os.path.abspath(axon.__file__)))
        return subprocess.run(
            [sys.executable, *(python or ["-m", "axon"])],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            **options,
        )

    def test_it_prints_the_version_and_tries_a_channel(self):
        completed = self.run_it()
        self.assertEqual(completed.returncode, 0, completed.stdout)
        self.assertEqual(len(completed.stdout.splitlines()), 4, completed.stdout)
        self.assertRegex(completed.stdout, f"^axon {re.escape(axon.__version__)}: .*/_axon.*[.]so, built for Python 3")
        self.assertRegex(completed.stdout, "self-test ok: 1000 round trips between two processes, [0-9.]+ us each")

    def test_it_says_its_version_and_what_it_does(self):
        for arguments, status, text in (
            (["--version"], 0, f"^axon {re.escape(axon.__version__)}$"),
            (["--help"], 0, "^usage: "),
            (["--colour"], 2, "^usage: "),
        ):
            completed = self.run_it("-m", "axon", *arguments)
            self.assertEqual(completed.returncode, status, completed.stdout)
            self.assertRegex(completed.stdout, text)

    def test_it_says_when_shared_memory_is_short(self):
        limit = (4096, 4096)
        completed = self.run_it(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        self.assertEqual(completed.returncode, 1, completed.stdout)
        self.assertRegex(completed.stdout, "self-test FAILED: .*axon.self-test-")
        self.assertIn("what to do: ", completed.stdout)

    def test_it_says_when_the_other_process_fails(self):
        script = "import sys; from axon import __main__ as program; sys.executable = 'false'; sys.exit(program.main())"
        completed = self.run_it("-c", script)
        self.assertEqual(completed.returncode, 1, completed.stdout)
        self.assertIn("self-test FAILED: ChildProcessError: false -m axon ended with status 1", completed.stdout)

    def test_it_says_when_a_reply_is_wrong(self):
        with self.assertRaisesRegex(ValueError, "a reply was not what was sent"):
            program.check(False)


if __name__ == "__main__":
    unittest.main()
