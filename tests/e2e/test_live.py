# SPDX-License-Identifier: Apache-2.0
"""`halfcycle run`, and Ctrl-C at any time."""
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from halfcycle import PROGRAM, XTZ, Case, run

# Without the servers and the data that a meter has by default.
ALONE = ("--web", "off", "--modbus", "off", "--data", "none")


class Live(Case):
    def test_lines_a_second_with_events_where_it_is_no_terminal(self):
        text = self.good("run", "--source", "sim:dips", "--speed", "max")
        lines = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
        self.assertGreaterEqual(len(lines), 10)
        self.assertIn("f/Hz", text)
        self.assertIn("230.000", lines[0])
        self.assertIn("flagged", text)
        events = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{4} ", line)]
        self.assertIn("dip", events[0])
        self.assertTrue(any("interruption" in line for line in events))
        self.assertNotIn("\x1b", text)

    def test_duration_ends_it_and_the_same_run_gives_the_same_text(self):
        first = self.good("run", "--speed", "max", "--duration", "5")
        self.assertEqual(first, self.good("run", "--speed", "max", "--duration", "5"))

    def test_a_terminal_is_redrawn_in_place_and_left_as_it_was(self):
        leader, follower = pty.openpty()
        environment = dict(os.environ, LANG="C.UTF-8", TERM="xterm", NO_COLOR="")
        process = subprocess.Popen([PROGRAM, "run", "--speed", "10", *ALONE], stdin=follower,
                                   stdout=follower, stderr=follower, env=environment)
        os.close(follower)
        received = b""
        signalled = False
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ready, _, _ = select.select([leader], [], [], 0.2)
            if ready:
                try:
                    data = os.read(leader, 65536)
                except OSError:
                    break
                if not data:
                    break
                received += data
            if not signalled and b"PF" in received:
                process.send_signal(signal.SIGINT)
                signalled = True
        os.close(leader)
        self.assertEqual(process.wait(10), 0)
        text = received.decode()
        self.assertIn("\x1b[?1049h", text)
        # A narrow window cuts rows off; wrapped ones would push the table out of it.
        self.assertLess(text.index("\x1b[?7l"), text.rindex("\x1b[?7h"))
        self.assertLess(text.rindex("\x1b[?25h"), text.rindex("U L-N"))
        self.assertIn("sim:feeder", text)

    def test_sigterm_stops_a_live_meter_cleanly(self):
        process = subprocess.Popen([PROGRAM, "run", *ALONE], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(errors.decode(), r"(?m)^\S+Z info +run: stopped$")
        self.assertNotIn(b"warning", errors)

    def interrupted(self, *arguments, ready=None):
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while ready and not ready() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
        return process.returncode, out, errors

    def test_ctrl_c_leaves_no_partial_file(self):
        status, _, _ = self.interrupted(
            "simulate", "feeder", "--out", self.folder / "long.cfg", "--duration", "3600",
            ready=lambda: any(p.stat().st_size > 100000 for p in self.folder.iterdir()))
        self.assertEqual(status, 130)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_ctrl_c_ends_long_work_without_output(self):
        began = time.monotonic()
        status, out, errors = self.interrupted(
            "bench", "--meters", "50", "--seconds", "1000",
            ready=lambda: time.monotonic() - began > 0.5)
        self.assertEqual((status, out, errors), (130, b"", b""))

    def test_a_recording_can_be_replayed(self):
        text = self.good("run", "--source", XTZ, "--speed", "max", "--quiet")
        self.assertIn("dip", text)


if __name__ == "__main__":
    unittest.main()
