"""What persons say of readings against the checks: on record with name and reason, also once it is withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.cause import Cause
from domain.flag import Flag
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import Window
from storage.spans import mark
from storage.state import writing
from storage.tables import audit, flag_overrides


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word on the readings of a series in `window`; `id` is 0 before it is kept."""

    series: SeriesKey
    window: Window
    flag: Flag
    by: str
    note: str
    made_at: datetime
    id: int = 0
    withdrawn_by: str | None = None
    withdrawn_note: str | None = None
    withdrawn_at: datetime | None = None


def read(engine: Engine) -> list[Override]:
    """Return every override, the oldest first."""
    with engine.connect() as connection:
        return _found(connection, sa.select(flag_overrides))


def in_force(engine: Engine, stations: Iterable[str]) -> list[Override]:
    """Return those of `stations` that nobody has withdrawn, the oldest first: of two that meet the later counts."""
    wanted = flag_overrides.c.withdrawn_at.is_(None), flag_overrides.c.station.in_(sorted(stations))
    with engine.connect() as connection:
        return _found(connection, sa.select(flag_overrides).where(*wanted))


def add(engine: Engine, word: Override, touched: tuple[datetime, datetime] | None) -> int:
    """Keep `word` and who gave it, and leave the readings from and to `touched` to be flagged; return its number."""
    with writing(engine) as connection:
        insert = sa.insert(flag_overrides).values(**_row(word)).returning(flag_overrides.c.id)
        number = int(connection.execute(insert).scalar_one())
        _note(connection, word, "flag overridden", word.by, f"{number}: {word.flag.name.lower()}: {word.note}")
        _leave(connection, word, touched)
    return number


def withdraw(
    engine: Engine, word: Override, by: str, note: str, at: datetime, touched: tuple[datetime, datetime] | None
) -> bool:
    """Let `word` count no more, in one transaction with who says so; False where it was withdrawn already."""
    mine = flag_overrides.c.id == word.id, flag_overrides.c.withdrawn_at.is_(None)
    said = {"withdrawn_by": by, "withdrawn_note": note, "withdrawn_at": micros(at)}
    with writing(engine) as connection:
        if connection.execute(sa.update(flag_overrides).where(*mine).values(**said)).rowcount != 1:
            return False
        _note(connection, word, "flag override withdrawn", by, f"{word.id}: {note}", at)
        _leave(connection, word, touched)
    return True


def _leave(connection: Connection, word: Override, touched: tuple[datetime, datetime] | None) -> None:
    if touched is not None:
        mark(connection, "flag", [(word.series, *touched)], Cause.OVERRIDE)


def _note(
    connection: Connection, word: Override, what: str, who: str, note: str, at: datetime | None = None
) -> None:  # fmt: skip
    said = {
        "at": micros(at or word.made_at), "who": who, "what": what,
        "subject": f"{word.series.station} {word.series.parameter}", "note": note,
    }  # fmt: skip
    connection.execute(sa.insert(audit), said)


def _row(word: Override) -> dict[str, object]:
    return {
        "station": word.series.station, "parameter": word.series.parameter,
        "after": micros(word.window.start), "until": micros(word.window.end), "flag": int(word.flag),
        "made_by": word.by, "note": word.note, "made_at": micros(word.made_at),
    }  # fmt: skip


def _found(connection: Connection, query: sa.Select[tuple[object, ...]]) -> list[Override]:
    rows = connection.execute(query.order_by(flag_overrides.c.id)).all()
    return [
        Override(
            SeriesKey(row.station, row.parameter), Window(moment(row.after), moment(row.until)), Flag(row.flag),
            row.made_by, row.note, moment(row.made_at), row.id, row.withdrawn_by, row.withdrawn_note,
            None if row.withdrawn_at is None else moment(row.withdrawn_at),
        )
        for row in rows
    ]  # fmt: skip
