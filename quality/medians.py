"""Medians of many stretches of one series at once: to the last bit what `numpy.median` gives for each alone."""

import numpy as np
from numpy.typing import NDArray

from quality.trace import Values

# So many values are sorted side by side at most: about 8 MB.
_TOGETHER = 1_000_000


def medians(values: Values, first: NDArray[np.int64], end: NDArray[np.int64]) -> Values:
    """Return the median of `values[first:end]` for each pair, NaN where there is none; no value is NaN."""
    counts = end - first
    found = np.full(len(counts), np.nan)
    width = int(counts.max(initial=0))
    some = np.flatnonzero(counts > 0)
    rows = max(1, _TOGETHER // max(width, 1))
    for begin in range(0, len(some), rows):
        part = some[begin : begin + rows]
        found[part] = _medians(values, first[part], counts[part], width)
    return found


def _medians(values: Values, first: NDArray[np.int64], counts: NDArray[np.int64], width: int) -> Values:
    columns = np.arange(width)
    inside = columns < counts[:, None]
    # Whatever is beyond a stretch is sorted behind it.
    stretches = np.where(inside, values[np.where(inside, first[:, None] + columns, 0)], np.inf)
    stretches.sort(axis=1)
    rows = np.arange(len(counts))
    below, above = stretches[rows, (counts - 1) // 2], stretches[rows, counts // 2]
    middle: Values = np.where(counts % 2 == 1, below, (below + above) / 2)
    return middle
