"""Exact sums and means of many windows at once: to the last bit what `math.fsum` gives for each alone.

Long stretches are added side by side: a running sum of every window and, apart, what each addition rounds off. Where
these remainders add up without rounding either, sum and remainder together are the exact sum, and rounding them once is
what `fsum` does. Where they do not, and where windows are too few to be worth it, it is `fsum` that adds.
"""

from collections.abc import Callable
from math import fsum, nan
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

# So many windows for each value of the longest, and adding them side by side is quicker than one after the other.
_WORTHWHILE = 8
# 2^27 + 1 takes a float apart into two halves whose products are exact.
_SPLITTER = 134_217_729.0
# Nearer to the ends of what a float can hold than this, products and remainders are no longer exact.
_LARGEST, _SMALLEST = 1e290, 1e-250


def sums(values: Floats, lo: Ints, hi: Ints) -> Floats:
    """Return the sum of `values[lo:hi]` for each pair, rounded once; NaN where there is none."""
    return _fold(values, lo, hi, fsum, _rounded)


def means(values: Floats, lo: Ints, hi: Ints) -> Floats:
    """Return the mean of `values[lo:hi]` for each pair, as exact as a float can say it; NaN where there is none."""
    return _fold(values, lo, hi, _mean, _means)


def _mean(values: list[float]) -> float:
    count = len(values)
    near = fsum(values) / count
    # The division has rounded a second time: what it missed is exact again.
    return near + fsum([*values, *[-near] * count]) / count


def _fold(
    values: Floats, lo: Ints, hi: Ints, one: Callable[[list[float]], float],
    many: Callable[[Floats, Floats, Floats], tuple[Floats, Bools]],
) -> Floats:  # fmt: skip
    counts = hi - lo
    if len(counts) < _WORTHWHILE * int(counts.max(initial=0)):
        return _each(values, lo, hi, one)
    with np.errstate(all="ignore"):
        total, rest, exact = _added(values, lo, hi)
        found, proven = many(total, rest, counts.astype(np.float64))
    some = counts > 0
    found[~some] = nan
    doubtful = some & ~(exact & proven)
    if doubtful.any():
        found[doubtful] = _each(values, lo[doubtful], hi[doubtful], one)
    return found


def _each(values: Floats, lo: Ints, hi: Ints, one: Callable[[list[float]], float]) -> Floats:
    listed = values.tolist()
    windows = zip(lo.tolist(), hi.tolist(), strict=True)
    return np.array([one(listed[begin:end]) if end > begin else nan for begin, end in windows], np.float64)


def _added(values: Floats, lo: Ints, hi: Ints) -> tuple[Floats, Floats, Bools]:
    """Return two numbers for each window whose sum is its exact sum, and where they are that."""
    total, rest, lost = np.zeros(len(lo)), np.zeros(len(lo)), np.zeros(len(lo))
    padded, last = np.append(values, 0.0), len(values)
    for place in range(int((hi - lo).max(initial=0))):
        at = lo + place
        total, missed = _two_sum(total, padded[np.where(at < hi, at, last)])
        rest, again = _two_sum(rest, missed)
        lost += np.abs(again)
    return total, rest, (lost == 0) & (np.abs(total) < _LARGEST)


def _rounded(total: Floats, rest: Floats, _: Floats) -> tuple[Floats, Bools]:
    return total + rest, np.ones(len(total), np.bool_)


def _means(total: Floats, rest: Floats, counts: Floats) -> tuple[Floats, Bools]:
    """Return what `_mean` does, and where that is proven: no part of the remainder has been rounded off."""
    near = (total + rest) / counts
    product, below = _two_product(near, counts)
    difference, first = _two_sum(total, -product)
    further, second = _two_sum(difference, rest)
    last, third = _two_sum(further, -below)
    # At most one of the three may be left over, so that the last addition is the only one that rounds.
    single = (first != 0).astype(int) + (second != 0) + (third != 0) <= 1
    in_reach = (near == 0) | ((np.abs(near) > _SMALLEST) & (np.abs(product) < _LARGEST))
    return near + (last + (first + second + third)) / counts, single & in_reach


def _two_sum(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return the rounded sum and what rounding took away (Knuth): together they are exact."""
    total = one + other
    shared = total - one
    return total, (one - (total - shared)) + (other - shared)


def _two_product(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return the rounded product and what rounding took away (Dekker, Veltkamp): together they are exact."""
    product = one * other
    (high, low), (above, under) = _halves(one), _halves(other)
    return product, low * under - (((product - high * above) - low * above) - high * under)


def _halves(number: Floats) -> tuple[Floats, Floats]:
    scaled = _SPLITTER * number
    high = scaled - (scaled - number)
    return high, number - high
