"""The panels' shapes, as Grafana reads them: what is asked goes in, JSON comes out. Words are given, already said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# The colours of the pages, for the light theme that docker-compose.yml makes Grafana's default.
OVER, ADVISORY, SILENT, OK = "#a31621", "#744700", "#3b4861", "#1c5a39"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a data source. `alias` names its series, `$tag_station` standing for the station's id."""

    source: str  # the bucket
    query: str
    alias: str = ""
    table: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel is on the grid of 24 columns."""

    x: int
    y: int
    width: int
    height: int


def source(bucket: str) -> Json:
    """Return how a panel names the data source of a bucket."""
    return {"type": "influxdb", "uid": f"quantrac-{bucket}"}


def text(place: Place, content: str) -> Json:
    """Return a panel of words, in Markdown."""
    return {
        "type": "text", "title": "", "gridPos": _grid(place), "transparent": True,
        "options": {"mode": "markdown", "content": content},
    }  # fmt: skip


def lines(place: Place, title: str, asks: Sequence[Ask], **settings: Any) -> Json:
    """Return a chart over time; see `_panel` for the settings. A gap in what is asked is a gap in the line."""
    custom = {"drawStyle": "line", "lineWidth": 2, "showPoints": "auto", "pointSize": 5, "spanNulls": False,
              "fillOpacity": 0, **settings.pop("custom", {})}  # fmt: skip
    panel = _panel("timeseries", place, title, asks, custom=custom, **settings)
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def bars(place: Place, title: str, asks: Sequence[Ask], *, stacked: bool = False, **settings: Any) -> Json:
    """Return a chart of bars over time."""
    custom: Json = {"drawStyle": "bars", "fillOpacity": 60, "lineWidth": 1, **settings.pop("custom", {})}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    return lines(place, title, asks, custom=custom, **settings)


def figure(place: Place, title: str, ask: Ask, *, none: str, **settings: Any) -> Json:
    """Return one figure of the last minutes; `none` is said where nothing was heard of it in that time."""
    panel = _panel("stat", place, title, [ask], **settings)
    panel["fieldConfig"]["defaults"]["noValue"] = none
    panel["timeFrom"] = "5m"  # older is not now
    panel["options"] = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "none", "graphMode": "none", "textMode": "value",
    }  # fmt: skip
    return panel


def table(place: Place, title: str, asks: Sequence[Ask], **settings: Any) -> Json:
    """Return a table; the rows of several questions with the same time and tags become one."""
    panel = _panel("table", place, title, asks, custom={"align": "auto", "filterable": True}, **settings)
    panel["options"] = {"showHeader": True, "sortBy": []}
    return panel


def merged(shown: Sequence[str]) -> list[Json]:
    """Return the transformations that join the rows of a table's questions and put its columns in this order."""
    return [{"id": "merge", "options": {}}, columns(shown)]


def columns(shown: Sequence[str], *, without: Sequence[str] = ()) -> Json:
    """Return the transformation that puts a table's columns in this order and leaves some out."""
    order = {name: place for place, name in enumerate(shown)}
    hidden = dict.fromkeys(without, True)
    return {"id": "organize", "options": {"excludeByName": hidden, "indexByName": order, "renameByName": {}}}


def by_name(name: str, **properties: Any) -> Json:
    """Return an override for the field or series of that name; `__` in a property stands for a dot."""
    return _override("byName", name, properties)


def by_question(ref: str, **properties: Any) -> Json:
    """Return an override for all that the question with this letter gave."""
    return _override("byFrameRefID", ref, properties)


def words(said: Mapping[str, str], colours: Mapping[str, str] | None = None) -> list[Json]:
    """Return value mappings: the word, and maybe the colour, for each value."""
    options = {
        value: {"text": word, "index": place, **({"color": colours[value]} if colours and value in colours else {})}
        for place, (value, word) in enumerate(said.items())
    }
    return [{"type": "value", "options": options}]


def steps(*pairs: tuple[float | None, str]) -> Json:
    """Return thresholds: from each number (None: from the beginning) its colour."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in pairs]}


def choice(name: str, label: str, options: Mapping[str, str], *, several: bool = False) -> Json:
    """Return a variable with a fixed list: id → how it is shown. The first is chosen."""
    first = next(iter(options), "")
    listed = [
        {"text": shown, "value": value, "selected": value == first} for value, shown in options.items()
    ]  # fmt: skip
    chosen: Any = ([options.get(first, "")], [first]) if several else (options.get(first, ""), first)
    return {
        "type": "custom", "name": name, "label": label, "hide": 0, "skipUrlSync": False,
        "multi": several, "includeAll": several, "allValue": None,
        "query": ", ".join(f"{_listed(shown)} : {value}" for value, shown in options.items()),
        "options": listed, "current": {"selected": True, "text": chosen[0], "value": chosen[1]},
    }  # fmt: skip


def constant(name: str, value: str) -> Json:
    """Return a variable that nobody sees."""
    only = {"text": value, "value": value, "selected": True}
    return {
        "type": "constant", "name": name, "hide": 2, "skipUrlSync": True, "query": value,
        "options": [only], "current": only,
    }  # fmt: skip


def _listed(shown: str) -> str:
    return shown.replace(",", "\\,")


def _panel(kind: str, place: Place, title: str, asks: Sequence[Ask], **settings: Any) -> Json:
    """Return what all panels have.

    Settings: `defaults` (of every field: unit, min, max, decimals, thresholds …), `custom` (of the panel's kind),
    `overrides`, `transformations`, `description`, `interval` (the shortest), `links` (of every field).
    """
    defaults: Json = {"custom": settings.get("custom", {}), "color": {"mode": "palette-classic"}, "mappings": [],
                      **settings.get("defaults", {})}  # fmt: skip
    panel: Json = {
        "type": kind, "title": title, "gridPos": _grid(place), "datasource": source(asks[0].source),
        "targets": [_target(ask, letter(place)) for place, ask in enumerate(asks)],
        "fieldConfig": {"defaults": defaults, "overrides": list(settings.get("overrides", []))},
        "transformations": list(settings.get("transformations", [])),
    }  # fmt: skip
    for key in ("description", "interval"):
        if key in settings:
            panel[key] = settings[key]
    return panel


def letter(place: int) -> str:
    """Return the letter of a panel's question, by its place."""
    return chr(ord("A") + place)


def _target(ask: Ask, ref: str) -> Json:
    return {
        "refId": ref, "datasource": source(ask.source), "rawQuery": True, "query": ask.query, "alias": ask.alias,
        "resultFormat": "table" if ask.table else "time_series",
    }  # fmt: skip


def _grid(place: Place) -> Json:
    return {"x": place.x, "y": place.y, "w": place.width, "h": place.height}


def _override(matcher: str, options: str, properties: Mapping[str, Any]) -> Json:
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }
