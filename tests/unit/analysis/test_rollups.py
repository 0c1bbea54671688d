"""Windows from readings and hours, against a slow calculation written differently."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.rollups import Level, Sample, counted_up, from_hours, from_readings, mean_direction
from registry.schema import ParameterKind

HOUR = 3_600_000_000
READING = st.tuples(
    st.integers(0, 3 * HOUR),
    st.integers(-1000, 1000),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([1, 2, 3, 4, 9]),
)


def sample(readings: list[tuple[int, int, int, int]]) -> Sample:
    rows = sorted({row[0]: row for row in readings}.values())
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Sample(
        np.array(columns[0], np.int64), np.array(columns[1], np.float64),
        np.array(columns[2], np.int8), np.array(columns[3], np.int8),
    )  # fmt: skip


@given(st.lists(READING, max_size=60))
def test_an_hour_is_the_mean_of_what_counts(readings: list[tuple[int, int, int, int]]) -> None:
    """Good, not evaluated and suspect count while measuring; after the start, up to and including the end."""
    starts = np.array([0, HOUR, 2 * HOUR])
    found = from_readings(sample(readings), starts, starts + HOUR, ParameterKind.LEVEL)
    unique = {row[0]: row for row in readings}.values()
    for start, level in zip((0, HOUR, 2 * HOUR), found, strict=True):
        inside = [row for row in unique if start < row[0] <= start + HOUR]
        counting = [row for row in inside if row[3] in {1, 2, 3} and row[2] == 0]
        assert level.valid == len(counting)
        assert level.suspect == sum(row[3] == 3 for row in counting)
        assert (level.calibrating, level.fault) == (sum(r[2] == 1 for r in inside), sum(r[2] == 2 for r in inside))
        if counting:
            exact = Fraction(sum(row[1] for row in counting), len(counting))
            assert level.value == pytest.approx(float(exact), abs=1e-9)
            assert (level.minimum, level.maximum) == (min(r[1] for r in counting), max(r[1] for r in counting))
        else:
            assert level.value is level.minimum is level.maximum is None


@pytest.mark.parametrize(("at", "window"), [(0, None), (1, 0), (HOUR, 0), (HOUR + 1, 1)])
def test_a_reading_at_the_full_hour_belongs_to_the_hour_that_ends(at: int, window: int | None) -> None:
    """A stamp is the end of what it averages."""
    starts = np.array([0, HOUR])
    found = from_readings(sample([(at, 5, 0, 1)]), starts, starts + HOUR, ParameterKind.LEVEL)
    assert [level.valid for level in found] == [int(window == 0), int(window == 1)]


@pytest.mark.parametrize(("valid", "counted"), [(8, 0), (9, 1), (12, 1)])
def test_an_hour_needs_three_quarters_to_count_above(valid: int, counted: int) -> None:
    """The department's capture policy: 9 of 12."""
    hour = Level(1.0, 1.0, 1.0, valid)
    assert from_hours([hour], [12], 0.75, 0.25).valid == counted


def test_a_mean_of_hours_carries_extremes_and_counts_suspect_hours() -> None:
    """Minimum and maximum are those of the readings; an hour is suspect above a quarter of its readings."""
    hours = [
        Level(2.0, 1.0, 9.0, 12, suspect=3),
        Level(4.0, 0.5, 5.0, 12, suspect=4),
        Level(None, None, None, 0, fault=2),
    ]
    level = from_hours(hours, [12, 12, 12], 0.75, 0.25)
    assert level == Level(3.0, 0.5, 9.0, 2, suspect=1, calibrating=0, fault=1)


def test_an_amount_is_summed_and_a_direction_is_averaged_as_a_vector() -> None:
    """350° and 10° are north together, not south."""
    starts = np.array([0])
    rows = [(1, 350, 0, 1), (2, 10, 0, 1)]
    assert from_readings(sample(rows), starts, starts + HOUR, ParameterKind.AMOUNT)[0].value == 360
    assert mean_direction(np.array([350.0, 10.0])) == pytest.approx(0, abs=1e-9) or mean_direction(
        np.array([350.0, 10.0])
    ) == pytest.approx(360)


def test_a_meter_that_is_replaced_counts_on_from_zero() -> None:
    """100 → 110, then a new meter at 3 → 8: 10 + 3 + 5."""
    assert counted_up(np.array([100.0, 110.0, 3.0, 8.0])) == 18


def test_a_meters_window_begins_where_the_one_before_ended() -> None:
    """Nothing is lost between two windows: together they count what the meter counted."""
    rows = [(HOUR // 2, 100, 0, 1), (HOUR, 110, 0, 1), (HOUR + HOUR // 2, 125, 0, 1), (2 * HOUR, 130, 0, 1)]
    starts = np.array([0, HOUR])
    found = from_readings(sample(rows), starts, starts + HOUR, ParameterKind.COUNTER)
    assert [level.value for level in found] == [10, 20]
