"""How windows are averaged that a plain mean would falsify: directions, and pH through hydrogen ions. Pure.

Directions are averaged as unit vectors, each reading alike (U.S. EPA, Meteorological Monitoring Guidance for Regulatory
Modeling Applications, EPA-454/R-99-005, 2000, section 6.2: the unit-vector mean). They are not weighted by wind speed:
a direction then needs no second instrument, and a pollutant comes from where the wind blew from, not from where it blew
hardest. In a calm a vane shows where it was left; such readings do not count.
"""

from enum import Enum
from typing import TypeAlias

import numpy as np

from analysis.sums import Bools, Floats, Ints, means, sums
from registry.schema import ParameterKind

# A mean vector shorter than this has no direction: a vane is good to some degrees, and what is left is its error.
LEAST_RESULTANT = 0.01


class Hydrogen(Enum):
    """A level on the scale of pH that is averaged by what it is the logarithm of."""

    MEAN = "hydrogen"


Kind: TypeAlias = ParameterKind | Hydrogen


def directions(degrees: Floats, lo: Ints, hi: Ints) -> Floats:
    """Return the directions of the mean unit vectors, 0 ≤ degrees < 360; NaN where they cancel each other out."""
    angles = np.deg2rad(degrees)
    east, north = sums(np.sin(angles), lo, hi), sums(np.cos(angles), lo, hi)
    mean = np.rad2deg(np.arctan2(east, north)) % 360
    mean = np.where(mean >= 360, 0.0, mean)  # the remainder of a tiny negative angle is 360 itself
    return np.where(np.hypot(east, north) < LEAST_RESULTANT * (hi - lo), np.nan, mean)


def hydrogen_means(ph: Floats, lo: Ints, hi: Ints) -> Floats:
    """Return the pH of the mean activity of hydrogen ions; between the least and the greatest of each window."""
    with np.errstate(all="ignore"):
        found = -np.log10(means(np.power(10.0, -ph), lo, hi))
    # The logarithm of a power may miss the very figure: ten readings of 7.2 are 7.2.
    least = np.array([ph[begin:end].min() if end > begin else np.nan for begin, end in zip(lo, hi, strict=True)])
    most = np.array([ph[begin:end].max() if end > begin else np.nan for begin, end in zip(lo, hi, strict=True)])
    return np.clip(found, least, most) if len(found) else found


def in_calm(times: Ints, speeds: tuple[Ints, Floats], below: float) -> Bools:
    """Tell at which of `times` the wind speed measured at the same moment was below `below`.

    `speeds` are the moments and figures of those that count, ascending.
    """
    moments, figures = speeds
    if not len(moments):
        return np.zeros(len(times), np.bool_)
    places = np.minimum(np.searchsorted(moments, times, side="left"), len(moments) - 1)
    return np.asarray((moments[places] == times) & (figures[places] < below), np.bool_)
