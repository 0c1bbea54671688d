"""What the other stations of an area say: their median, interval by interval."""

from collections.abc import Sequence
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

    def __init__(self, registry: Registry, store: ReadingStore) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._store = store

    def medians(self, station: str, checks: Of, span: tuple[int, int]) -> dict[str, Trace]:
        """Return the median of each parameter that is held against it, at the ends of its intervals in `span` (µs).

        Values that are out of range, or not measured while measuring, enter into none; nor do flags.
        """
        found = {}
        for name, of in checks.items():
            check, others = of.settings.neighbours, self._registry.peers(SeriesKey(station, name))
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
