"""Directions, pH and meters: what a plain mean or difference would falsify. Expected values are worked out by hand."""

from collections.abc import Callable
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.kinds import Hydrogen, directions, hydrogen_means, in_calm
from analysis.meters import Meter, steps
from analysis.rollups import Sample, from_readings
from analysis.sums import Floats, Ints
from registry.schema import ParameterKind

MINUTE = 60_000_000


def one(fold: Callable[[Floats, Ints, Ints], Floats], values: list[float]) -> float:
    array = np.array(values, np.float64)
    return float(fold(array, np.array([0]), np.array([len(values)]))[0])


@pytest.mark.parametrize(
    ("degrees", "mean"),
    [
        ([350, 10], 0), ([90, 90, 180], 116.56505117707799), ([0, 90], 45), ([270, 0], 315), ([45], 45), ([360], 0),
        ([0, 120, 240, 90], 90), ([10, 20, 30], 20),
    ],
)  # fmt: skip
def test_directions_are_added_as_vectors(degrees: list[float], mean: float) -> None:
    """Each reading alike: two of 90° and one of 180° give arctan(2 ÷ −1)."""
    found = one(directions, degrees)
    assert min(abs(found - mean), 360 - abs(found - mean)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("degrees", [[0, 180], [0, 120, 240], [90, 270, 45, 225], [0, 179.5], [10, 190] * 30])
def test_winds_that_cancel_each_other_out_have_no_direction(degrees: list[float]) -> None:
    """What rounding or the vane's error leaves over is no wind."""
    assert isnan(one(directions, degrees))


def test_a_window_without_a_resultant_has_no_value_and_nothing_that_counts() -> None:
    """Else it would enter the day as a direction, or be shown as 0°, which is north."""
    times = np.array([1, 2, 3, 4]) * 10 * MINUTE
    sample = Sample(times, np.array([0.0, 180.0, 20.0, 40.0]), np.zeros(4, np.int8), np.ones(4, np.int8))
    starts = np.array([0, 20]) * MINUTE
    found = from_readings(sample, starts, starts + 20 * MINUTE, ParameterKind.DIRECTION)
    assert found.valid.tolist() == [0, 2]
    assert isnan(found.values[0])
    assert isnan(found.minima[0])
    assert found.values[1] == pytest.approx(30)


@pytest.mark.parametrize(("speed", "calm"), [(0.49, True), (0.5, False), (3.0, False)])
def test_a_direction_in_a_calm_does_not_count(speed: float, calm: bool) -> None:
    """Below half a metre a second the vane shows where it was left; at it, where the wind blows."""
    found = in_calm(np.array([10, 20]), (np.array([10]), np.array([speed])), 0.5)
    assert found.tolist() == [calm, False]


def test_where_no_speed_was_measured_at_that_moment_a_direction_counts() -> None:
    """A speed of another moment says nothing of this one."""
    assert in_calm(np.array([10, 20]), (np.array([11, 19]), np.array([0.0, 0.0])), 0.5).tolist() == [False, False]
    assert in_calm(np.array([10]), (np.array([], np.int64), np.array([])), 0.5).tolist() == [False]


@pytest.mark.parametrize(
    ("ph", "mean"),
    [([7.2] * 10, 7.2), ([5.0, 9.0], 5.300986568387), ([6.0, 7.0], 6.259637310505), ([4.0], 4.0), ([7.1, 7.1, 7.1], 7.1)],
)  # fmt: skip
def test_ph_may_be_averaged_by_hydrogen_ions(ph: list[float], mean: float) -> None:
    """The mean of 10⁻⁵ and 10⁻⁹ is 5.0005 · 10⁻⁶; of equal figures it is that figure, to the last bit."""
    assert one(hydrogen_means, ph) == pytest.approx(mean, abs=1e-11)
    if len(set(ph)) == 1:
        assert one(hydrogen_means, ph) == ph[0]


@given(st.lists(st.floats(0, 14), min_size=1, max_size=30))
def test_a_mean_of_hydrogen_ions_is_no_less_acid_than_that_of_figures(ph: list[float]) -> None:
    """Acid weighs more; and it lies among its figures."""
    found = one(hydrogen_means, ph)
    assert min(ph) <= found <= max(ph)
    assert found <= sum(ph) / len(ph) + 1e-9


def test_an_hour_of_ph_is_made_by_either_rule() -> None:
    """5 and 9: seven by the figures, 5.30 by the ions."""
    sample = Sample(np.array([1, 2]) * MINUTE, np.array([5.0, 9.0]), np.zeros(2, np.int8), np.ones(2, np.int8))
    start = np.array([0])
    by = {
        kind: from_readings(sample, start, start + 60 * MINUTE, kind) for kind in (ParameterKind.LEVEL, Hydrogen.MEAN)
    }
    assert by[ParameterKind.LEVEL].values[0] == 7
    assert by[Hydrogen.MEAN].values[0] == pytest.approx(5.300986568387, abs=1e-6)


@pytest.mark.parametrize(
    ("meter", "shown", "went"),
    [
        (Meter(), [100, 110, 125], [0, 10, 15]),
        (Meter(), [100, 110, 3, 8], [0, 10, 3, 5]),  # begun at zero
        (Meter(), [1000, 999.9, 1000.2], [0, -0.1, 0.3]),  # wavers: in sum it went 0.2
        (Meter(), [1000, 990, 1000], [0, -10, 10]),  # a hundredth of what it showed is still none
        (Meter(), [1000, 989.9], [0, 989.9]),  # more than that is a new beginning
        (Meter(jitter=0), [1000, 999.9], [0, 999.9]),
        (Meter(jitter=50), [1000, 960, 970], [0, -40, 10]),
        (Meter(maximum=10_000), [9_990, 5, 8], [0, 15, 3]),  # over the top
        (Meter(maximum=10_000), [6_000, 500], [0, 4_500]),
        (Meter(maximum=10_000), [4_000, 0, 2], [0, 0, 2]),  # the longer way round: begun at zero
        (Meter(maximum=10_000), [12_000, 5], [0, 5]),  # beyond its maximum: what was said of it is wrong
        (Meter(replaced=((25, 118, 7),)), [100, 110, 9], [0, 10, 10]),  # 110 → 118, then 7 → 9
        (Meter(replaced=((20, 118, 7),)), [100, 118, 9], [0, 18, 2]),  # a reading at the moment is the old one's
        (Meter(replaced=((22, 112, 0), (26, 4, 50))), [100, 110, 53], [0, 10, 9]),  # twice between two readings
        (Meter(replaced=((25, 108, 7),)), [100, 110, 9], [0, 10, 0]),  # read off as 108, though it had sent 110
        (Meter(maximum=120, replaced=((25, 4, 7),)), [100, 110, 9], [0, 10, 16]),  # over the top before it was exchanged
        (Meter(replaced=((5, 99, 0),)), [100, 110], [0, 10]),  # before all that is known
        (Meter(replaced=((35, 130, 0),)), [100, 110], [0, 10]),  # not come yet
        (Meter(replaced=((25, 118, 200),)), [100, 110, 205], [0, 10, 13]),  # the new one shows more: no 95
    ],
)  # fmt: skip
def test_a_meter_loses_and_doubles_nothing(meter: Meter, shown: list[float], went: list[float]) -> None:
    """Readings at 10, 20, 30 …; what it went up to each, 0 with the first."""
    times = np.arange(1, len(shown) + 1, dtype=np.int64) * 10
    assert steps(times, np.array(shown, np.float64), meter).tolist() == pytest.approx(went, abs=1e-9)


@given(st.lists(st.floats(0, 50), min_size=2, max_size=40), st.integers(1, 39), st.floats(0, 1000), st.floats(0, 20))
def test_an_exchange_on_record_changes_no_sum(increments: list[float], at: int, initial: float, final: float) -> None:
    """The same water by one meter, and by two of which the exchange is on record."""
    at = min(at, len(increments) - 1)
    whole = 500 + np.cumsum(increments)
    times = np.arange(len(whole), dtype=np.int64) * 10
    part = min(final, increments[at])  # went by when the meters were exchanged
    old_final = whole[at - 1] + part
    shown = np.where(np.arange(len(whole)) < at, whole, initial + whole - old_final)
    meter = Meter(replaced=((int(times[at - 1]) + 5, float(old_final), initial),))
    assert steps(times, shown, meter).sum() == pytest.approx(whole[-1] - whole[0], abs=1e-6)
