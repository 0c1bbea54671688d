"""What a series' own past teaches, without labels: day by day, so that a flag depends on whole days that are over.

Each day is summed up by itself (`DayFigures`); what is usual on a day is taken from the `LEARNED_DAYS` days before it
(`Usual`). Medians over days and quantiles within them: so neither a spike in an hour nor a bad week changes what is
usual, and what was learned does not depend on when it was learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quality.settings import Checks
from quality.trace import DAY, Times, Trace, Values, micros_of

# How many UTC days before a reading's own day its checks may learn from. Two weeks of a fault do not become usual, and
# a season that changes does not look like a fault: 14 and 42 days were both worse on the labelled rivers.
LEARNED_DAYS = 28
# Of fewer days nothing is learned.
LEAST_DAYS = 5
# Of fewer readings a day teaches nothing: quantiles of less are chance.
_LEAST_READINGS = 8
# Readings further apart than so many intervals are not neighbours; a flat line goes on over a somewhat longer gap.
NEIGHBOURS_WITHIN = 2.5
FLAT_OVER = 4.0
# A step less than that is a rounding of the unit, not a change.
_CHANGE = 1e-9


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What one UTC day of a series teaches: of values in the plausible range, measured with status 00."""

    readings: int
    """how many"""
    low: float
    """the value that 5 % of them are below"""
    middle: float
    """their median"""
    high: float
    """the value that 95 % of them are below"""
    step: float
    """the ordinary step between neighbours, of those that are steps at all: 75 % are less; NaN where there is none"""
    flat: float
    """the longest time, in µs, in which the value did not change"""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual, for each reading of a trace; NaN where too little is known."""

    level: Values
    """the median day's median"""
    width: Values
    """how far a value ordinarily is from it: a median day's range, and how far days are from each other"""
    step: Values
    """the ordinary step of a lively day: 90 % of days have a lesser one"""
    flat: Values
    """how long, in µs, it does not change on a dull day: on 90 % of days it is less"""


def day_figures(day: Trace, checks: Checks) -> DayFigures | None:
    """Return what the readings of one UTC day teach; None where they are too few."""
    usable = (day.status == 0) & np.isfinite(day.values)
    if checks.plausible is not None:
        usable &= (day.values >= checks.plausible[0]) & (day.values <= checks.plausible[1])
    times, values = day.times[usable], day.values[usable]
    if len(values) < _LEAST_READINGS or checks.interval is None:
        return None
    every = micros_of(checks.interval)
    low, middle, high = quantiles(values, 0.05, 0.5, 0.95)
    return DayFigures(
        len(values), low, middle, high, _ordinary_step(times, values, every), _longest_flat(times, values, every)
    )


def usual(times: Times, learned: Mapping[int, DayFigures]) -> Usual:
    """Return what the days before each reading's own have taught."""
    days = times // DAY
    found = np.full((4, len(times)), np.nan)
    for day in np.unique(days):
        before = [learned[past] for past in range(int(day) - LEARNED_DAYS, int(day)) if past in learned]
        if len(before) >= LEAST_DAYS:
            found[:, days == day] = _usual_of(
                np.array([(one.low, one.middle, one.high, one.step, one.flat) for one in before])
            )[:, None]
    return Usual(*found)


def _usual_of(days: NDArray[np.float64]) -> NDArray[np.float64]:
    low, middle, high, step, flat = days.T
    (level,) = quantiles(middle, 0.5)
    (range_,), (apart,) = quantiles(high - low, 0.5), quantiles(np.abs(middle - level), 0.5)
    steps = step[~np.isnan(step)]
    (ordinary,) = quantiles(steps, 0.9) if len(steps) >= LEAST_DAYS else (np.nan,)
    return np.array([level, range_ + 2 * apart, ordinary, *quantiles(flat, 0.9)])


def _ordinary_step(times: Times, values: Values, every: int) -> float:
    steps = np.abs(np.diff(values))[np.diff(times) <= NEIGHBOURS_WITHIN * every]
    steps = steps[steps > _CHANGE]
    return quantiles(steps, 0.75)[0] if len(steps) else float("nan")


def _longest_flat(times: Times, values: Values, every: int) -> float:
    first, last = flat_runs(times, values, every)
    return float((times[last] - times[first]).max())


def flat_runs(times: Times, values: Values, every: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the first and the last reading of each stretch in which the value does not change."""
    changes = (values[1:] != values[:-1]) | (np.diff(times) > FLAT_OVER * every)
    first = np.concatenate(([0], np.flatnonzero(changes) + 1)).astype(np.int64)
    return first, np.append(first[1:], len(values)) - 1


def quantiles(values: Values, *shares: float) -> tuple[float, ...]:
    """Return quantiles between the two nearest ranks; numpy's own takes ten times as long on so few."""
    ordered = np.sort(values)
    places = np.array(shares) * (len(ordered) - 1)
    below = places.astype(np.int64)
    above = np.minimum(below + 1, len(ordered) - 1)
    found = ordered[below] + (ordered[above] - ordered[below]) * (places - below)
    return tuple(float(one) for one in found)
