"""VN_AQI against the Decision's printed examples, the reference vectors, and the same by plain loops over fractions."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.composite import Day, rounded
from analysis.nowcast import nowcast
from analysis.vn_aqi import GASES, PARAMETERS, PARTICLES, daily, hourly, sub_index
from support.shared import shared
from support.slow_indices import slow_vn_hour

E1 = (15.7, 14.2, 17.7, 18.9, 19.3, 15.7, 19.7, 22.6, 27.1, 29.0, 31.9, 25.3, 34.7, 35.2, 41.6, 45.7, 49.2, 55.8, 69.6,
      78.3, 91.5, 97.7, 81.2, 71.8, 43.5, 34.3, 21.5, 20.5, 19.4, 20.4, 21.3)  # fmt: skip
LEVELS = ["Tốt", "Trung bình", "Kém", "Xấu", "Rất xấu", "Nguy hại"]
# Twelve hours, newest first, such that small steps, gaps and break points are all met.
TWELVE = st.lists(st.none() | st.integers(0, 6000).map(lambda tenths: tenths / 10), min_size=12, max_size=12)


def line(*newest_first: float | None) -> np.ndarray:
    """Return hours, newest first, as the array of the twelve up to the newest."""
    padded = [*newest_first, *[None] * (12 - len(newest_first))]
    return np.array([np.nan if one is None else one for one in padded[::-1]])


def hour(**hours: Any) -> tuple[Any, ...]:
    """Return the index of one hour from each parameter's hours, newest first."""
    (found,) = hourly({name: line(*hours.get(name, ())) for name in PARAMETERS})
    return found


def day(means: Mapping[str, float] = {}, hours: Mapping[str, float] = {}, o3_8h: float = np.nan) -> tuple[Any, ...]:
    """Return the index of one day."""
    (found,) = daily(Day(
        {name: np.array([means.get(name, np.nan)]) for name in PARTICLES},
        {name: np.array([hours.get(name, np.nan)]) for name in GASES}, {"o3": np.array([o3_8h])},
    ))  # fmt: skip
    return found


def one_index(scale: str, concentration: float) -> int:
    return int(rounded(sub_index(scale, np.array([concentration])))[0])


def test_the_reference_cases() -> None:
    """Among them the printed 110 for PM2.5 55.7, which binary arithmetic puts just below 109.5."""
    vectors = json.loads(shared("data/reference-vectors/vn_aqi.json").read_text("utf-8"))
    for case in vectors["cases"]:
        assert one_index(case["scale"].removesuffix("_1h"), case["c"]) == case["aqi"], case
    for scale, points in vectors["breakpoints"].items():
        for point, level in zip(points, vectors["levels"], strict=True):
            assert point is None or one_index(scale.removesuffix("_1h"), point) == level


def test_the_bands_of_the_reference() -> None:
    """Each band is one level; what is published is a whole number, so there is nothing between 50 and 51."""
    vectors = json.loads(shared("data/reference-vectors/vn_aqi.json").read_text("utf-8"))
    for low, high, name, _ in vectors["bands"]:
        for index in (low, high):
            concentration = np.interp(index, vectors["levels"], vectors["breakpoints"]["pm25"])
            value, level, *_ = day({"pm25": float(concentration)})
            assert (value, LEVELS[level - 1]) == (index, name)


@pytest.mark.parametrize(
    ("scale", "concentration", "index"),
    [
        ("pm25", 12.5, 25), ("pm25", 25, 50), ("pm25", 37.5, 75), ("pm25", 45, 90), ("pm25", 65, 125), ("pm25", 115, 175),
        ("pm25", 200, 250), ("pm25", 425, 450), ("o3", 36.8, 12), ("o3", 139.2, 44), ("pm25", 499.9, 500), ("pm25", 500, 500), ("pm25", 900, 500),
        ("pm10", 100, 75), ("pm10", 385, 250), ("pm10", 600, 500), ("co", 12_000, 55), ("so2", 237.5, 75),
        ("no2", 450, 125), ("o3", 600, 250), ("o3", 1200, 500), ("o3_8h", 250, 221), ("o3_8h", 400, 300), ("pm25", -3, 0),
    ],
)  # fmt: skip
def test_points_computed_from_the_break_points(scale: str, concentration: float, index: int) -> None:
    """Continuous, linear between the points, 500 from the last."""
    assert one_index(scale, concentration) == index


def test_the_8_hour_means_of_the_decision() -> None:
    """Example E1: the highest, at 17:00, is printed 74.4; the day's windows are those labelled 01:00–24:00."""
    means = [np.mean(E1[end - 7 : end + 1]) for end in range(7, len(E1))]
    assert len(means) == 24
    assert max(means) == pytest.approx(74.4, abs=0.05)
    assert means.index(max(means)) == 16


def test_the_nowcast_of_the_decision() -> None:
    """Example E2: w* = 0.6134, printed 20.3."""
    hours = [26.9, 24.7, 20.5, 23.5, 19.5, 16.5, 19.0, 16.5, 20.3, 22.4, 19.6, 20.6]
    assert nowcast(np.array(hours)) == pytest.approx([20.2658], abs=1e-4)
    assert nowcast(np.array(hours), "as_printed") == pytest.approx([20.2658], abs=1e-4)


def test_the_nowcast_examples_of_the_epa() -> None:
    """Normalised, as the EPA always does."""
    vectors = json.loads(shared("data/reference-vectors/nowcast_pm.json").read_text("utf-8"))
    for case in vectors["cases"]:
        assert nowcast(line(*case["newest_first"])) == pytest.approx([case["untruncated"]], abs=1e-3)


def test_the_printed_form_reads_low_where_hours_are_missing() -> None:
    """With w = 1/2 the Decision's sum is not divided by its weights; the choice is the province's."""
    hours = line(100, None, 100, *[40] * 9)
    assert nowcast(hours, "as_printed") == pytest.approx([67.49], abs=0.005)
    assert nowcast(hours, "normalised") == pytest.approx([90.02], abs=0.005)


def test_the_two_forms_differ_in_nothing_visible_where_every_hour_is_there() -> None:
    """By 1 - 1/4096 where w is 1/2, by nothing above it."""
    steep, steady = line(10, *[100] * 11), line(90, *[100] * 11)
    assert nowcast(steep, "as_printed") / nowcast(steep) == pytest.approx(1 - 2**-12, rel=1e-12)
    assert nowcast(steady, "as_printed") == nowcast(steady)


@pytest.mark.parametrize(
    ("newest_first", "there"),
    [
        ([1.0, None, 1.0], True),
        ([None, 1.0, 1.0], True),
        ([1.0, None, None, 1.0], False),
        ([None, None, 1.0, *[1.0] * 9], False),
    ],
)
def test_two_of_the_newest_three_hours_are_needed(newest_first: list[float | None], there: bool) -> None:
    """Else there is no NowCast."""
    assert np.isfinite(nowcast(line(*newest_first))).tolist() == [there]


def test_the_nowcast_of_nothing_is_nothing() -> None:
    """All zero: w* is not defined, and the NowCast is 0 by our decision."""
    assert nowcast(line(*[0.0] * 12)).tolist() == [0.0]


def test_the_hourly_example_of_the_decision() -> None:
    """E3: O3 136.1 → 43, NO2 118.7 → 59 (printed 60, which no rounding of 59.35 gives), PM2.5 20.3 → 41."""
    assert hour(pm25=[20.3] * 12, o3=[136.1], no2=[118.7]) == (59, 2, "no2", 118.7, ("pm10", "so2", "co"))
    assert [one_index(*one) for one in (("o3", 136.1), ("no2", 118.7), ("pm25", 20.3))] == [43, 59, 41]


def test_the_daily_example_of_the_decision() -> None:
    """E4: O3 8 h 89.3 → 45, O3 1 h 114.6 → 36, NO2 130.8 → 65, PM2.5 55.7 → 110; the index is 110."""
    assert day({"pm25": 55.7}, {"o3": 114.6, "no2": 130.8}, 89.3) == (110, 3, "pm25", 55.7, ("pm10", "so2", "co"))
    values = [one_index(*one) for one in (("o3_8h", 89.3), ("o3", 114.6), ("no2", 130.8), ("pm25", 55.7))]
    assert values == [45, 36, 65, 110]


@pytest.mark.parametrize(
    ("o3", "o3_8h", "value", "concentration"),
    [
        (100.0, 110.0, 75, 110.0),  # the 8 hours say more than the hour
        (380.0, 110.0, 190, 380.0),
        (500.0, 400.0, 300, 400.0),
        (500.0, 400.1, 225, 500.0),  # above 400 the 8 hours are left out
        (np.nan, 400.1, 40, 20.0),  # and nothing takes their place
    ],
)
def test_ozone_of_a_day_is_the_worse_of_an_hour_and_8_hours(
    o3: float, o3_8h: float, value: int, concentration: float
) -> None:
    """The 8-hour branch is dropped above 400 µg/m³."""
    found = day({"pm25": 20.0}, {"o3": o3}, o3_8h)
    assert (found[0], found[3]) == (value, concentration)
    assert "o3" not in found[4]


def test_there_is_no_index_without_particles() -> None:
    """Neither without sensors for them, nor while their hours are missing; one of the two is enough."""
    assert hour(o3=[100.0], pm25=[None] * 12) == (None, None, None, None, ("pm25", "pm10", "so2", "no2", "co"))
    assert hour(pm10=[20.0] * 12)[0] == 20
    assert day(hours={"so2": 3000.0})[0] is None
    assert day({"pm10": 20.0}, {"so2": 3000.0})[:3] == (500, 6, "so2")


@given(st.fixed_dictionaries(dict.fromkeys(PARAMETERS, TWELVE)), st.booleans())
def test_hours_are_those_of_a_slow_calculation(hours: dict[str, list[float | None]], literal: bool) -> None:
    """By fractions and loops: the same whole number and the same gaps, in both forms of the NowCast."""
    arrays = {name: line(*one) for name, one in hours.items()}
    ((value, _, _, _, lacking),) = hourly(arrays, "as_printed" if literal else "normalised")
    expected, missing = slow_vn_hour(hours, literal=literal)
    assert (value, list(lacking)) == (expected, missing)


@given(st.lists(st.none() | st.integers(0, 900), min_size=30, max_size=30), st.integers(11, 29))
def test_an_hour_is_the_same_whatever_stands_beside_it(hours: list[int | None], end: int) -> None:
    """To the last bit: streaming equals batch."""
    every = np.array([np.nan if one is None else one / 7 for one in hours])
    together = nowcast(np.stack([every, every[::-1]]))[0]
    assert nowcast(every[end - 11 : end + 1]).tobytes() == together[end - 11 : end - 10].tobytes()
