"""What a verdict leaves behind: case, alert, transition and messages, in the judge's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from alerts.grounds import instrument_of, law_of, shown, superseded
from alerts.levels import Limits
from alerts.lifecycle import Episode
from alerts.links import LinkBase
from alerts.outbox import Outbox
from alerts.rules import kind_of, unmet_conditions
from alerts.silence_words import Neighbours
from alerts.verdicts import Verdict, What
from alerts.wording import marks_of
from domain.alert import AlertKind, AlertState, Transition
from domain.limit import Bound
from domain.reading import SeriesKey
from domain.window import local_day
from registry.limits import AppliedLimit
from registry.lookup import Registry
from registry.schema import Rule
from storage import alerting
from storage.alerting import AlertRow, NewAlert, Record

_NO_BOUND = Bound(None, None)


@dataclass(frozen=True, slots=True)
class Subject:
    """Which rule and series a verdict is about, the limits it was judged by, and when.

    `case`: the one that what is found late in the same run at the same station has been put into.
    """

    rule: Rule
    series: SeriesKey
    limits: Limits
    now: datetime
    case: int | None = None


@dataclass(frozen=True, slots=True)
class Fallen:
    """A station of which nothing has come since `since`; `heard_before`: ever before that."""

    rule: Rule
    station: str
    since: datetime
    heard_before: bool
    neighbours: Neighbours


class Recorder:
    """Writes what has happened and queues what is told of it."""

    def __init__(self, registry: Registry, links: LinkBase) -> None:
        """Nothing is written yet."""
        self._registry = registry
        self._links = links
        self._outbox = Outbox(registry, links)

    def record(self, connection: Connection, about: Subject, verdict: Verdict) -> AlertRow:
        """Record one verdict; return the alert as it is now. Late ones are told by `tell_late`, all together."""
        episode, alert = verdict.episode, verdict.alert
        if episode is None:
            assert alert is not None  # noqa: S101 - a verdict is about one or the other
            return self._withdraw(connection, alert, about.now, part_of=verdict.part_of)
        if alert is None:
            return self._open(connection, about, episode, verdict.what)
        changed = self._with_figures(about, alert, episode)
        if verdict.what is What.CONFIRMED:
            return self._confirm(connection, changed, about.now)
        if verdict.what is What.REOPENED:
            return self._reopen(connection, changed, about.now)
        if verdict.what is What.CLOSED:
            return self._close(connection, replace(changed, closed_at=episode.closed_at), about.now)
        # Of one that was over its end may have moved; of one that is open it is not known yet.
        changed = changed if alert.closed_at is None else replace(changed, closed_at=episode.closed_at)
        alerting.change_alert(connection, changed)
        return changed

    def tell_late(self, connection: Connection, found: Sequence[AlertRow], now: datetime) -> None:
        """Tell of exceedances that were found late: one message for each case and team."""
        groups: dict[tuple[int, str], list[AlertRow]] = {}
        for one in found:
            if one.record.told:
                groups.setdefault((one.case_id, one.record.team), []).append(one)
        for group in groups.values():
            self._outbox.late(connection, group, now)

    def open_silent(self, connection: Connection, fallen: Fallen, now: datetime) -> AlertRow:
        """Record and tell that a station has fallen silent."""
        rule, station = fallen.rule, fallen.station
        case, joined = alerting.case_for(connection, station, at=now, year=self._year(now))
        record = Record(
            rule_kind=rule.kind, window=rule.window, severity=rule.severity.value, team=rule.team, joined=joined,
            heard_before=fallen.heard_before, demo=self._marks(station, None),
        )  # fmt: skip
        new = NewAlert(
            rule.id, SeriesKey(station, ""), AlertKind.SILENT, fallen.since, now, now, None, now,
            None, None, None, None, None, None, None, record,
        )  # fmt: skip
        alert = alerting.add_alert(connection, new, case)
        self._transit(connection, alert, AlertState.NORMAL, AlertState.FIRING, now, now)
        self._outbox.silent(connection, alert, now, fallen.neighbours)
        return alert

    def close_silent(self, connection: Connection, alert: AlertRow, heard_at: datetime, now: datetime) -> None:
        """Record and tell that a silent station was heard again at `heard_at`."""
        closed = replace(alert, closed_at=heard_at, last_at=now)
        alerting.change_alert(connection, closed)
        self._transit(connection, closed, AlertState.FIRING, AlertState.NORMAL, heard_at, now)
        self._outbox.back(connection, closed, now, heard_at)

    @property
    def outbox(self) -> Outbox:
        """Where messages that belong to no alert are queued."""
        return self._outbox

    def retire(self, connection: Connection, alert: AlertRow, now: datetime) -> None:
        """Close an alert that no rule watches any more; nothing has recovered, so nobody is told so."""
        alerting.change_alert(connection, replace(alert, closed_at=now))
        self._transit(connection, alert, AlertState.FIRING, AlertState.NORMAL, now, now)

    def _open(self, connection: Connection, about: Subject, episode: Episode, what: What) -> AlertRow:
        is_late = what is What.LATE
        case, joined = alerting.case_for(
            connection, about.series.station, at=about.now, year=self._year(about.now),
            known=about.case if is_late else None,
        )  # fmt: skip
        new = self._new(about, episode, is_late=is_late, joined=joined)
        alert = alerting.add_alert(connection, new, case)
        before = AlertState.PENDING if about.rule.windows > 1 else AlertState.NORMAL
        self._transit(connection, alert, before, AlertState.FIRING, episode.opened_at, about.now)
        if alert.closed_at is not None:
            self._transit(connection, alert, AlertState.FIRING, AlertState.NORMAL, alert.closed_at, about.now)
        if what is What.OPENED and alert.record.told:
            self._outbox.first(connection, alert, about.now)
            if alert.closed_at is not None:
                self._tell_recovery(connection, alert, about.now)
        return alert

    def _new(self, about: Subject, episode: Episode, *, is_late: bool, joined: bool) -> NewAlert:
        policies = self._registry.province.policies
        limit = about.limits.limit(about.rule, about.series, episode.opened_at)
        unmet = unmet_conditions(limit, () if episode.sure else episode.levels, policies)
        # What a logger may still resend is told; older data are somebody's import of history.
        told = about.now - episode.opened_at <= policies.expected_for
        record = Record(
            rule_kind=about.rule.kind, window=about.rule.window, severity=about.rule.severity.value,
            team=about.rule.team, unmet=unmet, told=told, joined=joined, demo=self._marks(about.series.station, limit),
            **instrument_of(self._registry.stations[about.series.station], local_day(episode.opened_at, self._registry.zone)),
            **law_of(limit), **shown(episode, policies, self._registry.hash),
        )  # fmt: skip
        kind = AlertKind.LATE if is_late else kind_of(limit, sure=episode.sure)
        level = episode.levels[-1]
        bound = level.bound or _NO_BOUND
        return NewAlert(
            about.rule.id, about.series, kind, episode.crossed_at, episode.opened_at, about.now, episode.closed_at,
            episode.last.end, episode.last.value, episode.peak.value, episode.peak.end, bound.low, bound.high,
            level.valid, level.expected, record,
        )  # fmt: skip

    def _with_figures(self, about: Subject, alert: AlertRow, episode: Episode) -> AlertRow:
        level, policies = episode.levels[-1], self._registry.province.policies
        bound = level.bound or _NO_BOUND
        limit = about.limits.limit(about.rule, about.series, level.end)
        changes = {**superseded(alert, episode, limit, policies), **shown(episode, policies, self._registry.hash)}
        return replace(
            alert, crossed_at=episode.crossed_at, opened_at=episode.opened_at, last_at=episode.last.end,
            level=episode.last.value, peak=episode.peak.value, peak_at=episode.peak.end,
            limit_low=bound.low, limit_high=bound.high, valid=level.valid, expected=level.expected,
            record=msgspec.structs.replace(alert.record, **changes),
        )  # fmt: skip

    def _confirm(self, connection: Connection, alert: AlertRow, now: datetime) -> AlertRow:
        record = msgspec.structs.replace(alert.record, unmet=())
        confirmed = replace(alert, kind=AlertKind.OVER, record=record)
        alerting.change_alert(connection, confirmed)
        self._transit(connection, confirmed, AlertState.FIRING, AlertState.FIRING, confirmed.last_at, now)
        self._outbox.first(connection, confirmed, now)
        return confirmed

    def _reopen(self, connection: Connection, alert: AlertRow, now: datetime) -> AlertRow:
        record = msgspec.structs.replace(alert.record, reopened=alert.record.reopened + 1, joined=True)
        # What was found late goes on now: it is named for what it is.
        kind = AlertKind.ADVISORY if record.unmet else AlertKind.OVER
        opened = replace(alert, kind=kind, closed_at=None, record=record)
        alerting.change_alert(connection, opened)
        self._transit(connection, opened, AlertState.NORMAL, AlertState.FIRING, opened.last_at, now)
        if opened.record.told:
            self._outbox.first(connection, opened, now)
        return opened

    def _close(self, connection: Connection, alert: AlertRow, now: datetime) -> AlertRow:
        alerting.change_alert(connection, alert)
        self._transit(connection, alert, AlertState.FIRING, AlertState.NORMAL, alert.closed_at or now, now)
        self._tell_recovery(connection, alert, now)
        return alert

    def _tell_recovery(self, connection: Connection, alert: AlertRow, now: datetime) -> None:
        """Tell that a level is back; where only the limit is gone nothing has recovered, so nobody is told so."""
        if alert.record.told and not alert.record.lapsed:
            self._outbox.recovery(connection, alert, now)

    def _withdraw(self, connection: Connection, alert: AlertRow, now: datetime, *, part_of: int | None) -> AlertRow:
        """Take an alert back; of one that goes on as part of another nothing is told."""
        record = msgspec.structs.replace(alert.record, withdrawn=True, part_of=part_of)
        closed = replace(alert, closed_at=alert.closed_at or alert.last_at, record=record)
        alerting.change_alert(connection, closed)
        if alert.closed_at is None:
            self._transit(connection, closed, AlertState.FIRING, AlertState.NORMAL, alert.last_at, now)
        if closed.record.told and part_of is None:
            self._outbox.recovery(connection, closed, now)
        return closed

    def _transit(
        self, connection: Connection, alert: AlertRow, before: AlertState, after: AlertState,
        at: datetime, now: datetime,
    ) -> None:  # fmt: skip
        alerting.add_transition(connection, Transition(alert.id, before, after, at, now, alert.level))

    def _marks(self, station: str, limit: AppliedLimit | None) -> tuple[str, ...]:
        fictional = limit is not None and limit.regulation.fictional
        return marks_of(self._registry, self._registry.stations[station], fictional=fictional, demo=self._links.demo)

    def _year(self, at: datetime) -> int:
        return at.astimezone(self._registry.zone).year
