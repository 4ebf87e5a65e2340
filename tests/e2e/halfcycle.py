# SPDX-License-Identifier: Apache-2.0
"""Runs the program under test. The environment variable HALFCYCLE names it."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("HALFCYCLE") or shutil.which("halfcycle") or "halfcycle"
ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "tests" / "recordings"
XTZ = RECORDINGS / "zhangsonggui-comtradeOfPython" / "xtz.cfg"
YMZ = RECORDINGS / "zhangsonggui-comtradeOfPython" / "ymz.cfg"
KEATING = RECORDINGS / "ijlyttle-ieeecomtrade" / "keating_1999.CFG"
NAZIR = RECORDINGS / "Nazir-COMTRADE" / "test.cfg"


def run(*arguments, timeout=60, env=None, **options):
    """The finished process, with text on stdout and stderr."""
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    environment.update(LANG="C.UTF-8", LC_ALL="", LC_CTYPE="")
    environment.update(env or {})
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          env=environment, encoding="utf-8", **options)


class Case(unittest.TestCase):
    """A test with a folder of its own, self.folder."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)

    def good(self, *arguments, **options):
        """Standard output of a run that must succeed."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout

    def analyze(self, *arguments, **options):
        """What analyze --json says, as Python values. NaN and Infinity are no JSON."""
        def refuse(word):
            self.fail(f"{word} is no JSON")
        return json.loads(self.good("analyze", *arguments, "--json", **options),
                          parse_constant=refuse)

    def bad(self, status, *arguments, says=(), **options):
        """A run that must fail with this status, a message and nothing on standard output."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stderr}")
        self.assertEqual(done.stdout, "", arguments)
        self.assertTrue(done.stderr.startswith("halfcycle: "), done.stderr)
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, done.stderr)
        return done.stderr
