"""The reading store for production: InfluxDB 2, written with its own client and read with InfluxQL."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

from domain.flag import Flag
from domain.limit import Bound
from domain.moment import Micros, micros, moment
from domain.reading import Reading, SeriesKey
from domain.rollup import IndexPoint, LimitKind, RollupPoint, RollupState
from domain.window import HOUR, Window, WindowKind
from storage import influx_lines as lines
from storage import influx_ql as ql
from storage.influx_server import Server, Table
from storage.readings import HealthPoint, Means, Series, judged, means_of, outside
from storage.windows import COLUMNS, Windows, windows

READINGS, ROLLUPS, EVENTS, SERVICE = "readings", "rollups", "events", "service"
MEDIA = ("air", "water", "waste")
_READING = ("value", "status", "flag", "reasons", "checks", "seq")
_ROLLUP = (
    "value", "min", "max", "valid", "expected", "suspect", "calibrating", "fault",
    "limit_low", "limit_high", "limit_kind", "state", "revision", "configuration",
)  # fmt: skip
_MEAN = ("value", "valid", "expected")
_INDEX = ("value", "valid", "level", "dominant", "concentration", "missing", "version", "configuration")

# A question with more stations than that takes InfluxDB longer to read than to answer.
_MOST_STATIONS = 250
# What an answer may come to, so that neither side holds more than some tens of MB at a time.
_ROWS = 150_000


class InfluxReadings:
    """Keeps `storage.readings.ReadingStore` in the buckets that `storage.influx_setup` makes. Safe between threads."""

    is_server = True

    def __init__(
        self, url: str, org: str, token_file: Path, *, medium_of: Callable[[str], str], gzip: bool = False
    ) -> None:
        """Nothing connects before the first use. `medium_of` tells a station's medium: its readings' measurement.

        `gzip` pays between machines only: on the same one it halves the rate.
        """
        self._server = Server(url, org, token_file, gzip=gzip)
        self._medium_of = medium_of

    def write(self, readings: Sequence[Reading]) -> None:
        """Write readings; see the contract."""
        micros = Micros()
        self._server.write(
            READINGS,
            (lines.reading(one, self._medium_of(one.station), micros.of(one.measured_at)) for one in readings),
        )

    def write_flags(self, readings: Sequence[Reading]) -> None:
        """Write flags only; see the contract."""
        self._server.write(READINGS, (lines.flags(one, self._medium_of(one.station)) for one in readings))

    def read(self, series: SeriesKey, window: Window) -> Series:
        """Return a series' readings; see the contract."""
        return self.read_many([series], window)[series]

    def read_many(self, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Series]:
        """Return the readings of several series; see the contract."""
        rows: dict[SeriesKey, list[list[Any]]] = {key: [] for key in series}
        for medium, stations in _by_medium([key.station for key in series], self._medium_of):
            mine = [key for key in series if key.station in set(stations)]
            for table in self._tables(READINGS, _READING, medium, mine, window):
                rows.get(_key(table), []).extend(_whole(table.values))
        return {key: _series(found) for key, found in rows.items()}

    def find(self, wanted: Mapping[SeriesKey, Window]) -> list[Reading]:
        """Return the readings of several series; see the contract."""
        return [
            reading
            for group in _alike(wanted, self._medium_of)
            for reading in self._readings(list(group), _hull(group.values()))
            if reading.series in group and reading.measured_at in group[reading.series]
        ]

    def latest(self, stations: Sequence[str]) -> list[Reading]:
        """Return the newest readings; see the contract."""
        found: list[Reading] = []
        for medium, group in _by_medium(stations, self._medium_of):
            for some in _slices(group, _MOST_STATIONS):
                question = ql.select(_READING, medium, (ql.one_of("station", some),), only=ql.NEWEST)
                found.extend(_readings(self._server.ask(READINGS, question)))
        return found

    def reach(self, stations: Sequence[str]) -> dict[SeriesKey, tuple[datetime, datetime]]:
        """Return how far series reach; see the contract."""
        first, last = (self._ends(stations, end) for end in (ql.OLDEST, ql.NEWEST))
        # What was written between the two questions has an end, and maybe no beginning.
        return {key: (first[key], last[key]) for key in first if key in last}

    def count(self) -> int:
        """Return how many readings are stored; reads one field of all of them."""
        tables = (table for medium in MEDIA for table in self._server.ask(READINGS, ql.count("seq", medium)))
        return sum(int(row[1]) for table in tables for row in table.values)

    def write_rollups(self, points: Sequence[RollupPoint]) -> None:
        """Write windows; see the contract."""
        self._server.write(ROLLUPS, map(lines.rollup, points))

    def read_rollups(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return windows by series; see the contract."""
        return self._rollups(kind, series, window)

    def read_outside(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window, bound: Bound | None = None
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return the windows that are outside a bound; see the contract."""
        return outside(self._rollups(kind, series, window, _outside(bound)), bound)

    def _rollups(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window, also: str = ""
    ) -> dict[SeriesKey, list[RollupPoint]]:
        found: dict[SeriesKey, list[RollupPoint]] = {key: [] for key in series}
        for table in self._tables(ROLLUPS, _ROLLUP, kind.value, list(series), window, also):
            key = _key(table)
            if key in found:
                found[key].extend(_rollup(kind, key, row) for row in table.values)
        return found

    def write_windows(self, some: Sequence[Windows]) -> None:
        """Write windows as arrays; see the contract."""
        self._server.write(ROLLUPS, chain.from_iterable(map(lines.windows, some)))

    def read_windows(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Windows]:
        """Return windows as arrays; see the contract."""
        found: dict[SeriesKey, list[list[Any]]] = {key: [] for key in series}
        for table in self._tables(ROLLUPS, _ROLLUP, kind.value, list(series), window):
            found.get(_key(table), []).extend(table.values)
        return {key: _windows(kind, key, rows) for key, rows in found.items()}

    def read_means(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Means]:
        """Return value and counts of windows; see the contract."""
        found: dict[SeriesKey, list[list[Any]]] = {key: [] for key in series}
        for table in self._tables(ROLLUPS, _MEAN, kind.value, list(series), window):
            found.get(_key(table), []).extend(table.values)
        return {key: means_of(rows) for key, rows in found.items()}

    def write_indices(self, points: Sequence[IndexPoint]) -> None:
        """Write index values; see the contract."""
        self._server.write(ROLLUPS, map(lines.index, points))

    def read_indices(self, index: str, kind: WindowKind, stations: Sequence[str], window: Window) -> list[IndexPoint]:
        """Return index values; see the contract."""
        wanted = [SeriesKey(station, index) for station in stations]
        only = f"{ql.name('window')} = {ql.text(kind.value)}"
        tables = self._tables(ROLLUPS, _INDEX, "index", wanted, window, only)
        points = (_index(kind, _key(table), row) for table in tables for row in table.values)
        return sorted(points, key=lambda one: (one.station, one.mark))

    def write_health(self, at: datetime, measurements: Iterable[HealthPoint]) -> None:
        """Write what the service says of itself; see the contract."""
        said = (lines.health(one, micros(at)) for one in measurements)
        self._server.write(SERVICE, (line for line in said if line is not None))

    def ping(self) -> None:
        """Return when the server answers, knows the bucket and takes the token; raises StoreUnavailable."""
        # No shard holds this moment, so it costs nothing however much is stored.
        self._server.ask(READINGS, ql.select(("seq",), MEDIA[0], ("time = 0",)))

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

    def _ends(self, stations: Sequence[str], only: str) -> dict[SeriesKey, datetime]:
        """Return the moment of the one reading that `only` leaves of each series."""
        found: dict[SeriesKey, datetime] = {}
        for medium, group in _by_medium(stations, self._medium_of):
            for some in _slices(group, _MOST_STATIONS):
                # Every reading has a seq, and a judgement of one that is not there has none.
                tables = self._server.ask(
                    READINGS, ql.select(("seq",), medium, (ql.one_of("station", some),), only=only)
                )
                found |= {_key(table): moment(table.values[0][0]) for table in tables}
        return found

    def _readings(self, series: list[SeriesKey], window: Window) -> Iterator[Reading]:
        medium = self._medium_of(series[0].station)
        return _readings(self._tables(READINGS, _READING, medium, series, window))

    def _tables(
        self, bucket: str, fields: Sequence[str], measurement: str,
        series: list[SeriesKey], window: Window, also: str = "",
    ) -> Iterator[Table]:  # fmt: skip
        """Yield the tables of the series' stations and parameters: all that were asked for, and maybe others."""
        parameters = ql.one_of("parameter", (one.parameter for one in series))
        stations = sorted({one.station for one in series})
        for some in _slices(stations, _stations_at_once(series, window, per_hour=60 if bucket == READINGS else 1)):
            where = (ql.one_of("station", some), parameters, also, ql.within(window))
            yield from self._server.ask(bucket, ql.select(fields, measurement, where))


def _outside(bound: Bound | None) -> str:
    """Return the condition that a window has a value and that it is outside a bound, else outside its own limit."""
    if bound is None:
        sides = [
            f'(("limit_kind" & {bit:d}) = {bit:d} AND "value" {sign} "{field}")'
            for bit, sign, field in ((LimitKind.LOW, "<", "limit_low"), (LimitKind.HIGH, ">", "limit_high"))
        ]
    else:
        figures = (("<", bound.low), (">", bound.high))
        sides = [f'"value" {sign} {figure:.12f}' for sign, figure in figures if figure is not None]
    return f'"valid" > 0 AND ({" OR ".join(sides)})'


def _stations_at_once(series: Sequence[SeriesKey], window: Window, *, per_hour: int) -> int:
    parameters = len({one.parameter for one in series})
    hours = max((window.end - window.start) / HOUR, 1.0)
    return max(1, min(_MOST_STATIONS, int(_ROWS / (hours * per_hour * max(parameters, 1)))))


def _alike(
    wanted: Mapping[SeriesKey, Window], medium_of: Callable[[str], str]
) -> Iterator[dict[SeriesKey, Window]]:  # fmt: skip
    """Put series of one medium together whose windows are much the same, so that few questions read little in vain."""
    for _, stations in _by_medium([key.station for key in wanted], medium_of):
        mine = set(stations)
        group: dict[SeriesKey, Window] = {}
        members = ((key, window) for key, window in wanted.items() if key.station in mine)
        for key, window in sorted(members, key=lambda one: one[1].start):
            shared = _hull([window, *group.values()])
            if _length(shared) > 2 * min(_length(one) for one in (window, *group.values())):
                yield group
                group = {}
            group[key] = window
        yield group


def _hull(windows: Iterable[Window]) -> Window:
    every = list(windows)
    return Window(min(one.start for one in every), max(one.end for one in every))


def _length(window: Window) -> timedelta:
    return max(window.end - window.start, HOUR)


def _by_medium(stations: Sequence[str], medium_of: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    for medium, group in groupby(sorted(set(stations), key=medium_of), key=medium_of):
        yield medium, list(group)


def _slices(every: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (every[start : start + size] for start in range(0, len(every), size))


def _key(table: Table) -> SeriesKey:
    return SeriesKey(table.tags["station"], table.tags["parameter"])


def _readings(tables: Iterable[Table]) -> Iterator[Reading]:
    for table in tables:
        key = _key(table)
        for at, value, status, flag, reasons, checks, seq in _whole(table.values):
            number = None if value is None or flag == Flag.MISSING else float(value)
            yield Reading(
                key.station, key.parameter, moment(at), number, *judged(status, flag, reasons), checks, seq
            )  # fmt: skip


def _whole(rows: list[list[Any]]) -> list[list[Any]]:
    """Leave out what is no reading: the flags of one that is not there have no seq."""
    return [row for row in rows if row[-1] is not None]


def _series(rows: list[list[Any]]) -> Series:
    columns: Any = list(zip(*rows, strict=True)) if rows else [[]] * 7
    found, flags = np.array(columns[1], np.float64), np.array(columns[3], np.int8)
    # A field that a missing reading was not given is still there from before.
    found[flags == Flag.MISSING] = np.nan
    return Series(
        np.array(columns[0], np.int64), found, np.array(columns[2], np.int8), flags,
        np.array(columns[4], np.int32), np.array(columns[5], np.int32),
    )  # fmt: skip


def _rollup(kind: WindowKind, key: SeriesKey, row: list[Any]) -> RollupPoint:
    # A field that is younger than the point is null.
    at, *figures = (number or 0 for number in row)
    value, minimum, maximum, valid, expected, suspect, calibrating, fault, *rest = figures
    low, high, bits, state, revision, configuration = rest
    limits = LimitKind(bits)
    return RollupPoint(
        key.station, key.parameter, kind, moment(at),
        value=float(value) if valid else None,
        minimum=float(minimum) if valid else None,
        maximum=float(maximum) if valid else None,
        valid=valid, expected=expected, suspect=suspect, calibrating=calibrating, fault=fault,
        limit_low=float(low) if LimitKind.LOW in limits else None,
        limit_high=float(high) if LimitKind.HIGH in limits else None,
        limit_kind=limits, state=RollupState(state), revision=revision, configuration=configuration,
    )  # fmt: skip


def _windows(kind: WindowKind, key: SeriesKey, rows: list[list[Any]]) -> Windows:
    # A field that is younger than the point is null.
    columns = zip(*([number or 0 for number in row] for row in rows), strict=True) if rows else [()] * len(COLUMNS)
    made = windows(key, kind, columns)
    for figures in (made.values, made.minima, made.maxima):
        figures[made.valid == 0] = np.nan
    made.limit_low[made.limit_kind & LimitKind.LOW == 0] = np.nan
    made.limit_high[made.limit_kind & LimitKind.HIGH == 0] = np.nan
    return made


def _index(kind: WindowKind, key: SeriesKey, row: list[Any]) -> IndexPoint:
    at, value, valid, level, dominant, concentration, missing, version, configuration = row
    return IndexPoint(
        key.station, key.parameter, kind, moment(at),
        value=round(value) if valid else None,
        level=level or None,
        dominant=dominant or None,
        concentration=float(concentration) if dominant else None,
        # An older service wrote none of these.
        missing=tuple((missing or "").split()), version=version or "", configuration=configuration or 0,
    )  # fmt: skip
