"""A real InfluxDB 1.6.7 (Debian's) on free loopback ports, and before it the one thing that it lacks: `/api/v2/write`.

The server in front turns `/api/v2/write?org&bucket&precision` into `/write?db&precision`, passes `/query`, `/ping` and
`/health` on, and asks for the token as a 2.x would. It can be told to refuse. It pretends nothing else.
"""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from support.mosquitto import free_port
from support.waiting import wait_until

TOKEN = "token-of-the-tests"
ORG = "quantrac"
BUCKETS = ("readings", "rollups", "events", "service")

_CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
  max-series-per-database = 0
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
  max-body-size = 0
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
"""


def program() -> str:
    """Return where influxd is; skip the test where it is not."""
    found = shutil.which("influxd") or shutil.which("influxd", path="/usr/bin:/usr/sbin:/usr/local/bin")
    if found is None:
        pytest.skip("influxd is not installed")
    return found


class InfluxDB:
    """An InfluxDB of its own with its data in `folder`; a restart keeps ports and data.

    `url` is the server in front, and `token_file` holds the token that it wants. `refuse` is the status that it answers
    everything with, None for its normal life; `asked` counts the requests by path. `objects_to` makes it refuse with a
    status what holds some bytes, and nothing else; `seconds` is how long it takes over every answer; with `silent` it
    does what it is asked and closes the connection instead of answering.
    """

    def __init__(self, folder: Path) -> None:
        """Write the configuration; nothing runs yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        self._file = folder / "influxdb.conf"
        self._log = folder / "influxdb.log"
        self._file.write_text(_CONFIGURATION.format(rpc=free_port(), http=self._port, folder=folder), "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._pool = urllib3.PoolManager(retries=False, maxsize=16)
        self.token = TOKEN
        self.token_file = folder / "service.token"
        self.token_file.write_text(f"{TOKEN}\n", "utf-8")
        self.refuse: int | None = None
        self.objects_to: tuple[bytes, int] | None = None
        self.seconds = 0.0
        self.silent = False
        self.asked: dict[str, int] = {}
        self._front = _Front(("127.0.0.1", 0), _Handler)
        self._front.influx = self
        self.url = f"http://127.0.0.1:{self._front.server_address[1]}"
        self.org = ORG
        self._thread = threading.Thread(target=self._front.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def start(self) -> "InfluxDB":
        """Start it, and return once it answers and has its buckets."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program(), "-config", str(self._file)], stdout=log, stderr=log)
        wait_until(self._answers, what="influxd answers")
        for bucket in BUCKETS:
            self.query("", f'CREATE DATABASE "{bucket}"')
        return self

    def stop(self) -> None:
        """End the database; the server in front stays and answers 503 as a proxy would."""
        self._end(kill=False)

    def kill(self) -> None:
        """End the database as a crash would; the server in front stays."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        """End both."""
        self.stop()
        self._front.shutdown()
        self._front.server_close()

    def clear(self) -> None:
        """Forget all points."""
        for bucket in BUCKETS:
            self.query("", f'DROP DATABASE "{bucket}"')
            self.query("", f'CREATE DATABASE "{bucket}"')

    def query(self, bucket: str, question: str) -> dict[str, Any]:
        """Ask the database itself."""
        status, answer = self.forward("POST", f"/query?{urlencode({'db': bucket, 'q': question})}", b"", {})
        assert status == 200, answer
        found: dict[str, Any] = json.loads(answer)
        return found

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Pass a request on to the database."""
        response = self._pool.request(method, f"http://127.0.0.1:{self._port}{path}", body=body, headers=headers)
        return response.status, response.data

    def _answers(self) -> bool:
        try:
            return self.forward("GET", "/ping", b"", {})[0] == 204
        except urllib3.exceptions.HTTPError:
            return False


class _Front(ThreadingHTTPServer):
    daemon_threads = True
    influx: InfluxDB


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Front
    # Otherwise a small answer waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        influx = self.server.influx
        influx.asked[path] = influx.asked.get(path, 0) + 1
        if influx.seconds:
            Event().wait(influx.seconds)
        if influx.refuse is not None:
            return self._answer(influx.refuse, _error("told to refuse"))
        if influx.objects_to is not None and influx.objects_to[0] in body:
            return self._answer(influx.objects_to[1], _error("told to refuse this"))
        if path not in {"/ping", "/health"} and self.headers.get("Authorization") != f"Token {influx.token}":
            return self._answer(401, _error("unauthorized access"))
        try:
            return self._answer(*influx.forward(self.command, self._v1(path), body, self._kept()))
        except urllib3.exceptions.HTTPError as error:
            return self._answer(503, _error(str(error)))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _kept(self) -> dict[str, str]:
        wanted = ("Content-Type", "Content-Encoding", "Accept")
        return {name: self.headers[name] for name in wanted if name in self.headers}

    def _v1(self, path: str) -> str:
        if path != "/api/v2/write":
            return self.path
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        assert asked["org"] == ORG
        precision = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}[asked.get("precision", "ns")]
        return f"/write?{urlencode({'db': asked['bucket'], 'precision': precision})}"

    def _answer(self, status: int, body: bytes) -> None:
        if self.server.influx.silent:
            self.close_connection = True
            return
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)


def _error(message: str) -> bytes:
    return json.dumps({"code": "refused", "message": message}).encode()
