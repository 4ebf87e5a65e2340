# SPDX-License-Identifier: Apache-2.0
"""How long after the start of `halfcycle run` its first values can be read (DESIGN §6: at most 0.5 s
plus the measuring window).

  first_value.py [--runs 20]

Starts the program with its page, its store and Modbus on a folder of its own each time, and asks the
half-cycle voltage (window: one cycle, 20 ms) over Modbus until it is valid; then `V1 THD` of 10/12 cycles
(window: 200 ms) over HTTPS. HALFCYCLE names the program.
"""
import argparse
import json
import os
import socket
import ssl
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.request

PROGRAM = os.environ.get("HALFCYCLE", "halfcycle")
HANG_GUARD_SECONDS = 60
HALF_CYCLE_VOLTAGE = 50011 - 1
WINDOW_LABEL = "V1%20THD"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def half_cycle_voltage(port):
    """V, or None while there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, HALF_CYCLE_VOLTAGE, 2))
        answer = b""
        while len(answer) < 13:
            part = connection.recv(13 - len(answer))
            if not part:
                return None
            answer += part
        value = struct.unpack(">f", answer[9:])[0]
        return value if value == value else None  # NaN: not available


def window_distortion(port, context):
    url = f"https://127.0.0.1:{port}/api/v1/meters"
    with urllib.request.urlopen(url, context=context, timeout=5) as answer:
        meter = json.load(answer)[0]["id"]
    with urllib.request.urlopen(f"{url}/{meter}/registers?labels={WINDOW_LABEL}", context=context,
                                timeout=5) as answer:
        return json.load(answer)[0]["value"]


def seconds_until(began, ask):
    while time.monotonic() - began < HANG_GUARD_SECONDS:
        try:
            if ask() is not None:
                return time.monotonic() - began
        except OSError:
            pass
        time.sleep(0.001)
    raise SystemExit("no value came")


def one_run():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # made at the start; loopback
    modbus, web = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = subprocess.Popen(
            [PROGRAM, "run", "--quiet", "--data", folder, "--web", f"127.0.0.1:{web}", "--modbus",
             f"127.0.0.1:{modbus}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            half_cycle = seconds_until(began, lambda: half_cycle_voltage(modbus))
            window = seconds_until(began, lambda: window_distortion(web, context))
        finally:
            process.terminate()
            process.wait()
    return half_cycle, window


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    runs = [one_run() for _ in range(parser.parse_args().runs)]
    print(f"{'seconds after the start':42} {'median':>8} {'largest':>8}")
    for name, values in zip(("half-cycle voltage over Modbus", "10/12-cycle THD over HTTPS"),
                            zip(*runs)):
        print(f"{name:42} {statistics.median(values):8.3f} {max(values):8.3f}")


if __name__ == "__main__":
    main()
