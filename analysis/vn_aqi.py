"""VN_AQI by the hour. Source: Decision 1459/QĐ-TCMT of 2019-11-12, sections 2.2 and 2.3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from analysis.lookup_tables import table

NowCast = Literal["normalised", "as_printed"]
PARTICLES = ("pm25", "pm10")
GASES = ("so2", "no2", "co", "o3")
NOWCAST_HOURS = 12


@dataclass(frozen=True, slots=True)
class Index:
    """The published whole number, its level from 1, the parameter that decides it, and that parameter's input."""

    value: int
    level: int
    dominant: str
    concentration: float


def sub_index(scale: str, concentration: float) -> float:
    """Return the unrounded index of a concentration in µg/m³ on `scale` (pm25 … o3_8h); 500 from the last point on."""
    points = table("vn_aqi")["concentrations"][scale]
    index = table("vn_aqi")["index"]
    for low, high, below, above in zip(points, points[1:], index, index[1:], strict=False):
        if concentration < high:
            return float(below + (above - below) * (concentration - low) / (high - low))
    return float(index[len(points) - 1])


def rounded(index: float) -> int:
    """Return the nearest whole number, a half going up; 55.7 µg/m³ must be 110 although binary 109.5 falls short."""
    return floor(index + 0.5 + 1e-9)


def nowcast(newest_first: Sequence[float | None], form: NowCast = "normalised") -> float | None:
    """Return the NowCast of up to 12 hourly means, newest first; None if fewer than two of the newest three are there.

    Where w is 1/2 the Decision prints a sum that is not divided by its weights and reads low when hours are missing;
    `normalised` divides always.
    """
    hours = list(newest_first[:NOWCAST_HOURS])
    if sum(one is not None for one in hours[:3]) < 2:
        return None
    there = [one for one in hours if one is not None]
    if max(there) <= 0:
        return 0.0
    weight = max(min(there) / max(there), 0.5)
    weighted = sum(weight**age * one for age, one in enumerate(hours) if one is not None)
    if form == "as_printed" and weight == 0.5:
        return weighted / 2
    return weighted / sum(weight**age for age, one in enumerate(hours) if one is not None)


def hourly(hours: Mapping[str, Sequence[float | None]], form: NowCast = "normalised") -> Index | None:
    """Return the index of an hour from each parameter's hourly means, newest first, in µg/m³.

    Particles enter by their NowCast, gases by the present hour. None without PM2.5 and PM10.
    """
    inputs = {name: nowcast(hours[name], form) for name in PARTICLES if name in hours}
    if all(value is None for value in inputs.values()):
        return None
    inputs.update({name: hours[name][0] for name in GASES if hours.get(name)})
    found = {name: sub_index(name, max(value, 0.0)) for name, value in inputs.items() if value is not None}
    dominant = max(found, key=lambda name: found[name])
    value = rounded(found[dominant])
    return Index(value, level_of(value), dominant, float(inputs[dominant] or 0.0))


def level_of(index: int) -> int:
    """Return the level of a published index, 1 (Tốt) to 6 (Nguy hại)."""
    levels: list[int] = table("vn_aqi")["levels"]
    return next((step for step, highest in enumerate(levels, start=1) if index <= highest), len(levels))
