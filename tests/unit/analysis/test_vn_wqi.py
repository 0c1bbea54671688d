"""VN_WQI against the reference vectors and the worked examples of the public implementations."""

import json

import numpy as np
import pytest

from analysis.vn_wqi import BESIDES, daily, parameters, saturation, sub_index
from support.shared import shared

_ALL = (*parameters(), *BESIDES)
METALS = ("arsenic", "cadmium", "lead", "chromium_6", "copper", "zinc", "mercury")
R1 = {
    "ph": 8.88, "aldrin": 0.021, "bhc": 0.048, "dieldrin": 0.047, "ddt": 0.052,
    **dict(zip(METALS, (0.021, 0.004, 0.009, 0.007, 0.001, 0.074, 0.002), strict=True)),
    "dissolved_oxygen": 7.095, "water_temperature": 25.0, "bod5": 8.28, "cod": 23.253, "toc": 17.855,
    "ammonium_n": 0.163, "nitrate_n": 0.93, "nitrite_n": 0.18, "phosphate_p": 0.0, "coliform": 1300.0, "e_coli": 92.0,
}  # fmt: skip
R2 = {
    "ph": 8.3, "aldrin": 0.022, "bhc": 0.021, "dieldrin": 0.019, "ddt": 0.019,
    **dict(zip(METALS, (0.021, 0.006, 0.009, 0.008, 0.001, 0.019, 0.002), strict=True)),
    "dissolved_oxygen": 6.913, "water_temperature": 25.0, "bod5": 8.3, "cod": 20.133, "toc": 16.598,
    "ammonium_n": 0.53, "nitrate_n": 0.88, "nitrite_n": 0.2, "phosphate_p": 0.0, "coliform": 1100.0, "e_coli": 24.0,
}  # fmt: skip
IDS = {"po4_p": "phosphate_p", "no3_n": "nitrate_n", "nh4_n": "ammonium_n", "no2_n": "nitrite_n",
       "coliform_mpn_100ml": "coliform", "ecoli_mpn_100ml": "e_coli", "do_saturation_pct": "dissolved_oxygen"}  # fmt: skip


def index(**values: float) -> tuple[int | None, int | None, str | None, float | None, tuple[str, ...]]:
    (found,) = daily({name: np.array([values.get(name, np.nan)]) for name in _ALL})
    return found


def one(parameter: str, value: float) -> float:
    return float(sub_index(parameter, np.array([value]))[0])


def test_the_reference_cases() -> None:
    """Sub-indices at and between the break points; both public sources agree on them."""
    vectors = json.loads(shared("data/reference-vectors/vn_wqi_subindex.json").read_text("utf-8"))
    for case in vectors["cases"]:
        assert one(IDS.get(case["p"], case["p"]), case["x"]) == pytest.approx(case["q"]), case
    for parameter, points in vectors["falling"].items():
        for point, q in zip(points, (100, 75, 50, 25, 10), strict=False):
            assert one(IDS.get(parameter, parameter), point) == q


@pytest.mark.parametrize(
    ("parameter", "value", "q"),
    [
        ("ph", 5.49, 10), ("ph", 5.5, 50), ("ph", 5.7, 70), ("ph", 8.8, 70), ("ph", 9, 50), ("ph", 9.01, 10), ("cod", 18, 70),
        ("ammonium_n", 0.2999, 100), ("ammonium_n", 0.3, 75), ("ammonium_n", 0.45, 62.5), ("ammonium_n", 9, 10),
        ("nitrate_n", 3, 91.666667), ("nitrate_n", 15, 25), ("nitrate_n", 15.01, 10), ("nitrite_n", 0.05, 100),
        ("nitrite_n", 0.051, 10), ("coliform", 10_000, 25), ("coliform", 10_001, 10), ("cadmium", 0.0049, 100),
        ("cadmium", 0.005, 75), ("arsenic", 0.11, 10), ("aldrin", 0.1, 100), ("aldrin", 0.11, 10),
        ("dissolved_oxygen", 19.9, 10), ("dissolved_oxygen", 20, 25), ("dissolved_oxygen", 201, 10), ("bod5", 99, 10),
    ],
)  # fmt: skip
def test_both_sides_of_the_steps(parameter: str, value: float, q: float) -> None:
    """Where the tables jump, the value at the point belongs to the side that they name."""
    assert one(parameter, value) == pytest.approx(q)


@pytest.mark.parametrize(("temperature", "full"), [(0, 14.652), (20, 9.0218), (25, 8.1757), (28, 7.7235), (30, 7.4374)])
def test_oxygen_is_held_against_what_water_can_hold(temperature: float, full: float) -> None:
    """By the Decision's own polynomial."""
    found = saturation(np.array([full]), np.array([float(temperature)]))
    assert found == pytest.approx([100.0], abs=0.001)


def test_the_worked_examples() -> None:
    """20 (Kém) and 34 (Xấu) by form A; another form gives 32 for the second, so it tells which one is used."""
    assert index(**R1)[:2] == (20, 5)
    assert index(**R2)[:2] == (34, 4)
    assert index(**R2)[4] == ("heptachlor",)


def test_without_group_v_group_iv_stands_alone() -> None:
    """With pH 8.3 and no metals or pesticides: the mean of group IV, where a third group is there."""
    water = {name: R2[name] for name in ("ph", "bod5", "cod", "toc", "ammonium_n", "copper")}
    q = np.mean([one(name, R2[name]) for name in ("bod5", "cod", "toc", "ammonium_n")])
    assert index(**water)[0] == round(float(q))


def test_a_station_of_ph_oxygen_and_cod_has_no_index() -> None:
    """Three of the five groups and three parameters of group IV are needed: what is missing is named instead."""
    value, level, dominant, concentration, missing = index(
        ph=7.0, dissolved_oxygen=5.0, water_temperature=29.0, cod=18.0
    )
    assert (value, level, dominant, concentration) == (None, None, None, None)
    assert "coliform" in missing
    assert "dissolved_oxygen" not in missing
    assert index(**{**R2, "cod": np.nan, "toc": np.nan, "bod5": np.nan, "ammonium_n": np.nan, "nitrate_n": np.nan,
                    "nitrite_n": np.nan})[0] is None  # fmt: skip


def test_the_lowest_sub_index_decides() -> None:
    """With its own input, of oxygen in mg/L."""
    assert index(**R1)[2:4] == ("bhc", 0.048)
    assert index(**{**R1, "bhc": 0.01, "nitrite_n": 0.01, "dissolved_oxygen": 1.0})[2:4] == ("dissolved_oxygen", 1.0)


def test_oxygen_without_temperature_is_missing_unless_the_sensor_says_its_saturation() -> None:
    """mg/L alone say nothing of the index."""
    cold = {**R2, "water_temperature": np.nan}
    assert "dissolved_oxygen" in index(**cold)[4]
    assert "dissolved_oxygen" not in index(**cold, dissolved_oxygen_saturation=85.0)[4]
