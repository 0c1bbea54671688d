"""Series of which no figures can be made: each is named, rests, and is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.reading import SeriesKey
from storage.readings import QuestionRefused, ReadingStore

log = structlog.get_logger(__name__)

# It may be a fault of the moment, and its figures are waited for; it costs a try a minute where it is not.
REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Trouble:
    why: str
    again_at: datetime


class Troubles:
    """What is known of series that fail."""

    def __init__(self, store: ReadingStore) -> None:
        """Nothing has failed yet."""
        self._store = store
        self._of: dict[SeriesKey, _Trouble] = {}

    def note(self, series: SeriesKey, error: Exception, *, now: datetime) -> None:
        """Note that a series has failed. Raises StoreUnavailable where the store is away after all."""
        if isinstance(error, QuestionRefused):
            self._store.ping()  # raises where it is not this series that the store will not hear of
        why = f"{type(error).__name__}: {error}"
        if series not in self._of or self._of[series].why != why:
            log.error("no figures of a series", station=series.station, parameter=series.parameter, exc_info=error)
        self._of[series] = _Trouble(why, now + REST)

    def over(self, series: SeriesKey) -> None:
        """Note that a series was worked on to its end."""
        if self._of.pop(series, None) is not None:
            log.info("figures of a series again", station=series.station, parameter=series.parameter)

    def resting(self, now: datetime) -> set[SeriesKey]:
        """Return the series that are not to be tried at this moment."""
        return {series for series, one in self._of.items() if one.again_at > now}

    def at(self, station: str) -> SeriesKey | None:
        """Return a series of `station` that has failed, if there is one."""
        return next((series for series in self._of if series.station == station), None)

    def words(self) -> dict[SeriesKey, str]:
        """Return why each has failed; may be asked from any thread."""
        return {series: one.why for series, one in self._of.copy().items()}
