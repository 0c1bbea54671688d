"""What verifying a month means to its figures: they carry it, and the month falls back where one of them changes.

The roller lets a month fall in the transaction in which it notes what has changed; a step of its own behind it, the only
other writer of windows, then carries what holds now into every window of the month. A stop anywhere is made up for: the
months that wait stand with the dirty spans.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Engine

from analysis.causes import Causes
from analysis.meeting import Change
from analysis.rollups import meets
from domain.moment import micros, moment
from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import RollupPoint, RollupState
from domain.window import LENGTHS, LONGEST_DAY, Window, WindowKind
from registry.lookup import Registry
from registry.schema import Policies
from storage import spans, verifications
from storage.readings import ReadingStore
from storage.spans import DirtySpan
from storage.state import writing
from storage.verifications import SeriesMonth
from storage.windows import Windows

log = structlog.get_logger(__name__)

CONSUMER = "verify"
# Of whole months and less: what is longer is verified by nobody as such.
_KINDS = tuple(kind for kind in WindowKind if kind not in {WindowKind.SEASON, WindowKind.YEAR})
_SPANS = 1_000
# So many series' months are held in memory at once.
_TOGETHER = 50


def let_fall(
    connection: Connection, written: Sequence[Windows], changes: Sequence[Change], causes: Causes, zone: ZoneInfo,
    at: datetime,
) -> None:  # fmt: skip
    """Let the verified months fall in which windows are new or have another figure, and leave their others to say so.

    `written` are those that are new or changed: a figure that is no longer what it was is provisional among them.
    """
    some = [one for one in written if one.kind in _KINDS]
    holding = _holding(connection, some, zone) if some else {}
    known = {_identity(after): (before, after) for before, after in changes} if holding else {}
    for one in some:
        for month in tuple(holding.get(one.series, ())):
            places = np.flatnonzero(_within(one, month, zone) & (one.state == RollupState.PROVISIONAL))
            if len(places):
                holding[one.series].remove(month)
                first = one.at(places[:1]).points()[0]
                change = known.get(_identity(first))
                why = "late" if change is None else causes.word(*change)
                verifications.let_fall(connection, (one.series, month), first, cause=why, at=at)
                log.warning(
                    "verified month fell back",
                    station=one.series.station,
                    parameter=one.series.parameter,
                    month=str(month),
                    cause=why,
                )
                mark(connection, [(one.series, month)], zone)


def _holding(connection: Connection, some: Sequence[Windows], zone: ZoneInfo) -> dict[SeriesKey, set[Month]]:
    first, last = min(int(one.marks[0]) for one in some), max(int(one.marks[-1]) for one in some)
    # A day is marked by its beginning, which is another month's end.
    months = Month.of(moment(first), zone), Month.of(moment(last) + LONGEST_DAY, zone)
    found: dict[SeriesKey, set[Month]] = {}
    for series, month in verifications.holding(connection, *months):
        found.setdefault(series, set()).add(month)
    return found


def _identity(one: RollupPoint) -> tuple[object, ...]:
    return one.station, one.parameter, one.kind, one.mark


def _within(some: Windows, month: Month, zone: ZoneInfo) -> NDArray[np.bool_]:
    """Tell which windows belong to `month`: those that end in it."""
    whole = month.window(zone)
    start, end = micros(whole.start), micros(whole.end)
    if some.kind in LENGTHS:
        return (some.marks > start) & (some.marks <= end)
    return (some.marks >= start) & (some.marks < end)


def mark(connection: Connection, keys: Iterable[SeriesMonth], zone: ZoneInfo) -> None:
    """Leave months whose state has changed for their windows to carry it; the end of each stands for it."""
    ends = ((series, month.window(zone).end) for series, month in keys)
    spans.mark(connection, CONSUMER, ((series, end, end) for series, end in ends))


class MonthStates:
    """Carries into the stored windows whether their month is verified."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine) -> None:
        """Nothing is read before the first run."""
        self._zone = registry.zone
        self._store = store
        self._engine = engine

    def run(self) -> int:
        """Write what differs; return how many windows did. Raises StoreUnavailable."""
        written = 0
        while taken := spans.take(self._engine, CONSUMER, _SPANS):
            written += sum(self._carry(month, keys) for month, keys in self._months(taken))
            with writing(self._engine) as connection:
                spans.clear(connection, taken)
        return written

    def _months(self, taken: Iterable[DirtySpan]) -> Iterator[tuple[Month, list[SeriesKey]]]:
        found: dict[Month, set[SeriesKey]] = {}
        for span in taken:
            found.setdefault(Month.of(span.last_at, self._zone), set()).add(span.series)
        for month, keys in found.items():
            ordered = sorted(keys)
            yield from ((month, ordered[begin : begin + _TOGETHER]) for begin in range(0, len(ordered), _TOGETHER))

    def _carry(self, month: Month, keys: Sequence[SeriesKey]) -> int:
        with self._engine.connect() as connection:
            holds = {series for series, _ in verifications.holding(connection, month, month)}
        changed = [
            replace(one, state=np.full(len(one), _state(one, holds), np.int64))
            for some in _windows_of(self._store, keys, month, self._zone)
            if len(one := some.at(some.state != _state(some, holds)))
        ]
        self._store.write_windows(changed)
        return sum(map(len, changed))


def _state(some: Windows, holds: set[SeriesKey]) -> RollupState:
    return RollupState.VERIFIED if some.series in holds else RollupState.PROVISIONAL


def _windows_of(
    store: ReadingStore, keys: Sequence[SeriesKey], month: Month, zone: ZoneInfo
) -> Iterator[Windows]:  # fmt: skip
    whole = month.window(zone)
    marks = Window(whole.start - LONGEST_DAY, whole.end)
    for kind in _KINDS:
        for some in store.read_windows(kind, keys, marks).values():
            yield some.at(_within(some, month, zone))


def windows_of(
    store: ReadingStore, keys: Sequence[SeriesKey], month: Month, zone: ZoneInfo
) -> dict[SeriesKey, list[RollupPoint]]:
    """Return every stored window that belongs to `month`. Raises StoreUnavailable."""
    found: dict[SeriesKey, list[RollupPoint]] = {key: [] for key in keys}
    for some in _windows_of(store, keys, month, zone):
        found[some.series] += some.points()
    return found


@dataclass(frozen=True, slots=True)
class Review:
    """What whoever verifies a month has to know of the windows of one kind."""

    kind: WindowKind
    windows: int
    empty: int  # without a value
    insufficient: int  # with one, by too few for the capture policy
    suspect: int  # with a share of suspect values above the policy


def review(points: Iterable[RollupPoint], policies: Policies) -> list[Review]:
    """Return, for each kind of window, how many are empty, insufficient or suspect."""
    found: dict[WindowKind, list[RollupPoint]] = {}
    for point in points:
        found.setdefault(point.kind, []).append(point)
    return list(_reviewed(found, policies))


def _reviewed(found: dict[WindowKind, list[RollupPoint]], policies: Policies) -> Iterator[Review]:
    for kind, points in found.items():
        valued = [one for one in points if one.value is not None]
        insufficient = sum(not meets(one.valid, one.expected, policies.capture) for one in valued)
        suspect = sum(one.suspect > policies.suspect_share * one.valid for one in valued)
        yield Review(kind, len(points), len(points) - len(valued), insufficient, suspect)
