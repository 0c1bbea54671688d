"""The demonstration as somebody sees it who has just typed `make demo`."""

import json
import re
import signal
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from support.program import CONFIG, Running, call, pages
from support.waiting import wait_until

TOKEN = re.compile(r"/a/[A-Za-z0-9]{16}\b")
LIVE = "have caught up"


def fetch(url: str, *, post: bool = False) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, data=b"" if post else None), timeout=10) as answer:
        found: str = answer.read().decode()
        return found


def answers(url: str) -> bool:
    try:
        fetch(url)
    except (urllib.error.URLError, OSError):
        return False
    return True


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return {**pages(), "CONFIG": str(CONFIG), "DATA": str(tmp_path / "demo"), "LANG": "en"}


def start(started: list[Running], variables: dict[str, str], cwd: Path) -> Running:
    started.append(Running("demo", cwd=cwd, variables=variables))
    return started[-1]


def messages(cwd: Path, variables: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = json.loads(call("status", "--json", cwd=cwd, **variables).stdout)["messages"]
    return found


def letters(staff: str) -> list[tuple[str, str]]:
    """Return the letters of the mailbox that carry a link, with the link's path."""
    found = []
    for path in sorted(set(re.findall(r"/mailbox/\d+", fetch(f"{staff}/mailbox")))):
        letter = fetch(staff + path)
        if link := TOKEN.search(letter):
            found.append((letter, link[0]))
    return found


@pytest.mark.timeout(900)
def test_an_incident_runs_its_whole_way_and_nothing_is_lost(
    started: list[Running], tmp_path: Path, variables: dict[str, str]
) -> None:
    """Page up, message in the mailbox, its link takes the alert over, the level falls, the alert closes, Ctrl-C."""
    demo = start(started, variables, tmp_path)
    public, staff = (f"http://{variables[name]}" for name in ("PUBLIC_BIND", "STAFF_BIND"))
    wait_until(lambda: answers(f"{public}/"), seconds=120, what=demo.told)
    demo.await_line("Alert #.* is OPEN", seconds=300)
    demo.await_line("the button is yours", seconds=10)
    wait_until(lambda: any("NT-DH1-03" in letter for letter, _ in letters(staff)))
    letter, link = next(one for one in letters(staff) if "NT-DH1-03" in one[0])
    assert "COD" in letter
    assert "DEMO" in letter
    fetch(staff + link)
    assert not demo.said("was taken over"), "looking must not take it over"
    fetch(staff + link, post=True)
    demo.await_line("was taken over by", seconds=60)
    demo.await_line("is CLOSED", seconds=300)
    assert demo.end(signal.SIGINT) == 0
    assert demo.said("`(make demo|quantrac demo --data .*)` goes on from here")
    counts = messages(tmp_path, variables)
    assert counts["received"] == sum(count for name, count in counts.items() if name != "received")
    assert counts["quarantined"] + counts["partly"] > 0


@pytest.mark.timeout(600)
def test_started_again_it_goes_on_where_it_was(
    started: list[Running], tmp_path: Path, variables: dict[str, str]
) -> None:
    """Its time goes on at the next hour, and what the stations have sent is not sent twice."""
    counts = []
    for _ in range(2):
        demo = start(started, variables, tmp_path)
        demo.await_line(LIVE, seconds=180)
        assert demo.end(signal.SIGINT) == 0
        counts.append(messages(tmp_path, variables))
    assert counts[1]["received"] > counts[0]["received"]
    assert counts[1]["repeated"] == counts[0]["repeated"] == 0


@pytest.mark.timeout(600)
def test_killed_it_sends_again_what_it_cannot_know_to_have_arrived(
    started: list[Running], tmp_path: Path, variables: dict[str, str]
) -> None:
    """Whatever ends it, no reading is missing: each outfall has one every five minutes."""
    killed = start(started, variables, tmp_path)
    killed.await_line(LIVE, seconds=180)
    killed.kill()
    again = start(started, variables, tmp_path)
    again.await_line(LIVE, seconds=180)
    assert again.end(signal.SIGINT) == 0
    with sqlite3.connect(tmp_path / "demo" / "state.sqlite") as state:
        query = "SELECT first_at, last_at FROM series WHERE station = 'NT-XA-01' AND parameter = 'cod'"
        first, last = state.execute(query).fetchone()
    export = call("export", "readings", "--station", "NT-XA-01", "--parameter", "cod", cwd=tmp_path, **variables)
    assert len(export.stdout.splitlines()) - 1 == (last - first) // 300_000_000 + 1


@pytest.mark.timeout(600)
def test_a_port_that_is_taken_is_said_with_its_variable(
    started: list[Running], tmp_path: Path, variables: dict[str, str]
) -> None:
    """One reads which variable to set."""
    first = start(started, variables, tmp_path)
    first.await_line("Public pages", seconds=60)
    second = start(started, {**variables, "DATA": str(tmp_path / "other")}, tmp_path)
    second.await_line("QUANTRAC_PUBLIC_BIND", seconds=60)
    wait_until(lambda: second.status == 2)


def test_a_folder_of_a_real_service_is_left_alone(tmp_path: Path, variables: dict[str, str]) -> None:
    """Invented readings never get among real ones."""
    (tmp_path / "demo" / "journal" / "main").mkdir(parents=True)
    refused = call("demo", cwd=tmp_path, **variables)
    assert refused.returncode == 2
    assert "is not one of the demonstration" in refused.stderr


def test_its_clock_cannot_be_another(tmp_path: Path, variables: dict[str, str]) -> None:
    """The script counts on its own hours."""
    refused = call("demo", cwd=tmp_path, CLOCK="2026-03-01T00:00+07:00@60", **variables)
    assert refused.returncode == 2
    assert "--speed" in refused.stderr
