"""Readings that were replaced by a later message with another value or status."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.moment import micros, moment
from domain.reading import Status
from domain.window import Window
from storage.tables import revisions


@dataclass(frozen=True, slots=True)
class ReadingRevision:
    """What a reading was before and after the message `seq`; values in the canonical unit, None where missing."""

    station: str
    parameter: str
    measured_at: datetime
    old_value: float | None
    old_status: Status
    old_seq: int
    value: float | None
    status: Status
    seq: int
    noticed_at: datetime


def read(
    engine: Engine, *, station: str | None = None, parameter: str | None = None, window: Window | None = None
) -> Iterator[ReadingRevision]:
    """Yield revisions of readings measured in `window`, by series and time, the oldest change first.

    What is left out means all. Only some of them are held in memory at a time.
    """
    table = revisions.c
    conditions = [
        *([table.station == station] if station is not None else []),
        *([table.parameter == parameter] if parameter is not None else []),
        *([table.measured_at > micros(window.start), table.measured_at <= micros(window.end)] if window else []),
    ]
    query = sa.select(revisions).where(*conditions)
    ordered = query.order_by(table.station, table.parameter, table.measured_at, table.seq, table.old_seq)
    with engine.connect().execution_options(yield_per=1_000) as connection:
        yield from map(_revision, connection.execute(ordered))


def _revision(row: sa.Row[tuple[object, ...]]) -> ReadingRevision:
    return ReadingRevision(
        row.station, row.parameter, moment(row.measured_at),
        row.old_value, Status(row.old_status), row.old_seq,
        row.value, Status(row.status), row.seq, moment(row.noticed_at),
    )  # fmt: skip
