"""A named person's word that the figures of a series are right for a month. The newest word counts; all stay."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.moment import micros, moment
from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from storage.tables import audit, dirty, held, verifications

# Who waits for figures that are made already: all others have yet to change some.
_BEHIND_FIGURES = ("judge", "watch", "rejudge", "rewatch", "verify")
_CHUNK = 500

SeriesMonth = tuple[SeriesKey, Month]


@dataclass(frozen=True, slots=True)
class Verification:
    """That somebody verified a month of a series; where a figure changed since, when, why, and which one first."""

    series: SeriesKey
    month: Month
    verified_by: str
    note: str
    verified_at: datetime
    fallen_at: datetime | None = None
    cause: str | None = None
    fallen_kind: WindowKind | None = None
    fallen_mark: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether the month is verified: nothing has changed since."""
        return self.fallen_at is None


def add(connection: Connection, found: Iterable[Verification]) -> None:
    """Keep verifications, and who gave them, on record."""
    rows = list(found)
    if rows:
        connection.execute(sa.insert(verifications), [_values(one) for one in rows])
        connection.execute(sa.insert(audit), [_said(one) for one in rows])


def _values(one: Verification) -> dict[str, Any]:
    return {
        "station": one.series.station, "parameter": one.series.parameter, "month": str(one.month),
        "verified_by": one.verified_by, "note": one.note, "verified_at": micros(one.verified_at),
    }  # fmt: skip


def _said(one: Verification) -> dict[str, Any]:
    return {
        "at": micros(one.verified_at), "who": one.verified_by, "what": "month verified", "subject": _subject(one),
        "note": one.note,
    }  # fmt: skip


def _subject(one: Verification) -> str:
    return f"{one.series.station} {one.series.parameter} {one.month}"


def holding(connection: Connection, first: Month, last: Month) -> set[SeriesMonth]:
    """Return what is verified of the months from `first` to `last`."""
    within = verifications.c.month.between(str(first), str(last))
    query = sa.select(verifications).where(within, verifications.c.fallen_at.is_(None))
    return {_key(row) for row in connection.execute(query)}


def let_fall(connection: Connection, key: SeriesMonth, first: RollupPoint, *, cause: str, at: datetime) -> bool:
    """Note that a verified month holds no more since `first` is new or changed; False where it did not hold."""
    series, month = key
    mine = sa.and_(
        verifications.c.station == series.station, verifications.c.parameter == series.parameter,
        verifications.c.month == str(month), verifications.c.fallen_at.is_(None),
    )  # fmt: skip
    row = connection.execute(sa.select(verifications).where(mine)).first()
    if row is None:
        return False
    changes = {
        "fallen_at": micros(at),
        "cause": cause,
        "fallen_kind": first.kind.value,
        "fallen_mark": micros(first.mark),
    }
    connection.execute(sa.update(verifications).where(verifications.c.id == row.id).values(changes))
    note = f"{cause}: {first.kind.value} {first.mark.isoformat()}; had been verified by {row.verified_by}"
    said = {"at": micros(at), "who": "quantrac", "what": "month fell back", "subject": _subject(_read(row))}
    connection.execute(sa.insert(audit), {**said, "note": note})
    return True


def read(
    engine: Engine, *, stations: Collection[str] | None = None, months: Collection[Month] | None = None,
    parameter: str | None = None,
) -> list[Verification]:  # fmt: skip
    """Return the newest word on each month of each series, ascending; of named stations and months, or all."""
    with engine.connect() as connection:
        return newest(connection, stations=stations, months=months, parameter=parameter)


def newest(
    connection: Connection, *, stations: Collection[str] | None = None, months: Collection[Month] | None = None,
    parameter: str | None = None,
) -> list[Verification]:  # fmt: skip
    """Return what `read` does, in the connection's transaction."""
    found: dict[SeriesMonth, Verification] = {}
    for chunk in _chunks(stations):
        query = sa.select(verifications).order_by(verifications.c.id)
        if chunk is not None:
            query = query.where(verifications.c.station.in_(chunk))
        if months is not None:
            query = query.where(verifications.c.month.in_([str(one) for one in months]))
        if parameter is not None:
            query = query.where(verifications.c.parameter == parameter)
        found.update({_key(row): _read(row) for row in connection.execute(query)})
    return [found[key] for key in sorted(found)]


def _chunks(stations: Collection[str] | None) -> Iterable[Sequence[str] | None]:
    if stations is None:
        return [None]
    names = sorted(stations)
    return [names[begin : begin + _CHUNK] for begin in range(0, len(names), _CHUNK)]


def counts(engine: Engine) -> dict[str, int]:
    """Return how many months of series are verified, and how many have fallen back and not been verified again."""
    last = sa.select(sa.func.max(verifications.c.id)).group_by(
        verifications.c.station, verifications.c.parameter, verifications.c.month
    )
    fallen = verifications.c.fallen_at.is_not(None)
    query = sa.select(sa.func.count().filter(~fallen), sa.func.count().filter(fallen)).where(
        verifications.c.id.in_(last)
    )
    with engine.connect() as connection:
        verified, fell = connection.execute(query).one()
    return {"verified": verified, "fallen_back": fell}


def unsettled(connection: Connection, span: Window) -> set[SeriesKey]:
    """Return the series of which figures of `span` are still to be made again."""
    found: set[SeriesKey] = set()
    for table, mine in ((dirty, dirty.c.consumer.not_in(_BEHIND_FIGURES)), (held, sa.true())):
        within = sa.and_(table.c.last_at > micros(span.start), table.c.first_at <= micros(span.end))
        query = sa.select(table.c.station, table.c.parameter).where(mine, within).distinct()
        found |= {SeriesKey(row.station, row.parameter) for row in connection.execute(query)}
    return found


def _key(row: Any) -> SeriesMonth:
    return SeriesKey(row.station, row.parameter), Month.read(row.month)


def _read(row: Any) -> Verification:
    return Verification(
        *_key(row), row.verified_by, row.note, moment(row.verified_at),
        None if row.fallen_at is None else moment(row.fallen_at), row.cause,
        None if row.fallen_kind is None else WindowKind(row.fallen_kind),
        None if row.fallen_mark is None else moment(row.fallen_mark),
    )  # fmt: skip
