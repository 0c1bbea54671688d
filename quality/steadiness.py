"""Checks of how a series moves over hours and days: too restless about its neighbours, or resting on one level."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.flag import Flag
from quality.in_time import Paced
from quality.learned import quantiles
from quality.trace import Flags, Mask, Times, Values, micros_of
from registry.learned_settings import StuckCheck, UnsteadyCheck

_HOUR = micros_of(timedelta(hours=1))
# Of fewer readings nothing is said.
_LEAST_READINGS = 8
# A median of fewer readings is no median of an hour; and so many of the hours must have one.
_LEAST_IN_HOUR = 3
_LEAST_HOURS = 2 / 3
# The standard error of a median is 1.25 σ/√n, and quartiles are 1.35 σ apart; a dozen medians of one level lie within
# 4.5 of these (95 of 100 times).
_MEDIAN_BY_QUARTILES = 1.2533 / 1.349
_BY_CHANCE = 4.5


def unsteady_flag(series: Paced, settings: UnsteadyCheck) -> Flags:
    """Return as SUSPECT what jumps about the middle of its neighbours, in the time around it, for more than its share."""
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    times, values = series.times[there], series.values[there]
    if len(values) >= _LEAST_READINGS:
        flags[there[_restless(times, values, settings)]] = Flag.SUSPECT
    return flags


def _restless(times: Times, values: Values, settings: UnsteadyCheck) -> Mask:
    jumps = np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2)
    half = micros_of(settings.over) // 2
    first, end = np.searchsorted(times, times - half), np.searchsorted(times, times + half, side="right")
    found = np.zeros(len(values), np.bool_)
    for place in np.flatnonzero(end - first >= _LEAST_READINGS):
        jump = np.median(jumps[first[place] : end[place] - 2])
        level = abs(np.median(values[first[place] : end[place]]))
        found[place] = jump > settings.by and jump > settings.share * level
    return found


def stuck_flag(series: Paced, settings: StuckCheck) -> Flags:
    """Return as SUSPECT the hours that lie in a stretch of `over` whose hourly medians are all about the same.

    Medians of hours, since an instrument that is stuck jitters: its readings differ, its hours do not. What people breathe
    differs by hours, by day and night, by wind and by rain.
    """
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    there = np.flatnonzero(flags == Flag.GOOD)
    if len(there):
        stuck = _Hours.of(series.times[there], series.values[there]).resting(settings)
        flags[there[np.isin(series.times[there] // _HOUR, stuck)]] = Flag.SUSPECT
    return flags


@dataclass(frozen=True, slots=True)
class _Hours:
    """The hours of a series in which there are readings enough for a median."""

    names: Times
    medians: Values
    chances: Values
    """by how much the median of such an hour would differ by chance alone, from how its readings scatter"""

    @classmethod
    def of(cls, times: Times, values: Values) -> "_Hours":
        names, first = np.unique(times // _HOUR, return_index=True)
        parts = np.split(values, first[1:])
        kept = [len(part) >= _LEAST_IN_HOUR for part in parts]
        quartiles = np.array([quantiles(part, 0.25, 0.5, 0.75) for part in parts if len(part) >= _LEAST_IN_HOUR])
        low, middle, high = quartiles.reshape(-1, 3).T
        counts = np.array([len(part) for part in parts if len(part) >= _LEAST_IN_HOUR])
        return cls(names[kept], middle, _MEDIAN_BY_QUARTILES * (high - low) / np.sqrt(counts))

    def resting(self, settings: StuckCheck) -> Times:
        """Return the hours of all stretches, whose first and last hour are known, that rest."""
        over = max(settings.over // timedelta(hours=1), 1)
        found: set[int] = set()
        ends = np.searchsorted(self.names, self.names + over)
        known = ends - np.arange(len(ends)) >= _LEAST_HOURS * over
        for first in np.flatnonzero(known & (self.names[ends - 1] == self.names + over - 1)).tolist():
            if self._rests(slice(first, int(ends[first])), settings):
                found.update(range(self.names[first], self.names[first] + over))
        return np.array(sorted(found), np.int64)

    def _rests(self, part: slice, settings: StuckCheck) -> bool:
        medians = self.medians[part]
        level, chance = abs(float(np.median(medians))), float(np.median(self.chances[part]))
        allowed = max(settings.share * level, settings.by, _BY_CHANCE * chance)
        return bool(medians.max() - medians.min() <= allowed)
