"""What the flags of a station's readings should be: readings with what is around them, days that teach, the checks.

A reading's flag rests on values and states of stored readings, the calendar, the configuration of its own local day and
what persons say; never on other flags, nor on when anything arrived.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.check_days import INSTANT, CheckDays, Of
from analysis.learning import Learning
from analysis.neighbours import Neighbours, measured
from analysis.tails import Tails
from domain.flag import Flag, Reason
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import Window
from quality.assess import CHECKS_VERSION, Verdicts, assess_station
from quality.trace import Trace
from registry.lookup import Registry
from storage.overrides import Override
from storage.readings import ReadingStore, Series


@dataclass(frozen=True, slots=True)
class Judged:
    """All readings of one series in `window` as they are stored, and what should be said of them, array by array."""

    series: SeriesKey
    window: Window
    stored: Series
    flags: NDArray[np.int8]
    reasons: NDArray[np.int32]

    def differs(self) -> NDArray[np.bool_]:
        """Tell of which something else is said."""
        differs: NDArray[np.bool_] = (self.stored.flags != self.flags) | (self.stored.reasons != self.reasons)
        return differs

    def outdated(self) -> NDArray[np.bool_]:
        """Tell of which something else is said, or the same by checks of another version."""
        outdated: NDArray[np.bool_] = self.differs() | (self.stored.checks != CHECKS_VERSION)
        return outdated

    def write_in(self) -> None:
        """Let what is remembered of the store say what has been written."""
        self.stored.flags[:], self.stored.reasons[:], self.stored.checks[:] = self.flags, self.reasons, CHECKS_VERSION

    def said(self) -> Series:
        """Return the readings as they are stored once what should be said of them is written."""
        times, values, status = self.stored.times.copy(), self.stored.values.copy(), self.stored.status.copy()
        checks = np.full(len(times), CHECKS_VERSION, np.int32)
        return Series(times, values, status, self.flags, self.reasons, checks)


class Assessor:
    """Reads for the flagger and asks the checks. Raises StoreUnavailable."""

    def __init__(self, registry: Registry, store: ReadingStore, days: CheckDays) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._days = days
        self._neighbours = Neighbours(registry, store)
        self.learning = Learning(days)
        self.tails = Tails(store)

    def judged(self, station: str, first: int, last: int, words: Sequence[Override]) -> Iterator[Judged]:
        """Yield, for each series of `station`, its readings from `first` to `last` (µs, both included), judged.

        `words` are what persons say of them, the oldest first.
        """
        for begin, end, checks in self._days.parts(station, first, last):
            yield from self._part(station, (begin, end), checks, words)

    def _part(self, station: str, span: tuple[int, int], checks: Of, words: Sequence[Override]) -> Iterator[Judged]:
        before, after = self._days.reach(station)
        begin, end = span[0] - before, span[1] + after
        keys = {name: SeriesKey(station, name) for name in checks}
        start = min(begin, self.learning.needs_from(keys.values(), *span))
        read = Window(moment(start) - INSTANT, moment(end))
        found = self.tails.read(station, list(keys.values()), read)
        traces = {name: measured(found[key], key, self._registry) for name, key in keys.items()}
        learned = {name: self.learning.before(keys[name], traces[name], *span) for name in keys}
        around = {name: trace.part(begin - 1, end) for name, trace in traces.items()}
        verdicts = assess_station(around, checks, learned, self._neighbours.medians(station, checks, (begin, end)))
        for name, key in keys.items():
            mine = [one for one in words if one.series == key]
            flags, reasons = self._said(
                key, stored := _part_of(found[key], *span), (around[name], verdicts[name]), mine
            )
            yield Judged(key, _window(found[key], read, span), stored, flags, reasons)

    def _said(
        self, key: SeriesKey, stored: Series, judged: tuple[Trace, Verdicts], words: Iterable[Override]
    ) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        trace, verdicts = judged
        inside = np.searchsorted(trace.times, stored.times)
        closed = self._registry.calendar.reasons(key, stored.times)
        missing = np.isnan(stored.values)
        flags = np.where((closed > 0) & ~missing, np.int8(Flag.FAIL), verdicts.flags[inside])
        bare = verdicts.reasons[inside]
        reasons = bare | closed
        for word in words:
            of = (stored.times > micros(word.window.start)) & (stored.times <= micros(word.window.end)) & ~missing
            flags[of] = word.flag
            kept = bare[of] | closed[of] if word.flag is Flag.FAIL else bare[of]
            reasons[of] = kept | Reason.OVERRIDE
        return flags, reasons


def _window(found: Series, read: Window, span: tuple[int, int]) -> Window:
    """Return where all readings that were found are in `span`: it begins before where nothing was found before."""
    is_first = not len(found) or int(found.times[0]) >= span[0]
    return Window(read.start if is_first else moment(span[0]) - INSTANT, moment(span[1]))


def _places(times: NDArray[np.int64], first: int, last: int) -> slice:
    begin, end = np.searchsorted(times, (first - 1, last), side="right")
    return slice(int(begin), int(end))


def _part_of(found: Series, first: int, last: int) -> Series:
    inside = _places(found.times, first, last)
    return Series(
        found.times[inside], found.values[inside], found.status[inside],
        found.flags[inside], found.reasons[inside], found.checks[inside],
    )  # fmt: skip
