"""One value of one parameter, measured at one station at one moment."""

from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from domain.flag import Flag, Reason


class Status(IntEnum):
    """What the instrument was doing; the numbers are those of Circular 10/2021/TT-BTNMT."""

    MEASURING = 0
    CALIBRATING = 1
    FAULT = 2


class SeriesKey(NamedTuple):
    """One parameter of one station."""

    station: str
    parameter: str


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A value in the parameter's canonical unit, with its time, status and quality.

    `measured_at` is the end of what the value averages, aware, in UTC. Identity is (station, parameter,
    measured_at); of several with one identity the greatest `seq` (the journal's number of its message) counts.
    `value` is None for a missing reading; then `flag` is MISSING.
    """

    station: str
    parameter: str
    measured_at: datetime
    value: float | None
    status: Status = Status.MEASURING
    flag: Flag = Flag.NOT_EVALUATED
    reasons: Reason = Reason.NONE
    checks: int = 0  # version of the checks that set the flag
    seq: int = 0

    @property
    def series(self) -> SeriesKey:
        """The series it belongs to."""
        return _series(self.station, self.parameter)


# A batch asks for the same few keys tens of thousands of times; making a named tuple takes four times as long.
@lru_cache(maxsize=200_000)
def _series(station: str, parameter: str) -> SeriesKey:
    return SeriesKey(station, parameter)
