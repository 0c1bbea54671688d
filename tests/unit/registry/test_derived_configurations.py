"""What is wrong with corrected values, loads, meters, states of gases and formulas is named with its key."""

import shutil
from pathlib import Path

import pytest

from ingest.decoders import DECODERS
from registry.faults import ConfigurationError
from registry.load import load

CONFIG = Path(__file__).resolve().parents[3] / "config"
STACK = "      - {id: so2_corrected}\n"
LOAD = "      - {id: cod_load}\n"

# file, what is replaced, by what, a piece of the key, a piece of what is wrong or what would be right
BROKEN = [
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {oxygen: o3}}\n", "derived.oxygen", "the station does not measure"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {oxygen: flow}}\n", "KT-DH1-01", "kept in m3/h"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, interval: 5 min}\n", "interval", "no `interval` of its own"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {oxygen_wet: true}}\n", "oxygen_wet", "without its moisture"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {gas: {pressure: 1000}}}\n", "pressure", "`temperature` is missing"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {gas: {moisture: wet}}}\n", "KT-DH1-01", "does not measure"),
    ("stations.yaml", STACK, "      - {id: so2_corrected, derived: {cut_off: 20.9}}\n", "cut_off", "20.9"),
    ("stations.yaml", STACK, "      - {id: so2_corrected}\n      - {id: no2, derived: {}}\n", "derived", "measured, not computed"),
    ("stations.yaml", "      - {id: o2}\n      - {id: flow}\n      # C", "      - {id: flow}\n      # C", "KT-DH1-01", "add `o2`"),
    ("stations.yaml", LOAD, "      - {id: tss_load, derived: {flow: volume}}\n", "NT-XA-01", "does not measure"),
    ("stations.yaml", LOAD, LOAD + "      - {id: volume, meter: {replaced: [{at: 2026-03-02T08:00:00, old_final: 1, new_initial: 0}]}}\n",
     "at", "offset"),
    ("stations.yaml", LOAD, LOAD + "      - {id: bod5, meter: {maximum: 10}}\n", "meter", "no meter"),
    ("stations.yaml", LOAD, LOAD + "      - {id: bod5, state: {temperature: 0}}\n", "state", "no gas by volume"),
    ("facilities.yaml", ", reference_o2: 7}", "}", "so2_corrected", "no reference oxygen"),
    ("facilities.yaml", "      - {regulation: QCVN19-2024, from: 2032-01-01}\n      - {regulation: STACK",
     "      - {regulation: QCVN19-2024, from: 2032-01-01, reference_o2: 11}\n      - {regulation: STACK", "reference_o2", "two reference oxygen"),
    ("parameters.yaml", "derived: {kind: load, of: cod}", "derived: {kind: load, of: kod}", "derived.of", "did you mean `cod`?"),
    ("parameters.yaml", "derived: {kind: load, of: cod}", "derived: {kind: load, of: ph}", "derived.of", "no mass by volume"),
    ("parameters.yaml", "derived: {kind: load, of: cod}", "derived: {kind: load, of: tss_load}", "derived.of", "itself computed"),
    ("parameters.yaml", "derived: {kind: load, of: cod}", "derived: {kind: corrected, of: cod}", "unit", "write `unit: mg/L`"),
    ("parameters.yaml", "formula: SO2", "formula: So2", "formula", "no formula of known elements"),
    ("parameters.yaml", "formula: SO2", "formula: SO2, molar_mass: 64", "molar_mass", "follows from `formula`"),
    ("parameters.yaml", "unit: mg/L, formula: N, accepts: [{unit: mgN/L, factor: 1}, {unit: mgNH4/L, formula: NH4}]",
     "unit: mg/L, accepts: [{unit: mgN/L, factor: 1}, {unit: mgNH4/L, formula: NH4}]", "formula", "formula: N"),
    ("parameters.yaml", "kind: direction, speed: wind_speed", "kind: direction, speed: wind_sped", "speed", "did you mean `wind_speed`?"),
    ("province.yaml", "{temperature: 25, pressure: 1013.25}", "{temperature: -300, pressure: 1013.25}", "temperature", "273.15"),
    ("province.yaml", "  - {temperature: 25, pressure: 1013.25}\n", "  - {temperature: 0}\n  - {temperature: 25}\n", "reference_state", "two things"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "key", "said"), BROKEN)
def test_a_fault_is_named_where_it_is(tmp_path: Path, file: str, old: str, new: str, key: str, said: str) -> None:
    """With what is wrong and what would be right."""
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    text = (folder / file).read_text("utf-8")
    assert old in text, f"the shipped file has no {old!r} any more"
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(folder, formats=DECODERS)
    found = [(fault.key, f"{fault.wrong} {fault.right}") for fault in caught.value.faults]
    assert any(key in where and said in words for where, words in found), found


def test_what_the_how_to_shows_is_a_configuration(tmp_path: Path) -> None:
    """A meter that was exchanged, wet gas of a stack, an instrument with another Nm³."""
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    text = (folder / "stations.yaml").read_text("utf-8")
    wet = "{id: so2_corrected, derived: {gas: {temperature: air_temperature, moisture: 12}, oxygen_wet: true}}"
    text = text.replace(STACK, f"      - {wet}\n      - {{id: air_temperature}}\n", 1)
    meter = "meter: {maximum: 1000000, replaced: [{at: 2026-03-02T08:40:00+07:00, old_final: 184213, new_initial: 0}]}"
    text = text.replace(
        LOAD, f"      - {{id: volume, {meter}}}\n      - {{id: cod_load, derived: {{flow: volume}}}}\n", 1
    )
    (folder / "stations.yaml").write_text(text, "utf-8")
    registry = load(folder, formats=DECODERS)
    recipes = {one.series.parameter: one for one in registry.recipes("KT-DH1-01")}
    assert recipes["so2_corrected"].sources == ("so2", "o2", "air_temperature")
    (load_of_cod,) = registry.recipes("NT-XA-01")
    assert load_of_cod.sources == ("cod", "volume")
