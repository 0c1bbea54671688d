"""What a change of state leaves: case, alert, transition and messages, in the caller's transaction."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection, Engine, Row

from alerts.lifecycle import Change, Episode, Seen, Standing
from alerts.links import LinkBase
from alerts.outbox import Outbox, Telling
from alerts.rules import is_late, kind_of, unmet
from alerts.wording import Story
from domain.alert import AlertKind, AlertState, Notice
from domain.limit import Bound
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.text import Text, pack, unpack
from registry.limits import AppliedLimit
from registry.lookup import Registry
from registry.schema import Rule
from storage import alerting


class Recorder:
    """Writes what happened, and queues what is to be told of it."""

    def __init__(self, registry: Registry, engine: Engine, links: LinkBase) -> None:
        """Nothing is written yet."""
        self._registry = registry
        self._engine = engine
        self._links = links
        self._outbox = Outbox(registry, links)

    def record(
        self, connection: Connection, rule: Rule, series: SeriesKey, changes: Sequence[Change],
        limit: AppliedLimit | None, now: datetime,
    ) -> int | None:  # fmt: skip
        """Record the changes of one fold; return the alert that is open after them, if one was opened or met again.

        An episode that overlaps an alert that is on record is that alert.
        """
        if not changes:
            return None
        known = alerting.alerts_of(self._engine, rule.id, series, since=changes[0].episode.crossed_at)
        closings = {one.episode.crossed_at: one for one in changes if one.after is AlertState.NORMAL}
        opened: int | None = None
        for change in changes:
            if change.after is AlertState.FIRING:
                same = _same(known, change.episode)
                closing = closings.get(change.episode.crossed_at)
                opened = same.id if same else self._open(connection, rule, series, (change, closing), limit, now)
            else:
                self._close(connection, rule, series, change, opened or _open_one(known), now)
                opened = None
        return opened

    def update(self, connection: Connection, alert: int, episode: Episode) -> None:
        """Bring an open alert's figures up to date."""
        alerting.change_alert(connection, alert, _figures(episode))

    def withdraw(self, connection: Connection, alert: int, at: datetime, now: datetime) -> None:
        """Close an alert that is still open although its levels, corrected since, no longer bear it."""
        row = alerting.alert_of(connection, alert)
        if row is None or row.closed_at is not None:
            return
        alerting.change_alert(connection, alert, {"closed_at": micros(at)})
        self._transit(connection, alert, (AlertState.FIRING, AlertState.NORMAL), at, now, None)

    def standing_at(self, rule: Rule, series: SeriesKey, at: datetime) -> tuple[int | None, Standing]:
        """Return the alert that covers `at` and where the series stood then."""
        for row in alerting.alerts_of(self._engine, rule.id, series, since=at):
            if moment(row.opened_at) <= at:
                return row.id, Standing(episode=_episode_of(row))
        return None, Standing()

    def open_silent(self, connection: Connection, rule: Rule, station: str, since: datetime, now: datetime) -> int:
        """Record that a station is silent since `since`, and tell; return the alert."""
        case = alerting.case_for(connection, station, now, self._year(now))
        record: dict[str, Any] = {"unmet": [], "limit": None, "demo": self._demo(station, None)}
        alert = alerting.add_alert(connection, {
            "case_id": case.id, "rule": rule.id, "station": station, "parameter": "", "kind": AlertKind.SILENT.value,
            "crossed_at": micros(since), "opened_at": micros(now), "noticed_at": micros(now), "last_at": micros(now),
            "record": json.dumps(record),
        })  # fmt: skip
        self._transit(connection, alert, (AlertState.NORMAL, AlertState.FIRING), now, now, None)
        story = self._story(
            Notice.SILENT, AlertKind.SILENT, rule, SeriesKey(station, ""), None, None, (), since, now, case.number, None
        )
        self._outbox.tell(connection, Telling(f"{alert}:silent", story, case.id, alert), now)
        return alert

    def close_silent(self, connection: Connection, rule: Rule, row: Row[Any], heard: datetime, now: datetime) -> None:
        """Record that a silent station was heard again at `heard`, and tell."""
        alerting.change_alert(connection, row.id, {"closed_at": micros(heard), "last_at": micros(now)})
        self._transit(connection, row.id, (AlertState.FIRING, AlertState.NORMAL), heard, now, None)
        case = alerting.case_of(connection, row.case_id)
        story = self._story(
            Notice.BACK, AlertKind.SILENT, rule, SeriesKey(row.station, ""), None, None, (), moment(row.crossed_at),
            heard, case.number, None,
        )  # fmt: skip
        self._outbox.tell(connection, Telling(f"{row.id}:back", story, case.id, row.id), now)

    def _open(
        self, connection: Connection, rule: Rule, series: SeriesKey, pair: tuple[Change, Change | None],
        limit: AppliedLimit | None, now: datetime,
    ) -> int:  # fmt: skip
        opening, closing = pair
        episode = closing.episode if closing else opening.episode
        conditions = unmet(rule, limit, opening.at, self._registry.province.policies)
        late = is_late(episode.closed_at, now=now, late_after=self._registry.province.policies.late_after)
        kind = AlertKind.LATE if late and not conditions else kind_of(conditions)
        notice = Notice.LATE if late else Notice.FIRST
        case = alerting.case_for(connection, series.station, now, self._year(now))
        said = said_limit(rule, limit, opening.at)
        record: dict[str, Any] = {
            "row": limit.row.row if limit else None, "unmet": [pack(one) for one in conditions], "limit": pack(said),
            "levels": episode.levels, "window": rule.window, "notice": notice.value, "configuration": self._registry.hash,
            "arithmetic": limit.arithmetic if limit else None, "demo": self._demo(series.station, limit),
        }  # fmt: skip
        alert = alerting.add_alert(connection, {
            "case_id": case.id, "rule": rule.id, "station": series.station, "parameter": series.parameter,
            "kind": kind.value, "crossed_at": micros(episode.crossed_at), "opened_at": micros(opening.at.end),
            "noticed_at": micros(now), "limit_low": opening.at.low, "limit_high": opening.at.high,
            "record": json.dumps(record, ensure_ascii=False), **_figures(episode),
        })  # fmt: skip
        states = (AlertState.PENDING if rule.windows > 1 else AlertState.NORMAL, AlertState.FIRING)
        transition = self._transit(connection, alert, states, opening.at.end, now, opening.at.value)
        story = self._story(
            notice, kind, rule, series, episode, said, conditions, episode.crossed_at, now, case.number, limit
        )  # fmt: skip
        self._outbox.tell(connection, Telling(f"{transition}:{notice.value}", story, case.id, alert), now)
        return alert

    def _close(
        self, connection: Connection, rule: Rule, series: SeriesKey, change: Change, alert: int | None, now: datetime
    ) -> None:
        row = alerting.alert_of(connection, alert) if alert is not None else None
        if row is None or row.closed_at is not None:
            return
        alerting.change_alert(connection, row.id, {**_figures(change.episode), "closed_at": micros(change.at.end)})
        states = (AlertState.FIRING, AlertState.NORMAL)
        transition = self._transit(connection, row.id, states, change.at.end, now, change.at.value)
        record = json.loads(row.record)
        if record.get("notice") == Notice.LATE.value:
            return  # one message said that it is over
        case = alerting.case_of(connection, row.case_id)
        conditions = tuple(unpack(one) for one in record["unmet"])
        story = self._story(
            Notice.RECOVERY, AlertKind(row.kind), rule, series, change.episode, unpack(record["limit"]), conditions,
            moment(row.crossed_at), now, case.number, None, demo=record["demo"],
        )  # fmt: skip
        self._outbox.tell(connection, Telling(f"{transition}:recovery", story, case.id, row.id), now)

    def _story(  # noqa: PLR0913, PLR0917 - the story's own fields, in its order
        self, notice: Notice, kind: AlertKind, rule: Rule, series: SeriesKey, episode: Episode | None,
        limit: Text | None, conditions: tuple[Text, ...], since: datetime, at: datetime, case: str,
        applied: AppliedLimit | None, *, demo: bool = False,
    ) -> Story:  # fmt: skip
        bound = episode.last.bound if episode else None
        return Story(
            notice, kind, rule, self._registry.stations[series.station],
            self._registry.parameters.get(series.parameter), episode, bound if bound != Bound(None, None) else None,
            limit, conditions, since, at, case, demo or self._demo(series.station, applied),
        )  # fmt: skip

    def _transit(
        self, connection: Connection, alert: int, states: tuple[AlertState, AlertState], crossed: datetime, now: datetime,
        level: float | None,
    ) -> int:  # fmt: skip
        return alerting.add_transition(connection, {
            "alert": alert, "before": states[0].value, "after": states[1].value, "crossed_at": micros(crossed),
            "noticed_at": micros(now), "level": level,
        })  # fmt: skip

    def _demo(self, station: str, limit: AppliedLimit | None) -> bool:
        found = self._registry.stations[station]
        facility = self._registry.facilities.get(found.facility or "")
        invented = found.origin is not None or (facility is not None and facility.invented)
        return self._links.demo or invented or (limit is not None and limit.regulation.fictional)

    def _year(self, at: datetime) -> int:
        return at.astimezone(self._registry.zone).year


def said_limit(rule: Rule, limit: AppliedLimit | None, seen: Seen) -> Text | None:
    """Return what a level is compared with: document, clause, column, arithmetic, and who confirmed it."""
    if limit is None:
        own = Text(
            "own threshold {low}–{high}",
            {"low": seen.low if seen.low is not None else "", "high": seen.high if seen.high is not None else ""},
        )
        return own if rule.kind == "threshold" else None
    where = ", ".join(part for part in (limit.regulation.document, limit.row.clause, limit.row.column or "") if part)
    side = limit.high if limit.high is not None else limit.low
    values = {"where": where, "limit": side, "factors": " × ".join(f"{one:g}" for one in limit.arithmetic)}
    sentence = Text("{where}: {factors} = {limit}", values) if limit.factors else Text("{where}: {limit}", values)
    if limit.confirmed_by is None:
        return sentence
    by = {"limit": sentence, "by": limit.confirmed_by, "on": str(limit.confirmed_on)}
    return Text("{limit}. Confirmed by {by} on {on}", by)


def _figures(episode: Episode) -> dict[str, Any]:
    return {
        "last_at": micros(episode.last.end), "level": episode.last.value, "peak": episode.peak,
        "peak_at": micros(episode.peak_at), "valid": episode.last.valid, "expected": episode.last.expected,
    }  # fmt: skip


def _same(known: Sequence[Row[Any]], episode: Episode) -> Row[Any] | None:
    """Return the alert on record that overlaps an episode."""
    end = micros(episode.closed_at or episode.last.end)
    for row in known:
        if row.crossed_at <= end and (row.closed_at is None or row.closed_at >= micros(episode.crossed_at)):
            return row
    return None


def _open_one(known: Sequence[Row[Any]]) -> int | None:
    return next((row.id for row in known if row.closed_at is None), None)


def _episode_of(row: Row[Any]) -> Episode:
    at = moment(row.last_at)
    last = Seen(at, at, row.level, row.valid or 0, row.expected or 0, 0, row.limit_low, row.limit_high)
    levels = tuple(json.loads(row.record).get("levels", ()))
    peak_at = moment(row.peak_at) if row.peak_at is not None else at
    return Episode(moment(row.crossed_at), moment(row.opened_at), last, levels, row.peak or 0.0, peak_at, len(levels))
