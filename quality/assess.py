"""Which checks run over a reading, in which version, and how what they say becomes one flag with its reasons.

At the door only checks that need no neighbours; over a span of a series all of them, so that a stream and a recompute
say the same. Checks that need neighbours go into `assess`, beside the range.
"""

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag, Reason
from quality.checks import Range, range_flag

# Raised whenever a check changes what it says, so that a flag tells which checks made it.
CHECKS_VERSION = 1


_MISSING = (Flag.MISSING, Reason.NONE)
_NOT_EVALUATED = (Flag.NOT_EVALUATED, Reason.NONE)
_GOOD = (Flag.GOOD, Reason.NONE)
_OUT_OF_RANGE = (Flag.FAIL, Reason.RANGE)


def flag_at_the_door(value: float | None, plausible: Range | None) -> tuple[Flag, Reason]:
    """Return what `assess` says of one finite value, in the unit of `plausible`; this is the hot path of ingest."""
    if value is None:
        return _MISSING
    if plausible is None:
        return _NOT_EVALUATED
    return _GOOD if plausible[0] <= value <= plausible[1] else _OUT_OF_RANGE


def assess(values: NDArray[np.float64], plausible: Range | None) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return flags and reasons of a span of a series, one for each of `values` (NaN missing)."""
    flags = range_flag(values, plausible)
    reasons = np.where(flags == Flag.FAIL, Reason.RANGE, Reason.NONE).astype(np.int32)
    return flags, reasons
