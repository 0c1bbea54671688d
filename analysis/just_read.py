"""Readings that the flagger has just read and judged, for the roller of the same run: so they are read once, not twice.

Nothing is kept from one run to the next. What reaches the store after the flagger has read is released to the flagger,
so that figures of it are made again: as if it had come after the roller had read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.moment import micros
from domain.reading import SeriesKey
from domain.window import Window
from storage.readings import ReadingStore, Series

# About 20 MB.
READINGS = 700_000
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class _Piece:
    """All readings of a series that there are in `after < moment ≤ until` (µs)."""

    after: int
    until: int
    found: Series

    def part(self, after: int, until: int) -> Series:
        first, last = np.searchsorted(self.found.times, (after, until), side="right")
        columns: Any = (getattr(self.found, name)[first:last] for name in Series.__slots__)
        return Series(*columns)


class JustRead:
    """Keeps what has been judged in a run, and answers questions for readings from it, else from the store."""

    def __init__(self, store: ReadingStore, most: int = READINGS) -> None:
        """Nothing is kept yet; later at most so many readings."""
        self._store = store
        self._most = most
        self._kept: dict[str, list[tuple[SeriesKey, _Piece]]] = {}
        self._count = 0

    def clear(self) -> None:
        """Let go of everything, at the end of a run."""
        self._kept.clear()
        self._count = 0

    def forget(self, station: str) -> None:
        """Let go of a station that is to be read and judged again."""
        self._count -= sum(len(piece.found) for _, piece in self._kept.pop(station, []))

    def keep(self, series: SeriesKey, window: Window, found: Series) -> None:
        """Keep all readings of `window`, with the flags that are stored by now."""
        if not len(found) or self._count + len(found) > self._most:
            return
        # An hour that nothing was read of, or that was not over, may be rolled for what has come since: it is not kept.
        after = max(micros(window.start), (int(found.times[0]) - 1) // _HOUR_US * _HOUR_US)
        until = min(micros(window.end), int(found.times[-1]))
        self._kept.setdefault(series.station, []).append((series, _Piece(after, until, found)))
        self._count += len(found)

    def read_many(self, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Series]:
        """Return the readings of each series in `window`: raises StoreUnavailable."""
        after, until = micros(window.start), micros(window.end)
        kept = {key: piece.part(after, until) for key in series if (piece := self._holding(key, after, until))}
        others = [key for key in series if key not in kept]
        return kept | (self._store.read_many(others, window) if others else {})

    def _holding(self, series: SeriesKey, after: int, until: int) -> _Piece | None:
        pieces = (piece for key, piece in self._kept.get(series.station, []) if key == series)
        return next((one for one in pieces if one.after <= after and until <= one.until), None)
