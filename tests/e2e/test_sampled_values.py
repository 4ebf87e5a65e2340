# SPDX-License-Identifier: Apache-2.0
"""Sampled values over a wire: a merging unit in Python sends on one end of a veth pair, the meter
reads the other. All of it lives in a network namespace of its own, which needs the right to make
one (root, or user namespaces); without it the tests are skipped and say why."""
import math
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from halfcycle import PROGRAM, RECORDINGS, Case
from test_modbus import Client
from test_run import ANY, Service

ALONE = ("--web", "off", "--modbus", "off", "--data", "none")
INSIDE = "HALFCYCLE_TEST_NAMESPACE"
RATE = 4000
HERTZ = 50.0
VOLTS = 57735.0
AMPERES = 1000.0


def ber(tag, value):
    length = len(value)
    return bytes([tag]) + (bytes([0x82]) + struct.pack(">H", length) if length > 127 else
                           bytes([length])) + value


def frame(sv_id, count, synch, values, quality, app_id, vlan):
    """One ASDU by IEC 61850-9-2: values are the eight channels of 9-2LE."""
    data = b"".join(struct.pack(">iI", v, q) for v, q in zip(values, quality))
    asdu = ber(0x30, ber(0x80, sv_id.encode()) + ber(0x82, struct.pack(">H", count)) +
               ber(0x83, struct.pack(">I", 1)) + ber(0x85, bytes([synch])) + ber(0x87, data))
    pdu = ber(0x60, ber(0x80, b"\x01") + ber(0xA2, asdu))
    tag = struct.pack(">HH", 0x8100, 0x8000 | vlan) if vlan is not None else b""
    return (b"\x01\x0c\xcd\x04\x00\x01\x02\x00\x00\x00\x00\x01" + tag + struct.pack(">H", 0x88BA) +
            struct.pack(">HHHH", app_id, len(pdu) + 8, 0, 0) + pdu)


class MergingUnit:
    """Sends a known sine on the full second; what it sends can be changed while it runs."""

    def __init__(self, sv_id="MU01", app_id=0x4000, vlan=None, scale=1.0,
                 interface="hcmu"):
        self.sv_id, self.app_id, self.vlan, self.scale = sv_id, app_id, vlan, scale
        self.interface = interface
        self.quality = [0] * 8
        self.synch = 2
        self.silent = False
        self.skip = 0
        self.stalled = False  # this program was kept from sending: no merging unit does that
        self._connect()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _connect(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((self.interface, 0))

    def second(self):
        """The frames of one second: 50 Hz fits into it."""
        frames = []
        for count in range(RATE):
            values = []
            for size, unit in ((AMPERES, 1e-3), (VOLTS, 1e-2)):
                for phase in range(3):
                    angle = 2 * math.pi * (HERTZ * count / RATE - phase / 3)
                    values.append(round(self.scale * size * math.sqrt(2) * math.sin(angle) / unit))
                values.append(0)
            frames.append(frame(self.sv_id, count, self.synch, values, self.quality, self.app_id,
                                self.vlan))
        return frames

    def change(self, **what):
        for name, value in what.items():
            setattr(self, name, value)
        self._frames = self.second()

    def _send(self):
        self._frames = self.second()
        sent = int(time.time() * RATE)
        while not self._stop.is_set():
            due = int(time.time() * RATE)
            self.stalled = self.stalled or due - sent > RATE / 4
            if self.silent:
                sent = due
            if self.skip:
                sent, self.skip = sent + self.skip, 0
            while sent < due:
                try:
                    self._socket.send(self._frames[sent % RATE])
                except OSError:  # the interface is gone
                    self._reconnect()
                sent += 1
            time.sleep(0.004)

    def _reconnect(self):
        self._socket.close()
        while not self._stop.is_set():
            try:
                return self._connect()
            except OSError:
                self._socket.close()
                time.sleep(0.02)

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._socket.close()


def why_not():
    """Why no namespace with a veth pair can be made here; empty if it can."""
    for tool in ("unshare", "ip"):
        if not shutil.which(tool):
            return f"there is no '{tool}' on this machine"
    done = subprocess.run([*NAMESPACE, "ip", "link", "add", "hcmu", "type", "veth", "peer", "name",
                           "hcmeter"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no network namespace: {done.stderr.strip()}"


NAMESPACE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


@unittest.skipIf(os.environ.get(INSIDE), "this is the inner run")
class InANamespace(unittest.TestCase):
    def test_the_wire(self):
        reason = why_not()
        if reason:
            self.skipTest(reason)
        done = subprocess.run([*NAMESPACE, sys.executable, __file__], check=False, timeout=600,
                              env=dict(os.environ, **{INSIDE: "1"}), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Files(Case):
    """What needs no wire."""

    def test_a_stream_of_a_capture_is_chosen_in_its_address(self):
        capture = RECORDINGS / "KaeroDot-EPMDigitalITsw" / "E_pcap.pcapng"
        answer = self.analyze(f"pcap:{capture},svid=A1MU0101,appid=0x4001")
        self.assertEqual(answer["source"]["station"], "A1MU0101")
        self.assertAlmostEqual(answer["registers"]["Vln a"]["mean"], 400400, delta=60)
        self.bad(1, "analyze", f"pcap:{capture},svid=MU99",
                 says=["svID 'MU99'", "A1MU0101 (APPID 0x4001, 8 channels)"])
        self.bad(2, "analyze", f"pcap:{capture},appid=x", says="appid=0x4000")

    def test_an_interface_that_is_not_there_is_named_with_those_that_are(self):
        self.bad(1, "run", "--source", "sv:nothere0", *ALONE, says=["nothere0", "lo"])

    def test_sources_names_it(self):
        self.assertIn("sv:INTERFACE", self.good("sources"))


@unittest.skipUnless(os.environ.get(INSIDE), "only in a namespace")
class Wire(Case):
    @classmethod
    def setUpClass(cls):
        for words in ("link add hcmu type veth peer name hcmeter", "link set lo up",
                      "link set hcmu up", "link set hcmeter up",
                      # mbpoll looks for IPv4 addresses only where something other than lo has one.
                      "addr add 192.0.2.1/24 dev hcmeter"):
            subprocess.run(["ip", *words.split()], check=True)

    def unit(self, **options):
        unit = MergingUnit(**options)
        self.addCleanup(unit.stop)
        return unit

    def start(self, *arguments, modbus="off", **options):
        service = Service(*arguments, "--data", "none", "--web", ANY, "--modbus", modbus,
                          **options)
        self.addCleanup(lambda: service.stop())
        service.url = service.said(r"listens on (https://\S+?)/", "err")[1]
        return service

    def registers(self, service, *labels, meter=None):
        meter = meter or next(iter(service.meters()))
        names = ",".join(labels).replace(" ", "%20")
        answer = service.get(f"/api/v1/meters/{meter}/registers?labels={names}")
        return {row["label"]: row for row in answer}

    def settled(self, service, label, condition, meter=None):
        """The register once it is as it should be."""
        def look():
            row = self.registers(service, label, meter=meter)[label]
            return row if condition(row) else None
        return service.wait_for(label, look)

    def about(self, value, share=1e-4):
        return lambda row: row["value"] is not None and abs(row["value"] / value - 1) < share

    def assert_gaps(self, service, unit, expected, meter=None):
        if not unit.stalled:
            meter = meter or next(iter(service.meters()))
            self.assertEqual(service.meters()[meter]["gaps"], expected)

    def state(self, service, state):
        return service.wait_for(state, lambda: next(
            (m for m in service.meters().values() if m["state"] == state), None))

    def test_what_is_sent_is_what_is_shown(self):
        unit = self.unit(vlan=5)
        service = self.start("--source", "sv:hcmeter")
        self.settled(service, "Vln a", self.about(VOLTS))
        self.settled(service, "I b", self.about(AMPERES))
        self.settled(service, "Freq", self.about(HERTZ))
        row = self.settled(service, "kW tot", self.about(3 * VOLTS * AMPERES / 1000))
        self.assertTrue(row["complete"])
        meter = next(iter(service.meters().values()))
        self.assertEqual(meter["sample_rate_Hz"], RATE)
        self.assert_gaps(service, unit, 0)
        self.assertEqual(meter["dropped_samples"], 0)

    def test_a_stream_that_stops_is_lost_and_comes_back(self):
        unit = self.unit()
        service = self.start("--source", "sv:hcmeter")
        self.settled(service, "Vln a", self.about(VOLTS))
        unit.silent = True
        self.state(service, "source-lost")
        service.said("the source is lost: nothing came for 1 s")
        unit.silent = False
        self.state(service, "measuring")
        self.assert_gaps(service, unit, 1)
        self.settled(service, "Vln a", self.about(VOLTS))
        lost = [line for line in service.lines["err"] if "source is lost" in line]
        self.assertTrue(unit.stalled or len(lost) == 1, lost)

    def test_what_a_lost_stream_measured_is_not_available_over_modbus(self):
        unit = self.unit()
        service = self.start("--source", "sv:hcmeter", modbus=ANY)
        port = service.said(r"^Modbus TCP +127\.0\.0\.1:(\d+)$", "out")[1]
        client = Client(int(port))
        self.addCleanup(client.close)
        volts = {"Vln a": 3028, "Vln avg": 3036, "HS Vln a": 50011}
        others = {"kW tot": 3060, "Freq": 3110, "HS Freq": 21016, "PF sign tot": 3084}
        for label, number in volts.items():
            service.wait_for(label, lambda n=number: abs(client.floats(n)[0] / VOLTS - 1) < 1e-4)
        for label, number in others.items():
            service.wait_for(label, lambda n=number: not math.isnan(client.floats(n)[0]))
        watt_hours = service.wait_for("energy", lambda: struct.unpack(">q", client.read(3204, 4))[0])
        self.assertGreater(watt_hours, 0)
        unit.silent = True
        self.state(service, "source-lost")
        for label, number in {**volts, **others}.items():
            self.assertEqual(client.read(number, 2).hex(), "ffc00000", f"{label}: not available")
        if shutil.which("mbpoll"):
            done = subprocess.run(["mbpoll", "-m", "tcp", "-p", port, "-a", "1", "-t", "4:float", "-B",
                                   "-r", "3028", "-c", "3", "-1", "127.0.0.1"], capture_output=True,
                                  text=True, check=True, timeout=60)
            read = [line.split() for line in done.stdout.splitlines() if line.startswith("[30")]
            self.assertEqual([words[0] for words in read], ["[3028]:", "[3030]:", "[3032]:"])
            for words in read:
                self.assertTrue(math.isnan(float(words[1])), done.stdout)
        # What has been counted stays true.
        self.assertGreaterEqual(struct.unpack(">q", client.read(3204, 4))[0], watt_hours)
        unit.silent = False
        service.wait_for("Vln a", lambda: abs(client.floats(3028)[0] / VOLTS - 1) < 1e-4)

    def test_an_interface_that_goes_and_comes_back_is_opened_again(self):
        def link(*words):
            subprocess.run(["ip", "link", *words], check=True)

        link("add", "hcmu2", "type", "veth", "peer", "name", "hcm2")
        link("set", "hcmu2", "up")
        link("set", "hcm2", "up")
        self.unit(interface="hcmu2")
        service = self.start("--source", "sv:hcm2")
        self.settled(service, "Vln a", self.about(VOLTS))
        link("del", "hcm2")
        self.state(service, "source-lost")
        link("add", "hcmu2", "type", "veth", "peer", "name", "hcm2")
        link("set", "hcmu2", "up")
        link("set", "hcm2", "up")
        self.state(service, "measuring")
        self.settled(service, "Vln a", self.about(VOLTS))

    def test_lost_samples_are_gaps_and_a_lost_clock_is_told(self):
        unit = self.unit()
        service = self.start("--source", "sv:hcmeter")
        self.settled(service, "Vln a", self.about(VOLTS))
        unit.skip = 7
        service.wait_for("a gap", lambda: next(iter(service.meters().values()))["gaps"] >= 1)
        unit.change(synch=0)
        meter = service.wait_for("clock_ok false", lambda: next(
            (m for m in service.meters().values()
             if not m["clock_ok"] and "not synchronised" in (m["message"] or "")), None))
        self.assertEqual(meter["state"], "measuring")
        row = self.settled(service, "Vln a", lambda row: not row["clock_ok"])
        self.assertAlmostEqual(row["value"], VOLTS, delta=VOLTS * 1e-3)

    def test_invalid_samples_are_never_measured(self):
        unit = self.unit()
        service = self.start("--source", "sv:hcmeter")
        self.settled(service, "Vln b", self.about(VOLTS))
        unit.change(quality=[0, 0, 0, 0, 0, 1, 0, 0])
        self.settled(service, "Vln b", lambda row: row["value"] is None)
        self.settled(service, "Vln a", self.about(VOLTS))
        service.said("Ub is not available: invalid")
        unit.change(quality=[0] * 8)
        self.settled(service, "Vln b", self.about(VOLTS))

    def test_several_streams_are_told_apart_and_two_meters_read_two(self):
        one = self.unit()
        self.unit(sv_id="MU02", app_id=0x4001, scale=0.5)
        self.bad(1, "run", "--source", "sv:hcmeter", *ALONE, says=["MU01 (APPID 0x4000, 8 channels)", "MU02 (APPID 0x4001",
                               "choose one, as in sv:hcmeter,svid="])
        self.bad(1, "run", "--source", "sv:hcmeter,svid=MU09", *ALONE,
                 says=["svID 'MU09'", "MU02 (APPID 0x4001"])
        config = self.folder / "meter.toml"
        config.write_text('[[meter]]\nid = "one"\nsource = "sv:hcmeter,svid=MU01"\n'
                          '[[meter]]\nid = "two"\nsource = "sv:hcmeter,appid=0x4001"\n'
                          '[[meter]]\nid = "later"\nsource = "sv:hcmeter,svid=MU03"\n'
                          'rate = 4000\nnominal_voltage = 57735\nnominal_frequency = 50\n')
        service = self.start("--config", config)
        self.settled(service, "Vln a", self.about(VOLTS), meter="one")
        self.settled(service, "Vln a", self.about(VOLTS / 2), meter="two")
        # One that is not there yet disturbs nobody, and begins when its stream does.
        service.wait_for("lost", lambda: service.meters()["later"]["state"] == "source-lost")
        self.unit(sv_id="MU03", app_id=0x4002, scale=0.25)
        self.settled(service, "Vln a", self.about(VOLTS / 4), meter="later")
        self.assert_gaps(service, one, 0, meter="one")

    def test_what_the_kernel_had_to_drop_is_counted_and_a_gap(self):
        self.unit()
        service = self.start("--source", "sv:hcmeter")
        self.settled(service, "Vln a", self.about(VOLTS))
        service.process.send_signal(signal.SIGSTOP)
        time.sleep(5.5)  # longer than the ring is
        service.process.send_signal(signal.SIGCONT)
        meter = service.wait_for("drops", lambda: next(
            (m for m in service.meters().values() if m["dropped_samples"] > 0), None))
        self.assertGreater(meter["dropped_samples"], RATE / 4)
        self.assertLess(meter["dropped_samples"], 5.5 * RATE)
        self.assertGreaterEqual(meter["gaps"], 1)
        service.said("samples are dropped and marked as a gap")
        self.settled(service, "Vln a", self.about(VOLTS))

    def test_a_silent_interface_says_what_to_look_at(self):
        self.bad(3, "run", "--source", "sv:hcmeter", *ALONE, says=["no sampled values", "VLAN", "rate"])

    def test_its_channels_can_be_listed_but_not_analysed(self):
        self.unit()
        self.assertIn("Ua", self.good("analyze", "sv:hcmeter", "--list-channels"))
        self.bad(1, "analyze", "sv:hcmeter", says="halfcycle run")

    def test_without_the_right_it_says_how_to_give_it(self):
        if not shutil.which("setpriv"):
            self.skipTest("there is no 'setpriv' on this machine")
        done = subprocess.run(
            ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw",
             PROGRAM, "run", "--source", "sv:hcmeter", *ALONE],
            capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("CAP_NET_RAW", done.stderr)
        self.assertIn("setcap", done.stderr)
        self.assertIn("AmbientCapabilities", done.stderr)


if __name__ == "__main__":
    unittest.main()
