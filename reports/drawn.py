"""A station's charts and its table, the strips and the map of the province: what the pages draw."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from domain.rollup import LimitKind, RollupPoint
from domain.text import Text
from domain.window import WindowKind, window_of_mark
from present.charts import NARROW, SMALL, SMALL_NARROW, WIDE, Chart, bound_of, draw, excess, is_over, marks_between
from present.maps import MapMark, area_map
from present.words import name, say, short_when, shown, symbol, unit
from registry.lookup import Registry
from registry.schema import Medium, ParameterKind
from reports.said import LEVELS, MEDIUM_NAMES, clause, level, window_name
from reports.summary import MEDIA, AreaView, ProvinceView, Row, State, StationView

_HOURS, _DAYS = 48, 30
_SHAPES = {"industrial": "square", "residential": "circle", "agricultural": "diamond"}
# Their natural range is no more told by 0 than by anything else.
NOT_FROM_ZERO = frozenset({"ph", "water_temperature", "air_temperature", "air_pressure"})
STATE_WORDS = {
    State.OVER: Text("over limit"), State.LATE: Text("found late"), State.ADVISORY: Text("advisory"),
    State.SILENT: Text("silent"), State.WITHIN: Text("within the limit again"),
    State.NODATA: Text("insufficient data"), State.OK: Text("within limits"),
    State.PLAIN: Text("not compared"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """One series, drawn twice, with what is said above it and over its column of the table."""

    title: str
    words: str
    head: str
    wide: Markup
    narrow: Markup
    row: Row
    marks: Sequence[datetime]


def station_charts(registry: Registry, view: StationView, lang: str, *, demo: bool) -> list[Drawn]:
    """Draw every row of a station that has a value; first, and large, the one that matters most."""
    rows = [row for row in view.rows if row.last_known is not None]
    rows.sort(key=_standing_back)
    return [_drawn(registry, view, row, lang, main=place == 0, demo=demo) for place, row in enumerate(rows)]


def _standing_back(row: Row) -> tuple[bool, bool, bool, bool]:
    """Order rows by how much they matter: over now, over lately, held against a confirmed limit, against any."""
    confirmed = any(point.limit_kind & LimitKind.CONFIRMED for point in row.history)
    lately = any(is_over(point) for point in row.history)
    return row.state not in {State.OVER, State.ADVISORY}, not lately, not confirmed, row.bound is None


def _drawn(registry: Registry, view: StationView, row: Row, lang: str, *, main: bool, demo: bool) -> Drawn:
    last = _last_mark(view, row)
    marks = marks_between(row.kind, last, _DAYS if row.kind is WindowKind.DAY else _HOURS, registry.zone)
    points = [point for point in row.history if point.mark >= marks[0]]
    title, means = _title(registry, row, points, lang), window_name(row.kind, row.parameter, lang=lang)
    policies = registry.province.policies
    chart = Chart(
        key=f"{row.series.parameter}-{row.kind}", title=f"{_symbol(row, lang)}, {means}",
        description=_description(registry, row, marks, points, lang), kind=row.kind, marks=marks, points=points,
        zone=registry.zone, lang=lang, unit=row.parameter.unit, precision=row.parameter.precision,
        capture=policies.capture, suspect_share=policies.suspect_share,
        label=clause(row.limit, lang=lang) if row.limit else "", badge=_badge(view, lang, demo=demo),
        from_zero=row.series.parameter not in NOT_FROM_ZERO,
        bars=row.parameter.kind in {ParameterKind.AMOUNT, ParameterKind.COUNTER},
    )  # fmt: skip
    wide, narrow = (WIDE, NARROW) if main else (SMALL, SMALL_NARROW)
    of_unit = unit(row.parameter.unit, lang)
    head = f"{_symbol(row, lang)}, {means}" + (f", {of_unit}" if of_unit else "")
    words = say(Text("{window}, named by its end.", {"window": means[:1].upper() + means[1:]}), lang)
    if main and any(point.expected for point in points):
        words += " " + say(Text("Strip below: share of the expected readings that count."), lang)
    return Drawn(title, words, head, draw(chart, wide), draw(chart, narrow), row, marks)


def _last_mark(view: StationView, row: Row) -> datetime:
    newest = row.history[-1].mark
    if view.as_of is None or row.kind is WindowKind.DAY:
        return newest
    return max(view.as_of, newest)


def _badge(view: StationView, lang: str, *, demo: bool) -> str:
    origin = view.station.origin
    invented = say(Text("invented data"), lang) if origin and origin.kind == "invented" else ""
    return " · ".join(part for part in ("DEMO" if demo else "", invented) if part)


def _symbol(row: Row, lang: str) -> str:
    return symbol(name(row.parameter.names, lang), lang)


def _title(registry: Registry, row: Row, points: Sequence[RollupPoint], lang: str) -> str:
    """Return what the chart shows: the first time over and the peak, else the newest value."""
    over = [point for point in points if is_over(point)]
    if not over:
        newest = row.last_known
        said = level(newest.value, row.parameter, row.bound, lang=lang) if newest and newest.value is not None else "–"
        return f"{_symbol(row, lang)}: {said}"
    peak = max(over, key=excess)
    values = {
        "parameter": _symbol(row, lang), "moment": short_when(over[0].mark, registry.zone, lang, end=row.kind is not WindowKind.DAY),
        "level": level(peak.value or 0.0, row.parameter, bound_of(peak), lang=lang),
    }  # fmt: skip
    if row.state is State.OVER or any(point.limit_kind & LimitKind.CONFIRMED for point in over):
        return say(Text("{parameter} over the limit, first from {moment}, highest {level}", values), lang)
    return say(Text("{parameter} above the reference, first from {moment}, highest {level}", values), lang)


def _description(
    registry: Registry, row: Row, marks: Sequence[datetime], points: Sequence[RollupPoint], lang: str
) -> str:
    """Return, for who cannot see the chart, what it shows."""
    valued = [point for point in points if point.value is not None]
    first = window_of_mark(row.kind, marks[0], registry.zone).start
    last = window_of_mark(row.kind, marks[-1], registry.zone).end
    values = {
        "start": short_when(first, registry.zone, lang), "end": short_when(last, registry.zone, lang, end=True),
        "count": len(valued), "all": len(marks), "over": sum(1 for point in valued if is_over(point)),
    }  # fmt: skip
    return say(
        Text("From {start} to {end}: {count} of {all} windows have a value, {over} are outside the limit.", values),
        lang,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the table behind the charts, and valid/expected."""

    value: str
    valid: str


@dataclass(frozen=True, slots=True)
class Line:
    """One window of the table."""

    when: str
    cells: tuple[Cell, ...]


def table(registry: Registry, charts: Sequence[Drawn], lang: str) -> list[Line]:
    """Return the values behind the charts, newest first."""
    ends = {
        window_of_mark(one.row.kind, mark, registry.zone).end: None
        for one in charts
        for mark in one.marks
    }  # fmt: skip
    points = [{window_of_mark(one.row.kind, p.mark, registry.zone).end: p for p in one.row.history} for one in charts]
    return [
        Line(
            short_when(end, registry.zone, lang, end=True),
            tuple(_cell(known.get(end), one.row, lang) for known, one in zip(points, charts, strict=True)),
        )
        for end in sorted(ends, reverse=True)
    ]


def _cell(point: RollupPoint | None, row: Row, lang: str) -> Cell:
    if point is None:
        return Cell("–", "–")
    value = "–" if point.value is None else shown(point.value, bound_of(point), row.parameter.precision, lang)
    return Cell(value, f"{point.valid}/{point.expected}" if point.expected else str(point.valid))


@dataclass(frozen=True, slots=True)
class StripMark:
    """One area in a medium's strip."""

    area: AreaView
    style: str
    words: str


@dataclass(frozen=True, slots=True)
class StripKey:
    """How many areas of a strip are in one state."""

    count: int
    words: str
    style: str
    icon: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A medium of the province: a mark for each area that has a station of it, worst first."""

    medium: Medium
    name: Text
    marks: Sequence[StripMark]
    keys: Sequence[StripKey]


_ICONS = {State.WITHIN: "ok", State.PLAIN: "nodata"}


def strips(view: ProvinceView, lang: str) -> list[Strip]:
    """Return the strips of the three media."""
    return [_strip(view, medium, lang) for medium in MEDIA]


def _strip(view: ProvinceView, medium: Medium, lang: str) -> Strip:
    found = [(area, *_standing(area, medium)) for area in view.areas if area.of(medium)]
    found.sort(key=lambda one: one[3])
    marks = [StripMark(area, style, _words(area, state, step, lang)) for area, state, style, _, step in found]
    counted: Counter[tuple[str, str, str]] = Counter()
    for _, state, style, _, step in found:
        words = say(LEVELS[step - 1] if step else STATE_WORDS[state], lang)
        counted[words, style, "" if step else _ICONS.get(state, state.value)] += 1
    keys = [StripKey(count, words, style, icon) for (words, style, icon), count in counted.items()]
    return Strip(medium, MEDIUM_NAMES[medium], marks, keys)


def _standing(area: AreaView, medium: Medium) -> tuple[State, str, tuple[int, int], int]:
    """Return an area's state, the class of its mark, its place in the order, and the step of its index or 0."""
    state = area.state(medium) or State.NODATA
    order = list(State).index(state)
    index = area.index if medium == "air" else None
    if index is not None and index.level and state not in {State.OVER, State.SILENT}:
        return state, f"a{index.level}", (2, -(index.value or 0)), index.level
    style = {State.OVER: "over", State.LATE: "adv", State.ADVISORY: "adv", State.SILENT: "silent", State.NODATA: "none"}
    return state, style.get(state, "q"), (order if order < 2 else 3, order), 0


def _words(area: AreaView, state: State, step: int, lang: str) -> str:
    if step and area.index:
        return f"VN_AQI {area.index.value}, {say(LEVELS[step - 1], lang)}"
    return say(STATE_WORDS[state], lang)


def province_map(view: ProvinceView, lang: str, *, demo: bool) -> tuple[Markup, Markup]:
    """Draw the areas, wide and narrow."""
    marks = [_map_mark(area, lang) for area in view.areas]
    title = say(Text("Where the areas are; the table “Every area” below says the same"), lang)
    badge = _map_badge(view, lang, demo=demo)
    wide, narrow = (area_map(marks, width=width, title=title, lang=lang, badge=badge) for width in (640, 340))
    return wide, narrow


def _map_badge(view: ProvinceView, lang: str, *, demo: bool) -> str:
    invented = any(one.station.origin and one.station.origin.kind == "invented" for one in view.stations)
    parts = ("DEMO" if demo else "", say(Text("partly invented data"), lang) if invented else "")
    return " · ".join(part for part in parts if part)


def _map_mark(area: AreaView, lang: str) -> MapMark:
    index, called = area.index, name(area.area.names, lang)
    said = f"VN_AQI {index.value}, {say(LEVELS[(index.level or 1) - 1], lang)}" if index else ""
    silent = any(one.silent for one in area.stations)
    notes = [said or say(Text("no index"), lang)]
    notes += [say(STATE_WORDS[State.OVER], lang)] if area.is_over else []
    notes += [say(Text("a silent station"), lang)] if silent else []
    return MapMark(
        number=area.number, latitude=area.area.latitude, longitude=area.area.longitude,
        shape=_SHAPES[area.area.kind], fill=f"a{index.level}" if index else "none",
        label=f"{called} · {index.value}" if index else called, full=f"{area.number}. {called}: {', '.join(notes)}",
        href=f"#kv-{area.number}", over=area.is_over, silent=silent,
    )  # fmt: skip
