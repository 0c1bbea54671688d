"""The US AQI in force since May 2024, by the hour and by the day. Source: EPA-454/B-24-002 and 40 CFR 58, Appendix G.

The hour is that of the particles alone: ozone's own NowCast is a regression over two weeks of a station's past that our
sources do not print, and for the other gases the EPA has none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.composite import Day, Figure, Floats, Part, highest
from analysis.lookup_tables import table
from analysis.nowcast import nowcast

PARTICLES = ("pm25", "pm10")
GASES = ("so2", "no2", "co", "o3")
PARAMETERS = (*PARTICLES, *GASES)
_PER_UNIT = {"ug/m3": 1.0, "ppb": 1.0, "ppm": 1000.0}
# 75 ppb come back from µg/m³ as 74.999…: what is this near to the next step of a scale, in steps, has reached it.
_NEAR = 1e-6


def sub_index(scale: str, concentrations: Floats) -> Floats:
    """Return the unrounded index of concentrations in the unit of `scale` (pm25 … so2_24h), cut off as the EPA does.

    NaN where the scale does not define one.
    """
    said: dict[str, Any] = table("us_aqi")["scales"][scale]
    segments = np.array(said["segments"], np.float64)
    step = 10.0 ** said["decimals"]
    cut = np.floor(np.maximum(concentrations, 0.0) * step + _NEAR) / step
    place = np.clip(np.searchsorted(segments[:, 0], cut, side="right") - 1, 0, len(segments) - 1)
    low, high, below, above = (segments[place, column] for column in range(4))
    found = below + (above - below) * (cut - low) / (high - low)
    if said["beyond"] != "slope":
        found = np.where(cut > segments[-1, 1], np.nan if said["beyond"] == "nothing" else said["beyond"], found)
    return np.where(np.isfinite(cut) & (cut >= segments[0, 0]), found, np.nan)


def hourly(means: Mapping[str, Floats]) -> list[Figure]:
    """Return the index of hours from hourly means of particles, with eleven hours before them, by their NowCast."""
    inputs = {name: nowcast(means[name]) for name in PARTICLES}
    return _highest([Part(name, one, sub_index(name, one)) for name, one in inputs.items()])


def daily(day: Day, ug_per_ppb: Mapping[str, float]) -> list[Figure]:
    """Return the index of days; `ug_per_ppb` tells what one ppb of each gas is in µg/m³.

    Particles enter by their mean, SO2 and NO2 by their highest hour, CO by its highest 8 hours, ozone by both, SO2 by its
    mean too.
    """

    def gas(name: str, scale: str, inputs: Mapping[str, Floats]) -> Part:
        per_unit = ug_per_ppb[name] * _PER_UNIT[table("us_aqi")["scales"][scale]["unit"]]
        return Part(name, inputs[name], sub_index(scale, inputs[name] / per_unit))

    return _highest([
        *(Part(name, day.means[name], sub_index(name, day.means[name])) for name in PARTICLES),
        gas("so2", "so2", day.highest_hour), gas("so2", "so2_24h", day.means), gas("no2", "no2", day.highest_hour),
        gas("co", "co", day.highest_hour8), gas("o3", "o3_8h", day.highest_hour8), gas("o3", "o3", day.highest_hour),
    ])  # fmt: skip


def _highest(parts: list[Part]) -> list[Figure]:
    return highest(parts, np.ones(parts[0].inputs.shape, np.bool_), table("us_aqi")["levels"])
