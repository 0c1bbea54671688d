"""What figures were before they changed, and why."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.moment import micros, moment
from domain.rollup import RollupPoint, RollupRevision
from domain.window import WindowKind
from storage.state import upsert
from storage.tables import rollup_revisions


def keep(
    connection: Connection, changes: Iterable[tuple[RollupPoint, RollupPoint]], *, cause: str, at: datetime
) -> None:
    """Keep, for each (old, new), what the figure was; a change that is kept already is not kept twice."""
    rows = [
        {
            "station": new.station, "parameter": new.parameter, "kind": new.kind.value, "mark": micros(new.mark),
            "revision": new.revision, "value": old.value, "valid": old.valid, "cause": cause, "noticed_at": micros(at),
        }
        for old, new in changes
    ]  # fmt: skip
    upsert(connection, rollup_revisions, rows)


def read(engine: Engine, station: str, parameter: str) -> list[RollupRevision]:
    """Return the changes of a series' figures, oldest first."""
    query = (
        sa
        .select(rollup_revisions)
        .where(rollup_revisions.c.station == station, rollup_revisions.c.parameter == parameter)
        .order_by(rollup_revisions.c.noticed_at, rollup_revisions.c.kind, rollup_revisions.c.mark)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        RollupRevision(
            row.station, row.parameter, WindowKind(row.kind), moment(row.mark), row.revision, row.value, row.valid,
            row.cause, moment(row.noticed_at),
        )
        for row in rows
    ]  # fmt: skip
