"""What a window comes to: pure functions over arrays.

hour ← readings; hour8, hour24, day ← hours that meet the capture policy; month, season, year ← days that do; amounts
and counters ← readings.

Sums are exact and rounded once (`analysis.sums`): a level is compared with its limit unrounded, so the mean of 0.1, 0.2
and 0.3 must be 0.2 and nothing beside it, and the same readings must give the same bits whatever stretch they are in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.kinds import Hydrogen, Kind, directions, hydrogen_means
from analysis.meters import PLAIN, Meter, steps
from analysis.sums import Floats, Ints, means, sums
from domain.flag import COUNTED, Flag, Reason
from domain.reading import Status
from registry.schema import ParameterKind, Policies

# By the number of the flag.
_COUNTS = np.array([number in set(map(int, COUNTED)) for number in range(max(Flag) + 1)])


@dataclass(frozen=True, slots=True)
class Sample:
    """Readings of one series, ascending: times in µs, values in the canonical unit (NaN missing), status, flags."""

    times: Ints
    values: Floats
    status: NDArray[np.int8]
    flags: NDArray[np.int8]
    meter: Meter = PLAIN  # what is known of it, if it is one

    def counted(self) -> NDArray[np.bool_]:
        """Tell which readings count: good, not evaluated and suspect while measuring (status 00); none else does."""
        measured: NDArray[np.bool_] = (self.status == Status.MEASURING) & np.isfinite(self.values)
        judged: NDArray[np.bool_] = _COUNTS[self.flags]
        both: NDArray[np.bool_] = measured & judged
        return both


@dataclass(frozen=True, slots=True)
class Levels:
    """Windows side by side, one element each: the figure, and what it rests on.

    Where `valid` is 0 nothing counts, and `values`, `minima`, `maxima` are NaN. `valid` may be above what is expected
    where a sensor speaks more often than its interval says.
    """

    values: Floats
    minima: Floats
    maxima: Floats
    valid: Ints
    suspect: Ints
    calibrating: Ints
    fault: Ints

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.valid)


def status_by_calendar(status: NDArray[np.int8], reasons: NDArray[np.int32]) -> NDArray[np.int8]:
    """Return what instruments were doing, by messages and by the calendar, which speaks by the reasons of the flag."""
    found = np.where(reasons & Reason.MAINTENANCE, np.maximum(status, np.int8(Status.CALIBRATING)), status)
    return np.where(reasons & Reason.FAULT_CALENDAR, np.int8(Status.FAULT), found).astype(np.int8)


def from_readings(sample: Sample, starts: Ints, ends: Ints, kind: Kind) -> Levels:
    """Return what each window `starts < time ≤ ends` (µs) comes to; counts are of readings.

    A meter's window begins with the last counted reading before it, so that nothing is lost between two windows: the
    sample must reach back to it. Without one the first reading only begins the count.
    """
    counted = sample.counted()
    lo, hi = _places(sample.times[counted], starts, ends)
    values, suspect = sample.values[counted], sample.flags[counted] == Flag.SUSPECT
    around = _places(sample.times, starts, ends)
    is_meter = kind is ParameterKind.COUNTER
    summed = steps(sample.times[counted], values, sample.meter) if is_meter else values
    found = Levels(
        _FOLDS[kind](summed, lo, hi), _extremes(np.minimum, values, lo, hi), _extremes(np.maximum, values, lo, hi),
        hi - lo, _count(suspect, lo, hi),
        _count(sample.status == Status.CALIBRATING, *around), _count(sample.status == Status.FAULT, *around),
    )  # fmt: skip
    return _without_beginning(found, lo, hi) if is_meter else _where_there_is_one(found, kind)


def from_below(below: Levels, expected: Ints, places: tuple[Ints, Ints], policies: Policies, kind: Kind) -> Levels:
    """Return the mean of those of the level below (hours, or days) that meet the capture policy; counts are of these.

    `places` are, for each window, its first one's place in `below` and the place after its last one's. `expected` is
    how much each of them should rest on. One counts as suspect when its own suspect share is above the policy.
    """
    enough = (below.valid > 0) & meets(below.valid, expected, policies.capture)
    above = np.concatenate(([0], np.cumsum(enough)))
    lo, hi = above[places[0]], above[places[1]]
    suspect = below.suspect[enough] > policies.suspect_share * below.valid[enough]
    found = Levels(
        _FOLDS[kind](below.values[enough], lo, hi),
        _extremes(np.minimum, below.minima[enough], lo, hi), _extremes(np.maximum, below.maxima[enough], lo, hi),
        hi - lo, _count(suspect, lo, hi),
        _count(below.calibrating > 0, *places), _count(below.fault > 0, *places),
    )  # fmt: skip
    return _where_there_is_one(found, kind)


def idle(levels: Levels, times: Ints, ends: Ints, silent_after: int) -> Levels:
    """Return `levels` with a sum of 0, valid = 1, where nothing was weighed though the series was not silent.

    `times` are those of all readings, `silent_after` (µs) is how long the series may say nothing before it is silent.
    """
    before = np.searchsorted(times, ends, side="right") - 1
    heard = np.zeros(len(ends), np.bool_)
    if len(times):
        heard = (before >= 0) & (times[before] > ends - silent_after)
    return zero_where(heard & (levels.valid + levels.calibrating + levels.fault == 0), levels)


def zero_where(nothing: NDArray[np.bool_], levels: Levels) -> Levels:
    """Return `levels` with a sum of 0, valid = 1, where `nothing` was weighed though somebody was there to weigh it."""
    zero = [np.where(nothing, 0.0, figures) for figures in (levels.values, levels.minima, levels.maxima)]
    valid = np.where(nothing, 1, levels.valid)
    return Levels(zero[0], zero[1], zero[2], valid, levels.suspect, levels.calibrating, levels.fault)


def meets(valid: int | Ints, expected: int | Ints, capture: float) -> NDArray[np.bool_]:
    """Tell whether `valid` of `expected` meets the capture policy; an irregular series (expected 0) always does."""
    # The policy is a decimal number: 0.55 of 100 is 55, though binary arithmetic finds a little more.
    return np.asarray(valid) >= capture * np.asarray(expected) - 1e-9


def _places(times: Ints, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(times, starts, side="right"), np.searchsorted(times, ends, side="right")


def _count(mask: NDArray[np.bool_], lo: Ints, hi: Ints) -> Ints:
    if not mask.any():
        return np.zeros(len(lo), np.int64)
    up_to = np.zeros(len(mask) + 1, np.int64)
    np.cumsum(mask, out=up_to[1:])
    found: Ints = up_to[hi] - up_to[lo]
    return found


def _extremes(extreme: np.ufunc, values: Floats, lo: Ints, hi: Ints) -> Floats:
    found = np.full(len(lo), np.nan)
    some = hi > lo
    if some.any():
        # Pairs of places: what lies between one window's end and the next one's start is computed and left out.
        pairs = np.empty(2 * int(some.sum()), np.int64)
        pairs[::2], pairs[1::2] = lo[some], hi[some]
        found[some] = extreme.reduceat(np.append(values, 0.0), pairs)[::2]
    return found


_FOLDS: dict[Kind, Callable[[Floats, Ints, Ints], Floats]] = {
    ParameterKind.LEVEL: means,
    ParameterKind.AMOUNT: sums,
    ParameterKind.COUNTER: sums,  # of its steps
    ParameterKind.DIRECTION: directions,
    Hydrogen.MEAN: hydrogen_means,
}


def _where_there_is_one(levels: Levels, kind: Kind) -> Levels:
    """Take out the windows in which directions come to none: they cancel each other out."""
    if kind is not ParameterKind.DIRECTION:
        return levels
    return _without(np.isnan(levels.values), levels)


def _without_beginning(levels: Levels, lo: Ints, hi: Ints) -> Levels:
    """Take out the window that holds only the very first reading of a meter: there is nothing to subtract from."""
    return _without((lo == 0) & (hi == 1), levels)


def _without(these: NDArray[np.bool_], levels: Levels) -> Levels:
    figures = [np.where(these, np.nan, one) for one in (levels.values, levels.minima, levels.maxima)]
    valid, suspect = np.where(these, 0, levels.valid), np.where(these, 0, levels.suspect)
    return Levels(figures[0], figures[1], figures[2], valid, suspect, levels.calibrating, levels.fault)
