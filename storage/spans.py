"""Spans of time that a job has yet to look at. A job takes them before it reads, and clears only what it took."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.cause import Cause
from domain.moment import micros, moment
from domain.reading import SeriesKey
from storage.state import next_number, upsert
from storage.tables import dirty, watermarks

DAY_US = 86_400_000_000

# Station, parameter, UTC day, first and last moment in µs, cause: what is merged into what waits.
Piece: TypeAlias = tuple[str, str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class DirtySpan:
    """From `first_at` to `last_at`, both included, within one UTC day; `number` says which change it is of."""

    consumer: str
    series: SeriesKey
    day: int
    first_at: datetime
    last_at: datetime
    number: int
    cause: Cause = Cause.NONE

    @property
    def piece(self) -> Piece:
        """It as it is merged."""
        return (*self.series, self.day, micros(self.first_at), micros(self.last_at), int(self.cause))


def take(
    engine: Engine, consumer: str, limit: int = 10_000, *, but: Collection[SeriesKey] = ()
) -> list[DirtySpan]:  # fmt: skip
    """Return the spans that wait for `consumer`, oldest change first, `but` of some series; they stay until cleared.

    Of one change the days of a series come together: they can be worked on at once.
    """
    order = (dirty.c.number, dirty.c.station, dirty.c.parameter, dirty.c.day)
    query = sa.select(dirty).where(dirty.c.consumer == consumer).order_by(*order).limit(limit)
    if but:
        query = query.where(sa.tuple_(dirty.c.station, dirty.c.parameter).not_in([tuple(one) for one in but]))
    with engine.connect() as connection:
        return [_span(row) for row in connection.execute(query)]


def take_by_station(
    engine: Engine, consumer: str, limit: int, *, but: Collection[str] = ()
) -> list[DirtySpan]:  # fmt: skip
    """Return all spans of a few stations that wait for `consumer`, about `limit` together, `but` of some stations.

    Stations of which newer days wait come first; of one that has more than `limit` the newest are returned.
    """
    mine, table = [dirty.c.consumer == consumer], dirty.c
    if but:
        mine.append(table.station.not_in(sorted(but)))
    newest_first = (sa.func.max(table.day).desc(), sa.func.min(table.number))
    each = sa.select(table.station, sa.func.count()).where(*mine).group_by(table.station).order_by(*newest_first)
    with engine.connect() as connection:
        rows = connection.execute(each.limit(limit)).all()
        before = accumulate((row[1] for row in rows), initial=0)
        stations = [
            row[0] for row, earlier in zip(rows, before, strict=False) if earlier + row[1] <= limit or not earlier
        ]
        query = sa.select(dirty).where(*mine, table.station.in_(stations)).order_by(table.day.desc(), table.number)
        return [_span(row) for row in connection.execute(query.limit(limit))]


def _span(row: sa.Row[Any]) -> DirtySpan:
    return DirtySpan(
        row.consumer, SeriesKey(row.station, row.parameter), row.day,
        moment(row.first_at), moment(row.last_at), row.number, Cause(row.cause),
    )  # fmt: skip


def mark(
    connection: Connection, consumer: str, spans: Iterable[tuple[SeriesKey, datetime, datetime]],
    cause: Cause = Cause.NONE,
) -> None:  # fmt: skip
    """Leave spans (first and last moment included) for `consumer`, in the connection's transaction."""
    merge(connection, consumer, (piece for key, first, last in spans for piece in _by_day(key, first, last, cause)))


def _by_day(key: SeriesKey, first: datetime, last: datetime, cause: Cause) -> Iterable[Piece]:
    begin, end = micros(first), micros(last)
    for day in range(begin // DAY_US, end // DAY_US + 1):
        yield (*key, day, max(begin, day * DAY_US), min(end, (day + 1) * DAY_US - 1), int(cause))


def merge(connection: Connection, consumer: str, pieces: Iterable[Piece]) -> None:
    """Merge pieces into what waits for `consumer`, under a new number."""
    found = list(pieces)
    if not found:
        return
    number = next_number(connection, "dirty")
    names = ("station", "parameter", "day", "first_at", "last_at", "cause")
    rows = (
        {**dict(zip(names, piece, strict=True)), "consumer": consumer, "number": number}
        for piece in found
    )  # fmt: skip
    upsert(connection, dirty, rows, _wider)


def _wider(new: Any) -> dict[str, Any]:
    return {
        "first_at": sa.case((new.first_at < dirty.c.first_at, new.first_at), else_=dirty.c.first_at),
        "last_at": sa.case((new.last_at > dirty.c.last_at, new.last_at), else_=dirty.c.last_at),
        "number": new.number,
    }


def clear(connection: Connection, taken: Sequence[DirtySpan]) -> None:
    """Forget what was taken, except where something came since: then the number is another."""
    names = ("consumer", "station", "parameter", "day", "cause", "number")
    condition = sa.and_(*(dirty.c[name] == sa.bindparam(f"b_{name}") for name in names))
    rows = [
        {
            "b_consumer": one.consumer, "b_station": one.series.station, "b_parameter": one.series.parameter,
            "b_day": one.day, "b_cause": int(one.cause), "b_number": one.number,
        }
        for one in taken
    ]  # fmt: skip
    if rows:
        connection.execute(sa.delete(dirty).where(condition), rows)


def held_reaches(connection: Connection, held: str) -> dict[SeriesKey, tuple[datetime, datetime]]:
    """Return from when to when each series has spans under the name `held`."""
    columns = (dirty.c.station, dirty.c.parameter)
    query = sa.select(*columns, sa.func.min(dirty.c.first_at), sa.func.max(dirty.c.last_at))
    rows = connection.execute(query.where(dirty.c.consumer == held).group_by(*columns)).all()
    return {SeriesKey(row[0], row[1]): (moment(row[2]), moment(row[3])) for row in rows}


def hand_over(connection: Connection, held: str, *consumers: str) -> None:
    """Let `consumers` see the spans that were left under the name `held`."""
    mine = dirty.c.consumer == held
    pieces = [_span(row).piece for row in connection.execute(sa.select(dirty).where(mine))]
    for consumer in consumers:
        merge(connection, consumer, pieces)
    connection.execute(sa.delete(dirty).where(mine))


def waiting(engine: Engine) -> dict[str, int]:
    """Return how many spans wait for each consumer that has any."""
    query = sa.select(dirty.c.consumer, sa.func.count()).group_by(dirty.c.consumer)
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def watermark(engine: Engine, job: str) -> datetime | None:
    """Return up to when `job` has done everything, None before its first run."""
    with engine.connect() as connection:
        found = connection.execute(sa.select(watermarks.c.moment).where(watermarks.c.job == job)).scalar()
    return None if found is None else moment(found)


def set_watermark(connection: Connection, job: str, at: datetime) -> None:
    """Note that `job` has done everything up to `at`."""
    upsert(connection, watermarks, [{"job": job, "moment": micros(at)}], lambda new: {"moment": new.moment})


def day_number(at: datetime) -> int:
    """Return the UTC day of `at` as the tables number it."""
    return micros(at) // DAY_US
