"""How much of a month an instrument was calibrating or at fault."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from analysis.status_share import StatusShare, share_of
from domain.month import Month
from domain.window import HOUR, WindowKind
from support.builders import point

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 2, 28, 17, tzinfo=UTC)


def hours(*counts: tuple[int, int, int], **changes: Any) -> list[Any]:
    """Return hours of (valid, calibrating, fault) readings, twelve expected of each."""
    return [
        point(MIDNIGHT + place * HOUR, 1.0, valid=valid, calibrating=calibrating, fault=fault, **changes)
        for place, (valid, calibrating, fault) in enumerate(counts, start=1)
    ]


def test_what_was_expected_and_did_not_come_is_neither() -> None:
    """Half an hour in calibration, a quarter at fault, a quarter silent: half and quarter of an hour."""
    share = share_of(hours((0, 6, 3), (12, 0, 0)), [], ZONE)
    assert share == StatusShare(2 * HOUR, HOUR / 2, HOUR / 4)
    assert (share.calibrating_share, share.fault_share) == (0.25, 0.125)


def test_days_count_only_where_there_are_no_hours() -> None:
    """A series that was read hourly and then once a day has both in one month, each counted once."""
    day = point(MIDNIGHT, 1.0, kind=WindowKind.DAY, expected=24, valid=12, calibrating=12)
    following = point(MIDNIGHT + 24 * HOUR, 1.0, kind=WindowKind.DAY, expected=2, valid=1, calibrating=1)
    share = share_of(hours(*[(6, 6, 0)] * 24), [day, following], ZONE)
    assert share == StatusShare(48 * HOUR, 24 * HOUR)


def test_nothing_is_said_of_what_expects_nothing() -> None:
    """Weighbridge tickets have no interval, so their time cannot be told apart."""
    share = share_of(hours((3, 1, 0), expected=0), [], ZONE)
    assert (share.time, share.calibrating_share) == (timedelta(0), None)


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 3), max_size=50))
def test_a_share_is_never_more_than_all_of_the_time(counts: list[tuple[int, int, int]]) -> None:
    """However often a sensor speaks."""
    share = share_of(hours(*counts), [], ZONE)
    assert share.calibrating + share.fault <= share.time + timedelta(milliseconds=1)


@given(st.integers(1990, 2090), st.integers(1, 12), st.sampled_from([ZONE, BERLIN]))
def test_months_follow_one_another_without_gap(year: int, number: int, zone: ZoneInfo) -> None:
    """Each ends where the next begins, and the moment at midnight belongs to the one that is over."""
    month = Month(year, number)
    assert month.after.before == month
    assert month.window(zone).end == month.after.window(zone).start
    assert Month.of(month.window(zone).end, zone) == month
    assert Month.of(month.window(zone).end + timedelta(microseconds=1), zone) == month.after
    assert Month.read(str(month)) == month
