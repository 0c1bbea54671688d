"""Quality checks: pure functions, values and limits in, flags of the same shape out; nothing is removed or altered.

Source: U.S. IOOS, Manual for Real-Time Quality Control of Dissolved Oxygen Data (and its sisters), test 4 (gross range)
and 5 (climatology). Those that look at the readings before and after are in `quality.in_time`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag
from quality.settings import Range
from quality.trace import Flags, Mask, Times, Values
from registry.check_settings import ClimatologyCheck


def range_flag(values: Values, plausible: Range | None) -> Flags:
    """Return GOOD within `plausible` (ends included), FAIL outside, MISSING for NaN; without a range NOT_EVALUATED."""
    flags = np.full(values.shape, Flag.NOT_EVALUATED, np.int8)
    if plausible is not None:
        flags[:] = np.where(within(values, plausible), Flag.GOOD, Flag.FAIL)
    flags[np.isnan(values)] = Flag.MISSING
    return flags


def suspect_range_flag(values: Values, suspect: Range | None) -> Flags:
    """Return GOOD within `suspect` (ends included), SUSPECT outside; NOT_EVALUATED for NaN and without a range."""
    flags = np.full(values.shape, Flag.NOT_EVALUATED, np.int8)
    if suspect is not None:
        known = ~np.isnan(values)
        flags[known] = np.where(within(values[known], suspect), Flag.GOOD, Flag.SUSPECT)
    return flags


def climatology_flag(times: Times, values: Values, usual: Iterable[ClimatologyCheck]) -> Flags:
    """Return what is unusual in the month (UTC) of each value; NOT_EVALUATED in months of which nothing is said."""
    flags = np.full(values.shape, Flag.NOT_EVALUATED, np.int8)
    months = month_of(times)
    for one in usual:
        there = np.isin(months, one.months) & ~np.isnan(values)
        flags[there] = np.where(within(values[there], one.suspect), Flag.GOOD, Flag.SUSPECT)
        if one.fail is not None:
            flags[there & ~within(values, one.fail)] = Flag.FAIL
    return flags


def within(values: Values, span: Range) -> Mask:
    """Tell which values lie within `span`, ends included."""
    return (values >= span[0]) & (values <= span[1])


def month_of(times: Times) -> NDArray[np.int64]:
    """Return the month, 1 to 12, in which each moment lies in UTC."""
    found: NDArray[np.int64] = times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return found
