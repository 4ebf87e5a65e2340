# SPDX-License-Identifier: Apache-2.0
"""The JSON contract of `analyze --json`: keys, their order, types, nulls."""
import datetime
import json
import re
import unittest

from halfcycle import KEATING, NAZIR, XTZ, YMZ, Case

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")

CORE_WYE = """Vln a|Vln b|Vln c|Vln avg|Vll ab|Vll bc|Vll ca|Vll avg|V4|I a|I b|I c|I avg|I 4
|I calc res|Freq|kW a|kW b|kW c|kW tot|kVAR a|kVAR b|kVAR c|kVAR tot|kVA a|kVA b|kVA c|kVA tot
|PF sign a|PF sign b|PF sign c|PF sign tot|PF lag|PF lead|dPF sign a|dPF sign tot|kWh del|kWh rec
|kWh del-rec|kWh del+rec|kVARh del|kVAh del|Vunbal u2|Vunbal u0|IUnbal u2|IUnbal u0|V unbal|I unbal
|V1 ang|V2 ang|V3 ang|I1 ang|I2 ang|I3 ang|V1 THD|V2 THD|V3 THD|I1 THD|I2 THD|I3 THD|I1 K Fac
|V1 CF|I1 CF|V1 UnderDev|V1 OverDev|HS Vln a|HS Vll ab|HS I a|HS Freq""".replace("\n", "")


def instant(text):
    return datetime.datetime.fromisoformat(text[:26] + "+00:00")


class JsonContract(Case):
    def test_keys_come_in_the_order_of_the_contract(self):
        data = self.analyze(XTZ, "--every", "half-cycle", "--registers", "Vln a")
        self.assertEqual(list(data)[:7], ["halfcycle", "schema", "source", "system", "registers",
                                          "series", "events"])
        self.assertEqual(list(data["source"])[:10],
                         ["uri", "format", "station", "start", "duration_s", "samples",
                          "sample_rates_hz", "side", "channels", "warnings"])
        self.assertEqual(list(data["source"]["channels"][0])[:4],
                         ["name", "input", "unit", "scale"])
        self.assertEqual(list(data["system"])[:4],
                         ["wiring", "nominal_voltage_V", "nominal_frequency_Hz", "assumed"])
        self.assertEqual(list(data["registers"]["Vln a"]), ["unit", "min", "mean", "max", "last"])
        self.assertEqual(list(data["series"])[:6],
                         ["interval", "start", "time", "flagged", "complete", "columns"])
        self.assertEqual(list(data["events"][0])[:13],
                         ["type", "start", "end", "duration_s", "phases", "residual_V",
                          "residual_percent", "worst_phase", "threshold_percent",
                          "hysteresis_percent", "reference_V", "channel_set", "per_phase"])
        self.assertEqual(list(data["events"][0]["per_phase"][0])[:4],
                         ["phase", "start", "end", "residual_V"])

    def test_values_have_the_types_of_the_contract(self):
        data = self.analyze(XTZ, "--every", "half-cycle", "--registers", "Vln a")
        self.assertEqual(data["schema"], 1)
        self.assertRegex(data["source"]["start"], TIME)
        self.assertEqual(data["source"]["uri"], str(XTZ))
        self.assertEqual(data["source"]["format"], "comtrade-1999-binary")
        self.assertEqual(data["source"]["samples"], 3077)
        self.assertAlmostEqual(data["source"]["duration_s"], 7.34, delta=0.05)
        self.assertEqual(set(data["source"]["sample_rates_hz"]), {3200, 50})
        self.assertEqual(data["source"]["side"], "secondary")
        self.assertEqual(data["system"]["wiring"], "4w-wye")
        self.assertEqual(data["system"]["nominal_frequency_Hz"], 50)
        self.assertAlmostEqual(data["system"]["nominal_voltage_V"], 57.735, delta=0.001)
        self.assertIn("nominal_voltage_V", data["system"]["assumed"])
        self.assertEqual(data["events"][0]["threshold_percent"], 90)
        self.assertEqual(data["events"][0]["hysteresis_percent"], 2)
        self.assertEqual(data["events"][0]["channel_set"], "L-N")

    def test_a_series_has_a_row_for_each_interval_and_null_for_not_available(self):
        series = self.analyze(XTZ, "--every", "half-cycle",
                              "--registers", "Vln a,I 5")["series"]
        rows = len(series["time"])
        self.assertGreater(rows, 50)
        for column in (series["start"], series["flagged"], series["complete"],
                       *series["columns"].values()):
            self.assertEqual(len(column), rows)
        self.assertTrue(all(TIME.fullmatch(t) for t in series["time"] + series["start"]))
        self.assertTrue(all(value is None for value in series["columns"]["I 5"]))
        self.assertIn(True, series["flagged"])
        for start, end in zip(series["start"], series["time"]):
            self.assertAlmostEqual((instant(end) - instant(start)).total_seconds(), 0.02,
                                   delta=0.001)

    def test_core_labels_are_there_by_default_with_their_units(self):
        data = self.analyze(KEATING)
        for label in CORE_WYE.split("|"):
            self.assertIn(label, data["registers"])
        units = {label: row["unit"] for label, row in data["registers"].items()}
        self.assertEqual([units[label] for label in ("Vln a", "I a", "Freq", "kW tot", "kVAR tot",
                                                     "kVA tot", "PF sign tot", "kWh del", "V1 ang",
                                                     "V1 THD", "Vunbal u2")],
                         ["V", "A", "Hz", "kW", "kVAR", "kVA", "1", "kWh", "°", "%", "%"])
        self.assertNotIn("V1 HD5", units)

    def test_energies_have_only_a_last_value(self):
        row = self.analyze(KEATING)["registers"]["kWh del"]
        self.assertEqual([row["min"], row["mean"], row["max"]], [None, None, None])
        self.assertIsInstance(row["last"], (int, float))

    def test_registers_selects_labels_and_stars_stand_for_anything(self):
        data = self.analyze(XTZ, "--registers", "kW tot,V1 HD1*")
        self.assertEqual(list(data["registers"])[:3], ["kW tot", "V1 HD1", "V1 HD10"])
        self.assertAlmostEqual(data["registers"]["V1 HD1"]["mean"], 100.0, delta=0.01)
        self.assertTrue(all(label == "kW tot" or label.startswith("V1 HD1")
                            for label in data["registers"]))

    def test_without_voltages_there_is_no_nominal_voltage_and_no_event(self):
        data = self.analyze(NAZIR)
        self.assertIsNone(data["system"]["nominal_voltage_V"])
        self.assertEqual(data["events"], [])
        self.assertAlmostEqual(data["registers"]["I a"]["mean"], 5.009, delta=0.005)
        self.assertAlmostEqual(data["registers"]["I1 ang"]["mean"], 0.0, delta=1e-6)
        self.assertIsNone(data["registers"].get("Vln a", {"mean": None})["mean"])

    def test_several_sources_give_a_list(self):
        data = self.analyze(XTZ, YMZ)
        self.assertEqual([entry["source"]["station"] for entry in data], ["xtz", "ymz"])

    def test_what_is_given_is_not_assumed(self):
        data = self.analyze(XTZ, "--nominal-voltage", "60", "--wiring", "4w-wye",
                            "--nominal-frequency", "50", "--map", "V1=#1,V2=#2,V3=#3,I1=#9,I2=#10,I3=#11")
        self.assertEqual(data["system"]["nominal_voltage_V"], 60)
        self.assertEqual(set(data["system"]["assumed"]) - {"start"}, set())
        self.assertEqual(data["events"][0]["reference_V"], 60)

    def test_series_from_a_second_up_is_aligned_to_utc(self):
        path = self.folder / "long.csv"
        self.good("simulate", "reference-50hz", "--out", path, "--duration", "5", "--rate", "1600",
                  "--quiet")
        series = self.analyze(path, "--every", "1s", "--registers", "Vln a,Freq")["series"]
        self.assertEqual(series["interval"], "1s")
        self.assertGreaterEqual(len(series["time"]), 3)
        self.assertTrue(all(time.endswith(".000000000Z") for time in series["time"]))

    def test_the_limits_that_are_given_are_those_of_the_events(self):
        dips = self.analyze("sim:dips", "--to", "12")["events"]
        deep = self.analyze("sim:dips", "--to", "12", "--dip", "50", "--swell", "130",
                            "--hysteresis", "1")["events"]
        self.assertEqual({e["threshold_percent"] for e in dips if e["type"] == "dip"}, {90})
        self.assertEqual({e["threshold_percent"] for e in deep if e["type"] == "dip"}, {50})
        self.assertEqual({e["hysteresis_percent"] for e in deep}, {1})
        self.assertTrue(all(e["residual_percent"] < 50 for e in deep if e["type"] == "dip"))
        self.assertGreater(len(dips), len(deep))

    def test_an_event_open_at_both_ends_has_no_times(self):
        data = self.analyze(XTZ, "--nominal-voltage", "100", "--to", "0.15")
        self.assertEqual([(e["type"], e["start"], e["end"]) for e in data["events"]],
                         [("dip", None, None)])


if __name__ == "__main__":
    unittest.main()
