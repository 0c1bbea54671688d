"""All windows of one stretch of one series, from its readings and the hours around it; reads no store.

An `hour` ends at a full hour of UTC, and a day is made of the hours that end in it: in a time zone that is not a whole
number of hours from UTC the two do not meet at midnight, and days are off by the remainder.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.rollups import Ints, Levels, Sample, from_hours, from_readings, idle
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.rollup import LimitKind, RollupPoint, RollupState
from domain.window import (
    HOUR,
    LENGTHS,
    LONGEST_DAY,
    Window,
    WindowKind,
    hour_end,
    local_midnight,
    next_midnight,
    windows_touched,
)
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import ParameterKind

HOUR_US = 3_600_000_000
DAY = timedelta(days=1)
ROLLING = (WindowKind.HOUR8, WindowKind.HOUR24)
_MICROSECOND = timedelta(microseconds=1)
_HOURLY = frozenset({ParameterKind.LEVEL, ParameterKind.DIRECTION})

Limit = tuple[float | None, float | None, LimitKind]


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
        self._confirmations = confirmations
        self._limits: dict[tuple[SeriesKey, WindowKind, date], Limit] = {}

    def readings(self, stretch: Stretch) -> Window:
        """Return where the readings are that windows of `stretch` need: days made of readings need the whole day."""
        intervals = [self._interval(piece) for piece in self._pieces(stretch)]
        if all(self._hours_make_days(stretch.series, one) for one in intervals):
            return stretch.span
        days = list(windows_touched(WindowKind.DAY, stretch.span, self._registry.zone))
        silence = max(self._silence(stretch.series, one) for one in intervals)
        return Window(min(stretch.span.start, days[0].start) - silence, max(stretch.last, days[-1].end))

    def make(self, stretch: Stretch, sample: Sample, known: Iterable[RollupPoint]) -> list[RollupPoint]:
        """Return every window that holds an hour of `stretch` and ends no later than its `ready_to`.

        `sample` covers `readings(stretch)`, a meter's also the last counted reading before; `known` are the hours that
        are stored in `stretch.around`.
        """
        made: list[RollupPoint] = []
        known = list(known)
        for is_hourly, found in groupby(self._pieces(stretch), self._is_hourly):
            pieces = list(found)
            hours = [hour for piece in pieces for hour in self._hours(piece, sample)]
            if is_hourly:
                whole = replace(stretch, first=pieces[0].first, last=pieces[-1].last)
                made += [*hours, *self._above(whole, hours, known)]
            else:
                made += [*hours, *(day for piece in pieces for day in self._days_of_readings(piece, sample))]
        return made

    def _pieces(self, stretch: Stretch) -> list[Stretch]:
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

    def _interval(self, piece: Stretch) -> timedelta | None:
        """Return the time between readings throughout a piece: its first hour ends on its first day, or at its end."""
        return self._registry.interval(*piece.series, (piece.first - HOUR).astimezone(self._registry.zone).date())

    def _is_hourly(self, piece: Stretch) -> bool:
        return self._hours_make_days(piece.series, self._interval(piece))

    def _hours_make_days(self, series: SeriesKey, interval: timedelta | None) -> bool:
        """Whether days are made of hours: of levels and directions that are read at least hourly."""
        return self._kind(series) in _HOURLY and interval is not None and interval <= HOUR

    def _kind(self, series: SeriesKey) -> ParameterKind:
        return self._registry.parameters[series.parameter].kind

    def _silence(self, series: SeriesKey, interval: timedelta | None) -> timedelta:
        """How long an irregular amount may say nothing and still have a sum of zero; none for other series."""
        is_amount = self._kind(series) is ParameterKind.AMOUNT
        return self._registry.silent_after(series.station) if interval is None and is_amount else timedelta(0)

    def _hours(self, piece: Stretch, sample: Sample) -> list[RollupPoint]:
        interval = self._interval(piece)
        if interval is not None and interval > HOUR:
            return []  # no window is shorter than the interval
        ends = np.arange(micros(piece.first), micros(piece.last) + 1, HOUR_US)
        return self._of_readings(piece.series, WindowKind.HOUR, interval, sample, (ends - HOUR_US, ends))

    def _days_of_readings(self, piece: Stretch, sample: Sample) -> list[RollupPoint]:
        interval = self._interval(piece)
        edges = self._days(piece)
        if not len(edges[1]) or (interval is not None and interval > DAY):
            return []
        return self._of_readings(piece.series, WindowKind.DAY, interval, sample, edges)

    def _days(self, stretch: Stretch) -> tuple[Ints, Ints]:
        found = windows_touched(WindowKind.DAY, stretch.span, self._registry.zone)
        days = [(micros(day.start), micros(day.end)) for day in found if day.end <= stretch.ready_to]
        edges = np.array(days, np.int64).reshape(-1, 2)
        return edges[:, 0], edges[:, 1]

    def _of_readings(
        self, series: SeriesKey, kind: WindowKind, interval: timedelta | None, sample: Sample, edges: tuple[Ints, Ints]
    ) -> list[RollupPoint]:
        starts, ends = edges
        levels = from_readings(sample, starts, ends, self._kind(series))
        silence = self._silence(series, interval)
        if silence:
            levels = idle(levels, sample.times, ends, silence // _MICROSECOND)
        expected = _times(interval // _MICROSECOND if interval else 0, starts, ends)
        return self._points(series, kind, edges, levels, expected)

    def _above(
        self, stretch: Stretch, made: Sequence[RollupPoint], known: Iterable[RollupPoint]
    ) -> Iterator[RollupPoint]:
        hours, expected, origin = _grid(stretch, made, known)
        policies, kind = self._registry.province.policies, self._kind(stretch.series)
        for window, starts, ends in self._windows_above(stretch):
            places = (_hours_up_to(starts, origin), _hours_up_to(ends, origin))
            levels = from_hours(hours, expected, places, policies, kind)
            yield from self._points(stretch.series, window, (starts, ends), levels, _times(HOUR_US, starts, ends))

    def _windows_above(self, stretch: Stretch) -> Iterator[tuple[WindowKind, Ints, Ints]]:
        for kind in ROLLING:
            last = min(stretch.last + LENGTHS[kind] - HOUR, stretch.ready_to)
            ends = np.arange(micros(stretch.first), micros(last) + 1, HOUR_US)
            yield kind, ends - LENGTHS[kind] // _MICROSECOND, ends
        yield WindowKind.DAY, *self._days(stretch)

    def _points(
        self, series: SeriesKey, kind: WindowKind, edges: tuple[Ints, Ints], levels: Levels, expected: Ints
    ) -> list[RollupPoint]:
        marks = edges[0] if kind is WindowKind.DAY else edges[1]
        columns: list[Iterable[Any]] = [
            map(moment, marks.tolist()),
            _or_none(levels.values), _or_none(levels.minima), _or_none(levels.maxima),
            levels.valid.tolist(), expected.tolist(),
            levels.suspect.tolist(), levels.calibrating.tolist(), levels.fault.tolist(),
            *zip(*self._limits_of(series, kind, edges[1]), strict=True),
        ]  # fmt: skip
        history: dict[str, Any] = {
            "state": RollupState.PROVISIONAL,
            "revision": 0,
            "configuration": self._registry.hash,
        }
        rows = zip(*columns, strict=True)
        return [RollupPoint(series.station, series.parameter, kind, *row, **history) for row in rows]

    def _limits_of(self, series: SeriesKey, kind: WindowKind, ends: Ints) -> list[Limit]:
        """Return the limit of each window: that of the local day in which it ends."""
        if not len(ends):
            return []
        zone = self._registry.zone
        midnights = [local_midnight(moment(int(ends[0])), zone)]
        while micros(midnights[-1]) < int(ends[-1]):
            midnights.append(next_midnight(midnights[-1], zone))
        # A window that ends at midnight belongs to the day that is over.
        places = np.searchsorted([micros(one) for one in midnights], ends, side="left") - 1
        days = [one.astimezone(zone).date() for one in midnights]
        return [self._limit(series, kind, days[place]) for place in places.tolist()]

    def _limit(self, series: SeriesKey, kind: WindowKind, day: date) -> Limit:
        key = (series, kind, day)
        if key not in self._limits:
            self._limits[key] = self._looked_up(*key)
        return self._limits[key]

    def _looked_up(self, series: SeriesKey, kind: WindowKind, day: date) -> Limit:
        found = self._registry.limit_for(series, kind, day, self._confirmations)
        if found is None:
            return None, None, LimitKind.NONE
        bits = LimitKind.LOW if found.low is not None else LimitKind.NONE
        bits |= LimitKind.HIGH if found.high is not None else LimitKind.NONE
        return found.low, found.high, bits | (LimitKind.CONFIRMED if found.confirmed else LimitKind.NONE)


def _grid(stretch: Stretch, made: Sequence[RollupPoint], known: Iterable[RollupPoint]) -> tuple[Levels, Ints, int]:
    """Return the hours around `stretch` side by side, what is expected of each, and the end (µs) of the first."""
    origin, count = micros(stretch.around.start + HOUR), (stretch.around.end - stretch.around.start) // HOUR
    hours = Levels(
        *(np.full(count, np.nan) for _ in range(3)), *(np.zeros(count, np.int64) for _ in range(4))
    )  # fmt: skip
    expected = np.zeros(count, np.int64)
    around = (point for point in known if point.mark in stretch.around)
    points = [*(point for point in around if not stretch.first <= point.mark <= stretch.last), *made]
    at = np.array([(micros(point.mark) - origin) // HOUR_US for point in points], np.int64)
    for array, values in (
        (hours.values, [point.value for point in points]),
        (hours.minima, [point.minimum for point in points]),
        (hours.maxima, [point.maximum for point in points]),
        (hours.valid, [point.valid for point in points]),
        (hours.suspect, [point.suspect for point in points]),
        (hours.calibrating, [point.calibrating for point in points]),
        (hours.fault, [point.fault for point in points]),
        (expected, [point.expected for point in points]),
    ):
        array[at] = np.array(values, array.dtype)
    return hours, expected, origin


def _hours_up_to(moments: Ints, origin: int) -> Ints:
    """Return, for each moment, how many hours of a grid that begins with the hour ending at `origin` end by then."""
    return (moments - origin) // HOUR_US + 1


def _times(interval: int, starts: Ints, ends: Ints) -> Ints:
    """Return how often `interval` (µs) fits into each window; an irregular series (0) has no such number."""
    if interval == 0:
        return np.zeros(len(ends), np.int64)
    return np.rint((ends - starts) / interval).astype(np.int64)


def _or_none(figures: NDArray[np.float64]) -> list[float | None]:
    return [None if one != one else one for one in figures.tolist()]  # noqa: PLR0124 - only NaN differs from itself
