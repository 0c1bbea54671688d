"""VN_AQI by the hour and by the day. Source: Decision 1459/QĐ-TCMT of 2019-11-12, sections 2.2 and 2.3."""

from collections.abc import Mapping

import numpy as np

from analysis.composite import Day, Figure, Floats, Part, highest
from analysis.lookup_tables import table
from analysis.nowcast import HOURS, Form, nowcast

PARTICLES = ("pm25", "pm10")
GASES = ("so2", "no2", "co", "o3")
PARAMETERS = (*PARTICLES, *GASES)
# Above it the highest 8-hour mean of ozone is left out, µg/m³.
_MOST_O3_8H = 400.0


def sub_index(scale: str, concentrations: Floats) -> Floats:
    """Return the unrounded index of concentrations in µg/m³ on `scale` (pm25 … o3_8h); 500 from the last point on."""
    points = np.array(table("vn_aqi")["concentrations"][scale], np.float64)
    index = np.array(table("vn_aqi")["index"][: len(points)], np.float64)
    above_zero = np.maximum(concentrations, 0.0)
    place = np.clip(np.searchsorted(points, above_zero, side="right") - 1, 0, len(points) - 2)
    low, below = points[place], index[place]
    found = below + (index[place + 1] - below) * (above_zero - low) / (points[place + 1] - low)
    return np.where(above_zero >= points[-1], index[-1], found)


def hourly(means: Mapping[str, Floats], form: Form = "normalised") -> list[Figure]:
    """Return the index of hours from the hourly means of each of PARAMETERS, in µg/m³, with eleven hours before them.

    Particles enter by their NowCast, gases by the present hour. There is none without PM2.5 and PM10.
    """
    inputs = {name: nowcast(means[name], form) for name in PARTICLES}
    inputs |= {name: means[name][..., HOURS - 1 :] for name in GASES}
    return _highest([Part(name, inputs[name], sub_index(name, inputs[name])) for name in PARAMETERS])


def daily(day: Day) -> list[Figure]:
    """Return the index of days, in µg/m³. There is none without PM2.5 and PM10.

    Particles enter by their mean, gases by their highest hour, ozone by its highest 8 hours too, unless those are above
    400 µg/m³.
    """
    o3_8h = day.highest_hour8["o3"]
    index = np.where(o3_8h > _MOST_O3_8H, np.nan, sub_index("o3_8h", o3_8h))
    return _highest([
        *(Part(name, day.means[name], sub_index(name, day.means[name])) for name in PARTICLES),
        *(Part(name, day.highest_hour[name], sub_index(name, day.highest_hour[name])) for name in GASES),
        Part("o3", o3_8h, index),
    ])  # fmt: skip


def _highest(parts: list[Part]) -> list[Figure]:
    has_particles = np.logical_or.reduce([np.isfinite(one.inputs) for one in parts if one.parameter in PARTICLES])
    return highest(parts, has_particles, table("vn_aqi")["levels"])
