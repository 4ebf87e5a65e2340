# SPDX-License-Identifier: Apache-2.0
"""Modbus TCP of `halfcycle run`, through a client of its own and through mbpoll."""
import json
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest
import urllib.request

from halfcycle import PROGRAM, Case

HANG_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refused(Exception):
    """An exception of Modbus; args[0] is its code."""


class Client:
    """Reads registers by their number in the map, which is the address plus one."""

    def __init__(self, port, unit=1):
        self.unit = unit
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS)
        self.transaction = 0

    def close(self):
        self.socket.close()

    def _receive(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed by the server")
            data += more
        return data

    def ask(self, pdu):
        self.transaction = (self.transaction + 1) % 65536
        self.socket.sendall(struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, self.unit) + pdu)
        transaction, protocol, length, unit = struct.unpack(">HHHB", self._receive(7))
        assert (transaction, protocol, unit) == (self.transaction, 0, self.unit)
        answer = self._receive(length - 1)
        if answer[0] & 0x80:
            raise Refused(answer[1])
        return answer

    def read(self, number, count):
        answer = self.ask(struct.pack(">BHH", 3, number - 1, count))
        assert answer[:2] == bytes([3, 2 * count])
        return answer[2:]

    def floats(self, number, count=1):
        return struct.unpack(f">{count}f", self.read(number, 2 * count))

    def text(self, number, count):
        return self.read(number, count).rstrip(b"\0").decode()


class Modbus(Case):
    def start(self, *arguments):
        """A meter with free ports; returns when it has measured a second."""
        self.port = free_port()
        self.web = free_port()
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--quiet", "--data", "none", "--modbus", f"127.0.0.1:{self.port}",
             "--web", f"127.0.0.1:{self.web}", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(self.stop)

    def client(self, unit=1):
        deadline = time.monotonic() + HANG_SECONDS
        while True:
            try:
                client = Client(self.port, unit)
                break
            except ConnectionRefusedError:
                self.assertIsNone(self.process.poll(), "it has ended")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        self.addCleanup(client.close)
        while client.floats(3060)[0] != client.floats(3060)[0]:  # kW tot is not available yet
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return client

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, self.messages = self.process.communicate(timeout=HANG_SECONDS)
        return self.process.returncode

    def api(self, path):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # its own certificate, made a moment ago
        url = f"https://127.0.0.1:{self.web}/api/v1/{path}"
        with urllib.request.urlopen(url, context=context, timeout=HANG_SECONDS) as answer:
            return json.load(answer)

    def test_values_agree_with_the_api(self):
        # The source ends and the last values stay: nothing moves while they are compared.
        self.start("--source", "sim:dips", "--speed", "10")
        client = self.client()
        deadline = time.monotonic() + HANG_SECONDS
        while self.api("meters")[0]["state"] != "ended":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        meter = self.api("meters")[0]
        rows = {3028: "Vln a", 3026: "Vll avg", 3000: "I a", 3060: "kW tot", 3068: "kVAR tot",
                3110: "Freq", 2700: "kWh del", 21330: "V1 THD", 22900: "V1 HD5", 21016: "HS Freq",
                50011: "HS Vln a", 42316: "Vln avg mx"}
        available = 0
        for number, label in rows.items():
            query = urllib.request.quote(label)
            value = self.api(f"meters/{meter['id']}/registers?labels={query}")[0]["value"]
            word = client.read(number, 2)
            if value is None:
                self.assertEqual(word.hex(), "ffc00000", label)
            else:
                available += 1
                self.assertAlmostEqual(struct.unpack(">f", word)[0], value,
                                       delta=1e-6 * max(abs(value), 1e-3), msg=label)
        self.assertGreaterEqual(available, 9)
        self.assertEqual(client.text(70, 20), "Halfcycle")
        self.assertEqual(client.text(30, 20), meter["name"])
        self.assertEqual(self.stop(), 0)

    def test_an_answer_is_of_one_moment_and_time_goes_on(self):
        self.start("--speed", "10")
        client = self.client()
        energy = -1
        times = set()
        deadline = time.monotonic() + HANG_SECONDS
        while len(times) < 20:
            self.assertLess(time.monotonic(), deadline)
            a, b, c, total = client.floats(3054, 4)
            self.assertAlmostEqual(a + b + c, total, delta=1e-5 * abs(total))
            now = struct.unpack(">q", client.read(3204, 4))[0]
            self.assertGreaterEqual(now, energy)
            energy = now
            times.add(client.read(1837, 6))  # year to second
        self.assertGreater(energy, 0)

    def test_meters_answer_for_their_units(self):
        file = self.folder / "meters.toml"
        file.write_text('[[meter]]\nname = "North"\nunit_id = 3\nsource = "sim:feeder"\n'
                        '[[meter]]\nname = "South"\nunit_id = 9\nsource = "sim:feeder"\n')
        self.start("--config", file)
        self.assertEqual(self.client(3).text(30, 20), "North")
        self.assertEqual(self.client(9).text(30, 20), "South")
        stranger = Client(self.port, 1)
        self.addCleanup(stranger.close)
        with self.assertRaisesRegex(Refused, "11"):
            stranger.read(30, 20)
        with self.assertRaisesRegex(Refused, "11"):
            stranger.ask(bytes([0x2B, 0x0E, 1, 0]))

    def test_idle_and_hostile_connections_have_no_effect(self):
        self.start()
        client = self.client()
        idle = []
        for _ in range(1000):
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=HANG_SECONDS)
            self.addCleanup(connection.close)
            idle.append(connection)
        noise = random.Random(1)
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", self.port), timeout=HANG_SECONDS) as hostile:
                try:
                    hostile.sendall(noise.randbytes(noise.randrange(1, 2000)))
                except OSError:
                    pass  # refused and closed already
            self.assertEqual(len(client.read(3000, 125)), 250)
        # 39 beside the client are served; the others were closed at once.
        closed = 0
        for connection in idle[-900:]:
            try:
                closed += connection.recv(1) == b""
            except ConnectionResetError:
                closed += 1
        self.assertEqual(closed, 900)
        meter = self.api("meters")[0]
        self.assertEqual((meter["state"], meter["dropped_samples"], meter["gaps"]),
                         ("measuring", 0, 0))
        self.assertEqual(self.stop(), 0)
        self.assertEqual(self.messages.count(b"connections are in use"), 1)

    @unittest.skipUnless(shutil.which("mbpoll"), "mbpoll is not installed")
    def test_mbpoll_reads_the_voltages(self):
        self.start()
        expected = self.client().floats(3028)[0]
        done = subprocess.run(["mbpoll", "-m", "tcp", "-p", str(self.port), "-a", "1", "-t",
                               "4:float", "-B", "-r", "3028", "-c", "3", "-1", "127.0.0.1"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=HANG_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout)
        line = [x for x in done.stdout.splitlines() if x.startswith("[3028]:")][0]
        self.assertAlmostEqual(float(line.split()[1]), expected, delta=0.05 * expected)

    def test_a_port_in_use_is_told_with_what_to_do(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            message = self.bad(3, "run", "--data", "none", "--web", "off", "--modbus",
                               f"127.0.0.1:{port}", says="another program has this port")
            self.assertIn(str(port), message)


if __name__ == "__main__":
    unittest.main()
