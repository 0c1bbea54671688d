"""The public report as people make it: its forms agree, it refuses what has not begun, and it is whole or not there."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from domain.reading import SeriesKey
from domain.rollup import RollupState
from reports.periodic import make_report
from reports.periods import Period, PeriodKind
from reports.portal import make_app
from reports.render import Renderer
from service.data_folder import DEMO_MEMORY
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.browsing import DESKTOP, PHONE, chromium, visit
from support.program import CONFIG, call
from support.seen import NOW, Seen, province
from support.served import served
from support.years import daily, hour, midnight, monthly

AREA = "duc-hoa-1"
SERIES = (0x1D, 0x4F, 0x91)
FIRST, LAST = date(2025, 11, 1), date(2026, 2, 1)


@dataclass
class Made:
    seen: Seen
    renderer: Renderer

    def report(self, kind: PeriodKind, day: date, *areas: str) -> Any:
        seen = self.seen
        period = Period.of(kind, day)
        return make_report(seen.registry, seen.store, seen.engine, seen.clock.now(), period, areas or [AREA])

    def write(self, kind: PeriodKind, day: date, lang: str = "en") -> str:
        return self.renderer.html(self.report(kind, day), lang)

    def json(self, kind: PeriodKind, day: date) -> Any:
        return json.loads(self.renderer.write(self.report(kind, day), "json", "en"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    seen = province(tmp_path_factory.mktemp("report"))
    registry, store = seen.registry, seen.store
    pm25 = daily(
        registry, SeriesKey("KK-DH1-01", "pm25"), (FIRST, LAST), lambda day: 30.0 + day.day / 2 + 2 * (day.day == 31)
    )
    cod = daily(registry, SeriesKey(seen.outfall, "cod"), (FIRST, LAST), lambda _: 98.76, limit_kind=0)
    store.write_rollups([*pm25, *monthly(registry, pm25), *cod, *monthly(registry, cod)])
    key = SeriesKey(seen.outfall, "cod")
    store.write_rollups([
        hour(registry, key, date(2025, 12, 9), ends, level, 135.0)
        for ends, level in ((7, 140.26), (8, 135.0), (24, 137.0))
    ])
    return Made(seen, Renderer(registry, demo=False))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def series(report: dict[str, Any], parameter: str) -> dict[str, Any]:
    found = [
        one for area in report["areas"] for one in area["series"] if one["parameter"] == parameter and one["windows"]
    ]
    return dict(found[0])


def test_a_month_says_its_figure_its_counts_and_what_was_outside(made: Made) -> None:
    """An hour equal to the limit is within it; the one that ends at 24:00 belongs to its day."""
    found = series(made.json(PeriodKind.MONTH, date(2025, 12, 5)), "cod")
    assert (found["value"], found["valid"], found["expected"], found["sufficient"]) == (98.76, 31, 31, "yes")
    assert [(one["window"], one["count"], one["worst"]["value"]) for one in found["outside"]] == [("hour", 2, 140.26)]
    page = made.write(PeriodKind.MONTH, date(2025, 12, 5))
    assert "99\u00a0mg/L" in page
    assert "hourly mean: at worst 140\u00a0mg/L (07:00, 9 Dec 2025)" in page
    assert "31/31" in page


def test_each_limit_is_the_law_of_its_days_with_clause_and_confidence(made: Made) -> None:
    """PM2.5 over 24 hours: 50 until the end of 2025, 45 from 2026 on; a year across the change names both."""
    rows = {
        key: [(one["high"], one["first"], one["after"], one["clause"] != "", one["confidence"]) for one in found["limits"] if one["window"] == "day"]
        for key, day in (("2025", date(2025, 12, 1)), ("2026", date(2026, 1, 1)))
        for found in [series(made.json(PeriodKind.MONTH, day), "pm25")]
    }  # fmt: skip
    assert rows["2025"] == [(50.0, "2025-12-01", "2026-01-01", True, rows["2025"][0][4])]
    assert rows["2026"] == [(45.0, "2026-01-01", "2026-02-01", True, rows["2026"][0][4])]
    # 30 + 31/2 + 2 = 47.5 on the 31st: within the limit in December, over it in January, with the 31st alone.
    counts = [
        series(made.json(PeriodKind.MONTH, day), "pm25")["outside"] for day in (date(2025, 12, 1), date(2026, 1, 1))
    ]
    assert counts[0] == []
    assert [one["count"] for one in counts[1]] == [1]


def test_what_is_not_verified_is_called_provisional(made: Made, tmp_path: Path) -> None:
    """Only where every figure is verified is the report."""
    assert made.json(PeriodKind.MONTH, date(2025, 12, 1))["state"] == "provisional"
    seen = province(tmp_path, with_data=False)
    key = SeriesKey(seen.outfall, "cod")
    days = daily(seen.registry, key, (FIRST, LAST), lambda _: 98.76, limit_kind=0, state=RollupState.VERIFIED)
    seen.store.write_rollups([*days, *monthly(seen.registry, days, state=RollupState.VERIFIED)])
    verified = Made(seen, Renderer(seen.registry, demo=False))
    assert verified.json(PeriodKind.MONTH, date(2025, 12, 1))["state"] == "verified"
    assert "<b>Verified data</b>" in verified.write(PeriodKind.MONTH, date(2025, 12, 1))


def test_a_period_that_is_not_over_says_so(made: Made) -> None:
    """Its figures are of the days so far, and not called sufficient."""
    found = made.json(PeriodKind.MONTH, NOW.date())
    assert found["running"] is True
    assert "The period is not over: figures up to now" in made.write(PeriodKind.MONTH, NOW.date())
    assert made.json(PeriodKind.MONTH, date(2025, 12, 1))["running"] is False


def test_a_year_has_its_months_and_the_trend_as_it_was_at_its_end(made: Made) -> None:
    """Not what became known later: the trend's last month is the year's."""
    found = made.json(PeriodKind.YEAR, date(2025, 6, 1))
    months = [one["start"][:7] for one in series(found, "cod")["windows"] if one["window"] == "month"]
    assert months == ["2025-11", "2025-12"]
    (trend,) = [one for one in found["areas"][0]["trend"] if one["parameter"] == "cod"]
    assert [one["month"] for one in trend["months"]] == ["2025-11", "2025-12"]
    assert trend["verdict"] == "not_enough_data"


def test_the_csv_has_the_rollups_own_columns_also_where_there_is_nothing(made: Made) -> None:
    """So that what reads an export reads a report."""
    empty = made.renderer.write(made.report(PeriodKind.MONTH, date(2024, 1, 1)), "csv", "en").decode()
    rows = list(
        csv.DictReader(
            StringIO(made.renderer.write(made.report(PeriodKind.DAY, date(2025, 12, 9)), "csv", "en").decode())
        )
    )
    export = "start,end,window,station,parameter,value,unit,valid,expected,suspect,min,max,sufficient,state,revision"
    assert empty.startswith(export + ",area,")
    assert empty.count("\n") == 1
    hours = [row["value"] for row in rows if row["window"] == "hour" and row["outside"] == "yes"]
    assert hours == ["140.26", "137.0"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_file_can_be_read_on_a_telephone(made: Made, browser: Browser, tmp_path: Path, lang: str) -> None:
    """One file that asks nothing of anybody; nothing sideways, cut off or faint."""
    path = tmp_path / "report.html"
    path.write_text(made.write(PeriodKind.MONTH, date(2025, 12, 1), lang))
    with visit(browser, path.as_uri()) as seen:
        for width, scheme in ((PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light")):
            assert seen.look(width, scheme) == {}, f"at {width}, {scheme}"
        assert seen.read() == {}
        assert seen.asked == [path.as_uri()]


def test_the_pdf_has_what_the_page_has(made: Made, tmp_path: Path) -> None:
    """The same figures on numbered pages of A4, in letters that hold Vietnamese, with the charts drawn."""
    report = made.report(PeriodKind.MONTH, date(2025, 12, 1))
    paper = tmp_path / "report.pdf"
    paper.write_bytes(made.renderer.write(report, "pdf", "vi"))
    printed = " ".join(_run("pdftotext", "-layout", paper, "-").split())
    for words in (
        "KCN Đức Hòa 1: báo cáo tháng 12/2025",
        "99 mg/L",
        "140 mg/L",
        "1,04 lần",
        "Trang 1/",
        "Sở Nông nghiệp",
    ):
        assert words in printed
    assert re.search(r"Page size: +59[45](\.\d+)? x 84[12]", _run("pdfinfo", paper))
    fonts = _run("pdffonts", paper).splitlines()[2:]
    assert fonts
    assert all("Noto" in one and " yes " in one for one in fonts)
    drawn = subprocess.run(["pdftoppm", "-r", "60", paper], check=True, capture_output=True).stdout
    assert drawn.count(bytes(SERIES)) > 300, "the lines of the charts have their colour"


def _run(*command: object) -> str:
    return subprocess.run([str(one) for one in command], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data folder with a month of one station, as a service leaves it."""
    folder = tmp_path / "var"
    folder.mkdir()
    seen = province(tmp_path / "seen", with_data=False)
    store = SqliteReadings(folder / "readings.sqlite")
    open_state(f"sqlite:///{folder}/state.sqlite").dispose()
    days = daily(seen.registry, SeriesKey(seen.outfall, "cod"), (date(2026, 2, 1), date(2026, 3, 1)), lambda _: 98.76)
    store.write_rollups([*days, *monthly(seen.registry, days)])
    store.close()
    return tmp_path


def test_the_command_writes_each_form_and_names_the_files(kept: Path) -> None:
    """What is said in a language bears its name; drafts are gone."""
    done = call(
        "report",
        "month",
        "--area",
        AREA,
        "--date",
        "2026-02",
        "--format",
        "json,html, csv,pdf",
        "--out",
        "a/b",
        cwd=kept,
        CLOCK="2026-03-02T09:00:00+07:00@1",
    )
    assert (done.returncode, done.stderr) == (0, "")
    names = {f"month-2026-02-{AREA}.{end}" for end in ("en.html", "en.pdf", "csv", "json")}
    assert {one.name for one in (kept / "a/b").iterdir()} == names
    assert {Path(line).name for line in done.stdout.split()} == names
    assert series(json.loads((kept / f"a/b/month-2026-02-{AREA}.json").read_bytes()), "cod")["value"] == 98.76


def test_without_an_area_the_whole_province_is_one_report(kept: Path) -> None:
    """Every area a part of it."""
    call(
        "report",
        "day",
        "--date",
        "2026-02-03",
        "--format",
        "json",
        "--out",
        "out",
        cwd=kept,
        CLOCK="2026-03-02T09:00:00+07:00@1",
    )
    (path,) = (kept / "out").iterdir()
    assert len(json.loads(path.read_bytes())["areas"]) == 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("month", "--date", "2026-04"), "--date is 2026-04: that has not begun; today is 2026-03-02."),
        (("day", "--date", "2026-03-03"), "that has not begun"),
        (("year", "--date", "2027"), "that has not begun"),
        (("day", "--date", "2026-02"), "--date is 2026-02: write a date such as 2026-03-01."),
        (("month", "--date", "2026-13"), "write a date such as 2026-03."),
        (("week", "--date", "2026-02-01"), "PERIOD is week: it must be one of day, month, year."),
        (("day", "--date", "2026-02-01", "--format", "html,doc"), "--format is doc: it must be one of html, pdf, csv, json."),
        (("day", "--date", "2026-02-01", "--area", "duc-hoa"), "--area: there is no duc-hoa."),
    ],
)  # fmt: skip
def test_what_cannot_be_reported_is_refused_and_nothing_written(
    kept: Path, arguments: tuple[str, ...], said: str
) -> None:
    """With what would be right, and exit status 2."""
    done = call("report", *arguments, "--out", "out", cwd=kept, CLOCK="2026-03-02T09:00:00+07:00@1")
    assert done.returncode == 2
    assert said in done.stderr
    assert not (kept / "out").exists()


def test_without_pango_the_remedy_is_named_and_nothing_is_written(kept: Path) -> None:
    """A library that cannot be loaded stands in Pango's place, for a process of its own."""
    broken = kept / "lib"
    broken.mkdir()
    for name in ("libpango-1.0-0", "libpango-1.0.so.0", "libpango-1.0.so"):
        (broken / name).write_bytes(b"")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("QUANTRAC_")}
    environment = {
        **ours,
        "LD_LIBRARY_PATH": str(broken),
        "QUANTRAC_CONFIG": str(CONFIG),
        "QUANTRAC_LANG": "en",
        "QUANTRAC_CLOCK": "2026-03-02T09:00:00+07:00@1",
    }
    command = (
        sys.executable,
        "-m",
        "service.cli",
        "report",
        "day",
        "--date",
        "2026-02-01",
        "--area",
        AREA,
        "--out",
        "out",
    )

    def run(forms: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--format", forms], cwd=kept, env=environment, capture_output=True, text=True, check=False
        )

    refused = run("html,pdf,csv")
    assert refused.returncode == 2
    assert "apt-get install libpango-1.0-0" in refused.stderr
    assert not (kept / "out").exists()
    assert run("html,csv").returncode == 0


def test_the_data_of_a_demonstration_say_so_in_every_form(kept: Path) -> None:
    """Nobody may cite them as the department's."""
    (kept / "var" / DEMO_MEMORY).write_text("{}")
    call(
        "report",
        "day",
        "--date",
        "2026-02-03",
        "--area",
        AREA,
        "--format",
        "html,csv,json",
        "--out",
        "out",
        cwd=kept,
        CLOCK="2026-03-02T09:00:00+07:00@1",
    )
    for path in (kept / "out").iterdir():
        assert "DEMO" in path.read_text()
    assert json.loads((kept / f"out/day-2026-02-03-{AREA}.json").read_bytes())["licence"] is None


def test_the_portal_gives_reports_as_page_and_as_data(made: Made) -> None:
    """Of what there is, and nothing of what has not begun; a PDF is never made on request."""
    seen = made.seen
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        listing = httpx.get(f"{address}/en/reports/").text
        paths = re.findall(r'href="(/en/reports/[a-z]+/[\d-]+/duc-hoa-1)"', listing)
        assert "/en/reports/month/2026-10/duc-hoa-1" in paths
        assert [httpx.get(address + path).status_code for path in paths] == [200] * len(paths)
        page = httpx.get(f"{address}/reports/month/2025-12/{AREA}").text
        assert "KCN Đức Hòa 1: báo cáo tháng 12/2025" in page
        assert f'href="/reports/month/2025-12/{AREA}.csv"' in page
        data = httpx.get(f"{address}/reports/month/2025-12/{AREA}.json")
        assert (data.headers["content-type"], series(data.json(), "cod")["value"]) == ("application/json", 98.76)
        rows = httpx.get(f"{address}/reports/month/2025-12/{AREA}.csv")
        assert rows.headers["content-type"].startswith("text/csv")
        wrong = ("month/2026-12/duc-hoa-1", "month/2025-12/nowhere", "week/2025-12-01/duc-hoa-1", "day/2025-12/duc-hoa-1",
                 "month/2025-12/duc-hoa-1.pdf", "month/2025-12-01/duc-hoa-1", "year/1999/duc-hoa-1")  # fmt: skip
        assert [httpx.get(f"{address}/reports/{path}").status_code for path in wrong] == [404] * len(wrong)


def test_midnights_of_periods_are_local(made: Made) -> None:
    """A month begins with its first day in the province, and ends with the next month's."""
    zone = made.seen.registry.zone
    span = Period.of(PeriodKind.MONTH, date(2025, 12, 31)).span(zone)
    assert span.start == midnight(made.seen.registry, date(2025, 12, 1))
    assert span.end - span.start == timedelta(days=31)
