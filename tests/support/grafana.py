"""A small Grafana of the tests: the part of its HTTP API that dashboards are read and written by, and its variables."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from domain.moment import micros

TOKEN = "glsa_token-of-the-tests"


def filled(query: str, *, stations: Sequence[str], parameter: str, start: datetime, end: datetime) -> str:
    """Return a panel's question as Grafana sends it, with its variables and macros put in."""
    values = {
        "${station:regex}": "(" + "|".join(map(re.escape, stations)) + ")" if len(stations) > 1 else stations[0],
        "${parameter:regex}": parameter,
        "$timeFilter": f"time >= {micros(start) // 1000}ms and time <= {micros(end) // 1000}ms",
        "$__interval": "1m",
    }
    for name, value in values.items():
        query = query.replace(name, value)
    assert "$" not in re.sub(r"\$/", "", query), f"Grafana knows no such variable: {query}"
    return query


class FakeGrafana(ThreadingHTTPServer):
    """Keeps dashboards as Grafana does: counts versions, adds an id, drops what is empty, and wants its token.

    `boards` is what it keeps, by uid; `provisioned` are the uids it reads from files; `writes` counts saved dashboards.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.boards: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, str] = {}
        self.provisioned: set[str] = set()
        self.writes = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def save(self, board: dict[str, Any]) -> None:
        """Keep a dashboard."""
        version = self.boards.get(board["uid"], {}).get("version", 0) + 1
        kept = {key: value for key, value in board.items() if value not in (None, [], {}, "")}
        self.boards[board["uid"]] = {**kept, "id": len(self.boards) + 1, "version": version, "fiscalYearStartMonth": 0}
        self.writes += 1


@contextmanager
def running_grafana() -> Iterator[FakeGrafana]:
    """Run one on a free port of the loopback interface."""
    grafana = FakeGrafana()
    thread = threading.Thread(target=grafana.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield grafana
    finally:
        grafana.shutdown()
        grafana.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeGrafana

    def do_GET(self) -> None:
        self._answer(*self._get(urlsplit(self.path).path.strip("/").split("/")))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
        self._answer(*self._post(urlsplit(self.path).path.strip("/").split("/"), asked))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _get(self, path: list[str]) -> tuple[int, Any]:
        if not self._may():
            return 401, {"message": "Invalid API key"}
        match path:
            case ["api", "dashboards", "uid", uid] if uid in self.server.boards:
                meta = {"provisioned": uid in self.server.provisioned, "slug": uid}
                return 200, {"dashboard": self.server.boards[uid], "meta": meta}
            case ["api", "folders", uid] if uid in self.server.folders:
                return 200, {"uid": uid, "title": self.server.folders[uid]}
        return 404, {"message": "Not found"}

    def _post(self, path: list[str], asked: Any) -> tuple[int, Any]:
        if not self._may():
            return 401, {"message": "Invalid API key"}
        match path:
            case ["api", "folders"]:
                self.server.folders[asked["uid"]] = asked["title"]
                return 200, asked
            case ["api", "dashboards", "db"] if asked["folderUid"] in self.server.folders and asked["overwrite"]:
                if asked["dashboard"]["uid"] in self.server.provisioned:
                    return 400, {"message": "Cannot save provisioned dashboard"}
                self.server.save(asked["dashboard"])
                return 200, {"status": "success", "uid": asked["dashboard"]["uid"]}
        return 404, {"message": "Not found"}

    def _may(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
