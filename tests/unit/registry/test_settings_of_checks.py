"""Settings of quality checks: what holds for which series, and every fault of them."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from quality.settings import checks_of
from registry.faults import ConfigurationError, Fault
from registry.load import load

CONFIG = Path(__file__).resolve().parents[3] / "config"
# A line of a parameter, and of a station that measures it.
PARAMETER = (
    '{id: tsp, symbol: TSP, names: {vi: "Tổng bụi lơ lửng", en: "Total suspended particles"}, media: [air], unit: ug/m3, '
    "accepts: [{unit: mg/m3, factor: 1000}], plausible: [0, 10000]"
)
STATION = "  - id: NT-XA-01\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def change(folder: Path, file: str, old: str, new: str, *, after: str = "") -> None:
    path = folder / file
    before, found, text = path.read_text("utf-8").partition(after) if after else ("", "", path.read_text("utf-8"))
    assert old in text, f"the shipped file has no {old!r} any more"
    path.write_text(before + found + text.replace(old, new, 1), "utf-8")


def of_tsp(folder: Path, keys: str) -> None:
    change(folder, "parameters.yaml", PARAMETER, f"{PARAMETER}, {keys}")


def at_station(folder: Path, keys: str, parameter: str = "ph") -> None:
    change(
        folder,
        "stations.yaml",
        f"      - {{id: {parameter}}}\n",
        f"      - {{id: {parameter}, {keys}}}\n",
        after=STATION,
    )


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    return caught.value.faults


def only(folder: Path) -> tuple[str, str, str]:
    (fault,) = faults_of(folder)
    return fault.key, str(fault.wrong), str(fault.right)


@pytest.mark.parametrize(
    ("keys", "key", "wrong"),
    [
        ("suspect: [-1, 100]", "suspect", "it goes beyond `plausible`"),
        ("suspect: [0, 10001]", "suspect", "it goes beyond `plausible`"),
        ("suspect: [100, 1]", "suspect", "below the second"),
        ("suspect_at: {stack: [0, 20000]}", "suspect_at.stack", "it goes beyond `plausible`"),
        ("aliases: [pm10]", "aliases[0]", "`pm10` is called so already"),
        ("checks: [{spike: {method: average}}]", "checks[0].spike", "neither `suspect` nor `fail`"),
        ("checks: [{spike: {suspect: 5, fail: 5}}]", "checks[0].spike", "`suspect` must be less"),
        ("checks: [{spike: {suspect: 0}}]", "checks[0].spike.suspect", "cannot stand here"),
        ("checks: [{spyke: {suspect: 5}}]", "checks[0].spyke", "unknown key"),
        ("checks: [{attenuated: {over: 2 h, suspect: 1, fail: 2}}]", "checks[0].attenuated", "`fail` must be less"),
        ("checks: [{flat_line: {suspect: 0 h}}]", "checks[0].flat_line.suspect", "longer than nothing"),
        ("checks: [{flat_line: {suspect: 90}}]", "checks[0].flat_line.suspect", "a duration is expected"),
        ("checks: [{interval: [1 h, 5 min], rate: {suspect: 1}}]", "checks[0].interval", "longer than the second"),
        ("checks: [{interval: [1 min, 8 h], pinned: {hold: 2 h}}]", "checks[0].pinned.hold", "shorter than the interval"),
        ("checks: [{climatology: [{months: [13], suspect: [1, 2]}]}]", "checks[0].climatology[0].months[0]", "cannot stand"),
        ("checks: [{not_above: {parameter: tsq}}]", "checks[0].not_above.parameter", "there is no `tsq`"),
        ("checks: [{not_above: {parameter: tsp}}]", "checks[0].not_above.parameter", "compared with itself"),
        ("checks: [{companion: {others: [pm10, tsq]}}]", "checks[0].companion.others[1]", "there is no `tsq`"),
        ("checks: [{companion: {others: [pm10], rests_on: [tsq]}}]", "checks[0].companion.rests_on[0]", "there is no `tsq`"),
        ("checks: [{own_step: {times: 0}}]", "checks[0].own_step.times", "cannot stand here"),
        ("checks: [{interval: [1 h, 5 h], own_step: {times: 9}}]", "checks[0].own_step.back_in", "shorter than the interval"),
        ("checks: [{oxygen: {suspect: [0, 200]}}]", "checks[0].oxygen", "for `dissolved_oxygen`"),
        ("checks: [{neighbours: {by: 5, stations: 1}}]", "checks[0].neighbours.stations", "cannot stand here"),
    ],
)  # fmt: skip
def test_a_fault_of_a_parameters_checks_is_named(folder: Path, keys: str, key: str, wrong: str) -> None:
    """Once, with the key under which it stands."""
    of_tsp(folder, keys)
    found = only(folder)
    assert found[0] == f"parameters[tsp].{key}"
    assert wrong in found[1]


def test_a_name_in_files_is_that_of_one_parameter(folder: Path) -> None:
    """The second that claims it is at fault."""
    of_tsp(folder, "aliases: [flow_1]")
    assert only(folder)[:2] == ("parameters[flow].aliases[0]", "`tsp` is called so already")


@pytest.mark.parametrize(
    ("parameter", "keys", "key", "wrong"),
    [
        ("ph", "suspect: [6.5, 15]", "suspect", "it goes beyond `plausible`"),
        ("ph", "plausible: [4, 10], suspect: [3, 9]", "suspect", "it goes beyond `plausible`"),
        ("ph", "checks: {off: [spyke]}", "checks.off[0]", "not known here"),
        ("ph", "checks: {off: [spike], spike: {suspect: 1}}", "checks.off[0]", "`spike` is set here, and off"),
        ("ph", "checks: {flat_line: {suspect: 1 min}}", "checks.flat_line.suspect", "shorter than the interval"),
        ("ph", "irregular: true, checks: {rate: {suspect: 1}}", "checks.rate", "needs an interval"),
        ("ph", "irregular: true, checks: {own_level: {times: 1}}", "checks.own_level", "needs an interval"),
        ("ph", "checks: {companion: {others: [phh]}}", "checks.companion.others[0]", "there is no `phh`"),
        ("ph", "checks: {oxygen: {suspect: [0, 200]}}", "checks.oxygen", "for `dissolved_oxygen`"),
        ("cod", "checks: {not_above: {parameter: toc}}", "checks.not_above.parameter", "not measured at this station"),
    ],
)
def test_a_fault_of_a_stations_checks_is_named(folder: Path, parameter: str, keys: str, key: str, wrong: str) -> None:
    """With the parameter at the station under which it stands."""
    at_station(folder, keys, parameter)
    found = only(folder)
    assert found[0] == f"stations[NT-XA-01].parameters[{parameter}].{key}"
    assert wrong in found[1]


def test_a_suspect_limit_for_one_station_is_one_line(folder: Path) -> None:
    """The other stations keep what the parameter has."""
    before = checks_of(load(folder), "NT-LH-01", "ph").suspect
    at_station(folder, "suspect: [6.5, 8.5]")
    found = load(folder)
    assert checks_of(found, "NT-XA-01", "ph").suspect == (6.5, 8.5)
    assert checks_of(found, "NT-LH-01", "ph").suspect == before


def test_settings_hold_for_an_interval_and_a_kind_of_station_and_the_last_that_fits_counts(folder: Path) -> None:
    """Check by check; what none names is not run."""
    change(
        folder, "parameters.yaml", "plausible: [0, 10000], plausible_at: {waste: [0, 150000]}}",
        "plausible: [0, 10000], plausible_at: {waste: [0, 150000]}, checks: ["
        "{spike: {suspect: 1}, rate: {suspect: 7}}, {interval: [5 min, 5 min], spike: {suspect: 2}}, "
        "{interval: [6 min, 1 d], spike: {suspect: 3}}, {kinds: [waste], rate: {suspect: 8}}]}",
    )  # fmt: skip
    settings = checks_of(load(folder), "NT-XA-01", "cod").settings
    assert settings.spike is not None
    assert settings.rate is not None
    assert (settings.spike.suspect, settings.rate.suspect, settings.flat_line) == (2, 7, None)
    at_station(folder, "interval: 1 h, checks: {rate: {suspect: 9, per: 5 min}, off: [gap]}", "cod")
    settings = checks_of(load(folder), "NT-XA-01", "cod").settings
    assert settings.spike is not None
    assert settings.rate is not None
    assert (settings.spike.suspect, settings.rate.suspect, settings.rate.per) == (3, 9, timedelta(minutes=5))
    change(folder, "stations.yaml", "off: [gap]", "off: [spike]")
    assert checks_of(load(folder), "NT-XA-01", "cod").settings.spike is None


def test_settings_change_on_a_day(folder: Path) -> None:
    """As everything that enters a figure, they are dated."""
    at_station(folder, "to: 2026-03-01, suspect: [5, 9]}\n      - {id: ph, from: 2026-03-01, suspect: [6, 9]")
    found = load(folder)
    assert checks_of(found, "NT-XA-01", "ph", date(2026, 2, 28)).suspect == (5, 9)
    assert checks_of(found, "NT-XA-01", "ph", date(2026, 3, 1)).suspect == (6, 9)


def test_values_can_be_held_against_the_limits_in_force(folder: Path) -> None:
    """Those of the day: COD at an outfall into water of column B, with its factors."""
    at_station(folder, "checks: {pinned: {hold: 3 h, limits: true}}", "cod")
    found = checks_of(load(folder), "NT-XA-01", "cod", date(2026, 3, 1)).limits
    assert len(found) == 1
    assert found[0] > 0
    assert checks_of(load(folder), "NT-XA-01", "ph", date(2026, 3, 1)).limits == ()
