"""A department's own list of stations (CSV): read whole, and judged by the rules of the configuration."""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.text import Text
from registry.checks import check
from registry.contents import Contents, Found
from registry.faults import ConfigurationError, Fault, nearest
from registry.load import validated
from registry.scalars import scalar
from registry.schema import Area, Parameter, Station
from registry.source import Place, Source

COLUMNS = (
    "id", "name_vi", "name_en", "kind", "area", "area_kind", "latitude", "longitude", "interval_seconds", "stamp",
    "parameters",
)  # fmt: skip
# Where in the configuration a value of the list goes, if not under the column's own name.
_COLUMN_OF = {"vi": "name_vi", "en": "name_en", "interval": "interval_seconds"}
_SEPARATORS = ",;\t"
_AS_CSV = Text("save it from the spreadsheet as “CSV UTF-8”")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a station list."""

    line: int
    values: Mapping[str, str]


@dataclass(slots=True)
class _ListSource(Source):
    """Names line and column where a file of the configuration has line and key."""

    listed: Sequence[Listed] = ()
    columns: set[str] = field(default_factory=lambda: set(COLUMNS))

    def line(self, place: Place) -> int | None:
        """Return the line of the station at `place`."""
        return self.listed[int(place[1])].line if len(place) > 1 else 1

    def fault(self, place: Place, wrong: Text, right: Text) -> None:
        """Note a fault at `place`, if its column is there at all."""
        column = "area_kind" if place[0] == "areas" else _column(place)
        if column not in self.columns:
            return
        if column == "interval_seconds":
            written = self.listed[int(place[1])].values[column]
            wrong = Text("a number of seconds is expected, this is `{found}`", {"found": written})
            right = Text("write it without a unit, such as 300 for five minutes")
        self.faults.append(Fault(self.name, self.line(place), column, wrong, right))


def _column(place: Place) -> str:
    named = [_COLUMN_OF.get(str(part), str(part)) for part in place[2:] if isinstance(part, str)]
    return next((one for one in named if one in COLUMNS), "")


def read_list(path: Path, parameters: Mapping[str, Parameter]) -> list[Listed]:
    """Return the lines of a station list. Raises ConfigurationError with all faults."""
    source = _ListSource(str(path))
    header, records = _records(_text(path), path)
    source.faults.extend(_header_faults(path, header))
    source.columns &= set(header)
    source.listed = list(_lines(source, header, records))
    _judge(source, parameters)
    if not source.faults and not source.listed:
        source.faults.append(
            Fault(str(path), 1, "", Text("the list has no stations"), Text("write one station a line"))
        )
    if source.faults:
        raise ConfigurationError(source.faults)
    return list(source.listed)


def _text(path: Path) -> str:
    def wrong(what: Text, right: Text, line: int | None = None) -> ConfigurationError:
        return ConfigurationError([Fault(str(path), line, "", what, right)])

    if not path.exists():
        raise wrong(Text("the file is missing"), Text("name a .csv or .csv.gz"))
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError) as error:
        raise wrong(
            Text("the file cannot be read: {why}", {"why": str(error)}), Text("name a .csv or .csv.gz")
        ) from error
    if raw.startswith(b"PK"):
        raise wrong(Text("this is a spreadsheet, not a list"), _AS_CSV)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(Text("the file is not UTF-8"), _AS_CSV, raw[: error.start].count(b"\n") + 1) from error


def _records(text: str, path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=first.count))
    try:
        records = [(reader.line_num, [cell.strip() for cell in record]) for record in reader]
    except csv.Error as error:
        fault = Fault(
            str(path), reader.line_num, "", Text("the file cannot be read: {why}", {"why": str(error)}), _AS_CSV
        )
        raise ConfigurationError([fault]) from error
    if not records:
        raise ConfigurationError([Fault(str(path), 1, "", Text("the file is empty"), Text("write one station a line"))])
    filled = [(line, record) for line, record in records if any(record)]
    return (filled[0][1], filled[1:]) if filled else ([], [])


def _header_faults(path: Path, found: Sequence[str]) -> Iterator[Fault]:
    names = Text("the columns are: {names}", {"names": ",".join(COLUMNS)})
    missing = [column for column in COLUMNS if column not in found]
    for place, column in enumerate(found):
        if column in COLUMNS and column not in found[:place]:
            continue
        begun = (one for one in missing if len(column) > 1 and one.startswith(column.lower()))
        near = nearest(column, missing) or next(begun, None)
        if column in COLUMNS:
            yield Fault(str(path), 1, column, Text("the column stands twice"), Text("keep one of them"))
        elif near is not None:
            missing.remove(near)
            yield Fault(str(path), 1, column, Text("unknown column"), Text("did you mean `{near}`?", {"near": near}))
        else:
            yield Fault(str(path), 1, column, Text("unknown column"), names)
    for column in missing:
        yield Fault(str(path), 1, column, Text("the column is missing"), names)


def _lines(source: Source, header: Sequence[str], records: Sequence[tuple[int, list[str]]]) -> Iterator[Listed]:
    for line, record in records:
        if len(record) > len(header):
            source.faults.append(Fault(
                source.name, line, "", Text("there are more values than columns"),
                Text("put a value that holds the separator in double quotes"),
            ))  # fmt: skip
        values = dict(zip(header, record, strict=False))
        for column in COLUMNS:
            if column in header and not values.get(column):
                source.faults.append(Fault(source.name, line, column, Text("the value is missing"), Text("write it")))
        yield Listed(line, values)


def _judge(source: _ListSource, parameters: Mapping[str, Parameter]) -> None:
    contents = Contents()
    contents.sources.append(source)
    contents.found["parameters"] = [
        Found(one, Source("parameters.yaml"), ("parameters", index)) for index, one in enumerate(parameters.values())
    ]
    contents.unknown |= {"areas"}
    contents.found["stations"] = [
        Found(validated(Station, station_of(one.values), ("stations", index), source), source, ("stations", index))
        for index, one in enumerate(source.listed)
    ]
    _areas(source)
    check(contents)


def station_of(values: Mapping[str, str]) -> dict[str, Any]:
    """Return a line of the list as stations.yaml would have it; empty values are left out."""
    content = {
        "id": values.get("id"),
        "names": {key: value for key in ("vi", "en") if (value := values.get(f"name_{key}"))},
        "kind": values.get("kind"), "area": values.get("area"), "stamp": values.get("stamp"),
        "latitude": _number(values.get("latitude")), "longitude": _number(values.get("longitude")),
        "interval": values.get("interval_seconds") and f"{values['interval_seconds']} s",
        "parameters": [{"id": name} for name in values.get("parameters", "").split()],
    }  # fmt: skip
    return {key: value for key, value in content.items() if value or value == 0}


def _number(written: str | None) -> Any:
    found = scalar(written or "")
    return found if isinstance(found, int | float) and not isinstance(found, bool) else written


def _areas(source: _ListSource) -> None:
    first: dict[str, Listed] = {}
    for index, one in enumerate(source.listed):
        place = ("areas", index, "kind")
        kind, area = one.values.get("area_kind", ""), one.values.get("area", "")
        middle = {"names": {"vi": "x", "en": "x"}, "latitude": 0, "longitude": 0}
        if not kind or not area:
            continue
        validated(Area, {"id": "x", "kind": kind, **middle}, place[:2], source)
        before = first.setdefault(area, one)
        if before.values.get("area_kind") != kind:
            source.fault(
                place, Text("`{area}` is of another kind in line {line}", {"area": area, "line": before.line}),
                Text("an area has one kind: write the same in each line"),
            )  # fmt: skip
