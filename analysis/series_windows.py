"""All windows of one stretch of one series, from its readings and the hours around it; reads no store.

An `hour` ends at a full hour of UTC, and a day is made of the hours that end in it: in a time zone that is not a whole
number of hours from UTC the two do not meet at midnight, and days are off by the remainder.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np

from analysis.applied_limits import AppliedLimits
from analysis.kinds import Hydrogen, Kind
from analysis.rollups import Levels, Sample, from_below, from_readings, idle
from analysis.sums import Ints
from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import RollupState
from domain.window import HOUR, LENGTHS, LONGEST_DAY, Window, WindowKind, hour_end, windows_touched
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import ParameterKind
from storage.windows import Windows, joined

HOUR_US = 3_600_000_000
DAY = timedelta(days=1)
ROLLING = (WindowKind.HOUR8, WindowKind.HOUR24)
_MICROSECOND = timedelta(microseconds=1)
# What is averaged, and not added.
AVERAGED: frozenset[Kind] = frozenset({ParameterKind.LEVEL, ParameterKind.DIRECTION, Hydrogen.MEAN})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive hours of one series, named by their first and last end; `ready_to` is the newest end to be judged."""

    series: SeriesKey
    first: datetime
    last: datetime
    ready_to: datetime

    @property
    def span(self) -> Window:
        """The time that its hours cover."""
        return Window(self.first - HOUR, self.last)

    @property
    def around(self) -> Window:
        """The marks of all hours and windows that share an hour with it, or enter into those that do."""
        return Window(self.first - LONGEST_DAY - HOUR, self.last + LONGEST_DAY)

    @property
    def hours(self) -> int:
        """How many hours it has."""
        return (self.last - self.first) // HOUR + 1


class SeriesWindows:
    """Makes the windows of stretches, with the limits that were confirmed when it was made."""

    def __init__(self, registry: Registry, confirmations: dict[str, Confirmation]) -> None:
        """Nothing is looked up yet."""
        self._registry = registry
        self._limits = AppliedLimits(registry, confirmations)

    def readings(self, stretch: Stretch) -> Window:
        """Return where the readings are that windows of `stretch` need: days made of readings need the whole day."""
        intervals = [self.interval(piece) for piece in self.pieces(stretch)]
        if all(self._hours_make_days(stretch.series, one) for one in intervals):
            return stretch.span
        days = list(windows_touched(WindowKind.DAY, stretch.span, self._registry.zone))
        silence = max(self._silence(stretch.series, one) for one in intervals)
        return Window(min(stretch.span.start, days[0].start) - silence, max(stretch.last, days[-1].end))

    def make(self, stretch: Stretch, sample: Sample, known: Windows) -> list[Windows]:
        """Return every window that holds an hour of `stretch` and ends no later than its `ready_to`, by kind.

        `sample` covers `readings(stretch)`, a meter's also the last counted reading before; `known` are the hours that
        are stored in `stretch.around`.
        """
        made: list[Windows] = []
        for is_hourly, found in groupby(self.pieces(stretch), self._is_hourly):
            pieces = list(found)
            hours = [hour for piece in pieces for hour in self._hours(piece, sample)]
            if is_hourly:
                whole = replace(stretch, first=pieces[0].first, last=pieces[-1].last)
                made += [*hours, *self._above(whole, joined(hours), known)]
            else:
                made += [*hours, *(day for piece in pieces for day in self._days_of_readings(piece, sample))]
        by_kind: dict[WindowKind, list[Windows]] = {}
        for some in made:
            by_kind.setdefault(some.kind, []).append(some)
        return [joined(some) for some in by_kind.values()]

    def pieces(self, stretch: Stretch) -> list[Stretch]:
        """Return the stretch, cut at the midnights from which on the series is measured otherwise."""
        pieces = [stretch]
        for measuring in self._registry.measurings(*stretch.series):
            if measuring.valid_from is not None:
                midnight = hour_end(
                    datetime.combine(measuring.valid_from, time(0), self._registry.zone).astimezone(UTC)
                )
                last = pieces[-1]
                if last.first <= midnight < last.last:
                    pieces[-1:] = [replace(last, last=midnight), replace(last, first=midnight + HOUR)]
        return pieces

    def interval(self, piece: Stretch) -> timedelta | None:
        """Return the time between readings throughout a piece: its first hour ends on its first day, or at its end."""
        return self._registry.interval(*piece.series, (piece.first - HOUR).astimezone(self._registry.zone).date())

    def _is_hourly(self, piece: Stretch) -> bool:
        return self._hours_make_days(piece.series, self.interval(piece))

    def _hours_make_days(self, series: SeriesKey, interval: timedelta | None) -> bool:
        """Whether days are made of hours: of levels and directions that are read at least hourly."""
        return self.kind(series) in AVERAGED and interval is not None and interval <= HOUR

    def kind(self, series: SeriesKey) -> Kind:
        """Return how a series is summed up."""
        parameter = self._registry.parameters[series.parameter]
        is_hydrogen = parameter.scale == "ph" and self._registry.province.policies.ph_mean == "hydrogen"
        return Hydrogen.MEAN if is_hydrogen else parameter.kind

    def _silence(self, series: SeriesKey, interval: timedelta | None) -> timedelta:
        """How long an irregular amount may say nothing and still have a sum of zero; none for other series."""
        is_amount = self.kind(series) is ParameterKind.AMOUNT
        return self._registry.silent_after(series.station) if interval is None and is_amount else timedelta(0)

    def _hours(self, piece: Stretch, sample: Sample) -> list[Windows]:
        interval = self.interval(piece)
        if interval is not None and interval > HOUR:
            return []  # no window is shorter than the interval
        ends = np.arange(micros(piece.first), micros(piece.last) + 1, HOUR_US)
        return [self._of_readings(piece.series, WindowKind.HOUR, interval, sample, (ends - HOUR_US, ends))]

    def _days_of_readings(self, piece: Stretch, sample: Sample) -> list[Windows]:
        interval = self.interval(piece)
        edges = self._days(piece)
        if not len(edges[1]) or (interval is not None and interval > DAY):
            return []
        return [self._of_readings(piece.series, WindowKind.DAY, interval, sample, edges)]

    def _days(self, stretch: Stretch) -> tuple[Ints, Ints]:
        return _days(stretch.span, stretch.ready_to, self._registry.zone)

    def _of_readings(
        self, series: SeriesKey, kind: WindowKind, interval: timedelta | None, sample: Sample, edges: tuple[Ints, Ints]
    ) -> Windows:
        starts, ends = edges
        levels = from_readings(sample, starts, ends, self.kind(series))
        silence = self._silence(series, interval)
        if silence:
            levels = idle(levels, sample.times, ends, silence // _MICROSECOND)
        expected = times(interval // _MICROSECOND if interval else 0, starts, ends)
        return self.windows(series, kind, edges, levels, expected)

    def _above(self, stretch: Stretch, made: Windows, known: Windows) -> Iterator[Windows]:
        hours, expected, origin = _grid(stretch, made, known)
        policies, kind = self._registry.province.policies, self.kind(stretch.series)
        for window, starts, ends in self._windows_above(stretch):
            places = (_hours_up_to(starts, origin), _hours_up_to(ends, origin))
            levels = from_below(hours, expected, places, policies, kind)
            yield self.windows(stretch.series, window, (starts, ends), levels, times(HOUR_US, starts, ends))

    def _windows_above(self, stretch: Stretch) -> Iterator[tuple[WindowKind, Ints, Ints]]:
        for kind in ROLLING:
            last = min(stretch.last + LENGTHS[kind] - HOUR, stretch.ready_to)
            ends = np.arange(micros(stretch.first), micros(last) + 1, HOUR_US)
            yield kind, ends - LENGTHS[kind] // _MICROSECOND, ends
        yield WindowKind.DAY, *self._days(stretch)

    def windows(
        self, series: SeriesKey, kind: WindowKind, edges: tuple[Ints, Ints], levels: Levels, expected: Ints
    ) -> Windows:
        """Return what windows come to, as the store has them: new, with their limits, made by this configuration."""
        zero = np.zeros(len(levels), np.int64)
        return Windows(
            series, kind, edges[1] if kind in LENGTHS else edges[0],
            levels.values, levels.minima, levels.maxima, levels.valid, expected,
            levels.suspect, levels.calibrating, levels.fault,
            *self._limits.of(series, kind, edges[1]),
            state=zero + RollupState.PROVISIONAL, revision=zero, configuration=zero + self._registry.hash,
        )  # fmt: skip


@lru_cache(maxsize=1_000)
def _days(span: Window, ready_to: datetime, zone: ZoneInfo) -> tuple[Ints, Ints]:
    """Return start and end of the local days that hold a moment of `span` and are over; many series share them."""
    found = windows_touched(WindowKind.DAY, span, zone)
    days = [(micros(day.start), micros(day.end)) for day in found if day.end <= ready_to]
    edges = np.array(days, np.int64).reshape(-1, 2)
    return edges[:, 0], edges[:, 1]


def _grid(stretch: Stretch, made: Windows, known: Windows) -> tuple[Levels, Ints, int]:
    """Return the hours around `stretch` side by side, what is expected of each, and the end (µs) of the first."""
    around = stretch.around
    origin, count = micros(around.start + HOUR), (around.end - around.start) // HOUR
    hours = Levels(
        *(np.full(count, np.nan) for _ in range(3)), *(np.zeros(count, np.int64) for _ in range(4))
    )  # fmt: skip
    expected = np.zeros(count, np.int64)
    marks = known.marks
    inside = (marks >= micros(stretch.first)) & (marks <= micros(stretch.last))
    beside = ~inside & (marks > micros(around.start)) & (marks <= micros(around.end))
    for some in (known.at(beside), made):
        at = (some.marks - origin) // HOUR_US
        for name in ("values", "minima", "maxima", "valid", "suspect", "calibrating", "fault"):
            getattr(hours, name)[at] = getattr(some, name)
        expected[at] = some.expected
    return hours, expected, origin


def _hours_up_to(moments: Ints, origin: int) -> Ints:
    """Return, for each moment, how many hours of a grid that begins with the hour ending at `origin` end by then."""
    return (moments - origin) // HOUR_US + 1


def times(interval: int, starts: Ints, ends: Ints) -> Ints:
    """Return how often `interval` (µs) fits into each window; an irregular series (0) has no such number."""
    if interval == 0:
        return np.zeros(len(ends), np.int64)
    return np.rint((ends - starts) / interval).astype(np.int64)
