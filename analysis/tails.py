"""The last days of stations' readings, remembered from one look of the flagger to the next: each minute looks at days.

A station is remembered only while what is known of it is what the store has: from when its flags have been written until
a change comes of what is remembered. Whatever fails, and every restart, begins with reading afresh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import Window
from storage.readings import ReadingStore, Series

# About 80 MB: the four days that shipped checks look at, of a hundred stations of eight series every two minutes.
READINGS = 3_000_000
# So much more (an hour, in µs) is remembered: the values of one moment often come in messages of their own.
_LATER = 3_600_000_000


@dataclass(frozen=True, slots=True)
class _Tail:
    """All readings after `after` (µs) of the series of a station, each up to its newest."""

    after: int
    found: dict[SeriesKey, Series]

    def __len__(self) -> int:
        return sum(map(len, self.found.values()))

    def newest(self, series: SeriesKey) -> int:
        times = self.found[series].times
        return int(times[-1]) if len(times) else self.after


class Tails:
    """Reads for the assessor: what is remembered, and from the store what has come behind that."""

    def __init__(self, store: ReadingStore, most: int = READINGS) -> None:
        """Nothing is remembered yet; later at most so many readings."""
        self._store = store
        self._most = most
        self._kept: dict[str, _Tail] = {}
        self._open: dict[str, list[_Tail]] = {}
        self._count = 0

    def changed(self, series: SeriesKey, first: int) -> None:
        """Forget the station of a series of which readings have changed from `first` (µs) on, or come before others."""
        tail = self._kept.get(series.station)
        if tail is not None and (series not in tail.found or first <= tail.newest(series)):
            self._taken(series.station)

    def begin(self, station: str) -> None:
        """Begin to look at a station."""
        self._open.pop(station, None)

    def read(self, station: str, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Series]:
        """Return the readings of `series` of `station` in `window`, whose flags may be changed in place.

        Nothing of the station is remembered until `settle`. Raises StoreUnavailable.
        """
        after, until, tail = micros(window.start), micros(window.end), self._taken(station)
        if tail is not None and tail.after <= after and tail.found.keys() == set(series):
            found = self._continued(tail, after, until)
        else:
            found = self._store.read_many(series, window)
        self._open.setdefault(station, []).append(_Tail(after, found))
        return {key: _part(one, after, until) for key, one in found.items()}

    def settle(self, station: str, needed: int) -> None:
        """Remember what has been read of a station after `needed` (µs), now that its flags are those in the store."""
        looked = self._open.pop(station, [])
        # Of stretches apart from each other none is all that there is.
        if len(looked) == 1 and self._count + len(looked[0]) <= self._most:
            after = max(needed - _LATER, looked[0].after)
            end = np.iinfo(np.int64).max
            kept = _Tail(after, {key: _part(one, after, end, copied=True) for key, one in looked[0].found.items()})
            self._kept[station] = kept
            self._count += len(kept)

    def _taken(self, station: str) -> _Tail | None:
        tail = self._kept.pop(station, None)
        self._count -= 0 if tail is None else len(tail)
        return tail

    def _continued(self, tail: _Tail, after: int, until: int) -> dict[SeriesKey, Series]:
        found = {}
        for newest, keys in groupby(sorted(tail.found, key=tail.newest), tail.newest):
            mine = list(keys)
            new = self._store.read_many(mine, Window(moment(newest), moment(until))) if newest < until else {}
            for key in mine:
                before = _part(tail.found[key], after, newest)
                found[key] = _joined(before, new[key]) if key in new else before
        return found


def _part(found: Series, after: int, until: int, *, copied: bool = False) -> Series:
    first, last = np.searchsorted(found.times, (after, until), side="right")
    columns: Any = (getattr(found, name)[first:last] for name in Series.__slots__)
    return Series(*(one.copy() if copied else one for one in columns))


def _joined(one: Series, other: Series) -> Series:
    columns: Any = (np.concatenate((getattr(one, name), getattr(other, name))) for name in Series.__slots__)
    return Series(*columns)
