"""What the province page and a station page say: pure functions of the configuration and of what the stores hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.alert import AlertKind
from domain.limit import Bound
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, LimitKind, RollupPoint
from domain.text import Text
from domain.window import HOUR, WindowKind, local_day, window_of_mark
from present.charts import bound_of, excess, is_over, is_sufficient
from present.scale import Scale, scale_of
from registry.limits import AppliedLimit, NotCompared
from registry.lookup import Registry
from registry.schema import Area, Facility, Medium, Parameter, Station
from reports.facts import Episode, Facts, base_window, windows_of

MEDIA: tuple[Medium, ...] = ("air", "water", "waste")
# A figure older than this is not called the state of now.
_FRESH = timedelta(hours=3)


class State(StrEnum):
    """What is said of a value, a station or an area; the values are the style sheet's classes."""

    OVER = "over"
    LATE = "late"
    ADVISORY = "adv"
    SILENT = "silent"
    WITHIN = "within"  # within its bound again, the alert not closed yet
    NODATA = "nodata"
    OK = "ok"
    PLAIN = "plain"  # measured, and there is nothing to compare it with


_WORST_FIRST = tuple(State)
_IS_OVER = frozenset({State.OVER, State.ADVISORY})
_OF_KIND = {AlertKind.OVER: State.OVER, AlertKind.LATE: State.LATE, AlertKind.ADVISORY: State.ADVISORY}


@dataclass(frozen=True, slots=True)
class Row:
    """One series in one window: its newest point, and what that means. `history` is ascending in time."""

    series: SeriesKey
    parameter: Parameter
    kind: WindowKind
    point: RollupPoint | None
    history: Sequence[RollupPoint]
    limit: AppliedLimit | None
    state: State
    is_base: bool  # the shortest window of its series, not an average beside it
    not_compared: tuple[NotCompared, ...] = ()  # said once, in the base window
    not_computed: Sequence[Text] = ()  # why a derived value is not there, said there too

    @property
    def bound(self) -> Bound | None:
        """The limit that the newest point was compared with, else the one in force."""
        carried = bound_of(self.point) if self.point else None
        return carried or (self.limit.bound if self.limit else None)

    @property
    def left_out(self) -> tuple[Text, ...]:
        """With which limits nothing is compared, and what was not computed, each with its why and once."""
        return (*{str(one.why): one.why for one in self.not_compared}.values(), *self.not_computed)

    @property
    def last_known(self) -> RollupPoint | None:
        """The newest point with a value."""
        return next((point for point in reversed(self.history) if point.value is not None), None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something over its limit: an open alert, or a newest value that no rule has raised an alert for.

    The level of an open alert may be back within: the alert closes by its clear level and its hold, not before.
    """

    station: Station
    parameter: Parameter
    called: State  # what it was while it was over
    window: WindowKind | None  # None: single readings
    level: float
    bound: Bound
    since: datetime
    at: datetime  # end of the window of `level`
    peak: float | None = None
    peak_at: datetime | None = None
    trend: int = 0  # 1 rising, -1 falling, 0 neither
    limit: AppliedLimit | None = None
    threshold: bool = False  # the department's own, not a regulation's
    until: datetime | None = None  # end of the last window that was over; None where that is not known

    @property
    def state(self) -> State:
        """What it is now: what is within its bound again is over no more."""
        return self.called if self.bound.is_exceeded(self.level) else State.WITHIN


@dataclass(frozen=True, slots=True)
class StationView:
    """One station as it is now. `facility` is None where its name is not published."""

    station: Station
    area: Area
    facility: Facility | None
    rows: tuple[Row, ...]
    troubles: tuple[Trouble, ...]
    heard_at: datetime | None
    silent: bool
    index: IndexPoint | None
    as_of: datetime | None  # end of its newest window
    valid: int  # of the last 24 hours, with `expected`
    expected: int

    @property
    def state(self) -> State:
        """The worst that is said of it."""
        said = [trouble.state for trouble in self.troubles]
        return worst([*said, State.SILENT] if self.silent else [*said, *(row.state for row in self.rows)])


@dataclass(frozen=True, slots=True)
class Said:
    """One state of a medium in an area: a trouble, or the stations of which no more than the state is said."""

    state: State
    trouble: Trouble | None
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class AreaView:
    """One area as it is now; `number` is its key on the map."""

    area: Area
    number: int
    stations: tuple[StationView, ...]

    def of(self, medium: Medium) -> tuple[StationView, ...]:
        """Return its stations of a medium."""
        return tuple(one for one in self.stations if one.station.medium == medium)

    def state(self, medium: Medium) -> State | None:
        """Return the worst of a medium; None without stations."""
        views = self.of(medium)
        return worst([one.state for one in views]) if views else None

    def said(self, medium: Medium) -> list[Said]:
        """Return what is said of a medium, worst first: each trouble, then the other stations by their state."""
        views = self.of(medium)
        said = [Said(trouble.state, trouble, (one.station,)) for one in views for trouble in one.troubles]
        rest = [one for one in views if not one.troubles]
        for state in State:
            stations = tuple(one.station for one in rest if one.state is state)
            if stations:
                said.append(Said(state, None, stations))
        return sorted(said, key=lambda one: _WORST_FIRST.index(one.state))

    @property
    def is_over(self) -> bool:
        """Whether anything in it is over a confirmed limit."""
        return any(one.state is State.OVER for one in self.stations)

    @property
    def has_ambient(self) -> bool:
        """Whether it has a station of which an index can be made."""
        return any(one.station.kind == "air" for one in self.stations)

    @property
    def index(self) -> IndexPoint | None:
        """The highest index of its stations."""
        return max((one.index for one in self.stations if one.index), key=lambda one: one.value or 0, default=None)

    @property
    def capture(self) -> float | None:
        """Share of the readings expected in the last 24 hours that counted; None where none were expected."""
        expected = sum(one.expected for one in self.stations)
        return sum(one.valid for one in self.stations) / expected if expected else None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is over in it."""
        return tuple(trouble for one in self.stations for trouble in one.troubles)


@dataclass(frozen=True, slots=True)
class ProvinceView:
    """The whole province as it is now."""

    areas: tuple[AreaView, ...]
    now: datetime
    as_of: datetime | None
    blind_since: datetime | None  # nothing has come from any station since

    @property
    def stations(self) -> tuple[StationView, ...]:
        """All stations."""
        return tuple(one for area in self.areas for one in area.stations)

    @property
    def silent(self) -> tuple[StationView, ...]:
        """The stations that say nothing."""
        return tuple(one for one in self.stations if one.silent)

    def troubles(self, *states: State) -> tuple[Trouble, ...]:
        """Return what is over in one of `states`, newest first."""
        found = (trouble for area in self.areas for trouble in area.troubles if trouble.state in states)
        return tuple(sorted(found, key=lambda one: one.since, reverse=True))

    @property
    def places_over(self) -> int:
        """How many stations are over a confirmed limit."""
        return len({trouble.station.id for trouble in self.troubles(State.OVER)})


def worst(states: Sequence[State]) -> State:
    """Return the gravest of `states`; nodata of none."""
    return min(states, key=_WORST_FIRST.index, default=State.NODATA)


def headline(view: ProvinceView) -> tuple[Text, ...]:
    """Return the answer, in parts: how many places are over, how many stations say nothing."""
    if view.as_of is None and not any(one.heard_at for one in view.stations):
        return (Text("No readings have come yet"),)
    if view.blind_since is not None:
        return (Text("No readings from any station since {moment}", {"moment": view.blind_since}),)
    return (_over_words(view.places_over), *_silent_words(len(view.silent), len(view.stations)))


def _over_words(places: int) -> Text:
    if places == 0:
        return Text("No place is over a confirmed limit")
    return (
        Text("1 place is over the limit")
        if places == 1
        else Text("{count} places are over the limit", {"count": places})
    )


def _silent_words(silent: int, stations: int) -> Iterator[Text]:
    if silent == 0 and stations:
        yield Text("all stations report")
    elif silent:
        yield Text("1 station is silent") if silent == 1 else Text("{count} stations are silent", {"count": silent})


def province(registry: Registry, facts: Facts) -> ProvinceView:
    """Return the province as it is now, areas numbered in the order of the configuration."""
    views = {identity: station(registry, facts, identity) for identity in registry.stations}
    areas = tuple(
        AreaView(area, number, tuple(view for view in views.values() if view.station.area == area.id))
        for number, area in enumerate(registry.areas.values(), start=1)
    )
    ends = [view.as_of for view in views.values() if view.as_of]
    return ProvinceView(areas, facts.now, max(ends, default=None), _blind_since(registry, facts))


def _blind_since(registry: Registry, facts: Facts) -> datetime | None:
    newest = max(facts.heard.values(), default=None)
    patience = max((registry.silent_after(one) for one in registry.stations), default=HOUR)
    return newest if newest is not None and facts.now - newest > patience else None


def station(registry: Registry, facts: Facts, identity: str) -> StationView:
    """Return one station as it is now."""
    found = registry.stations[identity]
    as_of = _as_of(registry, facts, found)
    silent = _is_silent(registry, facts, identity)
    rows = tuple(_rows(registry, facts, found, as_of))
    return StationView(
        station=found,
        area=registry.areas[found.area],
        facility=_public_facility(registry, found),
        rows=rows,
        troubles=tuple(_troubles(registry, facts, found, rows)),
        heard_at=facts.heard.get(identity),
        silent=silent,
        index=_index(facts, identity, as_of),
        as_of=as_of,
        **_counts(registry, facts, found),
    )


def _public_facility(registry: Registry, found: Station) -> Facility | None:
    return registry.facilities.get(found.facility or "") if registry.province.publish_facility_names else None


def _is_silent(registry: Registry, facts: Facts, identity: str) -> bool:
    """Tell whether a station says nothing: it was last heard long before the others, or an alert says so.

    Held against the newest word of any station and not against the clock: while it is we who receive nothing, no
    station is called silent that was heard before.
    """
    heard, newest = facts.heard.get(identity), max(facts.heard.values(), default=None)
    if any(one.kind is AlertKind.SILENT and one.station == identity for one in facts.episodes):
        return True
    return heard is None or newest is None or newest - heard > registry.silent_after(identity)


def _as_of(registry: Registry, facts: Facts, found: Station) -> datetime | None:
    """Return the end of the station's newest base window, with a value or without."""
    bases = ((SeriesKey(found.id, one), base_window(registry, SeriesKey(found.id, one))) for one in found.measures)
    newest = ((base, facts.points[series, base][-1]) for series, base in bases if facts.points.get((series, base)))
    return max((window_of_mark(base, point.mark, registry.zone).end for base, point in newest), default=None)


def _rows(registry: Registry, facts: Facts, found: Station, as_of: datetime | None) -> Iterator[Row]:
    for parameter in found.measures:
        series = SeriesKey(found.id, parameter)
        for kind in windows_of(registry, series, facts.now, facts.confirmations):
            history = facts.points.get((series, kind), ())
            point = _newest(registry, kind, history, as_of)
            # A day that is over is shown beside hours of today, each under the law of its own day.
            end = window_of_mark(kind, point.mark, registry.zone).end if point else as_of or facts.now
            on = local_day(end, registry.zone)
            limit = registry.limit_for(series, kind, on, facts.confirmations)
            state = state_of(point, registry.province.policies.capture)
            is_base = kind is base_window(registry, series)
            left_out = registry.not_compared(series, on) if is_base else ()
            missing = facts.not_computed.get(series, ()) if is_base else ()
            row = Row(
                series, registry.parameters[parameter], kind, point, history, limit, state, is_base, left_out, missing
            )  # fmt: skip
            yield _as_shown(row, scale_of(row.parameter, found.kind))


def _as_shown(row: Row, scale: Scale) -> Row:
    """Return a row whose figures are in the unit in which people read them; what it says was settled before."""
    if scale.per == 1:
        return row
    limit = row.limit and replace(row.limit, bound=scale.bound(row.limit.bound))
    point, history = row.point and scale.point(row.point), tuple(map(scale.point, row.history))
    return replace(row, parameter=scale.parameter, point=point, history=history, limit=limit)


def _newest(
    registry: Registry, kind: WindowKind, history: Sequence[RollupPoint], as_of: datetime | None
) -> RollupPoint | None:
    """Return the point of the station's newest window: hours must end with it, a day is the newest finished."""
    if not history or as_of is None:
        return None
    newest = next(
        (one for one in reversed(history) if window_of_mark(kind, one.mark, registry.zone).end <= as_of), None
    )
    if newest is None or kind is WindowKind.DAY:
        return newest
    return newest if newest.mark == as_of else None


def state_of(point: RollupPoint | None, capture: float) -> State:
    """Return what is said of one point: over only of a confirmed limit with enough data."""
    if point is None or point.value is None:
        return State.NODATA
    sufficient = is_sufficient(point, capture)
    if is_over(point):
        return State.OVER if sufficient and point.limit_kind & LimitKind.CONFIRMED else State.ADVISORY
    if not sufficient:
        return State.NODATA
    return State.OK if bound_of(point) else State.PLAIN


def _troubles(registry: Registry, facts: Facts, found: Station, rows: Sequence[Row]) -> Iterator[Trouble]:
    told = set()
    for episode in facts.episodes:
        if episode.station == found.id and episode.kind in _OF_KIND and episode.level is not None:
            trouble = _from_episode(registry, found, episode, rows)
            # What is over again before the alert has heard of it is told by its row.
            if trouble.state is State.WITHIN and any(
                row.series == episode.series and row.kind == trouble.window and row.state in _IS_OVER for row in rows
            ):
                continue
            told.add((episode.series, trouble.window))
            yield trouble
    for row in rows:
        # hour24 and the local day are held against the same limit: one of them told is enough.
        same = {(row.series, row.kind)} | ({(row.series, WindowKind.DAY)} if row.kind is WindowKind.HOUR24 else set())
        if row.state in _IS_OVER and not same & told:
            yield _from_row(registry, found, row)


def _window(registry: Registry, episode: Episode) -> WindowKind | None:
    rule = registry.rules.get(episode.rule)
    return None if rule is None or rule.window == "reading" else WindowKind(rule.window)


def _from_episode(registry: Registry, found: Station, episode: Episode, rows: Sequence[Row]) -> Trouble:
    window = _window(registry, episode)
    row = next((one for one in rows if one.series == episode.series and one.kind == window), None)
    rule = registry.rules.get(episode.rule)
    scale = scale_of(registry.parameters[episode.parameter], found.kind)
    level, bound = scale.value(episode.level), scale.bound(episode.bound)
    return Trouble(
        station=found,
        parameter=scale.parameter,
        called=_OF_KIND[episode.kind],
        window=window,
        level=level if level is not None else float("nan"),
        bound=bound,
        since=episode.since,
        at=episode.last_at,
        peak=scale.value(episode.peak),
        peak_at=episode.peak_at,
        trend=trend(row.history) if row else 0,
        limit=row.limit if row else None,
        threshold=rule is not None and rule.kind == "threshold",
        until=_over_until(registry, row, bound) if row else None,
    )


def _over_until(registry: Registry, row: Row, bound: Bound) -> datetime | None:
    over = (one for one in reversed(row.history) if one.value is not None and bound.is_exceeded(one.value))
    return next((window_of_mark(row.kind, one.mark, registry.zone).end for one in over), None)


def _from_row(registry: Registry, found: Station, row: Row) -> Trouble:
    """Return the run of windows over the limit that ends with the newest one."""
    run: list[RollupPoint] = []
    for point in reversed(row.history):
        if run and (point.value is None or not is_over(point)):
            break
        if row.point is not None and point.mark <= row.point.mark:
            run.append(point)
    newest, first = run[0], run[-1]
    peak = max(run, key=excess)
    zone = registry.zone
    return Trouble(
        station=found, parameter=row.parameter, called=row.state, window=row.kind,
        level=newest.value or 0.0, bound=row.bound or Bound(None, None),
        since=first.mark, at=window_of_mark(row.kind, newest.mark, zone).end,
        peak=peak.value, peak_at=window_of_mark(row.kind, peak.mark, zone).end,
        trend=trend(row.history), limit=row.limit,
    )  # fmt: skip


def trend(history: Sequence[RollupPoint]) -> int:
    """Return 1 where the newest two windows rise by more than 2 %, -1 where they fall, else 0."""
    values = [point.value for point in history[-2:] if point.value is not None]
    if len(values) < 2:
        return 0
    change = values[1] - values[0]
    return 0 if abs(change) <= 0.02 * abs(values[0]) else 1 if change > 0 else -1


def _index(facts: Facts, identity: str, as_of: datetime | None) -> IndexPoint | None:
    """Return the station's newest index, if it is of its newest hour and could be computed."""
    newest = next(iter(reversed(facts.indices.get(identity, ()))), None)
    fresh = (
        newest is not None and as_of is not None and as_of - newest.mark < _FRESH and facts.now - newest.mark < _FRESH
    )
    return newest if fresh and newest is not None and newest.value is not None else None


def _counts(registry: Registry, facts: Facts, found: Station) -> Mapping[str, int]:
    """Return how many readings counted and were expected in the 24 hours before now."""
    valid = expected = 0
    for parameter in found.measures:
        series = SeriesKey(found.id, parameter)
        base, interval = base_window(registry, series), registry.interval(*series)
        points = [
            point for point in facts.points.get((series, base), ())
            if facts.now - window_of_mark(base, point.mark, registry.zone).end < 24 * HOUR and point.expected
        ]  # fmt: skip
        # Of what has never come there is no window: it is expected all the same.
        never = 24 * HOUR // interval if interval is not None and not points else 0
        valid += sum(point.valid for point in points)
        expected += never + sum(point.expected for point in points)
    return {"valid": valid, "expected": expected}
