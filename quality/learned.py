"""What a series' own past teaches, without labels: day by day, so that a flag depends on whole days that are over."""

from dataclasses import dataclass

import numpy as np

from quality.settings import Checks
from quality.trace import Trace

# How many UTC days before a reading's own day its checks may learn from.
LEARNED_DAYS = 28


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What one UTC day of a series teaches."""

    readings: int
    """values in the plausible range, measured with status 00"""


def day_figures(day: Trace, checks: Checks) -> DayFigures | None:
    """Return what the readings of one UTC day teach; None where none of them can."""
    usable = (day.status == 0) & np.isfinite(day.values)
    if checks.plausible is not None:
        usable &= (day.values >= checks.plausible[0]) & (day.values <= checks.plausible[1])
    count = int(usable.sum())
    return DayFigures(count) if count else None
