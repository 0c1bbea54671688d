"""The part of InfluxDB 2's management API that `setup-influx` uses, as documented and as strict as its handlers.

This is a test of the protocol, not of InfluxDB: it holds no points. It refuses whatever the documentation does not
have, so that a request that only a lenient server would take is found here.
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

ADMIN = "token-of-the-operator"
ORG_ID = "0a0a0a0a0a0a0a0a"

_BUCKET_KEYS = {"orgID", "name", "description", "rp", "retentionRules", "schemaType"}
_RULE_KEYS = {"type", "everySeconds", "shardGroupDurationSeconds"}
_DBRP_KEYS = {"org", "orgID", "bucketID", "database", "retention_policy", "default"}
_AUTHORIZATION_KEYS = {"status", "description", "orgID", "userID", "permissions"}


class Refusal(Exception):
    """An answer other than 2xx, with what InfluxDB says in its body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class ManagedInflux:
    """An organisation `quantrac` with buckets, mappings and tokens, on a free loopback port.

    `virtual`: whether every bucket is a mapping of its own by itself. `hashed`: whether tokens are shown once only.
    `writes` counts the requests that changed something.
    """

    virtual: bool = True
    hashed: bool = True
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    refuse: int | None = None

    def __post_init__(self) -> None:
        self._ids = count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.influx = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        for system in ("_monitoring", "_tasks"):
            self.add_bucket(system, 604_800, 86_400)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def add_bucket(self, name: str, kept: int, shard: int) -> dict[str, Any]:
        """Make a bucket as somebody else would have."""
        rule = {"type": "expire", "everySeconds": kept, "shardGroupDurationSeconds": shard or 604_800}
        identity = f"{next(self._ids):016x}"
        bucket = {"id": identity, "orgID": ORG_ID, "type": "user", "name": name, "retentionRules": [rule]}
        self.buckets[identity] = bucket
        return bucket

    def named(self, name: str) -> dict[str, Any]:
        """Return the bucket called `name`."""
        return next(bucket for bucket in self.buckets.values() if bucket["name"] == name)

    def may(self, token: str, action: str, bucket: str) -> bool:
        """Tell what a token can do."""
        if token == ADMIN:
            return True
        permissions = self.tokens.get(token, {}).get("permissions", [])
        return any(one["action"] == action and one["resource"].get("id") == bucket for one in permissions)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    influx: ManagedInflux


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Otherwise a small answer waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve(_READ)

    def do_POST(self) -> None:
        self._serve(_MADE)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self, routes: "dict[str, Callable[[_Request], dict[str, Any]]]") -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, answer = (201 if routes is _MADE else 200), self._routed(routes, body)
        except Refusal as refusal:
            status, answer = refusal.status, {"code": refusal.code, "message": refusal.message}
        said = json.dumps(answer).encode() if answer else b""
        self.send_response(status if said else 204)
        if said:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _routed(self, routes: "dict[str, Callable[[_Request], dict[str, Any]]]", body: bytes) -> dict[str, Any]:
        influx = self.server.influx
        if influx.refuse is not None:
            raise Refusal(influx.refuse, "unavailable", "told to refuse")
        token = self.headers.get("Authorization", "").removeprefix("Token ")
        if token != ADMIN and token not in influx.tokens:
            raise Refusal(401, "unauthorized", "unauthorized access")
        split = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(split.query).items()}
        for path, answer in routes.items():
            found = re.fullmatch(path, split.path)
            if found:
                return answer(_Request(influx, token, asked, body, found.groupdict().get("id", "")))
        raise Refusal(404, "not found", "path not found")


@dataclass
class _Request:
    influx: ManagedInflux
    token: str
    asked: dict[str, str]
    body: bytes
    id: str

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def only(self, allowed: set[str]) -> None:
        unknown = self.asked.keys() - allowed
        assert not unknown, f"no such query parameter: {unknown}"

    def admin(self) -> None:
        if self.token != ADMIN:
            raise Refusal(401, "unauthorized", f"{self.token[:4]}… is unauthorized")


def _orgs(request: _Request) -> dict[str, Any]:
    request.only({"org", "orgID", "limit", "offset", "descending", "userID"})
    name = request.asked.get("org", "quantrac")
    if name != "quantrac":
        raise Refusal(404, "not found", f'organization name "{name}" not found')
    # Those that the token may not see are left out, without a word.
    seen = [{"id": ORG_ID, "name": "quantrac"}] if request.token == ADMIN else []
    return {"links": {"self": "/api/v2/orgs"}, "orgs": seen}


def _buckets(request: _Request) -> dict[str, Any]:
    request.only({"org", "orgID", "name", "id", "limit", "offset", "after"})
    limit = int(request.asked.get("limit", 20))
    if not 1 <= limit <= 100:
        raise Refusal(400, "invalid", "limit must be between 1 and 100")
    # By name, and `after` is the id of the last that was seen: an id says nothing of the order.
    every = sorted(request.influx.buckets.values(), key=lambda one: one["name"])
    seen = next((place for place, one in enumerate(every, start=1) if one["id"] == request.asked.get("after")), 0)
    page = every[seen : seen + limit]
    links = {"self": "/api/v2/buckets", **({"next": f"/api/v2/buckets?offset={limit}"} if len(page) == limit else {})}
    return {"links": links, "buckets": [one for one in page if request.influx.may(request.token, "read", one["id"])]}


def _bucket(request: _Request) -> dict[str, Any]:
    if request.id not in request.influx.buckets:
        raise Refusal(404, "not found", "bucket not found")
    if not request.influx.may(request.token, "read", request.id):
        raise Refusal(401, "unauthorized", f"read:orgs/{ORG_ID}/buckets/{request.id} is unauthorized")
    return request.influx.buckets[request.id]


def _make_bucket(request: _Request) -> dict[str, Any]:
    request.admin()
    said, influx = request.said, request.influx
    assert said.keys() <= _BUCKET_KEYS, said
    if said.get("orgID") != ORG_ID:
        raise Refusal(400, "invalid", "organization id must be provided")
    rules = said.get("retentionRules", [])
    if len(rules) > 1:
        raise Refusal(422, "unprocessable entity", "buckets cannot have more than one retention rule at this time")
    for rule in rules:
        assert rule.keys() <= _RULE_KEYS, rule
        assert rule["type"] == "expire", rule
        if rule["everySeconds"] < 0 or 0 < rule["everySeconds"] < 3600:
            raise Refusal(422, "unprocessable entity", "retention policy duration must be at least 1h0m0s")
        if rule["everySeconds"] and rule.get("shardGroupDurationSeconds", 0) > rule["everySeconds"]:
            raise Refusal(422, "unprocessable entity", "shard group duration must not exceed the retention period")
    if any(one["name"] == said["name"] for one in influx.buckets.values()):
        raise Refusal(422, "conflict", f"bucket with name {said['name']} already exists")
    influx.writes += 1
    rule = rules[0] if rules else {"everySeconds": 0}
    return influx.add_bucket(said["name"], rule["everySeconds"], rule.get("shardGroupDurationSeconds", 0))


def _mappings(request: _Request) -> dict[str, Any]:
    request.only({"org", "orgID", "id", "bucketID", "default", "db", "rp"})
    if "orgID" not in request.asked and "org" not in request.asked:
        raise Refusal(400, "invalid", "Please provide either orgID or org")
    influx = request.influx
    found = list(influx.mappings)
    if influx.virtual:
        taken = {(one["database"], one["retention_policy"]) for one in found}
        defaults = {one["database"] for one in found if one["default"]}
        virtual = [_virtual(one, default=one["name"] not in defaults) for one in influx.buckets.values()]
        found += [one for one in virtual if (one["database"], one["retention_policy"]) not in taken]
    wanted = {"db": "database", "bucketID": "bucketID", "rp": "retention_policy"}
    for name, key in wanted.items():
        if name in request.asked:
            found = [one for one in found if one[key] == request.asked[name]]
    return {"content": found}


def _virtual(bucket: dict[str, Any], *, default: bool) -> dict[str, Any]:
    return {
        "id": bucket["id"], "orgID": ORG_ID, "bucketID": bucket["id"], "database": bucket["name"],
        "retention_policy": "autogen", "default": default, "virtual": True,
    }  # fmt: skip


def _make_mapping(request: _Request) -> dict[str, Any]:
    said, influx = request.said, request.influx
    assert said.keys() <= _DBRP_KEYS, said
    if "orgID" not in said and "org" not in said:
        raise Refusal(400, "invalid", "Please provide either orgID or org")
    if said.get("bucketID") not in influx.buckets:
        raise Refusal(400, "invalid", "invalid bucket ID")
    if not influx.may(request.token, "write", said["bucketID"]):
        raise Refusal(401, "unauthorized", "unauthorized")
    same = [one for one in influx.mappings if one["database"] == said["database"]]
    if any(one["retention_policy"] == said["retention_policy"] for one in same):
        raise Refusal(409, "conflict", "another DBRP mapping with same orgID, db, and rp exists")
    made = {**said, "id": f"{len(influx.mappings) + 4096:016x}", "default": said.get("default", False) or not same}
    influx.mappings.append(made)
    influx.writes += 1
    return made


def _make_authorization(request: _Request) -> dict[str, Any]:
    request.admin()
    said, influx = request.said, request.influx
    assert said.keys() <= _AUTHORIZATION_KEYS, said
    if not said.get("permissions"):
        raise Refusal(400, "invalid", "authorization must include permissions")
    if said.get("orgID") != ORG_ID:
        raise Refusal(400, "invalid", "org id required")
    for one in said["permissions"]:
        assert one.keys() == {"action", "resource"}, one
        assert one["action"] in {"read", "write"}, one
        assert one["resource"].keys() <= {"type", "id", "orgID", "name", "org"}, one
        assert one["resource"]["type"] == "buckets", one
        assert one["resource"]["id"] in influx.buckets, one
    token = f"made-{len(influx.tokens) + 1}-{said.get('description', '')}=="
    influx.tokens[token] = {"status": "active", **said}
    influx.writes += 1
    return {
        **said, "id": f"{len(influx.tokens):016x}", "token": token, "status": "active", "userID": "0b0b0b0b0b0b0b0b",
        "user": "admin", "org": "quantrac", "links": {"self": "/api/v2/authorizations/1"},
        "createdAt": "2026-03-01T05:00:00.123456789Z", "updatedAt": "2026-03-01T05:00:00.123456789Z",
    }  # fmt: skip


def _write(request: _Request) -> dict[str, Any]:
    request.only({"org", "bucket", "precision"})
    assert request.asked["org"] == ORG_ID, request.asked
    if request.asked["bucket"] not in request.influx.buckets:
        raise Refusal(404, "not found", f'bucket "{request.asked["bucket"]}" not found')
    if not request.influx.may(request.token, "write", request.asked["bucket"]):
        raise Refusal(403, "forbidden", "insufficient permissions for write")
    assert request.body == b"#", "setup-influx writes no point"
    return {}


_READ = {
    "/api/v2/orgs": _orgs,
    "/api/v2/buckets": _buckets,
    "/api/v2/buckets/(?P<id>[0-9a-f]{16})": _bucket,
    "/api/v2/dbrps": _mappings,
}
_MADE = {
    "/api/v2/buckets": _make_bucket,
    "/api/v2/dbrps": _make_mapping,
    "/api/v2/authorizations": _make_authorization,
    "/api/v2/write": _write,
}
