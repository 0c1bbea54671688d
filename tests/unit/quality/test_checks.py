"""The gross range test, on one value at the door and on many of a span."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.flag import Flag, Reason
from quality.assess import assess_station, flag_at_the_door
from quality.checks import range_flag
from quality.settings import Checks
from quality.trace import trace_of


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


@given(
    st.lists(st.floats(allow_infinity=False)),
    st.none() | st.tuples(st.floats(-10, 0), st.floats(0.5, 10)),
    st.none() | st.tuples(st.floats(-5, 0), st.floats(0.5, 5)),
)
def test_the_door_says_what_a_recompute_says_of_a_value_by_itself(
    values: list[float], plausible: tuple[float, float] | None, suspect: tuple[float, float] | None
) -> None:
    """A stream and a recompute say the same, flags and reasons."""
    trace = trace_of(range(len(values)), values)
    found = assess_station({"ph": trace}, {"ph": Checks(plausible, suspect)}, {})["ph"]
    alone = [flag_at_the_door(None if isnan(value) else value, plausible, suspect) for value in values]
    assert list(zip(found.flags.tolist(), found.reasons.tolist(), strict=True)) == alone


def test_the_values_are_left_as_they_are() -> None:
    """Quality judges and never erases."""
    trace = trace_of([1, 2, 3], [1.0, 99.0, None])
    assess_station({"ph": trace}, {"ph": Checks((0.0, 14.0))}, {})
    assert trace.values.tolist()[:2] == [1.0, 99.0]


@pytest.mark.parametrize(
    ("value", "flag"),
    [(6.49, Flag.SUSPECT), (6.5, Flag.GOOD), (8.5, Flag.GOOD), (8.51, Flag.SUSPECT), (14.1, Flag.FAIL)],
)
def test_a_plausible_value_is_suspect_outside_what_is_usual(value: float, flag: Flag) -> None:
    """Both ends are inside; what is not plausible fails, and needs no second reason."""
    assert flag_at_the_door(value, (0.0, 14.0), (6.5, 8.5))[0] == flag
    assert flag_at_the_door(14.1, (0.0, 14.0), (6.5, 8.5))[1] == Reason.RANGE


def test_the_door_names_the_check_that_spoke_against_a_value() -> None:
    """A reason is a bit beside the flag."""
    assert flag_at_the_door(15.0, (0.0, 14.0)) == (Flag.FAIL, Reason.RANGE)
    assert flag_at_the_door(None, (0.0, 14.0)) == (Flag.MISSING, Reason.NONE)
