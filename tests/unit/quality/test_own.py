"""A series against its own past: levels, steps and flat lines that are unusual for it."""

from datetime import timedelta

import numpy as np

from domain.flag import Flag
from quality.in_time import Paced
from quality.learned import Usual
from quality.own import LONGEST_FLAT, own_flat_flag, own_level_flag, own_step_flag
from quality.trace import Flags, micros_of
from registry.learned_settings import OwnFlatCheck, OwnLevelCheck, OwnStepCheck

QUARTER = timedelta(minutes=15)
HOUR = micros_of(timedelta(hours=1))
S, G, F = Flag.SUSPECT, Flag.GOOD, Flag.FAIL


def paced(*values: float, every: timedelta = QUARTER) -> Paced:
    return Paced(np.arange(len(values), dtype=np.int64) * micros_of(every), np.array(values, float), every)


def past(count: int, *, level: float = 10, width: float = 1, step: float = 0.1, flat: float = HOUR) -> Usual:
    return Usual(*(np.full(count, figure, float) for figure in (level, width, step, flat)))


def unknown(count: int) -> Usual:
    return past(count, level=np.nan, width=np.nan, step=np.nan, flat=np.nan)


def stepped(*values: float, of: Usual | None = None, **settings: object) -> Flags:
    check = OwnStepCheck.model_validate({"times": 10, **settings})
    return own_step_flag(paced(*values), of or past(len(values)), check)


def suspects(flags: Flags) -> list[int]:
    return np.flatnonzero(flags == Flag.SUSPECT).tolist()


def test_far_from_the_usual_level_is_suspect() -> None:
    flags = own_level_flag(np.array([10.0, 13, 13.1, 6.9]), past(4), OwnLevelCheck(times=3))
    assert flags.tolist() == [G, G, S, S]


def test_so_much_it_may_differ_in_any_case() -> None:
    assert own_level_flag(np.array([14.0, 15.1]), past(2), OwnLevelCheck(times=3, by=5)).tolist() == [G, S]


def test_without_a_past_no_level_is_unusual() -> None:
    assert own_level_flag(np.array([99.0]), unknown(1), OwnLevelCheck(times=3)).tolist() == [Flag.NOT_EVALUATED]


def test_an_excursion_is_suspect_until_it_has_come_back() -> None:
    assert suspects(stepped(10, 10, 14, 13, 14, 10, 10)) == [2, 3, 4]


def test_its_end_is_no_new_excursion() -> None:
    """Back to what was before is no step away, even if it is away again soon after."""
    assert suspects(stepped(10, 10, 10, 10, 14, 10, 10, 10, 14, 10)) == [4, 8]


def test_a_step_that_stays_is_taken_as_real_unless_the_settings_doubt_it() -> None:
    """A flood, or a sensor that was put back elsewhere."""
    values = [10.0] * 4 + [14.0] * 30
    assert suspects(stepped(*values)) == []
    assert suspects(stepped(*values, stays=True)) == [4]


def test_what_comes_back_too_late_has_stayed() -> None:
    values = [10.0] * 4 + [14.0] * 5 + [10.0] * 3
    assert suspects(stepped(*values, back_in="2 h")) == [4, 5, 6, 7, 8]
    assert suspects(stepped(*values, back_in="1 h")) == []


def test_an_ordinary_step_is_good() -> None:
    assert suspects(stepped(10, 10, 11, 10)) == []
    assert suspects(stepped(10, 10, 11.1, 10)) == [2]


def test_a_step_over_a_gap_says_nothing() -> None:
    series = Paced(np.array([0, HOUR, HOUR * 5 // 4], np.int64), np.array([10.0, 20.0, 10.0]), QUARTER)
    assert suspects(own_step_flag(series, past(3), OwnStepCheck(times=10))) == []


def test_a_missing_reading_does_not_hide_a_step() -> None:
    assert suspects(stepped(10, 10, np.nan, 14, 10)) == [3]


def test_it_must_be_great_beside_the_usual_level_too() -> None:
    assert suspects(stepped(10, 10, 30, 10, of_level=2)) == []
    assert suspects(stepped(10, 10, 31, 10, of_level=2)) == [2]


def test_and_beside_the_level_of_the_hours_before() -> None:
    """A gust in a storm is no more than the storm."""
    storm = [40.0] * 10
    assert suspects(stepped(*storm, 100, *storm, of_level=2)) == []
    assert suspects(stepped(*storm, 121, *storm, of_level=2)) == [10]


def test_before_there_is_a_past_only_a_fixed_limit_speaks() -> None:
    assert suspects(stepped(10, 10, 99, 10, of=unknown(4))) == []
    assert suspects(stepped(10, 10, 99, 10, of=unknown(4), at_most=5)) == [2]


def test_a_fixed_limit_holds_where_even_more_is_usual() -> None:
    assert suspects(stepped(10, 10, 16, 10, of=past(4, step=50), at_most=5)) == [2]


def flat(*values: float, of: Usual | None = None, **settings: object) -> Flags:
    check = OwnFlatCheck.model_validate({"suspect": "1 h", "times": 4, **settings})
    return own_flat_flag(paced(*values), of or past(len(values), flat=0), check)


def test_a_flat_line_is_flagged_from_its_beginning() -> None:
    assert suspects(flat(9, 7, 7, 7, 7, 7, 8)) == [1, 2, 3, 4, 5]
    assert suspects(flat(9, 7, 7, 7, 7, 8)) == []


def test_it_must_be_unusual_here() -> None:
    usual = past(12, flat=HOUR / 2)  # so 2 h
    assert suspects(flat(*[7.0] * 8, 8, 9, 8, 9, of=usual)) == []
    assert suspects(flat(*[7.0] * 9, 8, 9, 8, of=usual)) == [4, 5, 6, 7, 8]


def test_before_there_is_a_past_a_day_is_long() -> None:
    assert suspects(flat(*[7.0] * 96, 8, of=unknown(97))) == []
    assert suspects(flat(*[7.0] * 97, of=unknown(97))) == [92, 93, 94, 95, 96]


def test_so_long_it_is_unusual_anywhere() -> None:
    """A sensor that has been stuck for weeks may not become what is usual."""
    count = int(LONGEST_FLAT / QUARTER) + 2
    flags = flat(*[7.0] * count, of=past(count, flat=24 * HOUR))
    assert suspects(flags) == list(range(count - 6, count))


def test_longer_it_fails() -> None:
    flags = flat(*[7.0] * 9, 8, fail="2 h")
    assert flags.tolist() == [F] * 9 + [G]


def test_a_gap_ends_a_flat_line() -> None:
    times = np.array([0, 1, 2, 3, 12, 13, 14], np.int64) * micros_of(QUARTER)
    flags = own_flat_flag(Paced(times, np.full(7, 7.0), QUARTER), past(7, flat=0), OwnFlatCheck(suspect=QUARTER * 4))
    assert suspects(flags) == []


def test_where_it_is_natural_a_flat_line_is_good() -> None:
    """Water that freezes."""
    assert suspects(flat(*[0.1] * 9, but_not=[-0.2, 0.2])) == []


def test_a_series_without_values_is_not_evaluated() -> None:
    assert flat(np.nan, np.nan).tolist() == [Flag.NOT_EVALUATED] * 2
    assert stepped(np.nan, np.nan).tolist() == [Flag.NOT_EVALUATED] * 2


def test_after_midnight_it_is_the_new_day_that_says_what_is_usual() -> None:
    """A flag may rest on the days before its own alone: else it would depend on from where on one looks."""
    calm, lively = past(3, step=0.1), past(4, step=1.0)
    of = Usual(*(np.concatenate(pair) for pair in zip(_figures(calm), _figures(lively), strict=True)))
    assert suspects(stepped(10, 10, 14, 14, 14, 10, 10, of=of)) == [2]


def _figures(of: Usual) -> tuple[np.ndarray, ...]:
    return of.level, of.width, of.step, of.flat
