"""The indices of stations, from their stored windows: every hour and day into which a changed hour enters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis import nowcast
from analysis.composite import Day, Figure, Floats
from analysis.rollups import meets
from analysis.schemes import Scheme, made
from analysis.series_windows import HOUR_US, Stretch
from analysis.sums import Ints
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.rollup import IndexPoint
from domain.window import HOUR, LENGTHS, Window, WindowKind, mark_of, windows_touched
from registry.limits import Confirmation
from registry.lookup import Registry
from storage.readings import Means, ReadingStore

# Read and computed together are so many hours of stations at most, so that memory stays small.
_TOGETHER = 20_000
_REACH = (nowcast.HOURS - 1) * HOUR
# A day's 8-hour windows are those that end in it, so an hour enters into those of the next day too.
_REACH_OF_DAYS = LENGTHS[WindowKind.HOUR8] - HOUR
_NOBODY: Mapping[str, Confirmation] = {}

Span: TypeAlias = tuple[str, Window]


def indices(
    stretches: Iterable[Stretch], registry: Registry, store: ReadingStore, said: Mapping[str, Confirmation] = _NOBODY
) -> list[IndexPoint]:
    """Return every index of stations, of each hour and day that an hour of `stretches` enters into and that is ready.

    `said` are the confirmations: an index that needs one is made only with it. Raises StoreUnavailable.
    """
    every = list(stretches)
    return [point for scheme in made(registry, said) for point in _Making(scheme, registry, store).of(every)]


@dataclass(frozen=True, slots=True)
class _Making:
    scheme: Scheme
    registry: Registry
    store: ReadingStore

    def of(self, stretches: Sequence[Stretch]) -> Iterator[IndexPoint]:
        """Yield the indices of one scheme."""
        mine = [one for one in stretches if self._enters(one.series)]
        for stations, span in _together(_hours(one) for one in mine if one.series.parameter in self.scheme.of_hours):
            yield from self._hourly(stations, span)
        for stations, span in _together(one for stretch in mine for one in self._days(stretch)):
            yield from self._daily(stations, span)

    def _enters(self, series: SeriesKey) -> bool:
        kind = self.registry.stations[series.station].kind
        return kind == self.scheme.kind and series.parameter in self.scheme.parameters

    def _days(self, stretch: Stretch) -> Iterator[Span]:
        around = Window(stretch.span.start, stretch.last + _REACH_OF_DAYS)
        for day in windows_touched(WindowKind.DAY, around, self.registry.zone):
            if day.end <= stretch.ready_to:
                yield stretch.series.station, day

    def _hourly(self, stations: Sequence[str], span: Window) -> Iterator[IndexPoint]:
        hours = _Grid(WindowKind.HOUR, stations, _ends(Window(span.start - _REACH, span.end)))
        found = self.scheme.hourly(self._read(hours, self.scheme.of_hours), self.registry)
        return self._points(WindowKind.HOUR, stations, hours.marks[nowcast.HOURS - 1 :], found)

    def _daily(self, stations: Sequence[str], span: Window) -> Iterator[IndexPoint]:
        days = list(windows_touched(WindowKind.DAY, span, self.registry.zone))
        marks, ends = np.array([micros(mark_of(WindowKind.DAY, day)) for day in days], np.int64), _ends(span)
        # A day is made of the hours that end in it.
        begins = np.searchsorted(ends, [micros(day.start) for day in days], side="right")
        takes = self.scheme.of_days
        means = self._read(_Grid(WindowKind.DAY, stations, marks), takes[WindowKind.DAY])
        highest = {
            kind: {
                name: _highest(line, begins) for name, line in self._read(_Grid(kind, stations, ends), names).items()
            }
            for kind, names in takes.items()
            if kind is not WindowKind.DAY
        }
        day = Day(means, highest.get(WindowKind.HOUR, {}), highest.get(WindowKind.HOUR8, {}))
        return self._points(WindowKind.DAY, stations, marks, self.scheme.daily(day, self.registry))

    def _read(self, grid: "_Grid", names: Sequence[str]) -> dict[str, Floats]:
        """Return, for each of the named parameters, the windows that meet the capture policy: a row for each station."""
        rows = {station: row for row, station in enumerate(grid.stations)}
        keys = [
            SeriesKey(station, name)
            for station in grid.stations
            for name in dict.fromkeys(self.registry.stations[station].measures)
            if name in names
        ]
        lines = {name: np.full((len(rows), len(grid.marks)), np.nan) for name in names}
        for key, found in self.store.read_means(grid.kind, keys, grid.span).items():
            places, values = self._meeting(grid, found)
            lines[key.parameter][rows[key.station], places] = values
        return lines

    def _meeting(self, grid: "_Grid", found: Means) -> tuple[NDArray[np.intp], Floats]:
        enough = meets(found.valid, found.expected, self.registry.province.policies.capture)
        # Nothing but windows of the grid is asked for; what else is stored beside them is none of ours.
        places = np.searchsorted(grid.marks, found.marks)
        known = np.isin(found.marks, grid.marks) & enough
        return places[known], found.values[known]

    def _points(
        self, kind: WindowKind, stations: Sequence[str], marks: Ints, found: Sequence[Figure]
    ) -> Iterator[IndexPoint]:
        version, hash_ = self.scheme.version(kind, self.registry), self.registry.hash
        moments = [moment(mark) for mark in marks.tolist()]
        at = ((station, mark) for station in stations for mark in moments)
        for (station, mark), figure in zip(at, found, strict=True):
            yield IndexPoint(station, self.scheme.id, kind, mark, *figure, version, hash_)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Windows of one kind side by side, by their marks (µs, ascending), of several stations."""

    kind: WindowKind
    stations: Sequence[str]
    marks: Ints

    @property
    def span(self) -> Window:
        """What holds all marks."""
        return Window(moment(int(self.marks[0]) - 1), moment(int(self.marks[-1])))


def _hours(stretch: Stretch) -> Span:
    return stretch.series.station, Window(stretch.span.start, min(stretch.last + _REACH, stretch.ready_to))


def _ends(span: Window) -> Ints:
    # Hours end at full hours of UTC, days begin where the province's time zone says.
    first = micros(span.start) // HOUR_US + 1
    return np.arange(first * HOUR_US, micros(span.end) + 1, HOUR_US)


def _highest(line: Floats, begins: NDArray[np.intp]) -> Floats:
    found: Floats = np.fmax.reduceat(line, begins, axis=1)
    return found


def _together(spans: Iterable[Span]) -> Iterator[tuple[list[str], Window]]:
    """Yield groups of stations with the same span; spans of one station that meet are one."""

    def span_of(one: Span) -> tuple[datetime, datetime]:
        return one[1].start, one[1].end

    joined = _joined(one for one in spans if one[1].end > one[1].start)
    for (start, end), alike in groupby(sorted(joined, key=span_of), key=span_of):
        stations = [station for station, _ in alike]
        size = max(1, _TOGETHER // max(1, (end - start) // HOUR))
        for begin in range(0, len(stations), size):
            yield stations[begin : begin + size], Window(start, end)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    for station, group in groupby(sorted(spans, key=_by_station), key=lambda one: one[0]):
        begun: Window | None = None
        for _, span in group:
            if begun is not None and span.start <= begun.end:
                begun = Window(begun.start, max(begun.end, span.end))
                continue
            if begun is not None:
                yield station, begun
            begun = span
        if begun is not None:
            yield station, begun


def _by_station(one: Span) -> tuple[str, datetime]:
    return one[0], one[1].start
