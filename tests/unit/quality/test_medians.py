"""Medians of many stretches are those of each alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quality.medians import medians

NUMBERS = st.one_of(st.sampled_from([0.0, 0.1, 0.2, 0.3, -5.0]), st.floats(-1e9, 1e9))


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.data())
def test_medians_of_stretches_are_those_of_each_alone(values: list[float], data: st.DataObject) -> None:
    """To the last bit, of whatever stretches, in whatever order; of an empty one there is none."""
    ends = st.tuples(st.integers(0, len(values)), st.integers(0, len(values))).map(sorted)
    stretches = data.draw(st.lists(ends, max_size=20))
    first, end = np.array(stretches, np.int64).reshape(-1, 2).T
    array = np.array(values)
    alone = [np.median(array[begin:last]) if last > begin else np.nan for begin, last in stretches]
    np.testing.assert_array_equal(medians(array, first, end), np.array(alone, np.float64))


def test_more_than_are_sorted_at_once_are_done_in_turns() -> None:
    """A month of readings by the minute, each against the eight hours before."""
    values = np.sin(np.arange(5_000.0))
    end = np.arange(1, 5_001)
    first = np.maximum(end - 480, 0)
    found = medians(values, first, end)
    assert [found[place] for place in (0, 700, 4_999)] == [
        np.median(values[first[place] : end[place]]) for place in (0, 700, 4_999)
    ]
