"""What is seen of the service: figures from stored facts, in `status`, for Prometheus and for the dashboards."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.clock import SetClock, SystemClock
from domain.message import Incoming
from service.health import Health
from service.heart import Heart
from service.metrics import metrics
from service.room import room
from service.stores import Folder, Stores
from storage import broker_figures
from storage.broker_figures import BrokerFigures
from storage.journal import Journal
from storage.ledger import BatchNotes, Heard, Ledger
from storage.quarantine import Refused
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.builders import NOON, minutes
from support.configured import registry, station
from support.program import call


class Seen:
    """A data folder, and what is seen of it."""

    def __init__(self, path: Path) -> None:
        self.clock = SetClock(NOON)
        path.mkdir()
        self.folder = Folder(path)
        self.stores = Stores(open_state(self.folder.state_url), SqliteReadings(self.folder.readings))
        self.journal = self.folder.open_journal("main", self.clock)
        stations = registry(station("A-1"), station("A-2"), station("A-3"))
        self.health = Health(stations, self.folder, self.stores.engine, self.clock)

    def receive(self, count: int) -> None:
        self.journal.append([Incoming("quantrac/A-1/air", b"x" * 100)] * count)

    def heard(self, **skews: float | None) -> None:
        ledger = Ledger(self.stores.engine, "main")
        found = {
            one.replace("_", "-"): Heard(NOON, NOON, None if skew is None else timedelta(seconds=skew))
            for one, skew in skews.items()
        }
        ledger.release(BatchNotes(cursor=0, at=NOON, heard=found))

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(self.health.status(), default=str))
        return found

    def metric(self, name: str) -> float | None:
        lines = metrics(self.health).decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"quantrac_{name} ")), None)


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    one = Seen(tmp_path / "var")
    yield one
    one.journal.close()
    one.stores.close()


def test_the_rate_is_that_of_the_last_minute(seen: Seen) -> None:
    """What came before does not count."""
    seen.receive(500)
    seen.clock.moment = NOON + minutes(1) + timedelta(seconds=1)
    seen.receive(120)
    assert seen.status()["messages_per_second"] == 2.0
    assert seen.metric("messages_per_second") == 2.0
    seen.clock.moment = NOON + minutes(3)
    assert seen.status()["messages_per_second"] == 0.0


def test_messages_since_a_moment_are_counted_over_midnight(tmp_path: Path) -> None:
    """A file for each day; the moment itself lies in one, or before all of them."""
    clock = SetClock(NOON)
    journal = Journal(tmp_path, worker="main", clock=clock)
    for day in range(3):
        clock.moment = NOON + timedelta(days=day)
        journal.append([Incoming("t", b"")] * (day + 1))
    moments = [NOON + timedelta(days=day, seconds=1) for day in (-9, -1, 0, 1, 2)]
    assert [journal.count_since(one) for one in moments] == [6, 6, 5, 3, 0]
    journal.close()


def test_the_days_until_the_disk_is_full_follow_from_what_a_message_takes(seen: Seen) -> None:
    """Twice as many messages a day, half the days; without any there is nothing to say."""
    assert seen.status()["disk"]["days_until_full"] is None
    assert seen.metric("disk_full_in_days") is None
    seen.receive(2_000)
    disk = seen.status()["disk"]
    assert disk["bytes_a_day"] == pytest.approx(disk["kept_bytes"])
    assert disk["kept_bytes"] > disk["journal_bytes"] > 200_000
    assert disk["days_until_full"] == pytest.approx(disk["free_bytes"] / disk["bytes_a_day"])
    seen.clock.moment = NOON + timedelta(days=2)
    seen.receive(500)
    later = room(seen.folder.path, seen.health.journals().values(), seen.clock.now())
    assert later.a_day == pytest.approx(later.kept / 5)


def test_clocks_that_are_off_are_named_with_how_much(seen: Seen) -> None:
    """More than two minutes behind or ahead; one that has not spoken live is not judged."""
    seen.heard(A_1=120.0, A_2=-121.0, A_3=None)
    stations = seen.status()["stations"]
    assert stations["clocks_off"] == ["A-2"]
    assert [(one["station"], one["skew_seconds"]) for one in stations["each"]] == [
        ("A-1", 120.0), ("A-2", -121.0), ("A-3", None),
    ]  # fmt: skip
    assert seen.metric('station_skew_seconds{station="A-2"}') == -121.0
    assert seen.metric('stations{state="clock_off"}') == 1.0
    assert seen.metric('station_last_message_seconds{station="A-3"}') == NOON.timestamp()


def test_quarantine_is_told_by_worker_and_reason(seen: Seen) -> None:
    """The most first."""
    quarantine = seen.folder.open_quarantine("main")
    for number, reason in enumerate(["not_json", "in_future", "in_future"]):
        quarantine.add([Refused(number * 64, "", reason, broken(), "t", None, NOON)])
    assert seen.status()["quarantine"] == [
        {"worker": "main", "reason": "in_future", "count": 2}, {"worker": "main", "reason": "not_json", "count": 1},
    ]  # fmt: skip
    quarantine.close()


def broken() -> Any:
    from domain.text import Text  # noqa: PLC0415

    return Text("broken")


@pytest.mark.parametrize(
    ("figures", "queued"),
    [({"stored": 60, "retained": 53, "dropped": 0}, 7), ({"stored": 50, "retained": 53}, 0), ({"dropped": 4}, None)],
)
def test_what_waits_at_the_broker_is_what_it_stores_without_what_it_retains(
    seen: Seen, figures: dict[str, int], queued: int | None
) -> None:
    """It may count the two at different moments. What it does not show has no figure, and not 0."""
    broker_figures.keep(seen.stores.engine, "main", BrokerFigures(NOON, figures))
    assert seen.status()["broker"].get("queued") == queued
    assert seen.metric('broker{figure="queued"}') == queued


def test_the_health_bucket_has_what_the_dashboard_asks_for(seen: Seen) -> None:
    """Written once a minute by the parts: of ingest the disk and the broker, of the schedule the stations."""

    class Part:
        worker = "main"

        def __init__(self, name: str) -> None:
            self.name = name

        def __getattr__(self, _: str) -> Any:
            return lambda: {}

        def since(self) -> None: ...

        def reasons(self) -> list[Any]:
            return []

    seen.receive(10)
    seen.heard(A_1=7_200.0)
    thrown = ((int(NOON.timestamp() * 1e6), 5),)
    broker_figures.keep(
        seen.stores.engine, "main", BrokerFigures(NOON, {"stored": 9, "retained": 2, "heap_bytes": 77}, thrown)
    )
    Heart([Part("ingest"), Part("schedule")], seen.stores, seen.health, seen.clock, NOON).tick()  # type: ignore[list-item]
    store: Any = seen.stores.readings
    rows = store._connection().execute("SELECT measurement, tags, fields FROM health").fetchall()
    found = {(measurement, tags): json.loads(fields) for measurement, tags, fields in rows}
    ingest = found["health", '{"part": "ingest", "worker": "main"}']
    assert {name: ingest[name] for name in ("broker_queued", "broker_heap_bytes", "broker_thrown_away")} == {
        "broker_queued": 7, "broker_heap_bytes": 77, "broker_thrown_away": 5,
    }  # fmt: skip
    assert {"days_until_full", "kept_bytes", "readings", "revisions", "disk_free_bytes"} <= ingest.keys()
    assert found["station", '{"station": "A-1"}'].items() >= {"skew_seconds": 7200.0, "clock_off": 1}.items()


# As people read it.


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["THE BROKER THREW AWAY 5 MESSAGES", "7 messages wait there", "come 2 h after their time", "Disk:"]),
     ("vi", ["MÁY CHỦ MQTT ĐÃ BỎ 5 TIN", "7 tin đang chờ", "đến sau thời điểm ghi trên tin 2", "Đĩa:"])],
)  # fmt: skip
def test_status_says_it_in_words(tmp_path: Path, lang: str, words: list[str]) -> None:
    """What the broker threw away in capitals, with where to look for what is missing."""
    folder = Folder(tmp_path / "var")
    folder.path.mkdir()
    engine, now = open_state(folder.state_url), SystemClock().now()
    thrown = ((int((now - minutes(9)).timestamp() * 1e6), 5),)
    broker_figures.keep(engine, "main", BrokerFigures(now, {"stored": 9, "retained": 2}, thrown))
    heard = {"NT-XA-01": Heard(now, now, timedelta(hours=2))}
    Ledger(engine, "main").release(BatchNotes(cursor=0, at=now, heard=heard))
    engine.dispose()
    done = call("status", "--data", folder.path, "--lang", lang, cwd=tmp_path)
    assert [one for one in words if one not in done.stdout] == []
    listed = call("status", "--stations", "--data", folder.path, "--lang", lang, cwd=tmp_path)
    assert "NT-XA-01" in listed.stdout
    assert "7200.0" in listed.stdout


def test_a_broker_that_shows_nothing_is_said_to(tmp_path: Path) -> None:
    """And one that nobody has asked yet is not mentioned."""
    folder = Folder(tmp_path / "var")
    folder.path.mkdir()
    engine = open_state(folder.state_url)
    before = call("status", "--data", folder.path, cwd=tmp_path).stdout
    broker_figures.keep(engine, "main", BrokerFigures(SystemClock().now()))
    engine.dispose()
    after = call("status", "--data", folder.path, cwd=tmp_path).stdout
    assert ("Broker" in before, "does not show us its figures" in after) == (False, True)
