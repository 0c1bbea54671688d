"""Readings as CSV: what comes in, what is refused, and what goes out again."""

import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SetClock
from domain.flag import Flag
from domain.window import Window, WindowKind
from service.transfer import (
    BadFile,
    ImportResult,
    Wanted,
    export_readings,
    export_rollups,
    import_file,
    read_rows,
    replay,
)
from storage.journal import Journal
from storage.sqlite import SqliteReadings
from support.builders import NOON, point, reading
from support.configured import registry, station

HEAD = "time,station,parameter,value,unit,status\n"
ALL = Window(NOON - timedelta(days=9), NOON + timedelta(days=9))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", worker="import-63", clock=SetClock(NOON))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "readings.csv"
    path.write_text(text, "utf-8")
    return path


def bodies(journal: Journal) -> list[tuple[str, dict[str, object]]]:
    return [(one.incoming.topic, json.loads(one.incoming.payload)) for one in journal.read(0, 100)]


def test_lines_of_one_station_and_time_become_one_message(tmp_path: Path, journal: Journal) -> None:
    """An empty value is a missing reading, an empty status measuring; nothing imported is live."""
    path = write(
        tmp_path,
        HEAD
        + "2026-03-01T12:00:00+07:00,A-1,pm25,41.2,ug/m3,\n"
        + "2026-03-01T12:00:00+07:00,A-1,pm10,,ug/m3,01\n"
        + "2026-03-01T12:05:00+07:00,A-1,pm25,40,ug/m3,00\n",
    )
    result = import_file(path, journal, registry())
    assert (result.rows, result.messages, result.bad) == (3, 2, 0)
    topic, body = bodies(journal)[0]
    assert topic.endswith("quantrac/A-1/air")
    assert body["values"] == {
        "pm25": {"value": 41.2, "unit": "ug/m3", "status": "00"},
        "pm10": {"value": None, "unit": "ug/m3", "status": "01"},
    }
    assert not any(one.incoming.live for one in journal.read(0, 10))


@pytest.mark.parametrize(
    ("station_stamp", "file_stamp", "minute"), [("end", "end", 0), ("end", "start", 5), ("start", "end", -5)]
)
def test_times_that_are_starts_are_moved_once(
    tmp_path: Path, journal: Journal, station_stamp: str, file_stamp: str, minute: int
) -> None:
    """What the door will move by itself is not moved twice."""
    path = write(tmp_path, HEAD + "2026-03-01T12:00:00+07:00,A-1,pm25,1,ug/m3,\n")
    stamped = registry(station(stamp=station_stamp))
    import_file(path, journal, stamped, stamp="start" if file_stamp == "start" else "end")
    (_, body) = bodies(journal)[0]
    assert datetime.fromisoformat(str(body["time"])) == NOON + timedelta(minutes=minute)


def test_bad_lines_are_named_and_the_good_ones_are_kept(tmp_path: Path, journal: Journal) -> None:
    """With their numbers."""
    path = write(
        tmp_path,
        HEAD
        + "yesterday,A-1,pm25,1,ug/m3,\n"
        + "2026-03-01T12:00:00,A-1,pm25,1,ug/m3,\n"
        + "2026-03-01T12:00:00+07:00,A-1,pm25,nan,ug/m3,\n"
        + "2026-03-01T12:00:00+07:00,A-1,pm25,1,ug/m3,07\n"
        + "2026-03-01T12:00:00+07:00,,pm25,1,ug/m3,\n"
        + "2026-03-01T12:00:00+07:00,A-1,pm25,7,ug/m3,\n",
    )
    result = import_file(path, journal, registry())
    assert [line for line, _ in result.worst] == [2, 3, 4, 5, 6]
    assert (result.rows, result.bad) == (1, 5)


@pytest.mark.parametrize("head", ["time,station,parameter,value,unit,status,colour\n", "time,station,value,unit\n", ""])
def test_other_columns_are_refused_by_name(tmp_path: Path, head: str) -> None:
    """Before anything is taken."""
    with pytest.raises(BadFile, match="columns") as caught:
        list(read_rows(write(tmp_path, head), ImportResult()))
    assert "colour" in str(caught.value) or "parameter" in str(caught.value)


def test_a_packed_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    """And one that only pretends to be packed is said to be unreadable."""
    packed = tmp_path / "readings.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + "2026-03-01T12:00:00Z,A-1,pm25,1,ug/m3,\n").encode()))
    assert len(list(read_rows(packed, ImportResult()))) == 1
    packed.write_bytes(b"plain")
    with pytest.raises(BadFile):
        list(read_rows(packed, ImportResult()))


def test_what_is_exported_is_not_rounded_and_carries_the_offset(tmp_path: Path) -> None:
    """A missing reading has an empty value, and its flag says why."""
    store = SqliteReadings(tmp_path / "readings.sqlite")
    store.write([
        reading(value=0.1 + 0.2, station="W-1", flag=Flag.GOOD),
        reading(NOON + timedelta(minutes=5), None, station="W-1", flag=Flag.MISSING),
    ])  # fmt: skip
    out = io.StringIO()
    assert export_readings(Wanted(ALL, "W-1", "cod"), registry(), store, out) == 2
    assert out.getvalue().splitlines()[1:] == [
        "2026-03-01T12:00:00+07:00,W-1,cod,0.30000000000000004,mg/L,00,1",
        "2026-03-01T12:05:00+07:00,W-1,cod,,mg/L,00,9",
    ]


def test_windows_are_exported_with_start_end_and_whether_they_suffice(tmp_path: Path) -> None:
    """By the capture policy; one without a value has empty figures; a day is in the span that its end is in."""
    store = SqliteReadings(tmp_path / "readings.sqlite")
    midnight = datetime(2026, 2, 28, 17, tzinfo=UTC)
    store.write_rollups([
        point(station="W-1", valid=8),
        point(NOON + timedelta(hours=1), None, station="W-1"),
        point(midnight, 2.5, station="W-1", kind=WindowKind.DAY, valid=24, expected=24),
    ])  # fmt: skip
    out = io.StringIO()
    export_rollups(Wanted(Window(midnight, midnight + timedelta(days=1)), "W-1", "cod"), registry(), store, out)
    hour, empty, day = out.getvalue().splitlines()[1:]
    assert hour == (
        "2026-03-01T11:00:00+07:00,2026-03-01T12:00:00+07:00,hour,W-1,cod,1.5,mg/L,8,12,0,1.5,1.5,no,provisional,0"
    )
    assert empty.split(",")[5:13] == ["", "mg/L", "0", "12", "0", "", "", "no"]
    assert day.startswith("2026-03-01T00:00:00+07:00,2026-03-02T00:00:00+07:00,day,")


def test_a_replay_keeps_the_distances_between_readings(tmp_path: Path) -> None:
    """Ten minutes at 60 times the speed are ten seconds; stamped now, the first reading is of now."""
    path = write(
        tmp_path, HEAD + "2026-03-01T12:10:00+07:00,A-1,pm25,2,ug/m3,\n2026-03-01T12:00:00+07:00,A-1,pm25,1,ug/m3,\n"
    )
    waits: list[timedelta] = []
    sent: list[dict[str, object]] = []
    now = datetime(2026, 11, 1, tzinfo=UTC)
    replay(
        path, registry(), lambda _, payload: sent.append(json.loads(payload)), waits.append, speed=60, now=now,
    )  # fmt: skip
    assert waits == [timedelta(seconds=10)]
    assert [datetime.fromisoformat(str(one["time"])) - now for one in sent] == [timedelta(0), timedelta(minutes=10)]
