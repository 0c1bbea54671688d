"""Windows from readings and from hours, against slow calculations written differently."""

from fractions import Fraction
from math import cos, degrees, hypot, radians, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.meters import steps as steps_of
from analysis.rollups import Levels, Sample, from_below, from_readings, idle, meets
from registry.schema import ParameterKind, Policies

HOUR = 3_600_000_000
Row = tuple[int, float, int, int]
READINGS = st.lists(
    st.tuples(
        st.integers(0, 3 * HOUR),
        st.floats(-1e6, 1e6),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.sampled_from([1, 2, 3, 4, 9]),
    ),
    max_size=60,
    unique_by=lambda row: row[0],
)
GOOD = st.lists(st.floats(0, 1e4), min_size=1, max_size=30)
POLICIES = Policies()


def sample(rows: list[Row]) -> Sample:
    columns = list(zip(*sorted(rows), strict=True)) if rows else [(), (), (), ()]
    return Sample(
        np.array(columns[0], np.int64), np.array(columns[1], np.float64),
        np.array(columns[2], np.int8), np.array(columns[3], np.int8),
    )  # fmt: skip


def good(values: list[float], every: int = 60_000_000) -> Sample:
    """Readings that count, one after the other from `every` µs on."""
    return sample([(every * place, value, 0, 1) for place, value in enumerate(values, start=1)])


def windows(rows: Sample, count: int, kind: ParameterKind = ParameterKind.LEVEL) -> Levels:
    starts = np.arange(count) * HOUR
    return from_readings(rows, starts, starts + HOUR, kind)


def hours(*rows: tuple[float, float, float, int, int, int, int]) -> Levels:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Levels(*columns)


def exactly(value: Fraction) -> Any:
    """The number itself, or its very neighbour where it lies halfway between two."""
    return pytest.approx(float(value), rel=3e-16, abs=1e-300)


def counting(rows: list[Row], start: int) -> list[Row]:
    return [row for row in rows if start < row[0] <= start + HOUR and row[2] == 0 and row[3] in {1, 2, 3}]


@given(READINGS)
def test_an_hour_is_the_mean_of_what_counts(rows: list[Row]) -> None:
    """Good, not evaluated and suspect readings while measuring; the mean is exact to the last bit."""
    found = windows(sample(rows), 3)
    for place in range(3):
        mine = counting(rows, place * HOUR)
        if mine:
            assert found.values[place] == exactly(sum(Fraction(row[1]) for row in mine) / len(mine))
            assert found.minima[place] == min(row[1] for row in mine)
            assert found.maxima[place] == max(row[1] for row in mine)
        else:
            assert np.isnan([found.values[place], found.minima[place], found.maxima[place]]).all()


@given(READINGS)
def test_an_hour_says_what_it_rests_on(rows: list[Row]) -> None:
    """Counted readings, the suspect among them, and what was calibrating or faulty whatever its flag."""
    found = windows(sample(rows), 3)
    for place in range(3):
        inside = [row for row in rows if place * HOUR < row[0] <= (place + 1) * HOUR]
        mine = counting(rows, place * HOUR)
        assert found.valid[place] == len(mine)
        assert found.suspect[place] == len([row for row in mine if row[3] == 3])
        assert found.calibrating[place] == len([row for row in inside if row[2] == 1])
        assert found.fault[place] == len([row for row in inside if row[2] == 2])


@given(READINGS)
def test_a_window_comes_to_the_same_alone_and_among_others(rows: list[Row]) -> None:
    """To the last bit: else a window would change each time a neighbour is computed again."""
    together = windows(sample(rows), 3)
    for place in range(3):
        start = np.array([place * HOUR])
        alone = from_readings(sample(rows), start, start + HOUR, ParameterKind.LEVEL)
        assert np.array_equal(alone.values, together.values[place : place + 1], equal_nan=True)


@pytest.mark.parametrize(("at", "window"), [(0, None), (1, 0), (HOUR, 0), (HOUR + 1, 1), (2 * HOUR, 1)])
def test_a_reading_at_the_full_hour_belongs_to_the_hour_that_ends(at: int, window: int | None) -> None:
    """A stamp is the end of what it averages."""
    found = windows(sample([(at, 5, 0, 1)]), 2)
    assert found.valid.tolist() == [int(window == 0), int(window == 1)]


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([0.1] * 10, 0.1),
        ([0.3] * 12, 0.3),
        ([0.1, 0.2, 0.3], 0.2),
        ([134.9, 135.1], 135.0),
        ([1e16, 1.0, -1e16], 1 / 3),
    ],
)
def test_a_mean_is_not_moved_by_how_it_is_computed(values: list[float], mean: float) -> None:
    """A level that equals its limit is within it: the last bit decides."""
    assert windows(good(values), 1).values[0] == mean


@given(GOOD)
def test_an_amount_is_the_exact_sum(values: list[float]) -> None:
    """Tonnes are added, whatever their order."""
    found = [windows(good(order), 1, ParameterKind.AMOUNT).values[0] for order in (values, values[::-1])]
    assert found == [float(sum(map(Fraction, values)))] * 2


@pytest.mark.parametrize(
    ("meter", "steps"),
    [([100, 110, 110, 125], [0, 10, 0, 15]), ([100, 110, 3, 8], [0, 10, 3, 5]), ([5], [0]), ([], [])],
)
def test_a_meter_that_shows_less_has_begun_at_zero(meter: list[float], steps: list[float]) -> None:
    """100 → 110, then a new meter at 3 → 8: 10 + 3 + 5."""
    assert steps_of(np.arange(len(meter)), np.array(meter, np.float64)).tolist() == steps


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=100))
def test_hours_of_a_meter_add_up_to_all_that_it_counted(steps: list[float]) -> None:
    """Nothing is lost between two windows, however the readings fall into them."""
    meter = np.cumsum(steps)
    found = windows(good(meter.tolist(), every=3 * HOUR // 100), 3, ParameterKind.COUNTER)
    assert np.nansum(found.values) == pytest.approx(meter[-1] - meter[0], rel=1e-9, abs=1e-6)


def test_the_first_reading_of_a_meter_only_begins_its_count() -> None:
    """There is nothing to subtract from: no value, rather than 0 or the meter's own figure."""
    first = windows(sample([(HOUR // 2, 100, 0, 1), (HOUR + 1, 107, 0, 1)]), 2, ParameterKind.COUNTER)
    assert np.isnan(first.values[0])
    assert (first.valid.tolist(), first.values[1]) == ([0, 1], 7)


@given(st.lists(st.floats(0, 359.99), min_size=1, max_size=20))
def test_a_direction_is_that_of_the_mean_vector(angles: list[float]) -> None:
    """350° and 10° are north together, not south."""
    east, north = (sum(turn(radians(angle)) for angle in angles) for turn in (sin, cos))
    assume(hypot(east, north) > 0.011 * len(angles))
    found = windows(good(angles), 1, ParameterKind.DIRECTION).values[0]
    assert 0 <= found < 360
    assert degrees(np.angle(complex(north, east) / complex(cos(radians(found)), sin(radians(found))))) == pytest.approx(
        0, abs=1e-6
    )


def test_north_is_zero_and_not_360() -> None:
    """A remainder of a tiny negative angle is 360 itself."""
    assert windows(good([350.0, 10.0]), 1, ParameterKind.DIRECTION).values[0] < 360


@pytest.mark.parametrize(
    ("valid", "expected", "capture", "met"),
    [(8, 12, 0.75, False), (9, 12, 0.75, True), (13, 12, 0.75, True), (17, 24, 0.75, False), (18, 24, 0.75, True),
     (55, 100, 0.55, True), (54, 100, 0.55, False), (0, 0, 0.75, True)],
)  # fmt: skip
def test_capture_is_met_at_its_very_edge(valid: int, expected: int, capture: float, met: bool) -> None:
    """Three quarters of 12 are 9; an irregular series expects nothing."""
    assert bool(meets(valid, expected, capture)) is met


def test_a_mean_of_hours_leaves_out_hours_below_capture() -> None:
    """8 of 12 readings are too few to count above, 9 are enough; calibration counts against capture."""
    found = from_below(
        hours((2, 1, 3, 9, 0, 3, 0), (50, 40, 60, 8, 0, 4, 0), (np.nan, np.nan, np.nan, 0, 0, 12, 0)),
        np.array([12, 12, 12]), (np.array([0]), np.array([3])), POLICIES, ParameterKind.LEVEL,
    )  # fmt: skip
    assert (found.values[0], found.minima[0], found.maxima[0], found.valid[0]) == (2, 1, 3, 1)
    assert (found.calibrating[0], found.fault[0]) == (3, 0)


def test_an_hour_is_suspect_above_a_quarter_of_its_readings() -> None:
    """At exactly a quarter it is not; extremes are carried up."""
    found = from_below(
        hours((2, 1, 9, 12, 3, 0, 0), (4, 0.5, 5, 12, 4, 0, 0)),
        np.array([12, 12]), (np.array([0]), np.array([2])), POLICIES, ParameterKind.LEVEL,
    )  # fmt: skip
    assert (found.values[0], found.minima[0], found.maxima[0], found.suspect[0]) == (3, 0.5, 9, 1)


def test_a_day_of_directions_is_a_mean_of_vectors_too() -> None:
    """The plain mean of 350° and 10° would be the opposite direction."""
    found = from_below(
        hours((350, 350, 350, 6, 0, 0, 0), (10, 10, 10, 6, 0, 0, 0)),
        np.array([6, 6]), (np.array([0]), np.array([2])), POLICIES, ParameterKind.DIRECTION,
    )  # fmt: skip
    assert min(found.values[0], 360 - found.values[0]) == pytest.approx(0, abs=1e-9)


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=24, max_size=60))
def test_running_means_are_those_of_their_hours(values: list[float | None]) -> None:
    """Windows that share hours do not disturb each other."""
    rows = [(np.nan, np.nan, np.nan, 0, 0, 0, 0) if one is None else (one, one, one, 12, 0, 0, 0) for one in values]
    last = np.arange(24, len(values) + 1)
    found = from_below(hours(*rows), np.full(len(rows), 12), (last - 24, last), POLICIES, ParameterKind.LEVEL)
    for place, end in enumerate(last):
        there = [Fraction(one) for one in values[end - 24 : end] if one is not None]
        assert found.valid[place] == len(there)
        assert not there or found.values[place] == exactly(sum(there) / len(there))


def test_nothing_weighed_is_zero_while_the_series_is_not_silent() -> None:
    """A weighbridge without a lorry has weighed 0 t; one that has gone silent has weighed nobody knows what."""
    tickets = sample([(1, 7.5, 0, 1)])
    ends = np.arange(1, 5) * HOUR
    found = idle(from_readings(tickets, ends - HOUR, ends, ParameterKind.AMOUNT), tickets.times, ends, 3 * HOUR)
    assert found.values.tolist()[:3] == [7.5, 0.0, 0.0]
    assert found.valid.tolist() == [1, 1, 1, 0]
