"""VN_WQI by the day. Source: Decision 1460/QĐ-TCMT of 2019-11-12, as public implementations have it (see the table).

One of three ways in which they put the groups together: I · II · III · √(IV · V), IV alone where there is no V.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.composite import Bools, Figure, Floats, Part, figures, rounded
from analysis.lookup_tables import table

# What is read besides the parameters of the groups.
BESIDES = ("water_temperature", "dissolved_oxygen_saturation")


def groups() -> dict[str, dict[str, Any]]:
    """Return the scales of each group's parameters."""
    found: dict[str, dict[str, Any]] = table("vn_wqi")["groups"]
    return found


def parameters() -> tuple[str, ...]:
    """Return the parameters of all groups."""
    return tuple(name for group in groups().values() for name in group)


def sub_index(parameter: str, values: Floats) -> Floats:
    """Return the sub-index of values in the parameter's unit; of oxygen in per cent of saturation."""
    scale = next(group[parameter] for group in groups().values() if parameter in group)
    points = np.array(scale["points"], np.float64)
    found = np.interp(values, points[:, 0], points[:, 1])
    found = np.where(values < points[0, 0], scale.get("below", points[0, 1]), found)
    found = np.where(values > points[-1, 0], scale.get("above", points[-1, 1]), found)
    return np.where(np.isnan(values), np.nan, found)


def saturation(oxygen: Floats, temperature: Floats) -> Floats:
    """Return dissolved oxygen (mg/L) at °C in per cent of what water can hold."""
    full = np.polynomial.polynomial.polyval(temperature, np.array(table("vn_wqi")["saturation"]))
    found: Floats = np.divide(100.0 * oxygen, full, out=np.full_like(full, np.nan), where=full > 0)
    return found


def daily(means: Mapping[str, Floats]) -> list[Figure]:
    """Return the index of days from the means of `parameters()` and of BESIDES, in canonical units.

    There is none with fewer than three of the five groups or three parameters of group IV. The lowest sub-index decides.
    """
    of_oxygen = saturation(means["dissolved_oxygen"], means["water_temperature"])
    of_oxygen = np.where(np.isnan(of_oxygen), means["dissolved_oxygen_saturation"], of_oxygen)
    parts = {name: _part(name, means[name], of_oxygen) for name in parameters()}
    of_group = {group: np.stack([parts[name].index for name in names]) for group, names in groups().items()}
    values = rounded(_together(of_group))
    every = np.stack([part.index for part in parts.values()])
    deciding = np.argmin(np.where(np.isnan(every), np.inf, every), axis=0)
    steps = _steps(values)
    return figures(list(parts.values()), _is_enough(of_group).ravel(), deciding.ravel(), values.ravel(), steps.ravel())


def _part(name: str, mean: Floats, of_oxygen: Floats) -> Part:
    if name == "dissolved_oxygen":
        # Without its saturation oxygen has no sub-index, so it counts as missing; what decides is said in mg/L if it can be.
        inputs = np.where(np.isnan(of_oxygen), np.nan, np.where(np.isnan(mean), of_oxygen, mean))
        return Part(name, inputs, sub_index(name, of_oxygen))
    return Part(name, mean, sub_index(name, mean))


def _is_enough(of_group: Mapping[str, Floats]) -> Bools:
    said = table("vn_wqi")
    present = sum(np.isfinite(one).any(axis=0).astype(np.int64) for one in of_group.values())
    of_iv = np.isfinite(of_group["IV"]).sum(axis=0)
    enough: Bools = np.greater_equal(present, said["least_groups"]) & (of_iv >= said["least_of_group_iv"])
    return enough


def _together(of_group: Mapping[str, Floats]) -> Floats:
    factors = [_geometric(of_group[name]) / 100.0 for name in ("I", "II", "III")]
    product = np.prod([np.where(np.isnan(one), 1.0, one) for one in factors], axis=0)
    iv, v = _mean(of_group["IV"]), _mean(of_group["V"])
    found: Floats = product * np.where(np.isnan(v), iv, np.sqrt(iv * v))
    return found


def _mean(index: Floats) -> Floats:
    count = np.isfinite(index).sum(axis=0)
    total = np.where(np.isfinite(index), index, 0.0).sum(axis=0)
    found: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return found


def _geometric(index: Floats) -> Floats:
    return np.exp(_mean(np.log(index)))


def _steps(values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    rising = table("vn_wqi")["levels"][::-1]
    return len(rising) - np.clip(np.searchsorted(rising, values, side="right") - 1, 0, len(rising) - 1)
