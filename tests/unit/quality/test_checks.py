"""The gross range test, on one value at the door and on many of a span."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.flag import Flag, Reason
from quality.assess import assess, flag_at_the_door
from quality.checks import range_flag


@pytest.mark.parametrize(
    ("value", "flag"),
    [(-0.001, Flag.FAIL), (0.0, Flag.GOOD), (14.0, Flag.GOOD), (14.001, Flag.FAIL), (float("nan"), Flag.MISSING),
     (float("inf"), Flag.FAIL), (float("-inf"), Flag.FAIL)],
)  # fmt: skip
def test_a_value_fails_outside_what_is_plausible(value: float, flag: Flag) -> None:
    """Both ends are inside; infinity is outside, and no number is missing."""
    assert range_flag(np.array([value]), (0.0, 14.0)).tolist() == [flag]


def test_without_a_range_nothing_is_evaluated_but_missing_is_missing() -> None:
    """Flag 2 says that no check has looked."""
    assert flag_at_the_door(7.0, None) == (Flag.NOT_EVALUATED, Reason.NONE)
    assert range_flag(np.array([7.0, np.nan]), None).tolist() == [Flag.NOT_EVALUATED, Flag.MISSING]


@given(st.lists(st.floats()), st.tuples(st.floats(-10, 0), st.floats(0.5, 10)))
def test_many_values_are_judged_like_each_of_them(values: list[float], plausible: tuple[float, float]) -> None:
    """A stream and a recompute say the same, flags and reasons."""
    flags, reasons = assess(np.array(values, np.float64), plausible)
    alone = [flag_at_the_door(None if isnan(value) else value, plausible) for value in values]
    assert list(zip(flags.tolist(), reasons.tolist(), strict=True)) == alone


def test_the_values_are_left_as_they_are() -> None:
    """Quality judges and never erases."""
    values = np.array([1.0, 99.0, np.nan])
    assess(values, (0.0, 14.0))
    assert values.tolist()[:2] == [1.0, 99.0]


def test_the_door_names_the_check_that_spoke_against_a_value() -> None:
    """A reason is a bit beside the flag."""
    assert flag_at_the_door(15.0, (0.0, 14.0)) == (Flag.FAIL, Reason.RANGE)
    assert flag_at_the_door(None, (0.0, 14.0)) == (Flag.MISSING, Reason.NONE)
