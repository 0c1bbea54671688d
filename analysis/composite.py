"""Indices of windows side by side: the worst of their parameters, and what is missing. NaN stands for what is not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

# One window's: the published whole number, its level from 1, the parameter that decides it, that parameter's input in its
# canonical unit, and the parameters without a valid input. The first four are None where there is no index.
Figure: TypeAlias = tuple[int | None, int | None, str | None, float | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Day:
    """What days come to by parameter, of windows that meet the capture policy.

    The day's own mean, and the highest mean of one hour and of eight hours among those labelled 01:00–24:00.
    """

    means: Mapping[str, Floats]
    highest_hour: Mapping[str, Floats]
    highest_hour8: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Part:
    """What one average of a parameter gives: its input in the canonical unit, and the unrounded sub-index of it."""

    parameter: str
    inputs: Floats
    index: Floats


def highest(parts: Sequence[Part], where: Bools, levels: Sequence[int]) -> list[Figure]:
    """Return the figures of an index that is its highest sub-index, `where` it may be made at all.

    The first of several that are equal decides. `levels` are the highest indices of the levels, from the first.
    """
    found = np.stack([part.index.ravel() for part in parts])
    there = where.ravel() & np.isfinite(found).any(axis=0)
    deciding = np.argmax(np.where(np.isfinite(found), found, -np.inf), axis=0)
    values = rounded(np.take_along_axis(found, deciding[None], axis=0)[0])
    steps = np.minimum(np.searchsorted(levels, values, side="left"), len(levels) - 1) + 1
    return figures(parts, there, deciding, values, steps)


def figures(
    parts: Sequence[Part], there: Bools, deciding: NDArray[np.intp], values: Floats, steps: NDArray[np.intp]
) -> list[Figure]:
    """Return a figure for each window; `deciding` is the place among `parts` of the one that decides."""
    inputs = np.stack([part.inputs.ravel() for part in parts])
    concentrations = np.take_along_axis(inputs, deciding[None], axis=0)[0]
    names = [part.parameter for part in parts]
    columns = (there.tolist(), values.tolist(), steps.tolist(), deciding.tolist(), concentrations.tolist())
    return [
        (round(value), step, names[place], concentration, lacking) if is_there else (None, None, None, None, lacking)
        for (is_there, value, step, place, concentration), lacking in zip(
            zip(*columns, strict=True), missing(names, inputs), strict=True
        )
    ]  # fmt: skip


def missing(names: Sequence[str], inputs: Floats) -> list[tuple[str, ...]]:
    """Return, for each window, the parameters of which no input is there, in their order."""
    every = list(dict.fromkeys(names))
    absent = np.stack([
        np.isnan(inputs[[place for place, name in enumerate(names) if name == one]]).all(axis=0) for one in every
    ])  # fmt: skip
    bits = np.left_shift(np.int64(1), np.arange(len(every)))
    codes = bits @ absent
    said = {
        code: tuple(name for place, name in enumerate(every) if code >> place & 1) for code in np.unique(codes).tolist()
    }
    return [said[code] for code in codes.tolist()]


def rounded(index: Floats) -> Floats:
    """Return the nearest whole numbers, a half going up; 55.7 µg/m³ must be 110 although binary 109.5 falls short."""
    return np.floor(index + (0.5 + 1e-9))
