"""Windows that slide over a series: from some reading up to each.

What comes out for a window depends on what is in it alone, to the last bit, never on where in the series it stands: so
a part of a series gives the same as all of it. Running sums would not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quality.trace import Mask, Values

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """For each reading the window of those from `starts` up to itself."""

    starts: Places

    @property
    def lengths(self) -> Places:
        """How many readings are in each."""
        return np.arange(1, len(self.starts) + 1) - self.starts

    def count(self, mask: Mask) -> Places:
        """Return how many of each window are in `mask`."""
        before = np.concatenate(([0], np.cumsum(mask)))
        counted: Places = before[1:] - before[self.starts]
        return counted

    def extremes(self, values: Values) -> tuple[Values, Values]:
        """Return the least and the greatest of each window, NaN left out; ±infinity where there is none."""
        return self._least(np.where(np.isnan(values), np.inf, values)), -self._least(
            np.where(np.isnan(values), np.inf, -values)
        )

    def _least(self, values: Values) -> Values:
        """Halve each window into two that overlap, as long as a power of two: the least needs no more."""
        found = values.copy()
        lengths, last = self.lengths, np.arange(len(values))
        length, least = 1, values
        while (lengths >= 2 * length).any():
            least = np.minimum(least[:-length], least[length:])
            length *= 2
            fits = np.flatnonzero((lengths >= length) & (lengths < 2 * length))
            found[fits] = np.minimum(least[self.starts[fits]], least[last[fits] - length + 1])
        return found

    def deviation(self, values: Values) -> Values:
        """Return the standard deviation of each window, NaN left out; 0 where there is none."""
        there = ~np.isnan(values)
        block = _Spread(there.astype(np.float64), np.where(there, values, 0.0), np.zeros(len(values)))
        total = _Spread(*(np.zeros(len(values)) for _ in range(3)))
        lengths, place, length = self.lengths, self.starts.copy(), 1
        while (lengths >= length).any():
            taken = np.flatnonzero(lengths & length)
            total.put(taken, total.at(taken).joined(block.at(place[taken])))
            place[taken] += length
            if (lengths >= 2 * length).any():
                block = block.at(slice(None, -length)).joined(block.at(slice(length, None)))
            length *= 2
        return np.sqrt(total.squares / np.maximum(total.count, 1))


@dataclass(frozen=True, slots=True)
class _Spread:
    """Counts, means and sums of squared distances from them (Chan, Golub, LeVeque 1979: how two of them are joined)."""

    count: Values
    mean: Values
    squares: Values

    def at(self, places: Places | slice) -> "_Spread":
        return _Spread(self.count[places], self.mean[places], self.squares[places])

    def put(self, places: Places, other: "_Spread") -> None:
        self.count[places], self.mean[places], self.squares[places] = other.count, other.mean, other.squares

    def joined(self, other: "_Spread") -> "_Spread":
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        distance = np.where(self.count > 0, other.mean - self.mean, 0.0)
        mean = np.where(self.count > 0, self.mean + distance * share, other.mean)
        return _Spread(count, mean, self.squares + other.squares + distance**2 * self.count * share)
