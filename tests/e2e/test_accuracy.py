# SPDX-License-Identifier: Apache-2.0
"""`verify` and `bench` as other programs read them."""
import json
import unittest

from halfcycle import Case


class Accuracy(Case):
    def test_every_row_of_the_accuracy_table_passes(self):
        rows = json.loads(self.good("verify", "--json", timeout=300))
        self.assertGreater(len(rows), 150)
        for row in rows:
            self.assertEqual(list(row)[:7], ["clause", "quantity", "condition", "limit", "error",
                                             "unit", "pass"])
            self.assertIs(row["pass"], True, row)
            self.assertLessEqual(row["error"], row["limit"], row)
        quantities = " ".join(row["quantity"] for row in rows)
        for word in ("voltage", "current", "frequency", "active power", "unbalance u2",
                     "harmonics", "Urms(1/2)", "residual voltage", "duration", "active energy"):
            self.assertIn(word, quantities)
        systems = {row["condition"][:5] for row in rows}
        self.assertEqual(systems, {"50 Hz", "60 Hz"})

    def test_verify_says_that_it_certifies_nothing(self):
        text = self.good("verify", timeout=300)
        self.assertIn("certify no instrument", text)
        self.assertIn(" 0 fail", text)

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
