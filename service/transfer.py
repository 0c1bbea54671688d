"""Readings and figures as CSV: into the journal like any message, out again, and back onto the broker."""

import csv
import gzip
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Literal, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analysis.rollups import meets
from domain.flag import Flag
from domain.message import Incoming
from domain.moment import moment
from domain.reading import SeriesKey
from domain.rollup import RollupPoint, RollupState
from domain.text import QuantracError, Text
from domain.window import Window, WindowKind, window_of_mark
from ingest.understand import IMPORTED
from registry.lookup import Registry
from storage.journal import Journal
from storage.readings import ReadingStore
from storage.tables import revisions

COLUMNS = ("time", "station", "parameter", "value", "unit", "status")
_NEEDED = frozenset({"time", "station", "parameter", "value", "unit"})
# Messages that go into the journal in one commit.
GROUP = 500
WORST_SHOWN = 20
STATUSES = frozenset({"", "00", "01", "02"})


class BadFile(QuantracError):
    """A file that cannot be taken; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a readings CSV."""

    line: int
    time: datetime
    station: str
    parameter: str
    value: float | None
    unit: str
    status: str


@dataclass(slots=True)
class ImportResult:
    """What came of a file: lines taken, messages made, and the lines that say nothing that can be read."""

    rows: int = 0
    messages: int = 0
    bad: int = 0
    worst: list[tuple[int, Text]] = field(default_factory=list)

    def refuse(self, line: int, why: Text) -> None:
        """Count a bad line; the first twenty are kept with their reason."""
        self.bad += 1
        if len(self.worst) < WORST_SHOWN:
            self.worst.append((line, why))


def open_text(path: Path) -> TextIO:
    """Open a `.csv` or `.csv.gz`. Raises BadFile."""
    try:
        if path.name.endswith(".gz"):
            return io.TextIOWrapper(gzip.open(path), "utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadFile(Text("{file} cannot be read: {why}", {"file": str(path), "why": error.strerror or ""})) from error


def read_rows(path: Path, result: ImportResult) -> Iterator[Row]:
    """Yield the lines of a readings CSV; what cannot be read is counted in `result`.

    Raises BadFile where the columns are others, or the file is no text.
    """
    with open_text(path) as file:
        try:
            reader = csv.DictReader(file)
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                found = _row(reader.line_num, row)
                if isinstance(found, Text):
                    result.refuse(reader.line_num, found)
                else:
                    yield found
        except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
            raise BadFile(Text("{file} cannot be read: {why}", {"file": str(path), "why": str(error)})) from error


def _check_columns(path: Path, found: Sequence[str]) -> None:
    unknown = [column for column in found if column not in (*COLUMNS, "flag")]
    missing = [column for column in COLUMNS if column in _NEEDED and column not in found]
    if unknown or missing:
        raise BadFile(
            Text("{file}: the columns are {wanted}; unknown: {unknown}; missing: {missing}",
                 {"file": str(path), "wanted": ",".join(COLUMNS), "unknown": ", ".join(unknown) or "–",
                  "missing": ", ".join(missing) or "–"})
        )  # fmt: skip


def _row(line: int, row: dict[str, str | None]) -> Row | Text:
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    try:
        time = datetime.fromisoformat(cells["time"])
    except ValueError:
        return Text("`{found}` is no ISO 8601 time", {"found": cells["time"]})
    if time.tzinfo is None:
        return Text("`{found}` has no offset; write it as 2026-11-24T08:35:00+07:00", {"found": cells["time"]})
    if not cells["station"] or not cells["parameter"]:
        return Text("station or parameter is missing")
    if cells["status"] not in STATUSES:
        return Text("`{found}` is no status; 00, 01, 02 or empty", {"found": cells["status"]})
    try:
        value = float(cells["value"]) if cells["value"] else None
    except ValueError:
        return Text("`{found}` is no number", {"found": cells["value"]})
    if value is not None and not math.isfinite(value):
        return Text("`{found}` is no number", {"found": cells["value"]})
    return Row(line, time, cells["station"], cells["parameter"], value, cells["unit"], cells["status"] or "00")


def import_file(
    path: Path, journal: Journal, registry: Registry, *, stamp: Literal["start", "end"] = "end",
    progress: Callable[[int], None] = lambda _: None,
) -> ImportResult:  # fmt: skip
    """Put a readings CSV into the journal, so that it goes the same way as messages do.

    Neighbouring lines of one station and time become one message. `stamp` says whether the file's times are the start
    of what each value averages; they are then moved by the interval. `progress` is told the lines done. Raises BadFile
    and JournalUnavailable.
    """
    result = ImportResult()
    batch: list[Incoming] = []
    for group in _groups(_counted(read_rows(path, result), result, progress)):
        topic, payload = message_of(group, registry, stamp)
        batch.append(Incoming(IMPORTED + topic, payload, live=False))
        result.messages += 1
        if len(batch) >= GROUP:
            journal.append(batch)
            batch = []
    journal.append(batch)
    return result


def _counted(rows: Iterable[Row], result: ImportResult, progress: Callable[[int], None]) -> Iterator[Row]:
    for row in rows:
        result.rows += 1
        if result.rows % 1_000 == 0:
            progress(result.rows)
        yield row
    progress(result.rows)


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield lines of one station and time that follow one another, each parameter once."""
    group: list[Row] = []
    for row in rows:
        same = group and (group[0].station, group[0].time) == (row.station, row.time)
        if group and (not same or any(one.parameter == row.parameter for one in group)):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def message_of(group: Sequence[Row], registry: Registry, stamp: Literal["start", "end"] = "end") -> tuple[str, bytes]:
    """Return topic and payload of the native message that says what `group` says."""
    first = group[0]
    station = registry.stations.get(first.station)
    medium = station.medium if station else "air"
    time = first.time + (station.interval if station and stamp == "start" else timedelta(0))
    if station is not None and station.stamp == "start":
        # The door will move it by the interval; the file's times are ends already.
        time -= station.interval
    values = {row.parameter: {"value": row.value, "unit": row.unit, "status": row.status} for row in group}
    return f"quantrac/{first.station}/{medium}", json.dumps({"time": time.isoformat(), "values": values}).encode()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: an option left out means all. From `start`, not included, to `end`."""

    window: Window
    station: str | None = None
    parameter: str | None = None
    kind: WindowKind | None = None

    def series(self, registry: Registry) -> list[SeriesKey]:
        """Return the series that are wanted, in the order of the configuration."""
        return [
            SeriesKey(station.id, parameter.id)
            for station in registry.stations.values()
            for parameter in station.parameters
            if self.station in {None, station.id} and self.parameter in {None, parameter.id}
        ]


def export_readings(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write readings as CSV; return how many. Values are not rounded, times carry the registry's offset."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*COLUMNS, "flag"))
    count = 0
    for key in wanted.series(registry):
        unit, found = registry.parameters[key.parameter].unit, store.read(key, wanted.window)
        for at, value, status, flag in zip(found.times, found.values, found.status, found.flags, strict=True):
            written = "" if flag == Flag.MISSING or math.isnan(value) else repr(float(value))
            time = _local(moment(int(at)), registry)
            writer.writerow((time, key.station, key.parameter, written, unit, f"{int(status):02d}", int(flag)))
            count += 1
    return count


_ROLLUP_COLUMNS = (
    "start", "end", "window", "station", "parameter", "value", "unit", "valid", "expected", "suspect", "min", "max",
    "sufficient", "state", "revision",
)  # fmt: skip


def export_rollups(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write windows as CSV, those without a value too; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_ROLLUP_COLUMNS)
    # A day is marked by its beginning, so its mark lies outside the span that its end is in.
    around = Window(wanted.window.start - timedelta(days=2), wanted.window.end)
    count = 0
    for kind in [wanted.kind] if wanted.kind else list(WindowKind):
        for key in wanted.series(registry):
            for point in store.read_rollups(kind, [key], around)[key]:
                window = window_of_mark(kind, point.mark, registry.zone)
                if window.end in wanted.window:
                    writer.writerow(_rollup_row(point, window, registry))
                    count += 1
    return count


def _rollup_row(point: RollupPoint, window: Window, registry: Registry) -> tuple[object, ...]:
    enough = point.valid and meets(point.valid, point.expected, registry.province.policies.capture)
    figures = ("" if one is None else repr(one) for one in (point.value, point.minimum, point.maximum))
    value, minimum, maximum = figures
    state = "verified" if point.state is RollupState.VERIFIED else "provisional"
    return (
        _local(window.start, registry), _local(window.end, registry), point.kind.value, point.station, point.parameter,
        value, registry.parameters[point.parameter].unit, point.valid, point.expected, point.suspect, minimum, maximum,
        "yes" if enough else "no", state, point.revision,
    )  # fmt: skip


def export_indices(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write index values as CSV; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("end", "window", "station", "index", "value", "level", "dominant", "concentration"))
    stations = [one for one in registry.stations if wanted.station in {None, one}]
    count = 0
    for index in registry.province.indices:
        for point in store.read_indices(index, WindowKind.HOUR, stations, wanted.window):
            figures = ("" if one is None else one for one in (point.value, point.level, point.dominant))
            concentration = "" if point.concentration is None else repr(point.concentration)
            writer.writerow((_local(point.mark, registry), "hour", point.station, index, *figures, concentration))
            count += 1
    return count


def export_revisions(wanted: Wanted, registry: Registry, engine: Engine, out: IO[str]) -> int:
    """Write readings that took another's place, with what they replaced, as CSV; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("time", "station", "parameter", "value", "status", "old_value", "old_status", "noticed_at"))
    keys = set(wanted.series(registry))
    count = 0
    with engine.connect() as connection:
        for row in connection.execute(sa.select(revisions).order_by(revisions.c.noticed_at, revisions.c.measured_at)):
            at = moment(row.measured_at)
            if SeriesKey(row.station, row.parameter) in keys and at in wanted.window:
                values = ("" if one is None else repr(one) for one in (row.value, row.old_value))
                new, old = values
                writer.writerow((
                    _local(at, registry), row.station, row.parameter, new, f"{row.status:02d}", old,
                    f"{row.old_status:02d}", _local(moment(row.noticed_at), registry),
                ))  # fmt: skip
                count += 1
    return count


def _local(at: datetime, registry: Registry) -> str:
    return at.astimezone(registry.zone).isoformat()


def replay(
    path: Path, registry: Registry, publish: Callable[[str, bytes], None], wait: Callable[[timedelta], None], *,
    speed: float, now: datetime | None = None, progress: Callable[[int], None] = lambda _: None,
) -> ImportResult:  # fmt: skip
    """Publish a readings CSV in the order of time as the stations would, `speed` times as fast as it was measured.

    With `now` the first reading is stamped `now` and the others keep their distances; else times stay. `wait` is called
    with how long to pause, already divided by `speed`.
    """
    result = ImportResult()
    rows = sorted(_counted(read_rows(path, result), result, lambda _: None), key=lambda row: (row.time, row.station))
    shift = now - rows[0].time if now is not None and rows else timedelta(0)
    before: datetime | None = None
    for group in _groups(rows):
        if before is not None and group[0].time > before:
            wait((group[0].time - before) / speed)
        before = group[0].time
        moved = [Row(r.line, r.time + shift, r.station, r.parameter, r.value, r.unit, r.status) for r in group]
        publish(*message_of(moved, registry))
        result.messages += 1
        progress(result.messages)
    return result
