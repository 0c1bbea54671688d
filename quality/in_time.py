"""Checks that look at the readings before and after: pure functions, times and values in, flags of the same shape out.

Source: U.S. IOOS, Manual for Real-Time Quality Control of Dissolved Oxygen Data (and its sisters), tests 1 (gap),
6 (spike), 7 (rate of change), 8 (flat line) and 10 (attenuated signal). NaN stands for whatever is no value to compare
with, and gets NOT_EVALUATED.

Durations, not numbers of readings: so the same setting holds for each interval, and no flag depends on a reading further
away than a check reaches. Where the series has its regular interval, flags are those of ioos_qc.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.flag import Flag
from quality.settings import Range
from quality.trace import Flags, Mask, Times, Values, micros_of
from quality.windows import Windows
from registry.check_settings import (
    AttenuatedCheck,
    FlatLineCheck,
    GapCheck,
    PinnedCheck,
    RateCheck,
    SpikeCheck,
)

# Readings further apart than so many intervals are not each other's neighbours.
NEAR = 2
# Of the readings due in a window at least this share must be there to say that it is flat.
_PRESENT = 0.5


@dataclass(frozen=True, slots=True)
class Paced:
    """Values of a series in their order of time, and the interval that they are meant to have."""

    times: Times
    values: Values
    interval: timedelta

    @property
    def near(self) -> int:
        """How far apart, in µs, neighbours may be."""
        return NEAR * micros_of(self.interval)


def beyond(amounts: Values, settings: SpikeCheck | RateCheck) -> Flags:
    """Return GOOD, SUSPECT or FAIL by how great each amount is; NOT_EVALUATED for NaN."""
    flags = np.where(np.isnan(amounts), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    if settings.suspect is not None:
        flags[amounts > settings.suspect] = Flag.SUSPECT
    if settings.fail is not None:
        flags[amounts > settings.fail] = Flag.FAIL
    return flags


def spike_flag(series: Paced, settings: SpikeCheck) -> Flags:
    """Return what stands out from its two neighbours; NOT_EVALUATED where one of them is not there."""
    values, amounts = series.values, np.full(series.values.shape, np.nan)
    before, after = values[1:-1] - values[:-2], values[1:-1] - values[2:]
    if settings.method == "average":
        # The middle first, as the manual has it: the difference of differences may round otherwise.
        amounts[1:-1] = np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2)
    else:
        amounts[1:-1] = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0 * before * after)
    apart = np.diff(series.times)
    amounts[1:-1][(apart[:-1] > series.near) | (apart[1:] > series.near)] = np.nan
    return beyond(amounts, settings)


def rate_flag(series: Paced, settings: RateCheck) -> Flags:
    """Return what has changed too fast since the reading before; NOT_EVALUATED where that is not there."""
    amounts = np.full(series.values.shape, np.nan)
    apart = np.diff(series.times)
    amounts[1:] = np.abs(np.diff(series.values)) / (apart / micros_of(settings.per))
    amounts[1:][apart > series.near] = np.nan
    return beyond(amounts, settings)


def gap_flag(times: Times, settings: GapCheck) -> Flags:
    """Return the readings that come after a gap; the first of all has one before it."""
    since = np.full(times.shape, np.iinfo(np.int64).max)
    since[1:] = np.diff(times)
    flags = np.full(times.shape, Flag.GOOD, np.int8)
    for length, flag in ((settings.suspect, Flag.SUSPECT), (settings.fail, Flag.FAIL)):
        if length is not None:
            flags[since > micros_of(length)] = flag
    return flags


def flat_line_flag(series: Paced, settings: FlatLineCheck) -> Flags:
    """Return the values that have not changed for so long, or the whole stretches in which none has."""
    flags = np.where(np.isnan(series.values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    for length, flag in ((settings.suspect, Flag.SUSPECT), (settings.fail, Flag.FAIL)):
        if length is not None:
            windows = _windows(series.times, length)
            least, greatest = windows.extremes(series.values)
            change = np.where(greatest >= least, greatest - least, np.inf)
            still = (change < settings.tolerance) | (change == 0)
            flags[_held(series, windows, length, still, whole=settings.whole)] = flag
    return flags


def attenuated_flag(series: Paced, settings: AttenuatedCheck) -> Flags:
    """Return where the values vary too little over a time; NOT_EVALUATED where too few of them are there."""
    # As ioos_qc has it, the reading of just so long ago is outside.
    windows = _windows(series.times, settings.over, side="right")
    enough = windows.count(~np.isnan(series.values)) >= max(2, settings.present * _due(series.interval, settings.over))
    if settings.measure == "std":
        variation = windows.deviation(series.values)
    else:
        least, greatest = windows.extremes(series.values)
        variation = np.where(greatest >= least, greatest - least, np.nan)
    flags = np.full(series.values.shape, Flag.NOT_EVALUATED, np.int8)
    evaluated = enough & ~np.isnan(series.values)
    flags[evaluated] = Flag.GOOD
    for least_allowed, flag in ((settings.suspect, Flag.SUSPECT), (settings.fail, Flag.FAIL)):
        if least_allowed is not None:
            flags[evaluated & (variation < least_allowed)] = flag
    return flags


def pinned_flag(series: Paced, settings: PinnedCheck, plausible: Range | None, limits: Iterable[float] = ()) -> Flags:
    """Return as SUSPECT the stretches in which all values keep to an end of `plausible`, or just below one of `limits`."""
    values = series.values
    flags = np.where(np.isnan(values), Flag.NOT_EVALUATED, Flag.GOOD).astype(np.int8)
    windows = _windows(series.times, settings.hold)
    present = windows.count(~np.isnan(values))
    below = (((1 - settings.share) * limit, limit) for limit in limits)
    for low, high in (*((end, end) for end in (*_ends(settings, plausible), *settings.at)), *below):
        all_there = windows.count((values >= low) & (values <= high)) == present
        flags[_held(series, windows, settings.hold, all_there, whole=True)] = Flag.SUSPECT
    return flags


def _ends(settings: PinnedCheck, plausible: Range | None) -> Iterable[float]:
    if plausible is not None and settings.ends in {"low", "both"}:
        yield plausible[0]
    if plausible is not None and settings.ends in {"high", "both"}:
        yield plausible[1]


def _windows(times: Times, length: timedelta, side: str = "left") -> Windows:
    starts = np.searchsorted(times, times - micros_of(length), side="left" if side == "left" else "right")
    return Windows(starts.astype(np.int64))


def _due(interval: timedelta, length: timedelta) -> int:
    return max(length // interval, 1)


def _held(series: Paced, windows: Windows, length: timedelta, holds: Mask, *, whole: bool) -> Mask:
    """Return the values at which something has held so long as to be believed, or (whole) in whose stretch it has."""
    there = ~np.isnan(series.values)
    due = _due(series.interval, length) + 1
    believed = holds & there & _reach_back(series, windows, length)
    believed &= windows.count(there) >= max(2, _PRESENT * due)
    return _stretches(windows, believed) & there if whole else believed


def _reach_back(series: Paced, windows: Windows, length: timedelta) -> Mask:
    """Tell which windows are as long as they are meant to be: no reading more would have fitted before the first.

    Where the interval jitters, a reading just before the window says so too.
    """
    times, starts, every = series.times, windows.starts, micros_of(series.interval)
    begin = times - micros_of(length)
    just_before = (starts > 0) & (times[np.maximum(starts - 1, 0)] > begin - every)
    return (times[starts] < begin + every) | just_before


def _stretches(windows: Windows, ends: Mask) -> Mask:
    """Return everything that lies in a window which ends in `ends`."""
    steps = np.zeros(len(ends) + 1, np.int64)
    np.add.at(steps, windows.starts[ends], 1)
    steps[1:] -= ends
    return np.cumsum(steps[:-1]) > 0
