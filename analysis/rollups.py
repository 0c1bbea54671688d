"""What a window comes to: pure functions over arrays.

hour ← readings; hour8, hour24, day ← hours that meet the capture policy; amounts and counters ← readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.flag import COUNTED, Flag
from domain.reading import Status
from registry.schema import ParameterKind

_COUNTED = np.array(sorted(int(flag) for flag in COUNTED), np.int8)


@dataclass(frozen=True, slots=True)
class Sample:
    """Readings of one series, ascending: times in µs, values in the canonical unit (NaN missing), status, flags."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    status: NDArray[np.int8]
    flags: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Level:
    """A window's figure and what it rests on; the value is None where nothing counts."""

    value: float | None
    minimum: float | None
    maximum: float | None
    valid: int
    suspect: int = 0
    calibrating: int = 0
    fault: int = 0


def from_readings(
    sample: Sample, starts: NDArray[np.int64], ends: NDArray[np.int64], kind: ParameterKind
) -> list[Level]:
    """Return one Level for each window `starts < time ≤ ends` (µs, both ascending), counting readings.

    Good, not evaluated and suspect readings count while measuring (status 00); none else does.
    """
    counted = np.isin(sample.flags, _COUNTED) & (sample.status == Status.MEASURING) & ~np.isnan(sample.values)
    first = np.searchsorted(sample.times, starts, side="right")
    last = np.searchsorted(sample.times, ends, side="right")
    return [_level(sample, counted, slice(begin, end), kind) for begin, end in zip(first, last, strict=True)]


def _level(sample: Sample, counted: NDArray[np.bool_], where: slice, kind: ParameterKind) -> Level:
    mask = counted[where]
    values = sample.values[where][mask]
    calibrating = int(np.count_nonzero(sample.status[where] == Status.CALIBRATING))
    fault = int(np.count_nonzero(sample.status[where] == Status.FAULT))
    if kind is ParameterKind.COUNTER and where.start > 0 and counted[where.start - 1]:
        # A meter's window begins where the one before ended.
        values = np.concatenate((sample.values[where.start - 1 : where.start], values))
    if not len(values) or not mask.any():
        return Level(None, None, None, 0, 0, calibrating, fault)
    suspect = int(np.count_nonzero(sample.flags[where][mask] == Flag.SUSPECT))
    total = _summed(values, kind)
    return Level(
        total, float(values.min()), float(values.max()), int(np.count_nonzero(mask)), suspect, calibrating, fault
    )


def _summed(values: NDArray[np.float64], kind: ParameterKind) -> float:
    if kind is ParameterKind.AMOUNT:
        return float(np.sum(values))
    if kind is ParameterKind.COUNTER:
        return counted_up(values)
    if kind is ParameterKind.DIRECTION:
        return mean_direction(values)
    return float(np.mean(values))


def counted_up(values: NDArray[np.float64]) -> float:
    """Return how far a meter went; after a reset or a new meter it counts on from zero."""
    steps = np.diff(values)
    return float(np.sum(np.where(steps >= 0, steps, values[1:])))


def mean_direction(degrees: NDArray[np.float64]) -> float:
    """Return the direction of the mean unit vector, 0 ≤ degrees < 360."""
    angles = np.deg2rad(degrees)
    mean = np.rad2deg(np.arctan2(np.mean(np.sin(angles)), np.mean(np.cos(angles))))
    return float(mean % 360)


def from_hours(hours: Sequence[Level], expected: Sequence[int], capture: float, suspect_share: float) -> Level:
    """Return the mean of those hours that meet the capture policy; counts are of hours.

    `expected` is how many readings each hour should have; an hour counts as suspect when its own suspect share is above
    `suspect_share`.
    """
    enough = [
        hour for hour, wanted in zip(hours, expected, strict=True) if hour.valid and meets(hour.valid, wanted, capture)
    ]
    calibrating = sum(1 for hour in hours if hour.calibrating)
    fault = sum(1 for hour in hours if hour.fault)
    if not enough:
        return Level(None, None, None, 0, 0, calibrating, fault)
    return Level(
        value=float(np.mean([hour.value for hour in enough])),
        minimum=min(hour.minimum for hour in enough if hour.minimum is not None),
        maximum=max(hour.maximum for hour in enough if hour.maximum is not None),
        valid=len(enough),
        suspect=sum(1 for hour in enough if hour.suspect > suspect_share * hour.valid),
        calibrating=calibrating,
        fault=fault,
    )


def meets(valid: int, expected: int, capture: float) -> bool:
    """Tell whether `valid` of `expected` meets the capture policy; an irregular series (expected 0) always does."""
    return valid >= capture * expected
