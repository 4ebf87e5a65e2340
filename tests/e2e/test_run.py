# SPDX-License-Identifier: Apache-2.0
"""`halfcycle run` as a service: one configuration for several meters, reload, stop, check, and what
it says to bad input."""
import calendar
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import unittest
import urllib.request

from halfcycle import PROGRAM, XTZ, Case

ANY = "127.0.0.1:0"
GUARD_SECONDS = 60


class Service:
    """A running program, its output, and its API."""

    def __init__(self, *arguments, env=None):
        environment = dict(os.environ, LANG="C.UTF-8", **(env or {}))
        environment.pop("NOTIFY_SOCKET", None)
        environment.update(env or {})
        self.process = subprocess.Popen([PROGRAM, "run", *map(str, arguments)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment, text=True)
        self.lines = {"out": [], "err": []}
        self.readers = [threading.Thread(target=self._read, args=(stream, self.lines[name]))
                        for name, stream in (("out", self.process.stdout),
                                             ("err", self.process.stderr))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
        stream.close()

    @property
    def errors(self):
        return "\n".join(self.lines["err"])

    def wait_for(self, what, condition):
        deadline = time.monotonic() + GUARD_SECONDS
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what} did not come; stderr: {self.errors}")

    def said(self, pattern, name="err"):
        return self.wait_for(pattern, lambda: next(
            (m for m in (re.search(pattern, line) for line in self.lines[name]) if m), None))

    def get(self, path):
        if not hasattr(self, "url"):
            self.url = self.said(r"^Page +(https://\S+)/$", "out")[1]
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with urllib.request.urlopen(self.url + path, timeout=20, context=context) as answer:
            return json.load(answer)

    def meters(self):
        return {meter["id"]: meter for meter in self.get("/api/v1/meters")}

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(GUARD_SECONDS)
        for reader in self.readers:
            reader.join()
        return status


class Running(Case):
    def start(self, *arguments, **options):
        service = Service(*arguments, **options)

        def end():
            if service.process.poll() is None:
                service.process.kill()
            service.process.wait()
            for reader in service.readers:
                reader.join()
        self.addCleanup(end)
        return service

    def config(self, text, name="meter.toml"):
        path = self.folder / name
        path.write_text(f'data = "none"\n[web]\nlisten = "{ANY}"\n[modbus]\nlisten = "{ANY}"\n'
                        + text)
        return path

    def test_several_meters_from_one_file_measure_and_answer(self):
        path = self.config("""
[[meter]]
name = "Feeder north"
source = "sim:feeder"
[[meter]]
id = "gen"
unit_id = 9
source = "sim:generation"
nominal_current = 100
[[meter]]
name = "Replay"
source = "%s"
speed = 10
""" % XTZ)
        service = self.start("--config", path)
        meters = service.wait_for("measuring", lambda: (lambda m: m if all(
            m[i]["samples"] > 0 for i in m) else None)(service.meters()))
        self.assertEqual(list(meters), ["feeder-north", "gen", "replay"])
        self.assertEqual([meters[i]["unit_id"] for i in meters], [1, 9, 2])
        self.assertEqual(meters["feeder-north"]["dropped_samples"], 0)
        value = service.wait_for("a value", lambda: service.get(
            "/api/v1/meters/feeder-north/registers?labels=Vln%20a")[0]["value"])
        self.assertGreater(value, 180.0)
        self.assertLess(value, 280.0)
        service.wait_for("the end of the recording",
                         lambda: service.meters()["replay"]["state"] == "ended")
        self.assertEqual(service.stop(), 0)

    def test_the_simulated_feeder_plays_now(self):
        service = self.start("--web", ANY, "--modbus", "off", "--data", "none")
        last = service.wait_for("samples", lambda: list(service.meters().values())[0]["last_sample"])
        seconds = time.mktime(time.strptime(last[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        self.assertLess(abs(seconds - time.time()), 30)
        self.assertEqual(service.stop(signal.SIGINT), 0)

    def test_a_changed_meter_goes_on_from_its_energy_and_has_its_new_limits(self):
        data = self.folder / "data"
        path = self.folder / "meter.toml"
        text = (f'data = "{data}"\n[web]\nlisten = "{ANY}"\n[modbus]\nlisten = "off"\n'
                '[[meter]]\nid = "one"\nsource = "sim:feeder"\n')
        path.write_text(text)
        service = self.start("--config", path)

        def energy():
            return service.get("/api/v1/meters/one/registers?labels=kWh%20del")[0]["value"] or 0.0
        before = service.wait_for("some energy", lambda: energy() if energy() > 0.01 else 0)
        self.assertEqual(service.meters()["one"]["dip_threshold_percent"], 90)
        self.assertEqual(service.meters()["one"]["swell_threshold_percent"], 110)
        path.write_text(text + "dip = 80\n")
        service.process.send_signal(signal.SIGHUP)
        service.said("meters unchanged 0, begun 1, stopped 1")
        self.assertEqual(service.meters()["one"]["dip_threshold_percent"], 80)
        self.assertGreaterEqual(service.wait_for("the energy from before", energy), before)
        self.assertEqual(service.stop(), 0)

    def test_hang_up_reads_the_configuration_again_and_leaves_what_is_the_same(self):
        one = '[[meter]]\nid = "one"\nsource = "sim:feeder"\n'
        two = '[[meter]]\nid = "two"\nsource = "sim:feeder"\n'
        path = self.config(one + two)
        service = self.start("--config", path)
        first = service.wait_for("both", lambda: (lambda m: m if all(
            m[i]["first_sample"] for i in m) else None)(service.meters()))
        self.config(one + two + 'nominal_current = 7\n[[meter]]\nid = "three"\n'
                                'source = "sim:generation"\n')
        service.process.send_signal(signal.SIGHUP)
        service.said("configuration read again; meters unchanged 1, begun 2, stopped 1")
        after = service.wait_for("all three", lambda: (lambda m: m if len(m) == 3 and all(
            m[i]["first_sample"] for i in m) else None)(service.meters()))
        self.assertEqual(after["one"]["first_sample"], first["one"]["first_sample"])
        self.assertGreater(after["two"]["first_sample"], first["two"]["first_sample"])
        self.assertEqual(after["one"]["gaps"], 0)
        # A broken file is refused, and what was goes on.
        self.config(one + '[[meter]]\nid = "two"\nsorce = "sim:feeder"\n')
        service.process.send_signal(signal.SIGHUP)
        service.said("not taken, the old one goes on: .*sorce: there is no such key.*'source'")
        self.assertEqual(list(service.meters()), ["one", "two", "three"])
        # A meter that is gone stops.
        self.config(one)
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("one meter", lambda: list(service.meters()) == ["one"])
        self.assertEqual(service.meters()["one"]["first_sample"], first["one"]["first_sample"])
        self.assertEqual(service.stop(), 0)

    def test_the_service_manager_hears_ready_reloading_and_stopping(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        name = str(self.folder / "notify")
        manager.bind(name)
        manager.settimeout(GUARD_SECONDS)
        path = self.config('[[meter]]\nid = "one"\nsource = "sim:feeder"\n')
        service = self.start("--config", path, "--quiet",
                             env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "10000000"})

        def heard(word):
            while True:
                message = manager.recv(4096).decode()
                if word in message:
                    return message
        self.assertIn("STATUS=1 meter", heard("READY=1"))
        heard("WATCHDOG=1")
        service.process.send_signal(signal.SIGHUP)
        heard("RELOADING=1")
        heard("READY=1")
        service.process.send_signal(signal.SIGTERM)
        heard("STOPPING=1")
        self.assertEqual(service.stop(), 0)

    def test_energies_and_disturbances_outlive_the_program(self):
        data = self.folder / "data"
        arguments = ("--speed", "10", "--data", data, "--web", ANY, "--modbus", "off")
        path = "/api/v1/meters/feeder"

        def energy(service):
            return service.get(path + "/registers?labels=kWh%20del")[0]["value"]
        service = self.start(*arguments)
        service.wait_for("a dip with its waveform", lambda: any(
            d["has_waveform"] for d in service.get(path + "/disturbances")["disturbances"]))
        waveform = service.get(path + "/disturbances/1/waveform")
        self.assertGreater(len(waveform["channels"]["V1"]), 5000)
        service.wait_for("some energy", lambda: (energy(service) or 0.0) > 0.1)
        self.assertEqual(service.stop(), 0)
        # What was published last is kept by a clean stop.
        service = self.start(*arguments)
        first = service.wait_for("the energy from before", lambda: energy(service))
        self.assertGreater(first, 0.1)
        service.wait_for("more of it", lambda: energy(service) > first + 0.1)
        events = service.get(path + "/disturbances")["disturbances"]
        self.assertGreaterEqual(len(events), 1)
        self.assertEqual(service.stop(), 0)

    def test_a_kill_costs_no_more_than_a_commit_of_less_than_a_second(self):
        # Of samples, not of this machine's time: how busy it is does not matter.
        template = self.folder / "fast.toml"
        template.write_text("""
[[module]]
type = "High-Speed Power Meter"
[[module]]
type = "Data Recorder"
label = "Fast"
inputs = { "Source 1" = "HS Vln a" }
setup = { "Trigger On" = "UPDATE", Depth = 1000000 }
""")
        data = self.folder / "data"
        path = self.folder / "meter.toml"
        path.write_text(f'data = "{data}"\n[web]\nlisten = "{ANY}"\n[modbus]\nlisten = "off"\n'
                        f'[[meter]]\nid = "one"\nsource = "sim:feeder"\n'
                        f'template = "{template}"\n')

        def nanoseconds(text):
            whole, fraction = text.rstrip("Z").split(".")
            return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction)

        def newest(service):
            last = [log["last"] for log in service.get("/api/v1/meters/one/logs")]
            return nanoseconds(last[0]) if last and last[0] else None
        worst = 0.0
        for _ in range(3):
            service = self.start("--config", path)
            begun = service.wait_for("rows", lambda: newest(service))
            service.wait_for("some commits", lambda: newest(service) > begun + 4 * 10**9)
            shown = newest(service)
            measured = nanoseconds(service.meters()["one"]["last_sample"])
            service.process.kill()
            service.process.wait()
            with contextlib.closing(sqlite3.connect(data / "store.db")) as store:
                blocks = store.execute(
                    "SELECT first, last FROM blocks WHERE first >= ? ORDER BY id", (begun,)).fetchall()
            kept = blocks[-1][1]
            self.assertGreaterEqual(kept, shown, "what the API has shown is kept")
            # A block is what one commit took: usually less than a second of samples.
            spans = sorted((last - first) / 1e9 for first, last in blocks)
            self.assertLess(spans[len(spans) // 2], 1.0)
            worst = max(worst, (measured - kept) / 1e9 - spans[-1])
        # And what comes after the last commit is no more than what one commit takes.
        self.assertLess(worst, 0.2)

    def test_a_second_process_on_the_same_data_is_refused(self):
        data = self.folder / "data"
        service = self.start("--data", data, "--web", ANY, "--modbus", "off")
        service.said("^Page", "out")
        self.bad(3, "run", "--data", data, "--web", "off", "--modbus", "off", "--quiet",
                 says=str(service.process.pid))
        self.assertEqual(service.stop(), 0)

    def test_check_says_what_it_found_and_starts_nothing(self):
        path = self.config('[[meter]]\nname = "North"\nsource = "sim:feeder"\n'
                           f'[[meter]]\nid = "replay"\nsource = "{XTZ}"\n')
        with socket.socket() as taken:  # ports are not needed
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            text = self.good("run", "--config", path, "--check", "--web",
                             f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertIn("2 meters, everything is in order", text)
        self.assertRegex(text, r"1 +north +sim:feeder +standard +4w-wye 230 V 50 Hz +25600 Hz +V1 V2")
        self.assertIn("replay", text)

    def test_paths_count_from_the_folder_of_the_file(self):
        scenario = self.folder / "grids" / "own.toml"
        scenario.parent.mkdir()
        scenario.write_text((XTZ.parents[3] / "scenarios" / "reference-50hz.toml").read_text())
        path = self.config('[[meter]]\nid = "own"\nsource = "sim:grids/own.toml"\n')
        self.assertIn("everything is in order",
                      self.good("run", "--config", path, "--check", cwd="/"))

    def test_flat_out_keeps_and_serves_nothing_and_ends(self):
        text = self.good("run", "--speed", "max", "--duration", "2",
                         env={"XDG_STATE_HOME": str(self.folder)})
        self.assertNotIn("Page", text)
        self.assertEqual(list(self.folder.iterdir()), [])


class BadInput(Case):
    def config(self, text):
        path = self.folder / "meter.toml"
        path.write_text(text)
        return path

    def refused(self, status, text, *says):
        path = self.config(text)
        for arguments in (["--check"], ["--web", ANY, "--modbus", ANY, "--data", "none"]):
            self.bad(status, "run", "--config", path, *arguments, says=says)

    def test_a_port_that_is_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for option, other in (("--web", "--modbus"), ("--modbus", "--web")):
                done = Service(option, f"127.0.0.1:{port}", other, "off", "--data", "none")
                self.assertEqual(done.stop(0), 3)
                self.assertRegex(done.errors, rf"halfcycle: .*{port}.*{option} off")

    def test_an_unknown_template_names_those_that_there_are(self):
        self.refused(1, '[[meter]]\nsource = "sim:feeder"\ntemplate = "standart"\n',
                     "meter.toml:1: meter 'meter-1'", "there is no template 'standart'",
                     "Did you mean 'standard'?")
        self.bad(1, "run", "--template", "nothing", "--check", says="there is no template 'nothing'")

    def test_an_unknown_key_names_the_nearest(self):
        self.refused(1, '[[meter]]\nsource = "sim:feeder"\nnominal_volts = 230\n',
                     "meter.toml:3: meter.nominal_volts: there is no such key",
                     "'nominal_voltage'")
        self.refused(1, '[wep]\n[[meter]]\nsource = "sim:feeder"\n', "meter.toml:1: wep", "'web'")

    def test_a_source_that_does_not_exist(self):
        self.refused(1, '[[meter]]\nsource = "nowhere.cfg"\n', "nowhere.cfg", "meter 'meter-1'")
        self.refused(1, '[[meter]]\nsource = "sim:feeeder"\n', "'feeder'")
        self.refused(1, '[[meter]]\nname = "x"\n', "meter.source: has no source")
        self.bad(1, "run", "--source", self.folder / "no.cfg", "--check", says="no.cfg")

    def test_a_certificate_that_is_not_there_is_found_before_the_start(self):
        path = self.folder / "meter.toml"
        path.write_text('data = "none"\n[web]\ncertificate = "c.pem"\nkey = "k.pem"\n'
                        '[[meter]]\nsource = "sim:feeder"\n')
        message = self.bad(3, "run", "--config", path, "--check", says="c.pem")
        self.assertNotIn("ADDR:PORT", message)
        self.assertNotIn("ADDR:PORT", self.bad(3, "run", "--config", path, says="c.pem"))

    def test_two_meters_with_one_unit_or_id(self):
        self.refused(1, '[[meter]]\nid = "a"\nunit_id = 5\nsource = "sim:feeder"\n'
                        '[[meter]]\nid = "b"\nunit_id = 5\nsource = "sim:feeder"\n',
                     "meter.toml:7: meter.unit_id: 5 is the unit id of 'a' too")
        self.refused(1, '[[meter]]\nid = "a"\nsource = "sim:feeder"\n'
                        '[[meter]]\nid = "a"\nsource = "sim:feeder"\n', "'a' is the id of the meter")

    def test_values_out_of_range(self):
        meter = '[[meter]]\nsource = "sim:feeder"\n'
        self.refused(1, meter + "unit_id = 300\n", "meter.unit_id: must be a whole number from 1 to 247")
        self.refused(1, meter + "nominal_frequency = 45\n", "nominal_frequency 45 is not possible")
        self.refused(1, meter + 'wiring = "wye"\n', "wiring: there is no wiring 'wye'")
        self.refused(1, meter + 'pt = "many"\n', "pt: 'many' is no transformer ratio")
        self.refused(1, meter + 'speed = "fast"\n', "speed: 'fast' is no speed")
        self.refused(1, meter + 'id = "Not An Id"\n', "is no id")
        self.refused(1, meter + "dip = 120\n", "dip 120 is not from 10 to 100 %")
        self.refused(1, 'waveform_seconds = 0.1\n' + meter, "waveform_seconds: 0.1 is outside")
        self.refused(1, '[store]\nmax_bytes = "few"\n' + meter, "store.max_bytes: must be")
        self.refused(1, "threads = 1\n", "there is no meter")
        self.refused(1, '[web]\ncertificate = "a.pem"\n' + meter, "certificate and key go together")
        self.refused(1, '[web]\nlisten = "here"\n' + meter, "web.listen: 'here' is no address")
        self.refused(1, "[[meter]\n", "meter.toml:1: not valid TOML")

    def test_a_configuration_that_is_none(self):
        self.bad(1, "run", "--config", self.folder, says=("is a directory", "configuration"))
        self.bad(1, "run", "--config", self.folder / "none.toml", says="none.toml")
        self.bad(2, "run", "--config", "", says="no file is given")
        path = self.config('[[meter]]\nsource = "sim:feeder"\n')
        self.bad(2, "run", "--config", path, "--source", "sim:dips", says=("--source", "[[meter]]"))

    def test_addresses_that_are_none(self):
        for text in ("nonsense", "127.0.0.1:", "127.0.0.1:70000", "::1:80"):
            self.bad(2, "run", "--web", text, "--check", says="is no address")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_cannot_be_written(self):
        locked = self.folder / "locked"
        locked.mkdir(mode=0o500)
        self.bad(3, "run", "--data", locked / "data", "--check", says="cannot be written")

    def test_a_data_folder_that_is_a_file(self):
        path = self.config("")
        self.bad(3, "run", "--data", path, "--check", says="is no folder")
        self.bad(3, "run", "--data", path, "--web", "off", "--modbus", "off", says="meter.toml")


if __name__ == "__main__":
    unittest.main()
