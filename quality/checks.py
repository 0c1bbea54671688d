"""Quality checks: pure functions, values and limits in, flags of the same shape out; nothing is removed or altered.

Source: U.S. IOOS, Manual for Real-Time Quality Control of Dissolved Oxygen Data (and its sisters), test 4, gross range.
"""

from typing import overload

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag

Range = tuple[float, float]


@overload
def range_flag(values: float, plausible: Range | None) -> Flag: ...
@overload
def range_flag(values: NDArray[np.float64], plausible: Range | None) -> NDArray[np.int8]: ...
def range_flag(values: float | NDArray[np.float64], plausible: Range | None) -> Flag | NDArray[np.int8]:
    """Return GOOD within `plausible` (ends included), FAIL outside, MISSING for NaN; without a range NOT_EVALUATED."""
    if isinstance(values, np.ndarray):
        return _range_flags(values, plausible)
    if values != values:  # noqa: PLR0124 - only NaN differs from itself, and this is the hot path of ingest
        return Flag.MISSING
    if plausible is None:
        return Flag.NOT_EVALUATED
    return Flag.GOOD if plausible[0] <= values <= plausible[1] else Flag.FAIL


def _range_flags(values: NDArray[np.float64], plausible: Range | None) -> NDArray[np.int8]:
    flags = np.full(values.shape, Flag.NOT_EVALUATED, np.int8)
    if plausible is not None:
        flags[:] = np.where((values >= plausible[0]) & (values <= plausible[1]), Flag.GOOD, Flag.FAIL)
    flags[np.isnan(values)] = Flag.MISSING
    return flags
