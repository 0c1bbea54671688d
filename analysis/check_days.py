"""Which checks hold for a station's readings on which local day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import local_midnight, next_midnight
from quality.assess import reach
from quality.settings import Checks, checks_of
from registry.lookup import Registry

INSTANT = timedelta(microseconds=1)
# Days that are assessed together: memory stays small, and what is around them is read once for many.
_TOGETHER = 31
_REMEMBERED = 50_000

# The checks of each parameter of a station.
Of: TypeAlias = Mapping[str, Checks]


class CheckDays:
    """The checks of stations by local day; looked up once."""

    def __init__(self, registry: Registry) -> None:
        """Nothing is looked up yet."""
        self._registry = registry
        self._on: dict[tuple[str, date], Of] = {}
        self._newest: dict[str, Of] = {}
        self._measured: dict[tuple[SeriesKey, date | None], Checks] = {}
        self._reach: dict[str, tuple[int, int]] = {}
        self._ever_had: dict[SeriesKey, Sequence[Checks]] = {}
        self._held_against: dict[SeriesKey, list[SeriesKey]] = {}

    def at(self, station: str, at: int) -> Of:
        """Return the checks of every parameter of `station` at a moment (µs); midnight belongs to the day that is over."""
        return self._of_day(station, (moment(at) - INSTANT).astimezone(self._registry.zone).date())

    def _of_day(self, station: str, day: date) -> Of:
        key = (station, day)
        if key not in self._on:
            if len(self._on) > _REMEMBERED:
                self._on.clear()
            found = self._looked_up(station, day)
            # Most days have the checks of the last one that was asked for: they are kept, and compared, as one.
            last = self._newest.get(station)
            self._newest[station] = self._on[key] = last if last == found else found
        return self._on[key]

    def _looked_up(self, station: str, day: date) -> Of:
        return {name: self._one(SeriesKey(station, name), day) for name in self._registry.measured(station)}

    def _one(self, series: SeriesKey, day: date) -> Checks:
        measuring = self._registry.measuring(series, day)
        key = (series, measuring.valid_from)
        if key not in self._measured:
            self._measured[key] = checks_of(self._registry, *series, day)
        found = self._measured[key]
        # Only these change with the law, from one day to the next.
        pinned = found.settings.pinned
        return checks_of(self._registry, *series, day) if pinned is not None and pinned.limits else found

    def reach(self, station: str) -> tuple[int, int]:
        """Return how far before and after a reading (µs) its flag looks, by whatever checks its station ever had."""
        if station not in self._reach:
            before, after = reach(self._ever(station))
            self._reach[station] = before // INSTANT, after // INSTANT
        return self._reach[station]

    def _ever(self, station: str) -> Iterator[Checks]:
        for name in self._registry.measured(station):
            yield from self._ever_of(SeriesKey(station, name))

    def _ever_of(self, series: SeriesKey) -> Sequence[Checks]:
        if series not in self._ever_had:
            measurings = self._registry.measurings(*series)
            self._ever_had[series] = [checks_of(self._registry, *series, one.valid_from) for one in measurings]
        return self._ever_had[series]

    def held_against(self, series: SeriesKey) -> list[SeriesKey]:
        """Return the series that are, or ever were, held against the median that `series` enters into."""
        if series not in self._held_against:
            self._held_against[series] = [
                other
                for other in self._registry.peers(series)
                if any(one.settings.neighbours is not None for one in self._ever_of(other))
            ]
        return self._held_against[series]

    def parts(self, station: str, first: int, last: int) -> Iterator[tuple[int, int, Of]]:
        """Yield `first` to `last` (µs, both included) cut where the checks change, and into what is assessed together."""
        zone = self._registry.zone
        begin, checks, days = first, self.at(station, first), 0
        midnight = next_midnight(local_midnight(moment(first), zone), zone)
        while micros(midnight) < last:
            following, days = self.at(station, micros(midnight) + 1), days + 1
            if days == _TOGETHER or following != checks:
                yield begin, micros(midnight), checks
                begin, checks, days = micros(midnight) + 1, following, 0
            midnight = next_midnight(midnight, zone)
        yield begin, last, checks
