# SPDX-License-Identifier: Apache-2.0
"""The page and the API of a running meter, as browsers, scripts and attackers find them."""
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import time
import unittest
import uuid

from halfcycle import XTZ, Case
from web_client import LiveMeter, WebSocket


def form_of(paths, fields=None):
    """(body, content type) of multipart/form-data."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, value in (fields or {}).items():
        body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"
                 f"{value}\r\n").encode()
    for path in paths:
        body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
                 f"filename=\"{path.name}\"\r\n\r\n").encode() + path.read_bytes() + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Server(Case):
    def start(self, *arguments):
        meter = LiveMeter(self.folder / "data", *arguments)
        self.addCleanup(meter.stop)
        self.meter = meter
        self.id = meter.get("/api/v1/meters")[0]["id"]
        meter.wait_for("a frequency", lambda: meter.registers(self.id, "Freq")["Freq"])
        return meter


class Web(Server):
    def test_every_address_of_the_document_answers_on_a_real_meter(self):
        meter = self.start()
        document = meter.get("/api/v1/openapi.json")
        logs = meter.get(f"/api/v1/meters/{self.id}/logs")
        for pattern, item in document["paths"].items():
            if "get" not in item or "200" not in item["get"]["responses"]:
                continue
            if "{disturbance}" in pattern or ("{log}" in pattern and not logs):
                continue
            target = pattern.replace("{meter}", self.id)
            if "{log}" in pattern:
                target = target.replace("{log}", logs[0]["name"].replace(" ", "%20"))
            status, headers, body = meter.request("GET", target)
            self.assertEqual(status, 200, (target, body[:200]))
            kind = headers["Content-Type"].split(";")[0]
            self.assertIn(kind, item["get"]["responses"]["200"]["content"], target)

    def test_page_and_assets_come_whole_with_a_strict_policy(self):
        meter = self.start()
        status, headers, page = meter.request("GET", "/")
        self.assertEqual(status, 200)
        self.assertTrue(page.lstrip().lower().startswith(b"<!doctype html>"))
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        self.assertNotIn(b"<script>", page)
        parts = re.findall(rb'(?:src|href)="([^"]+)"', page)
        self.assertTrue(parts)
        for path in parts:
            status, _, body = meter.request("GET", "/" + path.decode())
            self.assertEqual((status, body == b""), (200, False), path)
        _, headers, _ = meter.request("GET", "/")
        self.assertEqual(
            meter.request("GET", "/", headers={"If-None-Match": headers["ETag"]})[0], 304)

    def test_stream_and_requests_show_the_same_values(self):
        meter = self.start()
        stream = WebSocket(meter, origin=f"https://localhost:{meter.port}")
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, 101)
        stream.send({"subscribe": 1, "meter": self.id, "labels": ["kW tot", "Freq"],
                     "interval_ms": 50})
        seen = {}
        for _ in range(5):
            for row in stream.receive()["registers"]:
                seen.setdefault(row["label"], {})[row["time"]] = row["value"]
        self.assertGreaterEqual(len(seen["kW tot"]), 3)
        # A value that a request shows comes on the stream too, if that has not been there already.
        row = meter.get(f"/api/v1/meters/{self.id}/registers?labels=kW%20tot")[0]
        while max(seen["kW tot"]) < row["time"]:
            for streamed in stream.receive()["registers"]:
                seen[streamed["label"]][streamed["time"]] = streamed["value"]
        self.assertEqual(seen["kW tot"].get(row["time"], row["value"]), row["value"])

    def test_a_dip_of_the_scenario_reaches_a_subscriber_and_the_list(self):
        meter = self.start("--source", "sim:dips")
        stream = WebSocket(meter)
        self.addCleanup(stream.close)
        stream.send({"subscribe": 4, "disturbances": True})
        dip = stream.receive()["disturbance"]
        self.assertIn(dip["type"], ("dip", "swell", "interruption"))
        listed = meter.get(f"/api/v1/meters/{self.id}/disturbances")["disturbances"]
        self.assertIn(dip, listed)

    def test_an_upload_gives_what_analyze_gives(self):
        meter = self.start()
        body, kind = form_of([XTZ, XTZ.with_suffix(".dat")], {"every": "10-12-cycle"})
        status, _, answer = meter.request("POST", "/api/v1/analyze", body, {"Content-Type": kind})
        self.assertEqual(status, 200, answer)
        uploaded = json.loads(answer)
        measured = self.analyze(XTZ, "--every", "10-12-cycle")
        self.assertEqual(uploaded["source"].pop("uri"), XTZ.name)
        measured["source"].pop("uri")
        folder = f"{XTZ.parent}/"  # which the sender of a file does not have
        warnings = measured["source"]["warnings"]
        measured["source"]["warnings"] = [text.replace(folder, "") for text in warnings]
        self.assertEqual(uploaded, measured)
        status, headers, page = meter.request("POST", "/api/v1/analyze", body,
                                              {"Content-Type": kind, "Accept": "text/html"})
        self.assertEqual(status, 200)
        self.assertIn("sandbox allow-scripts", headers["Content-Security-Policy"])
        self.assertTrue(page.startswith(b"<!DOCTYPE html>"))

    def test_a_bad_upload_is_told_what_is_wrong_and_leaves_nothing_behind(self):
        temporary = self.folder / "tmp"
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        self.addCleanup(os.environ.pop, "TMPDIR")
        meter = self.start()

        def refused(paths, says, fields=None):
            body, kind = form_of(paths, fields)
            status, _, answer = meter.request("POST", "/api/v1/analyze", body,
                                              {"Content-Type": kind})
            self.assertEqual(status, 422, answer)
            message = json.loads(answer)["error"]
            self.assertIn(says, message)
            self.assertNotIn(str(temporary), message)

        nonsense = self.folder / "nonsense.cfg"
        nonsense.write_text("nonsense")
        refused([XTZ.with_suffix(".dat")], "send both")
        refused([XTZ, nonsense], "one recording")
        refused([nonsense], "nonsense")
        refused([XTZ, XTZ.with_suffix(".dat")], "Did you mean 'every'", {"evry": "1s"})
        scenario = self.folder / "x.toml"
        scenario.write_text("")
        refused([scenario], "scenario")
        self.assertEqual(list(temporary.iterdir()), [])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_trusts_the_certificate_of_the_data_folder(self):
        meter = self.start()
        url = f"https://localhost:{meter.port}/api/v1/health"
        done = subprocess.run(["curl", "-sS", "--cacert", meter.trust, url], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(json.loads(done.stdout)["status"], "ok", done)
        without = subprocess.run(["curl", "-sS", url], capture_output=True, text=True, timeout=60)
        self.assertEqual(without.returncode, 60, "a certificate that nobody vouches for")

    def test_it_ends_cleanly_with_connections_open_and_keeps_its_certificate(self):
        meter = self.start()
        certificate = pathlib.Path(meter.trust).read_text()
        stream = WebSocket(meter)
        self.addCleanup(stream.close)
        stream.send({"subscribe": 1, "meter": self.id, "labels": ["kW tot"]})
        stream.receive()
        idle = meter.tls()
        self.addCleanup(idle.close)
        self.assertEqual(meter.stop(), 0)
        self.start()
        self.assertEqual(pathlib.Path(self.meter.trust).read_text(), certificate)


class Crowd(Server):
    """Many connections at once, most of them idle, some of them hostile."""

    IDLE = 1000
    HOSTILE = 100

    def hostile(self, number):
        """One of the things that are done to servers."""
        kind = number % 5
        if kind == 0:  # a header that never ends
            connection = self.meter.tls()
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        elif kind == 1:  # a handshake that never ends
            connection = socket.create_connection(("127.0.0.1", self.meter.port), timeout=60)
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        elif kind == 2:  # an upload that never ends
            connection = self.meter.tls()
            connection.sendall(b"POST /api/v1/analyze HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Type: multipart/form-data; boundary=b\r\n"
                               b"Content-Length: 60000000\r\n\r\n--b\r\n")
        elif kind == 3:  # many waveforms that are never read
            stream = WebSocket(self.meter)
            for subscription in range(32):
                stream.send({"subscribe": subscription, "meter": self.id,
                             "waveform": {"seconds": 1}, "interval_ms": 50})
            connection = stream.socket
        else:  # requests whose answers are never read
            connection = self.meter.tls()
            connection.sendall(b"GET /api/v1/meters/%s/registers HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               % self.id.encode() * 50)
        return connection

    def test_a_crowd_has_no_effect_on_measuring(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = min(hard, self.IDLE + self.HOSTILE + 200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        meter = self.start()
        before = meter.get(f"/api/v1/meters/{self.id}")
        connections = []
        self.addCleanup(lambda: [connection.close() for connection in connections])
        for number in range(self.IDLE):
            stream = WebSocket(meter)  # an idle request connection would be closed in time
            connections.append(stream.socket)
            if number * self.HOSTILE // self.IDLE != (number + 1) * self.HOSTILE // self.IDLE:
                connections.append(self.hostile(number * self.HOSTILE // self.IDLE))
        # All of them at once for a while, during which others are served as ever.
        for _ in range(20):
            health = meter.get("/api/v1/health")
            time.sleep(0.05)
        self.assertGreaterEqual(health["connections"]["websockets"], self.IDLE)
        after = meter.get(f"/api/v1/meters/{self.id}")
        self.assertGreater(after["samples"], before["samples"])
        self.assertEqual((after["gaps"], after["dropped_samples"], after["state"]),
                         (0, 0, "measuring"))
        self.assertEqual(meter.process.poll(), None)


if __name__ == "__main__":
    unittest.main()
