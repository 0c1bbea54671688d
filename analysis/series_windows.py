"""All windows of one stretch of one series, from its readings and the hours around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from analysis.rollups import Level, Sample, from_hours, from_readings
from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import LimitKind, RollupPoint
from domain.window import HOUR, Window, WindowKind, mark_of, windows_touched
from registry.limits import AppliedLimit, Confirmation
from registry.lookup import Registry
from registry.schema import ParameterKind
from storage.readings import ReadingStore, Series

ROLLING = (WindowKind.HOUR8, WindowKind.HOUR24)
DAY_AT_MOST = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive hours of one series, named by their first and last end; `ready_to` is the newest end to be judged."""

    series: SeriesKey
    first: datetime
    last: datetime
    ready_to: datetime


class Windows:
    """Makes the windows of a stretch. Confirmations are those of one run."""

    def __init__(self, registry: Registry, store: ReadingStore, confirmations: dict[str, Confirmation]) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._store = store
        self._confirmations = confirmations
        self._limits: dict[tuple[SeriesKey, WindowKind, date], AppliedLimit | None] = {}

    def of(self, stretch: Stretch) -> Iterator[RollupPoint]:
        """Yield every window that holds an hour of `stretch` and ends no later than `ready_to`."""
        if self._by_hours(stretch.series):
            yield from self._from_hours(stretch)
        else:
            yield from self._from_readings(stretch)

    def _by_hours(self, series: SeriesKey) -> bool:
        """Whether its days are made of hours: levels and directions that are read at least hourly."""
        interval = self._registry.interval(*series)
        kind = self._registry.parameters[series.parameter].kind
        return kind in {ParameterKind.LEVEL, ParameterKind.DIRECTION} and interval is not None and interval <= HOUR

    def _expected(self, series: SeriesKey, window: Window) -> int:
        interval = self._registry.interval(*series)
        return 0 if interval is None else round((window.end - window.start) / interval)

    def _hours(self, stretch: Stretch) -> list[RollupPoint]:
        ends = list(_hour_ends(stretch.first, stretch.last))
        return self._read(stretch, WindowKind.HOUR, [Window(end - HOUR, end) for end in ends])

    def _read(self, stretch: Stretch, kind: WindowKind, windows: Sequence[Window]) -> list[RollupPoint]:
        """Return windows made of readings."""
        if not windows:
            return []
        # A counter's window begins with the last reading before it.
        span = Window(windows[0].start - HOUR, windows[-1].end)
        sample = _sample(self._store.read(stretch.series, span))
        starts, ends = (np.array([micros(moment) for moment in side]) for side in zip(*_edges(windows), strict=True))
        levels = from_readings(sample, starts, ends, self._registry.parameters[stretch.series.parameter].kind)
        return [self._point(stretch.series, kind, window, level) for window, level in zip(windows, levels, strict=True)]

    def _from_readings(self, stretch: Stretch) -> Iterator[RollupPoint]:
        interval = self._registry.interval(*stretch.series)
        if interval is None or interval <= HOUR:
            yield from self._hours(stretch)
        span = Window(stretch.first - HOUR, stretch.last)
        days = [
            day for day in windows_touched(WindowKind.DAY, span, self._registry.zone) if day.end <= stretch.ready_to
        ]
        yield from self._read(stretch, WindowKind.DAY, days)

    def _from_hours(self, stretch: Stretch) -> Iterator[RollupPoint]:
        made = self._hours(stretch)
        yield from made
        span = Window(stretch.first - HOUR, stretch.last)
        around = Window(stretch.first - DAY_AT_MOST, stretch.last + DAY_AT_MOST)
        known = self._store.read_rollups(WindowKind.HOUR, [stretch.series], around)[stretch.series]
        hours = {point.mark: point for point in (*known, *made)}
        for kind in (*ROLLING, WindowKind.DAY):
            for window in windows_touched(kind, span, self._registry.zone):
                if window.end <= stretch.ready_to:
                    yield self._of_hours(stretch.series, kind, window, hours)

    def _of_hours(
        self, series: SeriesKey, kind: WindowKind, window: Window, hours: dict[datetime, RollupPoint]
    ) -> RollupPoint:
        inside = [hours[end] for end in _hour_ends(window.start + HOUR, window.end) if end in hours]
        policies = self._registry.province.policies
        level = from_hours(
            [_level(hour) for hour in inside],
            [hour.expected for hour in inside],
            policies.capture,
            policies.suspect_share,
        )
        return self._point(series, kind, window, level)

    def _point(self, series: SeriesKey, kind: WindowKind, window: Window, level: Level) -> RollupPoint:
        hours = round((window.end - window.start) / HOUR)
        of_hours = kind is not WindowKind.HOUR and self._by_hours(series)
        low, high, limit_kind = self._limit(series, kind, window)
        return RollupPoint(
            station=series.station, parameter=series.parameter, kind=kind, mark=mark_of(kind, window),
            value=level.value, minimum=level.minimum, maximum=level.maximum,
            valid=level.valid, expected=hours if of_hours else self._expected(series, window),
            suspect=level.suspect, calibrating=level.calibrating, fault=level.fault,
            limit_low=low, limit_high=high, limit_kind=limit_kind, configuration=self._registry.hash,
        )  # fmt: skip

    def _limit(
        self, series: SeriesKey, kind: WindowKind, window: Window
    ) -> tuple[float | None, float | None, LimitKind]:
        # A window ends at the first moment of the next: the law of the day that it is in.
        day = (window.end - timedelta(microseconds=1)).astimezone(self._registry.zone).date()
        key = (series, kind, day)
        if key not in self._limits:
            self._limits[key] = self._registry.limit_for(series, kind, day, self._confirmations)
        found = self._limits[key]
        if found is None:
            return None, None, LimitKind.NONE
        bits = LimitKind.LOW if found.low is not None else LimitKind.NONE
        bits |= LimitKind.HIGH if found.high is not None else LimitKind.NONE
        return found.low, found.high, bits | (LimitKind.CONFIRMED if found.confirmed else LimitKind.NONE)


def _hour_ends(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += HOUR


def _edges(windows: Sequence[Window]) -> list[tuple[datetime, datetime]]:
    return [(window.start, window.end) for window in windows]


def _sample(series: Series) -> Sample:
    return Sample(series.times, series.values, series.status, series.flags)


def _level(point: RollupPoint) -> Level:
    return Level(
        point.value, point.minimum, point.maximum, point.valid, point.suspect, point.calibrating, point.fault
    )  # fmt: skip
