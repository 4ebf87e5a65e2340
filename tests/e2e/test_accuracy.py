# SPDX-License-Identifier: Apache-2.0
"""`verify` and `bench` as other programs read them."""
import json
import re
import unittest

from halfcycle import ROOT, Case, run


class Accuracy(Case):
    @classmethod
    def setUpClass(cls):
        done = run("verify", "--json", timeout=900)
        assert done.returncode == 0, done.stderr
        cls.rows = json.loads(done.stdout)

    def test_every_row_of_the_accuracy_table_passes(self):
        rows = self.rows
        self.assertGreater(len(rows), 1800)
        for row in rows:
            self.assertEqual(list(row)[:7], ["clause", "quantity", "condition", "limit", "error",
                                             "unit", "pass"])
            self.assertIs(row["pass"], True, row)
            self.assertLessEqual(row["error"], row["limit"], row)
        quantities = " ".join(row["quantity"] for row in rows)
        for word in ("voltage", "current", "frequency", "active power", "unbalance u2",
                     "harmonics", "Urms(1/2)", "residual voltage", "duration", "active energy",
                     "reactive power", "power factor", "interharmonic", "Pinst,max", "Pst",
                     "phase jumps", "crest factor", "total harmonic distortion",
                     "rapid voltage change", "mains signalling", "bands of 200 Hz", "Plt",
                     "underdeviation", "clock uncertainty", "time tag", "sequence components",
                     "neutral current", "transient", "bandwidth", "duty cycle"):
            self.assertIn(word, quantities)
        for row in rows:
            self.assertLessEqual(row["error"], row["budget"], row)
            self.assertAlmostEqual(row["share_of_limit"], row["error"] / row["limit"], places=9)
        clauses = " ".join(row["clause"] for row in rows)
        for clause in ("61000-4-30", "62586-2", "61000-4-7", "61000-4-15 table 1",
                       "61000-4-15 table 2", "61000-4-15 table 5", "61000-4-15 6",
                       "61000-4-15 5.7", "4-30 4.5", "4-30 4.6", "4-30 5.1", "4-30 5.2",
                       "4-30 5.4", "4-30 5.5", "4-30 5.7", "4-30 5.10", "4-30 5.11",
                       "4-30 5.13", "4-30 Annex D", "4-7 Annex B", "62053-22", "62053-24",
                       "61557-12", "pqopen"):
            self.assertIn(clause, clauses)
        systems = {row["condition"].split(" Hz")[0] for row in rows}
        self.assertEqual(systems, {"50", "60", "400"})

    def test_the_page_of_accuracy_has_the_same_points_budgets_and_limits(self):
        # The errors, and so which point is the worst, may change with the last digits.
        expected = {}
        for row in self.rows:
            expected.setdefault(f"{row['clause']}: {row['quantity']}", []).append(
                [row["condition"], f"{row['budget']:.3g}", f"{row['limit']:g}", row["unit"]])
        page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
        worst, points = page.split("\n## All points\n")
        found = {}
        for section in points.split("\n### ")[1:]:
            name, *lines = section.splitlines()
            cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
            found[name] = [[row[0], *row[2:]] for row in cells]
        advice = "write it anew: halfcycle verify --markdown > docs/accuracy.md"
        self.assertEqual(list(found), list(expected), advice)
        self.assertEqual(found, expected, advice)
        counts = [line.strip("| ").split(" | ")[:3] for line in worst.splitlines()
                  if line.startswith("| ")][1:]
        self.assertEqual([(f"{clause}: {quantity}", int(count)) for clause, quantity, count in counts],
                         [(name, len(rows)) for name, rows in expected.items()], advice)
        self.assertIn("certify no instrument", re.sub(r"\s+", " ", page))

    def test_bench_counts_meters(self):
        data = json.loads(self.good("bench", "--meters", "3", "--seconds", "1", "--json"))
        self.assertEqual(list(data)[:6], ["meters", "signal_seconds", "cpu_seconds",
                                          "realtime_meters_per_core", "bytes_per_meter", "stages"])
        self.assertEqual((data["meters"], data["signal_seconds"]), (3, 1))
        self.assertAlmostEqual(data["realtime_meters_per_core"] * data["cpu_seconds"], 3, places=6)
        self.assertGreater(data["bytes_per_meter"], 10000)
        self.assertAlmostEqual(sum(data["stages"].values()), data["cpu_seconds"], places=6)


if __name__ == "__main__":
    unittest.main()
