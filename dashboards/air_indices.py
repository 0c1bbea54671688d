"""The panels of the indices of air: a chart for each index and window, and a table of what each figure rests on."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from analysis.lookup_tables import table
from analysis.schemes import VERSIONS, Scheme, listed
from dashboards import panels, queries
from dashboards.panels import Ask, Json, Place
from dashboards.words import Words
from domain.window import WindowKind
from present.words import say
from registry.lookup import Registry

# Decision 1459/QĐ-TCMT gives every level its colour, and the EPA the same ones in the same order.
_COLOURS = ("#00e400", "#ffff00", "#ff7e00", "#ff0000", "#8f3f97", "#7e0023")
_HEIGHT = 9


def charts(registry: Registry, words: Words, overrides: list[Json], places: Iterator[Place]) -> Iterator[Json]:
    """Yield a chart for each index of air that province.yaml lists, by the hour and by the day."""
    for scheme in listed(registry):
        for kind in scheme.kinds if scheme.kind == "air" else ():
            yield _chart(registry, words, (scheme, kind), overrides, next(places))


def places(top: int) -> Iterator[Place]:
    """Yield where charts stand, two in a row, from the row below `top` on."""
    while True:
        yield from (Place(left, top, 12, _HEIGHT) for left in (0, 12))
        top += _HEIGHT


def _chart(
    registry: Registry, words: Words, which: tuple[Scheme, WindowKind], overrides: list[Json], place: Place
) -> Json:
    scheme, kind = which
    _, name = words._, scheme.name
    title = (
        _("{index}, hourly", index=name) if kind is WindowKind.HOUR else _("{index}, daily (01:00–24:00)", index=name)
    )
    query = queries.index(scheme.id, None if kind is WindowKind.HOUR else registry.province.timezone)
    begins = [0, *(one + 1 for one in table(scheme.id)["levels"][:-1])]
    first, *rest = zip(begins, _COLOURS, strict=True)
    return panels.lines(
        place, title, [Ask("rollups", query, "$tag_station")],
        description=_described(words, scheme, say(VERSIONS[scheme.version(kind, registry)], words.lang)),
        overrides=overrides,
        defaults={"min": 0, "decimals": 0, "thresholds": panels.steps((None, first[1]), *rest)},
        custom={"thresholdsStyle": {"mode": "area"}, "axisLabel": scheme.name,
                **({} if kind is WindowKind.HOUR else {"showPoints": "always"})},
    )  # fmt: skip


def _described(words: Words, scheme: Scheme, version: str) -> str:
    highest: list[int] = table(scheme.id)["levels"]
    spans = [f"{low + 1 if low else 0}–{high}" for low, high in pairwise((0, *highest))]
    if scheme.id == "us_aqi":
        spans[-1] = f"{highest[-2] + 1}–"  # it goes on above 500
    said = "; ".join(f"{span} {level}" for span, level in zip(spans, _levels(words)[scheme.id], strict=True))
    return words._("{scheme}. Levels: {levels}.", scheme=version, levels=said)


def _levels(words: Words) -> Mapping[str, tuple[str, ...]]:
    _ = words._
    return {
        "vn_aqi": (_("Good"), _("Moderate"), _("Poor"), _("Bad"), _("Very bad"), _("Hazardous")),
        "us_aqi": (_("Good"), _("Moderate"), _("Unhealthy for sensitive groups"), _("Unhealthy"), _("Very unhealthy"),
                   _("Hazardous")),
    }  # fmt: skip


def rows(registry: Registry, words: Words, place: Place, stations: Mapping[str, Any]) -> Json:
    """Return the table of all figures: by which version, what decides, and what had no valid data."""
    _ = words._
    headings = {
        "Time": _("Time"), "station": _("Station"), "parameter": _("Index"), "window": _("Window"), "value": _("Value"),
        "dominant": _("Decided by"), "concentration": _("Concentration"), "missing": _("Without valid data"),
        "version": _("Text and version"),
    }  # fmt: skip
    air = [one for one in listed(registry) if one.kind == "air"]
    entering = frozenset[str]().union(*(one.parameters for one in air))
    symbols = {one.id: words.parameter(one) for one in registry.parameters.values() if one.id in entering}
    looks: dict[str, Json] = {
        "station": {"mappings": panels.words(stations), "links": words.station_page()},
        "parameter": {"mappings": panels.words({one.id: one.name for one in air})},
        "window": {"mappings": panels.words({"hour": _("hour"), "day": _("day")})},
        "value": {"decimals": 0}, "concentration": {"decimals": 1}, "dominant": {"mappings": panels.words(symbols)},
        "version": {"mappings": panels.words({key: say(text, words.lang) for key, text in VERSIONS.items()})},
    }  # fmt: skip
    return panels.table(
        place, _("Indices, newest first"), [Ask("rollups", queries.index_rows(), table=True)],
        description=_("An hour is named by its end, a day by its beginning. What could not be computed is not listed."),
        transformations=[panels.columns(list(headings))],
        overrides=[panels.by_name(key, displayName=said, **looks.get(key, {})) for key, said in headings.items()],
    )  # fmt: skip
