"""What was not understood is kept once, with its reason, and found again."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from domain.text import Text
from storage.quarantine import Quarantine, RefusalState, Refused, Wanted
from support.builders import NOON


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine" / "main.sqlite")


def refused(seq: int = 64, part: str = "", **changes: Any) -> Refused:
    said = Text("{unit} is no unit of {name}.", {"unit": "µg/l", "name": Text("dust")})
    defaults: dict[str, Any] = {
        "reason": "unknown_unit", "message": said, "topic": "quantrac/NT-1/water", "station": "NT-1",
        "received_at": NOON + timedelta(microseconds=seq),
    }  # fmt: skip
    return Refused(seq=seq, part=part, **{**defaults, **changes})


def test_a_refusal_is_read_back_as_it_was(quarantine: Quarantine) -> None:
    """Its sentence too, so that it can be said in either language later."""
    quarantine.add([refused()])
    assert quarantine.get("64") == refused()


def test_a_moment_in_a_sentence_stays_one(quarantine: Quarantine) -> None:
    """So that it is said in the province's time, as everything beside it."""
    said = Text("The time {moment}", {"moment": NOON})
    quarantine.add([refused(message=said)])
    assert quarantine.list()[0].message == said


@pytest.mark.parametrize(("part", "identity"), [("", "64"), ("cod", "64:cod"), ("a:b", "64:a:b")])
def test_a_refusal_is_named_by_message_and_part(quarantine: Quarantine, part: str, identity: str) -> None:
    """A part may hold what separates it from the number."""
    quarantine.add([refused(part=part)])
    found = quarantine.get(identity)
    assert found == refused(part=part)
    assert found.id == identity


@pytest.mark.parametrize("identity", ["65", "64:ph", "cod", "", ":", "-64", "9" * 40])
def test_a_name_of_nothing_finds_nothing(quarantine: Quarantine, identity: str) -> None:
    """A person types it."""
    quarantine.add([refused(part="cod")])
    assert quarantine.get(identity) is None


def test_a_batch_done_again_adds_nothing(quarantine: Quarantine) -> None:
    """The first word stays."""
    quarantine.add([refused(), refused(part="ph")])
    quarantine.add([refused(reason="another"), refused(128)])
    assert [one.id for one in quarantine.list()] == ["128", "64", "64:ph"]
    assert quarantine.counts() == {"unknown_unit": 3}


def test_refusals_are_listed_newest_first_by_reason_and_station(quarantine: Quarantine) -> None:
    """Of one that nobody could be told from, the station is not known."""
    quarantine.add([refused(64), refused(128, reason="not_json", station=None), refused(192, station="NT-2")])
    assert [one.seq for one in quarantine.list()] == [192, 128, 64]
    assert [one.seq for one in quarantine.list(Wanted(["unknown_unit"]))] == [192, 64]
    assert [one.seq for one in quarantine.list(Wanted(station="NT-1"))] == [64]
    assert [one.seq for one in quarantine.list(limit=1)] == [192]


def test_it_is_there_for_another_process(quarantine: Quarantine, tmp_path: Path) -> None:
    """A command lists while the service runs; several threads may add."""
    threads = [
        Thread(target=lambda start=start: [quarantine.add([refused(start + number)]) for number in range(20)])
        for start in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other = Quarantine(tmp_path / "quarantine" / "main.sqlite")
    assert len(other.list()) == 60
    other.close()


def test_causes_are_what_one_change_puts_right(quarantine: Quarantine) -> None:
    """Another unit is another thing to enter; without a station the topic says whose it is."""
    other = Text("{unit} is no unit of {name}.", {"unit": "ppm", "name": Text("dust")})
    quarantine.add([
        refused(64, "cod"), refused(128, "cod"), refused(192, "cod", message=other), refused(128, "ph"),
        refused(256, reason="not_json", station=None, topic="x/y"),
    ])  # fmt: skip
    found = [(one.reason, one.station, one.topic, one.part, one.messages) for one in quarantine.causes()]
    assert found[0] == ("unknown_unit", "NT-1", None, "cod", 2)
    assert set(found[1:]) == {
        ("unknown_unit", "NT-1", None, "cod", 1), ("unknown_unit", "NT-1", None, "ph", 1),
        ("not_json", None, "x/y", "", 1),
    }  # fmt: skip
    assert (quarantine.causes()[0].first, quarantine.causes()[0].last) == (
        NOON + timedelta(microseconds=64), NOON + timedelta(microseconds=128),
    )  # fmt: skip
    assert [one.messages for one in quarantine.causes(of=[64])] == [1]
    assert quarantine.messages_of(Wanted()) == 4
    assert quarantine.named(Wanted(["unknown_unit"]), whole=True) == [(64, ""), (128, ""), (192, "")]


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    """What it holds is open."""
    path = tmp_path / "main.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE refused (seq INTEGER NOT NULL, part TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, "
        "topic TEXT NOT NULL, station TEXT, received_at INTEGER NOT NULL, PRIMARY KEY (seq, part)) WITHOUT ROWID"
    )
    connection.execute("""INSERT INTO refused VALUES (64, '', 'not_json', '"x"', 't', NULL, 64)""")
    connection.commit()
    connection.close()
    opened = [Quarantine(path) for _ in range(2)]
    assert [one.counts() for one in opened] == [{"not_json": 1}] * 2
    (row,) = opened[0].list()
    assert (row.id, row.state) == ("64", RefusalState.OPEN)
