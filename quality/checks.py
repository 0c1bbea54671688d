"""Quality checks: pure functions, values and limits in, flags of the same shape out; nothing is removed or altered.

Source: U.S. IOOS, Manual for Real-Time Quality Control of Dissolved Oxygen Data (and its sisters), test 4, gross range.
"""

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag

Range = tuple[float, float]


def range_flag(values: NDArray[np.float64], plausible: Range | None) -> NDArray[np.int8]:
    """Return GOOD within `plausible` (ends included), FAIL outside, MISSING for NaN; without a range NOT_EVALUATED."""
    flags = np.full(values.shape, Flag.NOT_EVALUATED, np.int8)
    if plausible is not None:
        flags[:] = np.where((values >= plausible[0]) & (values <= plausible[1]), Flag.GOOD, Flag.FAIL)
    flags[np.isnan(values)] = Flag.MISSING
    return flags
