"""One truth: a real recording goes the way of every reading into InfluxDB, and each outlet has the same figure.

Not rounded they are equal to the last bit; where a person reads them they are what `present.words.shown` writes.
"""

import csv
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards import queries
from domain.clock import SetClock
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import HOUR, Window, WindowKind
from present.charts import bound_of, is_over
from present.words import NBSP, shown, with_unit
from registry.load import load
from registry.lookup import Registry
from reports.portal import make_app
from service.demo.recordings import recording_of
from storage.influx import InfluxReadings
from storage.state import open_state
from support.grafana import filled
from support.influxdb import InfluxDB
from support.program import CONFIG, call
from support.served import served

STATION, AREA = "KK-DH1-01", "duc-hoa-1"
KEY = SeriesKey(STATION, "pm25")
# Four weeks of Beijing are a whole February; its last day is the one that is looked at.
FIRST, DAY, AFTER = date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)
NOW = datetime(2026, 2, 28, 17, 30, tzinfo=UTC)  # half past midnight
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Outlets:
    """Everything that gives figures out, over the same InfluxDB."""

    folder: Path
    influx: InfluxDB
    registry: Registry
    store: InfluxReadings
    address: str
    reports: dict[str, Any] = field(default_factory=dict)

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.registry.zone)

    def call(self, *arguments: object) -> str:
        done = call(*arguments, cwd=self.folder, **environment(self.influx))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stored(self, kind: WindowKind, day: date) -> list[RollupPoint]:
        """Return what the store of rollups has of windows marked in a day."""
        start = self.midnight(day)
        span = Window(start, start + 24 * HOUR) if kind is WindowKind.HOUR else Window(start - MICROSECOND, start)
        return self.store.read_rollups(kind, [KEY], span)[KEY]

    def api(self, path: str, **asked: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.address}/api/v1/{path}", params=asked).raise_for_status().json()
        return found

    def export(self, what: str, window: str, start: date, end: date) -> list[dict[str, str]]:
        options = ("--station", STATION, "--window", window, "--from", start, "--to", end)
        more = ("--parameter", "pm25") if what == "rollups" else ()
        return list(csv.DictReader(StringIO(self.call("export", what, *options, *more))))

    def report(self, kind: str, key: str, form: str, lang: str = "vi") -> Any:
        """Return a report as `quantrac report` writes it: JSON and CSV read, HTML and the text of the PDF."""
        if (kind, key, lang) not in self.reports:
            options = ("--area", AREA, "--date", key, "--format", "html,pdf,csv,json", "--out", "out", "--lang", lang)
            self.call("report", kind, *options)
            self.reports[kind, key, lang] = _read(self.folder / "out", f"{kind}-{key}-{AREA}", lang)
        return self.reports[kind, key, lang][form]

    def dashboard(self, query: str, start: datetime, end: datetime) -> dict[str, float]:
        """Return what Grafana gets for the station's PM2.5: the value by time."""
        asked = filled(query, stations=[STATION], parameter="pm25", start=start, end=end)
        (result,) = self.influx.query("rollups", asked)["results"]
        rows = [row for series in result.get("series", []) for row in series["values"]]
        return {row[0]: row[1] for row in rows if row[1] is not None}


def environment(influx: InfluxDB) -> dict[str, str]:
    return {
        "INFLUX_URL": influx.url, "INFLUX_ORG": influx.org, "INFLUX_TOKEN_FILE": str(influx.token_file), "DATA": "var",
        "CLOCK": f"{NOW.isoformat()}@1",
    }  # fmt: skip


def _read(folder: Path, name: str, lang: str) -> dict[str, Any]:
    paper = folder / f"{name}.{lang}.pdf"
    printed = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, check=True, text=True).stdout
    return {
        "json": json.loads((folder / f"{name}.json").read_bytes()),
        "csv": list(csv.DictReader(StringIO((folder / f"{name}.csv").read_text()))),
        "html": (folder / f"{name}.{lang}.html").read_text(), "pdf": " ".join(printed.split()),
    }  # fmt: skip


def recording(path: Path) -> Path:
    """Write the recording as the station's: its hours, called there by their beginning, end an hour later."""
    found = recording_of(STATION)
    assert found is not None
    lines = ["time,station,parameter,value,unit,status"]
    for (day, hour), values in sorted(found.values.items()):
        local = datetime.combine(FIRST + timedelta(days=found.days.index(day)), hour) + HOUR
        for parameter, value in values.items():
            written = "" if value is None else value
            lines.append(f"{local.isoformat()}+07:00,{STATION},{parameter},{written},{found.units[parameter]},")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def outlets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outlets]:
    folder = tmp_path_factory.mktemp("truth")
    influx = InfluxDB(folder / "influxdb").start()
    registry = load(CONFIG)
    done = call("import", recording(folder / "beijing.csv"), cwd=folder, **environment(influx))
    assert done.returncode == 0, done.stderr
    store = InfluxReadings(
        influx.url, influx.org, influx.token_file, medium_of=lambda one: registry.stations[one].medium
    )
    engine = open_state(f"sqlite:///{folder}/var/state.sqlite")
    with served(make_app(registry, store, engine, SetClock(NOW), demo=False)) as address:
        yield Outlets(folder, influx, registry, store, address)
    store.close()
    engine.dispose()
    influx.close()


def series_of(report: dict[str, Any]) -> dict[str, Any]:
    (area,) = report["areas"]
    (found,) = [one for one in area["series"] if (one["station"], one["parameter"]) == KEY]
    return dict(found)


def windows(rows: list[dict[str, Any]], window: str) -> dict[str, float]:
    """Return the values of rows of the API, an export or a report, by the end of their window."""
    wanted = [one for one in rows if (one["window"], one["station"], one["parameter"]) == (window, *KEY)]
    return {one["end"]: float(one["value"]) for one in wanted if one["value"] not in {None, ""}}


@pytest.mark.parametrize("window", ["hour", "day"])
def test_a_day_is_the_same_everywhere_unrounded(outlets: Outlets, window: str) -> None:
    """Store, API, export, report as CSV and as JSON: each hour of the day, and the day."""
    zone = outlets.registry.zone
    stored = {
        outlets.registry.window(one.kind, one.mark).end.astimezone(zone).isoformat(): one.value
        for one in outlets.stored(WindowKind(window), DAY)
        if one.value is not None
    }
    assert len(stored) == (1 if window == "day" else 24)
    asked = {"station": STATION, "parameter": "pm25", "window": window, "from": str(DAY), "to": str(AFTER)}
    assert windows(outlets.api("rollups", **asked), window) == stored
    assert windows(outlets.export("rollups", window, DAY, AFTER), window) == stored
    assert windows(outlets.report("day", str(DAY), "csv"), window) == stored
    assert windows(series_of(outlets.report("day", str(DAY), "json"))["windows"], window) == stored


def test_the_dashboards_own_questions_are_answered_alike(outlets: Outlets) -> None:
    """Hours at their end, the day at its midnight; as the generated panels ask."""
    start = outlets.midnight(DAY)
    hours = {one.mark.isoformat(): one.value for one in outlets.stored(WindowKind.HOUR, DAY)}
    found = outlets.dashboard(queries.hourly(["pm25"]), start + MICROSECOND * 1000, start + 24 * HOUR)
    assert {datetime.fromisoformat(at).isoformat(): value for at, value in found.items()} == hours
    day = outlets.dashboard(queries.daily(["pm25"], "Asia/Ho_Chi_Minh"), start, start)
    assert list(day.values()) == [outlets.stored(WindowKind.DAY, DAY)[0].value]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_people_read_the_day_as_it_is_rounded_once(outlets: Outlets, lang: str) -> None:
    """Station page, area page, HTML and PDF: by the one rounding, with the digits that the comparison needs."""
    parameter = outlets.registry.parameters["pm25"]
    (day,) = outlets.stored(WindowKind.DAY, DAY)
    assert day.value is not None
    figure = shown(day.value, bound_of(day), parameter.precision, lang)
    root = "" if lang == "vi" else "/en"
    station = httpx.get(f"{outlets.address}{root}/stations/{STATION}").text
    assert f'<span class="big">{figure}</span>' in station
    written = with_unit(figure, parameter.unit, lang)
    assert f"<b>{written}</b>" in outlets.report("day", str(DAY), "html", lang)
    assert written.replace(NBSP, " ") in outlets.report("day", str(DAY), "pdf", lang)
    hour = outlets.stored(WindowKind.HOUR, DAY)[-1]
    assert hour.value is not None
    assert (
        with_unit(shown(hour.value, None, parameter.precision, lang), parameter.unit, lang)
        in httpx.get(f"{outlets.address}{root}/areas/{AREA}").text
    )


def test_a_month_is_the_same_everywhere(outlets: Outlets) -> None:
    """Store, API, export, trend, report in all its forms, and the page of the area."""
    (month,) = outlets.stored(WindowKind.MONTH, FIRST)
    assert (month.valid, month.expected) == (27, 28), "one day of the recording has too few hours"
    end = AFTER.isoformat() + "T00:00:00+07:00"
    asked = {"station": STATION, "parameter": "pm25", "window": "month", "from": str(FIRST), "to": str(AFTER)}
    for rows in (
        outlets.api("rollups", **asked), outlets.export("rollups", "month", FIRST, AFTER),
        outlets.report("month", "2026-02", "csv"), series_of(outlets.report("month", "2026-02", "json"))["windows"],
    ):  # fmt: skip
        assert windows(rows, "month") == {end: month.value}
    (trend,) = [one for one in outlets.api(f"areas/{AREA}/trend") if (one["parameter"], one["kind"]) == ("pm25", "air")]
    assert [one["value"] for one in trend["months"] if one["month"] == "2026-02"] == [month.value]
    assert series_of(outlets.report("month", "2026-02", "json"))["value"] == month.value
    parameter = outlets.registry.parameters["pm25"]
    figure = shown(month.value or 0.0, None, parameter.precision, "vi")
    assert f"<b>{with_unit(figure, parameter.unit, 'vi')}</b>" in outlets.report("month", "2026-02", "html")
    assert figure in outlets.report("month", "2026-02", "pdf")
    assert f'<td class="n">{figure}</td>' in httpx.get(f"{outlets.address}/areas/{AREA}").text


def test_days_over_the_limit_are_counted_the_same(outlets: Outlets) -> None:
    """From the windows themselves, and as the trend, the report and the page say them."""
    marks = Window(outlets.midnight(FIRST) - MICROSECOND, outlets.midnight(DAY))
    over = [one for one in outlets.store.read_rollups(WindowKind.DAY, [KEY], marks)[KEY] if is_over(one)]
    assert 3 < len(over) < 28
    assert {one.limit_high for one in over} == {45.0}
    asked = {"station": STATION, "parameter": "pm25", "window": "day", "from": str(FIRST), "to": str(AFTER)}
    assert sum(one["value"] is not None and one["value"] > 45 for one in outlets.api("rollups", **asked)) == len(over)
    (trend,) = [one for one in outlets.api(f"areas/{AREA}/trend") if (one["parameter"], one["kind"]) == ("pm25", "air")]
    assert [one["days_outside"] for one in trend["months"] if one["month"] == "2026-02"] == [len(over)]
    (outside,) = series_of(outlets.report("month", "2026-02", "json"))["outside"]
    worst = max(over, key=lambda one: one.value or 0)
    assert (outside["window"], outside["count"], outside["worst"]["value"]) == ("day", len(over), worst.value)
    assert sum(
        row["outside"] == "yes" for row in outlets.report("month", "2026-02", "csv")
        if (row["window"], row["station"], row["parameter"]) == ("day", *KEY)
    ) == len(over)  # fmt: skip
    line = f'<td class="n">{len(over)}</td>'
    assert line in outlets.report("month", "2026-02", "html")
    figure = shown(worst.value or 0.0, bound_of(worst), outlets.registry.parameters["pm25"].precision, "vi")
    assert figure in outlets.report("month", "2026-02", "html")
    assert figure in outlets.report("month", "2026-02", "pdf")


def test_an_index_is_the_same_everywhere(outlets: Outlets) -> None:
    """Every hour of the day, and on the page that of its last hour."""
    start = outlets.midnight(DAY)
    stored = outlets.store.read_indices("vn_aqi", WindowKind.HOUR, [STATION], Window(start, start + 24 * HOUR))
    by_end = {
        one.mark.astimezone(outlets.registry.zone).isoformat(): one.value for one in stored if one.value is not None
    }
    assert len(by_end) > 20
    asked = {"station": STATION, "window": "hour", "from": str(DAY), "to": str(AFTER)}

    def of(rows: list[dict[str, Any]]) -> dict[str, int]:
        return {
            one["end"]: int(one["value"]) for one in rows
            if one.get("index", "vn_aqi") == "vn_aqi" and one["window"] == "hour" and one["value"] not in {None, ""}
        }  # fmt: skip

    assert of(outlets.api("indices", **asked)) == by_end
    assert of(outlets.export("indices", "hour", DAY, AFTER)) == by_end
    (area,) = outlets.report("day", str(DAY), "json")["areas"]
    (index,) = [one for one in area["indices"] if (one["station"], one["index"]) == (STATION, "vn_aqi")]
    assert of(index["points"]) == by_end
    asked_by_grafana = outlets.dashboard(queries.index("vn_aqi"), start + MICROSECOND * 1000, start + 24 * HOUR)
    assert list(asked_by_grafana.values()) == list(by_end.values())
    newest = list(by_end.values())[-1]
    assert f"VN_AQI {newest}," in httpx.get(f"{outlets.address}/areas/{AREA}").text
    highest = f"{max(by_end.values())} ("
    assert highest in outlets.report("day", str(DAY), "html")
    assert highest in outlets.report("day", str(DAY), "pdf")
