# SPDX-License-Identifier: Apache-2.0
"""Many live meters in one process for minutes: no sample dropped, flat memory, an API that answers.

  soak.py [--meters 200] [--seconds 600] [--threads 2] [--data DIR]

Prints a line every ten seconds and figures at the end; status 1 if a sample was dropped, memory grew
or the API was slow. Run by ./test --long. HALFCYCLE names the program.
"""
import argparse
import atexit
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

PROGRAM = os.environ.get("HALFCYCLE", "halfcycle")
START_SECONDS = 120
SETTLED_SECONDS = 60      # buffers fill and tables are made before that
GROWTH = 0.03             # of memory after it
SLOWEST_SECONDS = 1.0     # one answer of the API


def memory_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/statm").read_text().split()
    return int(text[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--meters", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", default="none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "meter.toml"
        config.write_text(
            f'threads = {options.threads}\ndata = "{options.data}"\n'
            '[web]\nlisten = "127.0.0.1:0"\n[modbus]\nlisten = "127.0.0.1:0"\n'
            + "".join(f'[[meter]]\nid = "m{i}"\nsource = "sim:feeder"\n'
                      for i in range(options.meters)))
        began = time.monotonic()
        output = pathlib.Path(folder) / "output"
        with output.open("w") as out, (pathlib.Path(folder) / "log").open("w") as log:
            process = subprocess.Popen([PROGRAM, "run", "--config", config], stdout=out, stderr=log,
                                       stdin=subprocess.DEVNULL)
        atexit.register(process.kill)
        while not (match := re.search(r"^Page +(\S+)/$", output.read_text(), re.M)):
            if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                print((pathlib.Path(folder) / "log").read_text())
                return 1
            time.sleep(0.1)
        url = match[1]
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

        def get(path):
            start = time.monotonic()
            with urllib.request.urlopen(url + path, timeout=30, context=context) as answer:
                value = json.load(answer)
            return value, time.monotonic() - start

        settled_memory, answers, worst_lag = None, [], 0.0
        while (now := time.monotonic() - began) < options.seconds:
            time.sleep(max(0.0, min(10.0, options.seconds - now)))
            meters, seconds = get("/api/v1/meters")
            _, second = get(f"/api/v1/meters/m{int(now) % options.meters}/registers?labels=kW%20tot")
            answers += [seconds, second]
            memory = memory_bytes(process.pid)
            now = time.monotonic() - began
            if settled_memory is None and now > SETTLED_SECONDS:
                settled_memory = memory
            lag = max(meter["lag_s"] for meter in meters)
            worst_lag = max(worst_lag, lag)
            print(f"{now:6.0f} s  {memory / 1e6:7.1f} MB  "
                  f"CPU {cpu_seconds(process.pid) / now:5.3f} cores  lag {lag * 1e3:6.1f} ms  "
                  f"dropped {sum(meter['dropped_samples'] for meter in meters)}  "
                  f"API {seconds * 1e3:5.1f} ms", flush=True)
        meters, _ = get("/api/v1/meters")
        memory = memory_bytes(process.pid)
        process.terminate()
        status = process.wait(60)
        dropped = sum(meter["dropped_samples"] for meter in meters)
        gaps = sum(meter["gaps"] for meter in meters)
        measuring = sum(meter["state"] == "measuring" for meter in meters)
        growth = memory / (settled_memory or memory) - 1.0
        print(f"{measuring} of {options.meters} meters measuring, {dropped} samples dropped, "
              f"{gaps} gaps; memory {growth:+.2%} since {SETTLED_SECONDS} s; worst lag seen "
              f"{worst_lag * 1e3:.1f} ms; slowest answer {max(answers) * 1e3:.1f} ms; status {status}")
        good = (dropped == 0 and gaps == 0 and measuring == options.meters and growth < GROWTH
                and max(answers) < SLOWEST_SECONDS and status == 0)
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
