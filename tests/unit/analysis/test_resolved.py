"""Months of a parameter in an area, from windows made by hand."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.resolved import Material, Months, days_in, figure_of, first_of, local_day, months_of, number_of
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import WindowKind
from support.builders import point

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)


def midnight(day: date, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.combine(day, time(0), zone)


def day_point(day: date, value: float | None = 1.0, **changes: Any) -> RollupPoint:
    known = {"kind": WindowKind.DAY, "valid": 0 if value is None else 24, "expected": 24}
    return point(midnight(day), value, **{**known, **changes})


def days(first: date, count: int, value: float = 1.0, **changes: Any) -> list[RollupPoint]:
    return [day_point(first + timedelta(days=place), value, **changes) for place in range(count)]


def month_point(first: date, value: float, valid: int) -> RollupPoint:
    return point(midnight(first), value, kind=WindowKind.MONTH, valid=valid, expected=days_in(number_of(first)))


def hour_point(day: date, ends: int, station: str = "NT-1") -> RollupPoint:
    return point(midnight(day) + timedelta(hours=ends), 9.0, station=station)


def made(*materials: Material, now: datetime = NOW) -> Months:
    return months_of(materials, now, ZONE, 0.75)


def material(station: str = "NT-1", **parts: Any) -> Material:
    return Material(SeriesKey(station, "cod"), **{"days": (), **parts})


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_month_holds_its_days(day: date) -> None:
    """Numbers, first days and lengths of months belong together."""
    number = number_of(day)
    assert first_of(number) <= day < first_of(number + 1)
    assert days_in(number) == (first_of(number + 1) - first_of(number)).days


@pytest.mark.parametrize(("ends", "day"), [(1, 30), (23, 30), (24, 30), (25, 31)])
def test_the_hour_that_ends_at_midnight_is_of_the_day_that_is_over(ends: int, day: int) -> None:
    """01:00 to 24:00 are a day."""
    assert local_day(hour_point(date(2025, 11, 29) + timedelta(days=1), ends), ZONE) == date(2025, 11, 29) + timedelta(
        days=day - 29
    )


@pytest.mark.parametrize(("valid", "counts"), [(17, False), (18, True), (24, True)])
def test_a_day_under_the_policy_enters_no_figure(valid: int, counts: bool) -> None:
    """18 of 24 hours are 75 %; of a sum every day counts."""
    some = [day_point(date(2026, 3, 1), 2.0), day_point(date(2026, 3, 2), 4.0, valid=valid)]
    assert figure_of(some, 0.75, adds_up=False) == ((3.0, 2) if counts else (2.0, 1))
    assert figure_of(some, 0.75, adds_up=True) == (6.0, 2)


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=31), st.randoms())
def test_the_order_of_days_changes_nothing(values: list[float], chance: Any) -> None:
    """Not even the last bit."""
    some = [day_point(date(2026, 1, 1) + timedelta(days=place), value) for place, value in enumerate(values)]
    shuffled = chance.sample(some, len(some))
    for adds_up in (True, False):
        assert figure_of(some, 0.75, adds_up=adds_up) == figure_of(shuffled, 0.75, adds_up=adds_up)


def test_a_day_of_which_nothing_is_known_was_to_be_expected_too() -> None:
    """Ten days of February lack: 18 of 28 are valid. What is still to come is not missing yet."""
    found = made(material(days=[*days(date(2026, 2, 1), 18), *days(date(2026, 3, 1), 9)]))
    assert [(one.valid, one.expected, one.running) for one in found.months] == [(432, 672, False), (216, 216, True)]


@pytest.mark.parametrize(("valid", "enters"), [(20, False), (21, True)])
def test_a_month_under_the_policy_enters_no_trend(valid: int, enters: bool) -> None:
    """It is shown all the same; 21 of 28 days are 75 %."""
    found = made(material(days=days(date(2026, 2, 1), 28), months=[month_point(date(2026, 2, 1), 5.0, valid)]))
    assert found.months[0].value == 5.0
    assert np.isfinite(found.levels[0]).tolist() == [enters]
    assert found.enough == int(enters)


def test_two_stations_over_at_once_are_one_hour_and_one_day() -> None:
    """Of containers each counts; the trend takes each station by itself."""
    first, second = (date(2026, 2, 3), date(2026, 2, 4))
    found = made(
        material(days=days(date(2026, 2, 1), 28), outside=[hour_point(first, 5), hour_point(first, 6)]),
        material(
            "NT-2",
            days=days(date(2026, 2, 1), 28),
            outside=[hour_point(first, 6, "NT-2"), hour_point(second, 24, "NT-2")],
        ),
    )
    month = found.months[0]
    assert (month.days_over, month.hours_over, month.station_hours_over) == (2, 3, 4)
    assert found.last_outside == second


def test_the_share_outside_is_of_the_valid_hours() -> None:
    """Two of 28 × 24; of days, where only days were compared."""
    whole = {"days": days(date(2026, 2, 1), 28), "months": [month_point(date(2026, 2, 1), 5.0, 28)]}
    by_hour = made(material(**whole, outside=[hour_point(date(2026, 2, 3), 5), hour_point(date(2026, 2, 3), 6)]))
    by_day = made(material(**whole, outside=[day_point(date(2026, 2, 3), 9.0)]))
    assert by_hour.shares[0].tolist() == [2 / (28 * 24)]
    assert by_day.shares[0].tolist() == [1 / 28]


@pytest.mark.parametrize(
    ("day", "since"), [(date(2026, 3, 2), 0), (date(2026, 2, 27), 0), (date(2026, 1, 31), 1), (date(2025, 1, 1), 13)]
)
def test_full_months_since_the_last_exceedance(day: date, since: int) -> None:
    """Neither its own month nor the one that is running counts."""
    assert made(material(days=days(day, 3), outside=[hour_point(day, 5)])).full_months_since == since


def test_a_month_that_has_just_begun_is_not_shown() -> None:
    """Before its first day is over nothing can be said of it."""
    found = made(material(days=days(date(2026, 2, 1), 28)), now=datetime(2026, 3, 1, 1, tzinfo=UTC))
    assert [one.first for one in found.months] == [date(2026, 2, 1)]


def test_a_finished_month_without_its_own_window_has_no_figure() -> None:
    """It is not made up from days: the window is the figure."""
    assert made(material(days=days(date(2026, 2, 1), 28))).months[0].value is None


def test_where_there_is_nothing_there_are_no_months() -> None:
    """And nothing that was ever outside."""
    found = made(material())
    assert (found.months, found.last_outside, found.full_months_since, found.enough) == ((), None, None, 0)


def test_a_silent_month_is_no_good_month() -> None:
    """A station that sends nothing has not kept the limit: its time was to be expected, and the months are told apart."""
    silent = made(material(days=days(date(2025, 11, 1), 30), outside=[hour_point(date(2025, 11, 5), 5)]))
    assert [(one.valid, one.expected, one.is_known) for one in silent.months] == [
        (720, 720, True), (0, 744, False), (0, 744, False), (0, 672, False),
    ]  # fmt: skip
    assert (silent.full_months_since, silent.unknown_since) == (3, 3)


def test_a_station_that_has_left_is_not_expected_for_ever() -> None:
    """Where another measures on, the month is known; where that falls silent, only its own time is missing."""
    left = material(days=days(date(2025, 11, 1), 30))
    stayed = material("NT-2", days=days(date(2025, 11, 1), 61))
    found = made(left, stayed)
    assert [(one.valid, one.expected) for one in found.months] == [(1440, 1440), (744, 744), (0, 744), (0, 672)]
    assert found.unknown_since == 0, "nothing was ever outside"
