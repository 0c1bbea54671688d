"""The job that computes derived series (corrected stack values, loads) from the readings that changed.

A direction depends on the wind speed beside it (calms do not count), so its windows are left to the roller here, too.

A round takes the spans that wait, computes what depends on them, and then

1. in one state transaction marks what changes, *held*, so that neither windows nor rules look at it yet;
2. writes the derived readings;
3. in one state transaction lets the roller and the judge see them, notes how far the derived series reach, and clears the
   spans it took.

A round that is stopped anywhere is done again: what it had written is then found unchanged, and handed over all the same.
Nothing is deleted: where there is no pair any more, the derived reading says so by having no value.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analysis.apart import apart
from analysis.derived_values import KG_PER_M3, Correction, Loading, Sources, corrected, load
from analysis.meters import meter_of
from analysis.troubles import Troubles
from domain.cause import Cause
from domain.clock import Clock
from domain.flag import Flag, Reason
from domain.moment import micros, moment
from domain.reading import Reading, SeriesKey, Status
from domain.window import Window
from registry.derived import Recipe
from registry.lookup import Registry
from registry.schema import GasState, ParameterKind
from registry.units import normal
from storage import spans
from storage.ledger import widen
from storage.readings import ReadingStore, Series
from storage.spans import DirtySpan, Piece
from storage.state import writing
from storage.tables import series as series_table

CONSUMER = "derive"
# A round and a run are bounded, so that the windows of live readings need not wait for those of a long past.
SPANS = 1_000
ROUNDS = 4
_HELD = "deriving"
_US = timedelta(microseconds=1)
_LONG_AGO, _FAR_OFF = datetime(1971, 1, 1, tzinfo=UTC), datetime(2261, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Round:
    """What one round does."""

    taken: list[DirtySpan]
    now: datetime
    readings: list[Reading] = field(default_factory=list)
    marks: list[Piece] = field(default_factory=list)
    broken: set[SeriesKey] = field(default_factory=set)
    kept: dict[tuple[SeriesKey, Window], Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A stretch of a derived series that is to be computed again."""

    series: SeriesKey
    window: Window
    cause: Cause


class Deriver:
    """Computes every derived reading whose sources have changed since the last run."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._troubles = Troubles(store)
        self._begun = False

    def troubles(self) -> dict[SeriesKey, str]:
        """Return the derived series that cannot be computed, and why; may be asked from any thread."""
        return self._troubles.words()

    def run(self) -> int:
        """Compute what waits, in a few rounds at most; return how many derived readings are new or changed.

        Raises StoreUnavailable.
        """
        if not self._begun:
            self._begin()
        written = 0
        for _ in range(ROUNDS):
            taken = spans.take(self._engine, CONSUMER)
            if not taken:
                break
            concerned = [span for span in taken if self._registry.feeds(span.series)]
            idle = [span for span in taken if not self._registry.feeds(span.series)]
            written += self._round(Round([*concerned[:SPANS], *idle], self._clock.now()))
        return written

    def _begin(self) -> None:
        """Have the whole past of a series computed that the configuration names for the first time."""
        with writing(self._engine) as connection:
            rows = connection.execute(sa.select(series_table)).all()
            reach = {SeriesKey(row.station, row.parameter): row for row in rows}
            for station in self._registry.stations:
                for recipe in self._registry.recipes(station):
                    of = SeriesKey(station, recipe.of)
                    if recipe.series not in reach and of in reach:
                        span = (of, moment(reach[of].first_at), moment(reach[of].last_at))
                        spans.mark(connection, CONSUMER, [span])
        self._begun = True

    def _round(self, this: Round) -> int:
        resting = self._troubles.resting(this.now)
        targets = list(_joined(self._targets(this.taken)))
        this.broken.update(one.series for one in targets if one.series in resting)

        def compute(some: Sequence[Target]) -> None:
            found = [(one, list(self._changed(one, this))) for one in some]
            for target, changed in found:
                this.readings.extend(changed)
                this.marks.extend(_pieces(target, changed))

        def failed(one: Target, error: Exception) -> None:
            self._troubles.note(one.series, error, now=this.now)
            this.broken.add(one.series)

        apart([one for one in targets if one.series not in this.broken], compute, failed)
        self._hold(this)
        if this.readings:
            self._store.write(this.readings)
        self._finish(this, targets)
        return len(this.readings)

    def _targets(self, taken: Iterable[DirtySpan]) -> Iterator[Target]:
        for span in taken:
            for recipe in self._registry.recipes(span.series.station):
                if span.series.parameter in recipe.sources:
                    before, after = self._reach(recipe, span.series.parameter)
                    yield Target(recipe.series, Window(span.first_at - before - _US, span.last_at + after), span.cause)

    def _reach(self, recipe: Recipe, source: str) -> tuple[timedelta, timedelta]:
        """Return how long before and after a reading of `source` pairs lie to which it may belong."""
        if source == recipe.of:
            return timedelta(0), timedelta(0)
        if source == recipe.partner and self._is_meter(source):
            return recipe.tolerance, recipe.tolerance + (recipe.interval or timedelta(0))
        return recipe.tolerance, recipe.tolerance

    def _is_meter(self, parameter: str) -> bool:
        return self._registry.parameters[parameter].kind is ParameterKind.COUNTER

    def _changed(self, target: Target, this: Round) -> Iterator[Reading]:
        """Yield the derived readings of a stretch that are not in the store as they are computed now."""
        made = [self._made(recipe, target.window, this) for recipe in self._recipes(target.series)]
        new = {at: one for series in made for at, one in _rows(series)}
        old = dict(_rows(self._store.read(target.series, target.window)))
        gone = [at for at in old if at not in new]
        new.update(dict.fromkeys(gone, (None, int(Status.MEASURING), int(Flag.MISSING), 0, 0)))
        for at, figures in new.items():
            if old.get(at) != figures:
                value, status, flag, reasons, checks = figures
                yield Reading(
                    *target.series, moment(at), value, Status(status), Flag(flag), Reason(reasons), checks
                )  # fmt: skip

    def _recipes(self, series: SeriesKey) -> list[Recipe]:
        return [one for one in self._registry.recipes(series.station) if one.series == series]

    def _made(self, recipe: Recipe, window: Window, this: Round) -> Series:
        """Return what a recipe gives in `window`, for as long as it holds."""
        part = Window(
            max(window.start, self._midnight(recipe.measuring.valid_from, _LONG_AGO)),
            min(window.end, self._midnight(recipe.measuring.valid_to, _FAR_OFF)),
        )
        station = recipe.series.station
        of = self._read(SeriesKey(station, recipe.of), Window(part.start, max(part.start, part.end)), this)
        reach = recipe.tolerance + (recipe.interval or timedelta(0))
        around = Window(part.start - reach - _US, part.end + recipe.tolerance)
        others = (
            {name: self._read(SeriesKey(station, name), around, this) for name in recipe.sources[1:]} if len(of) else {}
        )
        sources = Sources(of, others, recipe.tolerance // _US)
        if not len(of):
            return of
        return self._corrected(recipe, sources) if recipe.kind == "corrected" else self._load(recipe, sources)

    def _read(self, series: SeriesKey, window: Window, this: Round) -> Series:
        """Read once what several series of a station are computed from."""
        if (series, window) not in this.kept:
            this.kept[series, window] = self._store.read(series, window)
        return this.kept[series, window]

    def _corrected(self, recipe: Recipe, sources: Sources) -> Series:
        days, policies = self._days(sources.of), self._registry.province.policies
        named = {day: self._registry.reference_o2(recipe.series.station, day) for day in set(days)}
        references = [named[day] for day in days]
        how = Correction(
            recipe.settings,
            np.array([np.nan if one is None else one for one in references], np.float64),
            self._states(days),
            policies.oxygen_in_air,
            policies.oxygen_cut_off if recipe.settings.cut_off is None else recipe.settings.cut_off,
        )
        return corrected(sources, how)

    def _load(self, recipe: Recipe, sources: Sources) -> Series:
        flow = recipe.settings.flow
        measurings = self._registry.measurings(recipe.series.station, flow)
        how = Loading(
            recipe.settings,
            KG_PER_M3[normal(self._registry.parameters[recipe.of].unit)],
            (recipe.interval or timedelta(0)) // _US,
            self._states(self._days(sources.of)),
            meter_of(measurings) if self._is_meter(flow) else None,
        )
        return load(sources, how)

    def _days(self, of: Series) -> list[date]:
        """Return the local date of each reading; one at midnight belongs to the day that is over."""
        return [(moment(at) - _US).astimezone(self._registry.zone).date() for at in of.times.tolist()]

    def _states(self, days: Sequence[date]) -> list[GasState | None]:
        known = {day: self._registry.reference_state(day) for day in set(days)}
        return [known[day] for day in days]

    def _midnight(self, day: date | None, otherwise: datetime) -> datetime:
        if day is None:
            return otherwise
        return datetime.combine(day, time(0), self._registry.zone).astimezone(UTC)

    def _hold(self, this: Round) -> None:
        if this.marks:
            with writing(self._engine) as connection:
                spans.merge(connection, _HELD, this.marks)

    def _finish(self, this: Round, targets: Iterable[Target]) -> None:
        with writing(self._engine) as connection:
            self._hand_over(connection)
            spans.merge(connection, "roll", self._in_other_wind(this))
            spans.clear(connection, this.taken)
            # Of a series that failed the sources' spans come again, behind all others, after its rest.
            spans.mark(connection, CONSUMER, self._again(this))
        for series in {one.series for one in targets} - this.broken:
            self._troubles.over(series)

    @staticmethod
    def _hand_over(connection: Connection) -> None:
        widen(connection, spans.held_reaches(connection, _HELD))
        spans.hand_over(connection, _HELD, "roll", "watch")

    def _in_other_wind(self, this: Round) -> Iterator[Piece]:
        """Yield the spans of directions whose speed has changed: other readings of them may be of a calm now."""
        for span in this.taken:
            for direction in self._registry.directions_by(span.series):
                yield replace(span, series=direction).piece

    def _again(self, this: Round) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
        for span in this.taken:
            for recipe in self._registry.recipes(span.series.station):
                if recipe.series in this.broken and span.series.parameter in recipe.sources:
                    yield span.series, span.first_at, span.last_at


def _joined(targets: Iterable[Target]) -> Iterator[Target]:
    """Yield the stretches of each series, those that touch joined, of at most about a month."""
    before: Target | None = None
    for one in sorted(targets, key=lambda one: (one.series, one.window.start)):
        if before is not None and _touch(before, one):
            end = max(before.window.end, one.window.end)
            before = Target(one.series, Window(before.window.start, end), before.cause | one.cause)
            continue
        if before is not None:
            yield before
        before = one
    if before is not None:
        yield before


def _touch(before: Target, one: Target) -> bool:
    return (
        before.series == one.series
        and one.window.start <= before.window.end
        and one.window.end - before.window.start <= timedelta(days=31)
    )


_Figures = tuple[float | None, int, int, int, int]


def _rows(found: Series) -> Iterator[tuple[int, _Figures]]:
    """Yield each reading's moment (µs) and what is kept of it."""
    columns = (found.values, found.status, found.flags, found.reasons, found.checks)
    for at, value, *judged in zip(found.times.tolist(), *(one.tolist() for one in columns), strict=True):
        status, flag, reasons, checks = judged
        yield at, (None if np.isnan(value) else value, status, flag, reasons, checks)


def _pieces(target: Target, readings: Iterable[Reading]) -> Iterator[Piece]:
    """Yield from when to when a series changes, by UTC day, and why."""
    moments: dict[int, list[int]] = {}
    for one in readings:
        moments.setdefault(spans.day_number(one.measured_at), []).append(micros(one.measured_at))
    for day, found in moments.items():
        yield (*target.series, day, min(found), max(found), int(target.cause))
