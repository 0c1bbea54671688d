"""What the other stations of an area say: their median, interval by interval."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import structlog

from analysis.apart import apart
from analysis.check_days import INSTANT, Of
from analysis.rollups import status_by_calendar
from domain.moment import moment
from domain.reading import SeriesKey, Status
from domain.window import Window
from quality.settings import checks_of
from quality.together import median_of
from quality.trace import Trace
from registry.lookup import Registry
from storage.readings import QuestionRefused, ReadingStore, Series

log = structlog.get_logger(__name__)


class Neighbours:
    """Reads the medians that stations are held against. Raises StoreUnavailable."""

    def __init__(self, registry: Registry, store: ReadingStore, area: "Area") -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._store = store
        self._area = area

    def medians(self, station: str, checks: Of, span: tuple[int, int]) -> dict[str, Trace]:
        """Return the median of each parameter that is held against it, at the ends of its intervals in `span` (µs).

        Values that are out of range, or not measured while measuring, enter into none; nor do flags.
        """
        found = {}
        for name, of in checks.items():
            check = of.settings.neighbours
            others = self._area.others(SeriesKey(station, name)) if check is not None else []
            if check is not None and of.interval and len(others) >= check.stations:
                found[name] = median_of(self._read(others, of.interval, span), of.interval, check.stations)
        return found

    def _read(self, others: Sequence[SeriesKey], interval: timedelta, span: tuple[int, int]) -> list[Trace]:
        """Return what others say in every interval that `span` touches."""
        every = interval // INSTANT
        start, end = (span[0] // every - 1) * every, (span[1] // every + 1) * every
        window, read = Window(moment(start), moment(end)), dict[SeriesKey, Series]()
        apart(others, lambda some: read.update(self._store.read_many(some, window)), self._unread)
        return [self._usable(read[key], key) for key in others if key in read]

    def _unread(self, series: SeriesKey, error: Exception) -> None:
        """Leave out one that cannot be read: what waits of it has its neighbours judged again once it can."""
        if isinstance(error, QuestionRefused):
            self._store.ping()  # raises where it is not this series that the store will not hear of
        log.warning("a station is not compared with a neighbour", neighbour=series, why=str(error))

    def _usable(self, found: Series, key: SeriesKey) -> Trace:
        trace = measured(found, key, self._registry)
        usable = (trace.status == Status.MEASURING) & np.isfinite(trace.values)
        # The newest range for all times: what is held against the median of a stretch must not depend on where that begins.
        plausible = checks_of(self._registry, *key).plausible
        if plausible is not None:
            usable &= (trace.values >= plausible[0]) & (trace.values <= plausible[1])
        return Trace(trace.times[usable], trace.values[usable], trace.status[usable])


def measured(found: Series, key: SeriesKey, registry: Registry) -> Trace:
    """Return readings as the checks see them: what the calendar says is put into the status."""
    closed = registry.calendar.reasons(key, found.times)
    return Trace(found.times, found.values, status_by_calendar(found.status, closed))


class Area:
    """Which series are held against which: the same parameter at the other stations of a kind in the area."""

    def __init__(self, registry: Registry) -> None:
        """Look it up."""
        self._registry = registry
        self._alike: dict[tuple[str, str, str], list[str]] = {}
        for station in sorted(registry.stations.values(), key=lambda one: one.id):
            for parameter in station.measures:
                self._alike.setdefault((station.area, station.kind, parameter), []).append(station.id)
        self._checked = {one: list(self._with_check(one)) for one in self._alike}

    def _with_check(self, alike: tuple[str, str, str]) -> Iterator[str]:
        for station in self._alike[alike]:
            measurings = self._registry.measurings(station, alike[2])
            if any(self._registry.check_settings(station, one).neighbours is not None for one in measurings):
                yield station

    def others(self, series: SeriesKey) -> list[SeriesKey]:
        """Return what a series is held against, where that is to be."""
        return self._but(self._alike[self._place(series)], series)

    def held_against(self, series: SeriesKey) -> list[SeriesKey]:
        """Return what is held against a series, at one time or other."""
        return self._but(self._checked.get(self._place(series), []), series)

    def _place(self, series: SeriesKey) -> tuple[str, str, str]:
        station = self._registry.stations[series.station]
        return station.area, station.kind, series.parameter

    @staticmethod
    def _but(stations: Sequence[str], series: SeriesKey) -> list[SeriesKey]:
        return [SeriesKey(one, series.parameter) for one in stations if one != series.station]
