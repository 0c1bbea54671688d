"""Readings of one series as arrays: what the checks look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Flags = NDArray[np.int8]
Mask = NDArray[np.bool_]

_MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Trace:
    """Readings of one series, ascending in time, no moment twice; all arrays have the same length.

    `times`: µs since 1970 UTC. `values`: in the canonical unit, NaN where missing. `status`: as `domain.reading.Status`;
    whoever knows the calendar of maintenance has put it in.
    """

    times: Times
    values: Values
    status: NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.times)

    def part(self, start: int, end: int) -> "Trace":
        """Return the readings of `start < moment ≤ end`, both in µs."""
        first, last = np.searchsorted(self.times, (start, end), side="right")
        return Trace(self.times[first:last], self.values[first:last], self.status[first:last])


def trace_of(times: Sequence[int], values: Sequence[float | None], status: Sequence[int] | None = None) -> Trace:
    """Return readings in any order as a trace; of several of one moment the last counts, without `status` all are 00."""
    last = {moment: index for index, moment in enumerate(times)}
    order = [last[moment] for moment in sorted(last)]
    states = [0] * len(times) if status is None else status
    return Trace(
        np.array([times[index] for index in order], np.int64),
        np.array([values[index] for index in order], np.float64),
        np.array([states[index] for index in order], np.int8),
    )


def micros_of(length: timedelta) -> int:
    """Return a duration in whole µs."""
    return length // _MICROSECOND
