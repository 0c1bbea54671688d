"""Spans of time that a job has yet to look at. A job takes them before it reads, and clears only what it took."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.moment import micros, moment
from domain.reading import SeriesKey
from storage.state import next_number, upsert
from storage.tables import dirty, watermarks

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class DirtySpan:
    """From `first_at` to `last_at`, both included, within one UTC day; `number` says which change it is of."""

    consumer: str
    series: SeriesKey
    day: int
    first_at: datetime
    last_at: datetime
    number: int


def take(
    engine: Engine, consumer: str, limit: int = 10_000, *, but: Collection[SeriesKey] = ()
) -> list[DirtySpan]:  # fmt: skip
    """Return the spans that wait for `consumer`, oldest change first, `but` of some series; they stay until cleared."""
    query = sa.select(dirty).where(dirty.c.consumer == consumer).order_by(dirty.c.number, dirty.c.day).limit(limit)
    if but:
        query = query.where(sa.tuple_(dirty.c.station, dirty.c.parameter).not_in([tuple(one) for one in but]))
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        DirtySpan(
            consumer, SeriesKey(row.station, row.parameter), row.day,
            moment(row.first_at), moment(row.last_at), row.number,
        )
        for row in rows
    ]  # fmt: skip


def mark(connection: Connection, consumer: str, spans: Iterable[tuple[SeriesKey, datetime, datetime]]) -> None:
    """Leave spans (first and last moment included) for `consumer`, in the connection's transaction."""
    merge(connection, consumer, (piece for key, first, last in spans for piece in _by_day(key, first, last)))


def _by_day(key: SeriesKey, first: datetime, last: datetime) -> Iterable[tuple[str, str, int, int, int]]:
    begin, end = micros(first), micros(last)
    for day in range(begin // DAY_US, end // DAY_US + 1):
        yield (*key, day, max(begin, day * DAY_US), min(end, (day + 1) * DAY_US - 1))


def merge(connection: Connection, consumer: str, pieces: Iterable[tuple[str, str, int, int, int]]) -> None:
    """Merge (station, parameter, day, first µs, last µs) into what waits for `consumer`, under a new number."""
    found = list(pieces)
    if not found:
        return
    number = next_number(connection, "dirty")
    names = ("station", "parameter", "day", "first_at", "last_at")
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
    names = ("consumer", "station", "parameter", "day", "number")
    condition = sa.and_(*(dirty.c[name] == sa.bindparam(f"b_{name}") for name in names))
    rows = [
        {
            "b_consumer": one.consumer, "b_station": one.series.station, "b_parameter": one.series.parameter,
            "b_day": one.day, "b_number": one.number,
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
    rows = connection.execute(sa.select(dirty).where(mine)).all()
    for consumer in consumers:
        merge(connection, consumer, ((row.station, row.parameter, row.day, row.first_at, row.last_at) for row in rows))
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
