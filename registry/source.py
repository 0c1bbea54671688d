"""YAML with its line numbers: what a file says, and where it says it."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from domain.text import Text
from registry.faults import Fault

Place = tuple[str | int, ...]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Source:
    """A file's content, the line of every key and item in it, and what is wrong with it as YAML."""

    name: str
    content: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, place: Place) -> int | None:
        """Return the line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def fault(self, place: Place, wrong: Text, right: Text) -> None:
        """Note a fault at `place`."""
        self.faults.append(Fault(self.name, self.line(place), self._key(place), wrong, right))

    def _key(self, place: Place) -> str:
        key, here = "", self.content
        for part in place:
            here = _inside(here, part)
            if isinstance(part, int):
                name = here.get("id", here.get("row", part)) if isinstance(here, dict) else part
                key += f"[{name}]"
            else:
                key += f".{part}" if key else str(part)
        return key


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    return here[part] if isinstance(here, list) and isinstance(part, int) and part < len(here) else None


def read_source(folder: Path, name: str) -> Source:
    """Read `folder/name`; what is wrong is among the source's faults."""
    source = Source(name)
    try:
        text = (folder / name).read_bytes().decode("utf-8")
    except FileNotFoundError:
        source.fault((), Text("the file is missing"), Text("make it; `quantrac init` writes one that explains itself"))
        return source
    except UnicodeDecodeError as error:
        source.lines[()] = (folder / name).read_bytes()[: error.start].count(b"\n") + 1
        source.fault((), Text("the file is not UTF-8"), Text("save it as UTF-8"))
        return source
    except OSError as error:
        source.fault((), Text("the file cannot be read: {why}", {"why": str(error)}), Text("make it readable"))
        return source
    _parse(text, source)
    return source


def _parse(text: str, source: Source) -> None:
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.lines[()] = mark.line + 1 if mark else 1
        column = mark.column + 1 if mark else 1
        source.fault(
            (), Text("this is not YAML: {why} (column {column})", {"why": error.problem or "", "column": column}),
            Text("mend the line; often a colon, a quote or the indentation (spaces, no tabs) is at fault"),
        )  # fmt: skip
        return
    except yaml.YAMLError as error:
        source.fault((), Text("this is not YAML: {why} (column {column})", {"why": str(error), "column": 1}),
                     Text("remove characters that do not belong in a text file"))  # fmt: skip
        return
    if node is None:
        source.lines[()] = 1
        source.fault((), Text("the file is empty"), Text("write its list, or `[]` after its key"))
        return
    source.content = _value(node, (), source)


def _value(node: yaml.Node, place: Place, source: Source) -> Any:
    source.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*place, index), source) for index, child in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, place: Place, source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, child in node.value:
        key = str(key_node.value)
        here = (*place, key)
        if key in found:
            first = source.lines[here]
            source.lines[here] = key_node.start_mark.line + 1
            source.fault(
                here, Text("the key stands twice, first in line {line}", {"line": first}), Text("keep one of them")
            )
        source.lines[here] = key_node.start_mark.line + 1
        found[key] = _value(child, here, source)
    return found


def _scalar(node: yaml.Node) -> Any:
    """Return what a scalar means. YAML's traps (yes, on, 012, 1:30) stay the text that was written."""
    text, tag = str(node.value), node.tag.rsplit(":", 1)[-1]
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if tag in {"int", "float"}:
        return _number(text)
    if tag == "timestamp":
        return _date(text)
    return text


def _number(text: str) -> int | float | str:
    if text.lstrip("+-").startswith("0") and text.lstrip("+-").isdecimal() and len(text.lstrip("+-")) > 1:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
