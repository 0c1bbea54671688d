"""A readings CSV as series, for what only looks at it: line by line as written, column by column to reckon with."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.moment import micros
from domain.text import Text
from service.transfer import STATUSES, UNREADABLE, BadFile, ImportResult, Unreadable, open_text, read_time, read_value

# Each with the names under which it is found; other columns are passed over.
COLUMNS = {
    "time": ("time", "timestamp"), "station": ("station",), "parameter": ("parameter",), "value": ("value",),
    "unit": ("unit",), "status": ("status",),
}  # fmt: skip
_OPTIONAL = frozenset({"status"})


@dataclass(slots=True)
class FileSeries:
    """What a file says of one parameter at one station: its lines (their places among all), and what they mean."""

    station: str
    parameter: str
    unit: str
    places: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    status: list[int] = field(default_factory=list)

    def add(self, place: int, at: int, value: float | None, status: int) -> None:
        """Take a line."""
        self.places.append(place)
        self.times.append(at)
        self.values.append(value)
        self.status.append(status)


@dataclass
class ReadingFile:
    """A readings CSV that has been read: `written` has time, station, parameter and value of each line as they stand there.

    A series that changes its unit in the file is one for each unit.
    """

    ignored: tuple[str, ...]
    result: ImportResult = field(default_factory=ImportResult)
    written: list[tuple[str, str, str, str]] = field(default_factory=list)
    series: dict[tuple[str, str, str], FileSeries] = field(default_factory=dict)
    _moments: dict[str, int] = field(default_factory=dict)

    def take(self, line: int, cells: Sequence[str]) -> None:
        """Take the cells of a line, in the order of COLUMNS; one that cannot be read goes into `result`."""
        try:
            self._take(*cells)
        except Unreadable as error:
            self.result.refuse(line, error.why)

    def _take(self, time: str, station: str, parameter: str, value: str, unit: str, status: str) -> None:
        if not station or not parameter:
            raise Unreadable(Text("station or parameter is missing"))
        if status not in STATUSES:
            raise Unreadable(Text("`{found}` is no status; 00, 01, 02 or empty", {"found": status}))
        number = read_value(value)
        at = self._moments.get(time)
        if at is None:
            at = self._moments[time] = micros(read_time(time))
        key = station, parameter, unit
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = FileSeries(station, parameter, unit)
        series.add(len(self.written), at, number, int(status or 0))
        self.written.append((time, station, parameter, value))


def read_file(path: Path, progress: Callable[[int], None]) -> ReadingFile:
    """Return the readings of a `.csv` or `.csv.gz`; of a damaged one, those before the damage. Raises BadFile."""
    with open_text(path) as file:
        reader = csv.reader(file)
        heading = _heading(path, reader)
        places = _places(path, heading)
        taken = set(places)
        found = ReadingFile(tuple(name for place, name in enumerate(heading) if place not in taken))
        for line, cells in _lines(reader, found.result):
            if len(cells) != len(heading):
                counts = {"found": len(cells), "wanted": len(heading)}
                found.result.refuse(line, Text("the line has {found} cells, the heading {wanted}", counts))
                continue
            found.take(line, ["" if place is None else cells[place].strip() for place in places])
            if len(found.written) % 10_000 == 0:
                progress(len(found.written))
    found.result.rows = len(found.written) + found.result.bad
    return found


def _lines(reader: Iterator[list[str]], result: ImportResult) -> Iterator[tuple[int, list[str]]]:
    line = 1
    while True:
        line += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            result.refuse(line, Text("the line is no CSV: {why}", {"why": str(error)}))
            continue
        except UNREADABLE as error:
            result.refuse(line, Text("the file cannot be read from here on: {why}", {"why": str(error)}))
            return
        if cells is None:
            return
        if cells:  # an empty line says nothing
            yield line, cells


def _heading(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        return [name.strip() for name in next(reader, [])]
    except (csv.Error, *UNREADABLE) as error:
        raise BadFile(Text("{file} cannot be read: {why}", {"file": str(path), "why": str(error)})) from error


def _places(path: Path, heading: Sequence[str]) -> list[int | None]:
    found = {name: [place for place, one in enumerate(heading) if one in names] for name, names in COLUMNS.items()}
    missing = [name for name, places in found.items() if not places and name not in _OPTIONAL]
    twice = [name for name, places in found.items() if len(places) > 1]
    if missing or twice:
        raise BadFile(
            Text("{file}: the columns {wanted} are needed (`timestamp` is taken for `time`, `status` may be left out); "
                 "missing: {missing}; twice: {twice}",
                 {"file": str(path), "wanted": ",".join(COLUMNS), "missing": ", ".join(missing) or "–",
                  "twice": ", ".join(twice) or "–"})
        )  # fmt: skip
    return [places[0] if places else None for places in found.values()]
