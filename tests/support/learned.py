"""What the days of a series teach, all of them at once: for tests of the checks without the jobs around them."""

import numpy as np

from quality.learned import DayFigures, day_figures
from quality.settings import Checks
from quality.trace import DAY, Trace


def learned_from(trace: Trace, checks: Checks) -> dict[int, DayFigures]:
    """Return the figures of each UTC day of a trace."""
    found = {}
    days, first = np.unique(trace.times // DAY, return_index=True)
    ends = np.append(first[1:], len(trace))
    for day, begin, end in zip(days.tolist(), first.tolist(), ends.tolist(), strict=True):
        figures = day_figures(Trace(trace.times[begin:end], trace.values[begin:end], trace.status[begin:end]), checks)
        if figures is not None:
            found[day] = figures
    return found
