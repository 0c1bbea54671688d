"""Dashboards are made from the registry alone, in both languages, and hold to the rules of rollups."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dashboards.generate import generate, write
from domain import health_fields
from domain.message import Outcome
from support.configured import registry, station

LANGUAGES = ("vi", "en")


def boards(lang: str, **changes: Any) -> dict[str, Any]:
    found = generate(registry(station("KK-1", **changes), station("KK-2")), lang)
    return {path: json.loads(content) for path, content in found.items()}


def panels(lang: str = "en") -> Iterator[dict[str, Any]]:
    for board in boards(lang).values():
        yield from board["panels"]


def queries(bucket: str) -> list[str]:
    targets = [target for panel in panels() for target in panel.get("targets", [])]
    return [target["query"] for target in targets if target["datasource"]["uid"] == f"quantrac-{bucket}"]


def test_each_language_has_its_own_files() -> None:
    """What one reader gets is no other file's concern: two dashboards in each language."""
    assert [sorted(generate(registry(), lang)) for lang in LANGUAGES] == [
        ["vi/air.json", "vi/ingest.json"],
        ["en/air.json", "en/ingest.json"],
    ]


def test_the_same_configuration_gives_the_same_bytes() -> None:
    """Otherwise the check for drift would cry wolf."""
    assert generate(registry(), "vi") == generate(registry(), "vi")


def test_uids_are_stable_and_differ() -> None:
    """Links to a dashboard last: its uid depends on nothing but its name and language."""
    uids = [board["uid"] for lang in LANGUAGES for board in boards(lang).values()]
    assert uids == ["quantrac-air-vi", "quantrac-ingest-vi", "quantrac-air-en", "quantrac-ingest-en"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_dashboard_shows_the_time_of_the_province(lang: str) -> None:
    """Whoever opens it anywhere sees the province's hours and days."""
    assert {board["timezone"] for board in boards(lang).values()} == {"Asia/Ho_Chi_Minh"}


def test_nothing_is_said_in_english_on_a_vietnamese_dashboard() -> None:
    """Every title, heading and name of a series is a sentence of the catalogue."""
    said = {lang: list(words(list(boards(lang).values()))) for lang in LANGUAGES}
    same = {vi for vi, en in zip(said["vi"], said["en"], strict=True) if vi == en}
    assert {
        one
        for one in same
        if not re.fullmatch(r"https?://\S+|KK-\d|PM10 .*|SO₂ .*|pH|COD.*|W-1|\W*|VN_AQI|.*\$tag_\w+", one)
    } == set()


def words(found: Any, key: str = "") -> Iterator[str]:
    """Yield, in order, what a person reads of a dashboard."""
    if isinstance(found, dict):
        if found.get("id") == "displayName":
            yield found["value"]
        for name, value in found.items():
            yield from words(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from words(value, key)
    elif isinstance(found, str) and key in {"title", "description", "text", "label", "content", "noValue", "alias"}:
        yield found


def test_every_question_for_a_value_leaves_out_windows_without_one() -> None:
    """Such a window is kept as zeroes; only its counts may be read."""
    asking = [query for query in queries("rollups") if re.search(r'"(value|min|max)"', query.split(" FROM ")[0])]
    assert asking
    assert all('"valid" > 0' in query for query in asking)


def test_every_question_for_a_limit_asks_for_its_bit() -> None:
    """A limit that there is not is kept as 0: without its bit it would be drawn at the bottom."""
    asking = [query for query in queries("rollups") if '"limit_high"' in query]
    assert asking
    assert all(re.search(r'\("limit_kind" & [26]\) = [26]', query) for query in asking)


def test_capture_is_read_from_all_windows() -> None:
    """What is missing is counted: leaving out windows without a value would show 100 % everywhere."""
    asking = [query for query in queries("rollups") if '"expected"' in query and '"value"' not in query]
    assert asking
    assert not any('"valid" > 0' in query for query in asking)


def test_each_index_that_is_listed_has_its_charts() -> None:
    """By the hour and the day, with scheme and version; one that is not listed has none, and water none among air."""
    province = registry().province
    for indices, charts in (
        (("vn_aqi",), ["VN_AQI, hourly", "VN_AQI, daily (01:00–24:00)"]),
        (("us_aqi", "vn_wqi"), ["US AQI, hourly", "US AQI, daily (01:00–24:00)"]),
        ((), []),
    ):
        known = replace(registry(), province=province.model_copy(update={"indices": indices}))
        made = json.loads(next(text for path, text in generate(known, "en").items() if "air" in str(path)))["panels"]
        assert [one["title"] for one in made if "AQI" in one["title"]] == charts
        assert all("EPA 2024" in one["description"] for one in made if one["title"].startswith("US AQI"))
        places = [tuple(one["gridPos"].values()) for one in made]
        assert len(set(places)) == len(places)
        assert any(one["title"] == "Indices, newest first" for one in made) == bool(charts)


def test_days_are_those_of_the_province() -> None:
    """A bucket of a day begins at the province's midnight, where the day is kept."""
    by_day = [query for query in queries("rollups") if "time(1d" in query]
    assert by_day
    assert all(query.endswith("tz('Asia/Ho_Chi_Minh')") for query in by_day)


def test_a_confirmed_limit_and_an_unconfirmed_one_never_look_alike() -> None:
    """Solid against dashed, and each says in words what it is."""
    chart = next(panel for panel in panels() if "hourly mean" in panel["title"])
    looks = {one["matcher"]["options"]: {each["id"]: each["value"] for each in one["properties"]}
             for one in chart["fieldConfig"]["overrides"] if one["matcher"]["id"] == "byFrameRefID"}  # fmt: skip
    style = {target["alias"]: looks[target["refId"]].get("custom.lineStyle", {}) for target in chart["targets"]}
    assert style["Limit (confirmed) · $tag_station"] == {}
    assert style["Limit (not confirmed, advisory) · $tag_station"]["fill"] == "dash"


def test_a_chart_breaks_where_there_is_no_value() -> None:
    """A line across a gap would say that something was measured."""
    charts = [
        panel for panel in panels() if panel["type"] == "timeseries" and panel["datasource"]["uid"].endswith("rollups")
    ]
    assert all(panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False for panel in charts)
    means = [query for query in queries("rollups") if 'mean("value")' in query]
    assert all("fill(null)" in query for query in means)


@pytest.mark.parametrize(("kind", "said"), [("invented", "invented data"), ("recording", "recording of another place")])
def test_a_demonstration_station_says_so_wherever_it_is_named(kind: str, said: str) -> None:
    """In the list to choose from, in legends and in tables."""
    origin = {"kind": kind, "text": {"vi": "…", "en": "…"}}
    board = boards("en", origin=origin)["en/air.json"]
    assert board["templating"]["list"][0]["options"][0]["text"] == f"KK-1 [{said}]"
    assert f"KK-1 [{said}]" in list(words(board["panels"]))


def test_only_ambient_air_stations_can_be_chosen() -> None:
    """A stack's exhaust is not the air that people breathe."""
    found = generate(registry(station("KK-1"), station("KT-1", kind="stack")), "en")
    options = json.loads(found["en/air.json"])["templating"]["list"][0]["options"]
    assert [option["value"] for option in options] == ["KK-1"]


def test_without_air_stations_there_is_no_air_dashboard() -> None:
    """A province may watch nothing but water."""
    water = station("W-1", kind="outfall", parameters=[{"id": "cod"}])
    assert list(generate(registry(water), "en")) == ["en/ingest.json"]


def test_a_comma_in_a_name_does_not_split_it() -> None:
    """Grafana reads the list of a variable as text with commas between."""
    board = boards("en", names={"vi": "Trạm, một", "en": "Air, one"})["en/air.json"]
    assert board["templating"]["list"][0]["query"] == "Air\\, one : KK-1, KK-2 : KK-2"


def test_stations_link_to_their_page_in_the_same_language() -> None:
    """`public_url` is where the pages are; the cell's raw value is the station's id."""
    for lang, page in (("vi", "${pages}/stations/"), ("en", "${pages}/en/stations/")):
        found = generate(registry(), lang, public_url="https://quantrac.example")
        board = json.loads(found[f"{lang}/air.json"])
        assert f'"{page}${{__value.raw}}"' in found[f"{lang}/air.json"]
        assert board["templating"]["list"][-1]["query"] == "https://quantrac.example"


def test_the_ingest_dashboard_reads_only_what_the_service_writes() -> None:
    """The names of fields are shared with the writer, not repeated."""
    known = {str(value) for name, value in vars(health_fields).items() if name.isupper()} | {
        one.value for one in Outcome
    }
    known |= {"part", "worker", "station", "heard", "skew", "one"}
    asked = {name for query in queries("service") for name in re.findall(r'"(\w+)"', query)}
    assert asked <= known


def test_the_newest_figures_are_of_the_last_minutes() -> None:
    """Where nothing was heard the panel says so, rather than showing an old number as if it were new."""
    figures = [panel for panel in panels() if panel["type"] == "stat"]
    assert figures
    assert all(panel["timeFrom"] == "5m" and panel["fieldConfig"]["defaults"]["noValue"] for panel in figures)


def test_a_time_that_says_nothing_is_not_shown() -> None:
    """InfluxDB gives the newest words of several fields the beginning of the span, not the time of any of them."""
    asked_by = [panel for panel in panels() if any("last(" in one["query"] for one in panel.get("targets", []))]
    tables = [panel for panel in asked_by if panel["type"] == "table"]
    assert len(tables) == 1
    (hidden,) = (one["options"]["excludeByName"] for one in tables[0]["transformations"] if one["id"] == "organize")
    assert hidden == {"Time": True}


def test_panels_do_not_overlap() -> None:
    """Each has its own place on the grid of 24 columns."""
    for board in boards("vi").values():
        cells = [(x, y) for panel in board["panels"] for x, y in cells_of(panel["gridPos"])]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24


def cells_of(grid: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(grid["x"], grid["x"] + grid["w"]):
        yield from ((x, y) for y in range(grid["y"], grid["y"] + grid["h"]))


def test_write_makes_every_language_below_the_folder(tmp_path: Any) -> None:
    """What is written is what `generate` gives."""
    written = write(tmp_path, registry())
    wanted = {path: content for lang in LANGUAGES for path, content in generate(registry(), lang).items()}
    assert {str(path.relative_to(tmp_path)): path.read_text("utf-8") for path in written} == wanted
