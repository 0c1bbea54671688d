"""Checks of how a series moves over hours and days: too restless about its neighbours, or resting on one level."""

from datetime import timedelta

import numpy as np

from domain.flag import Flag
from quality.in_time import Paced
from quality.trace import Flags, Mask, Times, Values, micros_of
from registry.learned_settings import StuckCheck, UnsteadyCheck

_HOUR = micros_of(timedelta(hours=1))
# Of fewer readings nothing is said.
_LEAST_READINGS = 8
# A median of fewer readings is no median of an hour; and so many of the hours must have one.
_LEAST_IN_HOUR = 3
_LEAST_HOURS = 2 / 3


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
        hours, medians = _hourly(series.times[there] // _HOUR, series.values[there])
        stuck = _resting(hours, medians, max(settings.over // timedelta(hours=1), 1), settings)
        flags[there[np.isin(series.times[there] // _HOUR, stuck)]] = Flag.SUSPECT
    return flags


def _hourly(hours: Times, values: Values) -> tuple[Times, Values]:
    names, first = np.unique(hours, return_index=True)
    parts = np.split(values, first[1:])
    kept = [len(part) >= _LEAST_IN_HOUR for part in parts]
    medians = [float(np.median(part)) for part, enough in zip(parts, kept, strict=True) if enough]
    return names[kept], np.array(medians)


def _resting(hours: Times, medians: Values, over: int, settings: StuckCheck) -> Times:
    """Return the hours of all stretches of `over` hours, the first and the last of which have a median, that rest."""
    found: set[int] = set()
    ends = np.searchsorted(hours, hours + over)
    whole = (hours[ends - 1] == hours + over - 1) & (ends - np.arange(len(hours)) >= _LEAST_HOURS * over)
    for first in np.flatnonzero(whole).tolist():
        part = medians[first : ends[first]]
        allowed = max(settings.share * abs(float(np.median(part))), settings.by)
        if part.max() - part.min() <= allowed:
            found.update(range(hours[first], hours[first] + over))
    return np.array(sorted(found), np.int64)
