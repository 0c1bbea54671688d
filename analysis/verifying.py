"""What verifying a month means to its figures: they carry it, and the month falls back where one of them changes.

The roller lets a month fall in the transaction in which it notes what has changed; a step of its own behind it, the only
other writer of windows, then carries what holds now into every window of the month. A stop anywhere is made up for: the
months that wait stand with the dirty spans.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy.engine import Connection, Engine

from analysis.rollups import meets
from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import RollupPoint, RollupState
from domain.window import LONGEST_DAY, Window, WindowKind
from registry.lookup import Registry
from registry.schema import Policies
from storage import spans, verifications
from storage.readings import ReadingStore
from storage.spans import DirtySpan
from storage.state import writing

log = structlog.get_logger(__name__)

CONSUMER = "verify"
# Longer than a month: verified by nobody as such.
_LONGER = frozenset({"season", "year"})
_BY_END = frozenset({"hour", "hour8", "hour24"})
_MICROSECOND = timedelta(microseconds=1)
_SPANS = 1_000
# So many series' months are held in memory at once.
_TOGETHER = 50

# A figure as it was, None where there was none, and as it is.
Moved: TypeAlias = tuple[RollupPoint | None, RollupPoint]


def let_fall(
    connection: Connection, moved: Sequence[Moved], cause: Callable[[RollupPoint, RollupPoint], str], zone: ZoneInfo,
    at: datetime,
) -> None:  # fmt: skip
    """Let the verified months fall in which figures have moved, and leave their windows to be marked so."""
    holding = _holding(connection, moved, zone)
    if not holding:
        return
    for before, after in moved:
        key = SeriesKey(after.station, after.parameter), month_of(after, zone)
        if key in holding:
            holding.remove(key)
            why = "late" if before is None else cause(before, after)
            verifications.let_fall(connection, key, after, cause=why, at=at)
            mark(connection, [key], zone)
            log.warning("verified month fell back", series=key[0], month=str(key[1]), cause=why)


def _holding(connection: Connection, moved: Sequence[Moved], zone: ZoneInfo) -> set[verifications.SeriesMonth]:
    marks = [after.mark for _, after in moved if after.kind.value not in _LONGER]
    if not marks:
        return set()
    # A day is marked by its beginning, which is another month's end.
    return verifications.holding(connection, Month.of(min(marks), zone), Month.of(max(marks) + LONGEST_DAY, zone))


def month_of(point: RollupPoint, zone: ZoneInfo) -> Month:
    """Return the local month to which a window belongs: that in which it ends."""
    return Month.of(point.mark if point.kind.value in _BY_END else point.mark + _MICROSECOND, zone)


def mark(connection: Connection, keys: Iterable[verifications.SeriesMonth], zone: ZoneInfo) -> None:
    """Leave months whose state has changed for their windows to carry it."""
    windows = ((series, month.window(zone)) for series, month in keys)
    spans.mark(connection, CONSUMER, ((series, one.start + _MICROSECOND, one.end) for series, one in windows))


class MonthStates:
    """Carries into the stored windows whether their month is verified."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
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
            found.setdefault(Month.of(span.last_at, self._registry.zone), set()).add(span.series)
        for month, keys in found.items():
            ordered = sorted(keys)
            yield from ((month, ordered[begin : begin + _TOGETHER]) for begin in range(0, len(ordered), _TOGETHER))

    def _carry(self, month: Month, keys: Sequence[SeriesKey]) -> int:
        with self._engine.connect() as connection:
            holds = {series for series, _ in verifications.holding(connection, month, month)}
        states = {key: RollupState.VERIFIED if key in holds else RollupState.PROVISIONAL for key in keys}
        changed = [
            msgspec.structs.replace(point, state=states[key])
            for key, points in windows_of(self._store, keys, month, self._registry.zone).items()
            for point in points
            if point.state != states[key]
        ]
        self._store.write_rollups(changed)
        return len(changed)


def windows_of(
    store: ReadingStore, keys: Sequence[SeriesKey], month: Month, zone: ZoneInfo
) -> dict[SeriesKey, list[RollupPoint]]:
    """Return every stored window that belongs to `month`. Raises StoreUnavailable."""
    whole = month.window(zone)
    marks = Window(whole.start - LONGEST_DAY, whole.end)
    found: dict[SeriesKey, list[RollupPoint]] = {key: [] for key in keys}
    for kind in WindowKind:
        if kind.value not in _LONGER:
            for key, points in store.read_rollups(kind, keys, marks).items():
                found[key] += [one for one in points if month_of(one, zone) == month]
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
