"""All SQL on watches, alerts, transitions, cases, the outbox and signed links.

What changes state takes the connection of the judge's one transaction; what only reads takes the engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.alert import AlertKind, AlertState, Notice, Transition
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.text import Text, unpack
from storage.state import next_number, upsert, writing
from storage.tables import alerts, audit, cases, links, outbox, transitions, watches

# How many series are named in one statement: SQLite takes 32,766 values, and this many are still planned quickly.
_CHUNK = 500
_JUDGING = 7_182_027  # any number that all judges and nobody else locks


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the state machine of one rule and series stands; `standing` is JSON that only the judge reads."""

    rule: str
    series: SeriesKey
    state: AlertState
    standing: str
    judged_to: datetime
    alert: int | None = None


class EarlierLaw(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit that an alert was judged by up to the window that ended at `until`, before another came into force."""

    row: str
    document: str | None = None
    clause: str | None = None
    low: float | None = None
    high: float | None = None
    until: datetime


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an alert rests on, as it was when it was judged, so that a later configuration does not change it.

    `row_figure`: what the row said (`≤ 150 mg/L`), in force from `row_from` until before `row_to`, of which `confidence`.
    `figures`: the row's figure in `row_unit`, then the factors. `earlier`: by what it was judged before another row came
    into force. `factors_confirmed`: by whom and when. `grade`, `certificate`: of the instrument. `checks`, `software`:
    the versions, and `configuration` the hash, by which it was judged; `figures_by`: the hash of the one that made its
    newest figure. `doubts`: what speaks against the instrument. `unmet`: every condition that keeps it from being an
    exceedance of a confirmed limit. `limit_confirmed`: all but those on the data are met. `levels`: the newest windows
    that were over, as (end, level). `first_end`: end of the first of them. `over`: how many there were. `unbroken`:
    nothing came between them. `lapsed`: it ended because no limit is in force any more. `suspect` and
    `calibrating`: counts behind the newest. `demo`: what of it is made up. `told`: whether anybody was told. `joined`:
    its case was there before. `reopened`: how often later data opened it again. `withdrawn`: later data say that it
    never was; so says one that turned out to be part of another, `part_of`. `heard_before`: a silent station had been heard at some time.
    """

    rule_kind: str
    window: str
    severity: str
    team: str
    row: str | None = None
    regulation: str | None = None
    document: str | None = None
    clause: str | None = None
    column: str | None = None
    figures: tuple[float, ...] = ()
    factors: tuple[str, ...] = ()
    row_unit: str | None = None
    confirmed_by: str | None = None
    confirmed_on: date | None = None
    row_figure: str | None = None
    row_from: date | None = None
    row_to: date | None = None
    confidence: str | None = None
    averaging: str | None = None
    factors_confirmed: tuple[str | None, ...] = ()
    earlier: tuple[EarlierLaw, ...] = ()
    grade: str | None = None
    certificate: str | None = None
    checks: int = 0
    software: str = ""
    configuration: int = 0
    figures_by: int = 0
    doubts: tuple[Text, ...] = ()
    unmet: tuple[Text, ...] = ()
    limit_confirmed: bool = False
    levels: tuple[tuple[datetime, float], ...] = ()
    first_end: datetime | None = None
    over: int = 0
    unbroken: bool = True
    lapsed: bool = False
    suspect: int = 0
    calibrating: int = 0
    demo: tuple[str, ...] = ()
    told: bool = True
    joined: bool = False
    reopened: int = 0
    withdrawn: bool = False
    part_of: int | None = None
    heard_before: bool = True


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that is about to be written; see the columns of `alerts`."""

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
    record: Record


@dataclass(frozen=True, slots=True)
class AlertRow(NewAlert):
    """An alert with its case: all that a page, a list or a message needs. `taken_by` is a person's id."""

    id: int
    case_id: int
    case: str  # VV-2026-0147
    short: str  # 0147
    taken_by: str | None
    taken_at: datetime | None

    @property
    def since(self) -> datetime:
        """By what people name its beginning: the end of the first window that was over; of a day or year, its beginning."""
        first = self.record.first_end
        return self.crossed_at if first is None or self.record.window in {"day", "year"} else first


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


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to one person by one channel, said in the person's language; see the columns of `outbox`."""

    key: str
    number: str
    case_id: int | None
    alert: int | None
    notice: Notice
    person: str
    channel: str
    address: str
    language: str
    subject: str
    body: str
    html: str | None
    short: str
    made_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxRow(NewMessage):
    """A message in the outbox, and what became of it."""

    id: int
    attempts: int
    state: str
    sent_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """What a signed link is good for; its token is kept only as a hash."""

    hash: str
    person: str
    case_id: int
    alert: int | None
    message: str
    expires_at: datetime
    used_at: datetime | None = None
    purpose: str = "take"


# The judge: watches.


def watches_of(engine: Engine, stations: Iterable[str]) -> dict[tuple[str, SeriesKey], Watch]:
    """Return the watches of the named stations by rule and series."""
    with engine.connect() as connection:
        return read_watches(connection, stations)


def read_watches(
    connection: Connection, stations: Iterable[str], *, lock: bool = False
) -> dict[tuple[str, SeriesKey], Watch]:
    """Return the watches of the named stations; `lock` keeps other judges waiting until this transaction ends.

    Not by the rows: a watch that is not there yet could be made twice, and so could a case. SQLite has one writer anyway.
    """
    if lock and connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_JUDGING)))
    names = sorted(set(stations))
    found: dict[tuple[str, SeriesKey], Watch] = {}
    for begin in range(0, len(names), _CHUNK):
        query = sa.select(watches).where(watches.c.station.in_(names[begin : begin + _CHUNK]))
        for row in connection.execute(query):
            one = _watch(row)
            found[one.rule, one.series] = one
    return found


def save_watches(connection: Connection, rows: Iterable[Watch]) -> None:
    """Keep where state machines stand, in place of what was kept."""
    names = ("state", "standing", "judged_to", "alert")
    upsert(connection, watches, (_watch_values(one) for one in rows), lambda new: {name: new[name] for name in names})


def _watch(row: Any) -> Watch:
    series = SeriesKey(row.station, row.parameter)
    return Watch(row.rule, series, AlertState(row.state), row.standing, moment(row.judged_to), row.alert)


def _watch_values(one: Watch) -> dict[str, Any]:
    return {
        "rule": one.rule, "station": one.series.station, "parameter": one.series.parameter, "state": one.state.value,
        "standing": one.standing, "judged_to": micros(one.judged_to), "alert": one.alert,
    }  # fmt: skip


# The judge: cases, alerts, transitions.


def case_for(
    connection: Connection, station: str, *, at: datetime, year: int, known: int | None = None
) -> tuple[CaseRow, bool]:  # fmt: skip
    """Return the case that an alert at `station` belongs to, and whether it was there before.

    It is the `known` one, else the newest of the station in which an alert is open, else a new one, numbered within
    the local `year`.
    """
    if known is not None:
        return _case_of(connection, known), True
    still_open = sa.select(alerts.c.case_id).where(alerts.c.station == station, alerts.c.closed_at.is_(None))
    query = sa.select(cases).where(cases.c.id.in_(still_open)).order_by(cases.c.id.desc()).limit(1)
    if (row := connection.execute(query).first()) is not None:
        return _case(row), True
    short = f"{next_number(connection, f'case-{year}'):04d}"
    values = {
        "number": f"VV-{year}-{short}", "short": short, "station": station, "opened_at": micros(at), "messages": 0,
    }  # fmt: skip
    made = connection.execute(sa.insert(cases).returning(*cases.c), values).one()
    return _case(made), False


def next_message(connection: Connection, case_id: int) -> int:
    """Return the number of a case's next message, from 1."""
    statement = sa.update(cases).where(cases.c.id == case_id).values(messages=cases.c.messages + 1)
    return int(connection.execute(statement.returning(cases.c.messages)).scalar_one())


def add_alert(connection: Connection, new: NewAlert, case: CaseRow) -> AlertRow:
    """Keep a new alert in its case."""
    values = {
        "case_id": case.id, "rule": new.rule, "station": new.series.station, "parameter": new.series.parameter,
        "crossed_at": micros(new.crossed_at), "opened_at": micros(new.opened_at),
        "noticed_at": micros(new.noticed_at), **_changing(new),
    }  # fmt: skip
    identity = connection.execute(sa.insert(alerts).returning(alerts.c.id), values).scalar_one()
    return _joined(new, int(identity), case)


def change_alert(connection: Connection, alert: AlertRow) -> None:
    """Keep the figures, kind, beginning, end and record of an alert that is there."""
    connection.execute(sa.update(alerts).where(alerts.c.id == alert.id).values(_changing(alert)))


def _changing(one: NewAlert) -> dict[str, Any]:
    return {
        "kind": one.kind.value, "crossed_at": micros(one.crossed_at), "opened_at": micros(one.opened_at),
        "closed_at": _us(one.closed_at), "last_at": micros(one.last_at),
        "level": one.level, "peak": one.peak, "peak_at": _us(one.peak_at),
        "limit_low": one.limit_low, "limit_high": one.limit_high, "valid": one.valid, "expected": one.expected,
        "record": msgspec.json.encode(one.record, enc_hook=str).decode(),
    }  # fmt: skip


def add_transition(connection: Connection, one: Transition) -> None:
    """Keep a change of an alert's state."""
    values = {
        "alert": one.alert, "before": one.before.value, "after": one.after.value,
        "crossed_at": micros(one.crossed_at), "noticed_at": micros(one.noticed_at), "level": one.level,
    }  # fmt: skip
    connection.execute(sa.insert(transitions), values)


def _joined(new: NewAlert, identity: int, case: CaseRow) -> AlertRow:
    figures = {name: getattr(new, name) for name in NewAlert.__slots__}
    return AlertRow(
        **figures, id=identity, case_id=case.id, case=case.number, short=case.short,
        taken_by=case.taken_by, taken_at=case.taken_at,
    )  # fmt: skip


# The judge and the deliverer: outbox and links.


def add_messages(connection: Connection, rows: Sequence[NewMessage]) -> None:
    """Queue messages. Raises sqlalchemy.exc.IntegrityError where one was queued before: nothing is told twice."""
    if rows:
        connection.execute(sa.insert(outbox), [_message_values(one) for one in rows])


def add_links(connection: Connection, rows: Sequence[Link]) -> None:
    """Keep what signed links are good for."""
    if rows:
        connection.execute(sa.insert(links), [_link_values(one) for one in rows])


def due_messages(engine: Engine, now: datetime, *, claimed_before: datetime, limit: int) -> list[OutboxRow]:
    """Return messages that are due and that nobody has claimed since `claimed_before`, the oldest first."""
    query = sa.select(outbox).where(_claimable(now, claimed_before)).order_by(outbox.c.due_at, outbox.c.id).limit(limit)
    with engine.connect() as connection:
        return [_message(row) for row in connection.execute(query)]


def claim(engine: Engine, message: int, *, worker: str, now: datetime, claimed_before: datetime) -> bool:
    """Take a due message for `worker`; False where another was quicker."""
    statement = (
        sa
        .update(outbox)
        .where(outbox.c.id == message, _claimable(now, claimed_before))
        .values(claimed_by=worker, claimed_at=micros(now))
    )
    with writing(engine) as connection:
        return connection.execute(statement).rowcount == 1


def _claimable(now: datetime, claimed_before: datetime) -> Any:
    return sa.and_(
        outbox.c.state == "due",
        outbox.c.due_at <= micros(now),
        sa.or_(outbox.c.claimed_by.is_(None), outbox.c.claimed_at < micros(claimed_before)),
    )


def mark_sent(engine: Engine, message: int, *, worker: str, now: datetime) -> None:
    """Note that a channel took the message that `worker` had claimed."""
    _settle(engine, message, worker, {"state": "sent", "sent_at": micros(now), "error": None})


def mark_failed(engine: Engine, message: int, *, worker: str, error: str, again_at: datetime | None) -> None:
    """Note why a claimed message was not taken, and when to try again; None: it is given up."""
    changes: dict[str, Any] = {"error": error}
    changes.update({"state": "given_up"} if again_at is None else {"due_at": micros(again_at)})
    _settle(engine, message, worker, changes)


def _settle(engine: Engine, message: int, worker: str, changes: Mapping[str, Any]) -> None:
    mine = sa.update(outbox).where(outbox.c.id == message, outbox.c.claimed_by == worker)
    values = {**changes, "attempts": outbox.c.attempts + 1, "claimed_by": None, "claimed_at": None}
    with writing(engine) as connection:
        connection.execute(mine.values(values))


def _message_values(one: NewMessage) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in NewMessage.__slots__}
    return {
        **plain, "notice": one.notice.value, "made_at": micros(one.made_at), "due_at": micros(one.due_at),
        "attempts": 0, "state": "due",
    }  # fmt: skip


def _message(row: Any) -> OutboxRow:
    names = [name for name in NewMessage.__slots__ if name not in {"notice", "made_at", "due_at"}]
    return OutboxRow(
        **{name: row._mapping[name] for name in names}, notice=Notice(row.notice), made_at=moment(row.made_at),
        due_at=moment(row.due_at), id=row.id, attempts=row.attempts, state=row.state, sent_at=_at(row.sent_at),
        error=row.error,
    )  # fmt: skip


def _link_values(one: Link) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in Link.__slots__}
    return {**plain, "expires_at": micros(one.expires_at), "used_at": _us(one.used_at)}


# Taking a case over.


def link_of(engine: Engine, hashed: str, now: datetime) -> tuple[Link, CaseRow, AlertRow] | None:
    """Return what the link with this hash is good for, with its case and alert; None where unknown or expired."""
    with engine.connect() as connection:
        link = _usable(connection, hashed, now)
        case = None if link is None else _case_of(connection, link.case_id)
    if link is None or case is None or link.alert is None:
        return None
    return link, case, alerts_by_id(engine, [link.alert])[link.alert]


def use_link(engine: Engine, hashed: str, now: datetime) -> bool | None:
    """Take the link's case for the link's person, once; tell whether this very call took it.

    None where the link is unknown or expired. Nothing but the case's taker, the link's use and the audit changes.
    """
    with writing(engine) as connection:
        link = _usable(connection, hashed, now)
        if link is None:
            return None
        unused = sa.update(links).where(links.c.hash == hashed, links.c.used_at.is_(None))
        is_first_use = connection.execute(unused.values(used_at=micros(now))).rowcount == 1
        return is_first_use and _take(connection, link, now)


def _take(connection: Connection, link: Link, now: datetime) -> bool:
    free = sa.update(cases).where(cases.c.id == link.case_id, cases.c.taken_by.is_(None))
    if connection.execute(free.values(taken_by=link.person, taken_at=micros(now))).rowcount != 1:
        return False
    number = _case_of(connection, link.case_id).number
    said = {"at": micros(now), "who": link.person, "what": "case taken", "subject": number, "note": link.message}
    connection.execute(sa.insert(audit), said)
    return True


def _usable(connection: Connection, hashed: str, now: datetime) -> Link | None:
    is_good = sa.and_(links.c.hash == hashed, links.c.purpose == "take", links.c.expires_at > micros(now))
    row = connection.execute(sa.select(links).where(is_good)).first()
    if row is None:
        return None
    return Link(
        row.hash, row.person, row.case_id, row.alert, row.message, moment(row.expires_at), _at(row.used_at), row.purpose
    )


def _case_of(connection: Connection, case_id: int) -> CaseRow:
    return _case(connection.execute(sa.select(cases).where(cases.c.id == case_id)).one())


# What pages, lists and status read.


def open_alerts(engine: Engine) -> list[AlertRow]:
    """Return the alerts that are open, the newest first."""
    return _alerts(engine, alerts.c.closed_at.is_(None))


def alert_history(engine: Engine, *, station: str | None = None, limit: int = 100) -> list[AlertRow]:
    """Return the newest alerts, open and closed, of one station or all."""
    return _alerts(engine, sa.true() if station is None else alerts.c.station == station, limit)


def alerts_by_id(engine: Engine, wanted: Iterable[int]) -> dict[int, AlertRow]:
    """Return the named alerts."""
    numbers = sorted(set(wanted))
    found: dict[int, AlertRow] = {}
    for begin in range(0, len(numbers), _CHUNK):
        for one in _alerts(engine, alerts.c.id.in_(numbers[begin : begin + _CHUNK])):
            found[one.id] = one
    return found


def alerts_of_case(engine: Engine, number: str) -> list[AlertRow]:
    """Return the alerts of the case with this number, the oldest first; none of an unknown one."""
    return list(reversed(_alerts(engine, cases.c.number == number)))


def alerts_since(engine: Engine, rule: str, series: SeriesKey, since: datetime) -> list[AlertRow]:
    """Return a rule's alerts on a series that were open at some time after `since`, the oldest first."""
    mine = sa.and_(
        alerts.c.rule == rule, alerts.c.station == series.station, alerts.c.parameter == series.parameter,
        sa.or_(alerts.c.closed_at.is_(None), alerts.c.closed_at > micros(since)),
    )  # fmt: skip
    return sorted(_alerts(engine, mine), key=lambda one: (one.crossed_at, one.id))


def case_list(engine: Engine, *, limit: int = 100) -> list[CaseRow]:
    """Return the newest cases."""
    query = sa.select(cases).order_by(cases.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        return [_case(row) for row in connection.execute(query)]


def messages_of(engine: Engine, *, case_id: int | None = None, limit: int = 100) -> list[OutboxRow]:
    """Return the newest messages, of one case or all, and what became of them."""
    query = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if case_id is not None:
        query = query.where(outbox.c.case_id == case_id)
    with engine.connect() as connection:
        return [_message(row) for row in connection.execute(query)]


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


def _alert(row: Any) -> AlertRow:
    return AlertRow(
        rule=row.rule, series=SeriesKey(row.station, row.parameter), kind=AlertKind(row.kind),
        crossed_at=moment(row.crossed_at), opened_at=moment(row.opened_at), noticed_at=moment(row.noticed_at),
        closed_at=_at(row.closed_at), last_at=moment(row.last_at), level=row.level, peak=row.peak,
        peak_at=_at(row.peak_at), limit_low=row.limit_low, limit_high=row.limit_high, valid=row.valid,
        expected=row.expected, record=_record(row.record), id=row.id, case_id=row.case_id, case=row.number,
        short=row.short, taken_by=row.taken_by, taken_at=_at(row.taken_at),
    )  # fmt: skip


def _record(written: str) -> Record:
    found = msgspec.json.decode(written, type=Record)
    return msgspec.structs.replace(found, unmet=revived(found.unmet), doubts=revived(found.doubts))


def revived(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Make the Texts inside `texts` Texts again: JSON gives them back as plain mappings."""
    return tuple(Text(one.message, {name: unpack(value) for name, value in one.values.items()}) for one in texts)


def _case(row: Any) -> CaseRow:
    return CaseRow(
        row.id, row.number, row.short, row.station, moment(row.opened_at), row.messages, row.taken_by, _at(row.taken_at)
    )


def _at(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment(microseconds)


def _us(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
