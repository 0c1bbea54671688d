"""What is missing: found exactly, whatever the zone, the interval and the readings that came."""

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.flag import Flag
from domain.moment import moment
from domain.reading import Reading
from domain.window import Window
from registry.lookup import Registry
from registry.schema import Station
from service.gaps import Asked, find_gaps
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes, reading
from support.configured import station
from support.program import CONFIG, call
from support.rolled import configured
from support.shared import shared

HOUR = timedelta(hours=1)
folders = count()
quickly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# A gap as a test has it: whole station?, parameters, start, end, intervals.
Found = tuple[bool, str, datetime, datetime, int]


def found(folder: Path, of: Registry, readings: Iterable[Reading], window: Window, now: datetime) -> list[Found]:
    """Return the gaps of all stations where `readings` are stored."""
    store = SqliteReadings(folder / f"{next(folders)}.sqlite")
    try:
        store.write(list(readings))
        asked = Asked(window, now)
        return [
            (gap.whole, " ".join(gap.parameters), moment(gap.start), moment(gap.end), gap.missing)
            for _, gap in find_gaps(asked, list(of.stations), of, store)
        ]
    finally:
        store.close()


def every(step: timedelta, span: Window, parameter: str = "pm25", *, without: Iterable[datetime] = ()) -> list[Reading]:
    """Return a reading of A-1 every `step` in `span`, those `without` left out."""
    left_out = set(without)
    moments = (span.start + number * step for number in range(1, (span.end - span.start) // step + 1))
    return [reading(at, station="A-1", parameter=parameter) for at in moments if at not in left_out]


def air(*parameters: Any, **changes: Any) -> Station:
    return station("A-1", **{"interval": "5 min", **changes}, parameters=parameters or [{"id": "pm25"}])


THREE_HOURS = Window(NOON - 3 * HOUR, NOON)


def around(span: Window) -> Window:
    return Window(span.start - HOUR, span.end + HOUR)


@quickly
@given(
    st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.sampled_from([1, 5, 15, 60]), st.integers(0, 59), st.data(),
)  # fmt: skip
def test_what_was_taken_away_is_what_is_missing(
    tmp_path: Path, zone: str, every_minutes: int, offset: int, data: st.DataObject
) -> None:
    """Every reading once, no other: also over a change of clocks, and where a logger stamps 17 s past."""
    of = configured(air(interval=f"{every_minutes} min"), zone=zone)
    step = minutes(every_minutes)
    # Clocks go forward in Europe on the 29th of March 2026, and back on Lord Howe on the 5th of April by half an hour.
    begin = datetime(2026, 3, 28, 12, 0, offset, tzinfo=UTC)
    span = Window(begin, begin + 60 * step)
    moments = [begin + number * step for number in range(1, 61)]
    gone = data.draw(st.sets(st.sampled_from(moments), max_size=60))
    outside = every(step, Window(begin - 5 * step, begin)) + every(step, Window(span.end, span.end + 5 * step))
    gaps = found(tmp_path, of, [*every(step, span, without=gone), *outside], span, span.end + timedelta(days=1))
    listed = [end - number * step for _, _, _, end, missing in gaps for number in range(missing)]
    assert sorted(listed) == sorted(gone)
    assert all((end - start) == missing * step for _, _, start, end, missing in gaps)
    assert all(before[3] < after[2] for before, after in pairwise(gaps))


def test_a_station_that_says_nothing_is_told_apart_from_a_parameter_that_is_missing(tmp_path: Path) -> None:
    """PM2.5 is gone for two hours; in the middle of them the whole station is silent for 30 minutes."""
    of = configured(air({"id": "pm25"}, {"id": "pm10"}))
    silence = [NOON - minutes(90) + minutes(5 * number) for number in range(1, 7)]
    gone = [NOON - minutes(150) + minutes(5 * number) for number in range(1, 25)]
    stored = [
        *every(minutes(5), around(THREE_HOURS), without=gone),
        *every(minutes(5), around(THREE_HOURS), "pm10", without=silence),
    ]
    assert found(tmp_path, of, stored, THREE_HOURS, NOON + HOUR * 2) == [
        (False, "pm25", NOON - minutes(150), NOON - minutes(90), 12),
        (True, "pm25 pm10", NOON - minutes(90), NOON - minutes(60), 6),
        (False, "pm25", NOON - minutes(60), NOON - minutes(30), 6),
    ]


def test_a_slow_parameter_does_not_hide_that_the_station_was_silent(tmp_path: Path) -> None:
    """Between two hourly readings the five-minute ones were missing: nothing came, and that is said of the station."""
    of = configured(air({"id": "pm25"}, {"id": "pm10", "interval": "1 h"}))
    silence = [NOON - minutes(45) + minutes(5 * number) for number in range(1, 4)]
    stored = [
        *every(minutes(5), around(THREE_HOURS), without=silence),
        *every(HOUR, around(THREE_HOURS), "pm10"),
    ]
    assert found(tmp_path, of, stored, THREE_HOURS, NOON + 2 * HOUR) == [
        (True, "pm25", NOON - minutes(45), NOON - minutes(30), 3)
    ]


def test_a_fast_parameter_that_is_dead_is_no_silence_while_a_slow_one_reports(tmp_path: Path) -> None:
    """However few readings the other has."""
    of = configured(air({"id": "pm25"}, {"id": "pm10", "interval": "1 h"}))
    stored = every(HOUR, around(THREE_HOURS), "pm10")
    assert found(tmp_path, of, stored, THREE_HOURS, NOON + 2 * HOUR) == [(False, "pm25", *_ends(THREE_HOURS), 36)]


def test_parameters_that_come_a_moment_after_one_another_are_no_silences(tmp_path: Path) -> None:
    """One of them is missing once; the other was there a minute before and four minutes later."""
    of = configured(air({"id": "pm25"}, {"id": "pm10"}))
    later = Window(THREE_HOURS.start - HOUR + minutes(1), THREE_HOURS.end + HOUR)
    stored = [
        *every(minutes(5), around(THREE_HOURS), without=[NOON - minutes(30)]),
        *every(minutes(5), later, "pm10"),
    ]
    assert found(tmp_path, of, stored, THREE_HOURS, NOON + 2 * HOUR) == [
        (False, "pm25", NOON - minutes(35), NOON - minutes(30), 1)
    ]


def _ends(span: Window) -> tuple[datetime, datetime]:
    return span.start, span.end


def test_a_station_that_was_never_heard_is_one_gap(tmp_path: Path) -> None:
    """From the day it is configured for."""
    of = configured(air({"id": "pm25"}, {"id": "pm10", "interval": "1 h"}, **{"from": "2026-03-01"}))
    midnight = datetime(2026, 2, 28, 17, tzinfo=UTC)
    week = Window(midnight - timedelta(days=6), midnight + timedelta(days=1))
    assert found(tmp_path, of, [], week, NOON + timedelta(days=9)) == [
        (True, "pm25 pm10", midnight, week.end, 288)
    ]  # fmt: skip


def test_a_missing_value_is_a_reading_and_not_a_gap(tmp_path: Path) -> None:
    """The logger has sent it: sending it again would not help."""
    of = configured(air())
    stored = [
        reading(one.measured_at, None, station="A-1", parameter="pm25", flag=Flag.MISSING)
        for one in every(minutes(5), around(THREE_HOURS))
    ]
    assert found(tmp_path, of, stored, THREE_HOURS, NOON + 2 * HOUR) == []


def test_what_has_no_interval_has_no_gaps(tmp_path: Path) -> None:
    """Tickets of a weighbridge come when somebody weighs; a reading that comes oftener than it must is none either."""
    of = configured(air({"id": "pm10", "irregular": True}, {"id": "pm25"}))
    assert found(tmp_path, of, every(minutes(2), around(THREE_HOURS)), THREE_HOURS, NOON + 2 * HOUR) == []


@pytest.mark.parametrize(("waited", "gaps"), [(14, 0), (15, 1), (20, 2)])
def test_what_may_still_come_is_not_missing(tmp_path: Path, waited: int, gaps: int) -> None:
    """A reading has the grace of ten minutes, or its interval if that is longer."""
    of = configured(air())
    window = Window(NOON - HOUR, NOON + HOUR)
    stored = every(minutes(5), Window(NOON - 2 * HOUR, NOON))
    missing = [one[4] for one in found(tmp_path, of, stored, window, NOON + minutes(waited))]
    assert sum(missing) == gaps


@pytest.mark.parametrize(("before", "after"), [("10 min", "5 min"), ("5 min", "10 min"), ("1 min", "1 h")])
def test_another_interval_counts_from_the_day_it_is_dated(tmp_path: Path, before: str, after: str) -> None:
    """The readings around that midnight are missing: those of each side by its own interval."""
    parameters = [
        {"id": "pm25", "interval": before, "to": "2026-03-02"},
        {"id": "pm25", "interval": after, "from": "2026-03-02"},
    ]
    of = configured(air(*parameters))
    midnight = datetime(2026, 3, 1, 17, tzinfo=UTC)
    steps = [timedelta(minutes=int(one.split()[0]) * (60 if "h" in one else 1)) for one in (before, after)]
    gone = [midnight, midnight + steps[1], midnight - steps[0], midnight - 3 * steps[0]]
    spans = [Window(midnight - 6 * HOUR, midnight), Window(midnight, midnight + 6 * HOUR)]
    stored = [one for step, span in zip(steps, spans, strict=True) for one in every(step, span, without=gone)]
    window = Window(midnight - 6 * HOUR, midnight + 5 * HOUR)
    gaps = found(tmp_path, of, stored, window, midnight + timedelta(days=2))
    inside = [at for at in gone if sum(start < at <= end for _, _, start, end, _ in gaps) == 1]
    assert (inside, sum(one[4] for one in gaps)) == (gone, len(gone))
    assert not [one for one in stored if any(start < one.measured_at <= end for _, _, start, end, _ in gaps)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_the_hours_that_its_clock_gives_it(tmp_path: Path, day: str, hours: int) -> None:
    """Nothing came on the day on which clocks change."""
    of = configured(air(interval="1 h"), zone="Europe/Berlin")
    begin = datetime.fromisoformat(day).replace(tzinfo=of.zone)
    end = (begin + timedelta(days=1)).astimezone(UTC)  # the next local midnight
    begin = begin.astimezone(UTC)
    stored = [*every(HOUR, Window(begin - 9 * HOUR, begin)), *every(HOUR, Window(end, end + 9 * HOUR))]
    assert found(tmp_path, of, stored, Window(begin, end), end + timedelta(days=3)) == [
        (True, "pm25", begin, end, hours)
    ]  # fmt: skip


def test_a_clock_that_is_off_by_seconds_makes_no_gaps(tmp_path: Path) -> None:
    """Nor does a reading that is two minutes late; what is late by an interval is missing once."""
    of = configured(air())
    offsets = [0, 3, -4, 59, -2, 120, 0, 1]
    moments = [NOON - HOUR + minutes(5 * place) + timedelta(seconds=late) for place, late in enumerate(offsets * 2)]
    stored = [
        reading(at, station="A-1", parameter="pm25") for at in moments if at != moments[9]
    ]  # the next one is early
    window = Window(NOON - HOUR, moments[-1])
    assert [one[2:] for one in found(tmp_path, of, stored, window, NOON + HOUR)] == [
        (moments[8], moments[8] + minutes(5), 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameter", "interval"),
    [("data/water-nerrs-estuary/nerrs_apacp_2012.csv.gz", "ph", 15),
     ("data/air-beijing-prsa/beijing_6st_2016-03_2017-02.csv.gz", "pm25", 60)],
)  # fmt: skip
def test_the_gaps_of_a_recording_are_those_of_its_moments(
    tmp_path: Path, path: str, parameter: str, interval: int
) -> None:
    """A year as it was recorded, with a week and some single readings taken away."""
    kept_as, step = "pm25", minutes(interval)
    with gzip.open(shared(path), "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["parameter"] == parameter]
    moments = sorted({datetime.fromisoformat(row["timestamp"]) for row in rows if row["station"] == rows[0]["station"]})
    week = Window(moments[9_000 // 2], moments[9_000 // 2] + timedelta(days=7))
    kept = [at for place, at in enumerate(moments) if at not in week and place % 501]
    whole = Window(moments[0] - step, moments[-1])
    expected = {whole.start + number * step for number in range(1, (whole.end - whole.start) // step + 1)}
    of = configured(air(interval=f"{interval} min"))
    stored = (reading(at, station="A-1", parameter=kept_as) for at in kept)
    gaps = found(tmp_path, of, stored, whole, whole.end + timedelta(days=1))
    listed = {end - number * step for _, _, _, end, missing in gaps for number in range(missing)}
    assert listed == expected - set(kept)
    assert sum(one[4] for one in gaps) == len(listed) > 7 * 24


# The command.


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which NT-DH1-01 has reported every five minutes of a day, but for an hour."""
    folder = tmp_path / "var"
    identity, measures = _first_station()
    lines = ["time,station,parameter,value,unit,status"]
    for number in range(1, 289):
        at = datetime(2026, 2, 28, 17, tzinfo=UTC) + minutes(5 * number)
        if not 120 < number <= 132:
            lines += [f"{at.isoformat()},{identity},{one},5,{unit},00" for one, unit in measures]
    file = tmp_path / "day.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    done = call("import", file, "--data", folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return folder


def _first_station() -> tuple[str, list[tuple[str, str]]]:
    from registry.load import load  # noqa: PLC0415

    of = load(CONFIG)
    found = next(one for one in of.stations.values() if one.interval == minutes(5) and len(one.measures) > 1)
    return found.id, [(one, of.parameters[one].unit) for one in found.measures]


def test_the_command_lists_what_to_send_again(data: Path, tmp_path: Path) -> None:
    """As a table, as CSV and as JSON, with the same spans; it ends with 0."""
    identity, measures = _first_station()
    options = ("gaps", "--data", data, "--station", identity, "--from", "2026-03-01", "--to", "2026-03-02")
    table, as_csv, as_json = (call(*options, *one, cwd=tmp_path) for one in ([], ["--csv"], ["--json"]))
    assert (table.returncode, as_csv.returncode, as_json.returncode) == (0, 0, 0), table.stderr
    (gap,) = json.loads(as_json.stdout)
    assert gap == {
        "station": identity, "scope": "station", "parameters": [one for one, _ in measures],
        "start": "2026-03-01T10:00:00+07:00", "end": "2026-03-01T11:00:00+07:00", "missing": 12,
        "readings": 12 * len(measures),
    }  # fmt: skip
    (row,) = csv.DictReader(as_csv.stdout.splitlines())
    assert (row["start"], row["end"], row["missing"]) == (gap["start"], gap["end"], "12")
    assert row["parameters"].split() == gap["parameters"]
    assert f"{identity}  2026-03-01 10:00:00  2026-03-01 11:00:00  12" in table.stdout
    in_vietnamese = call(*options, "--lang", "vi", cwd=tmp_path)
    assert "cả trạm" in in_vietnamese.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--station", "NO-1"), "there is no NO-1"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "--from must be before --to"),
        (("--csv", "--json"), "choose one of them"),
        (("--from", "soon"), "--from is soon"),
    ],
)
def test_wrong_use_is_answered_with_what_would_be_right(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:  # fmt: skip
    """With 2, and nothing on standard output."""
    done = call("gaps", "--data", tmp_path / "var", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
