"""What there is to judge: each rule and series whose levels have changed, and what became of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from alerts.levels import INSTANT, LevelReader, Limits
from alerts.lifecycle import Course, Folded, Hold, fold, settled_from
from alerts.rules import Level
from alerts.verdicts import Again, Lateness, Verdict, verdicts
from domain.reading import SeriesKey
from domain.window import Window
from registry.lookup import Registry
from registry.schema import Rule
from storage.alerting import AlertRow, Watch
from storage.spans import DirtySpan

# How far back a change of what has been judged is looked at from: until a stretch that settles the state is found.
# Loggers resend for 60 days, so nothing that is told of began earlier.
_LOOKBACKS = (timedelta(days=1), timedelta(days=8), timedelta(days=64))


@dataclass(frozen=True, slots=True)
class Task:
    """One rule and series; `first` to `last`, both included, is what changed. `watch` is None before the first time."""

    rule: Rule
    series: SeriesKey
    source: str  # the consumer whose spans it answers: judge or watch
    first: datetime
    last: datetime
    watch: Watch | None

    @property
    def key(self) -> tuple[str, SeriesKey]:
        """What tells it from all others."""
        return self.rule.id, self.series


@dataclass(frozen=True, slots=True)
class Outcome:
    """A task that is done but not written: where the machine stands, and what has happened."""

    task: Task
    folded: Folded
    verdicts: tuple[Verdict, ...]
    recorded: tuple[AlertRow, ...]


def tasks_of(
    registry: Registry, taken: Sequence[DirtySpan], watches: Mapping[tuple[str, SeriesKey], Watch]
) -> list[Task]:  # fmt: skip
    """Return what the spans ask for; several of one series are one task."""
    reach: dict[tuple[str, SeriesKey], tuple[datetime, datetime]] = {}
    for span in taken:
        key = (source_of(span), span.series)
        first, last = reach.get(key, (span.first_at, span.last_at))
        reach[key] = (min(first, span.first_at), max(last, span.last_at))
    return [
        Task(rule, series, source, *reach[source, series], watches.get((rule.id, series)))
        for rule, source in _judged(registry.rules.values())
        for series in registry.watches(rule)
        if (source, series) in reach
    ]


def source_of(span: DirtySpan) -> str:
    """Return whose span it is; one that is tried again counts as the first time."""
    return span.consumer.removeprefix("re")


def _judged(rules: Iterable[Rule]) -> Iterable[tuple[Rule, str]]:
    return ((rule, "watch" if rule.window == "reading" else "judge") for rule in rules if rule.kind != "silent")


def _each_day(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield a moment of every local day from `last` back to `first`, in whichever zone."""
    while last > first:
        yield last
        last -= timedelta(days=1)
    yield first


class Folding:
    """Folds the levels of tasks; reads, and writes nothing."""

    def __init__(self, registry: Registry, reader: LevelReader, limits: Limits, now: datetime) -> None:
        """Judge as of `now`."""
        self._policies = registry.province.policies
        self._reader = reader
        self._limits = limits
        self._now = now

    def ahead(self, tasks: Iterable[Task]) -> None:
        """Read what the ordinary tasks need, many series at a time. Raises StoreUnavailable."""
        self._reader.fetch((one.rule, one.series, self._onward(one)) for one in tasks if self._course(one) is not None)

    def concerns(self, task: Task) -> bool:
        """Tell whether there is anything to hold the series against, or was."""
        return task.watch is not None or any(
            self._limits.bound(task.rule, task.series, at) is not None for at in _each_day(task.first, task.last)
        )

    def outcome(self, task: Task, recorded: Sequence[AlertRow]) -> Outcome | None:
        """Fold what is new onto where the machine stood; None if something changed that had been judged before."""
        course = self._course(task)
        if course is None:
            return None
        levels = self._reader.levels(task.rule, task.series, self._onward(task))
        return self._judged(task, fold(course, levels, self._hold(task)), recorded)

    def stretch(self, task: Task) -> tuple[datetime, list[Level]]:
        """Return the levels of a series from far enough before the change on, and from when. Raises StoreUnavailable."""
        hold, until = self._hold(task), max(self._until(task), task.watch.judged_to if task.watch else task.last)
        for back in _LOOKBACKS:
            begin = task.first - back
            levels = self._reader.levels(task.rule, task.series, Window(begin, until))
            settled = settled_from(levels, hold, task.first)
            if settled is not None:
                begin, levels = levels[settled].end, levels[settled:]
                break
        return begin, levels

    def again(self, task: Task, levels: Sequence[Level], recorded: Sequence[AlertRow]) -> Outcome:
        """Return what a stretch that is folded once more comes to, against the alerts on record since it began."""
        again = Again(levels, task.first, task.last)
        return self._judged(task, fold(Course(), levels, self._hold(task)), recorded, again)

    def _judged(
        self, task: Task, folded: Folded, recorded: Sequence[AlertRow], again: Again | None = None
    ) -> Outcome:  # fmt: skip
        late = Lateness(self._now, self._policies.late_after)
        return Outcome(task, folded, tuple(verdicts(folded, recorded, late, again)), tuple(recorded))

    def _course(self, task: Task) -> Course | None:
        if task.watch is None:
            return Course()
        if task.first <= task.watch.judged_to:
            return None
        try:
            return msgspec.json.decode(task.watch.standing, type=Course)
        except msgspec.ValidationError:  # written by another version: the levels themselves say where it stands
            return None

    def _onward(self, task: Task) -> Window:
        return Window(task.watch.judged_to if task.watch else task.first - INSTANT, self._until(task))

    def _until(self, task: Task) -> datetime:
        return max(task.last, self._now)

    def _hold(self, task: Task) -> Hold:
        return Hold.of(task.rule, self._policies)
