"""Which parts of the service run, and when each last said so."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.moment import micros, moment
from storage.state import upsert, writing
from storage.tables import heartbeats

# What a part says of itself: why it is not ready (packed Texts); of ingest, how long the oldest message has been waiting,
# whether the broker has handed over what piled up before we connected, and what else is to be known (packed Texts).
REASONS, LAG_SECONDS, BACKLOG_DONE, REMARKS = "reasons", "lag_seconds", "backlog_done", "remarks"
# Which process speaks, and the hash of the configuration with which it was started.
PROCESS, CONFIGURATION = "process", "configuration"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A part's last word; `detail` is what it says of itself, by the names above."""

    part: str
    worker: str
    at: datetime
    started_at: datetime
    ready: bool
    detail: dict[str, Any]


def beat(engine: Engine, beats: Heartbeat) -> None:
    """Keep a part's word in place of its last."""
    row = {
        "part": beats.part, "worker": beats.worker, "at": micros(beats.at), "started_at": micros(beats.started_at),
        "ready": beats.ready, "detail": json.dumps(beats.detail, default=str),
    }  # fmt: skip
    with writing(engine) as connection:
        upsert(
            connection, heartbeats, [row],
            lambda new: {name: new[name] for name in ("at", "started_at", "ready", "detail")},
        )  # fmt: skip


def read(engine: Engine) -> list[Heartbeat]:
    """Return the last word of every part that ever ran."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(heartbeats).order_by(heartbeats.c.part, heartbeats.c.worker)).all()
    return [
        Heartbeat(row.part, row.worker, moment(row.at), moment(row.started_at), row.ready, json.loads(row.detail))
        for row in rows
    ]
