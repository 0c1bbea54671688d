"""Readings and figures as CSV: into the journal like any message, out again, and back onto the broker."""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal, TextIO

import msgspec
from sqlalchemy.engine import Engine

from analysis.rollups import meets
from analysis.schemes import scheme_of
from domain.clock import Clock
from domain.flag import REASON_NAMES, Flag, reasons_in
from domain.message import Incoming
from domain.moment import moment
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, RollupPoint, RollupRevision, RollupState
from domain.text import QuantracError, Text, system_says
from domain.window import Window, WindowKind, marks_ending_in
from ingest.ways import IMPORTED
from registry.lookup import Registry
from storage import reading_revisions, rollup_history, verifications
from storage.journal import Journal
from storage.reading_revisions import ReadingRevision
from storage.readings import ReadingStore, Series

COLUMNS = ("time", "station", "parameter", "value", "unit", "status")
# What an export says beside them; an import passes over it, since flags are made anew.
_EXPORTED = ("flag", "reasons")
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
    """Open a `.csv` or `.csv.gz`; what is no UTF-8 becomes U+FFFD. Raises BadFile."""
    opening = gzip.open if path.name.endswith(".gz") else Path.open
    try:
        raw: Any = opening(path, "rb")
    except OSError as error:
        raise BadFile(Text("{file} cannot be read: {why}", {"file": str(path), "why": system_says(error)})) from error
    return io.TextIOWrapper(raw, "utf-8-sig", errors="replace", newline="")


# What reading a file that is damaged or cut off raises.
UNREADABLE = (OSError, EOFError, zlib.error)


def read_rows(path: Path, result: ImportResult) -> Iterator[Row]:
    """Yield the lines of a readings CSV; those that cannot be read, and the end of a damaged file, go into `result`.

    Raises BadFile where the columns are others, or not even they can be read.
    """
    with open_text(path) as file:
        reader = csv.reader(file)
        columns = _columns(path, reader)
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                result.refuse(reader.line_num, Text("the line is no CSV: {why}", {"why": str(error)}))
                continue
            except UNREADABLE as error:
                cut = Text("the file cannot be read from here on: {why}", {"why": str(error)})
                result.refuse(reader.line_num + 1, cut)
                return
            if cells is None:
                return
            yield from _taken(columns, cells, reader.line_num, result)


def _taken(columns: Sequence[str], cells: Sequence[str], line: int, result: ImportResult) -> Iterator[Row]:
    if not cells:
        return  # an empty line says nothing
    try:
        yield _row(line, columns, cells)
    except Unreadable as error:
        result.refuse(line, error.why)


def _columns(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        found = next(reader, [])
    except (csv.Error, *UNREADABLE) as error:
        raise BadFile(Text("{file} cannot be read: {why}", {"file": str(path), "why": str(error)})) from error
    unknown = [column for column in found if column not in (*COLUMNS, *_EXPORTED)]
    missing = [column for column in COLUMNS if column in _NEEDED and column not in found]
    if unknown or missing or len(set(found)) < len(found):
        raise BadFile(
            Text("{file}: the columns are {wanted}, each once; unknown: {unknown}; missing: {missing}",
                 {"file": str(path), "wanted": ",".join(COLUMNS), "unknown": ", ".join(unknown) or "–",
                  "missing": ", ".join(missing) or "–"})
        )  # fmt: skip
    return found


class Unreadable(Exception):
    """A line says nothing that can be taken."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


def _row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        counts = {"found": len(cells), "wanted": len(columns)}
        raise Unreadable(Text("the line has {found} cells, the heading {wanted}", counts))
    if any("\N{REPLACEMENT CHARACTER}" in cell for cell in cells):
        raise Unreadable(Text("the line is no UTF-8"))
    found = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    if not found["station"] or not found["parameter"]:
        raise Unreadable(Text("station or parameter is missing"))
    status = found.get("status", "")
    if status not in STATUSES:
        raise Unreadable(Text("`{found}` is no status; 00, 01, 02 or empty", {"found": status}))
    time, value = read_time(found["time"]), read_value(found["value"])
    return Row(line, time, found["station"], found["parameter"], value, found["unit"], status or "00")


def read_time(written: str) -> datetime:
    """Return the moment that is written in ISO 8601 with its offset. Raises Unreadable."""
    try:
        time = datetime.fromisoformat(written)
        known = None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(Text("`{found}` is no ISO 8601 time", {"found": written})) from None
    if known is None:
        text = Text("`{found}` has no offset; write it as 2026-11-24T08:35:00+07:00", {"found": written})
        raise Unreadable(text)
    # Moved by an interval or into another zone it must still be a time.
    if not 1 < known.year < 9999:
        raise Unreadable(Text("`{found}` is no ISO 8601 time", {"found": written}))
    return known


def read_value(written: str) -> float | None:
    """Return the number that is written; None for nothing. Raises Unreadable."""
    if not written:
        return None
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    # Python takes 1_000 for a number, and nobody else does.
    if "_" in written or not math.isfinite(value):
        raise Unreadable(Text("`{found}` is no number", {"found": written}))
    return value


def import_file(
    path: Path, journal: Journal, registry: Registry, *, stamp: Literal["start", "end"] = "end",
    progress: Callable[[int], None] = lambda _: None,
) -> ImportResult:  # fmt: skip
    """Put a readings CSV into the journal, so that it goes the same way as messages do.

    Neighbouring lines of one station and time become one message. `stamp` says whether the file's times are the start
    of what each value averages; they are then moved by the interval. `progress` is told the lines done. A file that is
    damaged is taken up to there, and the rest is a bad line. Raises BadFile (nothing is taken) and JournalUnavailable.
    """
    result = ImportResult()
    batch: list[Incoming] = []
    rows = (_as_sent(row, registry, stamp) for row in _counted(read_rows(path, result), result, progress))
    for group in _groups(rows):
        topic, payload = message_of(group, registry)
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


def _as_sent(row: Row, registry: Registry, stamp: Literal["start", "end"]) -> Row:
    """Return the row with the time that its station would write; the door moves a start by the interval again."""
    station = registry.stations.get(row.station)
    if station is None or station.stamp == stamp or not registry.measurings(row.station, row.parameter):
        return row
    on = row.time.astimezone(registry.zone).date()
    interval = registry.interval(row.station, row.parameter, on) or timedelta(0)
    return replace(row, time=row.time + (interval if stamp == "start" else -interval))


def message_of(group: Sequence[Row], registry: Registry) -> tuple[str, bytes]:
    """Return topic and payload of the native message that says what `group` (of one station and time) says."""
    first = group[0]
    station = registry.stations.get(first.station)
    medium = station.medium if station else "air"
    values = {row.parameter: {"value": row.value, "unit": row.unit, "status": row.status} for row in group}
    body = {"time": first.time.astimezone(registry.zone), "values": values}
    return f"quantrac/{first.station}/{medium}", msgspec.json.encode(body)


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
            SeriesKey(station.id, parameter)
            for station in registry.stations.values()
            for parameter in station.measures
            if self.station in {None, station.id} and self.parameter in {None, parameter}
        ]


def export_readings(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write readings as CSV; return how many. Values are not rounded, times carry the registry's offset.

    What is computed of readings is left out, unless its parameter is named: the file can be imported again.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*COLUMNS, *_EXPORTED))
    count = 0
    series = [key for key in wanted.series(registry) if wanted.parameter or not registry.is_derived(key)]
    reach = store.reach(sorted({key.station for key in series}))
    for key in (one for one in series if one in reach):
        for part in _parts(_within(wanted.window, *reach[key])):
            rows = list(_reading_rows(key, store.read(key, part), registry))
            writer.writerows(rows)
            count += len(rows)
    return count


def _within(window: Window, first: datetime, last: datetime) -> Window:
    """Return what of `window` can hold readings, where they are from `first` to `last`."""
    return Window(max(window.start, first - timedelta(microseconds=1)), min(window.end, last))


def _parts(window: Window) -> Iterator[Window]:
    """Yield pieces of a window that are small enough to be held in memory."""
    start = window.start
    while start < window.end:
        end = min(start + timedelta(days=366), window.end)
        yield Window(start, end)
        start = end


def _reading_rows(key: SeriesKey, found: Series, registry: Registry) -> Iterator[tuple[object, ...]]:
    unit = registry.parameters[key.parameter].unit
    columns = (found.times, found.values, found.status, found.flags, found.reasons)
    for at, value, status, flag, reasons in zip(*(one.tolist() for one in columns), strict=True):
        why = " ".join(REASON_NAMES[one] for one in reasons_in(reasons))
        written = "" if flag == Flag.MISSING or math.isnan(value) else repr(value)
        yield _local(moment(at), registry), key.station, key.parameter, written, unit, f"{status:02d}", flag, why


_ROLLUP_COLUMNS = (
    "start", "end", "window", "station", "parameter", "value", "unit", "valid", "expected", "suspect", "min", "max",
    "sufficient", "state", "revision",
)  # fmt: skip


def export_rollups(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write windows as CSV, those without a value too; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_ROLLUP_COLUMNS)
    count = 0
    for kind in [wanted.kind] if wanted.kind else list(WindowKind):
        around = marks_ending_in(kind, wanted.window)
        for key in wanted.series(registry):
            points = store.read_rollups(kind, [key], around)[key]
            for point in (one for one in points if registry.is_current(kind, one.mark)):
                window = registry.window(kind, point.mark)
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


def export_verifications(wanted: Wanted, registry: Registry, engine: Engine, out: IO[str]) -> int:
    """Write which months of series are verified, and which fell back, as CSV; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((
        "month",
        "station",
        "parameter",
        "state",
        "verified_by",
        "verified_at",
        "note",
        "fallen_back_at",
        "cause",
    ))
    series = set(wanted.series(registry))
    count = 0
    for one in verifications.read(engine):
        whole = one.month.window(registry.zone)
        if one.series in series and whole.start < wanted.window.end and whole.end > wanted.window.start:
            fallen = "" if one.fallen_at is None else _local(one.fallen_at, registry)
            state = "verified" if one.holds else "provisional"
            writer.writerow((
                one.month, *one.series, state, one.verified_by, _local(one.verified_at, registry), one.note, fallen,
                one.cause or "",
            ))  # fmt: skip
            count += 1
    return count


_INDEX_COLUMNS = (
    "end", "window", "station", "index", "value", "level", "dominant", "concentration", "missing", "scheme",
)  # fmt: skip
_INDEX_KINDS = (WindowKind.HOUR, WindowKind.DAY)


def export_indices(wanted: Wanted, registry: Registry, store: ReadingStore, out: IO[str]) -> int:
    """Write index values as CSV, those too that could not be computed; return how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_INDEX_COLUMNS)
    stations = [one for one in registry.stations if wanted.station in {None, one}]
    count = 0
    for index in registry.province.indices:
        for kind in _INDEX_KINDS if wanted.kind is None else (wanted.kind,):
            for point in store.read_indices(index, kind, stations, marks_ending_in(kind, wanted.window)):
                end = registry.window(kind, point.mark).end
                if end in wanted.window:
                    writer.writerow(_index_row(point, end, registry))
                    count += 1
    return count


def _index_row(point: IndexPoint, end: datetime, registry: Registry) -> tuple[object, ...]:
    figures = ("" if one is None else one for one in (point.value, point.level, point.dominant))
    concentration = "" if point.concentration is None else repr(point.concentration)
    scheme = str(scheme_of(point.version, point.index))
    return (
        _local(end, registry), point.kind.value, point.station, point.index, *figures, concentration,
        " ".join(point.missing), scheme,
    )  # fmt: skip


_REVISION_COLUMNS = (
    "time", "station", "parameter", "value", "unit", "status", "old_value", "old_status", "noticed_at", "seq", "old_seq",
)  # fmt: skip


def export_revisions(wanted: Wanted, registry: Registry, engine: Engine, out: IO[str]) -> int:
    """Write readings that took another's place, with what they replaced, as CSV; return how many.

    By series and time of measurement, the oldest change first; those too of what is no longer configured.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_REVISION_COLUMNS)
    count = 0
    found = reading_revisions.read(engine, station=wanted.station, parameter=wanted.parameter, window=wanted.window)
    for one in found:
        writer.writerow(_revision_row(one, registry))
        count += 1
    return count


def _revision_row(one: ReadingRevision, registry: Registry) -> tuple[object, ...]:
    parameter = registry.parameters.get(one.parameter)
    new, old = ("" if value is None else repr(value) for value in (one.value, one.old_value))
    return (
        _local(one.measured_at, registry), one.station, one.parameter, new, parameter.unit if parameter else "",
        f"{one.status:02d}", old, f"{one.old_status:02d}", _local(one.noticed_at, registry), one.seq, one.old_seq,
    )  # fmt: skip


_ROLLUP_REVISION_COLUMNS = (
    "start", "end", "window", "station", "parameter", "unit", "revision", "old_value", "old_valid", "cause", "noticed_at",
)  # fmt: skip


def export_rollup_revisions(wanted: Wanted, registry: Registry, engine: Engine, out: IO[str]) -> int:
    """Write what figures were before they changed, and why they did, as CSV, by series; return how many changes.

    `revision` is the number of the figure that took the place of the old one.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_ROLLUP_REVISION_COLUMNS)
    count = 0
    for key in wanted.series(registry):
        for one in rollup_history.read(engine, *key):
            if wanted.kind in {None, one.kind} and registry.is_current(one.kind, one.mark):
                window = registry.window(one.kind, one.mark)
                if window.end in wanted.window:
                    writer.writerow(_rollup_revision_row(one, window, registry))
                    count += 1
    return count


def _rollup_revision_row(one: RollupRevision, window: Window, registry: Registry) -> tuple[object, ...]:
    old = "" if one.value is None else repr(one.value)
    return (
        _local(window.start, registry), _local(window.end, registry), one.kind, one.station, one.parameter,
        registry.parameters[one.parameter].unit, one.revision, old, one.valid, one.cause, _local(one.noticed_at, registry),
    )  # fmt: skip


def _local(at: datetime, registry: Registry) -> str:
    return at.astimezone(registry.zone).isoformat()


def replay(
    path: Path, registry: Registry, publish: Callable[[str, bytes], None], wait: Callable[[timedelta], None], *,
    speed: float, clock: Clock | None = None, progress: Callable[[int], None] = lambda _: None,
) -> ImportResult:  # fmt: skip
    """Publish a readings CSV in the order of time as the stations would, `speed` times as fast as it was measured.

    With `clock` each reading is stamped with the moment of that clock at which it is due to be published (the first one
    now, the others at their distances, as much shorter as the replay is faster than the clock); else times stay.
    `wait` is called with how long to pause, already divided by `speed`. Raises BadFile.
    """
    result = ImportResult()
    rows = sorted(_counted(read_rows(path, result), result, lambda _: None), key=lambda row: (row.time, row.station))
    stamped = _stamps(rows[0].time, speed, clock) if clock is not None and rows else lambda time: time
    before: datetime | None = None
    for group in _groups(rows):
        if before is not None and group[0].time > before:
            wait((group[0].time - before) / speed)
        before = group[0].time
        # As the station would write them, values whose intervals differ have different times.
        sent = [_as_sent(replace(row, time=stamped(row.time)), registry, "end") for row in group]
        for message in _groups(sorted(sent, key=lambda row: row.time)):
            publish(*message_of(message, registry))
            result.messages += 1
        progress(result.messages)
    return result


def _stamps(first: datetime, speed: float, clock: Clock) -> Callable[[datetime], datetime]:
    now, shorter = clock.now(), clock.speed / speed
    return lambda time: now + (time - first) * shorter
