"""Units into the canonical one and back, gases between volume and mass and between states, masses reckoned otherwise.

What is right is worked out here from constants of its own: the molar volume from Avogadro's and Boltzmann's constants
(SI, 2019), molar masses as CRC Handbook figures, counts of atoms by hand.
"""

from dataclasses import replace
from datetime import date
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chemistry import known_formula, molar_mass
from registry.faults import Wrong
from registry.load import load
from registry.schema import GasState, Parameter, ReferenceState
from registry.units import Units, expansion, molar_volume, normal

REGISTRY = load(Path(__file__).resolve().parents[3] / "config")
ACCEPTED = [(name, spelled) for name in REGISTRY.parameters for spelled in REGISTRY.units(name)]
# Litres of a mole at 25 °C and 760 mmHg: N_A · k_B · T / p.
LITRES = 6.02214076e23 * 1.380649e-23 * 298.15 / 101325 * 1000
MASSES = {
    "so2": 64.06,
    "no2": 46.01,
    "nox": 46.01,
    "co": 28.01,
    "o3": 48.00,
    "nitric_oxide": 30.01,
    "h2s": 34.08,
    "nh3": 17.03,
}
VALUES = st.floats(-1e9, 1e9)


@given(st.sampled_from(ACCEPTED), VALUES)
def test_a_value_comes_back_from_its_canonical_unit(unit: tuple[str, str], value: float) -> None:
    """Every unit that is accepted of every parameter that is shipped; to the last digits that a number has."""
    found = REGISTRY.units(unit[0])[unit[1]]
    offset = abs(found.offset / found.factor)
    assert found.back(found.into(value)) == pytest.approx(value, rel=1e-12, abs=1e-12 * max(1.0, offset))


@given(st.sampled_from(ACCEPTED), VALUES, VALUES)
def test_more_of_a_unit_is_more_of_the_canonical_one(unit: tuple[str, str], one: float, other: float) -> None:
    """No unit turns the order of two values round."""
    found = REGISTRY.units(unit[0])[unit[1]]
    low, high = sorted((one, other))
    assert found.into(low) <= found.into(high)


@pytest.mark.parametrize(("parameter", "spelled"), ACCEPTED)
def test_only_temperatures_have_their_zero_elsewhere(parameter: str, spelled: str) -> None:
    """Nothing of a mass, a length or a share is nothing in every unit of it."""
    found = REGISTRY.units(parameter)[spelled]
    expected = {"degf": -160 / 9, "k": -273.15}.get(spelled, 0.0)
    assert found.into(0.0) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("parameter", "value", "unit", "canonical"),
    [
        ("air_temperature", 212, "°F", 100), ("air_temperature", -40, "degF", -40), ("water_temperature", 273.15, "K", 0),
        ("wind_speed", 36, "km/h", 10), ("flow", 24, "m3/d", 1), ("flow", 1, "L/s", 3.6), ("flow", 1, "m³/s", 3600),
        ("specific_conductance", 1, "S/m", 10_000), ("specific_conductance", 1, "mS/cm", 1000), ("ch4", 10_000, "ppm", 1),
        ("stage", 1, "m", 100), ("depth", 100, "cm", 1), ("air_pressure", 101.325, "kPa", 1013.25), ("weight", 1, "kg", 0.001),
        ("cod_load", 1, "t", 1000), ("tss", 1, "g/L", 1000), ("dust", 1000, "µg/Nm³", 1), ("pm25", 0.05, "mg/m3", 50),
    ],
)  # fmt: skip
def test_units_are_those_of_the_books(parameter: str, value: float, unit: str, canonical: float) -> None:
    """By definitions, not by our own factors."""
    assert REGISTRY.canonical(parameter, value, unit) == pytest.approx(canonical, rel=1e-12)


@given(st.sampled_from(sorted(MASSES)), st.floats(0, 1e6))
def test_parts_per_billion_are_reckoned_by_the_molar_volume(parameter: str, value: float) -> None:
    """24.465 litres a mole at 25 °C and 760 mmHg; ppm are a thousand of them, mg/m³ a thousand µg/m³."""
    there = REGISTRY.canonical(parameter, value, "ppb")
    assert there == pytest.approx(value * MASSES[parameter] / LITRES, rel=5e-4)
    assert REGISTRY.canonical(parameter, value / 1000, "ppm") == pytest.approx(there, rel=1e-12)
    assert REGISTRY.canonical(parameter, there / 1000, "mg/Nm³") == pytest.approx(there, rel=1e-12)
    assert molar_volume(GasState()) == pytest.approx(LITRES, rel=1e-9)


@pytest.mark.parametrize(
    ("temperature", "pressure", "litres"), [(0.0, 1013.25, 22.41396954), (0.0, 1000.0, 22.71095464), (20.0, 1013.25, 24.0550)]
)  # fmt: skip
def test_a_mole_has_the_volumes_of_codata(temperature: float, pressure: float, litres: float) -> None:
    """CODATA 2018, molar volume of an ideal gas; at 20 °C as the EU's conversions have it."""
    assert molar_volume(GasState(temperature=temperature, pressure=pressure)) == pytest.approx(litres, rel=1e-5)


@pytest.mark.parametrize(
    ("parameter", "unit", "share"),
    [
        ("ammonium_n", "mgNH4/L", 14.007 / 18.039), ("nitrate_n", "mgNO3/L", 14.007 / 62.004),
        ("nitrite_n", "mgNO2/L", 14.007 / 46.005), ("phosphate_p", "mgPO4/L", 30.974 / 94.970),
        ("ammonium_n", "mgN/L", 1.0), ("ammonium_n", "mg/L", 1.0), ("total_p", "mgP/L", 1.0),
    ],
)  # fmt: skip
def test_as_nitrogen_and_as_the_ion_are_two_things(parameter: str, unit: str, share: float) -> None:
    """By the weights of the atoms, added up by hand (IUPAC 2021), to the last digit and not by a rounded factor."""
    assert REGISTRY.canonical(parameter, 1.0, unit) == pytest.approx(share, rel=1e-14)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("mg/L as NH4", "mgNH4/L"), ("mg/L (NH4+)", "mgNH4/L"), ("mg NH4/l", "mgNH4/L"), ("mg/l NH4", "mgNH4/L"),
        ("mg NH4-N/L", "mgN/L"), ("mg/L NH4-N", "mgN/L"), ("mg/L as N", "mgN/L"), ("mgNO3-/L", "mgNO3/L"),
        ("mg/L as PO4", "mgPO4/L"), ("mgPO4-P/L", "mgP/L"), ("ug/l NO2-N", "ugN/L"),
    ],
)  # fmt: skip
def test_what_a_mass_is_reckoned_as_is_read_however_it_is_written(written: str, same: str) -> None:
    """`NH4-N` is nitrogen, `NH4` is the ion."""
    assert normal(written) == normal(same)


@pytest.mark.parametrize(
    ("parameter", "unit"),
    [
        ("ammonium_n", "mgNO3/L"), ("nitrate_n", "mgNH4/L"), ("cod", "mg/kg"), ("cod", "mg/Nm3"), ("pm25", "ppb"),
        ("ph", "mg/L"), ("weight", "Nm3"), ("tss", "mgN/L"), ("dissolved_oxygen", "%"), ("o2", "mg/m3"),
        ("so2", "mg/Nm3 @ hot"), ("so2", "mg/Nm3 @ -300 °C"), ("cod", "mg/L @ 20 °C"), ("so2", "µg/m3/m3"),
    ],
)  # fmt: skip
def test_a_unit_that_does_not_fit_is_none(parameter: str, unit: str) -> None:
    """Never a number in the store."""
    assert REGISTRY.units(parameter).find(unit) is None


STATES = st.builds(GasState, temperature=st.floats(-50, 1000), pressure=st.floats(500, 2000))


@given(STATES, STATES, st.floats(0, 1e6))
def test_a_mass_of_gas_is_the_same_in_every_state(own: GasState, reference: GasState, value: float) -> None:
    """C · V stays what it is when the gas is brought to another state, and the same on the way back."""
    units = Units(REGISTRY.parameters["so2"], reference, own)
    moved = units["ug/nm3"].into(value)
    assert moved * expansion(own, reference) == pytest.approx(value, rel=1e-12)
    back = Units(REGISTRY.parameters["so2"], own, reference)
    assert back["ug/nm3"].into(moved) == pytest.approx(value, rel=1e-12)
    flow = Units(REGISTRY.parameters["flow"], reference, own)
    assert flow["nm3/h"].into(1.0) * moved == pytest.approx(value, rel=1e-12)


@given(STATES, st.floats(0, 1e6))
def test_a_share_of_the_volume_has_no_state(own: GasState, value: float) -> None:
    """A ppb is a ppb however warm the gas is in which it was measured."""
    so2 = REGISTRY.parameters["so2"]
    assert Units(so2, GasState(), own)["ppb"].into(value) == Units(so2)["ppb"].into(value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("mg/Nm3", 100_000), ("mg/Nm3 @ 25 °C", 100_000), ("mg/Nm3 @ 0 °C", 100_000 * 273.15 / 298.15),
        ("µg/m³ (20°C, 1013.25 hPa)", 100 * 293.15 / 298.15), ("mg/Nm³ @ 0 °C; 760 mmHg", 100_000 * 273.15 / 298.15),
        ("mg/m3@0C,1000hPa", 100_000 * 273.15 / 298.15 * 1013.25 / 1000), ("mg/m3@25C,101.325kPa", 100_000),
    ],
)  # fmt: skip
def test_a_message_may_state_its_own_state(written: str, value: float) -> None:
    """Colder gas is denser: 100 mg in a Nm³ of 0 °C are 91.6 mg in one of 25 °C."""
    assert REGISTRY.canonical("so2", 100, written) == pytest.approx(value, rel=1e-9)


def test_a_normal_cubic_metre_means_nothing_where_nobody_has_said_what() -> None:
    """Then it is refused, with parts of the volume; a plain mass by volume still is what it is."""
    units = Units(REGISTRY.parameters["so2"], None)
    assert list(units) == ["ug/m3", "mg/m3"]
    assert units.lacks_state
    assert not Units(REGISTRY.parameters["cod"], None).lacks_state


def test_water_has_no_normal_cubic_metre() -> None:
    """The same parameter `flow` has one at a stack."""
    station = REGISTRY.stations["NT-XA-01"]
    flow = next(one for one in station.parameters if one.id == "flow")
    assert REGISTRY.units_at("NT-XA-01", flow).find("Nm3/h") is None
    assert REGISTRY.units_at("KT-XA-01", flow).find("Nm3/h") is not None


@pytest.mark.parametrize("formula", ["", "nh4", "Xx2", "NH4+", "SO2 ", "2"])
def test_a_formula_is_one_of_known_elements(formula: str) -> None:
    """A slip of the pen would make a factor of nothing."""
    with pytest.raises(Wrong):
        known_formula(formula)


def test_molar_masses_are_those_of_the_handbook() -> None:
    """Against figures that are written down as such."""
    for formula, mass in (
        ("SO2", 64.06),
        ("NO2", 46.005),
        ("NH4", 18.039),
        ("PO4", 94.97),
        ("CH4", 16.043),
        ("HCl", 36.46),
    ):
        assert isclose(molar_mass(formula), mass, abs_tol=0.006)


def test_the_states_of_a_province_hold_for_their_days() -> None:
    """A Nm³ of 0 °C until 2020, of 25 °C from then on."""
    states = (
        ReferenceState.model_validate({"temperature": 0, "to": "2020-01-01"}),
        ReferenceState.model_validate({"temperature": 25, "from": "2020-01-01"}),
    )
    province = REGISTRY.province.model_copy(update={"reference_state": states})
    registry = replace(REGISTRY, province=province, _units={})
    before, after = (registry.canonical("so2", 1000, "ppb", on) for on in (date(2019, 12, 31), date(2020, 1, 1)))
    assert before / after == pytest.approx(298.15 / 273.15)


def test_a_parameter_kept_in_mg_converts_too() -> None:
    """Canonical mg/m³ from ppb, as a configuration of its own may have it."""
    co = Parameter.model_validate({**REGISTRY.parameters["co"].model_dump(), "unit": "mg/m3"})
    assert Units(co)["ppm"].into(1) == pytest.approx(28.010 / LITRES, rel=1e-4)
