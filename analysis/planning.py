"""Which windows of a series are to be computed: those whose hours changed, and those that have become due."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np

from analysis.closing import Closings, left_open
from analysis.long_windows import Kinded, holding, touched
from analysis.material import Material
from analysis.series_windows import DAY, HOUR_US, Stretch
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import HOUR, LONGEST_DAY, Window, hour_end
from registry.schema import ParameterKind
from storage.spans import DirtySpan

_MICROSECOND = timedelta(microseconds=1)
# The first and last end of consecutive hours.
Run: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a series reaches, and up to which hour it has been rolled."""

    first_at: datetime
    last_at: datetime
    rolled_to: datetime | None

    @property
    def start(self) -> datetime:
        """The end of the newest hour that is done; before the first run, of the hour before the first reading."""
        return self.rolled_to or hour_end(self.first_at) - HOUR


@dataclass(slots=True)
class Plan:
    """What one round does of a series: afterwards hours up to `rolled_to` are done, and all its spans except `kept`.

    `long` are the months, seasons and years that are computed. `moves` says that `rolled_to` is further than before,
    `unfinished` that there is more to do of it at this moment. `closes`: after the last hour that is expected of it, up
    to which end windows are made that hold this hour.
    """

    series: SeriesKey
    rolled_to: datetime
    stretches: list[Stretch] = field(default_factory=list)
    long: set[Kinded] = field(default_factory=set)
    kept: list[DirtySpan] = field(default_factory=list)
    closes: datetime | None = None
    moves: bool = False
    unfinished: bool = False

    @property
    def hours(self) -> int:
        """How many hours it has."""
        return sum(stretch.hours for stretch in self.stretches)

    def leave(self, spans: Iterable[DirtySpan]) -> None:
        """Keep `spans` for another round."""
        self.kept.extend(spans)
        self.unfinished = True


class Planner:
    """Plans series by series for one moment, at most `most` hours of each that have become due."""

    def __init__(self, material: Material, closings: Closings, now: datetime, most: int) -> None:
        """Nothing is read yet."""
        registry = material.registry
        self._registry = registry
        self._closings = closings
        self._material = material
        self._now = now
        self._most = most
        self._horizon = registry.province.policies.expected_for

    def plan(self, key: SeriesKey, reach: Reach, dirty: Sequence[DirtySpan], *, arriving: bool) -> Plan:
        """Return what is to be done of a series now.

        While readings of long ago are still `arriving` only windows that they have passed are made, and no empty ones
        behind them, which the next readings would revise: that waits, with the span it is for, for another round.
        """
        ready, last = self._ready(key, reach), self._last_expected(reach)
        wait = arriving and self._now - reach.last_at > DAY
        due, done_to = self._due(key, reach, hour_floor(reach.last_at) if wait else min(ready, last))
        plan = Plan(key, done_to, moves=done_to > reach.start)
        late = self._late(plan, reach.start, dirty, arriving=arriving)
        closing = self._closing(plan, reach, due)
        if done_to == last:
            # No further hour is expected, so that it is the clock alone that ends the windows which hold the last one.
            plan.closes = self._closings.due(key, last, ready)
            closing = [*closing, *([(last, last)] if plan.closes else [])]
            done_to = max(ready, done_to)
        plan.stretches = [Stretch(key, *run, done_to) for run in _apart([*late, *closing, *due])]
        plan.long.update(one for run in plan.stretches for one in touched(run.span, done_to, self._registry))
        if done_to < min(ready, last):
            plan.leave([span for span in dirty if hour_end(span.last_at) > done_to] or dirty[-1:])
        return plan

    def _ready(self, key: SeriesKey, reach: Reach) -> datetime:
        """Return the newest end that may be judged: data have passed it, or the grace is over."""
        interval = self._registry.interval(*key) or timedelta(0)
        by_grace = hour_floor(self._now - max(self._registry.province.policies.grace, interval))
        return max(hour_floor(reach.last_at), by_grace)

    def _closing(self, plan: Plan, reach: Reach, due: Sequence[Run]) -> list[Run]:
        """Return the newest hour before a gap: windows of it end in the gap, or beyond."""
        start = reach.start
        if reach.rolled_to is None or plan.rolled_to == start or (due and due[0][0] <= start + HOUR):
            return []
        plan.long.update(holding(start, plan.rolled_to, self._registry))
        last = left_open(plan.series, start, self._material, self._horizon)
        return [] if last is None else [(last, last)]

    def _last_expected(self, reach: Reach) -> datetime:
        return hour_floor(reach.last_at + self._horizon)

    def _due(self, key: SeriesKey, reach: Reach, ready_to: datetime) -> tuple[list[Run], datetime]:
        """Return the expected hours not done yet, and up to where these are all there are: at most about `most`."""
        runs: list[Run] = []
        start, left, last = reach.start, self._most, self._last_expected(reach)
        while start < ready_to and left > 0:
            end = min(ready_to, start + left * HOUR)
            found = list(self._expected(key, start, min(end, last))) if start < last else []
            left -= sum((run[1] - run[0]) // HOUR + 1 for run in found)
            runs.extend(found)
            start = end
        return runs, start

    def _expected(self, key: SeriesKey, start: datetime, end: datetime) -> Iterator[Run]:
        """Yield the hours in `start < hour ≤ end` that have a reading in the `expected_for` before their end."""
        if end - start <= DAY:
            yield start + HOUR, end
            return
        times = self._material.times(key, Window(start, end))
        if not len(times) or moment(int(times[0])) - start > DAY:
            before = self._material.times(key, Window(start - self._horizon, start))
            times = np.concatenate((before[-1:], times))
        ends = np.arange(micros(start + HOUR), micros(end) + 1, HOUR_US)
        newest = np.searchsorted(times, ends, side="right") - 1
        expected = newest >= 0
        expected[expected] = times[newest[expected]] >= ends[expected] - self._horizon // _MICROSECOND
        yield from _runs(ends[expected].tolist())

    def _late(self, plan: Plan, done: datetime, dirty: Iterable[DirtySpan], *, arriving: bool) -> Iterator[Run]:
        """Yield runs of hours that were `done` before, or lie before all that were."""
        spans: dict[int, DirtySpan] = {}
        for span in dirty:
            until = min(hour_end(span.last_at), done)
            spans.update(dict.fromkeys(range(micros(hour_end(span.first_at)), micros(until) + 1, HOUR_US), span))
        for first, last in _runs(sorted(spans)):
            span = spans[micros(last)]
            until = self._touched(plan.series, last, done)
            lacking = self._lacking(plan.series, until, min(span.last_at, last), done)
            if lacking is not None and arriving:
                plan.leave([span])
            else:
                until = lacking or until
            yield first, until
            yield from self._after_silence(plan.series, last, done)

    def _touched(self, key: SeriesKey, last: datetime, end: datetime) -> datetime:
        """Return up to which hour, at most `end`, sums change with a reading in the hour `last`."""
        kind = self._registry.parameters[key.parameter].kind
        if kind is ParameterKind.COUNTER:
            following = self._material.next_counted(key, Window(last, min(last + self._horizon, end)))
            return last if following is None else min(hour_end(following), end)
        if kind is ParameterKind.AMOUNT and self._is_irregular(key, last):
            return max(last, min(hour_end(last + self._registry.silent_after(key.station)), end))
        return last

    def _after_silence(self, key: SeriesKey, last: datetime, end: datetime) -> Iterator[Run]:
        """Yield the hour in which a meter is read again after it was silent for so long that nothing was expected."""
        if self._registry.parameters[key.parameter].kind is not ParameterKind.COUNTER:
            return
        following = self._material.next_counted(key, Window(last, end))
        if following is not None and following > last + self._horizon:
            yield hour_end(following), hour_end(following)

    def _is_irregular(self, key: SeriesKey, at: datetime) -> bool:
        return self._registry.interval(*key, at.astimezone(self._registry.zone).date()) is None

    def _lacking(self, key: SeriesKey, last: datetime, newest: datetime, end: datetime) -> datetime | None:
        """Return the last of the hours that are expected after a reading at `newest`, but not there yet."""
        until = max(last, min(hour_floor(newest + self._horizon), end))
        lacking = self._material.lacking_hours(key, Window(last, until))
        return moment(int(lacking[-1])) if len(lacking) else None


def hour_floor(at: datetime) -> datetime:
    """Return the newest full hour that is not after `at`."""
    return at.replace(minute=0, second=0, microsecond=0)


def _apart(runs: Iterable[Run]) -> list[Run]:
    """Join runs that are so near to each other that a window of one holds hours of the other."""
    joined: list[Run] = []
    for first, last in sorted(runs):
        if joined and first - joined[-1][1] <= LONGEST_DAY + HOUR:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _runs(ends: Sequence[int]) -> Iterator[Run]:
    """Yield the runs of consecutive hours, given their ascending ends in µs."""
    edges = [place for place in range(1, len(ends)) if ends[place] - ends[place - 1] > HOUR_US]
    for begin, end in zip([0, *edges], [*edges, len(ends)], strict=True):
        if end > begin:
            yield moment(ends[begin]), moment(ends[end - 1])
