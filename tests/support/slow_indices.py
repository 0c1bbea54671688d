"""Indices one by one, in fractions and plain loops, straight from the texts: what the arrays are held against."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor

VN_INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
VN_POINTS = {
    "o3": (0, 160, 200, 300, 400, 800, 1000, 1200), "o3_8h": (0, 100, 120, 170, 210, 400),
    "co": (0, 10000, 30000, 45000, 60000, 90000, 120000, 150000), "so2": (0, 125, 350, 550, 800, 1600, 2100, 2630),
    "no2": (0, 100, 200, 700, 1200, 2350, 3100, 3850), "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm25": (0, 25, 50, 80, 150, 250, 350, 500),
}  # fmt: skip
US_PM25 = ("0 9.0 0 50", "9.1 35.4 51 100", "35.5 55.4 101 150", "55.5 125.4 151 200", "125.5 225.4 201 300",
           "225.5 325.4 301 500")  # fmt: skip
US_PM10 = ("0 54 0 50", "55 154 51 100", "155 254 101 150", "255 354 151 200", "355 424 201 300", "425 604 301 500")
Hours = Sequence[float | None]  # newest first


def exact(written: float) -> Fraction:
    """Return a number as it is written: 38.3 is 383/10, though the machine keeps a little less."""
    return Fraction(str(written))


def slow_nowcast(newest_first: Hours, *, literal: bool = False) -> Fraction | None:
    """Return the NowCast: w = min/max, at least 1/2, of the hours that are there."""
    there = [exact(one) for one in newest_first if one is not None]
    if sum(one is not None for one in newest_first[:3]) < 2:
        return None
    if max(there) <= 0:
        return Fraction(0)
    weight = max(min(there) / max(there), Fraction(1, 2))
    total = weights = Fraction(0)
    for age, one in enumerate(newest_first):
        if one is not None:
            total += weight**age * exact(one)
            weights += weight**age
    return total / 2 if literal and weight == Fraction(1, 2) else total / weights


def slow_vn(scale: str, concentration: Fraction) -> Fraction:
    """Return the unrounded VN_AQI of a concentration."""
    points = VN_POINTS[scale]
    if concentration >= points[-1]:
        return Fraction(VN_INDEX[len(points) - 1])
    place = max((place for place, point in enumerate(points) if point <= max(concentration, 0)), default=0)
    share = (max(concentration, Fraction(0)) - points[place]) / (points[place + 1] - points[place])
    return VN_INDEX[place] + (VN_INDEX[place + 1] - VN_INDEX[place]) * share


def slow_us(segments: Sequence[str], decimals: int, concentration: Fraction) -> Fraction:
    """Return the unrounded US AQI of particles."""
    cut = Fraction(floor(max(concentration, Fraction(0)) * 10**decimals), 10**decimals)
    table = [tuple(Fraction(one) for one in line.split()) for line in segments]
    low, high, below, above = next((row for row in table if cut <= row[1]), table[-1])
    return below + (above - below) * (cut - low) / (high - low)


def half_up(index: Fraction) -> int:
    """Return the nearest whole number, a half going up."""
    return floor(index + Fraction(1, 2))


def slow_vn_hour(hours: Mapping[str, Hours], *, literal: bool = False) -> tuple[int | None, list[str]]:
    """Return the hourly VN_AQI and what is missing."""
    names = ("pm25", "pm10", "so2", "no2", "co", "o3")
    inputs: dict[str, Fraction | None] = {}
    for name in names:
        if name.startswith("pm"):
            inputs[name] = slow_nowcast(hours[name], literal=literal)
        else:
            newest = hours[name][0]
            inputs[name] = None if newest is None else exact(newest)
    lacking = [name for name in names if inputs[name] is None]
    if inputs["pm25"] is None and inputs["pm10"] is None:
        return None, lacking
    return max(half_up(slow_vn(name, one)) for name, one in inputs.items() if one is not None), lacking


def slow_us_hour(hours: Mapping[str, Hours]) -> int | None:
    """Return the hourly US AQI of the particles."""
    found = []
    for name, segments, decimals in (("pm25", US_PM25, 1), ("pm10", US_PM10, 0)):
        one = slow_nowcast(hours[name])
        if one is not None:
            found.append(half_up(slow_us(segments, decimals, one)))
    return max(found, default=None)
