"""Checks of one series against others of its station or area. None of them can tell which one is wrong: suspect only."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from domain.flag import Flag
from quality.oxygen import saturation
from quality.trace import Flags, Mask, Times, Trace, Values, micros_of
from registry.check_settings import NeighboursCheck, NotAboveCheck, OxygenCheck

OXYGEN_TEMPERATURE = "water_temperature"
OXYGEN_SALINITY = "salinity"


def at_moments(times: Times, of: Trace) -> Values:
    """Return the values that `of` has at exactly these moments, NaN where it has none."""
    found = np.full(times.shape, np.nan)
    if len(of):
        places = np.minimum(np.searchsorted(of.times, times), len(of) - 1)
        same = of.times[places] == times
        found[same] = of.values[places[same]]
    return found


def not_above_flag(part: Values, whole: Values, settings: NotAboveCheck) -> Flags:
    """Return as SUSPECT what is more than the whole of which it is a part, measured at the same moment."""
    most = whole * (1 + settings.share) + settings.by
    return _suspect(part * settings.factor > most, np.isnan(part) | np.isnan(whole))


def oxygen_flag(oxygen: Values, temperature: Values, salinity: Values, settings: OxygenCheck) -> Flags:
    """Return as SUSPECT what is out of the span of saturation; a salinity that is not there is that of fresh water."""
    share = 100 * oxygen / saturation(temperature, np.where(np.isnan(salinity), 0.0, salinity))
    low, high = settings.suspect
    return _suspect((share < low) | (share > high), np.isnan(share))


def neighbours_flag(
    times: Times, values: Values, median: Trace, interval: timedelta, settings: NeighboursCheck
) -> Flags:
    """Return as SUSPECT what differs from the `median` of the area in the interval to which it belongs."""
    around = _in_interval(times, median, micros_of(interval))
    allowed = settings.share * np.abs(around) + settings.by
    return _suspect(np.abs(values - around) > allowed, np.isnan(values) | np.isnan(around))


def median_of(traces: Sequence[Trace], interval: timedelta, least: int) -> Trace:
    """Return the median of several stations per interval, by its end; NaN where fewer than `least` have a value.

    The last value of a station in an interval is that station's.
    """
    every = micros_of(interval)
    ends = np.unique(np.concatenate([_end(one.times, every) for one in traces])) if traces else np.array([], np.int64)
    table = np.full((len(traces), len(ends)), np.nan)
    for row, one in zip(table, traces, strict=True):
        known = ~np.isnan(one.values) & (one.status == 0)
        row[np.searchsorted(ends, _end(one.times[known], every))] = one.values[known]
    enough = (~np.isnan(table)).sum(axis=0) >= max(least, 1)
    medians = np.full(len(ends), np.nan)
    medians[enough] = np.nanmedian(table[:, enough], axis=0)
    return Trace(ends, medians, np.zeros(len(ends), np.int8))


def _end(times: Times, every: int) -> Times:
    found: Times = -(-times // every) * every
    return found


def _in_interval(times: Times, of: Trace, every: int) -> Values:
    return at_moments(_end(times, every), of)


def _suspect(found: Mask, unknown: Mask) -> Flags:
    flags = np.where(found, Flag.SUSPECT, Flag.GOOD).astype(np.int8)
    flags[unknown] = Flag.NOT_EVALUATED
    return flags
