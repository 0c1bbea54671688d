"""The connection with InfluxDB: lines in, tables out, and every failure told apart by whether trying again can help."""

# influxdb-client has types for a part of itself only.
# mypy: disallow-untyped-calls=False

import atexit
import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS, WriteApi
from influxdb_client.domain.write_precision import WritePrecision
from urllib3.exceptions import HTTPError

from storage.readings import QuestionRefused, StoreRefused, StoreUnavailable

# As many lines as make a request worthwhile; also what InfluxData advises.
BATCH = 5_000
_CONNECT_SECONDS, _WRITE_SECONDS, _READ_SECONDS = 5.0, 30.0, 120.0
# Trying the very same again cannot help with these.
_REFUSED = frozenset({400, 422})


class Table(msgspec.Struct):
    """One series of an answer: its tags, and rows in the order of `columns`, of which the first is the time in µs."""

    columns: list[str] = []
    values: list[list[Any]] = []
    tags: dict[str, str] = {}


class _Result(msgspec.Struct):
    series: list[Table] = []
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Connection:
    """What lives from one failure to the next."""

    client: InfluxDBClient
    writer: WriteApi
    pool: urllib3.PoolManager
    headers: dict[str, str]

    def close(self) -> None:
        self.pool.clear()
        self.client.close()


class Server:
    """An InfluxDB (or what answers like it) at `url`. Nothing connects before the first question.

    The token is read from its file at each connect, and every failure ends the connection: a token that was replaced
    is taken up without a restart.
    """

    def __init__(self, url: str, org: str, token_file: Path, *, gzip: bool = False) -> None:
        """Remember where the server is."""
        self.url = url.rstrip("/")
        self._org = org
        self._token_file = token_file
        self._gzip = gzip
        self._lock = threading.Lock()
        self._open: _Connection | None = None
        self._decoder = msgspec.json.Decoder(_Answer)
        # Left to itself the client lets go of its connections too late, when nothing can be imported any more.
        atexit.register(_close, weakref.ref(self))

    def write(self, bucket: str, lines: Iterable[str]) -> None:
        """Write lines with times in µs. Raises StoreUnavailable, StoreRefused."""
        remaining = iter(lines)
        while batch := list(islice(remaining, BATCH)):
            self._try(partial(self._written, bucket, "\n".join(batch).encode()))

    def ask(self, database: str, question: str) -> list[Table]:
        """Return the series that answer one InfluxQL statement. Raises StoreUnavailable, QuestionRefused."""
        answer: _Answer = self._try(partial(self._asked, database, question))
        return [table for result in answer.results for table in result.series]

    def close(self) -> None:
        """Let go of the connection; the next question makes another."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None

    def _written(self, bucket: str, body: bytes, to: _Connection) -> None:
        to.writer.write(bucket, self._org, body, WritePrecision.US)  # type: ignore[arg-type]  # the constants are text

    def _asked(self, database: str, question: str, to: _Connection) -> _Answer:
        # The statement goes in the body: many series make it longer than a URL may be.
        where = f"{self.url}/query?{urlencode({'db': database, 'epoch': 'u'})}"
        response = to.pool.request("POST", where, body=urlencode({"q": question}), headers=to.headers)
        if response.status in _REFUSED:
            raise QuestionRefused(str(self._fault(response.status, _said(response.data))))
        if response.status != 200:
            raise self._fault(response.status, _said(response.data))
        answer = self._decoder.decode(response.data)
        wrong = answer.error or next((one.error for one in answer.results if one.error), None)
        if wrong is not None:
            raise StoreUnavailable(f"InfluxDB at {self.url} answers: {wrong}")
        return answer

    def _try(self, act: Callable[[_Connection], Any]) -> Any:
        try:
            return act(self._connection())
        except StoreUnavailable:
            self.close()
            raise
        except InfluxDBError as error:
            status = error.response.status if error.response is not None else None
            fault = self._fault(status, str(error.message))
            if isinstance(fault, StoreUnavailable):
                self.close()
            raise fault from error
        except (HTTPError, OSError, msgspec.DecodeError) as error:
            self.close()
            raise StoreUnavailable(f"InfluxDB at {self.url} does not answer: {_short(error)}") from error

    def _fault(self, status: int | None, said: str) -> StoreUnavailable | StoreRefused:
        if status in _REFUSED:
            return StoreRefused(f"InfluxDB at {self.url} refuses this ({status}): {said}")
        if status in {401, 403}:
            return StoreUnavailable(
                f"InfluxDB at {self.url} does not accept the token in {self._token_file} ({status}): {said}"
            )
        return StoreUnavailable(f"InfluxDB at {self.url} is not ready ({status}): {said}")

    def _connection(self) -> _Connection:
        with self._lock:
            if self._open is None:
                self._open = self._connect(self._token())
            return self._open

    def _token(self) -> str:
        try:
            return self._token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StoreUnavailable(f"the token of InfluxDB cannot be read from {self._token_file}: {error}") from error

    def _connect(self, token: str) -> _Connection:
        timeout = (_CONNECT_SECONDS * 1_000, _WRITE_SECONDS * 1_000)
        client = InfluxDBClient(self.url, token, org=self._org, timeout=timeout, enable_gzip=self._gzip)
        pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS), maxsize=8
        )
        headers = {
            "Authorization": f"Token {token}",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return _Connection(client, client.write_api(write_options=SYNCHRONOUS), pool, headers)


def _close(server: "weakref.ref[Server]") -> None:
    found = server()
    if found is not None:
        found.close()


def _said(body: bytes) -> str:
    """Return what an error's body says: 1.x calls it `error`, 2.x `message`."""
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return body.decode(errors="replace")[:200].strip() or "no reason given"
    return str(found.get("error") or found.get("message") or found)


def _short(error: Exception) -> str:
    # urllib3 puts the object of its connection before the reason.
    return str(error).rpartition(">: ")[2] or type(error).__name__
