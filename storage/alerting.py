"""All SQL on watches, alerts, transitions, cases, the outbox and signed links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from domain.alert import AlertKind, AlertState
from domain.moment import micros, moment
from domain.reading import SeriesKey
from storage.state import next_number, upsert, writing
from storage.tables import alerts, audit, cases, links, outbox, transitions, watches


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the state machine of one rule and series stands; `standing` is JSON of `alerts.lifecycle.Standing`."""

    rule: str
    series: SeriesKey
    state: AlertState
    standing: str
    judged_to: datetime
    alert: int | None


def all_watches(engine: Engine) -> dict[tuple[str, SeriesKey], Watch]:
    """Return every watch by rule and series."""
    with engine.connect() as connection:
        found = [_watch(row) for row in connection.execute(sa.select(watches))]
    return {(one.rule, one.series): one for one in found}


def keep_watch(connection: Connection, watch: Watch) -> None:
    """Keep where a state machine stands, in place of what was kept."""
    row = {
        "rule": watch.rule, "station": watch.series.station, "parameter": watch.series.parameter,
        "state": watch.state.value, "standing": watch.standing, "judged_to": micros(watch.judged_to),
        "alert": watch.alert,
    }  # fmt: skip
    names = ("state", "standing", "judged_to", "alert")
    upsert(connection, watches, [row], lambda new: {name: new[name] for name in names})


def _watch(row: Row[Any]) -> Watch:
    series = SeriesKey(row.station, row.parameter)
    return Watch(row.rule, series, AlertState(row.state), row.standing, moment(row.judged_to), row.alert)


def case_for(connection: Connection, station: str, at: datetime, year: int) -> Row[Any]:
    """Return the station's newest case in which an alert is open, else a new one numbered within the local `year`."""
    still_open = sa.select(alerts.c.case_id).where(alerts.c.station == station, alerts.c.closed_at.is_(None))
    query = sa.select(cases).where(cases.c.id.in_(still_open)).order_by(cases.c.id.desc()).limit(1)
    if (found := connection.execute(query).first()) is not None:
        return found
    short = f"{next_number(connection, f'case-{year}'):04d}"
    values = {
        "number": f"VV-{year}-{short}", "short": short, "station": station, "opened_at": micros(at), "messages": 0,
    }  # fmt: skip
    return connection.execute(sa.insert(cases).values(values).returning(*cases.c)).one()


def case_of(connection: Connection, case: int) -> Row[Any]:
    """Return the case with this number of its row."""
    return connection.execute(sa.select(cases).where(cases.c.id == case)).one()


def number_message(connection: Connection, case: int) -> str:
    """Give the case's next message its number: #0147-1."""
    statement = sa.update(cases).where(cases.c.id == case).values(messages=cases.c.messages + 1)
    row = connection.execute(statement.returning(cases.c.short, cases.c.messages)).one()
    return f"#{row.short}-{row.messages}"


def add_alert(connection: Connection, values: Mapping[str, Any]) -> int:
    """Keep a new alert; return the number of its row."""
    return int(connection.execute(sa.insert(alerts).values(values).returning(alerts.c.id)).scalar_one())


def change_alert(connection: Connection, alert: int, values: Mapping[str, Any]) -> None:
    """Change columns of an alert."""
    connection.execute(sa.update(alerts).where(alerts.c.id == alert).values(values))


def alert_of(connection: Connection, alert: int) -> Row[Any] | None:
    """Return the alert with this number of its row."""
    return connection.execute(sa.select(alerts).where(alerts.c.id == alert)).first()


def alerts_of(engine: Engine, rule: str, series: SeriesKey, *, since: datetime) -> list[Row[Any]]:
    """Return a rule's alerts on a series that were open at some time since `since`, the oldest first."""
    mine = sa.and_(
        alerts.c.rule == rule, alerts.c.station == series.station, alerts.c.parameter == series.parameter,
        sa.or_(alerts.c.closed_at.is_(None), alerts.c.closed_at >= micros(since)),
    )  # fmt: skip
    with engine.connect() as connection:
        return list(connection.execute(sa.select(alerts).where(mine).order_by(alerts.c.crossed_at, alerts.c.id)))


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with its case, as pages and lists read it. `taken_by` is a person's id."""

    id: int
    rule: str
    series: SeriesKey
    kind: AlertKind
    crossed_at: datetime
    opened_at: datetime
    noticed_at: datetime
    closed_at: datetime | None
    last_at: datetime
    level: float | None
    peak: float | None
    peak_at: datetime | None
    limit_low: float | None
    limit_high: float | None
    valid: int | None
    expected: int | None
    case_id: int
    case: str  # VV-2026-0147
    short: str  # 0147
    taken_by: str | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. `taken_by` is a person's id; `messages` says how many messages have been numbered."""

    id: int
    number: str
    short: str
    station: str
    opened_at: datetime
    messages: int
    taken_by: str | None
    taken_at: datetime | None


def open_alerts(engine: Engine) -> list[AlertRow]:
    """Return the alerts that are open, the newest first."""
    return _alerts(engine, alerts.c.closed_at.is_(None))


def alert_history(engine: Engine, *, station: str | None = None, limit: int = 100) -> list[AlertRow]:
    """Return the newest alerts, open and closed, of one station or all."""
    return _alerts(engine, sa.true() if station is None else alerts.c.station == station, limit)


def case_list(engine: Engine, *, limit: int = 100) -> list[CaseRow]:
    """Return the newest cases."""
    query = sa.select(cases).order_by(cases.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        return [
            CaseRow(
                row.id, row.number, row.short, row.station, moment(row.opened_at), row.messages, row.taken_by,
                _at(row.taken_at),
            )
            for row in connection.execute(query)
        ]  # fmt: skip


def _alerts(engine: Engine, condition: Any, limit: int | None = None) -> list[AlertRow]:
    query = (
        sa
        .select(alerts, cases.c.number, cases.c.short, cases.c.taken_by, cases.c.taken_at)
        .join(cases, cases.c.id == alerts.c.case_id)
        .where(condition)
        .order_by(alerts.c.crossed_at.desc(), alerts.c.id.desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        return [_alert(row) for row in connection.execute(query)]


def _alert(row: Row[Any]) -> AlertRow:
    return AlertRow(
        id=row.id, rule=row.rule, series=SeriesKey(row.station, row.parameter), kind=AlertKind(row.kind),
        crossed_at=moment(row.crossed_at), opened_at=moment(row.opened_at), noticed_at=moment(row.noticed_at),
        closed_at=_at(row.closed_at), last_at=moment(row.last_at), level=row.level, peak=row.peak,
        peak_at=_at(row.peak_at), limit_low=row.limit_low, limit_high=row.limit_high, valid=row.valid,
        expected=row.expected, case_id=row.case_id, case=row.number, short=row.short, taken_by=row.taken_by,
        taken_at=_at(row.taken_at),
    )  # fmt: skip


def _at(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment(microseconds)


def add_transition(connection: Connection, values: Mapping[str, Any]) -> int:
    """Keep a change of an alert's state; return the number of its row."""
    return int(connection.execute(sa.insert(transitions).values(values).returning(transitions.c.id)).scalar_one())


def is_queued(connection: Connection, key: str) -> bool:
    """Tell whether the message with this key has been queued before."""
    return connection.execute(sa.select(outbox.c.id).where(outbox.c.key == key)).first() is not None


def queue(connection: Connection, values: Mapping[str, Any]) -> None:
    """Queue a message."""
    connection.execute(sa.insert(outbox), {**values, "attempts": 0, "state": "due"})


def add_link(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep what a signed link is good for."""
    connection.execute(sa.insert(links), dict(values))


def find_link(engine: Engine, hashed: str) -> tuple[Row[Any], Row[Any], Row[Any]] | None:
    """Return a link with its case and its alert."""
    with engine.connect() as connection:
        link = connection.execute(sa.select(links).where(links.c.hash == hashed)).first()
        if link is None:
            return None
        alert = connection.execute(sa.select(alerts).where(alerts.c.id == link.alert)).one()
        return link, case_of(connection, link.case_id), alert


def take_case(engine: Engine, hashed: str, *, person: str, case: int, at: datetime) -> bool:
    """Use a link once to take a case that nobody has taken; tell whether this call did."""
    unused = sa.update(links).where(links.c.hash == hashed, links.c.used_at.is_(None))
    free = sa.update(cases).where(cases.c.id == case, cases.c.taken_by.is_(None))
    with writing(engine) as connection:
        if connection.execute(unused.values(used_at=micros(at))).rowcount != 1:
            return False
        if connection.execute(free.values(taken_by=person, taken_at=micros(at))).rowcount != 1:
            return False
        said = {"at": micros(at), "who": person, "what": "case taken", "subject": case_of(connection, case).number}
        connection.execute(sa.insert(audit), {**said, "note": ""})
    return True


def due(engine: Engine, now: datetime, stale: datetime) -> list[Row[Any]]:
    """Return messages that are due and not claimed since `stale`, the oldest first."""
    query = sa.select(outbox).where(_claimable(now, stale)).order_by(outbox.c.due_at, outbox.c.id)
    with engine.connect() as connection:
        return list(connection.execute(query))


def claim(engine: Engine, message: int, *, worker: str, now: datetime, stale: datetime) -> bool:
    """Take a due message for `worker`; False where another was quicker."""
    mine = sa.update(outbox).where(outbox.c.id == message, _claimable(now, stale))
    with writing(engine) as connection:
        return connection.execute(mine.values(claimed_by=worker, claimed_at=micros(now))).rowcount == 1


def _claimable(now: datetime, stale: datetime) -> Any:
    free = sa.or_(outbox.c.claimed_by.is_(None), outbox.c.claimed_at < micros(stale))
    return sa.and_(outbox.c.state == "due", outbox.c.due_at <= micros(now), free)


def settle(engine: Engine, message: int, values: Mapping[str, Any]) -> None:
    """Note what became of a claimed message, and let go of it."""
    with writing(engine) as connection:
        statement = sa.update(outbox).where(outbox.c.id == message)
        connection.execute(statement.values(**values, claimed_by=None, claimed_at=None))


def counts(engine: Engine) -> dict[str, dict[str, int]]:
    """Return alerts open and not taken over, and messages due, sent and given up, as `status` gives them."""
    is_open = alerts.c.closed_at.is_(None)
    untaken = sa.and_(is_open, cases.c.taken_by.is_(None))
    query = sa.select(
        sa.func.count().filter(is_open), sa.func.count().filter(untaken)
    ).select_from(alerts.join(cases, cases.c.id == alerts.c.case_id))  # fmt: skip
    states = sa.select(outbox.c.state, sa.func.count().label("messages")).group_by(outbox.c.state)
    with engine.connect() as connection:
        opened, unacknowledged = connection.execute(query).one()
        found: dict[str, int] = {row.state: row.messages for row in connection.execute(states)}
    return {
        "alerts": {"open": opened, "unacknowledged": unacknowledged},
        "outbox": {state: found.get(state, 0) for state in ("due", "sent", "given_up")},
    }
