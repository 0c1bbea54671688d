"""VN_AQI against the Decision's printed examples and the reference vectors."""

import json

import pytest

from analysis.vn_aqi import hourly, level_of, nowcast, rounded, sub_index
from support.shared import shared


def test_the_reference_cases() -> None:
    """Among them the printed 110 for PM2.5 55.7, which binary arithmetic puts just below 109.5."""
    vectors = json.loads(shared("data/reference-vectors/vn_aqi.json").read_text("utf-8"))
    for case in vectors["cases"]:
        scale = case["scale"].removesuffix("_1h")
        assert rounded(sub_index(scale, case["c"])) == case["aqi"], case


@pytest.mark.parametrize(
    ("scale", "concentration", "index"),
    [
        ("pm25", 12.5, 25), ("pm25", 25, 50), ("pm25", 37.5, 75), ("pm25", 45, 90), ("pm25", 115, 175),
        ("pm25", 425, 450), ("pm25", 500, 500), ("pm25", 900, 500), ("pm10", 100, 75), ("pm10", 385, 250),
        ("co", 12_000, 55), ("so2", 237.5, 75), ("no2", 450, 125), ("o3", 600, 250), ("o3_8h", 250, 221), ("o3_8h", 400, 300),
    ],
)  # fmt: skip
def test_points_computed_from_the_break_points(scale: str, concentration: float, index: int) -> None:
    """Continuous, linear between the points, 500 from the last."""
    assert rounded(sub_index(scale, concentration)) == index


def test_the_nowcast_of_the_decision() -> None:
    """Example E2: w* = 0.6134, printed 20.3."""
    hours = [26.9, 24.7, 20.5, 23.5, 19.5, 16.5, 19.0, 16.5, 20.3, 22.4, 19.6, 20.6]
    assert nowcast(hours[::-1]) == pytest.approx(20.2658, abs=1e-4)


def test_the_nowcast_examples_of_the_epa() -> None:
    """Normalised, as the EPA always does."""
    vectors = json.loads(shared("data/reference-vectors/nowcast_pm.json").read_text("utf-8"))
    for case in vectors["cases"]:
        assert nowcast(case["newest_first"]) == pytest.approx(case["untruncated"], abs=1e-3)


def test_the_printed_form_reads_low_where_hours_are_missing() -> None:
    """With w = 1/2 the Decision's sum is not divided by its weights; the choice is the province's."""
    hours = [100, None, 100, *[40] * 9]
    assert nowcast(hours, "as_printed") == pytest.approx(67.49, abs=0.005)
    assert nowcast(hours, "normalised") == pytest.approx(90.02, abs=0.005)


@pytest.mark.parametrize(
    ("newest_first", "there"),
    [([1.0, None, 1.0], True), ([None, 1.0, 1.0], True), ([1.0, None, None, 1.0], False), ([None, None, 1.0], False)],
)
def test_two_of_the_newest_three_hours_are_needed(newest_first: list[float | None], there: bool) -> None:
    """Else there is no NowCast."""
    assert (nowcast(newest_first) is not None) == there


def test_the_hourly_example_of_the_decision() -> None:
    """E3: O3 136.1 → 43, NO2 118.7 → 59 (printed 60, which no rounding of 59.35 gives), PM2.5 20.3 → 41."""
    index = hourly({"pm25": [20.3] * 12, "o3": [136.1], "no2": [118.7]})
    assert index is not None
    assert (index.value, index.dominant, index.level, index.concentration) == (59, "no2", 2, 118.7)


def test_there_is_no_index_without_particles() -> None:
    """Neither without sensors for them, nor while their hours are missing; one of the two is enough."""
    assert hourly({"o3": [100.0], "pm25": [None] * 12}) is None
    assert hourly({"o3": [100.0]}) is None
    assert hourly({"pm10": [20.0] * 12}) is not None


@pytest.mark.parametrize(
    ("index", "level"), [(0, 1), (50, 1), (51, 2), (150, 3), (151, 4), (300, 5), (301, 6), (500, 6)]
)
def test_the_level_of_an_index(index: int, level: int) -> None:
    """Tốt, Trung bình, Kém, Xấu, Rất xấu, Nguy hại."""
    assert level_of(index) == level
