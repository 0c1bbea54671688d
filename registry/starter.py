"""A configuration to begin with: explained examples, or a department's own list of stations."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from domain.text import QuantracError, Text
from registry.faults import ConfigurationError, Fault

COLUMNS = (
    "id", "name_vi", "name_en", "kind", "area", "area_kind", "latitude", "longitude", "interval_seconds", "stamp",
    "parameters",
)  # fmt: skip
_EXAMPLES = ("province", "areas", "facilities", "stations", "rules", "teams")
_BOX = {"south": "10.3", "north": "11.8", "west": "105.4", "east": "106.8"}
# Degrees left around the outermost station.
_MARGIN = 0.2


class WouldOverwrite(QuantracError):
    """A file is there already; nothing was written."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a station list."""

    line: int
    values: Mapping[str, str]


def write_starter(folder: Path, stations: Path | None) -> list[Path]:
    """Write a starter configuration into `folder`; return the files written.

    With `stations`, a station list CSV, its stations and areas take the place of the examples, and the box is drawn
    around them. Raises WouldOverwrite, and ConfigurationError with every fault of the list; then nothing is written.
    """
    content = _content(stations)
    there = [name for name in content if (folder / name).exists()]
    if there:
        raise WouldOverwrite(
            Text(
                "{file} is there already; choose an empty folder, or remove it first", {"file": str(folder / there[0])}
            )
        )
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return [folder / name for name in content]


def _content(stations: Path | None) -> dict[str, str]:
    content = {f"{name}.yaml": _example(name) for name in _EXAMPLES}
    box = _BOX
    if stations is not None:
        listed = read_list(stations)
        content["areas.yaml"], content["stations.yaml"] = _areas(listed), _stations(listed)
        box = _box(listed)
    for side, value in box.items():
        content["province.yaml"] = content["province.yaml"].replace(f"@{side}@", value)
    shipped = _shipped()
    content["parameters.yaml"] = (shipped / "parameters.yaml").read_text("utf-8")
    for regulation in sorted((shipped / "regulations").iterdir(), key=lambda one: one.name):
        if regulation.name.endswith(".yaml") and regulation.name != "demo.yaml":
            content[f"regulations/{regulation.name}"] = regulation.read_text("utf-8")
    return content


def _example(name: str) -> str:
    return (files("registry") / "starter_files" / f"{name}.yaml").read_text("utf-8")


def _shipped() -> Traversable:
    """Return the shipped configuration: inside an installed package, or beside it in the repository."""
    inside = files("registry") / "shipped"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[1] / "config"


def read_list(path: Path) -> list[Listed]:
    """Return the lines of a station list. Raises ConfigurationError with all faults."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(
            str(path), None, "", Text("the file cannot be read: {why}", {"why": str(error)}), Text("save it as UTF-8")
        )
        raise ConfigurationError([fault]) from error
    reader = csv.DictReader(text.splitlines())
    faults = list(_column_faults(path, reader.fieldnames or ()))
    listed = [Listed(reader.line_num, row) for row in reader] if not faults else []
    faults.extend(fault for one in listed for fault in _line_faults(path, one))
    if not faults and not listed:
        faults.append(Fault(str(path), 1, "", Text("the list has no stations"), Text("write one station a line")))
    if faults:
        raise ConfigurationError(faults)
    return listed


def _column_faults(path: Path, found: Iterable[str]) -> Iterable[Fault]:
    names = ",".join(COLUMNS)
    for column in sorted(set(COLUMNS) - set(found)):
        yield Fault(
            str(path), 1, column, Text("the column is missing"), Text("the columns are: {names}", {"names": names})
        )
    for column in sorted(set(found) - set(COLUMNS)):
        yield Fault(str(path), 1, column, Text("unknown column"), Text("the columns are: {names}", {"names": names}))


def _line_faults(path: Path, one: Listed) -> Iterable[Fault]:
    for column in COLUMNS:
        if not (one.values.get(column) or "").strip():
            yield Fault(str(path), one.line, column, Text("the value is missing"), Text("write it"))
    for column in ("latitude", "longitude", "interval_seconds"):
        try:
            float(one.values.get(column) or "0")
        except ValueError:
            yield Fault(
                str(path), one.line, column,
                Text("a number is expected, this is {found}", {"found": one.values[column]}),
                Text("write a number with a point, without a unit"),
            )  # fmt: skip


def _box(listed: Iterable[Listed]) -> dict[str, str]:
    latitudes = [float(one.values["latitude"]) for one in listed]
    longitudes = [float(one.values["longitude"]) for one in listed]
    return {
        "south": f"{min(latitudes) - _MARGIN:.3f}", "north": f"{max(latitudes) + _MARGIN:.3f}",
        "west": f"{min(longitudes) - _MARGIN:.3f}", "east": f"{max(longitudes) + _MARGIN:.3f}",
    }  # fmt: skip


def _areas(listed: Iterable[Listed]) -> str:
    by_area: dict[str, list[Listed]] = {}
    for one in listed:
        by_area.setdefault(one.values["area"].strip(), []).append(one)
    lines = ["# From your list of stations; give the areas their names.", "areas:"]
    for area, members in by_area.items():
        middle = [sum(float(one.values[axis]) for one in members) / len(members) for axis in ("latitude", "longitude")]
        name = json.dumps(area, ensure_ascii=False)
        lines.append(
            f"  - {{id: {name}, names: {{vi: {name}, en: {name}}}, kind: {members[0].values['area_kind'].strip()},"
            f" latitude: {middle[0]:.5f}, longitude: {middle[1]:.5f}}}"
        )
    return "\n".join(lines) + "\n"


def _stations(listed: Iterable[Listed]) -> str:
    lines = [
        "# From your list of stations. `grade` is indicative and there is no certificate: everything is advisory.",
        "stations:",
    ]
    for one in listed:
        value = {column: one.values[column].strip() for column in COLUMNS}
        quoted = {key: json.dumps(value[key], ensure_ascii=False) for key in ("id", "name_vi", "name_en", "area")}
        parameters = ", ".join(f"{{id: {name}}}" for name in value["parameters"].split())
        lines += [
            f"  - id: {quoted['id']}",
            f"    names: {{vi: {quoted['name_vi']}, en: {quoted['name_en']}}}",
            f"    kind: {value['kind']}",
            f"    area: {quoted['area']}",
            f"    latitude: {value['latitude']}",
            f"    longitude: {value['longitude']}",
            f"    interval: {value['interval_seconds']} s",
            f"    stamp: {value['stamp']}",
            "    grade: indicative",
            f"    parameters: [{parameters}]",
        ]
    return "\n".join(lines) + "\n"
