"""The dashboard of ambient air: what was measured, what it is compared with, and what it rests on."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from dashboards import air_indices, panels, queries
from dashboards.panels import Ask, Json, Place
from dashboards.words import Words
from registry.lookup import Registry
from registry.schema import Parameter, ParameterKind

_CHOSEN = "${parameter:text}"

# Shape first: solid and dashed are told apart without colour.
_CONFIRMED: dict[str, Any] = {
    "color": {"mode": "fixed", "fixedColor": panels.OVER},
    "custom__showPoints": "never",
    "custom__lineInterpolation": "stepBefore",
}
_UNCONFIRMED: dict[str, Any] = {
    **_CONFIRMED,
    "color": {"mode": "fixed", "fixedColor": panels.ADVISORY},
    "custom__lineStyle": {"fill": "dash", "dash": [8, 6]},
}


def board(registry: Registry, words: Words) -> Json | None:
    """Return title, variables and panels for the stations of ambient air (not stacks), None if there are none."""
    _, parameters, stations = words._, _parameters(registry), _stations(registry, words)
    if not parameters:
        return None
    return {
        "title": _("Ambient air"),
        "from": "now-7d",
        "variables": [
            panels.choice("station", _("Station"), stations, several=True),
            panels.choice("parameter", _("Parameter"), {one.id: words.parameter(one) for one in parameters}),
        ],
        "panels": [
            panels.text(Place(0, 0, 24, 3), _notice(words)),
            _hourly(registry, words),
            _daily(registry, words),
            *_below(registry, words),
        ],
    }


def _below(registry: Registry, words: Words) -> list[Json]:
    """Return what stands below the means: capture and the indices, two in a row, then the tables."""
    places = air_indices.places(22)
    charts = [
        _capture(registry, words, next(places)),
        *air_indices.charts(registry, words, _named(registry, words), places),
    ]
    top = next(places).y + (9 if len(charts) % 2 else 0)
    if len(charts) == 1:
        return [*charts, _hours(registry, words, top)]
    rows = air_indices.rows(registry, words, Place(0, top, 24, 10), _stations(registry, words))
    return [*charts, rows, _hours(registry, words, top + 10)]


def _parameters(registry: Registry) -> list[Parameter]:
    """Return the parameters that ambient air stations measure and that have a mean, in the configuration's order."""
    stations = (station for station in registry.stations.values() if station.kind == "air")
    measured = {parameter for station in stations for parameter in station.measures}
    return [one for one in registry.parameters.values() if one.id in measured and one.kind is ParameterKind.LEVEL]


def _stations(registry: Registry, words: Words) -> dict[str, str]:
    return {one.id: words.station(one) for one in registry.stations.values() if one.kind == "air"}


def _named(registry: Registry, words: Words) -> list[Json]:
    """Return the overrides that give a series, which Grafana knows by its station's id, the station's name."""
    return [panels.by_name(station, displayName=said) for station, said in _stations(registry, words).items()]


def _notice(words: Words) -> str:
    _ = words._
    advice = _("Automatic readings, not a finding of a violation.")
    return f"**{advice}** " + " ".join([
        _("All figures are provisional until a person has verified them."),
        _("Solid red: a confirmed limit. Dashed amber: a limit that has not been confirmed; what is over it is "
          "advisory only. A line breaks where there is no value."),
    ])  # fmt: skip


def _hourly(registry: Registry, words: Words) -> Json:
    title = words._("{parameter}: hourly mean", parameter=_CHOSEN)
    asks, overrides = _compared(registry, words, queries.hourly, queries.hourly_limit)
    return panels.lines(Place(0, 3, 24, 10), title, asks, overrides=overrides)


def _daily(registry: Registry, words: Words) -> Json:
    zone = registry.province.timezone
    title = words._("{parameter}: daily mean (01:00–24:00)", parameter=_CHOSEN)
    ask, ask_limit = partial(queries.daily, zone=zone), partial(queries.daily_limit, zone=zone)
    asks, overrides = _compared(registry, words, ask, ask_limit)
    return panels.lines(Place(0, 13, 24, 9), title, asks, overrides=overrides, custom={"showPoints": "always"})


def _compared(
    registry: Registry, words: Words, ask: Callable[..., str], ask_limit: Callable[..., str]
) -> tuple[list[Ask], list[Json]]:
    """Return means and limits with their looks; each unit has its own questions, as Grafana takes none by variable."""
    _ = words._
    asks: list[Ask] = []
    overrides = _named(registry, words)
    for unit, some in _by_unit(_parameters(registry)):
        ids = [one.id for one in some]
        looks = {"unit": words.suffix(unit), "decimals": max(one.precision for one in some)}
        confirmed, unconfirmed = _("Limit (confirmed)"), _("Limit (not confirmed, advisory)")
        for query, alias, style in (
            (ask(ids), "$tag_station", {}),
            (ask_limit(ids, confirmed=True), f"{confirmed} · $tag_station", _CONFIRMED),
            (ask_limit(ids, confirmed=False), f"{unconfirmed} · $tag_station", _UNCONFIRMED),
        ):
            overrides.append(panels.by_question(panels.letter(len(asks)), **looks, **style))
            asks.append(Ask("rollups", query, alias))
    return asks, overrides


def _by_unit(parameters: Sequence[Parameter]) -> Iterator[tuple[str, list[Parameter]]]:
    for unit, some in groupby(sorted(parameters, key=lambda one: one.unit), key=lambda one: one.unit):
        yield unit, list(some)


def _capture(registry: Registry, words: Words, place: Place) -> Json:
    policy = 100 * registry.province.policies.capture
    title = words._("{parameter}: share of expected readings that counted, by day", parameter=_CHOSEN)
    return panels.lines(
        place, title,
        [Ask("rollups", queries.capture(registry.province.timezone), "$tag_station")],
        description=words._("Below {policy} % a figure is shown but confirms nothing. That is a policy of the "
                            "department.", policy=round(policy)),
        overrides=_named(registry, words),
        defaults={"unit": "percent", "min": 0, "max": 100, "decimals": 0,
                  "thresholds": panels.steps((None, panels.ADVISORY), (policy, panels.OK))},
        custom={"thresholdsStyle": {"mode": "dashed"}, "showPoints": "always", "lineWidth": 1},
    )  # fmt: skip


def _hours(registry: Registry, words: Words, top: int) -> Json:
    headings, looks = _headings(words), _looks(registry, words)
    asks = [queries.hour_counts(), queries.hour_values(), queries.hour_limits()]
    return panels.table(
        Place(0, top, 24, 14), words._("Hours, newest first"), [Ask("rollups", one, table=True) for one in asks],
        description=words._("An hour without a value has an empty cell, never a zero."),
        transformations=panels.merged(list(headings)),
        overrides=[panels.by_name(key, displayName=said, **looks.get(key, {})) for key, said in headings.items()],
    )  # fmt: skip


def _headings(words: Words) -> dict[str, str]:
    """Return the heading of every column, in their order."""
    _ = words._
    return {
        "Time": _("Hour until"), "station": _("Station"), "parameter": _("Parameter"),
        "value": _("Mean"), "min": _("Lowest"), "max": _("Highest"), "limit_high": _("Limit"),
        "confirmed": _("Limit is"), "valid": _("Valid"), "expected": _("Expected"), "suspect": _("Suspect"),
        "calibrating": _("Calibrating"), "fault": _("Fault"), "state": _("State"), "revision": _("Revision"),
    }  # fmt: skip


def _looks(registry: Registry, words: Words) -> dict[str, Json]:
    _, parameters = words._, _parameters(registry)
    confirmed = {"0": _("not confirmed (advisory)"), "4": _("confirmed")}
    figure = {"decimals": max((one.precision for one in parameters), default=1)}
    return {
        "station": {"mappings": panels.words(_stations(registry, words)), "links": words.station_page()},
        "parameter": {"mappings": panels.words({one.id: words.parameter(one) for one in parameters})},
        "confirmed": {"mappings": panels.words(confirmed)},
        "state": {"mappings": panels.words({"0": _("Provisional"), "1": _("Verified")})},
        **dict.fromkeys(("value", "min", "max"), figure),
    }
