"""The calendar of maintenance works backwards: what has changed of it since it was last applied is judged again."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Engine

from domain.cause import Cause
from domain.moment import micros
from domain.reading import SeriesKey
from registry.calendar import Closed
from registry.lookup import Registry
from storage import spans
from storage import upkeep as kept
from storage.spans import DAY_US, Piece
from storage.state import writing
from storage.tables import series as series_table

log = structlog.get_logger(__name__)


def apply(engine: Engine, registry: Registry, at: datetime) -> int:
    """Leave what the calendar says otherwise than when it was last applied to be judged; return of how many spans."""
    known: dict[kept.Row, Closed] = {
        (*one.series, one.after, one.until, int(one.status)): one
        for closed in registry.calendar.spans.values()
        for one in closed
    }
    with engine.connect() as connection:
        if kept.applied(connection) == known.keys():
            return 0
    with writing(engine) as connection:
        before = kept.applied(connection)
        new, gone = known.keys() - before, before - known.keys()
        said = ((row, known[row].who, known[row].why) for row in sorted(new))
        kept.note(connection, said, sorted(gone), micros(at))
        spans.merge(connection, "flag", _pieces(connection, {*new, *gone}))
    log.info("calendar of maintenance applied", new=len(new), gone=len(gone))
    return len(new) + len(gone)


def _pieces(connection: Connection, rows: set[kept.Row]) -> Iterator[Piece]:
    """Yield, day by day, what there are readings of in the spans of `rows`."""
    found = connection.execute(sa.select(series_table)).all()
    reach = {SeriesKey(one.station, one.parameter): (one.first_at, one.last_at) for one in found}
    for station, parameter, after, until, _ in sorted(rows):
        there = reach.get(SeriesKey(station, parameter))
        if there is None:
            continue
        first, last = max(after + 1, there[0]), min(until, there[1])
        for day in range(first // DAY_US, last // DAY_US + 1) if first <= last else ():
            ends = max(first, day * DAY_US), min(last, (day + 1) * DAY_US - 1)
            yield (station, parameter, day, *ends, int(Cause.CALENDAR))
