"""What a start finds changed in the configuration of quality control since the last one.

The calendar of maintenance works backwards: what has changed of it is judged again. The checks do not: what was judged by
other ones stays until somebody recomputes it, so that no figure of the past changes unasked; that they have changed is on
record, and every reading says by which version it was judged.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Engine

from domain.cause import Cause
from domain.moment import micros
from domain.reading import SeriesKey
from quality.assess import CHECKS_VERSION
from quality.settings import checks_of
from registry.calendar import Closed
from registry.lookup import Registry
from storage import spans
from storage import upkeep as kept
from storage.spans import DAY_US, Piece
from storage.state import upsert, writing
from storage.tables import audit, counters
from storage.tables import series as series_table

log = structlog.get_logger(__name__)

# Under which name of the state's counters the checks of the last start are kept.
_CHECKS = "checks"


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


def note_checks(engine: Engine, registry: Registry, at: datetime) -> bool:
    """Note in the audit where checks or their settings are others than at the last start; tell whether they are."""
    now = _digest(registry)
    with writing(engine) as connection:
        before = connection.execute(sa.select(counters.c.value).where(counters.c.name == _CHECKS)).scalar()
        upsert(connection, counters, [{"name": _CHECKS, "value": now}], lambda new: {"value": new.value})
        if before in {None, now}:
            return False
        note = f"version {CHECKS_VERSION}; what was judged before stays until it is recomputed"
        said = {"at": micros(at), "who": "quantrac", "what": "checks changed", "subject": "flags", "note": note}
        connection.execute(sa.insert(audit), said)
    log.warning("checks have changed: what was judged before stays so until quantrac recompute", version=CHECKS_VERSION)
    return True


def _digest(registry: Registry) -> int:
    """Return 63 bits of the version and of the checks of every series."""
    digest = hashlib.sha256(str(CHECKS_VERSION).encode())
    for station in sorted(registry.stations):
        for parameter in registry.stations[station].measures:
            for measuring in registry.measurings(station, parameter):
                checks = checks_of(registry, station, parameter, measuring.valid_from)
                digest.update(f"{station} {parameter} {measuring.valid_from} {checks}".encode())
    return int.from_bytes(digest.digest()[:8], "big") >> 1
