"""What people ask to be done with refused messages: kept first, and then carried out by the worker's own pipeline.

A request that is on record is done in the end, whatever is killed: it is deleted in the transaction that says what
became of its messages.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.message import Outcome
from domain.moment import micros, moment
from storage.ledger import DAY_SEQS, OutcomeRow, add
from storage.state import next_number, upsert, writing
from storage.tables import audit, deferred, outcomes, resolutions

# As many as a statement may name on every database.
_NAMED = 500


class Act(StrEnum):
    """What is to be done with a refused message."""

    REPLAY = "replay"
    REOPEN = "reopen"  # replay what was discarded, too
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Word:
    """Who asked for what, and why."""

    act: Act
    at: datetime
    who: str | None = None
    because: str | None = None
    # What was chosen, for the audit of what is given up.
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done with one message (or its refused `part`). Counts are null before the first attempt."""

    request: int
    seq: int
    part: str
    act: Act
    who: str | None
    because: str | None
    asked_at: datetime
    stored: int | None
    revised: int | None


def ask(engine: Engine, chosen: Mapping[str, Iterable[tuple[int, str]]], word: Word) -> int:
    """Keep what is asked of (seq, part) by worker; return the request's number. What is given up goes on record."""
    with writing(engine) as connection:
        request = next_number(connection, "resolutions")
        rows = (
            {
                "request": request, "worker": worker, "seq": seq, "part": part, "act": word.act.value, "who": word.who,
                "because": word.because, "asked_at": micros(word.at),
            }
            for worker, refusals in chosen.items()
            for seq, part in refusals
        )  # fmt: skip
        upsert(connection, resolutions, rows)
        if word.act is Act.DISCARD:
            connection.execute(sa.insert(audit), {
                "at": micros(word.at), "who": word.who, "what": "quarantine discarded", "subject": word.subject[:120],
                "note": word.because,
            })  # fmt: skip
    return request


def next_of(engine: Engine, worker: str, *, upto: int, limit: int) -> Sequence[Request]:
    """Return what is to be done next: rows of the oldest request about messages that have had their first outcome."""
    # The cursor is past messages that wait for their turn, too.
    wait = sa.exists().where(deferred.c.worker == resolutions.c.worker, deferred.c.seq == resolutions.c.seq)
    mine = sa.and_(resolutions.c.worker == worker, resolutions.c.seq <= upto, ~wait)
    oldest = sa.select(resolutions.c.request).where(mine).order_by(resolutions.c.request).limit(1).scalar_subquery()
    query = (
        sa
        .select(resolutions)
        .where(mine, resolutions.c.request == oldest)
        .order_by(resolutions.c.seq, resolutions.c.part)
        .limit(limit)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        Request(
            row.request, row.seq, row.part, Act(row.act), row.who, row.because, moment(row.asked_at), row.stored,
            row.revised,
        )
        for row in rows
    ]  # fmt: skip


def waiting(engine: Engine, request: int) -> dict[str, int]:
    """Return how many messages and parts of a request are still to be done, by worker."""
    query = (
        sa
        .select(resolutions.c.worker, sa.func.count())
        .where(resolutions.c.request == request)
        .group_by(resolutions.c.worker)
    )
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def note(engine: Engine, worker: str, requests: Sequence[Request], counts: Mapping[int, tuple[int, int]]) -> None:
    """Before anything is written: keep what was found of each message; only the first attempt sees it as it was."""
    change = (
        sa
        .update(resolutions)
        .where(
            resolutions.c.request == sa.bindparam("of_request"),
            resolutions.c.worker == worker,
            resolutions.c.seq == sa.bindparam("of_seq"),
        )
        .values(stored=sa.bindparam("new"), revised=sa.bindparam("changed"))
    )
    values = [
        {"of_request": one.request, "of_seq": one.seq, "new": counts[one.seq][0], "changed": counts[one.seq][1]}
        for one in requests
        if one.stored is None and one.seq in counts
    ]
    if values:
        with writing(engine) as connection:
            connection.execute(change, values)


def outcomes_of(connection: Connection, seqs: Iterable[int]) -> dict[int, OutcomeRow]:
    """Return what has become of messages."""
    wanted, found = list(seqs), {}
    for start in range(0, len(wanted), _NAMED):
        query = sa.select(outcomes).where(outcomes.c.seq.in_(wanted[start : start + _NAMED]))
        for row in connection.execute(query):
            found[row.seq] = OutcomeRow(row.seq, Outcome(row.outcome), row.stored, row.revised)
    return found


def counted(engine: Engine, seqs: Sequence[int]) -> Counter[Outcome]:
    """Return how many of these messages came to which outcome."""
    found: Counter[Outcome] = Counter()
    with engine.connect() as connection:
        for start in range(0, len(seqs), _NAMED):
            found.update(one.outcome for one in outcomes_of(connection, seqs[start : start + _NAMED]).values())
    return found


def close(connection: Connection, worker: str, requests: Sequence[Request], changed: Sequence[OutcomeRow]) -> None:
    """Say what has become of messages, count it so, and forget what was asked of them."""
    before = outcomes_of(connection, [one.seq for one in changed])
    after = {one.seq: one for one in changed if one.seq in before}
    change = (
        sa
        .update(outcomes)
        .where(outcomes.c.seq == sa.bindparam("of_seq"))
        .values(outcome=sa.bindparam("to"), stored=sa.bindparam("new"), revised=sa.bindparam("changed"))
    )
    values = [
        {"of_seq": one.seq, "to": one.outcome.value, "new": one.stored, "changed": one.revised}
        for one in after.values()
    ]  # fmt: skip
    if values:
        connection.execute(change, values)
    add(connection, _differences(worker, before, after))
    done = sa.delete(resolutions).where(
        resolutions.c.request == sa.bindparam("of_request"), resolutions.c.worker == worker,
        resolutions.c.seq == sa.bindparam("of_seq"), resolutions.c.part == sa.bindparam("of_part"),
    )  # fmt: skip
    connection.execute(done, [{"of_request": one.request, "of_seq": one.seq, "of_part": one.part} for one in requests])


def _differences(
    worker: str, before: Mapping[int, OutcomeRow], after: Mapping[int, OutcomeRow]
) -> Iterator[dict[str, Any]]:
    """Yield by how much the totals of each day and outcome change."""
    sums: dict[tuple[int, str], list[int]] = {}
    for sign, rows in ((-1, before), (1, after)):
        for row in rows.values():
            total = sums.setdefault((row.seq // DAY_SEQS, row.outcome.value), [0, 0, 0])
            for place, count in enumerate((1, row.stored, row.revised)):
                total[place] += sign * count
    for (day, outcome), (messages, stored, revised) in sums.items():
        if messages or stored or revised:
            yield {"worker": worker, "day": day, "outcome": outcome, "messages": messages, "stored": stored,
                   "revised": revised}  # fmt: skip
