"""The calendar of maintenance as it was last applied to what is stored."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.reading import SeriesKey
from storage.state import upsert
from storage.tables import maintenance

# Series, after, until (µs), status: what tells one from another. Who and why may change without any figure doing so.
Row = tuple[str, str, int, int, int]
_KEY = ("station", "parameter", "after", "until", "status")


def applied(connection: Connection) -> set[Row]:
    """Return what was last applied."""
    return {tuple(row) for row in connection.execute(sa.select(*(maintenance.c[name] for name in _KEY)))}


def note(connection: Connection, new: Iterable[tuple[Row, str, str]], gone: Iterable[Row], at: int) -> None:
    """Note that `new` (with who and why) are applied from now on, and `gone` no more."""
    rows = ({**dict(zip(_KEY, row, strict=True)), "who": who, "why": why, "noted_at": at} for row, who, why in new)
    upsert(connection, maintenance, rows)
    named: dict[str, sa.BindParameter[int]] = {name: sa.bindparam(f"b_{name}") for name in _KEY}
    condition = sa.and_(*(maintenance.c[name] == parameter for name, parameter in named.items()))
    old = [{f"b_{name}": value for name, value in zip(_KEY, row, strict=True)} for row in gone]
    if old:
        connection.execute(sa.delete(maintenance).where(condition), old)


def series(row: Row) -> SeriesKey:
    """Return the series of a row."""
    return SeriesKey(row[0], row[1])
