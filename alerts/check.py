"""The scheduled job: levels against bounds, state machine, transitions and messages in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
import structlog
from sqlalchemy.engine import Connection, Engine

from alerts.hearing import HearingCheck
from alerts.levels import LevelReader, Limits
from alerts.links import LinkBase
from alerts.postponed import Postponed
from alerts.records import Recorder, Subject
from alerts.tasks import Folding, Outcome, Task, tasks_of
from alerts.verdicts import What, with_alert
from domain.clock import Clock
from domain.reading import SeriesKey
from registry.lookup import Registry
from storage import alerting, confirmations, spans
from storage.alerting import AlertRow, Watch
from storage.readings import ReadingStore, StoreUnavailable
from storage.spans import DirtySpan
from storage.state import writing

log = structlog.get_logger(__name__)

JOB = "alerts"
CONSUMERS = ("judge", "watch")


class _Overtaken(Exception):
    """Another judge was quicker: what was found out is void."""


@dataclass(slots=True)
class Round:
    """One run: what it took, by which limits it judges, what it found and what failed."""

    taken: list[DirtySpan]
    limits: Limits
    now: datetime
    watches: Mapping[tuple[str, SeriesKey], Watch]
    outcomes: list[Outcome] = field(default_factory=list)
    failed: list[Task] = field(default_factory=list)


class Judge:
    """Holds what has changed against the rules, and notices silence."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, links: LinkBase) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._recorder = Recorder(registry, links)
        self._hearing = HearingCheck(registry, engine, clock, self._recorder)
        self._postponed = Postponed()
        self._retired = False
        self._limits = Limits(registry, {})

    def run(self) -> int:
        """Judge everything that waits; return how many alerts opened, closed or changed.

        Spans are taken before levels are read, and cleared in the one transaction that writes state, alerts and
        messages: a run that is stopped anywhere is done again, and nothing is told twice. A rule that fails is logged
        and tried again later; the others go on. Raises StoreUnavailable.
        """
        now = self._clock.now()
        if not self._retired:
            self._retire(now)
        taken = self._take(now)
        happened = self._judge(taken, now) if taken else 0
        return happened + self._hearing.run(now)

    def _take(self, now: datetime) -> list[DirtySpan]:
        again = [f"re{one}" for one in CONSUMERS] if self._postponed.is_any_due(now) else []
        return [span for consumer in (*CONSUMERS, *again) for span in spans.take(self._engine, consumer)]

    def _judge(self, taken: list[DirtySpan], now: datetime) -> int:
        watches = alerting.watches_of(self._engine, (span.series.station for span in taken))
        work = Round(taken, self._limits_in_force(), now, watches)
        self._fold(work)
        try:
            with writing(self._engine) as connection:
                return self._write(connection, work)
        except _Overtaken:
            log.info("another judge was quicker", spans=len(taken))
            return 0

    def _limits_in_force(self) -> Limits:
        said = confirmations.read(self._engine)
        if not self._limits.answers_for(said):
            self._limits = Limits(self._registry, said)
        return self._limits

    def _fold(self, work: Round) -> None:
        folding = Folding(self._registry, LevelReader(self._registry, self._store, work.limits), work.limits, work.now)
        tasks = list(self._ready(tasks_of(self._registry, work.taken, work.watches), folding, work))
        folding.ahead(tasks)
        known = (one.watch.alert for one in tasks if one.watch is not None and one.watch.alert is not None)
        open_alerts = alerting.alerts_by_id(self._engine, known)
        for task in tasks:
            with _guarded(task, work, self._postponed):
                alert = open_alerts.get(task.watch.alert or 0) if task.watch else None
                outcome = folding.outcome(task, [] if alert is None else [alert]) or self._again(folding, task)
                work.outcomes.append(outcome)

    def _again(self, folding: Folding, task: Task) -> Outcome:
        since, levels = folding.stretch(task)
        return folding.again(task, levels, alerting.alerts_since(self._engine, task.rule.id, task.series, since))

    def _ready(self, tasks: Iterable[Task], folding: Folding, work: Round) -> Iterator[Task]:
        for task in tasks:
            if self._postponed.is_waiting(task.key, work.now):
                work.failed.append(task)
                continue
            with _guarded(task, work, self._postponed):
                if folding.concerns(task):
                    yield task

    def _write(self, connection: Connection, work: Round) -> int:
        stations = {one.task.series.station for one in work.outcomes}
        now_kept = alerting.read_watches(connection, stations, lock=True)
        if any(now_kept.get(one.task.key) != one.task.watch for one in work.outcomes):
            raise _Overtaken
        units = list(_by_station(work.outcomes))
        quiet = [one for unit in units if not _has_news(unit) for one in unit]
        alerting.save_watches(connection, (watch for one in quiet for watch in _kept(one, one.recorded)))
        happened = sum(self._apply(connection, unit, work) for unit in units if _has_news(unit))
        self._forget(work)
        spans.clear(connection, work.taken)
        for consumer in CONSUMERS:
            failed = ((one.series, one.first, one.last) for one in work.failed if one.source == consumer)
            spans.mark(connection, f"re{consumer}", dict.fromkeys(failed))
        spans.set_watermark(connection, JOB, work.now)
        return happened

    def _apply(self, connection: Connection, unit: list[Outcome], work: Round) -> int:
        """Write what happened at one station; if that fails, rule by rule, so that one cannot hold up the others."""
        try:
            with connection.begin_nested():
                return self._record(connection, unit, work)
        except Exception:
            if len(unit) > 1:
                return sum(self._apply(connection, [one], work) for one in unit)
            _postpone(unit[0].task, work, self._postponed)
            return 0

    def _record(self, connection: Connection, unit: Sequence[Outcome], work: Round) -> int:
        late: list[AlertRow] = []
        kept: list[Watch] = []
        for outcome in unit:
            task = outcome.task
            rows = {one.id: one for one in outcome.recorded}
            for verdict in outcome.verdicts:
                # An alert may be changed twice in one run.
                alert = rows.get(verdict.alert.id) if verdict.alert else None
                about = Subject(task.rule, task.series, work.limits, work.now, late[0].case_id if late else None)
                row = self._recorder.record(connection, about, replace(verdict, alert=alert))
                rows[row.id] = row
                late += [row] if verdict.what is What.LATE else []
            kept.extend(_kept(outcome, rows.values()))
        self._recorder.tell_late(connection, late, work.now)
        alerting.save_watches(connection, kept)
        return sum(len(one.verdicts) for one in unit)

    def _forget(self, work: Round) -> None:
        failed = {one.key for one in work.failed}
        for outcome in work.outcomes:
            if outcome.task.key not in failed:
                self._postponed.forget(outcome.task.key)

    def _retire(self, now: datetime) -> None:
        """Close alerts whose rule or series the configuration has no more: nothing would ever close them."""
        rules = self._registry.rules.values()
        watched = {(rule.id, series) for rule in rules for series in self._registry.watches(rule)}
        gone = [one for one in alerting.open_alerts(self._engine) if (one.rule, one.series) not in watched]
        with writing(self._engine) as connection:
            for alert in gone:
                log.warning("alert closed: no rule watches it any more", alert=alert.id, rule=alert.rule)
                self._recorder.retire(connection, alert, now)
        self._retired = True


@contextmanager
def _guarded(task: Task, work: Round, postponed: Postponed) -> Iterator[None]:
    """Keep what goes wrong with one task from the others; only a store that is away stops them all."""
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception:
        _postpone(task, work, postponed)


def _postpone(task: Task, work: Round, postponed: Postponed) -> None:
    pause = postponed.put(task.key, work.now)
    log.exception("rule failed", rule=task.rule.id, series=task.series, again_in=str(pause))
    work.failed.append(task)


def _has_news(unit: Iterable[Outcome]) -> bool:
    return any(one.verdicts for one in unit)


def _by_station(outcomes: Iterable[Outcome]) -> Iterable[list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(one.task.series.station, []).append(one)
    return found.values()


def _kept(outcome: Outcome, alerts: Iterable[AlertRow]) -> Iterator[Watch]:
    """Yield the watch as it is to be kept, with the alert that is open now, where it differs from what is kept."""
    task, open_alerts = outcome.task, [one.id for one in alerts if one.closed_at is None]
    alert = max(open_alerts, default=None)
    course = with_alert(outcome.folded, alert).course
    if course.judged_to is None:
        return
    judged_to = max(course.judged_to, task.watch.judged_to) if task.watch else course.judged_to
    standing = msgspec.json.encode(course).decode()
    watch = Watch(task.rule.id, task.series, course.state, standing, judged_to, alert)
    if watch != task.watch:
        yield watch
