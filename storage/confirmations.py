"""A named person's word that a limit row is law, or an index as its text has it. The newest word counts; all stay."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.moment import micros
from registry.limits import Confirmation
from storage.state import writing
from storage.tables import audit, confirmations


def read(engine: Engine) -> dict[str, Confirmation]:
    """Return the confirmations by row."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(confirmations).order_by(confirmations.c.id)).all()
    return {
        row.row: Confirmation(
            row.row, row.confirmed_by, date.fromisoformat(row.confirmed_on), row.averaging, row.figure
        )
        for row in rows
    }


def add(
    engine: Engine, confirmation: Confirmation, *, note: str, at: datetime, what: str = "limit confirmed"
) -> None:  # fmt: skip
    """Keep a confirmation, and who gave it, on record; `what` is what the audit says was done."""
    values = {
        "row": confirmation.row, "confirmed_by": confirmation.confirmed_by,
        "confirmed_on": confirmation.confirmed_on.isoformat(), "averaging": confirmation.averaging,
        "figure": confirmation.figure,
        "note": note, "made_at": micros(at),
    }  # fmt: skip
    said = {
        "at": micros(at), "who": confirmation.confirmed_by, "what": what,
        "subject": confirmation.row, "note": f"{confirmation.figure}: {note}",
    }  # fmt: skip
    with writing(engine) as connection:
        connection.execute(sa.insert(confirmations), values)
        connection.execute(sa.insert(audit), said)
