"""Readings into stores as the pipeline leaves them, without messages: for tests of the jobs that come after it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.engine import Engine

from domain.reading import Reading, SeriesKey
from storage.ledger import BatchNotes, Ledger
from storage.readings import ReadingStore
from storage.spans import day_number, hand_over
from storage.state import writing


def feed(
    readings: Iterable[Reading], store: ReadingStore, engine: Engine, at: datetime, *, flagged: bool = False
) -> None:
    """Write readings and release their spans; `flagged`: as though the flagger had found nothing to change."""
    batch = list(readings)
    spans: dict[tuple[SeriesKey, int], tuple[datetime, datetime]] = {}
    for one in batch:
        key = (one.series, day_number(one.measured_at))
        first, last = spans.get(key, (one.measured_at, one.measured_at))
        spans[key] = (min(first, one.measured_at), max(last, one.measured_at))
    notes = BatchNotes(cursor=max(one.seq for one in batch), at=at, spans=spans)
    ledger = Ledger(engine, "main")
    ledger.note(notes)
    store.write(batch)
    ledger.release(notes)
    if flagged:
        with writing(engine) as connection:
            hand_over(connection, "flag", "derive", "roll")
