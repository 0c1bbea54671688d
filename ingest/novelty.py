"""Which readings of a batch are new, which change a stored one, and which only say again what is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain

from analysis.apart import apart
from domain.reading import Reading, SeriesKey
from domain.window import Window
from storage.ledger import RevisionRow
from storage.readings import QuestionRefused, ReadingStore

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_JUST_BEFORE = timedelta(microseconds=1)

Reach = Mapping[SeriesKey, tuple[datetime, datetime]]
Identity = tuple[SeriesKey, datetime]


@dataclass(slots=True)
class Changes:
    """What a batch changes: readings to write, revisions, spans by UTC day and series, and counts by message.

    `unjudged` are readings that cannot be compared with what is stored, each with the store's word on it.
    """

    readings: dict[Identity, Reading] = field(default_factory=dict)
    revisions: list[RevisionRow] = field(default_factory=list)
    days: dict[int, dict[SeriesKey, tuple[datetime, datetime]]] = field(default_factory=dict)
    stored: dict[int, int] = field(default_factory=dict)
    revised: dict[int, int] = field(default_factory=dict)
    unjudged: list[tuple[Reading, str]] = field(default_factory=list)

    @property
    def spans(self) -> dict[tuple[SeriesKey, int], tuple[datetime, datetime]]:
        """First and last moment of what changes, by series and UTC day."""
        return {(series, day): span for day, spans in self.days.items() for series, span in spans.items()}

    def mark(self, series: SeriesKey, moment: datetime) -> None:
        """Widen the span of `series` to hold `moment`."""
        spans = self.days.setdefault(moment.toordinal() - _FIRST_DAY, {})
        known = spans.get(series)
        if known is None:
            spans[series] = (moment, moment)
        elif moment > known[1]:
            spans[series] = (known[0], moment)
        elif moment < known[0]:
            spans[series] = (moment, known[1])

    def forget(self, reading: Reading) -> None:
        """Count `reading` no longer: it was not stored after all."""
        changing = any(one.new is reading for one in self.revisions)
        counts = self.revised if changing else self.stored
        counts[reading.seq] -= 1


def judge(messages: Iterable[Sequence[Reading]], reach: Reach, store: ReadingStore) -> Changes:
    """Return what the readings of each of `messages` (in their order) change. Raises StoreUnavailable.

    `reach` says how far each series' stored readings go: what is later is new without looking, the rest is looked up
    in one read. Of two that differ the greater `seq` counts, in whatever order they are met.
    """
    batch = list(messages)
    windows = _windows(batch, reach)
    stored, silent = stored_in(windows, store)
    known: dict[Identity, Reading] = {(one.series, one.measured_at): one for one in stored}
    changes = Changes()
    if silent:
        batch = [_comparable(readings, windows, silent, changes) for readings in batch]
    for readings in batch:
        if readings:
            _take(readings, known, changes)
    return changes


def _windows(batch: list[Sequence[Reading]], reach: Reach) -> dict[SeriesKey, Window]:
    """Return, for each series, the window of its readings that may be stored already."""
    spans: dict[SeriesKey, tuple[datetime, datetime]] = {}
    for one in chain.from_iterable(batch):
        series, moment = one.series, one.measured_at
        known = reach.get(series)
        if known is not None and moment <= known[1]:
            first, last = spans.get(series, (moment, moment))
            spans[series] = (min(first, moment), max(last, moment))
    return {series: Window(first - _JUST_BEFORE, last) for series, (first, last) in spans.items()}


def stored_in(windows: Mapping[SeriesKey, Window], store: ReadingStore) -> tuple[list[Reading], dict[SeriesKey, str]]:
    """Return what is stored in `windows`, and the series about which the store answers no question, with its word.

    Raises StoreUnavailable where it answers none at all.
    """
    found: list[Reading] = []
    silent: dict[SeriesKey, str] = {}

    def failed(one: tuple[SeriesKey, Window], error: Exception) -> None:
        if not isinstance(error, QuestionRefused):
            raise error
        store.ping()  # raises where the store answers no question at all: then it is away
        silent[one[0]] = str(error)

    apart(list(windows.items()), lambda some: found.extend(store.find(dict(some))), failed)
    return found, silent


def _comparable(
    readings: Sequence[Reading], windows: dict[SeriesKey, Window], silent: dict[SeriesKey, str], changes: Changes
) -> list[Reading]:
    """Return the readings of a message but for those that would have to be compared with a `silent` series."""
    kept: list[Reading] = []
    for one in readings:
        if one.series in silent and one.measured_at <= windows[one.series].end:
            changes.unjudged.append((one, silent[one.series]))
        else:
            kept.append(one)
    return kept


def _take(readings: Sequence[Reading], known: dict[Identity, Reading], changes: Changes) -> None:
    """Note what the readings of one message change; `known` is what was stored before the batch."""
    new, taken = 0, changes.readings
    for reading in readings:
        identity = (reading.series, reading.measured_at)
        before = taken.get(identity) or (known.get(identity) if known else None)
        # The same seq is this very message, written by an attempt that did not come to its end: it is done once more.
        if before is None or before.seq == reading.seq:
            new += 1
        elif not _replaces(reading, before, changes):
            continue
        taken[identity] = reading
        changes.mark(*identity)
    changes.stored[readings[0].seq] = new


def _replaces(reading: Reading, before: Reading, changes: Changes) -> bool:
    """Tell whether `reading` takes the place of another with its identity; note the revision where they differ."""
    if (before.value, before.status) == (reading.value, reading.status):
        return False
    older, newer = (before, reading) if reading.seq > before.seq else (reading, before)
    changes.revisions.append(RevisionRow(new=newer, old=older))
    changes.revised[reading.seq] = changes.revised.get(reading.seq, 0) + 1
    return newer is reading
