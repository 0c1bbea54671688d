"""Months, seasons and years: from days that meet the capture policy; amounts and counters from readings.

They are made once they are over, and only where they hold a day, whatever order that came about in. A level that is read
less often than daily has no days: its long windows are made from readings, where its hours were expected.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from analysis.material import TOGETHER, Material
from analysis.meeting import Change, meet
from analysis.rollups import Levels, from_below, from_readings, zero_where
from analysis.series_windows import AVERAGED, DAY, SeriesWindows, Stretch
from analysis.sums import Ints
from domain.moment import micros
from domain.reading import SeriesKey
from domain.window import HOUR, LONG, SeasonStarts, Window, WindowKind, hour_end, local_day, windows_touched
from registry.lookup import Registry
from registry.schema import ParameterKind
from storage.windows import Windows, joined

_MICROSECOND = timedelta(microseconds=1)
Kinded: TypeAlias = tuple[WindowKind, Window]


@dataclass(frozen=True, slots=True)
class LongStretch:
    """The long windows of one series that are to be computed, ascending within each kind."""

    series: SeriesKey
    windows: tuple[Kinded, ...]

    @property
    def marks(self) -> Window:
        """Where their marks are, and those of their days."""
        starts, ends = ([getattr(one, edge) for _, one in self.windows] for edge in ("start", "end"))
        return Window(min(starts) - _MICROSECOND, max(ends))


def long_stretch(series: SeriesKey, windows: Iterable[Kinded]) -> LongStretch:
    """Return a stretch of long windows in any order."""
    return LongStretch(series, tuple(sorted(windows, key=lambda one: (LONG.index(one[0]), one[1].start))))


def long_together(stretches: Iterable[LongStretch]) -> Iterator[list[LongStretch]]:
    """Yield groups of stretches with the same windows, each of another series."""
    groups: dict[tuple[Kinded, ...], list[LongStretch]] = {}
    for one in stretches:
        groups.setdefault(one.windows, []).append(one)
    for alike in groups.values():
        yield from (alike[begin : begin + TOGETHER] for begin in range(0, len(alike), TOGETHER))


def touched(span: Window, ready_to: datetime, registry: Registry) -> Iterator[Kinded]:
    """Yield the long windows that hold a moment of `span` and are over at `ready_to`."""
    return (one for one in _touched(span, registry.zone, registry.seasons) if one[1].end <= ready_to)


def holding(moment: datetime, ready_to: datetime, registry: Registry) -> Iterator[Kinded]:
    """Yield the long windows that go on at `moment` and are over at `ready_to`."""
    found = touched(Window(moment - _MICROSECOND, moment), ready_to, registry)
    return (one for one in found if one[1].end > moment)


@lru_cache(maxsize=1_000)
def _touched(span: Window, zone: ZoneInfo, seasons: SeasonStarts) -> tuple[Kinded, ...]:
    return tuple((kind, window) for kind in LONG for window in windows_touched(kind, span, zone, seasons))


@dataclass(frozen=True, slots=True)
class _Measured:
    """How a series is measured in the course of a window: the time between readings, and for how long that holds."""

    window: Window
    intervals: tuple[tuple[timedelta | None, timedelta], ...]

    @property
    def is_irregular(self) -> bool:
        return any(interval is None for interval, _ in self.intervals)

    @property
    def has_days(self) -> bool:
        return any(interval is None or interval <= DAY for interval, _ in self.intervals)

    @property
    def is_too_short(self) -> bool:
        """Whether readings stand for more than the whole window, however they are taken."""
        length = self.window.end - self.window.start
        return all(interval is not None and interval > length for interval, _ in self.intervals)

    @property
    def expected(self) -> int:
        """How many readings there should be; an irregular series has no such number."""
        if self.is_irregular:
            return 0
        return round(sum(held / interval for interval, held in self.intervals if interval))

    def days(self, zone: ZoneInfo) -> int:
        """How many days there should be."""
        return 0 if self.is_irregular else (local_day(self.window.end, zone) - local_day(self.window.start, zone)).days


class LongWindows:
    """Makes long windows, and lets them meet those that are stored. Raises StoreUnavailable."""

    def __init__(self, registry: Registry, material: Material, windows: SeriesWindows) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._material = material
        self._windows = windows

    def make(
        self, group: Sequence[LongStretch], days: Mapping[SeriesKey, Sequence[Windows]]
    ) -> list[tuple[Windows, list[Change]]]:
        """Return what is to be written of stretches of the same windows; `days` are made, but not stored yet."""
        keys, marks = [one.series for one in group], group[0].marks
        stored = {
            kind: self._material.stored(kind, keys, marks)
            for kind in (WindowKind.DAY, *dict.fromkeys(map(itemgetter(0), group[0].windows)))
        }
        return [
            meet(made, stored[made.kind][one.series])
            for one in group
            for made in self._made(one, joined([stored[WindowKind.DAY][one.series], *days.get(one.series, ())]))
        ]

    def _made(self, stretch: LongStretch, days: Windows) -> Iterator[Windows]:
        for kind, found in groupby(stretch.windows, key=itemgetter(0)):
            measured = [self._measured(stretch.series, window) for _, window in found]
            averaged = [one for one in measured if one.has_days and self._is_averaged(stretch.series)]
            if averaged:
                yield from self._of_days(kind, averaged, days)
            for one in measured:
                if one not in averaged and not one.is_too_short:
                    yield from self._of_readings(kind, one, days)

    def _is_averaged(self, series: SeriesKey) -> bool:
        return self._windows.kind(series) in AVERAGED

    def _measured(self, series: SeriesKey, window: Window) -> _Measured:
        # As of a day: the hours that end in it, also where midnight is no full hour.
        first, after = (hour_end(edge + _MICROSECOND) for edge in (window.start, window.end))
        whole = Stretch(series, first, after - HOUR, window.end)
        pieces = self._windows.pieces(whole)
        return _Measured(window, tuple((self._windows.interval(one), one.hours * HOUR) for one in pieces))

    def _of_days(self, kind: WindowKind, measured: Sequence[_Measured], days: Windows) -> Iterator[Windows]:
        edges = _edges(measured)
        lo, hi = _places(days, edges)
        expected = np.array([one.days(self._registry.zone) for one in measured], np.int64)
        there = hi > lo
        if there.any():
            starts, ends, lo, hi, expected = (one[there] for one in (*edges, lo, hi, expected))
            policies, how = self._registry.province.policies, self._windows.kind(days.series)
            levels = from_below(_levels(days), days.expected, (lo, hi), policies, how)
            yield self._windows.windows(days.series, kind, (starts, ends), levels, expected)

    def _of_readings(self, kind: WindowKind, measured: _Measured, days: Windows) -> Iterator[Windows]:
        series, edges = days.series, _edges([measured])
        lo, hi = _places(days, edges)
        has_day = bool((hi > lo).any())
        if not has_day and (measured.has_days or not self._was_expected(series, measured.window)):
            return
        sample = self._material.sample(series, measured.window)
        levels = from_readings(sample, *edges, self._windows.kind(series))
        if measured.is_irregular and self._windows.kind(series) is ParameterKind.AMOUNT:
            levels = zero_where((levels.valid == 0) & (_summed(days.valid, lo, hi) > 0), levels)
        yield self._windows.windows(series, kind, edges, levels, np.array([measured.expected], np.int64))

    def _was_expected(self, series: SeriesKey, window: Window) -> bool:
        before = self._registry.province.policies.expected_for
        return len(self._material.times(series, Window(window.start - before, window.end))) > 0


def _edges(measured: Sequence[_Measured]) -> tuple[Ints, Ints]:
    starts, ends = ([micros(getattr(one.window, edge)) for one in measured] for edge in ("start", "end"))
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _places(days: Windows, edges: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    # A day is marked by its beginning, as the window is that begins with it.
    lo, hi = (np.searchsorted(days.marks, edge, side="left") for edge in edges)
    return lo, hi


def _summed(counts: Ints, lo: Ints, hi: Ints) -> Ints:
    up_to = np.concatenate(([0], np.cumsum(counts)))
    return up_to[hi] - up_to[lo]


def _levels(days: Windows) -> Levels:
    return Levels(days.values, days.minima, days.maxima, days.valid, days.suspect, days.calibrating, days.fault)
