# SPDX-License-Identifier: Apache-2.0
"""Recordings made of formulas, and what `analyze` must say of them, worked out from the formulas.

It shares no code and no method with the program: signals are sums of cosines written to WAV,
COMTRADE and CSV here, and every expected value is a closed form. Budgets are the project's:
rms 0.001 % of reading, powers and energies 0.001 % of apparent power, angles 0.001 deg, unbalance
0.005 percentage points, harmonics 0.01 % of the fundamental, frequency 1 mHz in a window and
0.01 mHz over 10 s, residual voltages 0.005 % of nominal in the windows of the exact method.
"""
import array
import cmath
import datetime
import math
import struct
import unittest

from halfcycle import Case

ROOT2 = math.sqrt(2.0)


class Wave:
    """A sum of cosines (rms, hertz, degrees) and a direct part."""

    def __init__(self, *parts, dc=0.0):
        together = {}
        for rms, hertz, degrees in parts:
            together[hertz] = together.get(hertz, 0) + cmath.rect(rms, math.radians(degrees))
        self.lines = together
        self.dc = dc

    def samples(self, rate, count):
        out = [self.dc] * count
        for hertz, phasor in self.lines.items():
            size, angle = abs(phasor) * ROOT2, cmath.phase(phasor)
            step = 2.0 * math.pi * hertz / rate
            for n in range(count):
                out[n] += size * math.cos(step * n + angle)
        return out

    def rms(self):
        return math.sqrt(self.dc ** 2 + sum(abs(p) ** 2 for p in self.lines.values()))

    def power(self, current):
        return self.dc * current.dc + sum(
            (p * current.lines[f].conjugate()).real
            for f, p in self.lines.items() if f in current.lines)

    def minus(self, other):
        wave = Wave(dc=self.dc - other.dc)
        for f in set(self.lines) | set(other.lines):
            wave.lines[f] = self.lines.get(f, 0) - other.lines.get(f, 0)
        return wave


def feeder(hertz, lag=30.0, harmonics=(), volts=230.0, amperes=5.0, dc=0.0):
    """Unbalanced three phases; harmonics: (order, share of voltage, of current, degrees)."""
    waves = {}
    for k, (u, i, turn) in enumerate(((1.0, 1.0, 0.0), (0.97, 1.2, 1.5), (1.02, 0.7, -2.0))):
        at = -90.0 - 120.0 * k + turn
        waves[f"V{k + 1}"] = Wave((volts * u, hertz, at), dc=dc, *(
            (volts * a, hertz * h, p + h * at) for h, a, _, p in harmonics))
        waves[f"I{k + 1}"] = Wave((amperes * i, hertz, at - lag), *(
            (amperes * b, hertz * h, 2 * p + h * at) for h, _, b, p in harmonics))
    return dict(sorted(waves.items(), key=lambda item: (item[0][0] != "V", item[0])))


def write_wav(path, data, rate):
    """32-bit float with names, units and the exact rate in the comment."""
    names = list(data)
    frames = array.array("f", bytes(4 * len(names) * len(data[names[0]])))
    for k, name in enumerate(names):
        frames[k::len(names)] = array.array("f", data[name])
    comment = "channels={};units={};scale={};start=2024-01-01T00:00:00.000000000Z;rate={!r}".format(
        ",".join(names), ",".join("V" if n[0] == "V" else "A" for n in names),
        ",".join("1" for _ in names), rate).encode() + b"\0"
    comment += b"\0" * (len(comment) % 2)
    block = 4 * len(names)
    raw = frames.tobytes()

    def chunk(name, body):
        return name + struct.pack("<I", len(body)) + body
    body = b"WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 3, len(names), round(rate),
                                                round(rate) * block, block, 32))
    body += chunk(b"LIST", b"INFO" + chunk(b"ICMT", comment)) + chunk(b"data", raw)
    path.write_bytes(chunk(b"RIFF", body))


def write_comtrade(path, data, rates, times, side="S"):
    """FLOAT32 of 2013. rates: (hertz, last sample); ratios 20000/100 and 600/5."""
    names = list(data)
    lines = ["station,device,2013", f"{len(names)},{len(names)}A,0D"]
    for k, name in enumerate(names):
        ratio = "V,1,0,0,-99999,99999,20000,100" if name[0] == "V" else "A,1,0,0,-99999,99999,600,5"
        lines.append(f"{k + 1},{name},{'ABC'[int(name[1]) - 1]},,{ratio},{side}")
    lines += ["50", str(len(rates))] + [f"{hertz!r},{last}" for hertz, last in rates]
    lines += ["01/01/2024,00:00:00.000000"] * 2 + ["FLOAT32", "1", "0,0", "0,0", ""]
    path.write_text("\r\n".join(lines))
    with open(path.with_suffix(".dat"), "wb") as out:
        for n, time in enumerate(times):
            out.write(struct.pack(f"<II{len(names)}f", n + 1, round(time * 1e6),
                                  *(data[name][n] for name in names)))


def dip_windows(hertz, degrees, duration, levels):
    """(start, end, rms) of every Urms(1/2) of cos(2 pi f t + degrees) times the levels
    (from, to, rms), from zero crossing to zero crossing."""
    omega, phase = 2.0 * math.pi * hertz, math.radians(degrees)

    def energy(a, b):  # of 2 cos^2
        return (b - a) + (math.sin(2 * (omega * b + phase)) -
                          math.sin(2 * (omega * a + phase))) / (2 * omega)
    k = math.ceil((phase - math.pi / 2) / math.pi)
    while True:
        start = (math.pi / 2 + k * math.pi - phase) / omega
        end = start + 1 / hertz
        if end > duration:
            return
        if start >= 0:
            yield start, end, math.sqrt(hertz * sum(
                rms ** 2 * energy(max(start, a), min(end, b))
                for a, b, rms in levels if min(end, b) > max(start, a)))
        k += 1


def seconds(text):
    whole = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return (whole - datetime.datetime(2024, 1, 1)).total_seconds() + float("0" + text[19:-1])


class ClosedForm(Case):
    def measure(self, waves, rate, count, *arguments, wiring="4w-wye", volts=230, hertz=50):
        data = {name: w.samples(rate, count) if isinstance(w, Wave) else w
                for name, w in waves.items()}
        path = self.folder / "x.wav"
        write_wav(path, data, rate)
        return self.analyze(path, "--wiring", wiring, "--nominal-voltage", volts,
                            "--nominal-frequency", hertz, *arguments)

    def near(self, report, label, expected, limit, statistic="mean"):
        value = report["registers"][label][statistic]
        self.assertIsNotNone(value, label)
        self.assertLessEqual(abs(value - expected), limit, f"{label}: {value}, is {expected}")

    def near_angle(self, report, label, expected, limit=0.001):
        value = report["registers"][label]["mean"]
        self.assertLessEqual(abs((value - expected + 180) % 360 - 180), limit,
                             f"{label}: {value}, is {expected}")

    def check_phases(self, report, waves, hertz):
        first = waves["V1"].lines[hertz]
        for k, name in ((1, "a"), (2, "b"), (3, "c")):
            u, i = waves[f"V{k}"], waves[f"I{k}"]
            apparent = u.rms() * i.rms()
            u1, i1 = u.lines[hertz], i.lines[hertz]
            self.near(report, f"Vln {name}", u.rms(), 1e-5 * u.rms())
            self.near(report, f"I {name}", i.rms(), 1e-5 * i.rms())
            self.near(report, f"kW {name}", u.power(i) / 1e3, 1e-8 * apparent)
            self.near(report, f"kVAR {name}", (u1 * i1.conjugate()).imag / 1e3, 1e-8 * apparent)
            self.near(report, f"kVA {name}", apparent / 1e3, 1e-8 * apparent)
            self.near_angle(report, f"V{k} ang", math.degrees(cmath.phase(u1 / first)))
            self.near_angle(report, f"I{k} ang", math.degrees(cmath.phase(i1 / first)))
            other = waves[f"V{k % 3 + 1}"]
            self.near(report, "Vll " + ("ab", "bc", "ca")[k - 1], u.minus(other).rms(),
                      1e-5 * u.minus(other).rms())
        a = cmath.rect(1.0, 2.0 * math.pi / 3.0)
        for letter, two, zero in (("V", "Vunbal u2", "Vunbal u0"), ("I", "IUnbal u2", "IUnbal u0")):
            p, q, r = (waves[f"{letter}{k}"].lines[hertz] for k in (1, 2, 3))
            positive = abs(p + a * q + a * a * r)
            self.near(report, two, 100 * abs(p + a * a * q + a * r) / positive, 0.005)
            self.near(report, zero, 100 * abs(p + q + r) / positive, 0.005)

    def test_every_rate_and_frequency(self):
        for per_cycle in (8, 10, 12.8, 16, 20, 32, 33.3, 64, 80, 100, 128, 200, 256, 307.07, 512,
                          1024):
            for nominal, hertz in ((50, 42.5), (50, 49.8713), (50, 57.5), (60, 51.0), (60, 69.0)):
                if per_cycle > 300 and hertz != 49.8713:
                    continue
                with self.subTest(per_cycle=per_cycle, hertz=hertz):
                    rate = float(per_cycle * nominal)
                    room = 0.43 * rate / hertz
                    orders = [(h, 0.05 / math.sqrt(h), 0.12 / math.sqrt(h), 13.0 * h)
                              for h in (2, 3, 5, 7, 11, 17, 25, 50) if h <= room]
                    waves = feeder(hertz, 37.0, orders)
                    report = self.measure(waves, rate, int(0.5 * rate), hertz=nominal)
                    self.check_phases(report, waves, hertz)
                    self.near(report, "Freq", hertz, 1e-3)

    def test_every_order_to_50_at_200_samples_a_cycle(self):
        for nominal, hertz in ((50, 50.0), (50, 42.5), (60, 69.0)):
            with self.subTest(hertz=hertz):
                orders = [(h, 0.02, 0.03, 7.0 * h * h) for h in range(2, 51)]
                waves = feeder(hertz, 20.0, orders)
                report = self.measure(waves, 200.0 * nominal, 90 * nominal, "--registers",
                                      "V1 HD*,I2 HD*,V1 THD", hertz=nominal)
                for h in range(2, 51):
                    self.near(report, f"V1 HD{h}", 2.0, 0.002)
                    self.near(report, f"I2 HD{h}", 3.0 / 1.2, 0.0025)
                self.near(report, "V1 THD", 14.0, 0.01)

    def test_a_tone_above_the_orders_is_in_rms_and_power_and_in_no_order(self):
        waves = feeder(50.0, 20.0)
        for k in (1, 2, 3):
            waves[f"V{k}"].lines[4400.0] = cmath.rect(11.5, k)
            waves[f"I{k}"].lines[4400.0] = cmath.rect(0.25, 2 * k)
        report = self.measure(waves, 10000.0, 4500, "--registers", "*")
        self.check_phases(report, waves, 50.0)
        seen = 0
        for label, values in report["registers"].items():
            kind = label.split(" ")[-1]
            if kind.startswith(("HD", "IHD")) and kind != "HD1" and values["max"] is not None:
                seen += 1
                self.assertLess(values["max"], 0.01, label)
        self.assertGreater(seen, 600)

    def test_interharmonics_k_factor_and_crest(self):
        waves = feeder(47.3, 0.0)
        waves["V1"].lines[47.3 * 2.5] = 4.0
        waves["V1"].lines[47.3 * 7.2] = 3.0j
        orders = range(3, 30, 2)
        waves["I1"] = Wave((5.0, 47.3, 0.0), *((5.0 / h, 47.3 * h, 0.0) for h in orders))
        report = self.measure(waves, 10000.0, 4500, "--registers", "V1 IHD*,V1 HD*,I1 *")
        self.near(report, "V1 IHD2", 400 / 230, 0.01)
        self.near(report, "V1 IHD7", 300 / 230, 0.01)
        self.near(report, "V1 HD7", 0.0, 0.01)
        square = sum(1 / h ** 2 for h in orders)
        self.near(report, "I1 THD", 100 * math.sqrt(square), 0.01)
        self.near(report, "I1 K Fac", (1 + len(orders)) / (1 + square), 1e-3)
        crest = ROOT2 * (1 + sum(1 / h for h in orders)) / math.sqrt(1 + square)
        self.near(report, "I1 CF", crest, 0.005 * crest)

    def test_four_quadrants_and_energies(self):
        for lag in (30, 60, -30, 120, 150, -150):
            with self.subTest(lag=lag):
                waves = feeder(50.0, float(lag), [(5, 0.03, 0.08, 40.0)], dc=2.0)
                report = self.measure(waves, 6400.0, 5120)
                u, i = ([waves[f"{c}{k}"] for k in (1, 2, 3)] for c in "VI")
                p = sum(a.power(b) for a, b in zip(u, i))
                q = sum((a.lines[50.0] * b.lines[50.0].conjugate()).imag for a, b in zip(u, i))
                s = math.hypot(p, q)
                self.near(report, "kW tot", p / 1e3, 1e-8 * s)
                self.near(report, "kVAR tot", q / 1e3, 1e-8 * s)
                self.near(report, "kVA tot", s / 1e3, 1e-8 * s)
                # IEEE: negative while it lags, whichever way the power goes.
                self.near(report, "PF sign tot", math.copysign(abs(p) / s, -p * q), 2e-5)
                lagging, leading = (report["registers"][x]["last"] for x in ("PF lag", "PF lead"))
                self.assertEqual(lagging is None, p * q < 0)
                self.assertEqual(leading is None, p * q > 0)
                hours = 0.8 / 3600.0
                for label, value in (("kWh del", max(p, 0)), ("kWh rec", max(-p, 0)),
                                     ("kWh del-rec", p), ("kVARh del", max(q, 0)),
                                     ("kVARh rec", max(-q, 0)), ("kVAh del+rec", s)):
                    self.near(report, label, value * hours / 1e3, 1e-8 * s * hours, "last")

    def test_delta_with_two_or_three_transformers_and_wye_agree(self):
        wye = feeder(50.0, 25.0, [(5, 0.04, 0.0, 10.0)])
        wye["I3"] = Wave()
        wye["I3"].lines[50.0] = -wye["I1"].lines[50.0] - wye["I2"].lines[50.0]
        currents = {k: wye[k] for k in ("I1", "I2", "I3")}
        p = sum(wye[f"V{k}"].power(wye[f"I{k}"]) for k in (1, 2, 3))
        ab, bc, ca = (wye[x].minus(wye[y])
                      for x, y in (("V1", "V2"), ("V2", "V3"), ("V3", "V1")))
        three = {"V1": ab, "V2": bc, "V3": ca, **currents}
        two = {"V1": ab, "V3": wye["V3"].minus(wye["V2"]), **currents}
        for waves in (three, two):
            report = self.measure(waves, 6400.0, 2880, wiring="delta", volts=400)
            for label, wave in (("Vll ab", ab), ("Vll bc", bc), ("Vll ca", ca)):
                self.near(report, label, wave.rms(), 1e-5 * wave.rms())
            self.near(report, "kW tot", p / 1e3, 1e-8 * 3500)
            angle = math.degrees(cmath.phase(bc.lines[50.0] / ab.lines[50.0]))
            self.near_angle(report, "V2 ang", angle)

    def test_frequency_over_ten_seconds_with_harmonics(self):
        wave = Wave((230, 49.9871, -90), (11.5, 5 * 49.9871, 0), (11.5, 7 * 49.9871, 33))
        report = self.measure({"V1": wave}, 3200.0, 33600, "--every", "10s", "--registers", "Freq",
                              wiring="single")
        self.assertEqual(len(report["series"]["columns"]["Freq"]), 1)
        self.assertAlmostEqual(report["series"]["columns"]["Freq"][0], 49.9871, delta=1e-5)

    def test_recordings_of_a_few_cycles(self):
        for cycles in (1, 2, 2.5, 3, 5, 9):
            waves = feeder(50.0, 30.0, [(5, 0.03, 0.1, 20.0)])
            with self.subTest(cycles=cycles):
                report = self.measure(waves, 3200.0, int(64 * cycles))
                for k, name in ((1, "a"), (2, "b"), (3, "c")):
                    u, i = waves[f"V{k}"], waves[f"I{k}"]
                    self.near(report, f"Vln {name}", u.rms(), 1e-4 * u.rms())
                    self.near(report, f"kW {name}", u.power(i) / 1e3, 1e-7 * u.rms() * i.rms())

    def test_dips_swells_and_interruptions_lie_in_the_exact_windows(self):
        rate, hertz, count = 12800.0, 50.0, 9000
        duration = count / rate
        for factor, cycles, point in ((0.1, 1.0, 20), (0.5, 1.5, 77), (0.7, 3.0, 140),
                                      (0.85, 5.2, 260), (1.2, 2.0, 0), (1.5, 0.7, 45),
                                      (0.02, 6.0, 200)):
            with self.subTest(factor=factor, cycles=cycles, point=point):
                # Between two samples, where a step does not depend on how it is sampled.
                begin = (round((0.3 + point / 360.0 / hertz) * rate) + 0.5) / rate
                end = begin + round(cycles / hertz * rate) / rate
                levels = [(0.0, begin, 230.0), (begin, end, 230.0 * factor), (end, 9.0, 230.0)]
                data = [ROOT2 * next(rms for _, to, rms in levels if n / rate < to) *
                        math.cos(2 * math.pi * hertz * n / rate + math.radians(-90))
                        for n in range(count)]
                report = self.measure({"V1": data}, rate, count, wiring="single")
                windows = list(dip_windows(hertz, -90, duration, levels))
                expected = []
                for kind, past, back, worst in (
                        ("dip", lambda u: u < 207.0, lambda u: u >= 211.6, min),
                        ("interruption", lambda u: u < 11.5, lambda u: u >= 16.1, min),
                        ("swell", lambda u: u > 253.0, lambda u: u <= 248.4, max)):
                    first = next((n for n, w in enumerate(windows) if past(w[2])), None)
                    if first is not None:
                        last = next(n for n in range(first, len(windows)) if back(windows[n][2]))
                        expected.append((kind, windows[first][0], windows[last][1],
                                         worst(w[2] for w in windows[first:last])))
                found = {e["type"]: e for e in report["events"]}
                self.assertEqual(sorted(found), sorted(e[0] for e in expected))
                self.assertEqual(len(found), len(report["events"]))
                for kind, start, stop, volts in expected:
                    event = found[kind]
                    self.assertAlmostEqual(seconds(event["start"]), start, delta=2e-5)
                    self.assertAlmostEqual(seconds(event["end"]), stop, delta=2e-5)
                    value = event.get("residual_V", event.get("maximum_V"))
                    self.assertAlmostEqual(value, volts, delta=0.0115)

    def test_rapid_changes_transients_and_signalling(self):
        # From one step of 6 %, one sample of 700 V at a zero crossing, 0.6 s of 175 Hz at 5 %.
        rate, count = 12800.0, 57600
        data = []
        for n in range(count):
            t = n / rate
            u = 230.0 * ROOT2 * math.sin(2 * math.pi * 50.0 * t)
            u *= 0.94 if n > 2.0 * rate - 0.5 else 1.0
            u += 11.5 * ROOT2 * math.sin(2 * math.pi * 175.0 * t) if 0.4 <= t < 1.0 else 0.0
            data.append(u + (700.0 if n == int(0.3 * rate) else 0.0))
        report = self.measure({"V1": data}, rate, count, "--signalling", "175", wiring="single")
        self.assertEqual(report["events"], [])
        change, = report["rapid_voltage_changes"]
        self.assertAlmostEqual(seconds(change["start"]), 2.0, delta=1e-4)
        self.assertAlmostEqual(seconds(change["end"]), 2.01, delta=1e-4)
        # The mean of the second before has in it the window that straddles the step.
        before = 0.99 + 0.01 * math.sqrt((1 + 0.94 ** 2) / 2)
        self.assertAlmostEqual(change["delta_max_percent"], 100 * (before - 0.94), delta=0.005)
        self.assertAlmostEqual(change["delta_steady_V"], 230 * (before - 0.94), delta=0.0115)
        self.assertEqual((change["worst_phase"], change["threshold_percent"]), ("V1", 5))
        transient, = report["transients"]
        self.assertAlmostEqual(seconds(transient["start"]), 0.3, delta=1e-6)
        self.assertAlmostEqual(transient["peak_V"], 700.0, delta=1e-3)
        self.assertAlmostEqual(transient["peak_percent"], 70000 / 230 / ROOT2, delta=1e-3)
        self.assertAlmostEqual(transient["duration_s"], 1 / rate, delta=1e-9)
        emission, = report["signalling"]
        self.assertEqual((emission["carrier_Hz"], emission["phase"]), (175, "V1"))
        self.assertAlmostEqual(seconds(emission["start"]), 0.4, delta=1e-4)
        self.assertAlmostEqual(seconds(emission["end"]), 1.0, delta=1e-4)
        self.assertAlmostEqual(emission["max_percent"], 5.0, delta=0.005)
        self.assertEqual(len(emission["values_percent"]), 20)

    def test_two_rates_and_both_sides_of_comtrade(self):
        waves = feeder(50.0, 30.0, volts=57.735, amperes=1.0)
        times = [n / 1600 for n in range(1600)] + [1.0 + n / 6400 for n in range(6400)]
        data = {name: [sum(ROOT2 * abs(p) * math.cos(2 * math.pi * f * t + cmath.phase(p))
                           for f, p in wave.lines.items()) for t in times]
                for name, wave in waves.items()}
        path = self.folder / "two.cfg"
        write_comtrade(path, data, [(1600.0, 1600), (6400.0, 8000)], times)
        for side, volt, ampere in (("secondary", 1, 1), ("primary", 200, 120)):
            report = self.analyze(path, "--side", side, "--every", "10-12-cycle")
            self.assertEqual(report["events"], [])
            self.assertEqual(len(report["series"]["start"]), 10)
            for name, phase in (("a", 1), ("b", 2), ("c", 3)):
                u, i = waves[f"V{phase}"].rms() * volt, waves[f"I{phase}"].rms() * ampere
                self.near(report, f"Vln {name}", u, 1e-5 * u)
                self.near(report, f"I {name}", i, 1e-5 * i)
            p = sum(waves[f"V{k}"].power(waves[f"I{k}"]) for k in (1, 2, 3)) * volt * ampere
            self.near(report, "kWh del", p * 2 / 3.6e6, 1e-5 * p * 2 / 3.6e6, "last")

    def test_missing_cells_and_a_gap_in_the_time_column(self):
        waves = feeder(50.0, 30.0)
        rate, count = 3200.0, 4480
        data = {name: wave.samples(rate, count) for name, wave in waves.items()}
        path = self.folder / "x.csv"

        def write(empty=range(0), left_out=range(0)):
            rows = ["time," + ",".join(data)]
            for n in range(count):
                if n not in left_out:
                    rows.append(f"{n / rate:.7f}," + ",".join(
                        "" if name == "I2" and n in empty else repr(x[n])
                        for name, x in data.items()))
            path.write_text("\n".join(rows) + "\n")
        arguments = ("--wiring", "4w-wye", "--nominal-voltage", 230, "--every", "10-12-cycle")
        write(empty=range(1600, 1610))
        report = self.analyze(path, *arguments)
        series = report["series"]
        self.assertEqual(series["complete"], [True, True, False, True, True, True, True])
        self.assertEqual([x is None for x in series["columns"]["I b"]],
                         [not x for x in series["complete"]])
        self.assertNotIn(None, series["columns"]["I a"])
        self.assertEqual(report["events"], [])
        write(left_out=range(1600, 1920))
        report = self.analyze(path, *arguments)
        self.assertEqual(report["events"], [])  # lost time is no interruption
        self.check_phases(report, waves, 50.0)
        p = sum(waves[f"V{k}"].power(waves[f"I{k}"]) for k in (1, 2, 3))
        self.near(report, "kWh del", p * 1.3 / 3.6e6, 1e-5 * p * 1.3 / 3.6e6, "last")


if __name__ == "__main__":
    unittest.main()
