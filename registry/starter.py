"""A configuration to begin with: explained examples, or a department's own list of stations."""

import json
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from domain.text import QuantracError, Text
from registry.partial import dumped
from registry.schema import Parameter
from registry.source import read_text
from registry.station_list import Listed, read_list

_EXAMPLES = ("province", "areas", "facilities", "stations", "rules", "teams", "maintenance")
_BOX = {"south": "10.3", "north": "11.8", "west": "105.4", "east": "106.8"}
# Degrees left around the outermost station.
_MARGIN = 0.2


class WouldOverwrite(QuantracError):
    """A file is there already; nothing was written."""


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
        listed = read_list(stations, shipped_parameters())
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


def shipped_parameters() -> dict[str, Parameter]:
    """Return the parameters that a starter has."""
    source = read_text("parameters.yaml", (_shipped() / "parameters.yaml").read_text("utf-8"))
    found = (Parameter.model_validate_json(dumped(one), strict=True) for one in source.content["parameters"])
    return {one.id: one for one in found}


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
        by_area.setdefault(one.values["area"], []).append(one)
    lines = ["# From your list of stations; give the areas their names.", "areas:"]
    for area, members in by_area.items():
        middle = [sum(float(one.values[axis]) for one in members) / len(members) for axis in ("latitude", "longitude")]
        name = json.dumps(area, ensure_ascii=False)
        lines.append(
            f"  - {{id: {name}, names: {{vi: {name}, en: {name}}}, kind: {members[0].values['area_kind']},"
            f" latitude: {middle[0]:.5f}, longitude: {middle[1]:.5f}}}"
        )
    return "\n".join(lines) + "\n"


def _stations(listed: Iterable[Listed]) -> str:
    lines = [
        "# From your list of stations. `grade` is indicative and there is no certificate: everything is advisory.",
        "stations:",
    ]
    for one in listed:
        value = one.values
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
