"""The US AQI of 2024 against the EPA's examples and the reference vectors, and the same by plain loops over fractions."""

import json
from collections.abc import Mapping
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.composite import Day, rounded
from analysis.nowcast import nowcast
from analysis.us_aqi import GASES, PARTICLES, daily, hourly, sub_index
from registry.load import load
from registry.units import mass_of, ug_per_ppb
from support.seen import CONFIG
from support.shared import shared
from support.slow_indices import slow_us_hour

PER_PPB = {"o3": 1.9618, "so2": 2.6186, "no2": 1.8804, "co": 1.1449}
NOTHING: Mapping[str, float] = {}
TWELVE = st.lists(st.none() | st.integers(0, 6000).map(lambda tenths: tenths / 10), min_size=12, max_size=12)


def one_index(scale: str, concentration: float) -> int | None:
    (index,) = rounded(sub_index(scale, np.array([concentration])))
    return None if np.isnan(index) else int(index)


def line(newest_first: list[float | None]) -> np.ndarray:
    return np.array([np.nan if one is None else one for one in newest_first[::-1]])


def day(
    means: Mapping[str, float] = NOTHING, hours: Mapping[str, float] = NOTHING, hours8: Mapping[str, float] = NOTHING
) -> tuple[object, ...]:
    """Return the index of one day; gases in ppb."""

    def arrays(given_: Mapping[str, float], names: tuple[str, ...]) -> dict[str, np.ndarray]:
        return {name: np.array([given_.get(name, nan) * PER_PPB.get(name, 1.0)]) for name in names}

    inputs = Day(arrays(means, (*PARTICLES, "so2")), arrays(hours, GASES), arrays(hours8, ("co", "o3")))
    (found,) = daily(inputs, PER_PPB)
    return found


def test_the_reference_cases() -> None:
    """PM2.5 cut off to 0.1 µg/m³, the index rounded to the nearest; 9.04 is 9.0."""
    vectors = json.loads(shared("data/reference-vectors/us_aqi_pm25_2024.json").read_text("utf-8"))
    for concentration, index in vectors["cases"]:
        assert one_index("pm25", concentration) == index, concentration
    for low, high, below, above in vectors["breakpoints"]:
        assert (one_index("pm25", low), one_index("pm25", high)) == (below, above)
    assert one_index("pm25", nan) is None


def test_the_nowcast_examples_of_the_epa() -> None:
    """Omak, August 2015: 54.8 is 149; 543.8 goes on above 500 with the last slope."""
    vectors = json.loads(shared("data/reference-vectors/nowcast_pm.json").read_text("utf-8"))
    for case, index in zip(vectors["cases"], (149, 935), strict=True):
        (found,) = nowcast(line(case["newest_first"]))
        assert np.floor(found * 10) / 10 == case["nowcast"]
        ((value, level, dominant, concentration, missing),) = hourly({"pm25": line(case["newest_first"]),
                                                                      "pm10": np.full(12, nan)})  # fmt: skip
        assert (value, dominant, missing) == (index, "pm25", ("pm10",))
        assert level == (3 if index == 149 else 6)
        assert concentration == pytest.approx(case["untruncated"], abs=1e-3)


@pytest.mark.parametrize(
    ("scale", "concentration", "index"),
    [
        ("pm10", 54.9, 50), ("pm10", 55, 51), ("pm10", 604, 500), ("pm10", 605, 501),
        ("o3_8h", 0.0549, 50), ("o3_8h", 0.055, 51), ("o3_8h", 0.200, 300), ("o3_8h", 0.201, None),
        ("o3", 0.1249, None), ("o3", 0.125, 101), ("o3", 0.604, 500),
        ("co", 4.49, 50), ("co", 4.5, 51), ("co", 8.4, 90), ("co", 50.4, 500),
        ("so2", 35.9, 50), ("so2", 36, 51), ("so2", 75, 100), ("so2", 304.9, 200), ("so2", 900, 200),
        ("so2_24h", 304, None), ("so2_24h", 305, 201), ("so2_24h", 1004, 500),
        ("no2", 53, 50), ("no2", 54, 51), ("no2", 100, 100), ("no2", 2049, 500), ("pm25", inf, None),
    ],
)  # fmt: skip
def test_both_sides_of_the_edges(scale: str, concentration: float, index: int | None) -> None:
    """Cut off, never rounded; a scale says nothing where it is not defined."""
    assert one_index(scale, concentration) == index


def test_the_examples_of_the_epas_document() -> None:
    """As printed: 8-hour ozone of 0.078 ppm is 126, PM2.5 of 35.9 µg/m³ 102, CO of 8.4 ppm 90; the scale of 2024 keeps them."""
    found = day({"pm25": 35.9}, {}, {"o3": 78.0, "co": 8400.0})
    assert (found[0], found[2]) == (126, "o3")
    assert (one_index("pm25", 35.9), one_index("co", 8.4), one_index("o3_8h", 0.078)) == (102, 90, 126)


def test_ppb_come_back_from_micrograms_as_they_were() -> None:
    """What a station sent as 55 ppb is on the scale where 55 is, though µg/m³ are kept: at every step of every scale."""
    registry = load(CONFIG)
    for name, most in (("so2", 1004), ("no2", 2049), ("o3", 604)):
        factor = ug_per_ppb(mass_of(registry.parameters[name]) or nan)
        steps = np.arange(1.0, most)
        back = steps * factor / factor
        scale, unit = ("o3_8h", 1000.0) if name == "o3" else (name, 1.0)
        np.testing.assert_array_equal(sub_index(scale, back / unit), sub_index(scale, steps / unit))


def test_sulfur_dioxide_above_200_needs_24_hours() -> None:
    """An hour of 305 ppb and more is 200, unless the mean of the day is as high."""
    assert day({"so2": 80.0}, {"so2": 400.0})[0] == 200
    assert day({"so2": 305.0}, {"so2": 400.0})[0] == 201
    assert day({}, {"so2": 304.0})[0] == 200


def test_ozone_is_the_worse_of_its_two_averages() -> None:
    """Above 0.200 ppm the 8 hours say nothing, and the hour alone does."""
    assert day({}, {"o3": 170.0}, {"o3": 71.0})[0] == 157
    assert day({}, {"o3": 124.0}, {"o3": 71.0})[0] == 101
    assert day({}, {"o3": 450.0}, {"o3": 230.0})[0] == 346


def test_a_day_says_what_is_missing() -> None:
    """There is an index without particles too; a parameter with any of its averages is not missing."""
    assert day({}, {"no2": 100.0, "so2": 10.0})[:3] == (100, 2, "no2")
    assert day({}, {"no2": 100.0, "so2": 10.0})[4] == ("pm25", "pm10", "co", "o3")
    assert day()[0] is None


@given(st.fixed_dictionaries(dict.fromkeys(PARTICLES, TWELVE)))
def test_hours_are_those_of_a_slow_calculation(hours: dict[str, list[float | None]]) -> None:
    """By fractions and loops."""
    ((value, *_),) = hourly({name: line(one) for name, one in hours.items()})
    assert value == slow_us_hour(hours)
