# SPDX-License-Identifier: Apache-2.0
"""simulate → analyze: what is measured is what truth.json says, whatever the format."""
import datetime
import json
import math
import struct
import unittest

from halfcycle import Case, run

# Relative to the largest value of the kind: steps of the integer formats, floats, windows.
TOLERANCE = {"float32": 1e-5, "ascii": 3e-5, "binary": 1e-4, "binary32": 1e-5, "pcm16": 1e-4,
             "pcm24": 1e-5, "pcm32": 1e-5, "csv": 1e-5}


def seconds(text):
    moment = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    return moment.timestamp() + float("0." + text[20:29])


class RoundTrip(Case):
    def simulate(self, scenario, name, *options):
        path = self.folder / name
        self.good("simulate", scenario, "--out", path, "--quiet", *options)
        return path, json.loads((self.folder / f"{name}.truth.json").read_text())

    def check_steady(self, data, truth, tolerance):
        checked = 0
        for label, row in truth["registers"].items():
            expected = row["value"]
            measured = data["registers"].get(label)
            if expected is None or measured is None or row["unit"] not in ("V", "A", "Hz", "kW",
                                                                           "kVAR", "kVA"):
                continue
            if label.startswith(("kWh", "kVARh", "kVAh")):
                continue
            self.assertEqual(measured["unit"], row["unit"], label)
            scale = {"V": 230.0, "A": 10.0, "Hz": 50.0, "kW": 7.0, "kVAR": 7.0, "kVA": 7.0}
            self.assertIsNotNone(measured["mean"], label)
            # A root of S² − P² − Q1²: small errors of the three become large ones of the root.
            factor = 100 if "nonfund" in label else 1
            self.assertLess(abs(measured["mean"] - expected),
                            factor * tolerance * max(scale[row["unit"]], abs(expected)), label)
            checked += 1
        self.assertGreater(checked, 20)

    def test_a_delta_reads_back_as_a_delta(self):
        for name in ("d.cfg", "d.csv"):
            with self.subTest(name):
                path, truth = self.simulate("delta", name, "--duration", "1.1", "--rate", "6400")
                data = self.analyze(path)
                self.assertEqual(data["system"]["wiring"], "delta")
                self.check_steady(data, truth, 1e-5)

    def test_every_format_gives_the_values_of_the_truth(self):
        cases = [("r.cfg", "float32"), ("r.cfg", "ascii"), ("r.cfg", "binary"),
                 ("r.cfg", "binary32"), ("r.cff", "float32"), ("r.cff", "ascii"),
                 ("r.wav", "float32"), ("r.wav", "pcm16"), ("r.wav", "pcm24"), ("r.wav", "pcm32"),
                 ("r.csv", None)]
        for scenario in ("reference-50hz", "reference-60hz"):
            for name, encoding in cases:
                with self.subTest(scenario=scenario, name=name, encoding=encoding):
                    options = ["--format", encoding] if encoding else []
                    path, truth = self.simulate(scenario, name, "--duration", "1.1", "--rate",
                                                "6400", *options)
                    data = self.analyze(path)
                    self.assertEqual(data["source"]["samples"], 7040)
                    self.assertEqual(data["source"]["sample_rates_hz"], [6400])
                    if name != "r.csv":
                        self.assertEqual(data["source"]["start"], truth["start"])
                    self.check_steady(data, truth, TOLERANCE[encoding or "csv"])

    def test_float_formats_read_back_exactly(self):
        path, _ = self.simulate("reference-50hz", "a.cfg", "--duration", "0.2", "--rate", "6400")
        wav, _ = self.simulate("reference-50hz", "a.wav", "--duration", "0.2", "--rate", "6400")
        csv, _ = self.simulate("reference-50hz", "a.csv", "--duration", "0.2", "--rate", "6400")
        rows = csv.read_text().splitlines()
        header = rows[0].split(",")
        data = path.with_suffix(".dat").read_bytes()
        channels = len(header) - 1
        record = 8 + 4 * channels
        self.assertEqual(len(data), record * (len(rows) - 1))
        wave = wav.read_bytes()
        at = wave.index(b"data") + 8
        for n in (0, 1, 500, len(rows) - 2):
            from_dat = struct.unpack_from(f"<{channels}f", data, n * record + 8)
            from_wav = struct.unpack_from(f"<{channels}f", wave, at + 4 * channels * n)
            from_csv = [struct.unpack("<f", struct.pack("<f", float(x)))[0]
                        for x in rows[n + 1].split(",")[1:]]
            self.assertEqual(list(from_dat), list(from_wav))
            self.assertEqual(list(from_dat), from_csv)

    def test_events_are_those_of_the_truth(self):
        path, truth = self.simulate("dips", "dips.cfg")
        events = self.analyze(path)["events"]
        expected = sorted(truth["measured_events"], key=lambda e: (e["start"], e["type"]))
        events.sort(key=lambda e: (e["start"], e["type"]))
        self.assertEqual([e["type"] for e in events], [e["type"] for e in expected])
        self.assertGreaterEqual(len(events), 8)
        for event, exact in zip(events, expected):
            with self.subTest(exact["start"]):
                self.assertEqual(event["phases"], exact["phases"])
                for key in ("start", "end"):
                    # The same windows; a jump of angle moves zero crossings within one.
                    self.assertAlmostEqual(seconds(event[key]), seconds(exact[key]), delta=0.001)
                extreme = "maximum_V" if exact["type"] == "swell" else "residual_V"
                # IEC 61000-4-30 §5.4.5: 0.2 % of Udin.
                self.assertAlmostEqual(event[extreme], exact[extreme], delta=0.002 * 230)
                self.assertEqual(event["worst_phase"], exact["worst_phase"])

    def test_a_delta_system_is_measured_line_to_line(self):
        path, truth = self.simulate("delta", "delta.cfg", "--duration", "2")
        data = self.analyze(path, "--wiring", "delta")
        self.assertEqual(data["system"]["wiring"], "delta")
        expected = truth["registers"]["Vll ab"]["value"]
        if expected is not None:
            self.assertAlmostEqual(data["registers"]["Vll ab"]["mean"] / expected, 1, delta=1e-5)
        self.assertIsNone(data["registers"].get("Vln a", {"mean": None})["mean"])

    def test_all_shipped_scenarios_can_be_written_and_measured(self):
        message = run("simulate", "?", "--out", self.folder / "x.cfg").stderr
        names = message.split("There are: ")[1].split(". ")[0].split(", ")
        self.assertGreater(len(names), 8)
        for name in names:
            with self.subTest(name):
                path, truth = self.simulate(name, f"{name}.cff", "--duration", "2")
                data = self.analyze(path)
                self.assertAlmostEqual(data["source"]["duration_s"], 2, delta=1e-3)
                self.assertEqual(truth["scenario"], data["source"]["station"])

    def test_a_simulator_can_be_analysed_without_a_file(self):
        path, _ = self.simulate("dips", "dips.cfg")
        direct = self.analyze("sim:dips")
        recorded = self.analyze(path)
        self.assertEqual(direct["events"], recorded["events"])
        for label in ("Vln a", "kW tot", "Freq"):
            a, b = direct["registers"][label]["mean"], recorded["registers"][label]["mean"]
            self.assertTrue(math.isclose(a, b, rel_tol=1e-12), label)

    def test_a_stopped_simulation_leaves_nothing(self):
        done = run("simulate", "feeder", "--duration", "-1", "--out", self.folder / "x.cfg")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
