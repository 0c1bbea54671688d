"""Whether pollution is being resolved: from figures in a real store to the API and the page of an area."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import fsum
from statistics import mean
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from domain.clock import SetClock
from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from reports.portal import make_app
from support.browsing import DESKTOP, PHONE, chromium, visit
from support.builders import point
from support.seen import Seen, add_alert, province
from support.served import served
from support.years import daily, hour, midnight, monthly

FIRST, TODAY = date(2023, 1, 1), date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)
DEC = date(2025, 12, 30), date(2026, 1, 2)


@dataclass
class Resolved:
    address: str
    seen: Seen

    def row(self, area: str, parameter: str, kind: str) -> dict[str, Any]:
        rows = httpx.get(f"{self.address}/api/v1/areas/{area}/trend?lang=en").raise_for_status().json()
        (found,) = [one for one in rows if one["parameter"] == parameter and one["kind"] == kind]
        return found


def season(day: date) -> float:
    return 10.0 if day.month in {11, 12, 1, 2, 3} else 0.0


def put(seen: Seen, days: list[RollupPoint], of: Callable[[list[float]], float] = mean, **changes: Any) -> None:
    """Write days, and the months that are over."""
    running = midnight(seen.registry, TODAY.replace(day=1))
    months = [one for one in monthly(seen.registry, days, of, **changes) if one.mark < running]
    seen.store.write_rollups([*days, *months])


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolved]:
    seen = province(tmp_path_factory.mktemp("resolved"), with_data=False)
    registry, store, outfall = seen.registry, seen.store, seen.outfall
    air, cod, ph = SeriesKey("KK-DH1-01", "pm25"), SeriesKey(outfall, "cod"), SeriesKey(outfall, "ph")
    span = (FIRST, TODAY)
    # 47 stands between the limit of 2025 (50) and that of 2026 (45).
    pm25 = daily(
        registry,
        air,
        span,
        lambda day: 47.0 if DEC[0] <= day < DEC[1] else 20.0 + season(day) - (day.year - FIRST.year),
    )
    put(seen, pm25)
    put(seen, daily(registry, cod, span, lambda day: 60.0 + season(day) + 5 * (day.year - FIRST.year), limit_kind=0))
    over = [(date(2025, 11, 3), 1), (date(2025, 11, 3), 2), (date(2025, 11, 30), 24), (date(2025, 12, 1), 1)]
    store.write_rollups([hour(registry, cod, day, ends, 140.0, 135.0) for day, ends in over])
    store.write_rollups([hour(registry, cod, date(2025, 12, 1), 2, 135.0, 135.0)])
    put(seen, daily(registry, ph, (date(2025, 12, 1), TODAY), lambda _: 7.0, limit_kind=0))
    tonnes = SeriesKey("CAN-TH-01", "weight")
    weighed = daily(
        registry, tonnes, (date(2025, 12, 1), TODAY), lambda day: 130.0 if day.month == 1 else 100.0, expected=0, valid=9,
    )  # fmt: skip
    put(seen, weighed, fsum, expected=0)
    level = SeriesKey("RR-TH-01", "leachate_level")
    put(seen, daily(registry, level, (date(2025, 12, 1), TODAY), lambda _: 2.4))
    store.write_rollups([
        point(midnight(registry, date(2026, 1, 5)) + timedelta(hours=ends), high, station=level.station, parameter=level.parameter)
        for ends, high in ((4, 2.51), (5, 2.5), (6, 2.6))
    ])  # fmt: skip
    for number in ("VV-2025-0001", "VV-2025-0002"):
        closed = micros(datetime(2025, 11, 4, tzinfo=UTC))
        add_alert(seen, number=number, crossed_at=closed - 1, closed_at=closed)
    clock = SetClock(NOW)
    with served(make_app(registry, store, seen.engine, clock, demo=False)) as address:
        yield Resolved(address, seen)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_a_fall_of_one_a_year_is_better(resolved: Resolved) -> None:
    """The season of ten is no trend; the mean of a month is that of its days."""
    row = resolved.row("duc-hoa-1", "pm25", "air")
    assert (row["verdict"], row["trend"]["slope_per_year"]) == ("better", -1.0)
    assert row["months_with_enough_data"] == 38
    november = next(one for one in row["months"] if one["month"] == "2024-11")
    assert (november["value"], november["share"], november["days_outside"]) == (29.0, 1.0, 0)
    assert row["sentence"].startswith("Better: the monthly mean falls by 1.00\u00a0µg/m³ a year over 38 months")


def test_a_day_is_compared_with_the_law_of_that_day(resolved: Resolved) -> None:
    """47 µg/m³ was within the limit until the end of 2025, and is over it from 2026 on."""
    months = {one["month"]: one for one in resolved.row("duc-hoa-1", "pm25", "air")["months"]}
    assert (months["2025-12"]["days_outside"], months["2026-01"]["days_outside"]) == (0, 1)


def test_a_rise_is_worse_and_its_hours_are_counted_by_local_day(resolved: Resolved) -> None:
    """24:00 of the 30th belongs to November; a level equal to the limit is within it."""
    row = resolved.row("duc-hoa-1", "cod", "outfall")
    assert (row["verdict"], row["trend"]["slope_per_year"]) == ("worse", 5.0)
    months = {one["month"]: (one["hours_outside"], one["days_outside"]) for one in row["months"]}
    assert (months["2025-11"], months["2025-12"], months["2026-01"]) == ((3, 2), (1, 1), (0, 0))
    # December and its first day are not over in the count: January and February are full months, March is running.
    assert (row["last_outside"], row["full_months_since"]) == ("2025-12-01", 2)


def test_what_comes_back_is_named_with_its_rule(resolved: Resolved) -> None:
    """Twice is more than once; what came once is no repetition."""
    row = resolved.row("duc-hoa-1", "cod", "outfall")
    assert row["repeated_causes"] == [{"station": resolved.seen.outfall, "rule": "cod-hour", "alerts": 2}]
    assert "2 alerts in 12 months" in httpx.get(f"{resolved.address}/en/areas/duc-hoa-1").text


def test_a_limit_that_is_not_confirmed_is_called_a_reference(resolved: Resolved) -> None:
    """On the page and in the data."""
    assert resolved.row("duc-hoa-1", "pm25", "air")["limit_confirmed"] is False
    assert resolved.row("duc-hoa-1", "cod", "outfall")["limit_confirmed"] is True
    page = httpx.get(f"{resolved.address}/en/areas/duc-hoa-1").text
    assert page.count("The limit is a reference that is not confirmed") == 2  # PM2.5 and pH


def test_the_running_month_enters_no_trend(resolved: Resolved) -> None:
    """It is shown, and marked."""
    row = resolved.row("duc-hoa-1", "pm25", "air")
    last = row["months"][-1]
    assert (last["month"], last["running"], last["expected"]) == ("2026-03", True, 9 * 24)
    assert row["trend"]["months"] == 38


def test_three_months_are_not_judged(resolved: Resolved) -> None:
    """Both sides of pH count: its trend is of the time outside."""
    row = resolved.row("duc-hoa-1", "ph", "outfall")
    assert (row["verdict"], row["trend_of"], row["months_with_enough_data"]) == ("not_enough_data", "share_outside", 3)
    assert row["sentence"] == "Not enough data: 3 months have enough valid data, at least 24 are needed."


def test_tonnes_are_held_against_the_licence(resolved: Resolved) -> None:
    """120 t a day: 31 × 130 t in January are more than 31 × 120 t."""
    row = resolved.row("thanh-hoa", "weight", "waste")
    january = next(one for one in row["capacity"] if one["month"] == "2026-01")
    assert january == {"month": "2026-01", "tonnes": 31 * 130.0, "allowed": 31 * 120.0}
    page = httpx.get(f"{resolved.address}/en/areas/thanh-hoa").text
    assert "2,800\u00a0t of 3,360" not in page
    assert "2,800 t of 3,360 t allowed by the licence in Feb 2026; months above it: 1 of 3." in page


def test_leachate_is_held_against_the_stated_level(resolved: Resolved) -> None:
    """2.5 m is within 2.5 m."""
    row = resolved.row("thanh-hoa", "leachate_level", "waste")
    january = next(one for one in row["months"] if one["month"] == "2026-01")
    assert (row["against"], january["hours_outside"], january["days_outside"]) == ("leachate_level", 2, 1)


def test_an_area_that_there_is_not_is_refused(resolved: Resolved) -> None:
    """With where the list is."""
    answer = httpx.get(f"{resolved.address}/api/v1/areas/nowhere/trend?lang=en")
    assert answer.status_code == 404
    assert "/api/v1/areas" in answer.json()["detail"]


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("area", ["duc-hoa-1", "thanh-hoa"])
def test_the_section_can_be_read_on_every_screen(
    resolved: Resolved, browser: Browser, area: str, language: str
) -> None:
    """Years of it, on a telephone too; the answer in both languages."""
    with visit(browser, f"{resolved.address}{language}/areas/{area}") as seen:
        for width, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            assert seen.look(width, scheme) == {}, f"at {width}, {scheme}"
        assert seen.read() == {}
        words = seen.page.locator("#h-resolving").text_content()
        assert words == ("Is pollution being resolved?" if language else "Ô nhiễm có đang được giải quyết không?")
