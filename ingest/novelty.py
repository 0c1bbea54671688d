"""Which readings of a batch are new, which change a stored one, and which only say again what is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.reading import Reading, SeriesKey
from domain.window import Window
from storage.ledger import RevisionRow
from storage.readings import ReadingStore

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_JUST_BEFORE = timedelta(microseconds=1)

Reach = Mapping[SeriesKey, tuple[datetime, datetime]]
Identity = tuple[SeriesKey, datetime]


@dataclass(slots=True)
class Changes:
    """What a batch changes: readings to write, revisions, spans by series and UTC day, and counts by message."""

    readings: dict[Identity, Reading] = field(default_factory=dict)
    revisions: list[RevisionRow] = field(default_factory=list)
    spans: dict[tuple[SeriesKey, int], tuple[datetime, datetime]] = field(default_factory=dict)
    stored: dict[int, int] = field(default_factory=dict)
    revised: dict[int, int] = field(default_factory=dict)

    def forget(self, reading: Reading) -> None:
        """Count `reading` no longer: it was not stored after all."""
        changing = any(one.new is reading for one in self.revisions)
        counts = self.revised if changing else self.stored
        counts[reading.seq] -= 1


def judge(readings: Iterable[Reading], reach: Reach, store: ReadingStore) -> Changes:
    """Return what `readings` (in the order of their messages) change. Raises StoreUnavailable.

    `reach` says how far each series' stored readings go: what is later is new without looking, the rest is looked up
    in one read. Of two that differ the greater `seq` counts, in whatever order they are met.
    """
    batch = list(readings)
    known: dict[Identity, Reading] = {
        (one.series, one.measured_at): one for one in _stored(_windows(batch, reach), store)
    }
    changes = Changes()
    for reading in batch:
        _take(reading, known, changes)
    return changes


def _windows(batch: list[Reading], reach: Reach) -> dict[SeriesKey, Window]:
    """Return, for each series, the window of its readings that may be stored already."""
    spans: dict[SeriesKey, tuple[datetime, datetime]] = {}
    for one in batch:
        series, moment = one.series, one.measured_at
        known = reach.get(series)
        if known is not None and moment <= known[1]:
            first, last = spans.get(series, (moment, moment))
            spans[series] = (min(first, moment), max(last, moment))
    return {series: Window(first - _JUST_BEFORE, last) for series, (first, last) in spans.items()}


def _stored(windows: dict[SeriesKey, Window], store: ReadingStore) -> list[Reading]:
    return store.find(windows) if windows else []


def _take(reading: Reading, known: dict[Identity, Reading], changes: Changes) -> None:
    identity = (reading.series, reading.measured_at)
    before = known.get(identity)
    # The same seq is this very message, written by an attempt that did not come to its end: it is done once more.
    if before is None or before.seq == reading.seq:
        changes.stored[reading.seq] = changes.stored.get(reading.seq, 0) + 1
    elif (before.value, before.status) == (reading.value, reading.status):
        return
    else:
        older, newer = (before, reading) if reading.seq > before.seq else (reading, before)
        changes.revisions.append(RevisionRow(new=newer, old=older))
        changes.revised[reading.seq] = changes.revised.get(reading.seq, 0) + 1
        if newer is before:
            return
    known[identity] = changes.readings[identity] = reading
    _mark(identity, changes)


def _mark(identity: Identity, changes: Changes) -> None:
    series, moment = identity
    key = (series, moment.toordinal() - _FIRST_DAY)
    known = changes.spans.get(key)
    if known is None:
        changes.spans[key] = (moment, moment)
    elif moment > known[1]:
        changes.spans[key] = (known[0], moment)
    elif moment < known[0]:
        changes.spans[key] = (moment, known[1])
