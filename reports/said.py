"""How the pages' own nouns are said in a language: levels, limits, troubles."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from analysis.schemes import scheme_of
from domain.limit import Bound
from domain.rollup import IndexPoint
from domain.text import Text
from domain.window import WindowKind
from present.words import bound_text, compared, duration, name, number, say, shown, symbol, times_limit, with_unit
from registry.limits import AppliedLimit
from registry.schema import Area, Parameter, ParameterKind, Station
from reports.summary import AreaView, ProvinceView, State, StationView, Trouble

LEVELS = (
    Text("Good"), Text("Moderate"), Text("Poor"), Text("Bad"), Text("Very bad"), Text("Hazardous"),
)  # fmt: skip
LEVEL_SPANS = ("0–50", "51–100", "101–150", "151–200", "201–300", "301–500")  # Decision 1459/QĐ-TCMT
MEDIUM_NAMES = {"air": Text("Air"), "water": Text("Water"), "waste": Text("Waste")}
_KINDS = {
    "air": Text("Ambient air station"), "stack": Text("Stack emission station"), "outfall": Text("Wastewater outfall"),
    "surface_water": Text("Surface water station"), "waste": Text("Waste station"),
}  # fmt: skip
_AREA_KINDS = {
    "industrial": Text("industrial"), "residential": Text("residential"), "agricultural": Text("agricultural"),
}  # fmt: skip
_MEANS = {
    WindowKind.HOUR: Text("hourly mean"), WindowKind.HOUR8: Text("8-hour mean"),
    WindowKind.HOUR24: Text("24-hour mean"), WindowKind.DAY: Text("daily mean"),
    WindowKind.MONTH: Text("monthly mean"), WindowKind.SEASON: Text("seasonal mean"), WindowKind.YEAR: Text("annual mean"),
}  # fmt: skip
_SUMS = {
    WindowKind.HOUR: Text("hourly sum"), WindowKind.DAY: Text("daily sum"), WindowKind.MONTH: Text("monthly sum"),
    WindowKind.SEASON: Text("seasonal sum"), WindowKind.YEAR: Text("annual sum"),
}  # fmt: skip


def filters(lang: str) -> Mapping[str, Callable[..., Any]]:
    """Return the filters of the pages' templates."""
    said: tuple[Callable[..., Any], ...] = (
        level, limit, clause, trouble_figure, trouble_limit, parameter_name, station_kind, area_kind, window_name,
        ratio, medium_says, level_word, interval_words, figure, scheme,
    )  # fmt: skip
    return {one.__name__: _in(one, lang) for one in said}


def _in(function: Callable[..., Any], lang: str) -> Callable[..., Any]:
    def said(*arguments: Any) -> Any:
        return function(*arguments, lang=lang)

    return said


def level(value: float, parameter: Parameter, bound: Bound | None, *, lang: str) -> str:
    """Return a level with its unit, rounded so that it does not contradict the comparison."""
    return with_unit(shown(value, bound, parameter.precision, lang), parameter.unit, lang)


def figure(value: float, parameter: Parameter, bound: Bound | None, *, lang: str) -> str:
    """Return a level without its unit."""
    return shown(value, bound, parameter.precision, lang)


def limit(bound: Bound, parameter: Parameter, *, lang: str) -> str:
    """Return a bound with its unit."""
    return with_unit(bound_text(bound, lang), parameter.unit, lang)


def ratio(value: float, bound: Bound, *, lang: str) -> str:
    """Return "1,17 lần" where there is an upper limit to divide by, else a dash."""
    if bound.high is None or bound.low is not None or bound.high <= 0:
        return "–"
    return say(Text("{ratio} times", {"ratio": times_limit(value, bound.high, lang)}), lang)


def clause(applied: AppliedLimit, *, lang: str) -> str:
    """Return where a limit is from: document, clause, column, and what was multiplied."""
    row = applied.row
    parts = [applied.regulation.document, row.clause]
    if row.column:
        parts.append(say(Text("column {column}", {"column": row.column}), lang))
    if applied.factors:
        parts.append(" × ".join(number(figure, None, lang) for figure in applied.arithmetic))
    return ", ".join(part for part in parts if part)


def trouble_figure(trouble: Trouble, *, lang: str) -> str:
    """Return "158 mg/L, 1.17 times the limit of 135"."""
    written = level(trouble.level, trouble.parameter, trouble.bound, lang=lang)
    return f"{written}, {trouble_limit(trouble, lang=lang)}"


def trouble_limit(trouble: Trouble, *, lang: str) -> str:
    """Return how the level stands to what it is held against; what is not law is called a reference or a threshold."""
    if trouble.state in {State.OVER, State.LATE, State.WITHIN}:
        return compared(trouble.level, trouble.bound, lang)
    values = {"bound": bound_text(trouble.bound, lang)}
    if trouble.threshold:
        return say(Text("outside the department's own threshold of {bound}", values), lang)
    return say(Text("outside the reference of {bound}, which is not confirmed", values), lang)


def parameter_name(parameter: Parameter, *, lang: str) -> str:
    """Return a parameter's name."""
    return symbol(name(parameter.names, lang), lang)


def station_kind(station: Station, *, lang: str) -> str:
    """Return what kind of station it is."""
    return say(_KINDS[station.kind], lang)


def area_kind(area: Area, *, lang: str) -> str:
    """Return what kind of area it is."""
    return say(_AREA_KINDS[area.kind], lang)


def window_name(kind: WindowKind | None, parameter: Parameter, *, lang: str) -> str:
    """Return what a figure is over its window; None is a single reading."""
    if kind is None:
        return say(Text("single reading"), lang)
    sums = parameter.kind in {ParameterKind.AMOUNT, ParameterKind.COUNTER}
    return say(_SUMS.get(kind, _MEANS[kind]) if sums else _MEANS[kind], lang)


def interval_words(interval: timedelta, *, lang: str) -> str:
    """Return how often a station reports."""
    return say(Text("reports every {interval}", {"interval": duration(interval, lang)}), lang)


def scheme(index: IndexPoint, *, lang: str) -> str:
    """Return by which text and version an index was made."""
    return say(scheme_of(index.version, index.index), lang)


def level_word(step: int, *, lang: str) -> str:
    """Return the word of a step of VN_AQI, 1–6."""
    return say(LEVELS[step - 1], lang)


def medium_says(view: ProvinceView, medium: str, *, lang: str) -> str:
    """Return in one sentence how a medium stands in the province."""
    views = [one for one in view.stations if one.station.medium == medium]
    over = {trouble.station.id: trouble for one in views for trouble in one.troubles if trouble.state is State.OVER}
    if over:
        first = next(iter(over.values()))
        values = {"count": len(over), "parameter": symbol(first.parameter.symbol, lang)}
        words = Text("1 place over the limit: {parameter}", values)
        return say(
            words if len(over) == 1 else Text("{count} places over the limit, {parameter} among them", values), lang
        )
    return say(_air_says(view) if medium == "air" else _quiet_says(views), lang)


def _air_says(view: ProvinceView) -> Text:
    areas = [area for area in view.areas if area.index]
    if not areas:
        return Text("No area has enough data for an index")
    worst = max(areas, key=lambda area: area.index.value or 0 if area.index else 0)
    steps = [area.index.level or 1 for area in areas if area.index]
    values = {"level": LEVELS[max(steps) - 1], "area": worst.area.names}
    if len(set(steps)) == 1:
        return Text("{level} in every area with data", values)
    return Text("Highest in {area}: {level}", values)


def _quiet_says(views: list[StationView]) -> Text:
    if not any(row.point and row.point.value is not None for one in views for row in one.rows):
        return Text("No data of the newest hour")
    advisories = sum(1 for one in views for trouble in one.troubles if trouble.state is State.ADVISORY)
    if advisories:
        return Text("No place over a confirmed limit; advisories: {count}", {"count": advisories})
    return Text("No place over a confirmed limit")


def area_says(area: AreaView) -> Text:
    """Return an area's answer."""
    over = {trouble.station.id for trouble in area.troubles if trouble.state is State.OVER}
    if len(over) == 1:
        return Text("1 place is over the limit")
    if over:
        return Text("{count} places are over the limit", {"count": len(over)})
    return Text("No place is over a confirmed limit")
