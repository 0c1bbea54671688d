"""The staff's address: what a link shows and does, what probes are told, what the demonstration's mailbox holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from domain.alert import AlertKind
from domain.limit import Bound
from domain.takeover import TakeState, TakeSubject, TakeView
from domain.text import Text
from domain.window import HOUR, WindowKind
from staff.app import make_app
from support.browsing import DESKTOP, PHONE, chromium, visit
from support.seen import NEWEST, NOW, province
from support.served import served

TOKEN = "x7Kq2mVt9RwPzc4B"
ADDRESS = "canh-bao-quan-trac-moi-truong@so-nong-nghiep-va-moi-truong.example.org"  # longer than a phone is wide


@dataclass
class OneLink:
    """Takeovers with one link."""

    view: TakeView
    taken: list[str] = field(default_factory=list)

    def look(self, token: str) -> TakeView:
        return self.view if token == TOKEN else TakeView(TakeState.GONE)

    def take(self, token: str) -> TakeView:
        if token == TOKEN and self.view.state is TakeState.OPEN:
            self.taken.append(token)
            self.view = replace(self.view, state=TakeState.YOURS, taken_by="Officer", taken_at=NOW)
        return self.look(token)


@dataclass
class Quiet:
    """A service that is ready, or says why not."""

    why: list[Text] = field(default_factory=list)

    def reasons(self) -> list[Text]:
        return self.why

    def metrics(self) -> bytes:
        return b"quantrac_messages 3\n"


@dataclass
class Desk:
    address: str
    link: OneLink
    watch: Quiet


def subject(station: str) -> TakeSubject:
    return TakeSubject(
        kind=AlertKind.OVER, station=station, parameter="cod", window=WindowKind.HOUR, level=171.0,
        levels=(148.0, 171.0), bound=Bound(None, 135.0), limit=Text("{where}: {limit}", {"where": "QCVN", "limit": 135.0}),
        unmet=(), confirmed=True, since=NEWEST - 8 * HOUR, last_at=NEWEST - 6 * HOUR, closed_at=None, withdrawn=False,
        valid=12, expected=12, case_number="VV-2026-0147", message_number="#0147-1",
    )  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    seen = province(tmp_path, with_data=False)
    link = OneLink(TakeView(TakeState.OPEN, "vi", "Cán bộ trực 1", subject(seen.outfall), None, None, NOW + 4 * HOUR))
    watch = Quiet()
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Vượt giới hạn (#0147-1)", ADDRESS, ADDRESS
    letter.set_content(f"Tiếp nhận: http://127.0.0.1/a/{TOKEN}")
    Maildir(tmp_path / "mail").add(letter)
    app = make_app(seen.registry, link, watch, seen.clock, demo=True, mailbox=tmp_path / "mail")
    with served(app) as address:
        yield Desk(address, link, watch)


def test_opening_a_link_shows_the_alert_and_does_nothing(desk: Desk) -> None:
    """Mail programs open links by themselves."""
    for method in ("GET", "HEAD", "GET"):
        answer = httpx.request(method, f"{desk.address}/a/{TOKEN}")
        assert answer.status_code == 200
    assert desk.link.taken == []
    assert "gấp 1,27 lần giới hạn 135" in answer.text
    assert "171\u00a0mg/L" in answer.text
    assert "đến 13:07 thứ Ba 24/11/2026" in answer.text


def test_a_person_on_a_phone_takes_the_alert_over_with_one_button(desk: Desk, browser: Browser) -> None:
    """The button is high enough for a thumb; afterwards the page says since when it is theirs. No JavaScript."""
    with visit(browser, f"{desk.address}/a/{TOKEN}", width=PHONE) as seen:
        button = seen.page.get_by_role("button")
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 72
        assert box["y"] + box["height"] < 740  # without scrolling
        button.click()
        assert "Bạn đã tiếp" in seen.page.locator("h1").inner_text()
        assert seen.page.locator("button").count() == 0
        assert seen.look(PHONE, "light") == {}
    assert desk.link.taken == [TOKEN]


@pytest.mark.parametrize("path", [f"/a/{TOKEN}", "/a/yyyyyyyyyyyyyyyy", "/mailbox", "/mailbox/1", "/nowhere"])
def test_a_staff_page_can_be_read_on_every_screen(desk: Desk, browser: Browser, path: str) -> None:
    """Nothing sideways, cut off, faint or tiny, on desktop and phone, light and dark; nothing asked of anybody else."""
    with visit(browser, desk.address + path) as seen:
        for width in (DESKTOP, PHONE):
            for scheme in ("light", "dark"):
                assert seen.look(width, scheme) == {}, f"at {width}, {scheme}"
        assert seen.read() == {}
        assert {one for one in seen.asked if not one.startswith((desk.address, "data:"))} == set()


def test_who_comes_second_is_told_who_was_first(desk: Desk) -> None:
    """And that nothing is left to do."""
    desk.link.view = replace(
        desk.link.view, state=TakeState.OTHERS, taken_by="Tổ trưởng", taken_at=NOW, language="en"
    )  # fmt: skip
    body = httpx.post(f"{desk.address}/a/{TOKEN}").text
    assert "Tổ trưởng took it over at 09:07" in body
    assert "<button" not in body


def test_a_wrong_link_reveals_nothing(desk: Desk) -> None:
    """Neither a case nor whether there ever was one."""
    answer = httpx.get(f"{desk.address}/a/{'y' * 16}")
    assert answer.status_code == 404
    assert "0147" not in answer.text
    assert "Mở thư mới nhất của vụ việc" in answer.text
    assert "hỏi đồng nghiệp trực" in answer.text
    assert "Liên kết không còn dùng" in answer.text


def test_a_token_stays_between_the_reader_and_the_server(desk: Desk) -> None:
    """Not in caches, not in referrers, not in search engines."""
    headers = httpx.get(f"{desk.address}/a/{TOKEN}").headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"


def test_readiness_comes_with_its_reasons(desk: Desk) -> None:
    """In both languages, with 503 as long as there is one."""
    assert httpx.get(f"{desk.address}/readyz").json() == {"status": "ok", "reasons": []}
    desk.watch.why = [Text("{count} stations are silent", {"count": 2})]
    answer = httpx.get(f"{desk.address}/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0]["en"] == "2 stations are silent"
    assert httpx.get(f"{desk.address}/metrics").text == "quantrac_messages 3\n"


def test_the_demonstration_shows_its_mails(desk: Desk) -> None:
    """With the link to click, as a person would have it."""
    assert "Vượt giới hạn (#0147-1)" in httpx.get(f"{desk.address}/mailbox").text
    assert f'<a href="http://127.0.0.1/a/{TOKEN}">' in httpx.get(f"{desk.address}/mailbox/1").text
    assert httpx.get(f"{desk.address}/mailbox/2").status_code == 404


def test_nothing_else_is_served(desk: Desk, tmp_path: Path) -> None:
    """No documentation, no mailbox outside a demonstration, no other verbs."""
    assert {httpx.get(f"{desk.address}{path}").status_code for path in ("/docs", "/openapi.json", "/c/0147", "/x")} == {
        404
    }
    seen = province(tmp_path / "real", with_data=False) if (tmp_path / "real").mkdir() is None else None
    assert seen is not None
    with served(make_app(seen.registry, desk.link, desk.watch, seen.clock, demo=False)) as address:
        assert {httpx.get(f"{address}{path}").status_code for path in ("/", "/mailbox")} == {404}
        assert httpx.delete(f"{address}/a/{TOKEN}").status_code == 405
