"""What the page of a station, the API and the dashboards' questions say of indices."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from analysis.schemes import SCHEMES
from domain.clock import SetClock
from domain.rollup import IndexPoint
from domain.window import WindowKind, local_midnight
from registry.limits import Confirmation
from reports.portal import make_app
from storage import confirmations
from storage.state import open_state
from support.browsing import DESKTOP, PHONE, chromium, visit
from support.seen import NEWEST, NOW, Seen, province
from support.served import served

AIR, RIVER = "KK-DH1-01", "NM-BL-01"
WQI = SCHEMES["vn_wqi"]


def points(seen: Seen) -> list[IndexPoint]:
    day = local_midnight(NEWEST - timedelta(days=1), seen.registry.zone)
    hour, hour_us = "qd1459-2019-nowcast-normalised", "epa-2024-nowcast-pm"
    return [
        IndexPoint(AIR, "vn_aqi", WindowKind.HOUR, NEWEST, 127, 3, "pm25", 66.2, ("so2",), hour),
        IndexPoint(AIR, "us_aqi", WindowKind.HOUR, NEWEST, None, missing=("pm25", "pm10"), version=hour_us),
        IndexPoint(AIR, "vn_aqi", WindowKind.DAY, day, 90, 2, "pm10", 130.0, (), "qd1459-2019-day"),
        IndexPoint(AIR, "us_aqi", WindowKind.DAY, day, 151, 4, "pm25", 55.7, ("co", "o3"), "epa-2024-day"),
        IndexPoint(RIVER, "vn_wqi", WindowKind.DAY, day, 86, 2, "dissolved_oxygen", 5.0,
                   ("heptachlor", "arsenic", "e_coli"), "qd1460-2019-day-form-a"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The shipped province with all three indices, VN_WQI confirmed."""
    made = province(tmp_path_factory.mktemp("seen"))
    listing = made.registry.province.model_copy(update={"indices": ("vn_aqi", "us_aqi", "vn_wqi")})
    made = replace(made, registry=replace(made.registry, province=listing))
    version = WQI.version(WindowKind.DAY, made.registry)
    confirmations.add(made.engine, Confirmation(WQI.row, "N", NOW.date(), None, version), note="n", at=NOW)
    made.store.write_indices(points(made))
    return made


@pytest.fixture(scope="module")
def address(seen: Seen) -> Iterator[str]:
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=True)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("station", [AIR, RIVER])
def test_a_page_with_indices_can_be_read_on_every_screen(
    address: str, browser: Browser, station: str, language: str
) -> None:
    """Nothing sideways, cut off, faint or tiny, on desktop and phone, light and dark."""
    with visit(browser, f"{address}{language}/stations/{station}") as page:
        for width, scheme in zip((DESKTOP, PHONE), ("dark", "light") if language else ("light", "dark"), strict=True):
            assert page.look(width, scheme) == {}, f"at {width}, {scheme}"
        assert page.read() == {}


def section(browser: Browser, address: str, path: str) -> list[list[str]]:
    with visit(browser, address + path) as page:
        rows = page.page.locator("section[aria-labelledby=h-index] tbody tr").all()
        return [[" ".join(cell.inner_text().split()) for cell in row.locator("th, td").all()] for row in rows]


def test_a_station_says_each_index_with_its_text_what_decides_and_what_is_missing(
    address: str, browser: Browser
) -> None:
    """One that cannot be computed says so, and for want of what."""
    hour, day, us_hour, us_day = section(browser, address, f"/stations/{AIR}")
    assert hour[0].startswith("VN_AQI, Quyết định 1459/QĐ-TCMT năm 2019, theo giờ, NowCast chuẩn hóa")
    assert (hour[1].startswith("127 Kém"), hour[2], hour[3]) == (True, "Bụi PM2,5 66,2 µg/m³", "SO₂")
    assert (day[0].endswith("Đến 24:00 thứ Hai 23/11/2026"), day[1].startswith("90 Trung bình")) == (True, True)
    assert day[3] == "không thiếu gì"
    assert us_hour[1:] == ["– Không tính được", "–", "PM2,5, PM10"]
    assert us_day[1].startswith("151 Không tốt")


def test_water_has_words_and_colours_of_its_own(address: str, browser: Browser) -> None:
    """Kém and Xấu stand in the opposite order in air and water."""
    ((scheme, value, decided, missing),) = section(browser, address, f"/en/stations/{RIVER}")
    assert "form A" in scheme
    assert value.startswith("86 Good")
    assert (decided, missing) == ("Dissolved oxygen 5.00 mg/L", "Heptachlor, As, E. coli")


def test_an_index_that_nobody_confirmed_or_lists_is_not_shown(seen: Seen, tmp_path: Path) -> None:
    """Though figures of it are kept, as of an earlier version that was confirmed."""
    engine = open_state(f"sqlite:///{tmp_path}/state.sqlite")
    with served(make_app(seen.registry, seen.store, engine, seen.clock, demo=True)) as found:
        assert "h-index" not in httpx.get(f"{found}/stations/{RIVER}").text
        assert "US AQI" in httpx.get(f"{found}/stations/{AIR}").text
    listing = seen.registry.province.model_copy(update={"indices": ("vn_aqi",)})
    fewer = replace(seen.registry, province=listing)
    with served(make_app(fewer, seen.store, seen.engine, seen.clock, demo=True)) as found:
        assert "US AQI" not in httpx.get(f"{found}/stations/{AIR}").text


def test_the_province_and_an_area_say_by_which_text_their_index_is(address: str) -> None:
    """The scale names it once; an area names that of its own figure."""
    words = "VN_AQI, Decision 1459/QĐ-TCMT of 2019, hourly, NowCast normalised"
    assert words in httpx.get(f"{address}/en/").text
    assert f"VN_AQI 127, Poor ({words})" in httpx.get(f"{address}/en/areas/duc-hoa-1").text


def test_an_index_that_is_too_old_is_not_shown_as_the_newest(seen: Seen) -> None:
    """An hour for three hours, a day for two days."""
    for after, shown in ((timedelta(hours=2), 4), (timedelta(hours=4), 2), (timedelta(days=3), 0)):
        clock = SetClock(NOW + after)
        with served(make_app(seen.registry, seen.store, seen.engine, clock, demo=True)) as found:
            page = httpx.get(f"{found}/en/stations/{AIR}").text
            assert page.count("AQI, ") == shown


def test_the_links_of_the_indices_answer(address: str, browser: Browser) -> None:
    """Each leads to the station's own."""
    with visit(browser, f"{address}/stations/{AIR}") as page:
        links = [
            one.get_attribute("href") or "" for one in page.page.locator("section[aria-labelledby=h-index] a").all()
        ]
    assert [AIR in httpx.get(address + link).text for link in links] == [True, True]


def test_the_api_says_scheme_and_what_is_missing(address: str) -> None:
    """A list in JSON, separated by spaces in CSV; a day under its end."""
    days = httpx.get(f"{address}/api/v1/indices?station={AIR}&window=day").json()
    assert [(one["index"], one["value"], one["missing"], one["end"]) for one in days] == [
        ("vn_aqi", 90, [], "2026-11-24T00:00:00+07:00"),
        ("us_aqi", 151, ["co", "o3"], "2026-11-24T00:00:00+07:00"),
    ]
    hours = httpx.get(f"{address}/api/v1/indices?station={AIR}&format=csv").text
    rows = {row["index"]: row for row in csv.DictReader(StringIO(hours))}
    assert (rows["us_aqi"]["value"], rows["us_aqi"]["missing"]) == ("", "pm25 pm10")
    assert rows["vn_aqi"]["scheme"] == "VN_AQI, Decision 1459/QĐ-TCMT of 2019, hourly, NowCast normalised"
