"""Whether pollution of an area is being resolved: what is on record of each parameter, and the verdict on it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analysis.resolved import Material, Months, days_in, first_of, months_of, number_of
from analysis.trend import Trend, Verdict, seasonal_trend, verdict
from domain.alert import AlertKind
from domain.limit import Bound
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from registry.limits import AppliedLimit, Confirmation
from registry.lookup import Registry
from registry.schema import Facility, Parameter, ParameterKind
from registry.values import StationKind
from reports.facts import Episode, base_window, between, episodes
from storage import confirmations
from storage.readings import ReadingStore
from storage.tables import alerts

_YEAR = timedelta(days=366)
_COMPARED = (WindowKind.HOUR, WindowKind.HOUR8, WindowKind.DAY)  # hour24 ends a day too: its limit is the day's
_FILL, _LEACHATE = "fill_level", "leachate_level"


class Against(StrEnum):
    """What the hours and days of a parameter are held against."""

    LIMIT = "limit"  # the one that each window carries: the law of its day
    FILL = "fill_level"  # the department's policy for containers
    LEACHATE = "leachate_level"  # what the facility's licence or design says
    CAPACITY = "licensed_capacity"  # tonnes of a facility
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Tonnes of a month, and how many the licence allowed in it; None where it says nothing of one of its days."""

    first: date
    tonnes: float | None
    allowed: float | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What raised several alerts of the last twelve months."""

    station: str
    parameter: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Resolving:
    """One parameter at one kind of station of an area. `falling_is_better` is None where nothing says which way is."""

    parameter: Parameter
    kind: StationKind
    stations: tuple[str, ...]
    against: Against
    months: Months
    trend: Trend | None
    verdict: Verdict | None  # None: not judged
    of_share: bool  # the trend is of the part of the time outside, not of the monthly mean
    falling_is_better: bool | None
    confirmed: bool  # every limit in force at the end is a confirmed one
    capacity: tuple[Capacity, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaResolving:
    """An area as it was made at `made_at`."""

    area: str
    made_at: datetime
    parameters: tuple[Resolving, ...]
    causes: tuple[Cause, ...]


def resolving(
    registry: Registry, store: ReadingStore, engine: Engine, now: datetime, area: str, *, until: datetime | None = None
) -> AreaResolving:
    """Return what is on record of an area, as at `until` (now, or the end of the period of a report).

    Raises StoreUnavailable.
    """
    at = until or now
    said = confirmations.read(engine)
    groups = _groups(registry, area)
    found = (_Group(registry, store, at, said, kind, parameter, keys) for (kind, parameter), keys in groups.items())
    stations = [one.id for one in registry.stations.values() if one.area == area]
    return AreaResolving(
        area=area,
        made_at=now,
        parameters=tuple(known for one in found if one.is_of_interest and (known := one.made()).months.months),
        causes=repeated(episodes(engine, sa.and_(alerts.c.station.in_(stations), between(at - _YEAR, at)))),
    )


def _groups(registry: Registry, area: str) -> dict[tuple[StationKind, str], list[SeriesKey]]:
    found: dict[tuple[StationKind, str], list[SeriesKey]] = {}
    for station in registry.stations.values():
        for parameter in station.measures if station.area == area else ():
            found.setdefault((station.kind, parameter), []).append(SeriesKey(station.id, parameter))
    return found


def repeated(found: Iterable[Episode]) -> tuple[Cause, ...]:
    """Return what raised an alert more than once, most often first; what was withdrawn has never been one."""
    counted = Counter(
        (one.station, one.parameter, one.rule)
        for one in found
        if one.kind is not AlertKind.SILENT and not one.withdrawn
    )
    return tuple(Cause(*what, count) for what, count in counted.most_common() if count > 1)


class _Group:
    """One parameter at one kind of station of one area."""

    def __init__(
        self, registry: Registry, store: ReadingStore, at: datetime, said: Mapping[str, Confirmation],
        kind: StationKind, parameter: str, keys: Sequence[SeriesKey],
    ) -> None:  # fmt: skip
        self._registry, self._store, self._at, self._keys = registry, store, at, keys
        self._said = said
        self._kind, self._parameter = kind, registry.parameters[parameter]
        self._today = at.astimezone(registry.zone).date()
        running = number_of(self._today)
        self._span = Window(self._midnight(first_of(running - 12 * registry.province.policies.trend_years)), at)
        self._against = self._held_against()

    @property
    def is_of_interest(self) -> bool:
        """Whether anything says what is too much of it."""
        return self._against is not Against.NOTHING or self._better() is not None

    def made(self) -> Resolving:
        """Return what there is of it; reads the stores."""
        policies = self._registry.province.policies
        months = months_of(self._materials(), self._at, self._registry.zone, policies.capture)
        of_share = self._of_share
        trend = seasonal_trend(months.shares if of_share else months.levels)
        falling = True if of_share else self._better()
        said = None if falling is None else verdict(
            trend, falling_is_better=falling, significance=policies.trend_significance, least_months=policies.trend_months,
        )  # fmt: skip
        return Resolving(
            parameter=self._parameter, kind=self._kind, stations=tuple(key.station for key in self._keys),
            against=self._against, months=months, trend=trend, verdict=said, of_share=of_share,
            falling_is_better=falling, confirmed=self._is_confirmed(), capacity=tuple(self._capacity(months)),
        )  # fmt: skip

    @property
    def _of_share(self) -> bool:
        """Whether only the time outside can tell: there is no one way that is better, or it is held against a level."""
        if self._against in {Against.FILL, Against.LEACHATE}:
            return True
        return self._against is Against.LIMIT and self._better() is None

    def _held_against(self) -> Against:
        if self._parameter.kind is ParameterKind.AMOUNT and self._kind == "waste":
            return (
                Against.CAPACITY
                if any(self._facility(key).licensed_capacity for key in self._known())
                else Against.NOTHING
            )
        if self._parameter.id == _FILL and self._kind == "waste":
            return Against.FILL
        if self._parameter.id == _LEACHATE and any(self._facility(key).leachate_level for key in self._known()):
            return Against.LEACHATE
        return Against.LIMIT if any(True for _ in self._bounds()) else Against.NOTHING

    def _known(self) -> list[SeriesKey]:
        return [key for key in self._keys if self._registry.stations[key.station].facility]

    def _facility(self, key: SeriesKey) -> Facility:
        return self._registry.facilities[self._registry.stations[key.station].facility or ""]

    def _bounds(self) -> Iterator[Bound]:
        """Yield the limits in force at the end and at the beginning of what is looked at."""
        for on in (self._today, self._span.start.date()):
            yield from (one.bound for one in self._limits(on))

    def _limits(self, on: date) -> Iterator[AppliedLimit]:
        for key in self._keys:
            for kind in _COMPARED:
                applied = self._registry.limit_for(key, kind, on, self._said)
                if applied is not None:
                    yield applied

    def _is_confirmed(self) -> bool:
        found = [one.confirmed for one in self._limits(self._today)]
        return bool(found) and all(found)

    def _better(self) -> bool | None:
        """Tell whether falling is better: by the limits, else by those not compared, else by the own thresholds."""
        for some in (self._bounds(), self._uncompared(), self._thresholds()):
            sides = {(one.low is not None, one.high is not None) for one in some}
            if sides:
                return {frozenset({(False, True)}): True, frozenset({(True, False)}): False}.get(frozenset(sides))
        return None

    def _uncompared(self) -> Iterator[Bound]:
        for key in self._keys:
            for one in self._registry.not_compared(key, self._today):
                if one.row.has_figure:
                    yield Bound(one.row.at_least, one.row.at_most)

    def _thresholds(self) -> Iterator[Bound]:
        for rule in self._registry.rules.values():
            if rule.threshold is not None and set(self._keys) & set(self._registry.watches(rule)):
                yield Bound(rule.threshold.at_least, rule.threshold.at_most)

    def _materials(self) -> list[Material]:
        # Marked by their beginnings, the first of them that of the span itself.
        marks = Window(
            self._span.start - timedelta(microseconds=1), self._midnight(self._today) - timedelta(microseconds=1)
        )
        days, months = (
            self._store.read_rollups(kind, self._keys, marks) for kind in (WindowKind.DAY, WindowKind.MONTH)
        )
        adds_up = self._parameter.kind in {ParameterKind.AMOUNT, ParameterKind.COUNTER}
        outside = self._outside()
        return [Material(key, days[key], months[key], outside[key], adds_up) for key in self._keys]

    def _outside(self) -> dict[SeriesKey, list[RollupPoint]]:
        found: dict[SeriesKey, list[RollupPoint]] = {key: [] for key in self._keys}
        for keys, kinds, window, bound in self._questions():
            for kind in kinds:
                for key, points in self._store.read_outside(kind, keys, window, bound).items():
                    found[key].extend(points)
        return found

    def _questions(self) -> Iterator[tuple[Sequence[SeriesKey], Sequence[WindowKind], Window, Bound | None]]:
        if self._against is Against.LIMIT:
            yield self._keys, _COMPARED, self._span, None
        elif self._against is Against.FILL:
            yield from self._own(self._keys, self._span, Bound(None, self._registry.province.policies.fill_level))
        elif self._against is Against.LEACHATE:
            for key in self._known():
                for level in self._facility(key).leachate_level:
                    window = self._within(level.valid_from, level.valid_to)
                    yield from self._own([key], window, Bound(None, level.at_most))

    def _own(
        self, keys: Sequence[SeriesKey], window: Window, bound: Bound
    ) -> Iterator[tuple[Sequence[SeriesKey], Sequence[WindowKind], Window, Bound]]:
        """Yield the question for each series in its base window; the days show in its hours."""
        if window.start < window.end:
            yield from (([key], [base_window(self._registry, key)], window, bound) for key in keys)

    def _within(self, valid_from: date | None, valid_to: date | None) -> Window:
        start = self._span.start if valid_from is None else max(self._span.start, self._midnight(valid_from))
        return Window(start, self._span.end if valid_to is None else min(self._span.end, self._midnight(valid_to)))

    def _capacity(self, months: Months) -> Iterator[Capacity]:
        if self._against is not Against.CAPACITY:
            return
        facilities = {one.id: one for one in map(self._facility, self._known()) if one.licensed_capacity}
        for month in months.months:
            allowed = [_allowed(one, number_of(month.first)) for one in facilities.values()]
            known = [one for one in allowed if one is not None]
            yield Capacity(month.first, month.value, sum(known) if len(known) == len(allowed) else None)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._registry.zone)


def _allowed(facility: Facility, month: int) -> float | None:
    """Return the tonnes that a licence allows in a month; None where it says nothing of one of its days."""
    days = [first_of(month) + timedelta(days=place) for place in range(days_in(month))]
    rates = [_daily(facility, day) for day in days]
    known = [one for one in rates if one is not None]
    return sum(known) if len(known) == len(rates) else None


def _daily(facility: Facility, day: date) -> float | None:
    found = next((one for one in facility.licensed_capacity if one.holds_on(day)), None)
    if found is None:
        return None
    year = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return found.tonnes if found.per == "day" else found.tonnes / year
