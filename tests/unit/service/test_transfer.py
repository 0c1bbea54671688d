"""Readings as CSV: what comes in, what is refused, and what goes out again."""

import gzip
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.clock import SetClock
from domain.flag import Flag, Reason
from domain.reading import Status
from domain.window import Window, WindowKind
from registry.schema import Season
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


def bodies(journal: Journal) -> list[tuple[str, dict[str, Any]]]:
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
        reading(
            NOON + timedelta(minutes=10), None, station="W-1", status=Status.CALIBRATING, flag=Flag.MISSING,
            reasons=Reason.MAINTENANCE | Reason.NO_FLOW,
        ),
    ])  # fmt: skip
    out = io.StringIO()
    assert export_readings(Wanted(ALL, "W-1", "cod"), registry(), store, out) == 3
    assert out.getvalue().splitlines()[1:] == [
        "2026-03-01T12:00:00+07:00,W-1,cod,0.30000000000000004,mg/L,00,1,",
        "2026-03-01T12:05:00+07:00,W-1,cod,,mg/L,00,9,",
        "2026-03-01T12:10:00+07:00,W-1,cod,,mg/L,01,9,maintenance no_flow",
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


def test_a_month_season_or_year_is_exported_with_the_span_in_which_it_ends(tmp_path: Path) -> None:
    """However early it began; a season that there is no more is left out."""
    store = SqliteReadings(tmp_path / "readings.sqlite")
    rainy, year, february = (datetime(2025, 4, 30, 17, tzinfo=UTC), datetime(2024, 12, 31, 17, tzinfo=UTC),
                             datetime(2026, 1, 31, 17, tzinfo=UTC))  # fmt: skip
    store.write_rollups([
        point(february, 2.5, station="W-1", kind=WindowKind.MONTH, valid=28, expected=28),
        point(rainy, 3.5, station="W-1", kind=WindowKind.SEASON, valid=214, expected=214),
        point(rainy + timedelta(days=9), 9.5, station="W-1", kind=WindowKind.SEASON, valid=214, expected=214),
        point(year, 4.5, station="W-1", kind=WindowKind.YEAR, valid=365, expected=365),
    ])  # fmt: skip
    seasons = [
        {"id": name, "names": {"vi": name, "en": name}, "from": start}
        for name, start in (("a", "05-01"), ("b", "12-01"))
    ]
    known = registry()
    province = known.province.model_copy(update={"seasons": tuple(map(Season.model_validate, seasons))})
    out = io.StringIO()
    wanted = Wanted(Window(datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)), "W-1", "cod")
    assert export_rollups(wanted, replace(known, province=province), store, out) == 3
    assert [line.split(",")[:3] for line in out.getvalue().splitlines()[1:]] == [
        ["2026-02-01T00:00:00+07:00", "2026-03-01T00:00:00+07:00", "month"],
        ["2025-05-01T00:00:00+07:00", "2025-12-01T00:00:00+07:00", "season"],
        ["2025-01-01T00:00:00+07:00", "2026-01-01T00:00:00+07:00", "year"],
    ]


REPLAYED = HEAD + "2026-03-01T12:10:00+07:00,A-1,pm25,2,ug/m3,\n2026-03-01T12:00:00+07:00,A-1,pm25,1,ug/m3,\n"


@pytest.mark.parametrize(
    ("speed", "clock_speed", "apart"),
    [(1, 1, timedelta(minutes=10)), (60, 1, timedelta(seconds=10)), (60, 60, timedelta(minutes=10))],
)
def test_a_replay_is_stamped_with_the_moments_at_which_it_is_published(
    tmp_path: Path, speed: float, clock_speed: float, apart: timedelta
) -> None:
    """Faster than the clock, distances shrink with the pauses: no reading is of the future and refused."""
    waits: list[timedelta] = []
    sent: list[dict[str, object]] = []
    clock = SetClock(datetime(2026, 11, 1, tzinfo=UTC), clock_speed)
    replay(
        write(tmp_path, REPLAYED), registry(), lambda _, payload: sent.append(json.loads(payload)), waits.append,
        speed=speed, clock=clock,
    )  # fmt: skip
    assert waits == [timedelta(minutes=10) / speed]
    assert [datetime.fromisoformat(str(one["time"])) - clock.now() for one in sent] == [timedelta(0), apart]


def test_a_replay_with_its_original_times_is_in_their_order(tmp_path: Path) -> None:
    """A station that stamps the start of what it averages writes that, not the end that the file has."""
    sent: list[tuple[str, dict[str, object]]] = []
    replay(
        write(tmp_path, REPLAYED), registry(station(stamp="start")),
        lambda topic, payload: sent.append((topic, json.loads(payload))), lambda _: None, speed=600,
    )  # fmt: skip
    assert [(topic, body["time"]) for topic, body in sent] == [
        ("quantrac/A-1/air", "2026-03-01T11:55:00+07:00"), ("quantrac/A-1/air", "2026-03-01T12:05:00+07:00"),
    ]  # fmt: skip


GOOD = "2026-03-01T12:00:00+07:00,A-1,pm25,7,ug/m3,\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"2026-03-01T12:00:00+07:00,A-1,pm25\n",
        b"2026-03-01T12:00:00+07:00,A-1,pm25,1,5,ug/m3,\n",
        b"2026-03-01T12:00:00+07:00,A-1,pm25,1,\xb5g/m3,\n",
        b"0001-01-01T00:00:00+07:00,A-1,pm25,1,ug/m3,\n",
        b"9999-12-31T23:59:59-07:00,A-1,pm25,1,ug/m3,\n",
        b"2026-03-01T12:00:00+07:00,A-1,pm25,1_000,ug/m3,\n",
        b"2026-03-01T12:00:00+07:00,A-1,pm25,inf,ug/m3,\n",
        b"2026-03-01T12:00:00+07:00,A-1," + b"x" * 200_000 + b",1,ug/m3,\n",
    ],
    ids=["too few cells", "decimal comma", "latin 1", "year 1", "year 9999", "underscore", "infinity", "endless cell"],
)
def test_a_bad_line_costs_nothing_but_itself(tmp_path: Path, journal: Journal, bad: bytes) -> None:
    """The lines before and after it are taken, it is counted, and its number is the line's in the file."""
    path = tmp_path / "readings.csv"
    path.write_bytes(HEAD.encode() + GOOD.encode() + bad + b"\n" + GOOD.encode())
    result = import_file(path, journal, registry())
    assert (result.rows, result.bad, [line for line, _ in result.worst]) == (2, 1, [3])


def test_a_file_that_is_cut_off_is_taken_up_to_there(tmp_path: Path, journal: Journal) -> None:
    """Half a packed file is half its lines, and says that there was more."""
    lines = "".join(f"2026-03-01T12:00:00.{number:06d}+07:00,A-1,pm25,{number},ug/m3,\n" for number in range(20_000))
    packed = gzip.compress((HEAD + lines).encode())
    path = tmp_path / "readings.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    result = import_file(path, journal, registry())
    assert 0 < result.rows < 20_000
    assert (result.bad, journal.count()) == (1, result.messages)
    assert "from here on" in str(result.worst[0][1])


def test_each_parameter_is_moved_by_its_own_interval(tmp_path: Path, journal: Journal) -> None:
    """Values of one start that average different times become messages of different ends."""
    both = station(parameters=[{"id": "pm25"}, {"id": "pm10", "interval": "1 h"}])
    path = write(tmp_path, HEAD + GOOD + GOOD.replace("pm25", "pm10"))
    import_file(path, journal, registry(both), stamp="start")
    assert [(list(body["values"]), body["time"]) for _, body in bodies(journal)] == [
        (["pm25"], "2026-03-01T12:05:00+07:00"), (["pm10"], "2026-03-01T13:00:00+07:00"),
    ]  # fmt: skip


def test_a_replay_gives_each_parameter_the_start_of_its_own_interval(tmp_path: Path) -> None:
    """At a station that stamps starts, values of one end that average different times go out as two messages."""
    both = station(stamp="start", parameters=[{"id": "pm25"}, {"id": "pm10", "interval": "1 h"}])
    sent: list[dict[str, Any]] = []
    replay(
        write(tmp_path, HEAD + GOOD + GOOD.replace("pm25", "pm10")), registry(both),
        lambda _, payload: sent.append(json.loads(payload)), lambda _: None, speed=1,
    )  # fmt: skip
    assert [(list(body["values"]), body["time"]) for body in sent] == [
        (["pm10"], "2026-03-01T11:00:00+07:00"), (["pm25"], "2026-03-01T11:55:00+07:00"),
    ]  # fmt: skip


def test_what_is_exported_can_be_imported(tmp_path: Path, journal: Journal) -> None:
    """The flag is ours to give and is not taken over; everything else comes back as it was."""
    store = SqliteReadings(tmp_path / "readings.sqlite")
    store.write([reading(value=1 / 3, station="W-1", flag=Flag.FAIL, status=Status.CALIBRATING)])
    out = io.StringIO()
    export_readings(Wanted(ALL), registry(), store, out)
    result = import_file(write(tmp_path, out.getvalue()), journal, registry())
    ((_, body),) = bodies(journal)
    assert (result.bad, body["values"]) == (0, {"cod": {"value": 1 / 3, "unit": "mg/L", "status": "01"}})
