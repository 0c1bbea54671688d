"""The scheduled job: levels against bounds, state machine, transitions and messages in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.engine import Connection, Engine

from alerts.lifecycle import Seen, Standing, fold
from alerts.links import LinkBase
from alerts.records import Recorder
from alerts.rules import hold_of, length_of, of_points, of_readings, threshold_of, window_kind
from alerts.silence import SilenceCheck
from domain.clock import Clock
from domain.limit import Bound
from domain.reading import SeriesKey
from domain.window import Window, WindowKind, window_of_mark
from registry.limits import AppliedLimit, Confirmation
from registry.lookup import Registry
from registry.schema import Rule
from storage import alerting, confirmations, spans
from storage.alerting import Watch
from storage.readings import ReadingStore, StoreUnavailable
from storage.spans import DirtySpan
from storage.state import writing

log = structlog.get_logger(__name__)
MICROSECOND = timedelta(microseconds=1)
# How many times hold and clear together a late change is looked at from before, so that a run with gaps is whole.
LOOKBACK = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One rule and one series, and from when to when something changed."""

    rule: Rule
    series: SeriesKey
    first: datetime
    last: datetime
    watch: Watch | None


class Judge:
    """Compares what changed with the rules."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, links: LinkBase) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._recorder = Recorder(registry, engine, links)
        self._silence = SilenceCheck(registry, engine, clock, self._recorder)

    def run(self) -> None:
        """Judge all spans that wait, then silence. Raises StoreUnavailable; then the same spans come again.

        Each rule and series is one transaction (state, alert, case, messages). A rule that fails is logged and tried
        again with the next change; the others go on.
        """
        now = self._clock.now()
        taken = [*spans.take(self._engine, "judge"), *spans.take(self._engine, "watch")]
        said = confirmations.read(self._engine)
        failed: set[SeriesKey] = set()
        for task in self._tasks(taken):
            try:
                self._judge(task, said, now)
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("rule failed", rule=task.rule.id, station=task.series.station)
                failed.add(task.series)
        with writing(self._engine) as connection:
            spans.clear(connection, [span for span in taken if span.series not in failed])
            spans.set_watermark(connection, "alerts", now)
        self._silence.run(now)

    def _tasks(self, taken: Sequence[DirtySpan]) -> list[Task]:
        reach: dict[tuple[str, SeriesKey], tuple[datetime, datetime]] = {}
        for span in taken:
            key = (span.consumer, span.series)
            first, last = reach.get(key, (span.first_at, span.last_at))
            reach[key] = (min(first, span.first_at), max(last, span.last_at))
        watches = alerting.all_watches(self._engine) if reach else {}
        found: list[Task] = []
        for rule in self._registry.rules.values():
            consumer = "watch" if rule.window == "reading" else "judge"
            found.extend(
                Task(rule, series, *reach[consumer, series], watches.get((rule.id, series)))
                for series in (self._registry.watches(rule) if rule.kind != "silent" else ())
                if (consumer, series) in reach
            )
        return found

    def _judge(self, task: Task, said: Mapping[str, Confirmation], now: datetime) -> None:
        begin, standing, alert = self._from_where(task)
        if begin >= task.last:
            return
        levels = self._levels(task, Window(begin, task.last), said)
        judged_to = max((seen.end for seen in levels), default=task.watch.judged_to if task.watch else begin)
        standing, changes = fold(standing, levels, hold_of(task.rule))
        limit = self._limit(task, levels, said)
        with writing(self._engine) as connection:
            open_alert = self._recorder.record(connection, task.rule, task.series, changes, limit, now)
            watch = Watch(
                task.rule.id, task.series, standing.state, msgspec.json.encode(standing).decode(),
                max(judged_to, task.watch.judged_to) if task.watch else judged_to,
                self._open_alert(connection, standing, open_alert or alert, judged_to, now),
            )  # fmt: skip
            alerting.keep_watch(connection, watch)

    def _open_alert(
        self, connection: Connection, standing: Standing, alert: int | None, at: datetime, now: datetime
    ) -> int | None:
        """Return the alert that is open, its figures brought up to date; close one that its levels no longer bear."""
        if alert is None:
            return None
        if standing.episode is None:
            self._recorder.withdraw(connection, alert, at, now)
            return None
        self._recorder.update(connection, alert, standing.episode)
        return alert

    def _from_where(self, task: Task) -> tuple[datetime, Standing, int | None]:
        """Return from when to fold, where the series then stood, and the alert that was open.

        Live: from what was judged last. Something earlier changed: from before it, far enough for whole runs.
        """
        interval = self._registry.interval(*task.series) or timedelta(hours=1)
        back = length_of(task.rule, interval) * LOOKBACK * (task.rule.windows + task.rule.clear.windows)
        watch = task.watch
        if watch is None:
            return task.first - back, Standing(), None
        if task.first > watch.judged_to:
            return watch.judged_to, msgspec.json.decode(watch.standing, type=Standing), watch.alert
        begin = task.first - back
        alert, standing = self._recorder.standing_at(task.rule, task.series, begin)
        return begin, standing, alert or watch.alert

    def _levels(self, task: Task, window: Window, said: Mapping[str, Confirmation]) -> list[Seen]:
        kind = window_kind(task.rule)
        if kind is None:
            bound = threshold_of(task.rule, task.series.parameter, self._registry)
            interval = self._registry.interval(*task.series) or timedelta(0)
            return list(of_readings(self._store.read(task.series, window), interval, bound))
        # A day is marked by its beginning.
        wide = Window(window.start - timedelta(days=2), window.end)
        points = self._store.read_rollups(kind, [task.series], wide)[task.series]
        ends = [window_of_mark(kind, point.mark, self._registry.zone).end for point in points]
        points = [point for point, end in zip(points, ends, strict=True) if end in window]
        bounds = [self._bound(task, point.kind, point.mark, said) for point in points]
        return list(of_points(points, bounds, self._registry))

    def _bound(self, task: Task, kind: WindowKind, mark: datetime, said: Mapping[str, Confirmation]) -> Bound:
        if task.rule.kind == "threshold":
            return threshold_of(task.rule, task.series.parameter, self._registry)
        found = self._applied(task, kind, window_of_mark(kind, mark, self._registry.zone).end, said)
        return Bound(None, None) if found is None else found.bound

    def _applied(
        self, task: Task, kind: WindowKind, end: datetime, said: Mapping[str, Confirmation]
    ) -> AppliedLimit | None:
        day = (end - MICROSECOND).astimezone(self._registry.zone).date()
        return self._registry.limit_for(task.series, kind, day, said, task.rule.regulation)

    def _limit(self, task: Task, levels: Sequence[Seen], said: Mapping[str, Confirmation]) -> AppliedLimit | None:
        kind = window_kind(task.rule)
        if kind is None or task.rule.kind != "limit" or not levels:
            return None
        return self._applied(task, kind, levels[-1].end, said)
