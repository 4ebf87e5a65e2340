# SPDX-License-Identifier: Apache-2.0
"""Bad input as a new user would give it: a message that helps, the right exit status, no hang."""
import os
import shutil
import subprocess
import time
import unittest

from halfcycle import KEATING, PROGRAM, XTZ, Case, run

CFG = """station,device,2013
3,3A,0D
1,UA,A,,V,1,0,0,-32767,32767,1,1,P
2,UB,B,,V,1,0,0,-32767,32767,1,1,P
3,UC,C,,V,1,0,0,-32767,32767,1,1,P
50
1
1000,40
01/01/2024,00:00:00.000000
01/01/2024,00:00:00.000000
ASCII
1
0,0
0,0
"""


class BadInput(Case):
    def pair(self, cfg=CFG, dat=None, name="x"):
        path = self.folder / f"{name}.cfg"
        path.write_text(cfg)
        if dat is None:
            dat = "".join(f"{n},{n * 1000},{n},{-n},1\n" for n in range(1, 41))
        (self.folder / f"{name}.dat").write_text(dat)
        return path

    def test_files(self):
        missing = self.folder / "nope.cfg"
        self.bad(1, "analyze", missing, says="nope.cfg")
        lonely = self.folder / "lonely.cfg"
        shutil.copy(XTZ, lonely)
        self.bad(1, "analyze", lonely, says=["lonely", ".dat"])
        empty = self.folder / "empty.cfg"
        empty.write_bytes(b"")
        self.bad(1, "analyze", empty, says="empty")
        for name in ("empty.csv", "empty.wav", "empty.cff"):
            (self.folder / name).write_bytes(b"")
            self.bad(1, "analyze", self.folder / name, "--rate", "1000", says=name)
        self.bad(1, "analyze", self.folder, says="folder")
        noise = self.folder / "noise.bin"
        noise.write_bytes(bytes(range(256)) * 40)
        self.bad(1, "analyze", noise, says="noise.bin")

    def test_a_pipe_is_refused_and_does_not_hang(self):
        pipe = self.folder / "pipe.cfg"
        os.mkfifo(pipe)
        self.bad(1, "analyze", pipe, says="pipe", timeout=10)

    def test_an_unreadable_file_is_a_fault_of_the_machine(self):
        path = self.pair()
        path.chmod(0)
        if os.access(path, os.R_OK):
            self.skipTest("this user may read everything")
        self.bad(3, "analyze", path, says="x.cfg")

    def test_truncated_samples_are_read_with_a_warning_or_refused(self):
        for suffix in (".cfg", ".dat"):
            shutil.copy(XTZ.with_suffix(suffix), self.folder / f"cut{suffix}")
        data = self.folder / "cut.dat"
        data.write_bytes(data.read_bytes()[:100001])
        done = run("analyze", self.folder / "cut.cfg", "--json")
        self.assertIn(done.returncode, (0, 1))
        self.assertIn("cut", done.stdout + done.stderr)

    def test_headers_that_cannot_be(self):
        for old, new in (("3,3A,0D", "4,4A,0D"), ("3,3A,0D", "3000000,3000000A,0D"),
                         ("1000,40", "0,40"), ("1000,40", "-5,40"), ("1000,40", "1e300,40"),
                         ("1000,40", "nan,40"), ("01/01/2024,00", "31/02/2024,00"),
                         ("01/01/2024,00", "45/13/2024,25"), ("ASCII", "MORSE"),
                         ("UA,A,,V,1,0", "UA,A,,V,nan,0")):
            with self.subTest(new):
                path = self.pair(CFG.replace(old, new))
                began = time.monotonic()
                done = run("analyze", path, "--json", timeout=20)
                self.assertLess(time.monotonic() - began, 10)
                # Nonsense is refused; a small deviation is read with a warning.
                if done.returncode == 0:
                    self.assertIn("x.cfg", done.stdout)
                else:
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn("x.cfg", done.stderr)

    def test_options(self):
        self.bad(1, "analyze", XTZ, "--nominal-frequency", "0", says=["--nominal-frequency", "50"])
        self.bad(1, "analyze", XTZ, "--nominal-frequency", "16.7", says="--nominal-frequency")
        self.bad(2, "analyze", XTZ, "--nominal-frequency", "fifty", says="--nominal-frequency")
        self.bad(1, "analyze", XTZ, "--nominal-voltage", "-230", says="--nominal-voltage")
        self.bad(1, "analyze", XTZ, "--registers", "kWtot", says=["kWtot", "kW tot"])
        self.bad(1, "analyze", XTZ, "--json", "--registers", "Vln d", says="Vln a")
        self.bad(1, "analyze", XTZ, "--registers", "Zebra*", says="Zebra*")
        self.bad(2, "analyze", XTZ, "--json", "--every", "10-12-cycles", says="10-12-cycle")
        self.bad(2, "analyze", XTZ, "--every", "1s", says="--json")
        self.bad(1, "analyze", XTZ, "--map", "V1=nobody", says="nobody")
        self.bad(2, "analyze", XTZ, "--map", "V9=#1", says="V9")
        self.bad(1, "analyze", XTZ, "--set", "nobody", says="nobody")
        self.bad(1, "analyze", XTZ, "--from", "100", says="--from")
        self.bad(2, "analyze", XTZ, "--from", "yesterday", says="yesterday")
        self.bad(2, "analyze", XTZ, "--side", "left", says="primary")
        self.bad(2, "analyze", XTZ, "--ct", "600//5", says="--ct")
        self.bad(1, "analyze", XTZ, "--dip", "120", says="--dip 120 is not from 10 to 100 %")
        self.bad(2, "analyze", XTZ, "--json", "--csv", says="--csv")
        self.bad(2, "analyze", XTZ, XTZ, "--csv", says="--out")
        self.bad(1, "analyze", "sim:feeder", says="--to")

    def test_usage(self):
        self.bad(2, says="halfcycle --help")
        self.bad(2, "analyse", says="'analyze'")
        self.bad(2, "analyze", says="SOURCE")
        self.bad(2, "analyze", XTZ, "--jsn", says="'--json'")
        self.bad(2, "run", "--wep", "127.0.0.1:8443", says="'--web'")
        self.bad(2, "run", "--speed", "fast", says="fast")
        self.bad(2, "run", "--source", "", says="--source")
        self.bad(2, "simulate", "dips", says="--out")
        self.bad(1, "simulate", "dipz", "--out", self.folder / "a.cfg", says="dips")
        self.bad(2, "simulate", "dips", "--out", self.folder / "a.xyz", says=".cff")
        self.bad(2, "simulate", "dips", "--out", self.folder / "a.cfg", "--format", "pcm16",
                 says="ascii")
        self.bad(1, "bench", "--meters", "0", says="meters")
        self.bad(1, "modules", "PowerMetre", says="Power Meter")
        self.bad(1, "registers", "--template", "standart", says="standard")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_folder_that_cannot_be_written_is_a_fault_of_the_machine(self):
        (self.folder / "file").write_text("")
        self.bad(3, "analyze", XTZ, "--json", "--out", self.folder / "file" / "below",
                 says="below")
        self.bad(3, "simulate", "dips", "--duration", "1", "--quiet", "--out",
                 self.folder / "none" / "x.cfg", says="x.")

    def test_a_scenario_with_an_error_names_file_line_and_key(self):
        path = self.folder / "bad.toml"
        path.write_text('name = "x"\nduraton = 3\n')
        message = self.bad(1, "simulate", path, "--out", self.folder / "x.cfg",
                           says=["bad.toml:2", "duraton"])
        self.assertIn("duration", message)

    def test_a_key_of_a_hundred_thousand_parts_does_not_exhaust_the_stack(self):
        path = self.folder / "deep.toml"
        path.write_text("\n" + "a." * 100000 + "b = 1\n")
        self.bad(1, "simulate", path, "--out", self.folder / "x.cfg", says="deep.toml:2")
        self.bad(1, "registers", "--template", path, says="deep.toml:2")

    def test_scenarios_and_templates_are_read_from_files_only(self):
        os.mkfifo(self.folder / "pipe.toml")
        for name in (self.folder / "pipe.toml", "/dev/zero", f"{self.folder}/"):
            with self.subTest(name):
                self.bad(1, "registers", "--template", name, says="template", timeout=10)
                self.bad(1, "simulate", name, "--out", self.folder / "x.cfg", says="scenario",
                         timeout=10)

    def test_standard_output_that_cannot_be_written_is_a_fault_of_the_machine(self):
        for arguments in (("sources",), ("analyze", XTZ), ("run", "--speed", "max",
                                                            "--duration", "3")):
            with self.subTest(arguments[0]), open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 3)
                self.assertIn("standard output", done.stderr)

    def test_messages_do_not_land_in_a_file_when_standard_error_is_closed(self):
        out = self.folder / "x.csv"
        done = subprocess.run(["sh", "-c", '"$0" simulate dips --duration 0.1 --out "$1" 2>&-',
                               PROGRAM, out], timeout=60, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("halfcycle:", out.read_text())
        done = subprocess.run(["sh", "-c", '"$0" analyze nope.cfg 2>&-', PROGRAM], timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 1)

    def test_a_file_at_its_limit_of_size_leaves_no_half_of_it(self):
        done = subprocess.run(["bash", "-c", 'ulimit -f 10; "$0" simulate dips --out "$1"',
                               PROGRAM, self.folder / "x.cfg"], stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("File too large", done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_rate_that_is_not_used_is_said(self):
        done = run("analyze", XTZ, "--rate", "5000")
        self.assertIn("--rate 5000 is not used", done.stdout)

    def test_one_bad_recording_does_not_keep_the_others_from_being_measured(self):
        done = run("analyze", self.folder / "nope.cfg", XTZ, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nope.cfg", done.stderr)
        self.assertIn('"station": "xtz"', done.stdout)

    def test_a_full_disk_is_said(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "registers"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=20)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"standard output", done.stderr)

    def test_terminal_escapes_of_a_file_do_not_reach_the_terminal(self):
        path = self.pair(CFG.replace("station", "sta\x1b[31mtion").replace("UA", "U\x1b]0;A"))
        done = run("analyze", path)
        self.assertNotIn("\x1b", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
