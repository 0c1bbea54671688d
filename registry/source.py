"""YAML with its line numbers: what a file says, and where it says it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from domain.text import Text
from registry.faults import Fault
from registry.scalars import Doubtful, scalar

Place = tuple[str | int, ...]
# The line of a value, and below it those of its keys or items.
Lines: TypeAlias = int | tuple[int, dict[str, Any] | list[Any]]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_scalar = lru_cache(maxsize=65536)(scalar)

_TEXT_TAG = "tag:yaml.org,2002:str"
# What the parser says, as a person would.
_SAID = {
    "mapping values are not allowed in this context": Text("a colon stands where none can be"),
    "could not find expected ':'": Text("a colon after a key is missing"),
    "did not find expected key": Text("a key is expected here: the indentation or a bracket does not fit"),
    "did not find expected '-' indicator": Text("an item with `- ` is expected here: the indentation does not fit"),
    "did not find expected ',' or '}'": Text("a comma or the closing bracket is missing"),
    "did not find expected ',' or ']'": Text("a comma or the closing bracket is missing"),
    "found unexpected end of stream": Text("a quote is opened and not closed"),
    "found unexpected document indicator": Text("a quote is opened and not closed"),
    "did not find expected node content": Text("a value is missing, or a bracket is not closed"),
    "did not find expected <document start>": Text("the text after the first value does not belong to it"),
}
_TAB = "found character that cannot start any token"


class Unparsed(Exception):
    """What stands at `line` cannot be read."""

    def __init__(self, line: int, wrong: Text, right: Text) -> None:
        """Keep where, what is wrong and what would be right."""
        super().__init__(str(wrong))
        self.line, self.wrong, self.right = line, wrong, right


@dataclass(slots=True)
class Source:
    """A file's content, the line of every key and item in it, and what is wrong with it as YAML."""

    name: str
    content: Any = None
    lines: Lines | None = None
    faults: list[Fault] = field(default_factory=list)
    # Where a value could be read in two ways; what it should have been is not judged again.
    doubtful: set[Place] = field(default_factory=set)

    def line(self, place: Place) -> int | None:
        """Return the line of `place`, or of the nearest thing around it."""
        here = self.lines
        for part in place:
            try:
                here = here[1][part]  # type: ignore[index]
            except (TypeError, KeyError, IndexError):
                break
        return here[0] if isinstance(here, tuple) else here

    def fault(self, place: Place, wrong: Text, right: Text) -> None:
        """Note a fault at `place`."""
        self.faults.append(Fault(self.name, self.line(place), self._key(place), wrong, right))

    def _key(self, place: Place) -> str:
        key, here = "", self.content
        for part in place:
            here = _inside(here, part)
            if isinstance(part, int):
                name = here.get("id", here.get("row", part)) if isinstance(here, dict) else part
                key += f"[{name if isinstance(name, str | int) else part}]"
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
        raw = (folder / name).read_bytes()
    except FileNotFoundError:
        source.fault((), Text("the file is missing"), Text("make it; `quantrac init` writes one that explains itself"))
        return source
    except OSError as error:
        source.fault((), Text("the file cannot be read: {why}", {"why": str(error)}), Text("make it readable"))
        return source
    try:
        _fill(source, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        source.lines = raw[: error.start].count(b"\n") + 1
        source.fault((), Text("the file is not UTF-8"), Text("save it as UTF-8"))
    return source


def read_text(name: str, text: str) -> Source:
    """Read `text`; what is wrong is among the source's faults."""
    source = Source(name)
    _fill(source, text)
    return source


def _fill(source: Source, text: str) -> None:
    reading = _Reading()
    try:
        events: Iterator[Any] = yaml.parse(text, _Loader)
        root = reading.document(events)
    except (Unparsed, yaml.YAMLError, RecursionError) as error:
        found = error if isinstance(error, Unparsed) else _unparsed(error, text)
        source.lines = found.line
        source.fault((), found.wrong, found.right)
        return
    if root is None:
        source.lines = 1
        source.fault((), Text("the file is empty"), Text("write its list, or `[]` after its key"))
        return
    source.content, source.lines = root
    for place, wrong, right in reading.doubts:
        source.doubtful.add(place)
        source.fault(place, wrong, right)


def _unparsed(error: Exception, text: str) -> Unparsed:
    if isinstance(error, yaml.MarkedYAMLError):
        return _marked(error, text)
    if isinstance(error, RecursionError):
        return Unparsed(1, Text("brackets or lists are nested too deeply"), Text("close each bracket that is opened"))
    place = getattr(error, "position", 0)
    return Unparsed(
        text[:place].count("\n") + 1, Text("there is a character that no text file may hold"),
        Text("remove it; the file may be no text at all, or damaged"),
    )  # fmt: skip


def _marked(error: yaml.MarkedYAMLError, text: str) -> Unparsed:
    mark: Any = error.problem_mark or error.context_mark
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    tabbed = written[: mark.column + 1].strip("\t ") == "" and "\t" in written
    if tabbed or (error.problem == _TAB and written[mark.column : mark.column + 1] == "\t"):
        return Unparsed(mark.line + 1, Text("a tab stands where spaces belong"), Text("indent with spaces"))
    why = _SAID.get(error.problem or "", error.problem or "")
    return Unparsed(
        mark.line + 1, Text("this is not YAML: {why} (column {column})", {"why": why, "column": mark.column + 1}),
        Text("mend the line or the one before; often a colon, a quote or the indentation is at fault"),
    )  # fmt: skip


class _Reading:
    """Builds values straight from the parser's events: composing nodes with resolved tags takes about three times as long."""

    def __init__(self) -> None:
        self.doubts: list[tuple[Place, Text, Text]] = []
        self._anchors: dict[str, tuple[Any, Lines]] = {}

    def document(self, events: Iterator[Any]) -> tuple[Any, Lines] | None:
        """Return the file's one value with its lines; None where there is none."""
        next(events)
        if not isinstance(next(events), yaml.DocumentStartEvent):
            return None
        found = self._node(next(events), events, ())
        next(events)
        after: Any = next(events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise Unparsed(_line(after), Text("a second document begins here"), Text("remove the line `---`"))
        return None if found[0] is None else found

    def _node(self, event: Any, events: Iterator[Any], place: Place) -> tuple[Any, Lines]:
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            found: tuple[Any, Lines] = self._scalar(event, place), line
        elif isinstance(event, yaml.MappingStartEvent):
            found = self._mapping(events, place, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self._sequence(events, place, line)
        else:
            return self._alias(event.anchor, line)
        if event.anchor:
            self._anchors[event.anchor] = found
        return found

    def _alias(self, name: str, line: int) -> tuple[Any, Lines]:
        if name not in self._anchors:
            raise Unparsed(
                line, Text("`*{name}` refers to nothing above it", {"name": name}),
                Text("mark what is meant with `&{name}`, before this line", {"name": name}),
            )  # fmt: skip
        return self._anchors[name]

    def _sequence(self, events: Iterator[Any], place: Place, line: int) -> tuple[list[Any], Lines]:
        values: list[Any] = []
        lines: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value, below = self._node(event, events, (*place, len(values)))
            values.append(value)
            lines.append(below)
        return values, (line, lines)

    def _mapping(self, events: Iterator[Any], place: Place, line: int) -> tuple[dict[str, Any], Lines]:
        values: dict[str, Any] = {}
        lines: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key, at = self._key(event), _line(event)
            here = (*place, key)
            if key in values:
                self._twice(here, lines[key])
            values[key], below = self._node(next(events), events, here)
            lines[key] = (at, below[1]) if isinstance(below, tuple) else at
        return values, (line, lines)

    def _key(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        raise Unparsed(
            _line(event), Text("a key is a word, not a list or a mapping"),
            Text("put text with brackets in quotes"),
        )  # fmt: skip

    def _twice(self, place: Place, first: Lines) -> None:
        line = first[0] if isinstance(first, tuple) else first
        self.doubts.append((
            place,
            Text("the key stands twice, first in line {line}", {"line": line}),
            Text("keep one of them"),
        ))

    def _scalar(self, event: Any, place: Place) -> Any:
        if event.tag not in {None, "!", _TEXT_TAG}:
            raise Unparsed(
                _line(event), Text("the tag {tag} is not known here", {"tag": event.tag}),
                Text("remove it, and put text in quotes"),
            )  # fmt: skip
        if not event.implicit[0] or event.style:
            return event.value
        value = _scalar(event.value)
        if isinstance(value, Doubtful):
            self.doubts.append((place, value.wrong, value.right))
            return value.written
        return value


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
