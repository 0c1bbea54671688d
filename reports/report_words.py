"""A report as it is said: every figure written once, for HTML and PDF alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from analysis.schemes import scheme_of
from domain.limit import Bound
from domain.rollup import RollupPoint
from domain.text import Text
from domain.window import WindowKind, window_of_mark
from present.charts import NARROW, Chart, Size, bound_of, draw, is_over, marks_between
from present.months import PAPER
from present.scale import Scale, scale_of
from present.words import day, name, say, short_when, shown, symbol, with_unit
from registry.lookup import Registry
from registry.schema import Medium, ParameterKind
from reports.drawn import NOT_FROM_ZERO
from reports.facts import Episode
from reports.index_rows import level_of
from reports.periodic import AreaPeriod, IndexPeriod, Law, Outside, Report, SeriesPeriod
from reports.periods import Period, PeriodKind
from reports.said import MEDIUM_NAMES, clause, limit, ratio, window_name
from reports.summary import MEDIA, State
from reports.verdicts import Answer, answer, month_name

_SIZE = Size(640, 216, right=72, ticks=4, dots=False)
_CHARTS = 4  # of an area, those over their limit first
_CHARTS_OF_MANY = 2


@dataclass(frozen=True, slots=True)
class OverLine:
    """Windows of one series that were outside a limit."""

    state: State
    what: str
    worst: str
    limit: str
    times: str
    count: str
    valid: str


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One series of a table of figures."""

    station: str
    invented: bool
    parameter: str
    figure: str
    span: str
    limit: str
    valid: str
    state: State
    verified: bool


@dataclass(frozen=True, slots=True)
class MediumTable:
    """The figures of one medium."""

    name: Text
    lines: Sequence[FigureLine]


@dataclass(frozen=True, slots=True)
class IndexLine:
    """An index of one station."""

    station: str
    index: str
    figure: str
    level: str
    highest: str
    computed: int


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    """A chart of the report."""

    title: str
    words: str
    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class LawLine:
    """A limit of the report: what it is, where it stands, and how sure that is."""

    what: str
    limit: str
    clause: str
    since: str
    confidence: str
    confirmed: str
    unmet: Sequence[Text]
    fictional: bool


@dataclass(frozen=True, slots=True)
class AreaSaid:
    """An area of the report."""

    period: AreaPeriod
    title: str
    lead: str
    over: Sequence[OverLine]
    tables: Sequence[MediumTable]
    indices: Sequence[IndexLine]
    charts: Sequence[DrawnSeries]
    laws: Sequence[LawLine]
    not_compared: Sequence[str]
    events: Sequence[str]
    resolving: Answer | None
    origins: Sequence[str]
    has_invented: bool


@dataclass(frozen=True, slots=True)
class ReportSaid:
    """A report, ready for its template."""

    report: Report
    title: str
    key: str
    areas: Sequence[AreaSaid]


def said(registry: Registry, report: Report, lang: str, *, demo: bool) -> ReportSaid:
    """Return a report in a language."""
    areas = [_Area(registry, report, one, lang, demo=demo).said() for one in report.areas]
    where = name(report.areas[0].area.names if report.one_area else registry.province.names, lang)
    values = {"where": where, "period": period_name(report.period, lang)}
    place = report.areas[0].area.id if report.one_area else registry.province.id
    return ReportSaid(
        report, say(_TITLES[report.period.kind], lang).format(**values), f"{report.period.key} {place}", areas
    )


_TITLES = {
    PeriodKind.DAY: Text("{where}: report of {period}"), PeriodKind.MONTH: Text("{where}: report of the month {period}"),
    PeriodKind.YEAR: Text("{where}: report of the year {period}"),
}  # fmt: skip


def period_name(period: Period, lang: str) -> str:
    """Write a period: 24/11/2026, 11/2026, 2026."""
    if period.kind is PeriodKind.DAY:
        return day(period.first, lang, short=True)
    return month_name(period.first, lang) if period.kind is PeriodKind.MONTH else str(period.first.year)


def verdict_of(one: SeriesPeriod) -> State:
    """Return what is said of a series: over only of a confirmed limit with enough data."""
    if any(outside.confirmed for outside in one.outside):
        return State.OVER
    if one.outside:
        return State.ADVISORY
    if one.value is None or not one.sufficient:
        return State.NODATA
    return State.OK if one.laws else State.PLAIN


class _Area:
    def __init__(self, registry: Registry, report: Report, area: AreaPeriod, lang: str, *, demo: bool) -> None:
        self._registry, self._report, self._area, self._lang, self._demo = registry, report, area, lang, demo
        self._zone = registry.zone

    def said(self) -> AreaSaid:
        """Return everything that is said of the area."""
        area, lang = self._area, self._lang
        badge = "DEMO" if self._demo else ""
        return AreaSaid(
            period=area, title=name(area.area.names, lang), lead=say(self._lead(), lang),
            over=sorted(self._over(), key=lambda one: list(State).index(one.state)),
            tables=[table for medium in MEDIA if (table := self._table(medium)).lines],
            indices=[self._index(one) for one in area.indices if one.points],
            charts=list(self._charts()), laws=list(self._laws()),
            not_compared=sorted({say(one.why, lang) for series in area.series for one in series.not_compared}),
            events=[self._event(one) for one in area.episodes],
            resolving=answer(self._registry, area.resolving, lang, badge=badge, size=PAPER) if area.resolving else None,
            origins=sorted({name(one.origin.text, lang) for one in area.stations if one.origin}),
            has_invented=any(one.origin is not None and one.origin.kind == "invented" for one in area.stations),
        )  # fmt: skip

    def _lead(self) -> Text:
        states = [verdict_of(one) for one in self._area.series]
        values = {
            "over": states.count(State.OVER),
            "adv": states.count(State.ADVISORY),
            "nodata": states.count(State.NODATA),
        }
        if not states:
            return Text("This area has no station.")
        if values["over"]:
            return Text(
                "Over a confirmed limit: {over} series; advisories: {adv}; without enough data: {nodata}.", values
            )
        return Text("No series over a confirmed limit; advisories: {adv}; without enough data: {nodata}.", values)

    def _scale(self, one: SeriesPeriod) -> Scale:
        return scale_of(
            self._registry.parameters[one.series.parameter], self._registry.stations[one.series.station].kind
        )

    def _called(self, one: SeriesPeriod) -> str:
        return symbol(name(self._scale(one).parameter.names, self._lang), self._lang)

    def _over(self) -> Iterator[OverLine]:
        for one in self._area.series:
            for outside in one.outside:
                yield self._over_line(one, outside)

    def _over_line(self, one: SeriesPeriod, outside: Outside) -> OverLine:
        scale, lang = self._scale(one), self._lang
        worst = scale.point(outside.worst)
        bound, value = bound_of(worst) or Bound(None, None), worst.value or 0.0
        law = next(
            (law for law in one.laws if law.kind is outside.kind and law.first <= self._day(worst) < law.after), None
        )
        figure = with_unit(shown(value, bound, scale.parameter.precision, lang), scale.parameter.unit, lang)
        window = window_name(outside.kind, scale.parameter, lang=lang)
        values = {"figure": figure, "moment": self._when(worst), "window": window}
        return OverLine(
            state=State.OVER if outside.confirmed else State.ADVISORY,
            what=f"{one.series.station}, {self._called(one)}",
            worst=say(Text("{window}: at worst {figure} ({moment})", values), lang),
            limit="; ".join([limit(bound, scale.parameter, lang=lang), *([clause(law.applied, lang=lang)] if law else [])]),
            times=ratio(value, bound, lang=lang), count=str(outside.count),
            valid=f"{worst.valid}/{worst.expected}" if worst.expected else str(worst.valid),
        )  # fmt: skip

    def _day(self, point: RollupPoint) -> date:
        return window_of_mark(point.kind, point.mark, self._zone).start.astimezone(self._zone).date()

    def _when(self, point: RollupPoint) -> str:
        window = window_of_mark(point.kind, point.mark, self._zone)
        if point.kind is WindowKind.DAY:
            return day(window.start.astimezone(self._zone).date(), self._lang, short=True)
        return short_when(window.end, self._zone, self._lang, end=True)

    def _table(self, medium: Medium) -> MediumTable:
        found = [one for one in self._area.series if self._registry.stations[one.series.station].medium == medium]
        return MediumTable(MEDIUM_NAMES[medium], [self._line(one) for one in found])

    def _line(self, one: SeriesPeriod) -> FigureLine:
        scale, lang = self._scale(one), self._lang
        station, bound = self._registry.stations[one.series.station], self._day_bound(one)

        def written(value: float | None, held: Bound | None = None) -> str:
            shown_value = scale.value(value)
            return "–" if shown_value is None else shown(shown_value, held, scale.parameter.precision, lang)

        figure = written(one.value, bound and scale.bound(bound))
        return FigureLine(
            station=station.id, invented=station.origin is not None and station.origin.kind == "invented",
            parameter=self._called(one),
            figure=figure if one.value is None else with_unit(figure, scale.parameter.unit, lang),
            span=f"{written(one.minimum)} … {written(one.maximum)}" if one.minimum is not None else "–",
            limit=limit(scale.bound(bound), scale.parameter, lang=lang) if bound else "–",
            valid=f"{one.valid}/{one.expected}" if one.expected else str(one.valid), state=verdict_of(one),
            verified=one.verified,
        )  # fmt: skip

    def _day_bound(self, one: SeriesPeriod) -> Bound | None:
        """Return the limit with which the figure itself is compared: that of a day, in the report of a day."""
        if self._report.period.kind is not PeriodKind.DAY:
            return None
        return next((bound_of(point) for point in one.of(WindowKind.DAY)), None)

    def _index(self, one: IndexPeriod) -> IndexLine:
        lang = self._lang
        figure, highest = (point if point and point.value is not None else None for point in (one.day, one.highest))
        level = level_of(figure) if figure else None
        moment = window_of_mark(highest.kind, highest.mark, self._zone).end if highest else None
        return IndexLine(
            station=one.station, index=say(scheme_of(one.version, one.index), lang), figure=str(figure.value) if figure else "–",
            level=say(level, lang) if level else "–",
            highest=f"{highest.value} ({short_when(moment, self._zone, lang, end=True)})" if highest and moment else "–",
            computed=one.computed,
        )  # fmt: skip

    def _charts(self) -> Iterator[DrawnSeries]:
        found = [one for one in self._area.series if one.value is not None and (one.laws or one.outside)]
        found.sort(key=lambda one: list(State).index(verdict_of(one)))
        for one in found[: _CHARTS if self._report.one_area else _CHARTS_OF_MANY]:
            yield self._chart(one)

    def _chart(self, one: SeriesPeriod) -> DrawnSeries:
        scale, lang, period = self._scale(one), self._lang, self._report.period
        kind = WindowKind.HOUR if period.kind is PeriodKind.DAY and one.of(WindowKind.HOUR) else WindowKind.DAY
        points = [scale.point(point) for point in one.of(kind)]
        policies = self._registry.province.policies
        title = f"{self._called(one)}, {one.series.station}: {window_name(kind, scale.parameter, lang=lang)}"
        law = next((law for law in reversed(one.laws) if law.kind is kind), None)
        chart = Chart(
            key=f"{one.series.station}-{one.series.parameter}-{kind}", title=title,
            description=self._description(points), kind=kind, marks=self._marks(kind), points=points, zone=self._zone,
            lang=lang, unit=scale.parameter.unit, precision=scale.parameter.precision, capture=policies.capture,
            suspect_share=policies.suspect_share, label=clause(law.applied, lang=lang) if law else "",
            badge="DEMO" if self._demo else "", from_zero=one.series.parameter not in NOT_FROM_ZERO,
            bars=scale.parameter.kind in {ParameterKind.AMOUNT, ParameterKind.COUNTER},
        )  # fmt: skip
        return DrawnSeries(title, self._description(points), draw(chart, _SIZE), draw(chart, NARROW))

    def _marks(self, kind: WindowKind) -> Sequence[datetime]:
        span = self._report.period.span(self._zone)
        if kind is WindowKind.HOUR:
            hours = round((span.end - span.start).total_seconds() / 3600)
            return marks_between(kind, window_of_mark(kind, span.end, self._zone).end, hours, self._zone)
        days = list(self._report.period.days())
        return marks_between(kind, Period.of(PeriodKind.DAY, days[-1]).span(self._zone).start, len(days), self._zone)

    def _description(self, points: Sequence[RollupPoint]) -> str:
        values = {
            "count": sum(1 for one in points if one.value is not None),
            "over": sum(1 for one in points if is_over(one)),
        }
        return say(Text("{count} windows with a value, {over} of them outside the limit.", values), self._lang)

    def _laws(self) -> Iterator[LawLine]:
        told = set()
        for one in self._area.series:
            for law in one.laws:
                line = self._law(one, law)
                if (key := (line.what, line.limit, line.clause, line.since)) not in told:
                    told.add(key)
                    yield line

    def _law(self, one: SeriesPeriod, law: Law) -> LawLine:
        scale, lang, applied = self._scale(one), self._lang, law.applied
        changed = law.first > self._report.period.first or law.after < self._report.period.after
        values = {"first": day(law.first, lang, short=True), "person": applied.confirmed_by or ""}
        return LawLine(
            what=f"{self._called(one)}, {window_name(law.kind, scale.parameter, lang=lang)}",
            limit=limit(scale.bound(applied.bound), scale.parameter, lang=lang), clause=clause(applied, lang=lang),
            since=say(Text("from {first} on", values), lang) if changed else "", confidence=applied.row.confidence,
            confirmed=say(Text("confirmed by {person}", values), lang) if applied.confirmed_by else "",
            unmet=applied.unmet, fictional=applied.regulation.fictional,
        )  # fmt: skip

    def _event(self, one: Episode) -> str:
        parameter = self._registry.parameters[one.parameter]
        scale = scale_of(parameter, self._registry.stations[one.station].kind)
        peak, bound = scale.value(one.peak), scale.bound(one.bound)
        values = {
            "station": one.station, "parameter": symbol(name(parameter.names, self._lang), self._lang),
            "start": short_when(one.crossed_at, self._zone, self._lang),
            "end": "–" if one.over_until is None else short_when(one.over_until, self._zone, self._lang, end=True),
            "peak": "–" if peak is None else with_unit(shown(peak, bound, scale.parameter.precision, self._lang), scale.parameter.unit, self._lang),
            "limit": limit(bound, scale.parameter, lang=self._lang),
        }  # fmt: skip
        words = Text("{parameter} at {station}: {start} – {end}, at worst {peak} (limit {limit})", values)
        if one.withdrawn:
            return say(Text("{event}; withdrawn, later data say that it never was", {"event": words}), self._lang)
        return say(words if one.confirmed else Text("{event}; advisory", {"event": words}), self._lang)
