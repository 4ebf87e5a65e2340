# SPDX-License-Identifier: Apache-2.0
"""What people and other programs get: summary, CSV, HTML, help; the same bytes each time."""
import csv
import io
import re
import subprocess
import unittest

from halfcycle import KEATING, PROGRAM, RECORDINGS, XTZ, YMZ, Case, run

COMMANDS = ("analyze", "run", "simulate", "verify", "bench", "modules", "sources", "registers")


class Outputs(Case):
    def test_the_same_recording_gives_the_same_bytes(self):
        for output in ("--json", "--csv", "--html"):
            first = self.good("analyze", XTZ, output)
            self.assertEqual(first, self.good("analyze", XTZ, output), output)
            self.assertGreater(len(first), 100)

    def test_csv_is_one_table_with_units(self):
        text = self.good("analyze", XTZ, "--csv", "--every", "half-cycle", "--registers",
                         "Vln a,I a,I 5", "--quiet")
        rows = list(csv.reader(io.StringIO(text)))
        self.assertEqual(rows[0], ["time", "flagged", "complete", "Vln a [V]", "I a [A]",
                                   "I 5 [A]"])
        self.assertTrue(all(len(row) == 6 for row in rows))
        self.assertTrue(all(row[5] == "" for row in rows[1:]))
        series = self.analyze(XTZ, "--every", "half-cycle", "--registers", "Vln a")["series"]
        self.assertEqual([row[0] for row in rows[1:]], series["time"])
        self.assertEqual([float(row[3]) if row[3] else None for row in rows[1:]],
                         series["columns"]["Vln a"])

    def test_csv_has_10_12_cycle_values_by_default(self):
        rows = list(csv.reader(io.StringIO(self.good("analyze", XTZ, "--csv", "--quiet"))))
        self.assertIn("kW tot [kW]", rows[0])
        self.assertGreater(len(rows), 2)

    def test_html_is_one_page_that_loads_nothing(self):
        page = self.good("analyze", XTZ, "--html")
        self.assertTrue(page.lower().startswith("<!doctype html>"))
        self.assertLess(len(page), 5_500_000)
        # Names of XML dialects look like addresses and load nothing.
        addresses = {a for a in re.findall(r"https?://[^\"'\s)<>]+", page)
                     if not a.startswith("http://www.w3.org/")}
        self.assertEqual(addresses, set())
        self.assertIsNone(re.search(r"<(?:script|img|iframe)[^>]*\ssrc\s*=\s*[\"'](?!data:)", page))
        self.assertIsNone(re.search(r"<link[^>]*\shref\s*=\s*[\"'](?!data:)", page))
        self.assertIn("xtz", page)

    def test_out_writes_a_file_for_each_source(self):
        for output, extension in (("--json", "json"), ("--csv", "csv"), ("--html", "html"),
                                  (None, "txt")):
            folder = self.folder / extension / "deep"
            arguments = [output] if output else []
            done = run("analyze", XTZ, YMZ, XTZ, *arguments, "--out", folder, "--quiet")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            self.assertEqual(sorted(p.name for p in folder.iterdir()),
                             [f"xtz-2.{extension}", f"xtz.{extension}", f"ymz.{extension}"])
            self.assertEqual((folder / f"xtz.{extension}").read_bytes(),
                             (folder / f"xtz-2.{extension}").read_bytes())

    def test_the_summary_says_what_happened(self):
        text = self.good("analyze", XTZ)
        for word in ("xtz", "57.735 V", "4w-wye", "Events", "dip", "V1*", "Frequency", "Unbalance",
                     "Fault", "Assumed", "nominal voltage", "THD U"):
            self.assertIn(word, text)
        self.assertTrue(any("\u2800" < c < "\u2900" for c in text), "a picture in Braille")
        self.assertNotIn("\x1b", text)
        self.assertTrue(all(len(line) < 400 for line in text.splitlines()))

    def test_without_unicode_the_picture_is_drawn_with_letters(self):
        text = self.good("analyze", KEATING, env={"LANG": "C", "LC_ALL": "C"})
        self.assertFalse(any("\u2800" <= c < "\u2900" for c in text))
        self.assertRegex(text, r"\|.*1.*2.*3")
        picture = text[text.index("Voltages"):text.index("Values")]
        self.assertTrue(picture.isascii())

    def test_a_summary_shows_registers_that_are_asked_for(self):
        text = self.good("analyze", XTZ, "--registers", "V1 HD3,HS Vln a")
        self.assertRegex(text, r"V1 HD3 +[\d.]+ +[\d.]+")

    def test_list_channels_shows_all_of_them_with_their_inputs(self):
        text = self.good("analyze", XTZ, "--list-channels")
        self.assertRegex(text, r"(?m)^ +1 .*V1$")
        self.assertIn("Sets", text)
        listing = self.analyze(XTZ, "--list-channels")
        self.assertEqual(len(listing["channels"]), 48)
        taken = [c["input"] for c in listing["channels"] if c["input"]]
        self.assertEqual(sorted(taken), ["I1", "I2", "I3", "I4", "V1", "V2", "V3"])
        path = RECORDINGS / "dparrini-python-comtrade" / "sample_float32.cff"
        self.assertIn("test/out1", self.good("analyze", path, "--list-channels"))

    def test_a_reader_that_leaves_is_no_error(self):
        for arguments in (["registers"], ["analyze", str(XTZ), "--json", "--every", "half-cycle"],
                          ["run", "--speed", "max", "--duration", "1000"]):
            process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            process.stdout.read(10)
            process.stdout.close()
            errors = process.stderr.read()
            process.stderr.close()
            self.assertEqual(process.wait(30), 0, arguments)
            self.assertEqual(errors, b"", arguments)

    def test_every_command_has_help_with_examples(self):
        text = self.good("--help")
        for command in COMMANDS:
            self.assertIn(command, text)
            help_text = self.good(command, "--help")
            self.assertIn("Examples:", help_text)
            self.assertIn(f"halfcycle {command}", help_text)
            self.assertEqual(help_text, self.good("help", command))
        self.assertRegex(self.good("--version"), r"^halfcycle \d+\.\d+\.\d+\n$")

    def test_the_catalogues_are_generated(self):
        modules = self.good("modules")
        for name in ("Power Meter", "Setpoint", "Sliding Window Demand"):
            self.assertIn(name, modules)
        self.assertEqual(self.good("modules", "power meter"), self.good("modules", "PowerMeter"))
        self.assertIn("Output registers", self.good("modules", "Power Meter"))
        self.good("modules", "--markdown", self.folder / "pages")
        pages = {path.name for path in (self.folder / "pages").iterdir()}
        self.assertEqual(len(pages), len(modules.splitlines()) + 1)
        self.assertIn("power-meter.md", pages)
        registers = self.good("registers")
        for label in ("kW tot", "HS Vln a", "Vunbal u2", "V1 HD1"):
            self.assertIn(label, registers)
        self.assertIn("kW tot", self.good("registers", "--template", "standard"))
        sources = self.good("sources")
        self.assertIn("comtrade:", sources)
        self.assertIn("not yet", sources)

    def test_a_cut_and_the_other_side(self):
        whole = self.analyze(XTZ)
        part = self.analyze(XTZ, "--from", "0.05", "--to", "0.15")
        self.assertLess(part["source"]["duration_s"], 0.11)
        self.assertGreater(part["source"]["start"], whole["source"]["start"])
        primary = self.analyze(XTZ, "--side", "primary", "--pt", "220000/100", "--ct", "1200/5",
                               "--registers", "Vln a,I a,kW tot")
        self.assertEqual(primary["source"]["side"], "primary")
        for label, ratio in (("Vln a", 2200), ("I a", 240), ("kW tot", 2200 * 240)):
            self.assertAlmostEqual(primary["registers"][label]["mean"] /
                                   whole["registers"][label]["mean"], ratio, delta=ratio * 1e-5)


if __name__ == "__main__":
    unittest.main()
