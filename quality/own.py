"""Checks that compare a series with what is usual in it. They can only suspect, since a real discharge is unusual too.

Fixed limits do not carry over to another river or another season; what an instrument at this place does on an ordinary day
does. See `quality.learned` for how that is found.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag
from quality.in_time import Paced
from quality.learned import NEIGHBOURS_WITHIN, Usual, flat_runs
from quality.medians import medians
from quality.trace import DAY, Flags, Mask, Times, Values, micros_of
from registry.learned_settings import OwnFlatCheck, OwnLevelCheck, OwnStepCheck

# What came before a step is the median of so long: twice the longest excursion, so that its end is no new one.
BEFORE_A_STEP = timedelta(hours=8)
# A step is over once the value is nearer to where it began than to where it went.
_BACK = 0.5
# A flat line so long is unusual anywhere: a stuck instrument may not become what is usual.
LONGEST_FLAT = timedelta(days=3)


def own_level_flag(values: Values, usual: Usual, settings: OwnLevelCheck) -> Flags:
    """Return as SUSPECT what is far from the usual level; NOT_EVALUATED where nothing is usual yet."""
    away = np.abs(values - usual.level)
    flags = np.where(away > np.maximum(settings.times * usual.width, settings.by), Flag.SUSPECT, Flag.GOOD)
    return np.where(np.isnan(away), Flag.NOT_EVALUATED, flags).astype(np.int8)


def own_flat_flag(series: Paced, usual: Usual, settings: OwnFlatCheck) -> Flags:
    """Return the values that have not changed for unusually long, and as many of them before as would be long elsewhere.

    While nothing is usual yet, a day is long: some instruments rest for hours.
    """
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    times, values = series.times[there], series.values[there]
    first, last = flat_runs(times, values, micros_of(series.interval)) if len(there) else (there, there)
    first, last = np.repeat(first, last - first + 1), np.repeat(last, last - first + 1)
    unusual = np.minimum(np.nan_to_num(settings.times * usual.flat[there], nan=DAY), micros_of(LONGEST_FLAT))
    for limit, flag in ((settings.suspect, Flag.SUSPECT), (settings.fail, Flag.FAIL)):
        if limit is not None:
            soon = np.searchsorted(times, times + micros_of(limit), side="right") - 1
            length = times[np.minimum(last, soon)] - times[first]
            flags[there[length >= np.maximum(micros_of(limit), unusual)]] = flag
    if settings.but_not is not None:
        flags[(series.values >= settings.but_not[0]) & (series.values <= settings.but_not[1])] = Flag.GOOD
    return flags


def own_step_flag(series: Paced, usual: Usual, settings: OwnStepCheck) -> Flags:
    """Return as SUSPECT excursions that begin with an unusual step, and the first reading after a step that stays."""
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    steps = _Steps(series.times[there], series.values[there], settings.of_level)
    least = np.fmin(
        np.maximum(settings.times * usual.step, settings.of_level * np.abs(usual.level)), settings.at_most or np.inf
    )
    back_in = micros_of(settings.back_in)
    for place in steps.greater_than(least[there], back_in, NEIGHBOURS_WITHIN * micros_of(series.interval)):
        found = steps.excursion(place, back_in)
        if found or settings.stays:
            away = there[place : place + max(found, 1)]
            # Each by what is usual on its own day, where an excursion goes on over midnight.
            flags[away[steps.height(place) > least[away]]] = Flag.SUSPECT
    return flags


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps between readings, none of which is missing."""

    times: Times
    values: Values
    of_level: float
    """how many times the level just before a step it must be high"""

    def height(self, place: int) -> float:
        """Return by how much the value at `place` differs from the one before."""
        return float(abs(self.values[place] - self.values[place - 1]))

    def greater_than(self, least: Values, within: int, near: float) -> NDArray[np.int64]:
        """Return the places after steps that lead away from what was before and are greater, at once or `within`."""
        later = np.minimum(np.searchsorted(self.times, self.times[1:] + within), len(least) - 1)
        enough = np.fmin(least[1:], least[later])
        after = np.flatnonzero((np.abs(np.diff(self.values)) > enough) & (np.diff(self.times) <= near)) + 1
        return after[self._lead_away(after)]

    def _lead_away(self, places: NDArray[np.int64]) -> Mask:
        before = medians(
            self.values, np.searchsorted(self.times, self.times[places] - micros_of(BEFORE_A_STEP)), places
        )
        at, previous = self.values[places], self.values[places - 1]
        high = np.abs(at - previous) >= self.of_level * np.abs(before)
        found: Mask = (np.abs(previous - before) < np.abs(at - before)) & high
        return found

    def excursion(self, place: int, back_in: int) -> int:
        """Return how many readings from `place` on are away; 0 where the value does not come back in time."""
        end = int(np.searchsorted(self.times, self.times[place] + back_in, side="right"))
        start = self.values[place - 1]
        back = np.flatnonzero(self._is_back(self.values[place + 1 : end], start, self.values[place]))
        return int(back[0]) + 1 if len(back) else 0

    @staticmethod
    def _is_back(values: Values, start: float, away: float) -> Mask:
        found: Mask = np.abs(values - start) <= _BACK * abs(away - start)
        return found
