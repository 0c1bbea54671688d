"""Every fault of a configuration is named with file, line and key, all in one go."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.decoders import DECODERS
from registry.faults import ConfigurationError, Fault
from registry.load import load

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, formats=DECODERS)
    return caught.value.faults


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, f"the shipped file has no {old!r} any more"
        return text.replace(old, new, 1)

    return change


# file, what is changed, a piece of the key, a piece of what is wrong or what would be right
BROKEN = [
    ("areas.yaml", replaced("id: xuyen-a,", "id: duc-hoa-1,"), "areas[duc-hoa-1]", "stands twice"),
    ("areas.yaml", replaced("latitude: 10.821,", "latitude: 106.821,"), "latitude", "outside the province"),
    ("areas.yaml", replaced("kind: industrial", "kind: industral"), "kind", "did you mean `industrial`?"),
    ("areas.yaml", replaced("kind: industrial", "knid: industrial"), "knid", "did you mean `kind`?"),
    ("areas.yaml", replaced("latitude: 10.821", "latitude: north"), "latitude", "a number is expected"),
    ("areas.yaml", replaced("areas:", "area:"), "area", "unknown key"),
    ("areas.yaml", lambda _: "", "", "the file is empty"),
    ("areas.yaml", lambda text: text + "\n  - {id: x, names: {vi: a, en: b}\n", "", "not YAML"),
    ("areas.yaml", lambda text: text + "\tareas: []\n", "", "indent with spaces"),
    ("areas.yaml", replaced("id: duc-hoa-1,", "id: đức hòa,"), "id", "letters without marks"),
    ("areas.yaml", replaced("id: duc-hoa-1,", "id: 12,"), "id", "put it in quotes"),
    ("province.yaml", replaced("Asia/Ho_Chi_Minh", "Asia/Saigon2"), "timezone", "no time zone"),
    ("province.yaml", replaced("capture: 0.75", "capture: 75"), "policies.capture", "allowed"),
    ("province.yaml", replaced("grace: 10 min", "grace: 10 minutes"), "policies.grace", "a duration is a number"),
    ("province.yaml", replaced("grace: 10 min", "grase: 10 min"), "policies.grase", "did you mean `grace`?"),
    ("province.yaml", replaced("nowcast: normalised", "nowcast: maybe"), "nowcast", "possible"),
    ("province.yaml", replaced('from: "12-01"', 'from: "05-01"'), "seasons[dry].from", "stands twice"),
    ("province.yaml", replaced('from: "12-01"', 'from: "02-29"'), "seasons[dry].from", "every year has"),
    ("province.yaml", replaced('from: "12-01"', "from: 12/1"), "seasons[dry].from", "every year has"),
    ("province.yaml", replaced("id: dry", "id: rainy"), "seasons[rainy]", "stands twice"),
    ("parameters.yaml", replaced("{id: tsp,", "{id: so2,"), "parameters[so2]", "stands twice"),
    ("parameters.yaml", replaced("plausible: [0, 2000]", "plausible: [2000, 0]"), "plausible", "below the second"),
    ("parameters.yaml", replaced("plausible: [0, 2000]", "plausible: 2000"), "plausible", "a list is expected"),
    ("parameters.yaml", replaced("kind: counter", "kind: counted"), "kind", "did you mean `counter`?"),
    ("parameters.yaml", replaced("unit: ug/m3, formula: SO2", "unit: ppb, molar_mass: 64.064"), "molar_mass", "gas"),
    ("facilities.yaml", replaced("area: duc-hoa-1", "area: duc-hoa-2"), "area", "did you mean `duc-hoa-1`?"),
    ("facilities.yaml", replaced("column: B,", "column: Z,"), "column", "no column `Z`"),
    ("facilities.yaml", replaced("regulation: QCVN40-2011", "regulation: QCVN40-2012"), "regulation", "did you mean"),
    ("facilities.yaml", replaced("{name: Kf, value: 1.0}", "{name: Kx, value: 1.0}"), "applies[1]", "Kf"),
    ("facilities.yaml", replaced("to: 2032-01-01", "to: 2010-01-01"), "applies", "not after"),
    ("facilities.yaml", replaced("from: 2012-02-15", "from: 15/02/2012"), "from", "2026-01-31"),
    ("stations.yaml", replaced("- {id: cod}", "- {id: codd}"), "parameters", "did you mean `cod`?"),
    ("stations.yaml", replaced("- {id: cod}", "- {id: pm25}"), "parameters", "not measured in water"),
    ("stations.yaml", replaced("- {id: cod}", "- {id: ph}"), "parameters", "twice at this station"),
    ("stations.yaml", replaced("- {id: cod}", "- {id: cod, unit: ug/m3}"), "unit", "no unit of `cod`"),
    ("stations.yaml", replaced("interval: 5 min", "interval: 0 min"), "interval", "longer than nothing"),
    ("stations.yaml", replaced("stamp: end", "stamp: middle"), "stamp", "possible"),
    ("stations.yaml", replaced("name: fields", "name: feilds"), "decoder.name", "did you mean `fields`?"),
    ("stations.yaml", replaced("facility: DN-07", "facility: DN-77"), "facility", "no `DN-77`"),
    ("stations.yaml", replaced("area: duc-hoa-1\n    facility: DN-07", "area: long-hau\n    facility: DN-07"), "area", "another area"),
    ("stations.yaml", replaced("id: KK-XA-01", "id: KK-DH1-01"), "stations[KK-DH1-01]", "stands twice"),
    ("stations.yaml", replaced("    latitude: 10.8225\n", ""), "KK-DH1-01", "`latitude` is missing"),
    ("stations.yaml", replaced("latitude: 10.8225\n", "latitude: 10.8225\n    latitude: 10.9\n"), "latitude", "stands twice"),
    ("rules.yaml", replaced("team: thanh-tra", "team: thanh-tre"), "team", "did you mean `thanh-tra`?"),
    ("rules.yaml", replaced("parameters: [cod]", "parameters: [bod5]"), "parameters", "no station of this rule measures"),
    ("rules.yaml", replaced("window: hour\n", "window: reading\n"), "window", "its own averaging"),
    ("rules.yaml", replaced("kind: threshold", "kind: limit"), "", "threshold"),
    ("rules.yaml", replaced("windows: 2", "windows: 0"), "windows", "allowed"),
    ("rules.yaml", replaced('unit: "%"', "unit: mg/L"), "threshold.unit", "no unit of `fill_level`"),
    ("teams.yaml", replaced("people: [truc-1, lead-1]", "people: []"), "thanh-tra", "tells nobody"),
    ("teams.yaml", replaced("people: [truc-1, lead-1]", "people: [truc-9]"), "people", "did you mean `truc-1`?"),
    ("teams.yaml", replaced("address: truc1@quantrac.example", "url_file: /x"), "channels", "`address` is missing"),
    ("teams.yaml", replaced("channels: [{kind: mail, address: truc1@quantrac.example}]", "channels: []"), "truc-1", "no channel"),
    ("regulations/demo.yaml", replaced("confidence: FICTION", "confidence: SURE"), "confidence", "MISSING"),
    ("regulations/demo.yaml", replaced("unit: mg/L", "unit: degC"), "unit", "no unit of `cod`"),
    ("regulations/demo.yaml", replaced(", confirmed_on: 2026-01-05", ""), "DEMO-cod", "go together"),
    ("regulations/qcvn05-2023.yaml", replaced("to: 2026-01-01", "to: 2026-02-01"), "pm25-24h-45", "same days"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "change", "key", "said"), BROKEN)
def test_a_fault_is_named_where_it_is(
    folder: Path, file: str, change: Callable[[str], str], key: str, said: str
) -> None:
    """With its file, a line, its key, what is wrong and what would be right."""
    path = folder / file
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    found = faults_of(folder)
    fitting = [
        fault for fault in found if fault.file == file and key in fault.key and said in f"{fault.wrong} {fault.right}"
    ]
    assert fitting, [f"{fault.file}:{fault.line} {fault.key}: {fault.wrong} {fault.right}" for fault in found]
    assert all(fault.line is not None for fault in fitting)
    assert all(str(fault.right) for fault in found)


def test_all_faults_of_all_files_come_at_once(folder: Path) -> None:
    """Nobody mends one fault only to be told of the next."""
    for file, change, _, _ in (BROKEN[1], BROKEN[11], BROKEN[21], BROKEN[-14]):
        path = folder / file
        path.write_text(change(path.read_text("utf-8")), "utf-8")
    assert {fault.file for fault in faults_of(folder)} == {
        "areas.yaml",
        "province.yaml",
        "parameters.yaml",
        "rules.yaml",
    }


def test_a_file_that_is_no_utf_8_is_named_with_its_line(folder: Path) -> None:
    """As old editors save it."""
    (folder / "areas.yaml").write_bytes(b"areas:\n  - {id: a, names: {vi: \xd0c, en: b}}\n")
    (fault, *_) = [one for one in faults_of(folder) if one.file == "areas.yaml"]
    assert (fault.line, str(fault.right)) == (2, "save it as UTF-8")


def test_a_missing_folder_or_file_is_a_fault(folder: Path) -> None:
    """And says how to get one."""
    (folder / "rules.yaml").unlink()
    assert [(one.file, str(one.wrong)) for one in faults_of(folder)] == [("rules.yaml", "the file is missing")]
    assert "init" in str(faults_of(folder / "nowhere")[0].right)


def test_the_line_is_that_of_the_key(folder: Path) -> None:
    """Counted from 1, as editors do."""
    path = folder / "province.yaml"
    path.write_text(path.read_text("utf-8").replace("Asia/Ho_Chi_Minh", "Nowhere"), "utf-8")
    (fault,) = faults_of(folder)
    lines = path.read_text("utf-8").splitlines()
    assert lines[(fault.line or 0) - 1].startswith("timezone:")
