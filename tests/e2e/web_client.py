# SPDX-License-Identifier: Apache-2.0
"""A live meter with its server, and an HTTPS and WebSocket client of the standard library."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

from halfcycle import PROGRAM

PATIENCE = 60  # seconds; only ever reached by a program that hangs


class LiveMeter:
    """`halfcycle run` on any free port, with its data in `folder`."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--data", str(folder), "--web", "127.0.0.1:0", "--modbus", "off",
             *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE):
            self.stop()
            raise RuntimeError(f"the server did not start: {self.log}")
        found = re.search(r"listens on https://127\.0\.0\.1:(\d+)/", self.log)
        if not found:
            self.stop()
            raise RuntimeError(f"no address in: {self.log}")
        self.port = int(found.group(1))
        self.trust = os.path.join(folder, "web-certificate.pem")
        self.context = ssl.create_default_context(cafile=self.trust)

    def _read(self):
        for line in self.process.stderr:
            self.log += line
            if "listens on https://" in line:
                self._ready.set()
        self._ready.set()

    def stop(self):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stderr.close()
        return status

    def request(self, method, target, body=None, headers=None):
        """(status, headers, body as bytes) of one request on a connection of its own."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context,
                                                 timeout=PATIENCE)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, target):
        """The JSON at `target`, which must be there."""
        status, _, body = self.request("GET", target)
        if status != 200:
            raise AssertionError(f"{target}: {status} {body}")
        return json.loads(body)

    def registers(self, meter, *labels):
        """Label to value."""
        query = urllib.parse.quote(",".join(labels))
        rows = self.get(f"/api/v1/meters/{meter}/registers?labels={query}")
        return {row["label"]: row["value"] for row in rows}

    def wait_for(self, what, condition):
        """Returns the first true value of `condition()`."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"{what} did not come; log: {self.log}")

    def tls(self):
        """A TLS connection as such."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        try:
            return self.context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise


class WebSocket:
    """RFC 6455, as far as a client of the stream needs it."""

    def __init__(self, meter, origin=None):
        self.socket = meter.tls()
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /api/v1/stream HTTP/1.1", f"Host: localhost:{meter.port}",
                 "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {key}"] + ([f"Origin: {origin}"] if origin else [])
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def _fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server has closed the connection")
        self.buffer += piece

    def _take(self, size):
        while len(self.buffer) < size:
            self._fill()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def send(self, message, opcode=1):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def receive(self):
        """The next message as JSON; pings are answered."""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                size, = struct.unpack(">H", self._take(2))
            elif size == 127:
                size, = struct.unpack(">Q", self._take(8))
            payload = self._take(size)
            opcode = first & 0x0F
            if opcode == 9:
                self.send(payload, opcode=10)
            elif opcode == 8:
                raise ConnectionError(f"closed: {payload[2:].decode()}")
            else:
                return json.loads(payload)

    def close(self):
        self.socket.close()
