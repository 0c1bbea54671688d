"""A data folder has one clock: the machine's, or one whose origin is written down once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import SimulatedClock, SystemClock
from service.clock import ClockChoice, ClockError, open_clock

WRITTEN = "2026-03-01T00:00+07:00@60"
FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone


def test_without_a_word_it_is_the_machines(tmp_path: Path) -> None:
    """Nothing is written down for it."""
    assert isinstance(open_clock(None, tmp_path), SystemClock)
    assert not list(tmp_path.iterdir())


def test_it_begins_at_the_moment_asked_for_and_runs_at_the_speed(tmp_path: Path) -> None:
    """60: an hour in a minute."""
    clock = open_clock(WRITTEN, tmp_path)
    assert isinstance(clock, SimulatedClock)
    assert clock.simulated == datetime(2026, 2, 28, 17, tzinfo=UTC)
    assert clock.speed == 60
    assert clock.now() - clock.simulated < timedelta(minutes=60)


def test_a_restart_goes_on_from_the_origin(tmp_path: Path) -> None:
    """The second process gets the very same clock."""
    assert open_clock(WRITTEN, tmp_path) == open_clock(WRITTEN, tmp_path)


def test_who_does_not_ask_gets_the_folders_clock(tmp_path: Path) -> None:
    """`quantrac status` beside a service must not mix two times."""
    first = open_clock(WRITTEN, tmp_path)
    assert open_clock(None, tmp_path) == first


@pytest.mark.parametrize("other", ["2026-03-01T00:00+07:00@61", "2026-03-01T00:01+07:00@60"])
def test_another_clock_on_the_same_folder_is_refused(tmp_path: Path, other: str) -> None:
    """The sentence names the folder and both clocks."""
    open_clock(WRITTEN, tmp_path)
    with pytest.raises(ClockError) as raised:
        open_clock(other, tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert "@60" in str(raised.value)


def test_the_same_moment_in_another_zone_is_the_same_clock(tmp_path: Path) -> None:
    """It is compared by what it means."""
    assert open_clock(WRITTEN, tmp_path) == open_clock("2026-02-28T17:00Z@60", tmp_path)


def test_a_folder_with_messages_of_real_time_is_left_alone(tmp_path: Path) -> None:
    """Two times in one journal could not be told apart."""
    day = tmp_path / "journal" / "main" / "2026-03-01.sqlite"
    day.parent.mkdir(parents=True)
    day.touch()
    with pytest.raises(ClockError, match="real clock"):
        open_clock(WRITTEN, tmp_path)


@pytest.mark.parametrize(
    "written", ["", "now", "2026-03-01T00:00@60", "2026-03-01T00:00+07:00", "2026-03-01T00:00+07:00@0", "x@60"]
)
def test_what_is_no_clock_is_answered_with_an_example(tmp_path: Path, written: str) -> None:
    """An offset is needed, and a speed above nothing."""
    with pytest.raises(ClockError, match="2026-03-01T00:00\\+07:00@60"):
        open_clock(written, tmp_path)


def test_of_processes_that_start_at_once_all_get_one_clock(tmp_path: Path) -> None:
    """The quicker one's origin stays."""
    with ThreadPoolExecutor(8) as pool:
        clocks = list(pool.map(lambda _: open_clock(WRITTEN, tmp_path), range(16)))
    assert len({clock.real for clock in clocks if isinstance(clock, SimulatedClock)}) == 1


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)), st.integers(1, 100_000).map(lambda number: number / 8))
def test_a_clock_that_is_written_is_read_as_the_same(begins: datetime, speed: float) -> None:
    """For every moment, and every speed that six digits can tell."""
    choice = ClockChoice(begins, float(f"{speed:g}"))
    assert ClockChoice.of(str(choice)) == choice
