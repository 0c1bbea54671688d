"""What a report is made of: the figures of a period, each with its counts, its law and what was outside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analysis.resolved import figure_of
from analysis.rollups import meets
from analysis.schemes import made
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, LimitKind, RollupPoint, RollupState
from domain.window import LENGTHS, Window, WindowKind
from present.charts import excess, is_over, is_sufficient
from registry.limits import AppliedLimit, Confirmation, NotCompared
from registry.lookup import Registry
from registry.schema import Area, ParameterKind, Station
from reports.exceedances import Exceedances
from reports.facts import Episode, base_window, between, episodes
from reports.periods import Period, PeriodKind
from reports.resolving import AreaResolving, resolving
from storage import confirmations
from storage.readings import ReadingStore
from storage.tables import alerts

_HOURS = (WindowKind.HOUR, WindowKind.HOUR8, WindowKind.HOUR24)
_COMPARED = (WindowKind.HOUR, WindowKind.HOUR8, WindowKind.DAY)
# The windows that a report shows and gives; the last is the one that is the period itself.
_SHOWN = {
    PeriodKind.DAY: (*_HOURS, WindowKind.DAY), PeriodKind.MONTH: (WindowKind.DAY, WindowKind.MONTH),
    PeriodKind.YEAR: (WindowKind.DAY, WindowKind.MONTH, WindowKind.YEAR),
}  # fmt: skip
# A day is marked by its beginning, an hour by its end.
_INSTANT = timedelta(microseconds=1)

Seen = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Law:
    """A limit as it was in force from one day of the period up to, not including, another."""

    kind: WindowKind
    first: date
    after: date
    applied: AppliedLimit


@dataclass(frozen=True, slots=True)
class Outside:
    """The windows of one kind that were outside the limit that each carries; `worst` is the furthest outside."""

    kind: WindowKind
    count: int
    confirmed: int  # of them: of a confirmed limit with enough data
    worst: RollupPoint


@dataclass(frozen=True, slots=True)
class SeriesPeriod:
    """One series in the period, with the value and the counts of the window that is the period itself.

    That is made once it is over; of a period that is running they are what its days come to so far.
    """

    series: SeriesKey
    value: float | None
    minimum: float | None
    maximum: float | None
    valid: int
    expected: int
    sufficient: bool
    verified: bool
    windows: Sequence[RollupPoint]  # what the report shows and gives: of a day all, else the days
    outside: tuple[Outside, ...]
    laws: tuple[Law, ...]
    not_compared: tuple[NotCompared, ...]

    def of(self, kind: WindowKind) -> list[RollupPoint]:
        """Return its windows of a kind."""
        return [one for one in self.windows if one.kind is kind]


@dataclass(frozen=True, slots=True)
class IndexPeriod:
    """An index of a station: the newest day of a report of one day, and the highest hour."""

    station: str
    index: str
    day: IndexPoint | None
    highest: IndexPoint | None
    computed: int  # windows (hours of a day, else days) that have one
    points: Sequence[IndexPoint]

    @property
    def version(self) -> str:
        """By which text the newest of it was made."""
        return self.points[-1].version if self.points else ""


@dataclass(frozen=True, slots=True)
class AreaPeriod:
    """One area in the period. `resolving` is None in the report of a day."""

    area: Area
    stations: tuple[Station, ...]
    series: tuple[SeriesPeriod, ...]
    indices: tuple[IndexPeriod, ...]
    episodes: tuple[Episode, ...]
    exceedances: Sequence[Mapping[str, Any]]  # those of them that are public, as the API gives them
    resolving: AreaResolving | None


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it was made at `made_at`; `running`: the period was not over then."""

    period: Period
    made_at: datetime
    running: bool
    one_area: bool
    areas: tuple[AreaPeriod, ...]

    @property
    def verified(self) -> bool:
        """Whether a person has verified every figure of it."""
        known = [one for area in self.areas for one in area.series if one.value is not None]
        return bool(known) and all(one.verified for one in known)


def make_report(
    registry: Registry, store: ReadingStore, engine: Engine, now: datetime, period: Period, areas: Sequence[str],
    seen: Seen | None = None,
) -> Report:  # fmt: skip
    """Return the report of `areas`; `seen` is told how many of them are done. Raises StoreUnavailable."""
    maker = _Maker(registry, store, engine, now, period)
    found = []
    for place, area in enumerate(areas):
        if seen is not None:
            seen(place, len(areas))
        found.append(maker.area(registry.areas[area]))
    return Report(period, now, now < maker.span.end, len(areas) == 1, tuple(found))


class _Maker:
    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, now: datetime, period: Period) -> None:
        self._registry, self._store, self._engine, self._now = registry, store, engine, now
        self._period, self.span = period, period.span(registry.zone)
        self._said: Mapping[str, Confirmation] = confirmations.read(engine)
        self._marks = Window(self.span.start - _INSTANT, self.span.end - _INSTANT)  # of days, that begin in it
        self._capture = registry.province.policies.capture

    def area(self, area: Area) -> AreaPeriod:
        stations = tuple(one for one in self._registry.stations.values() if one.area == area.id)
        ids = [one.id for one in stations]
        keys = [SeriesKey(station.id, parameter) for station in stations for parameter in station.measures]
        found = self._windows(keys)
        outside = {kind: self._store.read_outside(kind, keys, self._marks_of(kind)) for kind in self._compared}
        alive = sa.and_(alerts.c.station.in_(ids), between(self.span.start, self.span.end))
        found_alerts = tuple(one for one in episodes(self._engine, alive) if one.parameter)
        yearly = self._period.kind is not PeriodKind.DAY
        until = min(self._now, self.span.end)
        return AreaPeriod(
            area=area, stations=stations,
            series=tuple(self._series(key, found[key], [outside[kind][key] for kind in self._compared]) for key in keys),
            indices=tuple(self._indices(stations)),
            episodes=found_alerts, exceedances=Exceedances(self._registry, self._engine, found_alerts).rows(),
            resolving=resolving(
                self._registry, self._store, self._engine, self._now, area.id, until=until
            ) if yearly else None,
        )  # fmt: skip

    @property
    def _compared(self) -> tuple[WindowKind, ...]:
        return (*_COMPARED, WindowKind.YEAR) if self._period.kind is PeriodKind.YEAR else _COMPARED

    def _marks_of(self, kind: WindowKind) -> Window:
        return self.span if kind in LENGTHS else self._marks

    def _windows(self, keys: Sequence[SeriesKey]) -> dict[SeriesKey, list[RollupPoint]]:
        kinds = _SHOWN[self._period.kind]
        found: dict[SeriesKey, list[RollupPoint]] = {key: [] for key in keys}
        for kind in kinds:
            for key, points in self._store.read_rollups(kind, keys, self._marks_of(kind)).items():
                found[key].extend(points)
        return found

    def _series(
        self, key: SeriesKey, windows: Sequence[RollupPoint], outside: Iterable[Sequence[RollupPoint]]
    ) -> SeriesPeriod:
        kind = self._registry.parameters[key.parameter].kind
        adds_up = kind in {ParameterKind.AMOUNT, ParameterKind.COUNTER}
        whole = next((one for one in windows if one.kind is _SHOWN[self._period.kind][-1]), None)
        value, valid, expected = self._of_days(windows, adds_up=adds_up)
        if whole is not None:
            value, valid, expected = whole.value, whole.valid, whole.expected
        known = [one for one in windows if one.value is not None and one.kind not in _HOURS]
        return SeriesPeriod(
            series=key, value=value, valid=valid, expected=expected,
            sufficient=value is not None and bool(meets(valid, expected, self._capture)),
            minimum=min((one.minimum for one in known if one.minimum is not None), default=None),
            maximum=max((one.maximum for one in known if one.maximum is not None), default=None),
            verified=bool(known) and all(one.state is RollupState.VERIFIED for one in known), windows=windows,
            outside=tuple(self._outside(points) for points in outside if points),
            laws=tuple(self._laws(key)), not_compared=self._registry.not_compared(key, self._last_day),
        )  # fmt: skip

    def _of_days(self, windows: Sequence[RollupPoint], *, adds_up: bool) -> tuple[float | None, int, int]:
        """Return what the days of a running month or year come to; the day that is running has no figure yet."""
        if self._period.kind is PeriodKind.DAY or self._now >= self.span.end:
            return None, 0, 0
        days = [one for one in windows if one.kind is WindowKind.DAY]
        value, count = figure_of(days, self._capture, adds_up=adds_up)
        return value, count, (self._period.after - self._period.first).days

    def _outside(self, points: Sequence[RollupPoint]) -> Outside:
        confirmed = [
            one for one in points if one.limit_kind & LimitKind.CONFIRMED and is_sufficient(one, self._capture)
        ]
        return Outside(points[0].kind, len(points), len(confirmed), max(points, key=excess))

    def _laws(self, key: SeriesKey) -> Iterator[Law]:
        """Yield the limits of the period, one after the other where they change."""
        base = base_window(self._registry, key)
        for kind in self._compared if base is WindowKind.HOUR else (WindowKind.DAY,):
            held = [(day, self._registry.limit_for(key, kind, day, self._said)) for day in self._period.days()]
            for _, run in groupby(held, lambda one: one[1] and (one[1].row.row, one[1].bound)):
                days = list(run)
                if days[0][1] is not None:
                    yield Law(kind, days[0][0], days[-1][0] + timedelta(days=1), days[0][1])

    @property
    def _last_day(self) -> date:
        return self._period.after - timedelta(days=1)

    def _indices(self, stations: Sequence[Station]) -> Iterator[IndexPeriod]:
        for scheme in made(self._registry, self._said):
            mine = [one.id for one in stations if one.kind == scheme.kind]
            if mine:
                hours = self._store.read_indices(scheme.id, WindowKind.HOUR, mine, self.span)
                days = self._store.read_indices(scheme.id, WindowKind.DAY, mine, self._marks)
                yield from (self._index(scheme.id, station, (hours, days)) for station in mine)

    def _index(self, index: str, station: str, found: tuple[Sequence[IndexPoint], Sequence[IndexPoint]]) -> IndexPeriod:
        hours, days = ([one for one in some if one.station == station] for some in found)
        daily = self._period.kind is PeriodKind.DAY
        points = [*hours, *days] if daily else days
        counted = hours if daily else days
        return IndexPeriod(
            station=station, index=index, day=days[-1] if daily and days else None,
            highest=max((one for one in points if one.value is not None), key=lambda one: one.value or 0, default=None),
            computed=sum(1 for one in counted if one.value is not None), points=points,
        )  # fmt: skip


def over(one: SeriesPeriod) -> Iterator[RollupPoint]:
    """Yield the windows of the report that are outside their limit."""
    yield from (point for point in one.windows if is_over(point))
