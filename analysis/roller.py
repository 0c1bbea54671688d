"""The job that turns changed readings into windows and indices, from its own watermarks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analysis import vn_aqi
from analysis.rollups import meets
from analysis.series_windows import Stretch, Windows
from domain.clock import Clock
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, RollupPoint
from domain.window import HOUR, Window, WindowKind, hour_end, mark_of, window_of_mark
from registry.lookup import Registry
from storage import confirmations, spans
from storage.readings import ReadingStore
from storage.rollup_history import keep
from storage.spans import DirtySpan
from storage.state import writing
from storage.tables import series as series_table

JOB = "rollups"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a series reaches, and up to which hour it has been rolled."""

    first_at: datetime
    last_at: datetime
    rolled_to: datetime | None


@dataclass(slots=True)
class Round:
    """What one run found and made."""

    taken: list[DirtySpan]
    changed: list[RollupPoint]
    before: list[tuple[RollupPoint, RollupPoint]]  # old and new, where a judged figure changed
    rolled_to: dict[SeriesKey, datetime]
    stretches: list[Stretch]


class Roller:
    """Computes every window that is ready and was touched, or has become due, since the last run."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock

    def run(self) -> int:
        """Do one round; return how many windows were new or changed. Raises StoreUnavailable.

        Spans are taken before readings are read, and cleared with the marks they leave for the judge in one
        transaction after the windows are written: a round that is stopped anywhere is done again.
        """
        now = self._clock.now()
        found = self._round(spans.take(self._engine, "roll"), now)
        self._store.write_rollups(found.changed)
        self._store.write_indices(self._indices(found))
        with writing(self._engine) as connection:
            self._finish(connection, found, now)
        return len(found.changed)

    def _round(self, taken: list[DirtySpan], now: datetime) -> Round:
        found = Round(taken, [], [], {}, [])
        windows = Windows(self._registry, self._store, confirmations.read(self._engine))
        by_series: dict[SeriesKey, list[DirtySpan]] = {}
        for span in taken:
            by_series.setdefault(span.series, []).append(span)
        for key, reach in self._reaches().items():
            if self._registry.parameter_at(*key) is None:
                continue
            ready_to = self._ready_to(key, reach, now)
            for stretch in self._stretches(key, reach, ready_to, by_series.get(key, [])):
                found.stretches.append(stretch)
                self._compare(list(windows.of(stretch)), stretch, found)
            if reach.rolled_to is None or ready_to > reach.rolled_to:
                found.rolled_to[key] = ready_to
        return found

    def _reaches(self) -> dict[SeriesKey, Reach]:
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(series_table)).all()
        return {
            SeriesKey(row.station, row.parameter): Reach(
                moment(row.first_at), moment(row.last_at), None if row.rolled_to is None else moment(row.rolled_to)
            )
            for row in rows
        }

    def _ready_to(self, key: SeriesKey, reach: Reach, now: datetime) -> datetime:
        """Return the newest hour that may be judged: data have passed its end, or the grace is over."""
        policies = self._registry.province.policies
        interval = self._registry.interval(*key) or timedelta(0)
        by_grace = _hour_floor(now - max(policies.grace, interval))
        ready = max(_hour_floor(reach.last_at), by_grace)
        return min(ready, hour_end(reach.last_at) + policies.expected_for)

    def _stretches(
        self, key: SeriesKey, reach: Reach, ready_to: datetime, dirty: Iterable[DirtySpan]
    ) -> Iterator[Stretch]:
        start = reach.rolled_to or hour_end(reach.first_at) - HOUR
        hours = {
            end
            for span in dirty
            for end in _hours(hour_end(span.first_at), min(hour_end(span.last_at), ready_to))
        }  # fmt: skip
        late = {end for end in hours if end <= start}
        for first, last in _runs(late):
            yield Stretch(key, first, self._fill(key, last, start), ready_to)
        for first, last in self._live(key, start, ready_to):
            yield Stretch(key, first, last, ready_to)

    def _live(self, key: SeriesKey, start: datetime, ready_to: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the expected hours after `start`: those with a reading in the `expected_for` before their end."""
        horizon = self._registry.province.policies.expected_for
        if ready_to - start <= horizon:
            if ready_to > start:
                yield start + HOUR, ready_to
            return
        times = self._store.read(key, Window(start - HOUR, ready_to)).times
        expected: set[datetime] = set()
        for at, following in zip(times, [*times[1:], None], strict=True):
            end = hour_end(moment(int(at)))
            until = min(end + horizon, ready_to)
            if following is not None:
                until = min(until, hour_end(moment(int(following))))
            expected.update(_hours(max(end, start + HOUR), until))
        yield from _runs(expected)

    def _fill(self, key: SeriesKey, last: datetime, rolled_to: datetime) -> datetime:
        """Return up to which hour windows must be there after a late reading: the next that is, or the horizon."""
        until = min(last + self._registry.province.policies.expected_for, rolled_to)
        known = self._store.read_rollups(WindowKind.HOUR, [key], Window(last, until))[key]
        return min((point.mark - HOUR for point in known), default=until)

    def _compare(self, made: list[RollupPoint], stretch: Stretch, found: Round) -> None:
        """Keep what is new or changed; a changed figure gets the next revision."""
        old = self._known(made, stretch)
        for point in made:
            before = old.get((point.kind, point.mark))
            if before is None:
                found.changed.append(point)
            elif _differs(before, point):
                revised = (before.value, before.valid) != (point.value, point.valid)
                after = msgspec.structs.replace(point, revision=before.revision + revised, state=before.state)
                found.changed.append(after)
                if revised:
                    found.before.append((before, after))

    def _known(self, made: list[RollupPoint], stretch: Stretch) -> dict[tuple[WindowKind, datetime], RollupPoint]:
        known = {}
        for kind in {point.kind for point in made}:
            marks = [point.mark for point in made if point.kind is kind]
            window = Window(min(marks) - timedelta(microseconds=1), max(marks))
            for point in self._store.read_rollups(kind, [stretch.series], window)[stretch.series]:
                known[kind, point.mark] = point
        return known

    def _indices(self, found: Round) -> list[IndexPoint]:
        """Return the hourly VN_AQI of every air station and hour that a changed hour reaches."""
        if "vn_aqi" not in self._registry.province.indices:
            return []
        spans_of: dict[str, list[Stretch]] = {}
        for stretch in found.stretches:
            station = self._registry.stations[stretch.series.station]
            if station.kind == "air" and stretch.series.parameter in (*vn_aqi.PARTICLES, *vn_aqi.GASES):
                spans_of.setdefault(station.id, []).append(stretch)
        return [point for station, stretches in spans_of.items() for point in self._aqi(station, stretches)]

    def _aqi(self, station: str, stretches: list[Stretch]) -> Iterator[IndexPoint]:
        at_station = {parameter.id for parameter in self._registry.stations[station].parameters}
        names = [name for name in (*vn_aqi.PARTICLES, *vn_aqi.GASES) if name in at_station]
        reach = timedelta(hours=vn_aqi.NOWCAST_HOURS)
        ends: set[datetime] = set()
        for stretch in stretches:
            ends.update(_hours(stretch.first, min(stretch.last + reach - HOUR, stretch.ready_to)))
        if not ends:
            return
        keys = [SeriesKey(station, name) for name in names]
        read = self._store.read_rollups(WindowKind.HOUR, keys, Window(min(ends) - reach, max(ends)))
        hours = {key.parameter: {point.mark: self._counted(point) for point in points} for key, points in read.items()}
        form = self._registry.province.nowcast
        for end in sorted(ends):
            back = [end - age * HOUR for age in range(vn_aqi.NOWCAST_HOURS)]
            index = vn_aqi.hourly({name: [known.get(at) for at in back] for name, known in hours.items()}, form)
            yield _index_point(station, end, index)

    def _counted(self, point: RollupPoint) -> float | None:
        enough = point.valid and meets(point.valid, point.expected, self._registry.province.policies.capture)
        return point.value if enough else None

    def _finish(self, connection: Connection, found: Round, now: datetime) -> None:
        spans.clear(connection, found.taken)
        keep(connection, found.before, cause="readings", at=now)
        spans.mark(connection, "judge", self._marks(found.changed))
        if found.rolled_to:
            connection.execute(
                sa
                .update(series_table)
                .where(series_table.c.station == sa.bindparam("b_station"))
                .where(series_table.c.parameter == sa.bindparam("b_parameter"))
                .values(rolled_to=sa.bindparam("b_to")),
                [
                    {"b_station": key.station, "b_parameter": key.parameter, "b_to": micros(to)}
                    for key, to in found.rolled_to.items()
                ],
            )
        spans.set_watermark(connection, JOB, _hour_floor(now - self._registry.province.policies.grace))

    def _marks(self, changed: Iterable[RollupPoint]) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
        """Yield, for each series and day, from when to when windows changed, by their ends."""
        ends: dict[tuple[SeriesKey, int], tuple[datetime, datetime]] = {}
        for point in changed:
            end = window_of_mark(point.kind, point.mark, self._registry.zone).end
            key = (SeriesKey(point.station, point.parameter), spans.day_number(end))
            first, last = ends.get(key, (end, end))
            ends[key] = (min(first, end), max(last, end))
        for (series, _), (first, last) in ends.items():
            yield series, first, last


def _differs(one: RollupPoint, other: RollupPoint) -> bool:
    """Whether anything but its history differs."""
    same = {"revision": 0, "state": one.state, "configuration": 0}
    return msgspec.structs.replace(one, **same) != msgspec.structs.replace(other, **same)


def _index_point(station: str, end: datetime, index: vn_aqi.Index | None) -> IndexPoint:
    mark = mark_of(WindowKind.HOUR, Window(end - HOUR, end))
    if index is None:
        return IndexPoint(station, "vn_aqi", WindowKind.HOUR, mark, None)
    return IndexPoint(
        station, "vn_aqi", WindowKind.HOUR, mark, index.value, index.level, index.dominant, index.concentration
    )


def _hour_floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += HOUR


def _runs(ends: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield first and last of each run of consecutive hours."""
    first = last = None
    for end in sorted(ends):
        if last is not None and first is not None and end - last > HOUR:
            yield first, last
            first = end
        first, last = first or end, end
    if first is not None and last is not None:
        yield first, last
