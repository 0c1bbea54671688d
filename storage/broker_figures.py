"""What the broker last said of itself to each ingest worker."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.moment import micros, moment
from storage.state import upsert, writing
from storage.tables import broker_figures

# As long as `quantrac gaps` looks back by itself.
REMEMBERED = timedelta(days=7)
_MOST = 100


@dataclass(frozen=True, slots=True)
class BrokerFigures:
    """The broker's own figures at a moment, by our names; empty where it shows us none.

    `thrown_away`: when (µs) it was found lately to have thrown messages away, and how many. `counted` is its count of
    them when it last showed one.
    """

    at: datetime
    figures: dict[str, int] = field(default_factory=dict)
    thrown_away: tuple[tuple[int, int], ...] = ()
    counted: int | None = None

    def after(self, before: "BrokerFigures | None") -> "BrokerFigures":
        """Return this look with what is known from the one before; only what was thrown away since is held against it.

        A count that is lower than before is that of a broker that was started anew.
        """
        now = self.figures.get("dropped")
        if before is None:
            return replace(self, counted=now)
        since = micros(self.at - REMEMBERED)
        thrown = [one for one in before.thrown_away if one[0] > since]
        if now is not None and before.counted is not None and now != before.counted:
            thrown.append((micros(self.at), now - before.counted if now > before.counted else now))
        counted = before.counted if now is None else now
        return replace(self, thrown_away=tuple(one for one in thrown if one[1])[-_MOST:], counted=counted)


def keep(engine: Engine, worker: str, found: BrokerFigures) -> None:
    """Keep what the broker said to `worker` in place of what it said before."""
    row = {
        "worker": worker, "at": micros(found.at), "figures": json.dumps(found.figures),
        "thrown_away": json.dumps(found.thrown_away), "counted": found.counted,
    }  # fmt: skip
    with writing(engine) as connection:
        upsert(
            connection, broker_figures, [row],
            lambda new: {name: new[name] for name in ("at", "figures", "thrown_away", "counted")},
        )  # fmt: skip


def read(engine: Engine) -> dict[str, BrokerFigures]:
    """Return what the broker last said to each worker."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(broker_figures)).all()
    return {
        row.worker: BrokerFigures(
            moment(row.at), json.loads(row.figures), tuple((at, count) for at, count in json.loads(row.thrown_away)),
            row.counted,
        )
        for row in rows
    }  # fmt: skip
