"""Quality checks: pure functions over arrays, values and limits in, flags of the same shape out.

Source: U.S. IOOS QARTOD manuals; the gross range test.
"""

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag


def range_flags(values: NDArray[np.float64], plausible: tuple[float, float]) -> NDArray[np.int8]:
    """Return GOOD within `plausible` (ends included), FAIL outside, MISSING where the value is NaN."""
    low, high = plausible
    flags = np.where((values >= low) & (values <= high), Flag.GOOD, Flag.FAIL)
    return np.where(np.isnan(values), Flag.MISSING, flags).astype(np.int8)
