#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out figures of the recordings independently of Halfcycle, and prints them as JSON.

    python3 tests/e2e/figures.py > tests/e2e/figures.json

It shares no code and no method with the program: it has a COMTRADE reader of its own in plain
Python, and takes the figures from a stretch of steady signal, named by hand below for each
recording. The frequency is the phase step of a Hann-weighted single-line DFT between the two
halves of the stretch; rms is taken over the largest whole number of cycles in it, the cut samples
at its ends shared out in proportion; a phasor is the least-squares sine at that frequency. P is
the mean of u*i over the same cycles. No value comes from the program under test.
"""
import cmath
import json
import math
import os
import struct
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "recordings")

# file, encoding, side factor is 1 (values as stored, a*x+b), kilo = factor to V/A by unit,
# channels by hand (1-based number -> input), stretch in seconds from the first sample.
CASES = [
    dict(file="Esticonv-Wisp.Comtrade/1.cfg", inputs={"V1": 1, "V2": 2, "V3": 3},
         stretch=(0.0, 0.080)),
    dict(file="Esticonv-Wisp.Comtrade/2.cfg", inputs={"V1": 1, "V2": 2, "V3": 3},
         stretch=(0.0, 0.3)),
    dict(file="Esticonv-Wisp.Comtrade/3.cfg",
         inputs={"I1": 1, "I2": 2, "I3": 3, "I4": 4, "V1": 5, "V2": 6, "V3": 7},
         stretch=(0.0, 0.42)),
    dict(file="gabrieldelaparra-ComtradeHandler/Comtrade1.cfg",
         inputs={"I1": 1, "I2": 2, "I3": 3, "I4": 4, "V1": 6, "V2": 7, "V3": 8},
         stretch=(0.0, 0.9)),
    dict(file="ijlyttle-ieeecomtrade/keating_1999.CFG", inputs={"I1": 1, "I2": 2, "I3": 3, "I4": 4,
         "V1": 5, "V2": 6, "V3": 7, "V4": 8}, stretch=(0.0, 0.0171)),
    dict(file="Nazir-COMTRADE/test.cfg", inputs={"I1": 1, "I2": 2, "I3": 3, "I4": 4},
         stretch=(0.0, 5.9)),
    dict(file="selkovevgeny-RelayLab/two_phase_fault.cfg",
         inputs={"V1": 1, "V2": 2, "V3": 3, "I1": 4, "I2": 5, "I3": 6, "I4": 7},
         stretch=(0.0, 0.15)),
    dict(file="yonwoo9-go-comtrade/test1.cfg", find={"V1": "LINE ULA", "V2": "LINE ULB",
                                                     "V3": "LINE ULC"}, stretch=(0.0, 0.95)),
    dict(file="zhangsonggui-comtradeOfPython/xtz.cfg", inputs={"V1": 1, "V2": 2, "V3": 3},
         stretch=(0.0, 0.18)),
    dict(file="zhangsonggui-comtradeOfPython/ymz.cfg", inputs={"V1": 1, "V2": 2, "V3": 3},
         stretch=(0.0, 0.07)),
]


def read_cfg(path):
    with open(path, "rb") as f:
        lines = f.read().decode("latin-1").replace("\x1a", "").split("\n")
    lines = [line.strip("\r") for line in lines]
    analog = int(lines[1].split(",")[1].strip().rstrip("Aa"))
    status = int(lines[1].split(",")[2].strip().rstrip("Dd"))
    channels = []
    for line in lines[2:2 + analog]:
        f = [x.strip() for x in line.split(",")]
        channels.append(dict(name=f[1], unit=f[4], a=float(f[5]), b=float(f[6]),
                             skew=float(f[7] or 0) if len(f) > 7 else 0.0))
    at = 2 + analog + status
    line_hz = float(lines[at].strip() or 0)
    count = int(lines[at + 1])
    rates = [tuple(float(x) for x in lines[at + 2 + k].split(",")[:2]) for k in range(max(1, count))]
    kind = lines[at + 4 + max(1, count)].strip().upper()
    return channels, status, line_hz, rates, kind


def read(path):
    channels, status, line_hz, rates, kind = read_cfg(path)
    stem = path[:-4]
    dat = next(stem + e for e in (".dat", ".DAT") if os.path.exists(stem + e))
    rows, stamps = [], []
    if kind == "ASCII":
        with open(dat, "rb") as f:
            for line in f.read().decode("latin-1").replace("\x1a", "").splitlines():
                fields = line.split(",")
                if len(fields) < 2 + len(channels):
                    continue
                stamps.append(float(fields[1]) if fields[1].strip() else None)
                rows.append([float(x) for x in fields[2:2 + len(channels)]])
    else:
        code, width = {"BINARY": ("h", 2), "BINARY32": ("i", 4), "FLOAT32": ("f", 4)}[kind]
        size = 8 + width * len(channels) + 2 * ((status + 15) // 16)
        with open(dat, "rb") as f:
            raw = f.read()
        for k in range(len(raw) // size):
            values = struct.unpack_from("<II%d%s" % (len(channels), code), raw, k * size)
            stamps.append(values[1])
            rows.append(values[2:])
    return channels, line_hz, rates, stamps, rows


def angle_of(x, rate, hertz, first, count):
    total = 0j
    for n in range(count):
        weight = 0.5 - 0.5 * math.cos(2 * math.pi * (n + 0.5) / count)
        total += weight * x[first + n] * cmath.exp(-2j * math.pi * hertz * (first + n) / rate)
    return cmath.phase(total)


def frequency(x, rate, nominal):
    hertz = nominal
    half = len(x) // 2
    # A whole number of cycles in each half keeps the mirror line out.
    half = int(int(half / (rate / nominal)) * rate / nominal)
    if half < 2 * rate / nominal - 1:
        return None
    for _ in range(20):
        step = angle_of(x, rate, hertz, half, half) - angle_of(x, rate, hertz, 0, half)
        step = (step + math.pi) % (2 * math.pi) - math.pi
        hertz += step * rate / (2 * math.pi * half)
    return hertz


def mean_over_cycles(values, rate, hertz):
    """Mean over the largest whole number of cycles, the last sample's share cut to fit."""
    period = rate / hertz
    cycles = int((len(values) - 1) / period + 1e-9)
    if cycles < 1:
        return None
    length = cycles * period
    whole = int(length)
    part = length - whole
    # Trapezoids, the last one cut at the fraction.
    total = sum(0.5 * (values[n] + values[n + 1]) for n in range(whole))
    if part > 0 and whole + 1 < len(values):
        end = values[whole] + part * (values[whole + 1] - values[whole])
        total += part * 0.5 * (values[whole] + end)
    return total / length


def figures(case):
    channels, line_hz, rates, stamps, rows = read(os.path.join(ROOT, case["file"]))
    inputs = case.get("inputs")
    if "find" in case:
        inputs = {k: 1 + next(n for n, c in enumerate(channels) if c["name"].strip() == v)
                  for k, v in case["find"].items()}
    rate = rates[0][0]
    if rate == 0:
        rate = (len(rows) - 1) * 1e6 / (stamps[-1] - stamps[0])
    first = int(round(case["stretch"][0] * rate))
    last = min(len(rows), int(round(case["stretch"][1] * rate)))
    out = dict(file=case["file"], **{"from": case["stretch"][0], "to": case["stretch"][1]})
    out["map"] = {k: channels[v - 1]["name"].strip() for k, v in inputs.items()}
    kilo = {"k": 1000.0, "M": 1e6, "m": 1e-3}
    wave = {}
    for name, number in inputs.items():
        c = channels[number - 1]
        scale = kilo.get(c["unit"].strip()[:1], 1.0) if len(c["unit"].strip()) == 2 else 1.0
        wave[name] = [(c["a"] * row[number - 1] + c["b"]) * scale for row in rows[first:last]]
    reference = wave.get("V1") or wave["I1"]
    hertz = frequency(reference, rate, line_hz)
    out["frequency_Hz"] = hertz
    hertz = hertz or line_hz
    out["rms"] = {}
    for name, x in sorted(wave.items()):
        square = mean_over_cycles([v * v for v in x], rate, hertz)
        out["rms"][name] = math.sqrt(square) if square is not None else None
    skews = [abs(channels[v - 1]["skew"]) for v in inputs.values()]
    # Differences and products need the channels at one instant: only where no skew matters.
    if all(k in wave for k in ("V1", "V2", "V3")) and max(skews) < 5.0:
        for label, (p, q) in {"ab": ("V1", "V2"), "bc": ("V2", "V3"), "ca": ("V3", "V1")}.items():
            d = [(a - b) ** 2 for a, b in zip(wave[p], wave[q])]
            out["rms"][label] = math.sqrt(mean_over_cycles(d, rate, hertz))
        if all(k in wave for k in ("I1", "I2", "I3")):
            total = [sum(wave["V%d" % p][n] * wave["I%d" % p][n] for p in (1, 2, 3))
                     for n in range(len(reference))]
            out["P_W"] = mean_over_cycles(total, rate, hertz)
    return out


if __name__ == "__main__":
    json.dump([figures(case) for case in CASES], sys.stdout, indent=1, sort_keys=True)
    print()
