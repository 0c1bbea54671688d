"""The public pages as a visitor meets them: a real server, a real browser, figures in real stores."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from domain.moment import micros
from domain.reading import SeriesKey
from domain.window import HOUR, Window, WindowKind
from registry.limits import Confirmation
from registry.schema import Applies
from reports.portal import Around, make_app
from storage import confirmations
from storage.published import Published
from storage.state import writing
from storage.tables import alerts
from support.browsing import DESKTOP, PHONE, chromium, visit
from support.sealed import SealedJournal
from support.seen import NEWEST, NOW, Seen, add_alert, province
from support.served import served

# Every kind of page: the province, an area with and one without stations of air, each kind of station, one that is
# silent, the data, the API, and what is not there.
PATHS = (
    "/", "/areas/duc-hoa-1", "/areas/thanh-hoa", "/stations/{outfall}", "/stations/{silent}", "/stations/KK-DH1-01",
    "/stations/KK-CG-01", "/stations/KT-DH1-01", "/stations/RR-TH-01", "/stations/CT-HN-01", "/stations/CAN-TH-01",
    "/data", "/data/seals", "/docs", "/reports/", "/reports/day/2026-11-23/duc-hoa-1", "/reports/month/2026-11/duc-hoa-1",
    "/reports/year/2026/thanh-hoa",
)  # fmt: skip
HEAVIEST = 40_000  # bytes of a page on its way, packed: two seconds on a slow telephone


@dataclass
class Site:
    address: str
    seen: Seen

    def get(self, path: str, **how: Any) -> httpx.Response:
        return httpx.get(self.address + self.path(path), **how)

    def path(self, path: str) -> str:
        return path.format(outfall=self.seen.outfall, silent=self.seen.silent)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    seen = province(tmp_path_factory.mktemp("seen"))
    sealed = SealedJournal(tmp_path_factory.mktemp("sealed"), days=70, each=1)
    sealed.seal()
    seals = Published(sealed.folder / "journal", sealed.folder / "keys")
    app = make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=True, around=Around(seals=seals))
    with served(app) as address:
        yield Site(address, seen)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("path", [*PATHS, "/stations/nowhere"])
def test_a_page_can_be_read_on_every_screen(site: Site, browser: Browser, path: str, language: str) -> None:
    """Nothing sideways, cut off, faint or tiny, on desktop and phone, light and dark; nothing asked of anybody else."""
    with visit(browser, site.address + language + site.path(path)) as seen:
        # What is light in one language is dark in the other: together every page is seen in all four ways.
        for width, scheme in zip((DESKTOP, PHONE), ("dark", "light") if language else ("light", "dark"), strict=True):
            assert seen.look(width, scheme) == {}, f"at {width}, {scheme}"
        assert seen.read() == {}
        assert seen.page.locator("html").get_attribute("lang") == ("en" if language else "vi")
        assert {one for one in seen.asked if not one.startswith((site.address, "data:"))} == set()
        assert [one for one in seen.complaints if "404" not in one] == []


def test_a_keyboard_reaches_everything_and_shows_where_it_is(site: Site, browser: Browser) -> None:
    """First the way past the header; then every link in view when it has its turn, with a ring around it."""
    with visit(browser, site.address + site.path("/en/stations/{outfall}"), width=PHONE) as seen:
        stops = seen.page.locator("a[href], summary, [tabindex='0']").count()
        reached = []
        for _ in range(stops):
            seen.page.keyboard.press("Tab")
            reached.append(
                seen.page.evaluate(
                    "() => { const one = document.activeElement, box = one.getBoundingClientRect(), "
                    "style = getComputedStyle(one); return [one.textContent.trim().slice(0, 40), "
                    "style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, "
                    "box.bottom > 0 && box.top < innerHeight && box.right > 0]; }"
                )
            )
        assert reached[0][0] == "Skip to the main content"
        assert [one for one in reached if one[1:] != [True, True]] == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_weighs_little(site: Site, path: str) -> None:
    """Packed on its way to who can unpack it, and only to those; the same page either way."""
    plain = site.get(path, headers={"accept-encoding": "identity"})
    with httpx.stream("GET", site.address + site.path(path), headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "accept-encoding"
    assert "content-encoding" not in plain.headers
    assert len(packed) < HEAVIEST
    assert "<h1>" in gzip.decompress(packed).decode()


def test_an_answer_is_not_held_back_by_the_one_before(site: Site) -> None:
    """Head and body leave as two packets; with Nagle's delay the second would wait 40 ms for the first's receipt."""
    with httpx.Client(base_url=site.address) as visitor:
        times = sorted(visitor.get("/data").elapsed for _ in range(41))
    assert times[20] < timedelta(milliseconds=35)


def test_the_seals_of_the_journal_are_published_with_their_key(site: Site) -> None:
    """All of them to programs, the newest to people, with two sentences on what they are."""
    entries = site.get("/api/v1/seals").json()
    assert [one["number"] for one in entries] == list(range(1, 70))
    assert {one["demo"] for one in entries} == {"DEMO"}
    page, vietnamese = site.get("/en/data/seals").text, site.get("/data/seals").text
    assert entries[-1]["root"] in page
    assert entries[0]["root"] not in page
    assert entries[0]["key"] in vietnamese
    assert "prove later that no message was changed" in page
    assert "chứng minh" in vietnamese
    assert 'href="/en/data/seals"' in site.get("/en/data").text


def test_before_the_first_seal_the_page_says_so(tmp_path: Path) -> None:
    """And the list is empty."""
    seen = province(tmp_path)
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        assert "No day has been sealed yet." in httpx.get(f"{address}/en/data/seals").text
        assert httpx.get(f"{address}/api/v1/seals").json() == []


def test_the_province_answers_in_its_headline(site: Site) -> None:
    """How many places are over, how many stations say nothing; then which."""
    body = site.get("/en/").text
    assert "<h1>1 place is over the limit, 1 station is silent</h1>" in body
    assert "<b>158\u00a0mg/L, 1.17 times the limit of 135</b>" in body
    assert "28 of 29 stations report" in body
    assert "Automatic readings, not a finding of a violation." in body


def test_a_place_that_is_within_its_limit_again_is_said_so_everywhere(tmp_path: Path) -> None:
    """Headline, map, lists and table agree while the alert is not closed yet."""
    seen = province(tmp_path)
    hour = seen.store.read_rollups(WindowKind.HOUR, [SeriesKey(seen.outfall, "cod")], Window(NEWEST - HOUR, NEWEST))
    seen.store.write_rollups([msgspec.structs.replace(one, value=92.0) for points in hour.values() for one in points])
    with writing(seen.engine) as connection:
        connection.execute(sa.update(alerts).values(level=92.0))
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        body = {
            path: httpx.get(f"{address}/en{path}").text
            for path in ("/", "/areas/duc-hoa-1", f"/stations/{seen.outfall}")
        }
        vietnamese = httpx.get(f"{address}/").text
    assert "<h1>No place is over a confirmed limit, 1 station is silent</h1>" in body["/"]
    assert "No station is over a confirmed limit." in body["/"]
    assert "<h3>Within the limit again</h3>" in body["/"]
    assert 'class="m-over"' not in body["/"]
    assert "no place is over a confirmed limit</h1>" in body["/areas/duc-hoa-1"]
    for one in body.values():
        assert "was over the limit until 08:00, 24 Nov 2026; within it again, alert not closed yet." in one
        assert "Over limit" not in one.split("<footer")[0].split('id="h-words"')[0]
    assert "đã vượt giới hạn đến 08:00 24/11/2026; nay đã lại trong giới hạn, cảnh báo chưa đóng." in vietnamese


def test_the_same_figure_in_both_languages(site: Site) -> None:
    """Each in its own way of writing."""
    assert "158\u00a0mg/L, gấp 1,17 lần giới hạn 135" in site.get("/").text
    assert "158\u00a0mg/L, 1.17 times the limit of 135" in site.get("/en/stations/{outfall}").text


def test_no_page_names_a_facility_unless_that_is_switched_on(site: Site, tmp_path: Path) -> None:
    """The policy decides, not the page."""
    facility = site.seen.registry.facilities["DN-07"].names.en
    assert all(facility not in site.get(f"/en{path}").text for path in PATHS)
    open_province = site.seen.registry.province.model_copy(update={"publish_facility_names": True})
    seen = replace(site.seen, registry=replace(site.seen.registry, province=open_province))
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=True)) as address:
        assert facility in httpx.get(f"{address}/en/stations/{seen.outfall}").text


@pytest.mark.parametrize("path", PATHS)
def test_a_demonstration_says_so_on_every_page(site: Site, path: str) -> None:
    """With the moment that its clock shows."""
    body = site.get(path).text
    assert "<b>DEMO</b>" in body
    assert "09:07 thứ Ba 24/11/2026" in body


def test_invented_data_are_called_so_at_every_chart_and_table(site: Site) -> None:
    """A picture that is cut out of the page still says it."""
    body = site.get("/en/stations/{outfall}").text
    assert body.count("<svg viewBox") == body.count("DEMO · invented data</text>") + 7  # the legend's seven signs
    assert all("invented data" in table for table in body.split("<table")[1:])


def test_since_when_it_is_over_is_the_same_in_words_and_at_the_chart(site: Site) -> None:
    """By the name of the first hour that was over: 02:00 for 01:00 to 02:00."""
    body = site.get("/en/stations/{outfall}").text
    (since,) = set(re.findall(r"Since (\d\d:\d\d), Tue 24 Nov 2026", body))
    assert f"COD over the limit, first from {since}, 24 Nov 2026" in body


def test_what_leaves_a_stack_is_shown_in_the_unit_of_the_law(site: Site) -> None:
    """In mg/m³ beside its arithmetic, 500 × 0.9; the API, the files and what is stored keep the canonical unit."""
    body = site.get("/en/stations/KT-DH1-01").text
    assert "µg/m³" not in body
    assert "450\u00a0mg/m³" in body
    newest = site.get("/api/v1/rollups?station=KT-DH1-01&parameter=so2").json()[-1]
    assert newest["unit"] == "ug/m3"
    assert f'<span class="big">{newest["value"] / 1000:.1f}</span> mg/m³' in body


def test_a_recording_names_its_source_and_licence(site: Site) -> None:
    """Whose measurements these are, and under which terms."""
    body = site.get("/en/stations/KK-DH1-01").text
    assert "UCI Machine Learning Repository" in body
    assert "CC BY 4.0" in body


def test_data_of_a_demonstration_are_not_to_be_cited_as_the_departments(site: Site) -> None:
    """On no page; where the data are offered, it says whose the recordings are and under which licence."""
    body = site.get("/en/data").text
    assert "its data are not those of “Tây Ninh Department of Agriculture and Environment”" in body
    assert "UCI Machine Learning Repository" in body
    assert "CC BY 4.0" in body
    assert "không phải là số liệu của “Sở Nông nghiệp và Môi trường tỉnh Tây Ninh”" in site.get("/data").text
    assert not [path for path in PATHS if "name the source" in site.get(f"/en{path}").text]


def test_data_of_the_province_name_its_department(tmp_path: Path) -> None:
    """Outside a demonstration."""
    seen = province(tmp_path, with_data=False)
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        assert "CC BY 4.0, name the source: “Tây Ninh Department" in httpx.get(f"{address}/en/data").text


def test_the_caption_of_the_map_says_what_its_drawing_shows(site: Site, browser: Browser) -> None:
    """On a phone there is no room for names, so that nothing stands after them."""
    for width, named in ((DESKTOP, True), (PHONE, False)):
        with visit(browser, f"{site.address}/en/", width=width) as seen:
            caption = seen.page.locator(".map figcaption").inner_text()
            labels = seen.page.locator(".map svg:visible text.lab").count()
        assert ("After the name" in caption, labels > 0) == (named, named)


def test_a_silent_station_shows_its_last_word_and_no_verdict(site: Site) -> None:
    """Silence is not clean: neither zero nor within limits."""
    body = site.get("/en/stations/{silent}").text
    assert "Last heard 22:07, Mon 23 Nov 2026" in body
    assert "Within limits" not in body.split("<section")[1]


def test_a_limit_says_whether_it_is_law(site: Site) -> None:
    """Clause, confirmation, and why something is advisory only."""
    body = site.get("/en/stations/{outfall}").text
    assert "DEMO, Điều 1 (hư cấu); confirmed" in body
    assert "<b>not confirmed</b>" in body
    assert "the department has not confirmed this limit" in body


@pytest.mark.parametrize(
    ("figure", "vi", "en"),
    [
        (
            400.0,
            "giới hạn của QCVN 19:2024/BTNMT theo hàm lượng oxy tham chiếu: không so sánh, chưa biết oxy tham chiếu của cơ sở",
            "content: not compared, the facility&#39;s reference oxygen is not known",
        ),
        (
            None,
            "giới hạn của QCVN 19:2024/BTNMT theo hàm lượng oxy tham chiếu: chưa có trị số, chưa so sánh với giới hạn này",
            "limit of QCVN 19:2024/BTNMT at a reference oxygen content: its figure has not been obtained",
        ),
    ],
)
def test_a_limit_that_is_not_compared_is_not_called_none(
    tmp_path: Path, figure: float | None, vi: str, en: str
) -> None:
    """One that needs a reference oxygen content is named with its document, and so is a figure that is missing."""
    seen = _under_the_new_law_of_stacks(province(tmp_path, with_data=False), figure)
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        for page, words, none in (("", vi, "không có giới hạn cho"), ("/en", en, "no limit for this averaging")):
            body = httpx.get(f"{address}{page}/stations/KT-DH1-01").text
            (row,) = [one for one in body.split("<tr ") if "SO₂ (quy về" in one or "SO₂ (at reference" in one]
            assert words in row
            assert none not in row


def _under_the_new_law_of_stacks(seen: Seen, so2: float | None) -> Seen:
    """Return the province with sample plant B under QCVN 19:2024 already, its figure of SO₂ known or not."""
    known, facility = seen.registry.regulations["QCVN19-2024"], seen.registry.facilities["DN-08"]
    rows = tuple(row.model_copy(update={"at_most": so2} if row.parameter == "so2" else {}) for row in known.rows)
    law = known.model_copy(update={"rows": rows})
    applies = Applies.model_validate({"regulation": law.id, "from": "2025-07-01"})
    moved = facility.model_copy(update={"applies": (applies,)})
    registry = replace(
        seen.registry,
        regulations={**seen.registry.regulations, law.id: law},
        facilities={**seen.registry.facilities, moved.id: moved},
    )
    return replace(seen, registry=registry)


def test_an_empty_service_has_pages(tmp_path: Path) -> None:
    """Before the first reading nothing is said to be fine."""
    seen = province(tmp_path, with_data=False)
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        body = httpx.get(f"{address}/en/").text
        assert "<h1>No readings have come yet</h1>" in body
        assert "DEMO</b>" not in body
        assert httpx.get(f"{address}/en/stations/{seen.outfall}").status_code == 200


def test_what_is_not_there_is_a_page_in_the_language_of_its_address(site: Site) -> None:
    """404 for people, JSON for programs, and no traceback."""
    missing = site.get("/en/stations/nowhere")
    assert (missing.status_code, "Not found" in missing.text) == (404, True)
    assert "Không tìm thấy" in site.get("/stations/nowhere").text
    assert site.get("/api/v1/nowhere").json() == {
        "detail": "There is no such list; those that there are stand at /docs."
    }


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        ("rollups?station=nowhere", 404, "There is no station “nowhere”; the list is at /api/v1/stations."),
        ("indices?station=nowhere&lang=vi", 404, "Không có trạm “nowhere”; danh sách ở /api/v1/stations."),
        ("rollups?station=KK-CG-01&parameter=x", 404, "Station KK-CG-01 does not measure “x”; it measures: pm25"),
        ("rollups", 422, "`station` is missing; it takes: a station's id"),
        (
            "rollups?station=KK-CG-01&window=week",
            422,
            "`window` cannot be “week”; it takes: hour, hour8, hour24, day, month, season or year",
        ),
        ("rollups?station=KK-CG-01&format=xml&lang=vi", 422, "`format` không nhận “xml”; giá trị nhận được: json"),
        ("exceedances?from=x", 422, "`from` cannot be “x”; it takes: after this moment (2026-03-01T00:00:00+07:00"),
        ("limits?on=x", 422, "`on` cannot be “x”; it takes: only those in force on this date (2026-03-01)"),
        ("rollups?station=KK-CG-01&from=0001-01-01&to=0001-01-02", 422, "`to` must be in the years 1970 to 2199."),
        ("rollups?station=KK-CG-01&from=9999-12-30&to=9999-12-31", 422, "`to` must be in the years 1970 to 2199."),
        ("exceedances?from=9999-12-31", 422, "`from` must be in the years 1970 to 2199."),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_what_would_be_right(
    site: Site, asked: str, status: int, detail: str
) -> None:
    """Which parameter, what is wrong with it, what it takes; in the language asked for."""
    answer = site.get(f"/api/v1/{asked}")
    assert (answer.status_code, answer.json()["detail"][: len(detail)]) == (status, detail)


def test_programs_are_answered_in_the_language_of_their_reader(site: Site) -> None:
    """As a browser says it."""
    answer = site.get("/api/v1/rollups?station=nowhere", headers={"accept-language": "vi-VN,vi;q=0.9,en;q=0.8"})
    assert answer.json()["detail"].startswith("Không có trạm")


@pytest.mark.parametrize("at", ["1970-01-01", "2199-12-31"])
def test_the_ends_of_time_can_be_asked_for(site: Site, at: str) -> None:
    """There is nothing there, and that is an answer."""
    assert site.get(f"/api/v1/rollups?station=KK-CG-01&to={at}").json() == []


def test_a_moment_is_taken_as_that_moment(site: Site) -> None:
    """00:00Z is 07:00 here, and no local date: two hours have ended since."""
    asked = "/api/v1/rollups?station={outfall}&parameter=cod&from=2026-11-24T00:00:00Z&to=2026-11-24T03:00:00Z"
    found = site.get(asked).json()
    assert [one["end"][11:16] for one in found] == ["08:00", "09:00"]


def test_pages_are_only_looked_at(site: Site) -> None:
    """GET and HEAD; everything else is refused."""
    assert httpx.head(f"{site.address}/").status_code == 200
    assert httpx.post(f"{site.address}/").status_code == 405


def test_pages_let_nothing_in_from_elsewhere(site: Site) -> None:
    """No script, no frame; unchanged pages are not sent twice."""
    answer = site.get("/data")
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "public, max-age=5"
    again = site.get("/data", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"") or again.headers["etag"] != answer.headers["etag"]


def test_the_probes_tell_no_reasons(site: Site) -> None:
    """Those are the staff's."""
    assert site.get("/healthz").json() == {"status": "ok"}
    assert site.get("/readyz").json() == {"status": "ok"}


def test_figures_in_the_data_are_those_of_the_page(site: Site) -> None:
    """One truth: value, counts and state of the hour that the page shows."""
    found = site.get("/api/v1/rollups?station={outfall}&parameter=cod").json()
    assert found[-1] == {
        "start": "2026-11-24T08:00:00+07:00", "end": "2026-11-24T09:00:00+07:00", "window": "hour",
        "station": site.seen.outfall, "parameter": "cod", "value": 158.0, "unit": "mg/L", "valid": 12, "expected": 12,
        "suspect": 0, "min": 158.0, "max": 158.0, "sufficient": "yes", "state": "provisional", "revision": 0,
        "origin": "Invented data, made by a generator", "demo": "DEMO",
    }  # fmt: skip
    assert [one["value"] for one in found if one["end"] == "2026-11-23T17:00:00+07:00"] == [None]


def test_a_file_for_a_spreadsheet_says_the_same(site: Site) -> None:
    """The columns of an export, times with offset, an empty field where nothing counts, and whose data they are."""
    asked = "/api/v1/rollups?station={outfall}&parameter=cod&format=csv"
    answer = site.get(asked)
    head, *lines = answer.text.split("\r\n")
    assert head == (
        "start,end,window,station,parameter,value,unit,valid,expected,suspect,min,max,sufficient,state,revision,origin,demo"
    )
    assert lines[-2] == (
        "2026-11-24T08:00:00+07:00,2026-11-24T09:00:00+07:00,hour,NT-DH1-03,cod,158.0,mg/L,12,12,0,158.0,158.0,"
        'yes,provisional,0,"Invented data, made by a generator",DEMO'
    )
    assert any(",cod,,mg/L,0,12," in line for line in lines)
    assert answer.headers["content-disposition"] == 'attachment; filename="DEMO-NT-DH1-03-hour.csv"'
    assert "CC BY 4.0" in site.get("/api/v1/indices?station=KK-DH1-01&format=csv").text


def test_spans_of_data_are_open_at_their_start_and_closed_at_their_end(site: Site) -> None:
    """Dates are local midnights."""
    day = site.get("/api/v1/rollups?station={outfall}&parameter=cod&from=2026-11-23&to=2026-11-24").json()
    assert (len(day), day[0]["end"], day[-1]["end"]) == (24, "2026-11-23T01:00:00+07:00", "2026-11-24T00:00:00+07:00")
    empty = site.get("/api/v1/rollups?station={outfall}&from=2026-11-24&to=2026-11-24")
    assert (empty.status_code, empty.json()["detail"][:30]) == (422, "`from` must be before `to`, an")


def test_limits_are_those_in_force_on_a_date(site: Site) -> None:
    """Old and new regulations live side by side."""
    on = {one["document"] for one in site.get("/api/v1/limits?on=2026-11-24").json()}
    assert {"QCVN 05:2023/BTNMT", "QCVN 40:2011/BTNMT"} <= on
    (demo,) = [one for one in site.get("/api/v1/limits").json() if one["row"] == "DEMO-cod"]
    assert (demo["bound"], demo["high"], demo["confirmed_by"]) == ("at_most", 135.0, "Người mẫu")


def test_a_limit_confirmed_in_the_running_service_is_published_as_confirmed(tmp_path: Path) -> None:
    """The newest word on a row counts, as it does for the alerts."""
    seen = province(tmp_path, with_data=False)
    word = Confirmation("qcvn05-2023-pm25-24h-50", "Nguyễn Văn A", NOW.date(), None, "≤ 50 ug/m3")
    confirmations.add(seen.engine, word, note="Công văn 12", at=NOW)
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)) as address:
        rows = httpx.get(f"{address}/api/v1/limits").json()
    (row,) = [one for one in rows if one["row"] == "qcvn05-2023-pm25-24h-50"]
    assert (row["confirmed_by"], row["confirmed_on"]) == ("Nguyễn Văn A", "2026-11-24")


def test_only_exceedances_of_confirmed_limits_are_published(site: Site, tmp_path: Path) -> None:
    """Above, below or outside, known in time or late; an advisory and a silence are none, and no facility is named."""
    seen = province(tmp_path, with_data=False)
    add_alert(seen)
    # Two clear hours closed it; over it was until two hours before.
    record = json.dumps({"window": "hour", "levels": [[(NEWEST - 2 * HOUR).isoformat(), 150.0]]})
    add_alert(seen, number="VV-2026-0145", kind="late", parameter="tss", closed_at=micros(NEWEST), record=record)
    low = {"limit_low": 5.0, "limit_high": None, "peak": 3.1}
    add_alert(seen, number="VV-2026-0146", parameter="dissolved_oxygen", station=seen.silent, **low)
    add_alert(seen, number="VV-2026-0144", parameter="ph", limit_low=5.5, limit_high=9.0, peak=4.2)
    add_alert(seen, number="VV-2026-0148", kind="advisory", parameter="ph")
    add_alert(seen, number="VV-2026-0149", parameter="", kind="silent", level=None)
    add_alert(seen, number="VV-2026-0140", closed_at=micros(NEWEST - 90 * HOUR), crossed_at=micros(NEWEST - 99 * HOUR))
    with served(make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=True)) as address:
        found = httpx.get(f"{address}/api/v1/exceedances").json()
    assert {(one["parameter"], one["kind"], one["bound"], one["peak"], one["end"]) for one in found} == {
        ("cod", "over", "at_most", 212.0, None),
        ("tss", "late", "at_most", 212.0, "2026-11-24T07:00:00+07:00"),
        ("dissolved_oxygen", "over", "at_least", 3.1, None),
        ("ph", "over", "between", 4.2, None),
    }
    assert {one["start"] for one in found} == {"2026-11-24T01:00:00+07:00"}
    assert not any("facility" in one for one in found)


def test_every_link_of_the_data_page_answers(site: Site, browser: Browser) -> None:
    """With an example where a station has to be named."""
    with visit(browser, f"{site.address}/data") as seen:
        links = [one.get_attribute("href") or "" for one in seen.page.locator("main a").all()]
    assert len(links) > 7
    assert {site.get(link).status_code for link in links} == {200}


def test_every_list_of_the_documentation_answers(site: Site) -> None:
    """What `/docs` names is there."""
    for name in ("areas", "stations", "parameters", "limits", "exceedances"):
        assert isinstance(site.get(f"/api/v1/{name}").json(), list)
    (index,) = site.get("/api/v1/indices?station=KK-DH1-01").json()
    assert (index["index"], index["end"]) == ("vn_aqi", "2026-11-24T09:00:00+07:00")
    station = next(one for one in site.get("/api/v1/stations").json() if one["id"] == site.seen.outfall)
    assert (station["interval"], station["last_reading"]) == (300.0, "2026-11-24T09:04:00+07:00")
    assert {"id": "cod", "unit": "mg/L"} in station["parameters"]
