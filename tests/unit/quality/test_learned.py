"""What a day teaches, and what is usual after some of them."""

import math
from datetime import timedelta

import numpy as np
import pytest

from quality.learned import LEARNED_DAYS, LEAST_DAYS, DayFigures, day_figures, usual
from quality.settings import Checks
from quality.trace import DAY, Trace, trace_of

FIVE = timedelta(minutes=5)
MINUTE = 60_000_000
CHECKS = Checks((0.0, 100.0), interval=FIVE)


def day(*values: float | None, status: int = 0, every: int = 5) -> Trace:
    return trace_of([place * every * MINUTE for place in range(len(values))], values, [status] * len(values))


def a_day(middle: float = 10.0, **changes: float) -> DayFigures:
    figures = {"low": middle - 1, "high": middle + 1, "step": 0.1, "flat": 30.0 * MINUTE}
    return DayFigures(288, middle=middle, **{**figures, **changes})


def test_a_day_teaches_its_middle_and_its_range() -> None:
    figures = day_figures(day(*range(101)), CHECKS)
    assert figures is not None
    assert (figures.readings, figures.low, figures.middle, figures.high) == (101, 5, 50, 95)


def test_too_few_readings_teach_nothing() -> None:
    assert day_figures(day(*range(7)), CHECKS) is None
    assert day_figures(day(*range(8)), CHECKS) is not None


def test_without_an_interval_nothing_is_learned() -> None:
    assert day_figures(day(*range(20)), Checks((0.0, 100.0))) is None


@pytest.mark.parametrize("stranger", [None, -9999.0, 7999.0])
def test_what_is_missing_or_out_of_range_teaches_nothing(stranger: float | None) -> None:
    values: list[float | None] = [*range(20)]
    without = day_figures(day(*values), CHECKS)
    assert day_figures(day(*values, stranger), CHECKS) == without


def test_calibrations_and_faults_teach_nothing() -> None:
    assert day_figures(day(*range(20), status=1), CHECKS) is None


def test_the_ordinary_step_is_that_of_neighbours_that_differ() -> None:
    """Of most instruments most readings repeat the last one: a step of nothing is no step."""
    figures = day_figures(day(1, 1, 1, 1, 2, 2, 2, 2, 3, 3), CHECKS)
    assert figures is not None
    assert figures.step == 1


def test_a_step_over_a_gap_is_none() -> None:
    trace = trace_of([n * 5 * MINUTE for n in range(9)] + [24 * 60 * MINUTE - 1], [1.0] * 9 + [90.0])
    figures = day_figures(trace, CHECKS)
    assert figures is not None
    assert math.isnan(figures.step)


def test_the_longest_flat_time_is_learned() -> None:
    figures = day_figures(day(1, 2, 2, 2, 2, 3, 4, 5, 6), CHECKS)
    assert figures is not None
    assert figures.flat == 15 * MINUTE


def test_nothing_is_usual_before_some_days_are_over() -> None:
    few = dict.fromkeys(range(100, 100 + LEAST_DAYS - 1), a_day())
    enough = {**few, 99: a_day()}
    today = np.array([110 * DAY], np.int64)
    assert np.isnan(usual(today, few).level).all()
    assert usual(today, enough).level.tolist() == [10]


def test_a_day_does_not_teach_itself_nor_those_before() -> None:
    figures = dict.fromkeys(range(100, 110), a_day())
    for stranger in (110, 111):
        assert usual(np.array([110 * DAY + 5], np.int64), {**figures, stranger: a_day(50)}).level.tolist() == [10]


def test_what_is_older_than_four_weeks_is_forgotten() -> None:
    old = dict.fromkeys(range(100, 110), a_day())
    assert not np.isnan(usual(np.array([(100 + LEARNED_DAYS) * DAY], np.int64), old).level).any()
    assert np.isnan(usual(np.array([(105 + LEARNED_DAYS + 1) * DAY], np.int64), old).level).all()


def test_a_bad_week_changes_neither_the_usual_level_nor_its_width() -> None:
    figures = dict.fromkeys(range(100, 121), a_day()) | dict.fromkeys(range(121, 128), a_day(90, low=0, high=99))
    found = usual(np.array([128 * DAY], np.int64), figures)
    assert (found.level.tolist(), found.width.tolist()) == ([10], [2])


def test_the_usual_step_is_that_of_a_lively_day() -> None:
    figures = {100 + place: a_day(step=float(place)) for place in range(11)}
    assert usual(np.array([111 * DAY], np.int64), figures).step.tolist() == [9]
