"""Whether monthly figures rise or fall: Mann–Kendall and Theil–Sen within each calendar month, so that seasons cancel.

Only the same month of different years of the same series is compared (seasonal Kendall: Hirsch, Slack and Smith 1982;
over several series regional Kendall: Helsel and Frans 2006). What is assumed is on the safe side: several series of one
area are taken to say the same (their deviations add up, not their variances), and what one month says of the next
(positive autocorrelation of what is left without season and trend) widens the variance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import erfc, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MONTHS = 12
# Beyond it the variance would be taken for more than forty times what it is.
_MOST_AUTOCORRELATION = 0.95


@dataclass(frozen=True, slots=True)
class Trend:
    """What the months of an area come to.

    `slope` is the median change in a year; `p` the probability of so clear a direction by chance; `months` how many
    calendar months of the area have a figure; `autocorrelation` of a month with the next, as far as it was allowed for.
    """

    slope: float
    p: float
    score: int
    variance: float
    autocorrelation: float
    months: int
    pairs: int


class Verdict(StrEnum):
    """The answer to whether it gets better."""

    WORSE = "worse"
    BETTER = "better"
    UNCLEAR = "no_clear_change"
    NOT_ENOUGH = "not_enough_data"


def seasonal_trend(series: Sequence[Floats]) -> Trend | None:
    """Return the trend of monthly figures; None where no calendar month has figures of two years.

    Each array has one element a month, NaN where there is none; the first elements are the same month.
    """
    tables = [_by_year(one) for one in series]
    slopes = np.concatenate([_slopes(column) for table in tables for column in table.T] or [np.zeros(0)])
    if not len(slopes):
        return None
    slope = float(np.median(slopes))
    score = sum(_score(column) for table in tables for column in table.T)
    lag = min(max(_autocorrelation(tables, slope), 0.0), _MOST_AUTOCORRELATION)
    variance = _variance(tables) * (1 + lag) / (1 - lag)
    known = np.any([np.isfinite(table.ravel()) for table in _alike(tables)], axis=0)
    return Trend(slope, _probability(score, variance), score, variance, lag, int(known.sum()), len(slopes))


def verdict(trend: Trend | None, *, falling_is_better: bool, significance: float, least_months: int) -> Verdict:
    """Return what a trend says; `least_months` and `significance` are the department's policy."""
    if trend is None or trend.months < least_months:
        return Verdict.NOT_ENOUGH
    if trend.p >= significance or trend.score == 0:
        return Verdict.UNCLEAR
    return Verdict.BETTER if (trend.score < 0) == falling_is_better else Verdict.WORSE


def _by_year(months: Floats) -> Floats:
    """Return one row a year, one column for each month of it."""
    missing = -len(months) % MONTHS
    return np.append(months, np.full(missing, np.nan)).reshape(-1, MONTHS)


def _alike(tables: Iterable[Floats]) -> list[Floats]:
    known = list(tables)
    most = max(len(table) for table in known)
    return [np.vstack((table, np.full((most - len(table), MONTHS), np.nan))) for table in known]


def _score(values: Floats) -> int:
    """Return how many pairs rise less how many fall (Kendall's S)."""
    later, earlier = _pairs(values)
    return int(np.sign(values[later] - values[earlier]).sum())


def _slopes(values: Floats) -> Floats:
    """Return the change in a year between every two years."""
    later, earlier = _pairs(values)
    return np.asarray((values[later] - values[earlier]) / (later - earlier), np.float64)


def _pairs(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    known = np.flatnonzero(np.isfinite(values))
    earlier, later = np.triu_indices(len(known), 1)
    return known[later], known[earlier]


def _variance(tables: Sequence[Floats]) -> float:
    """Return the variance of the score if nothing changes: months apart from each other, series all as one."""
    deviations = np.array([[sqrt(_variance_of(column)) for column in table.T] for table in tables])
    return float((deviations.sum(axis=0) ** 2).sum())


def _variance_of(values: Floats) -> float:
    known = values[np.isfinite(values)]
    _, ties = np.unique(known, return_counts=True)
    sizes = np.array([len(known), *ties])
    terms = sizes * (sizes - 1) * (2 * sizes + 5)
    return float(terms[0] - terms[1:].sum()) / 18


def _probability(score: int, variance: float) -> float:
    """Return the two-sided probability by the normal distribution, with the correction for whole numbers."""
    if score == 0 or variance <= 0:
        return 1.0
    return erfc((abs(score) - 1) / sqrt(2 * variance))


def _autocorrelation(tables: Sequence[Floats], slope: float) -> float:
    """Return how a month goes with the next one, once season and trend are taken away."""
    products, squares = 0.0, 0.0
    for table in tables:
        left = table - slope * np.arange(len(table))[:, None]
        spread = (left - _medians(left)).ravel()
        both = np.isfinite(spread[1:]) & np.isfinite(spread[:-1])
        products += float((spread[1:] * spread[:-1])[both].sum())
        squares += float(((spread[1:] ** 2 + spread[:-1] ** 2) / 2)[both].sum())
    return products / squares if squares > 0 else 0.0


def _medians(table: Floats) -> Floats:
    known = np.isfinite(table).any(axis=0)
    found = np.full(MONTHS, np.nan)
    found[known] = np.nanmedian(table[:, known], axis=0)
    return found
