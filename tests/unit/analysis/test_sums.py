"""Sums of many windows at once, against `math.fsum` and fractions for each alone: the same to the last bit."""

from fractions import Fraction
from math import fsum, ulp

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.sums import means, sums

# What sensors say; and what nobody says, where the parts of a sum are of very different size or cancel.
DECIMALS = st.integers(-100_000, 100_000).map(lambda number: number / 100)
ANY = st.floats(-1e300, 1e300)
WIDE = st.builds(lambda digits, power: digits * 10.0**power, DECIMALS, st.integers(-30, 30))
VALUES = st.one_of(
    arrays(np.float64, st.integers(1, 80), elements=DECIMALS),
    arrays(np.float64, st.integers(1, 80), elements=WIDE),
    arrays(
        np.float64, st.integers(1, 80), elements=st.sampled_from([1e16, 1.0, -1e16, 1e-16, 0.1, -0.1, -0.0, 5e-324])
    ),
    arrays(np.float64, st.integers(1, 40), elements=ANY),
)


def windows(values: np.ndarray, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return many windows of a few lengths: enough that they are added side by side."""
    lo = np.array([place % (len(values) + 1) for place in range(400)], np.int64)
    length = np.array([lengths[place % len(lengths)] for place in range(400)], np.int64)
    return lo, np.minimum(lo + length, len(values))


@settings(max_examples=200, deadline=None)
@given(VALUES, st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_sums_side_by_side_are_those_of_each_alone(values: np.ndarray, lengths: list[int]) -> None:
    lo, hi = windows(values, lengths)
    alone = [fsum(values[begin:end]) if end > begin else np.nan for begin, end in zip(lo, hi, strict=True)]
    assert np.array_equal(sums(values, lo, hi), alone, equal_nan=True)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_means_side_by_side_are_those_of_each_alone(values: np.ndarray, lengths: list[int]) -> None:
    """One window is too few to be worth it, so it is added by `fsum`: the other way to the same bits."""
    lo, hi = windows(values, lengths)
    alone = [means(values, lo[at : at + 1], hi[at : at + 1])[0] for at in range(len(lo))]
    assert np.array_equal(means(values, lo, hi), alone, equal_nan=True)


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=DECIMALS))
def test_a_mean_is_the_exact_one_or_its_neighbour(values: np.ndarray) -> None:
    """By fractions, which round nothing."""
    lo, hi = np.zeros(500, np.int64), np.full(500, len(values))
    exact = sum(map(Fraction, values.tolist())) / len(values)
    found = means(values, lo, hi)
    assert len(set(found.tolist())) == 1
    assert abs(Fraction(found[0]) - exact) <= Fraction(ulp(float(exact))) / 2 * Fraction(1001, 1000)


def test_windows_without_a_value_have_no_sum() -> None:
    nothing = np.zeros(300, np.int64)
    assert np.isnan(sums(np.array([1.0]), nothing, nothing)).all()
    assert np.isnan(means(np.empty(0), nothing, nothing)).all()
    assert len(means(np.empty(0), nothing[:0], nothing[:0])) == 0
