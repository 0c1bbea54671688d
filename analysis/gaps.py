"""Which readings should have come and did not: pure functions over the moments at which there are some.

Moments are whole µs since 1970. A logger's clock may be off by seconds, so nothing is laid on a fixed grid: between two
readings that follow one another there are as many missing as intervals fit in, and before the first and after the last
it is counted from them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Due:
    """What is asked of one parameter: a reading every `step` in `start < moment ≤ end`.

    It is measured so from `begin` to `until`, which may reach further than what is asked. `phase` is a moment at which a
    reading is expected if none is there to go by.
    """

    parameter: str
    step: int
    start: int
    end: int
    begin: int
    until: int
    phase: int


@dataclass(frozen=True, slots=True)
class Run:
    """Readings of one parameter that are missing one after another: `count` of them, the first at `first`."""

    parameter: str
    first: int
    step: int
    count: int

    @property
    def start(self) -> int:
        """The beginning of what the first one averages."""
        return self.first - self.step

    @property
    def last(self) -> int:
        """The moment of the last one."""
        return self.first + (self.count - 1) * self.step

    def moments(self) -> Ints:
        """Return the moment of each."""
        return self.first + self.step * np.arange(self.count, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Gap:
    """A span `start < moment ≤ end` without readings of `parameters`; `whole`: the station said nothing at all in it.

    `missing` are the intervals that are missing (those of the parameter that has most), `readings` all values together.
    """

    whole: bool
    parameters: tuple[str, ...]
    start: int
    end: int
    missing: int
    readings: int


def missing(times: Ints, due: Due) -> list[Run]:
    """Return what is missing of a parameter, in the order of time.

    `times` are the moments of its readings, ascending, those just outside what is asked included.
    """
    times = times[(times >= due.begin) & (times <= due.until)]
    found = _all_of(due) if not len(times) else [*_before(int(times[0]), due), *_within(times, due)]
    return [one for run in found if (one := _clipped(run, due)).count > 0]


def _all_of(due: Due) -> list[Run]:
    first = due.phase + ((due.start - due.phase) // due.step + 1) * due.step
    return [Run(due.parameter, first, due.step, (due.end - first) // due.step + 1)]


def _before(first: int, due: Due) -> Iterator[Run]:
    count = -((due.start - first) // due.step) - 1
    if count > 0:
        yield Run(due.parameter, first - count * due.step, due.step, count)


def _within(times: Ints, due: Due) -> Iterator[Run]:
    """Yield what is missing between readings, and after the last one."""
    # A reading that is late by less than half an interval is late, and not another one.
    counts = (np.diff(times) + due.step // 2) // due.step - 1
    for place in np.flatnonzero(counts > 0).tolist():
        yield Run(due.parameter, int(times[place]) + due.step, due.step, int(counts[place]))
    last = int(times[-1])
    yield Run(due.parameter, last + due.step, due.step, (due.end - last) // due.step)


def _clipped(run: Run, due: Due) -> Run:
    skipped = max((due.start - run.first) // run.step + 1, 0)
    first = run.first + skipped * run.step
    return replace(run, first=first, count=min(run.count - skipped, (due.end - first) // run.step + 1))


def gaps(runs: Sequence[Run], heard: Ints) -> list[Gap]:
    """Return the gaps of a station, in the order of time: spans in which it said nothing, and those of parameters only.

    `heard` are the moments of all its readings, ascending, those just outside what is asked included.
    """
    silences = {place for run in runs if (place := _silence_of(run, heard)) is not None}
    silent: dict[int, list[Run]] = {}
    alone: list[Run] = []
    for run in runs:
        for place, piece in _pieces(run, heard, silences):
            if place is None:
                alone.append(piece)
            else:
                silent.setdefault(place, []).append(piece)
    found = [_whole(pieces, place, heard) for place, pieces in silent.items()]
    return sorted([*found, *_of_parameters(alone)], key=lambda gap: (gap.start, gap.end, not gap.whole))


def _silence_of(run: Run, heard: Ints) -> int | None:
    """Return the place in `heard` before which the station said nothing while `run` is missing, if that is so.

    A parameter that stays away while others go on is not silence, however few these are: its run goes past their
    readings. Nor are readings of several parameters a moment after one another.
    """
    place = int(np.searchsorted(heard, run.first, "left"))
    if place != int(np.searchsorted(heard, run.last, "right")):
        return None
    bounded = 0 < place < len(heard)
    return None if bounded and 2 * int(heard[place] - heard[place - 1]) < 3 * run.step else place


def _pieces(run: Run, heard: Ints, silences: set[int]) -> Iterator[tuple[int | None, Run]]:
    """Part a run into what lies in silences, with the place of each, and what does not."""
    moments = run.moments()
    places = np.searchsorted(heard, moments, "left")
    apart = (places != np.searchsorted(heard, moments, "right")) | ~np.isin(places, list(silences))
    places[apart] = -1
    edges = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), run.count]
    for begin, end in pairwise(edges):
        place = int(places[begin])
        yield None if place < 0 else place, replace(run, first=int(moments[begin]), count=end - begin)


def _whole(pieces: Sequence[Run], place: int, heard: Ints) -> Gap:
    start = min(one.start for one in pieces)
    spoke = int(heard[place - 1]) if place else start
    return _gap(pieces, max(start, spoke), whole=True)


def _of_parameters(alone: Iterable[Run]) -> Iterator[Gap]:
    """Yield what is missing of parameters only, those with the same span together."""
    same: dict[tuple[int, int], list[Run]] = {}
    for run in alone:
        same.setdefault((run.start, run.last), []).append(run)
    for (start, _), runs in same.items():
        yield _gap(runs, start, whole=False)


def _gap(runs: Sequence[Run], start: int, *, whole: bool) -> Gap:
    # One parameter has two runs in a span where its interval changed.
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.parameter] = counts.get(run.parameter, 0) + run.count
    end = max(run.last for run in runs)
    return Gap(whole, tuple(counts), start, end, max(counts.values()), sum(counts.values()))
