"""The NowCast of hourly means: twelve hours, the steadier they are the more the older ones weigh."""

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.composite import Bools, Floats

Kind = TypeVar("Kind", bound=np.generic)
Form = Literal["normalised", "as_printed"]
HOURS = 12


def nowcast(means: Floats, form: Form = "normalised") -> Floats:
    """Return the NowCast of every hour that has eleven before it, along the last axis; NaN is a missing hour.

    There is none where fewer than two of the newest three hours are there. Where w is 1/2 Decision 1459 prints a sum that
    is not divided by its weights and reads low when hours are missing; `normalised` divides always, as the EPA does.
    """
    there = np.isfinite(means)
    lows = _over(np.minimum, np.where(there, means, np.inf))
    highs = _over(np.maximum, np.where(there, means, -np.inf))
    positive = np.isfinite(highs) & (highs > 0)
    ratio = np.divide(lows, highs, out=np.full_like(highs, 0.5), where=positive)
    weight = np.maximum(ratio, 0.5)
    weighted, weights = _sums(np.where(there, means, 0.0), there, weight)
    literal = (weight == 0.5) if form == "as_printed" else np.zeros(weight.shape, np.bool_)
    found = np.divide(weighted, np.where(literal, 2.0, weights), out=np.zeros_like(weighted), where=positive)
    enough = sum(_aged(there, age).astype(np.int64) for age in range(3))
    return np.where(np.greater_equal(enough, 2), found, np.nan)


def _sums(values: Floats, there: Bools, weight: Floats) -> tuple[Floats, Floats]:
    # One hour's age after the other, so that an hour's figure is the same to the last bit whatever stands beside it.
    weighted, weights, power = np.zeros_like(weight), np.zeros_like(weight), np.ones_like(weight)
    for age in range(HOURS):
        weighted += power * _aged(values, age)
        weights += power * _aged(there, age)
        power = power * weight
    return weighted, weights


def _aged(hours: NDArray[Kind], age: int) -> NDArray[Kind]:
    """Return, for every hour that has eleven before it, the one `age` hours before."""
    last = hours.shape[-1] - age
    return hours[..., HOURS - 1 - age : last]


def _over(extreme: np.ufunc, hours: Floats) -> Floats:
    found = _aged(hours, 0)
    for age in range(1, HOURS):
        found = extreme(found, _aged(hours, age))
    return found
