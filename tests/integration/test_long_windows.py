"""Months, seasons and years on real stores: from days, once they are over, whatever order the days came in."""

import random
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import LimitKind, RollupPoint
from domain.window import WindowKind
from registry.schema import Area, Regulation
from storage import rollup_history, spans
from support.configured import station
from support.rolled import Bench, bench, configured, every, slow_daily_figures, slow_figures

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
COD = SeriesKey("W-1", "cod")
MONTH, SEASON, YEAR = WindowKind.MONTH, WindowKind.SEASON, WindowKind.YEAR


def midnight(*day: int, zone: ZoneInfo = HANOI) -> datetime:
    return datetime.combine(date(*day), time(0), zone).astimezone(UTC)


def outfall(folder: Path, now: datetime, parameter: str = "cod", zone: str = "Asia/Ho_Chi_Minh", **how: Any) -> Bench:
    """Return a bench with an outfall that is read once a day, or as `how` says."""
    measured = [{"id": parameter, **({"interval": "1 d"} | how)}]
    known = configured(station("W-1", kind="outfall", parameters=measured), zone=zone)
    return bench(folder, now, known, key=SeriesKey("W-1", parameter))


def noons(first: datetime, values: Iterable[float | None], **changes: Any) -> list[Reading]:
    """Return readings at noon of each day from the one that begins with `first`."""
    return every(DAY, first - HOUR * 12, values, **{"key": COD} | changes)


def long(made: Bench, kind: WindowKind = MONTH) -> dict[str, RollupPoint]:
    """Return windows by the local day on which they begin."""
    return {str(mark.astimezone(made.registry.zone).date()): one for mark, one in made.points(kind).items()}


def said(point: RollupPoint) -> tuple[float | None, int, int]:
    return point.value, point.valid, point.expected


def same(found: dict[Any, Any], expected: dict[Any, Any]) -> bool:
    assert found.keys() == expected.keys()
    for mark, figures in expected.items():
        assert list(found[mark]) == [one if one is None else pytest.approx(one, rel=1e-14) for one in figures], mark
    return True


READINGS = st.lists(
    st.builds(
        Reading,
        st.just("W-1"), st.just("cod"), st.integers(0, 800).map(lambda day: midnight(2023, 11, 20) + DAY * day + 9 * HOUR),
        st.integers(0, 4000).map(lambda tenth: tenth / 10),
        st.sampled_from([Status.MEASURING] * 8 + [Status.CALIBRATING, Status.FAULT]),
        st.sampled_from([Flag.GOOD] * 6 + [Flag.SUSPECT, Flag.FAIL]),
    ),
    min_size=1, max_size=120, unique_by=lambda one: one.measured_at,
)  # fmt: skip


@settings(max_examples=15, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(
    READINGS, st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    st.integers(0, 500), st.randoms(use_true_random=False),
)  # fmt: skip
def test_long_windows_are_the_same_whatever_the_order_of_arrival(
    arriving: list[Reading], zone: str, silence: int, chance: random.Random
) -> None:
    """Two years of a daily value, shuffled and split, and silence after them: what plain loops over all give."""
    everything = list(arriving)
    chance.shuffle(arriving)
    with tempfile.TemporaryDirectory() as folder:
        made = outfall(Path(folder), midnight(2023, 11, 20), zone=zone)
        while arriving:
            size = chance.randint(1, 60)
            batch, arriving = arriving[:size], arriving[size:]
            made.clock.moment = max(made.clock.moment, *(one.measured_at for one in batch)) + chance.random() * DAY
            made.feed(batch)
            if chance.random() < 0.7:
                made.roll()
        for _ in range(2):
            made.clock.moment += silence * DAY / 2
            made.roll()
        while made.roll():
            pass
        assert same(made.figures(), slow_daily_figures(everything, made))


@settings(max_examples=4, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(
    st.lists(st.integers(0, 34), min_size=1, max_size=20, unique=True),
    st.sampled_from(["Europe/Berlin", "Asia/Ho_Chi_Minh"]), st.randoms(use_true_random=False),
)  # fmt: skip
def test_months_of_an_hourly_series_are_those_of_its_days(blocks: list[int], zone: str, chance: random.Random) -> None:
    """From hours to days to months, a day of 23 hours and long silences among them, in two batches in any order."""
    readings = [
        one
        for place, block in enumerate(blocks)
        for one in every(HOUR, midnight(2026, 2, 20) + 2 * DAY * block, [block + 0.1] * 24, seq=place)
    ]
    with tempfile.TemporaryDirectory() as folder:
        known = configured(station("A-1", interval="1 h"), zone=zone, expected_for="475 h")
        made = bench(Path(folder), midnight(2026, 6, 2), known)
        middle = chance.randint(0, len(readings))
        for batch in (readings[middle:], readings[:middle]):
            if batch:
                made.feed(batch)
            made.roll()
        assert same(made.figures(), slow_figures(readings, made))


@pytest.mark.parametrize(("minutes", "there"), [(-1, False), (0, False), (9, False), (10, True)])
def test_a_month_is_made_once_it_is_over(tmp_path: Path, minutes: int, there: bool) -> None:
    """As an hour is: once data have passed its end, or after the grace."""
    end = midnight(2026, 4, 1)
    made = bench(tmp_path, end + timedelta(minutes=minutes), configured(station("A-1", interval="10 min")))
    made.feed(every(HOUR, end - 3 * DAY, [1.0] * 71))
    made.roll()
    assert bool(made.points(MONTH)) is there
    assert made.points(YEAR) == made.points(SEASON) == {}


def test_data_that_pass_its_end_end_a_month(tmp_path: Path) -> None:
    """Without waiting for the grace."""
    end = midnight(2026, 4, 1)
    made = bench(tmp_path, end + timedelta(seconds=1), configured(station("A-1", interval="1 h")))
    made.feed(every(HOUR, end - 3 * DAY, [1.0] * 72))
    made.roll()
    assert [said(one) for one in long(made).values()] == [(1.0, 3, 31)]


def test_a_year_is_the_mean_of_its_days_that_meet_capture(tmp_path: Path) -> None:
    """Not of its months, and not of its hours: each day counts once, one with too little data not at all."""
    made = bench(tmp_path, midnight(2027, 1, 2), configured(station("A-1", interval="1 h")))
    january = every(HOUR, midnight(2026, 1, 1), [10.0] * 24 * 2)
    june = every(HOUR, midnight(2026, 6, 1), [40.0] * 18)
    july = every(HOUR, midnight(2026, 7, 1), [999.0] * 17)
    made.feed([*january, *june, *july])
    made.roll()
    assert said(long(made, YEAR)["2026-01-01"]) == (20.0, 3, 365)
    assert said(long(made)["2026-07-01"]) == (None, 0, 31)
    assert (long(made, YEAR)["2026-01-01"].minimum, long(made, YEAR)["2026-01-01"].maximum) == (10.0, 40.0)


def test_counts_are_of_days(tmp_path: Path) -> None:
    """Days with calibration, with fault, and days that are suspect by more than a quarter; extremes are carried up."""
    made = bench(tmp_path, midnight(2026, 4, 2), configured(station("A-1", interval="1 h")))
    start = midnight(2026, 3, 30)
    days = [every(HOUR, start + place * DAY, [float(place)] * 23 + [50.0 + place], seq=place) for place in range(2)]
    marked: dict[tuple[int, int], dict[str, Any]] = {
        (0, 3): {"status": Status.CALIBRATING}, (0, 4): {"status": Status.CALIBRATING}, (1, 1): {"status": Status.FAULT},
        **{(0, hour): {"flag": Flag.SUSPECT} for hour in range(10, 16)},
        **{(1, hour): {"flag": Flag.SUSPECT} for hour in range(10, 15)},
    }  # fmt: skip
    made.feed(
        replaced(one, **marked.get((place, hour), {})) for place, day in enumerate(days) for hour, one in enumerate(day)
    )
    made.roll()
    month = long(made)["2026-03-01"]
    assert (month.valid, month.expected, month.suspect, month.calibrating, month.fault) == (2, 31, 1, 1, 1)
    assert (month.minimum, month.maximum) == (0.0, 51.0)


def replaced(one: Reading, **changes: Any) -> Reading:
    fields = {name: getattr(one, name) for name in ("value", "status", "flag", "seq")}
    return Reading(*one.series, one.measured_at, **{**fields, **changes})


def test_a_late_day_revises_its_month_season_and_year(tmp_path: Path) -> None:
    """The old figure, its count and the cause stay on record; the judge is told when each of them ended."""
    made = outfall(tmp_path, midnight(2027, 1, 3))
    days = noons(midnight(2026, 2, 1), [10.0, 20.0, 60.0])
    made.feed([days[0], days[2]])
    made.roll()
    with made.engine.begin() as connection:
        spans.clear(connection, spans.take(made.engine, "judge"))
    made.feed([days[1]])
    made.roll()
    found = [
        long(made, kind)[day] for kind, day in ((MONTH, "2026-02-01"), (SEASON, "2025-12-01"), (YEAR, "2026-01-01"))
    ]
    assert [(*said(one), one.revision) for one in found] == [(30.0, 3, 28, 1), (30.0, 3, 151, 1), (30.0, 3, 365, 1)]
    history = {(one.kind, one.value, one.valid, one.cause) for one in rollup_history.read(made.engine, *COD)}
    assert history >= {(kind, 35.0, 2, "late") for kind in ("month", "season", "year")}
    told = {(one.first_at, one.last_at) for one in spans.take(made.engine, "judge")}
    assert told >= {(one, one) for one in (midnight(2026, 3, 1), midnight(2026, 5, 1), midnight(2027, 1, 1))}
    assert made.roll() == 0, "once more changes nothing"


def test_a_series_that_fell_silent_still_gets_its_year(tmp_path: Path) -> None:
    """Half a year after its last expected hour, when the year is over: once, and no year without a day."""
    made = outfall(tmp_path, midnight(2026, 3, 1))
    made.feed(noons(midnight(2026, 2, 1), [10.0, 20.0]))
    made.roll()
    assert long(made, YEAR) == {}
    for moment in (midnight(2026, 9, 1), midnight(2027, 1, 5), midnight(2028, 6, 1)):
        made.clock.moment = moment
        made.roll()
        assert made.roll() == 0
    assert {day: said(one) for day, one in long(made, YEAR).items()} == {"2026-01-01": (15.0, 2, 365)}
    assert list(long(made, SEASON)) == ["2025-12-01"]
    assert list(long(made)) == ["2026-02-01", "2026-03-01", "2026-04-01"]


def test_a_series_that_speaks_again_has_the_month_in_which_it_fell_silent(tmp_path: Path) -> None:
    """Though nothing ran in between, and the hours are done a few at a time."""
    made = outfall(tmp_path, midnight(2026, 2, 5))
    made.feed(noons(midnight(2026, 2, 1), [10.0, 20.0]))
    made.roll()
    made.clock.moment = midnight(2027, 2, 3)
    made.feed(noons(midnight(2027, 2, 1), [30.0], seq=9))
    made.roll()
    assert {day: said(one) for day, one in long(made, YEAR).items()} == {"2026-01-01": (15.0, 2, 365)}
    assert list(long(made)) == ["2026-02-01", "2026-03-01", "2026-04-01"]


def test_a_season_is_marked_by_its_beginning_across_new_year(tmp_path: Path) -> None:
    """The dry season from December lasts until May; without seasons none is made."""
    made = outfall(tmp_path, midnight(2026, 5, 3))
    made.feed(noons(midnight(2025, 12, 30), [10.0, 20.0, 60.0]))
    made.roll()
    assert {day: said(one) for day, one in long(made, SEASON).items()} == {"2025-12-01": (30.0, 3, 151)}
    province = made.registry.province.model_copy(update={"seasons": ()})
    other = tmp_path / "other"
    other.mkdir()
    without = replace(outfall(other, midnight(2026, 5, 3)), registry=replace(made.registry, province=province))
    without.feed(noons(midnight(2025, 12, 30), [10.0, 20.0, 60.0]))
    without.roll()
    assert (without.points(SEASON), len(without.points(YEAR))) == ({}, 1)


def test_tonnes_of_a_month_are_those_of_its_tickets(tmp_path: Path) -> None:
    """Irregular: nothing is expected; a month without a ticket has weighed 0 t if somebody was there on one of its days."""
    made = outfall(tmp_path, midnight(2026, 6, 2), "weight", interval=None, irregular=True)
    made.registry = with_silence(made.registry, 3 * DAY)
    tickets = every(12 * HOUR, midnight(2026, 2, 10), [3.0, 4.5, 0.1, 0.2], made.key)
    alone = every(HOUR, midnight(2026, 3, 1), [None], made.key, seq=9)
    made.feed([*tickets, *alone])
    made.roll()
    found = {day: (*said(one), one.minimum, one.maximum) for day, one in long(made).items()}
    assert found["2026-02-01"] == (7.8, 4, 0, 0.1, 4.5)
    assert found["2026-03-01"] == (0.0, 1, 0, 0.0, 0.0)
    assert found["2026-04-01"][:3] == (None, 0, 0)
    assert said(long(made, SEASON)["2025-12-01"]) == (7.8, 4, 0)


def with_silence(known: Any, silence: timedelta) -> Any:
    return replace(known, stations={"W-1": known.stations["W-1"].model_copy(update={"silent_after": silence})})


def test_a_month_of_a_meter_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    """Months add up to the year, a meter that began at zero again among them; the first reading only begins the count."""
    made = outfall(tmp_path, midnight(2027, 1, 3), "volume")
    meter = [
        (midnight(2026, 1, 31), 100.0), (midnight(2026, 2, 10), 130.0), (midnight(2026, 2, 20), 5.0), (midnight(2026, 3, 5), 12.5),
    ]  # fmt: skip
    made.feed(Reading(*made.key, at, value, flag=Flag.GOOD, seq=place) for place, (at, value) in enumerate(meter))
    made.roll()
    months = [long(made)[day] for day in ("2026-01-01", "2026-02-01", "2026-03-01")]
    assert [said(one) for one in months] == [(None, 0, 31), (35.0, 2, 28), (7.5, 1, 31)]
    assert said(long(made, YEAR)["2026-01-01"])[0] == 42.5


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Asia/Kolkata"])
def test_a_month_of_sums_expects_what_its_days_do(zone: str, tmp_path: Path) -> None:
    """Also where midnight is no full hour: what is complete is 672 of 672 hours, and 504 are 75 %."""
    begin = midnight(2026, 2, 1, zone=ZoneInfo(zone))
    made = outfall(tmp_path, begin + 29 * DAY, "weight", zone, interval="1 h")
    made.feed(every(HOUR, begin + HOUR / 2, [0.5] * 504, key=made.key))
    made.roll()
    assert said(long(made)["2026-02-01"]) == (252.0, 504, 672)


def test_a_late_reading_of_a_meter_moves_the_next_month_too(tmp_path: Path) -> None:
    """What was counted over the turn of the month belongs to the one in which it is read."""
    made = outfall(tmp_path, midnight(2026, 3, 3), "volume")
    meter = [(midnight(2026, 1, 20), 100.0), (midnight(2026, 1, 31), 130.0), (midnight(2026, 2, 2), 150.0)]
    readings = [Reading(*made.key, at, value, flag=Flag.GOOD, seq=place) for place, (at, value) in enumerate(meter)]
    made.feed([readings[0], readings[2]])
    made.roll()
    assert [one.value for one in long(made).values()] == [None, 50.0]
    made.feed([readings[1]])
    made.roll()
    assert [one.value for one in long(made).values()] == [30.0, 20.0]


def test_what_is_read_weekly_has_months_and_no_days(tmp_path: Path) -> None:
    """No window is shorter than the interval: a month is made of readings, and expects as many as fit into it."""
    made = outfall(tmp_path, midnight(2027, 1, 20), interval="7 d")
    made.feed(every(7 * DAY, midnight(2026, 2, 1), [10.0, 20.0, 60.0], COD))
    made.roll()
    assert made.points(WindowKind.DAY) == made.points(WindowKind.HOUR) == {}
    months = {day: said(one) for day, one in long(made).items()}
    assert list(months) == ["2026-02-01", "2026-03-01", "2026-04-01"]
    assert months["2026-02-01"] == (30.0, 3, 4)
    assert months["2026-03-01"] == (None, 0, 4)
    assert said(long(made, YEAR)["2026-01-01"]) == (30.0, 3, 52)


def test_nothing_is_made_of_what_is_read_less_often_than_the_window_is_long(tmp_path: Path) -> None:
    """A value every forty days has seasons and years."""
    made = outfall(tmp_path, midnight(2027, 1, 20) + 41 * DAY, interval="40 d")
    made.feed(every(40 * DAY, midnight(2026, 2, 1), [10.0, 20.0], COD))
    made.roll()
    assert made.points(MONTH) == {}
    assert said(long(made, YEAR)["2026-01-01"]) == (15.0, 2, 9)


def test_a_month_may_change_its_interval_midway(tmp_path: Path) -> None:
    """A daily value, then one every hour: days of either kind count alike, each by what was expected of it."""
    measured = [
        {"id": "cod", "interval": "1 d", "to": "2026-03-16"},
        {"id": "cod", "interval": "1 h", "from": "2026-03-16"},
    ]
    known = configured(station("W-1", kind="outfall", parameters=measured))
    made = bench(tmp_path, midnight(2026, 4, 2), known, key=COD)
    hourly = every(HOUR, midnight(2026, 3, 16), [40.0] * 24 * 2 + [99.0] * 5, COD, seq=9)
    made.feed([*noons(midnight(2026, 3, 14), [10.0, 30.0]), *hourly])
    made.roll()
    assert said(long(made)["2026-03-01"]) == (30.0, 4, 31)


def test_days_count_in_a_month_that_began_with_weekly_readings(tmp_path: Path) -> None:
    """A reading that stands for a week is no day; an irregular part leaves no number that could be expected."""
    for name, before, expected in (("weekly", {"interval": "7 d"}, 31), ("irregular", {"irregular": True}, 0)):
        measured = [{"id": "cod", "to": "2026-03-16", **before}, {"id": "cod", "interval": "1 d", "from": "2026-03-16"}]
        folder = tmp_path / name
        folder.mkdir()
        made = bench(
            folder, midnight(2026, 4, 2), configured(station("W-1", kind="outfall", parameters=measured)), key=COD
        )
        made.feed([*noons(midnight(2026, 3, 10), [90.0]), *noons(midnight(2026, 3, 20), [10.0, 20.0], seq=9)])
        made.roll()
        value, valid = (15.0, 2) if name == "weekly" else (40.0, 3)
        assert said(long(made)["2026-03-01"]) == (value, valid, expected)


def test_a_month_of_wind_is_a_mean_of_vectors(tmp_path: Path) -> None:
    """Days of 350° and 10° are north together."""
    key = SeriesKey("A-1", "wind_direction")
    wind = station("A-1", parameters=[{"id": "wind_direction", "interval": "1 d"}])
    made = bench(tmp_path, midnight(2026, 3, 3), configured(wind), key=key)
    made.feed(noons(midnight(2026, 2, 1), [350.0, 10.0], key=key))
    made.roll()
    value = long(made)["2026-02-01"].value
    assert value is not None
    assert min(value, 360 - value) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("zone", "hours"), [("Europe/Berlin", 31 * 24 - 1), ("America/New_York", 31 * 24 - 1), ("Asia/Kolkata", 31 * 24)]
)
def test_march_has_31_days_where_one_of_them_has_23_hours(tmp_path: Path, zone: str, hours: int) -> None:
    """Days are counted by the calendar; in a zone half an hour off they are made of the hours that end in them."""
    local = ZoneInfo(zone)
    start, end = midnight(2026, 3, 1, zone=local), midnight(2026, 4, 1, zone=local)
    assert end - start == hours * HOUR
    known = configured(station("A-1", interval="1 h"), zone=zone)
    made = bench(tmp_path, end + 2 * HOUR, known)
    made.feed(every(HOUR, start - start.minute * timedelta(minutes=1), [1.0] * (hours + 1)))
    made.roll()
    month = long(made)["2026-03-01"]
    assert (month.mark, *said(month)) == (start, 1.0, 31, 31)


def test_a_year_carries_the_limit_of_its_last_day(tmp_path: Path) -> None:
    """A row that averages over a year is compared with years, and with nothing else."""
    law = Regulation.model_validate({
        "id": "law", "names": {"vi": "L", "en": "L"}, "document": "L", "kinds": ["air"], "general": True,
        "rows": [
            {"row": "old", "clause": "1", "parameter": "pm25", "averaging": "year", "at_most": 25, "unit": "ug/m3",
             "confidence": "V1", "to": "2026-01-01"},
            {"row": "new", "clause": "1", "parameter": "pm25", "averaging": "year", "at_most": 20, "unit": "ug/m3",
             "confidence": "V1", "from": "2026-01-01"},
        ],
    })  # fmt: skip
    area = Area.model_validate({
        "id": "area", "names": {"vi": "K", "en": "K"}, "kind": "industrial", "latitude": 10.5, "longitude": 106.5,
    })  # fmt: skip
    key = SeriesKey("A-1", "pm25")
    plain = configured(station("A-1", parameters=[{"id": "pm25", "interval": "1 d"}]))
    made = bench(
        tmp_path, midnight(2027, 1, 3), replace(plain, regulations={"law": law}, areas={"area": area}), key=key
    )
    made.feed([*noons(midnight(2025, 6, 1), [30.0], key=key), *noons(midnight(2026, 6, 1), [30.0], key=key)])
    made.roll()
    assert [(one.limit_high, one.limit_kind) for one in long(made, YEAR).values()] == [
        (25.0, LimitKind.HIGH), (20.0, LimitKind.HIGH),
    ]  # fmt: skip
    kinds = (WindowKind.DAY, MONTH, SEASON)
    assert {one.limit_kind for kind in kinds for one in made.points(kind).values()} == {LimitKind.NONE}
