"""Invented readings, for what no recording may be shipped: the same seed and moment always give the same value."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a parameter behaves: its middle, its swing over the day (peak at `peak` o'clock), and what it wavers by.

    `swing` and `wavers` are shares of the middle, `unit` is the one that it is published in.
    """

    middle: float
    unit: str
    swing: float = 0.1
    peak: float = 14.0
    wavers: float = 0.05
    places: int = 1


_OUTFALL: Mapping[str, Shape] = {
    "ph": Shape(7.2, "", swing=0.02, wavers=0.02, places=2),
    "cod": Shape(92, "mg/L", swing=0.08, peak=15, wavers=0.06),
    "tss": Shape(46, "mg/L", wavers=0.1),
    "ammonium_n": Shape(4.1, "mg/L", swing=0.15, wavers=0.08, places=2),
    "flow": Shape(30, "m3/h", swing=0.25, wavers=0.06),
    "water_temperature": Shape(29.5, "degC", swing=0.03, wavers=0.01),
}
_STACK: Mapping[str, Shape] = {
    "dust": Shape(62, "mg/m3", wavers=0.15),
    "so2": Shape(115, "mg/m3", wavers=0.12),
    "nox": Shape(240, "mg/m3", wavers=0.1, places=0),
    "co": Shape(310, "mg/m3", wavers=0.15, places=0),
    "o2": Shape(9.4, "%", swing=0.03, wavers=0.04, places=2),
    "flow": Shape(21_500, "m3/h", wavers=0.05, places=0),
}
_AIR: Mapping[str, Shape] = {
    "pm25": Shape(21, "ug/m3", swing=0.3, peak=7, wavers=0.2),
    "pm10": Shape(34, "ug/m3", swing=0.3, peak=7, wavers=0.2),
    "air_temperature": Shape(28.5, "degC", swing=0.12, wavers=0.02),
    "relative_humidity": Shape(78, "%", swing=0.15, peak=3, wavers=0.04, places=0),
}
_WASTE: Mapping[str, Shape] = {
    "leachate_level": Shape(2.4, "m", swing=0.02, wavers=0.03, places=2),
    "ph": Shape(7.9, "", swing=0.01, wavers=0.02, places=2),
    "cod": Shape(2_450, "mg/L", swing=0.04, wavers=0.06, places=0),
    "ammonium_n": Shape(880, "mg/L", swing=0.03, wavers=0.05, places=0),
    "ch4": Shape(46, "%", swing=0.05, peak=4, wavers=0.05),
    "o2": Shape(1.1, "%", swing=0.1, wavers=0.2, places=2),
    "h2s": Shape(38, "ppm", swing=0.15, peak=4, wavers=0.2),
}
_SHAPES: Mapping[str, Mapping[str, Shape]] = {
    "outfall": _OUTFALL, "stack": _STACK, "air": _AIR, "waste": _WASTE, "surface_water": _OUTFALL,
}  # fmt: skip


def shape_of(kind: str, parameter: str) -> Shape | None:
    """Return how `parameter` behaves at a station of `kind`, None where nothing is known of it."""
    return _SHAPES[kind].get(parameter)


def value_at(station: str, parameter: str, shape: Shape, moment: datetime, zone: ZoneInfo) -> float:
    """Return what a station publishes: its own level, the course of the day, and slow and quick wavering."""
    key = f"{station}/{parameter}"
    seconds = moment.timestamp()
    hour = _hour(moment, zone)
    day = shape.swing * math.cos((hour - shape.peak) / 24 * 2 * math.pi)
    level = 0.94 + 0.12 * _drawn(key, 0)
    noise = 0.6 * _waver(f"{key}/slow", seconds, 3 * 3600) + 0.4 * _waver(f"{key}/quick", seconds, 600)
    return round(shape.middle * (level + day + shape.wavers * noise), shape.places)


def fill_at(station: str, moment: datetime) -> float:
    """Return how full a container is, in percent: filled over two to three days, then emptied."""
    period = (2.0 + _drawn(station, 1)) * _DAY
    share = (moment.timestamp() / period + _drawn(station, 2)) % 1.0
    return round(min(4 + 92 * share + 2 * _waver(station, moment.timestamp(), 3600), 100.0), 0)


def tickets(station: str, after: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[datetime, float]]:
    """Return the weighbridge's tickets in `after < moment ≤ until`: when a truck was weighed, and its tonnes."""
    found = []
    minute = after.replace(second=0, microsecond=0)
    while minute <= until:
        drawn = Random(f"{station}/{minute.timestamp():.0f}")  # noqa: S311 - no secret is made of it
        moment = minute + timedelta(seconds=drawn.randrange(60))
        if after < moment <= until and 6 <= _hour(moment, zone) < 18 and drawn.random() < 0.06:
            found.append((moment, round(drawn.uniform(2.8, 12.4), 2)))
        minute += timedelta(minutes=1)
    return found


def _hour(moment: datetime, zone: ZoneInfo) -> float:
    local = moment.astimezone(zone)
    return local.hour + local.minute / 60


def _waver(key: str, seconds: float, period: float) -> float:
    """Return a number from −1 to 1 that changes smoothly, another one every `period` seconds."""
    step, share = divmod(seconds / period, 1.0)
    smooth = share * share * (3 - 2 * share)
    before, after = _drawn(key, int(step)), _drawn(key, int(step) + 1)
    return 2 * (before + (after - before) * smooth) - 1


def _drawn(key: str, number: int) -> float:
    """Return a number from 0 to 1 that looks drawn by lot and is always the same."""
    mixed = zlib.crc32(f"{number}/{key}/{number * 2_654_435_761 % 2**32}".encode())
    return mixed / 0xFFFFFFFF
