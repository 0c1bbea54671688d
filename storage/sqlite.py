"""The embedded reading store: one SQLite file, no server."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

from domain.limit import Bound
from domain.moment import Micros, micros, moment
from domain.reading import Reading, SeriesKey
from domain.rollup import IndexPoint, RollupPoint
from domain.window import Window, WindowKind
from storage.readings import HealthPoint, Means, Series, StoreUnavailable, judged, means_of, outside
from storage.statements import statements
from storage.windows import COLUMNS, LIMIT_KINDS, STATES, Windows, windows

_SQL = statements("sqlite.sql")
# What is written goes to the end of every series, a page for each: SQLite's own 2 MB do not hold those of a province.
_CACHE_KB = 8_000


class SqliteReadings:
    """Keeps `storage.readings.ReadingStore` in the file at `path`. Safe to use from several threads and processes."""

    is_server = False

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open the file, making it if there is none; `readonly` refuses every write (PRAGMA query_only)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._readonly = readonly
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._numbers: dict[SeriesKey, int] = {}
        self._lock = threading.Lock()
        with self._unavailable():
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            connection.execute("PRAGMA journal_mode=WAL")
            for name in ("schema_series", "schema_readings", "schema_rollups", "schema_indices", "schema_health"):
                connection.execute(_SQL[name])
            _complete(connection)
            connection.close()

    def write(self, readings: Sequence[Reading]) -> None:
        """Write readings; see the contract."""
        keys = {one.series for one in readings}
        with self._writing(keys) as connection:
            numbers = self._number(connection, keys)
            connection.executemany(_SQL["write"], _rows(readings, numbers))

    def write_flags(self, readings: Sequence[Reading]) -> None:
        """Write flags only; see the contract."""
        keys = {one.series for one in readings}
        with self._writing(keys) as connection:
            numbers = self._number(connection, keys)
            rows = [
                (int(one.flag), int(one.reasons), one.checks, numbers[one.series], micros(one.measured_at))
                for one in readings
            ]
            connection.executemany(_SQL["write_flags"], rows)

    def read(self, series: SeriesKey, window: Window) -> Series:
        """Return a series' readings; see the contract."""
        return self.read_many([series], window)[series]

    def read_many(self, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Series]:
        """Return the readings of several series; see the contract."""
        self._learn(series)
        span = (micros(window.start), micros(window.end))
        with self._unavailable():
            connection = self._connection()
            return {
                key: _series(connection.execute(_SQL["read_columns"], (self._numbers.get(key), *span)))
                for key in series
            }

    def find(self, wanted: Mapping[SeriesKey, Window]) -> list[Reading]:
        """Return the readings of several series; see the contract."""
        return [_reading(key, row) for key, window in wanted.items() for row in self._rows("read", key, window)]

    def latest(self, stations: Sequence[str]) -> list[Reading]:
        """Return the newest readings; see the contract."""
        self._learn()
        mine = [(key, number) for key, number in self._numbers.items() if key.station in set(stations)]
        with self._unavailable():
            found = ((key, self._connection().execute(_SQL["latest"], (number,)).fetchone()) for key, number in mine)
            return [_reading(key, row) for key, row in found if row is not None]

    def reach(self, stations: Sequence[str]) -> dict[SeriesKey, tuple[datetime, datetime]]:
        """Return how far series reach; see the contract."""
        self._learn()
        mine = [(key, number) for key, number in self._numbers.items() if key.station in set(stations)]
        with self._unavailable():
            found = ((key, self._connection().execute(_SQL["reach"], (number,)).fetchone()) for key, number in mine)
            return {key: (moment(row[0]), moment(row[1])) for key, row in found if row[0] is not None}

    def count(self) -> int:
        """Return how many readings are stored."""
        with self._unavailable():
            return int(self._connection().execute(_SQL["count"]).fetchone()[0])

    def write_rollups(self, points: Sequence[RollupPoint]) -> None:
        """Write windows; see the contract."""
        keys = {SeriesKey(one.station, one.parameter) for one in points}
        with self._writing(keys) as connection:
            numbers = self._number(connection, keys)
            connection.executemany(_SQL["write_rollup"], [_rollup_row(one, numbers) for one in points])

    def read_rollups(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return windows by series; see the contract."""
        return self._rollups("read_rollups", kind, series, window)

    def read_outside(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window, bound: Bound | None = None
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return the windows that are outside a bound; see the contract."""
        asked = (bound is not None, bound and bound.low, bound and bound.high)
        return outside(self._rollups("read_outside", kind, series, window, asked), bound)

    def _rollups(
        self, statement: str, kind: WindowKind, series: Sequence[SeriesKey], window: Window, also: tuple[Any, ...] = ()
    ) -> dict[SeriesKey, list[RollupPoint]]:
        self._learn(series)
        span = (micros(window.start), micros(window.end), *also)
        with self._unavailable():
            connection = self._connection()
            return {
                key: [
                    _rollup(kind, key, row)
                    for row in connection.execute(_SQL[statement], (kind.value, self._numbers.get(key), *span))
                ]
                for key in series
            }

    def write_windows(self, some: Sequence[Windows]) -> None:
        """Write windows as arrays; see the contract."""
        keys = {one.series for one in some}
        with self._writing(keys) as connection:
            numbers = self._number(connection, keys)
            for one in some:
                # SQLite makes NULL of a NaN.
                columns = (column.tolist() for column in one.columns())
                names = (repeat(one.kind.value), repeat(numbers[one.series]))
                connection.executemany(_SQL["write_rollup"], zip(*names, *columns, strict=False))

    def read_windows(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Windows]:
        """Return windows as arrays; see the contract."""
        self._learn(series)
        span = (micros(window.start), micros(window.end))
        with self._unavailable():
            connection = self._connection()
            found = {
                key: connection.execute(_SQL["read_rollups"], (kind.value, self._numbers.get(key), *span)).fetchall()
                for key in series
            }
        nothing = [()] * len(COLUMNS)
        return {key: windows(key, kind, zip(*rows, strict=True) if rows else nothing) for key, rows in found.items()}

    def read_means(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Means]:
        """Return value and counts of windows; see the contract."""
        self._learn(series)
        span = (micros(window.start), micros(window.end))
        with self._unavailable():
            connection = self._connection()
            found = (
                (key, connection.execute(_SQL["read_means"], (kind.value, self._numbers.get(key), *span)).fetchall())
                for key in series
            )
            return {key: means_of(rows) for key, rows in found}

    def write_indices(self, points: Sequence[IndexPoint]) -> None:
        """Write index values; see the contract."""
        with self._writing() as connection:
            connection.executemany(_SQL["write_index"], map(_index_row, points))

    def read_indices(self, index: str, kind: WindowKind, stations: Sequence[str], window: Window) -> list[IndexPoint]:
        """Return index values; see the contract."""
        span = (micros(window.start), micros(window.end))
        with self._unavailable():
            connection = self._connection()
            return [
                _index(station, index, kind, row)
                for station in sorted(stations)
                for row in connection.execute(_SQL["read_indices"], (index, kind.value, station, *span))
            ]

    def write_health(self, at: datetime, measurements: Iterable[HealthPoint]) -> None:
        """Write what the service says of itself; see the contract."""
        rows = [
            (one.measurement, json.dumps(dict(sorted(one.tags.items()))), micros(at), json.dumps(dict(one.fields)))
            for one in measurements
        ]
        with self._writing() as connection:
            connection.executemany(_SQL["write_health"], rows)

    def ping(self) -> None:
        """Return when the file answers; raises StoreUnavailable."""
        with self._unavailable():
            self._connection().execute("SELECT 1")

    def close(self) -> None:
        """Let go of the file."""
        for connection in self._open:
            connection.close()

    def _rows(self, statement: str, key: SeriesKey, window: Window) -> list[tuple[Any, ...]]:
        self._learn([key])
        number = self._numbers.get(key)
        if number is None:
            return []
        span = (number, micros(window.start), micros(window.end))
        with self._unavailable():
            return self._connection().execute(_SQL[statement], span).fetchall()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False)
            connection.execute("PRAGMA synchronous=FULL")
            if self._readonly:
                connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            self._open.append(connection)
        return connection

    @contextmanager
    def _unavailable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    @contextmanager
    def _writing(self, keys: Iterable[SeriesKey] = ()) -> Iterator[sqlite3.Connection]:
        self._learn(list(keys))
        with self._unavailable():
            connection = self._connection()
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk is met at the commit, and SQLite may have rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _number(self, connection: sqlite3.Connection, keys: set[SeriesKey]) -> Mapping[SeriesKey, int]:
        new = keys - self._numbers.keys()
        if new:
            connection.executemany(_SQL["add_series"], sorted(new))
            # Only known for good once committed; another process may have given the numbers.
            return {SeriesKey(row[0], row[1]): row[2] for row in connection.execute(_SQL["all_series"])}
        return self._numbers

    def _learn(self, keys: Sequence[SeriesKey] | None = None) -> None:
        """Look the series' numbers up again if one of `keys` is not known (None: always)."""
        if keys is not None and all(key in self._numbers for key in keys):
            return
        with self._unavailable(), self._lock:
            rows = self._connection().execute(_SQL["all_series"])
            self._numbers = {SeriesKey(row[0], row[1]): row[2] for row in rows}


def _complete(connection: sqlite3.Connection) -> None:
    """Give the table of indices the columns that it lacks, where an older service made it."""
    if not _lacking(connection):
        return
    # Two processes may open the file at once: the second finds nothing missing any more.
    connection.execute("BEGIN IMMEDIATE")
    for column in _lacking(connection):
        connection.execute(_SQL[f"add_{column}"])
    connection.execute("COMMIT")


def _lacking(connection: sqlite3.Connection) -> list[str]:
    known = {name for (name,) in connection.execute(_SQL["columns_of_indices"])}
    return [column for column in ("missing", "version", "configuration") if column not in known]


def _rows(readings: Iterable[Reading], numbers: Mapping[SeriesKey, int]) -> Iterator[tuple[Any, ...]]:
    at = Micros()
    for one in readings:
        judged = (int(one.status), int(one.flag), int(one.reasons), one.checks, one.seq)
        yield (numbers[one.series], at.of(one.measured_at), one.value, *judged)


def _series(rows: Iterable[tuple[float, ...]]) -> Series:
    columns = np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, 4).T
    values, judged = columns[1].copy(), columns[2].astype(np.int64)
    values[np.isinf(values)] = np.nan
    return Series(
        columns[0].astype(np.int64), values, (judged >> 4 & 3).astype(np.int8), (judged & 15).astype(np.int8),
        (judged >> 6).astype(np.int32), columns[3].astype(np.int32),
    )  # fmt: skip


def _reading(key: SeriesKey, row: tuple[Any, ...]) -> Reading:
    at, value, status, flag, reasons, checks, seq = row
    return Reading(key.station, key.parameter, moment(at), value, *judged(status, flag, reasons), checks, seq)


def _rollup_row(one: RollupPoint, numbers: Mapping[SeriesKey, int]) -> tuple[Any, ...]:
    has_value = one.valid > 0
    values = (one.value, one.minimum, one.maximum) if has_value else (None, None, None)
    counts = (one.valid, one.expected, one.suspect, one.calibrating, one.fault)
    limits = (one.limit_low, one.limit_high, int(one.limit_kind))
    number = numbers[SeriesKey(one.station, one.parameter)]
    history = (int(one.state), one.revision, one.configuration)
    return (one.kind.value, number, micros(one.mark), *values, *counts, *limits, *history)


def _index_row(one: IndexPoint) -> tuple[Any, ...]:
    return (
        one.index, one.kind.value, one.station, micros(one.mark), one.value, one.level, one.dominant, one.concentration,
        " ".join(one.missing), one.version, one.configuration,
    )  # fmt: skip


def _index(station: str, index: str, kind: WindowKind, row: tuple[Any, ...]) -> IndexPoint:
    at, value, level, dominant, concentration, missing, version, configuration = row
    return IndexPoint(
        station, index, kind, moment(at), value, level, dominant, concentration,
        missing=tuple(missing.split()), version=version, configuration=configuration,
    )  # fmt: skip


def _rollup(kind: WindowKind, key: SeriesKey, row: tuple[Any, ...]) -> RollupPoint:
    at, *figures = row
    figures[10], figures[11] = LIMIT_KINDS[figures[10]], STATES[figures[11]]
    columns: Any = (moment(at), *figures)
    return RollupPoint(key.station, key.parameter, kind, *columns)
