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
from quality.trace import Flags, Mask, Times, Values, micros_of
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
    """Return the values that have not changed for unusually long, and as many of them before as would be long elsewhere."""
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    times, values = series.times[there], series.values[there]
    first, last = flat_runs(times, values, micros_of(series.interval)) if len(there) else (there, there)
    unusual = np.minimum(np.nan_to_num(settings.times * usual.flat[there]), micros_of(LONGEST_FLAT))
    length = times - np.repeat(times[first], last - first + 1)
    for limit, flag in ((settings.suspect, Flag.SUSPECT), (settings.fail, Flag.FAIL)):
        if limit is not None:
            long = length >= np.maximum(micros_of(limit), unusual)
            flags[there[_and_before(times, long, np.repeat(first, last - first + 1), micros_of(limit))]] = flag
    if settings.but_not is not None:
        flags[(series.values >= settings.but_not[0]) & (series.values <= settings.but_not[1])] = Flag.GOOD
    return flags


def _and_before(times: Times, found: Mask, first: NDArray[np.int64], back: int) -> Mask:
    """Return what is `found`, and what comes within `back` before it, no sooner than the `first` of its stretch."""
    ends = np.flatnonzero(found)
    starts = np.maximum(np.searchsorted(times, times[ends] - back), first[ends])
    edges = np.zeros(len(times) + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, ends + 1, -1)
    covered: Mask = np.cumsum(edges[:-1]) > 0
    return covered


def own_step_flag(series: Paced, usual: Usual, settings: OwnStepCheck) -> Flags:
    """Return as SUSPECT excursions that begin with an unusual step, and the first reading after a step that stays."""
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    steps = _Steps(series.times[there], series.values[there])
    least = np.fmin(
        np.maximum(settings.times * usual.step, settings.of_level * np.abs(usual.level)), settings.at_most or np.inf
    )
    for place in steps.greater_than(least[there], NEIGHBOURS_WITHIN * micros_of(series.interval)):
        found = steps.excursion(place, micros_of(settings.back_in))
        if found or settings.stays:
            flags[there[place : place + max(found, 1)]] = Flag.SUSPECT
    return flags


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps between readings, none of which is missing."""

    times: Times
    values: Values

    def greater_than(self, least: Values, near: float) -> NDArray[np.int64]:
        """Return the places after steps that are greater, and lead away from what was before."""
        after = np.flatnonzero((np.abs(np.diff(self.values)) > least[1:]) & (np.diff(self.times) <= near)) + 1
        return after[[self._leads_away(int(place)) for place in after]] if len(after) else after

    def _leads_away(self, place: int) -> bool:
        first = int(np.searchsorted(self.times, self.times[place] - micros_of(BEFORE_A_STEP)))
        before = np.median(self.values[first:place])
        return bool(abs(self.values[place - 1] - before) < abs(self.values[place] - before))

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
