"""The job that turns changed readings into windows and indices, from its own watermarks.

A round takes the spans that wait, computes, and then

1. notes in one state transaction what the changed figures were, and holds the spans that the judge is to look at;
2. writes windows and indices;
3. in one state transaction releases the held spans to the judge, clears the spans it took, and moves the watermarks.

A round that is stopped anywhere is done again: what it had written is then found unchanged, and is judged all the same.
A series of which no figures can be made stops no other: it is named, and tried again after a rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analysis.apart import apart
from analysis.causes import Causes
from analysis.closing import Closings
from analysis.indices import indices
from analysis.just_read import JustRead
from analysis.long_windows import LongStretch, LongWindows, long_stretch, long_together
from analysis.material import Material, together
from analysis.meeting import Change, meet
from analysis.planning import Plan, Planner, Reach, hour_floor
from analysis.series_windows import SeriesWindows, Stretch
from analysis.sums import Ints
from analysis.troubles import Troubles
from analysis.verifying import let_fall
from domain.clock import Clock
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import LENGTHS, WindowKind
from registry.lookup import Registry
from storage import confirmations, spans
from storage.readings import ReadingStore
from storage.rollup_history import keep
from storage.spans import DirtySpan
from storage.state import writing
from storage.tables import series as series_table
from storage.windows import Windows

JOB = "rollups"
# The judge waits behind the roller, and so does a live hour: a round and a run are bounded, what is left is done next.
SPANS = 1_000
HOURS = 20_000
ROUNDS = 4
# Spans for the judge whose windows are not written yet.
_HELD = "rolling"

T = TypeVar("T")


@dataclass(slots=True)
class Round:
    """What one round does: `windows` are those that are new or changed, `changes` the figures among the latter."""

    now: datetime
    taken: list[DirtySpan]
    plans: list[Plan] = field(default_factory=list)
    left: list[SeriesKey] = field(default_factory=list)
    windows: list[Windows] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    broken: set[SeriesKey] = field(default_factory=set)
    owed: list[Stretch] = field(default_factory=list)
    days: dict[SeriesKey, list[Windows]] = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        """Whether nothing is left to do at this moment, as far as it has looked."""
        return not self.left and not any(plan.unfinished for plan in self.plans) and len(self.taken) < SPANS

    @property
    def done(self) -> list[DirtySpan]:
        """The spans that need not be looked at again."""
        kept, left = {span for plan in self.plans for span in plan.kept}, {*self.left, *self.broken}
        return [span for span in self.taken if span not in kept and span.series not in left]

    @property
    def stretches(self) -> list[Stretch]:
        """All that is computed."""
        return [stretch for plan in self.plans for stretch in plan.stretches]

    @property
    def long(self) -> list[LongStretch]:
        """All long windows that are computed."""
        return [long_stretch(plan.series, plan.long) for plan in self.plans if plan.long]

    def again(self) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
        """Yield what is to be looked at again once a series that failed has rested."""
        yield from ((one.series, one.first_at, one.last_at) for one in self.taken if one.series in self.broken)
        yield from ((one.series, one.first, one.last) for one in self.owed)


class Roller:
    """Computes every window that is ready and was touched, or has become due, since the last run."""

    def __init__(
        self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, *,
        hours: int = HOURS, just_read: JustRead | None = None,
    ) -> None:  # fmt: skip
        """Nothing is read before the first run. A round does about `hours` hours of series."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._most = hours
        self._material = Material(registry, store, just_read or store)
        self._closings = Closings(registry)
        self._troubles = Troubles(store)

    def troubles(self) -> dict[SeriesKey, str]:
        """Return the series of which no figures can be made, and why; may be asked from any thread."""
        return self._troubles.words()

    def run(self) -> int:
        """Do what is to be done, in a few rounds at most; return how many windows were new or changed.

        Raises StoreUnavailable.
        """
        written, seen = 0, set[DirtySpan]()
        for _ in range(ROUNDS):
            resting = self._troubles.resting(self._clock.now())
            done = self._round(spans.take(self._engine, "roll", SPANS, but=resting), seen)
            seen.update(done.taken)
            written += sum(map(len, done.windows))
            if done.is_last:
                break
        return written

    def _round(self, taken: list[DirtySpan], seen: set[DirtySpan]) -> Round:
        this = Round(self._clock.now(), taken)
        self._plan(this, arriving={span.series for span in taken if span not in seen})
        windows = SeriesWindows(self._registry, confirmations.read(self._engine))
        for group in together(this.stretches):
            apart(group, lambda some: self._compute(some, windows, this), self._failing(this, _series))
        long = LongWindows(self._registry, self._material, windows)
        for alike in long_together(one for one in this.long if one.series not in this.broken):
            apart(alike, lambda some: self._compute_long(some, long, this), self._failing(this, _series))
        self._hold(this)
        apart(this.windows, self._store.write_windows, self._failing(this, _series))
        apart(this.stretches, self._index, self._owing(this))
        self._note_successes(this)
        with writing(self._engine) as connection:
            self._finish(connection, this)
        for plan in this.plans:
            if plan.closes is not None and plan.series not in this.broken:
                self._closings.note(plan.series, plan.rolled_to, plan.closes)
        return this

    def _plan(self, this: Round, arriving: set[SeriesKey]) -> None:
        planner = Planner(self._material, self._closings, this.now, self._most)
        dirty: dict[SeriesKey, list[DirtySpan]] = {}
        for span in this.taken:
            dirty.setdefault(span.series, []).append(span)

        def plan(some: Sequence[tuple[SeriesKey, Reach]]) -> None:
            for key, reach in some:
                this.plans.append(planner.plan(key, reach, dirty.get(key, []), arriving=key in arriving))

        hours = 0
        for one in self._reaches():
            if hours >= self._most:
                this.left.append(one[0])
                continue
            before = len(this.plans)
            apart([one], plan, self._failing(this, itemgetter(0)))
            hours += sum(plan.hours for plan in this.plans[before:])

    def _reaches(self) -> list[tuple[SeriesKey, Reach]]:
        """Return the series of the configuration that have readings; those that are furthest come first."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(series_table)).all()
        found = [(SeriesKey(row.station, row.parameter), _reach(row)) for row in rows]
        resting = self._troubles.resting(self._clock.now())
        known = [one for one in found if one[0] not in resting and self._registry.measurings(*one[0])]
        return sorted(known, key=lambda one: one[1].start, reverse=True)

    def _compute(self, group: Sequence[Stretch], windows: SeriesWindows, this: Round) -> None:
        samples, known = self._material.samples(group, windows), self._material.known(group)
        made = [windows.make(one, samples[one.series], known[one.series][WindowKind.HOUR]) for one in group]
        for some in (some for every in made for some in every):
            _take_over(this, *meet(some, known[some.series][some.kind]))
            if some.kind is WindowKind.DAY:
                this.days.setdefault(some.series, []).append(some)

    def _compute_long(self, group: Sequence[LongStretch], long: LongWindows, this: Round) -> None:
        for written, changes in long.make(group, this.days):
            _take_over(this, written, changes)

    def _index(self, stretches: Sequence[Stretch]) -> None:
        said = confirmations.read(self._engine)
        self._store.write_indices(indices(stretches, self._registry, self._store, said))

    def _failing(self, this: Round, series: Callable[[T], SeriesKey]) -> Callable[[T, Exception], None]:
        """Return what notes that one has failed, of a series by `series`."""

        def failed(one: T, error: Exception) -> None:
            key = series(one)
            self._troubles.note(key, error, now=this.now)
            this.broken.add(key)

        return failed

    def _owing(self, this: Round) -> Callable[[Stretch, Exception], None]:
        """Return what leaves the index of some hours to a series of the station that has failed, or lets one fail."""
        failing = self._failing(this, _series)

        def owe(one: Stretch, error: Exception) -> None:
            known = self._troubles.at(one.series.station)
            if known is None:
                failing(one, error)
            else:
                this.owed.append(replace(one, series=known))

        return owe

    def _note_successes(self, this: Round) -> None:
        for plan in this.plans:
            if plan.series not in this.broken:
                self._troubles.over(plan.series)

    def _hold(self, this: Round) -> None:
        if not this.windows:
            return
        with writing(self._engine) as connection:
            causes = Causes(this.taken, self._registry)
            for cause, changes in _by_cause(this.changes, causes).items():
                keep(connection, changes, cause=cause, at=this.now)
            let_fall(connection, this.windows, this.changes, causes, self._registry.zone, this.now)
            spans.mark(connection, _HELD, self._marks(this.windows))

    def _marks(self, windows: Iterable[Windows]) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
        """Yield, for each series and day, from when to when windows changed, by their ends."""
        ends: dict[SeriesKey, list[Ints]] = {}
        for some in windows:
            ends.setdefault(some.series, []).append(self._ends(some))
        for series, found in ends.items():
            ascending = np.unique(np.concatenate(found))
            _, begins = np.unique(ascending // spans.DAY_US, return_index=True)
            for day in np.split(ascending, begins[1:]):
                yield series, moment(int(day[0])), moment(int(day[-1]))

    def _ends(self, some: Windows) -> Ints:
        if some.kind in LENGTHS:
            return some.marks
        ends = [micros(self._registry.window(some.kind, moment(mark)).end) for mark in some.marks.tolist()]
        return np.array(ends, np.int64)

    def _finish(self, connection: Connection, this: Round) -> None:
        spans.hand_over(connection, _HELD, "judge")
        spans.clear(connection, this.done)
        # Behind all others, which must not wait for them.
        spans.mark(connection, "roll", this.again())
        moved = [
            {"b_station": plan.series.station, "b_parameter": plan.series.parameter, "b_to": micros(plan.rolled_to)}
            for plan in this.plans
            if plan.moves and plan.series not in this.broken
        ]
        if moved:
            connection.execute(_MOVE, moved)
        if this.is_last:
            spans.set_watermark(connection, JOB, hour_floor(this.now - self._registry.province.policies.grace))


_MOVE = (
    sa
    .update(series_table)
    .where(series_table.c.station == sa.bindparam("b_station"))
    .where(series_table.c.parameter == sa.bindparam("b_parameter"))
    .values(rolled_to=sa.bindparam("b_to"))
)


def _reach(row: sa.Row[Any]) -> Reach:
    rolled_to = None if row.rolled_to is None else moment(row.rolled_to)
    return Reach(moment(row.first_at), moment(row.last_at), rolled_to)


def _series(one: Stretch | LongStretch | Windows) -> SeriesKey:
    return one.series


def _take_over(this: Round, written: Windows, changes: list[Change]) -> None:
    if len(written):
        this.windows.append(written)
    this.changes += changes


def _by_cause(changes: Iterable[Change], causes: Causes) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for one in changes:
        found.setdefault(causes.word(*one), []).append(one)
    return found
