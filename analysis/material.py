"""What the roller reads: readings as samples, stored windows, in as few questions as the store allows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeAlias

import numpy as np

from analysis.just_read import JustRead
from analysis.kinds import in_calm
from analysis.meters import meter_of
from analysis.rollups import Sample, status_by_calendar
from analysis.series_windows import DAY, HOUR_US, ROLLING, SeriesWindows, Stretch
from analysis.sums import Ints
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import Window, WindowKind
from registry.lookup import Registry
from registry.schema import ParameterKind
from storage.readings import ReadingStore, Series
from storage.windows import Windows

# Of so many series at most the readings are asked for together.
TOGETHER = 500
# Stretches that are worked on together may have so many hours, so that memory stays small.
HOURS_TOGETHER = 20_000

_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)

# The stored windows of a series.
Known: TypeAlias = dict[WindowKind, Windows]


class Material:
    """Reads for the roller. Every method raises StoreUnavailable."""

    def __init__(self, registry: Registry, store: ReadingStore, just_read: JustRead | ReadingStore) -> None:
        """Nothing is read yet; readings of many series are asked of `just_read`."""
        self.registry = registry
        self._store = store
        self._just_read = just_read

    def times(self, key: SeriesKey, window: Window) -> Ints:
        """Return when a series has readings, ascending, in µs."""
        return self._store.read(key, window).times

    def next_counted(self, key: SeriesKey, window: Window) -> datetime | None:
        """Return the first moment in `window` of a reading that counts."""
        start, length = window.start, DAY
        while start < window.end:
            # A little at first, since most often the next one is near.
            part = Window(start, start + min(length, window.end - start))
            sample = _sample(self._store.read(key, part))
            counted = sample.times[sample.counted()]
            if len(counted):
                return moment(int(counted[0]))
            start, length = part.end, 8 * length
        return None

    def lacking_hours(self, key: SeriesKey, window: Window) -> Ints:
        """Return the ends (µs) of the full hours in `window` of which no window is stored."""
        ends = np.arange(micros(window.start) + HOUR_US, micros(window.end) + 1, HOUR_US)
        if not len(ends):
            return ends
        return np.setdiff1d(ends, self._store.read_windows(WindowKind.HOUR, [key], window)[key].marks)

    def samples(self, stretches: Sequence[Stretch], windows: SeriesWindows) -> dict[SeriesKey, Sample]:
        """Return the readings that windows of `stretches` (of one series each) need."""
        groups: dict[Window, list[SeriesKey]] = {}
        for one in stretches:
            groups.setdefault(windows.readings(one), []).append(one.series)
        return {
            key: self._prepared(key, window, _sample(found))
            for window, keys in groups.items()
            for key, found in self._just_read.read_many(keys, window).items()
        }

    def sample(self, key: SeriesKey, window: Window) -> Sample:
        """Return the readings in `window`, of a meter also the last that counts before it."""
        return self._prepared(key, window, _sample(self._store.read(key, window)))

    def _prepared(self, key: SeriesKey, window: Window, sample: Sample) -> Sample:
        """Return what is needed of a series of its kind: a meter's with what came before, a vane's without calms."""
        kind = self.registry.parameters[key.parameter].kind
        if kind is ParameterKind.COUNTER:
            return self._with_baseline(key, window, replace(sample, meter=meter_of(self.registry.measurings(*key))))
        return self._without_calm(key, window, sample) if kind is ParameterKind.DIRECTION else sample

    def _with_baseline(self, key: SeriesKey, window: Window, sample: Sample) -> Sample:
        # However long ago that was: what went through between belongs to the reading that tells of it.
        horizon = self.registry.province.policies.expected_for
        near, usual = window.start - DAY, window.start - horizon
        for before in (Window(near, window.start), Window(usual, near), Window(min(_LONG_AGO, usual), usual)):
            earlier = _sample(self._store.read(key, before))
            if earlier.counted().any():
                return _joined(earlier, sample)
        return sample

    def _without_calm(self, key: SeriesKey, window: Window, sample: Sample) -> Sample:
        speed, below = self.registry.speed_of(key), self.registry.province.policies.calm_below
        if speed is None or below <= 0 or not len(sample.times):
            return sample
        found = _sample(self._store.read(speed, window))
        counted = found.counted()
        kept = ~in_calm(sample.times, (found.times[counted], found.values[counted]), below)
        return Sample(sample.times[kept], sample.values[kept], sample.status[kept], sample.flags[kept])

    def known(self, stretches: Sequence[Stretch]) -> dict[SeriesKey, Known]:
        """Return the stored windows around `stretches`, which have the same hours."""
        keys, around, span = [one.series for one in stretches], stretches[0].around, stretches[0].span
        marks = {kind: Window(span.start, around.end) for kind in ROLLING}
        marks |= {WindowKind.HOUR: around, WindowKind.DAY: Window(around.start, span.end)}
        found: dict[SeriesKey, Known] = {key: {} for key in keys}
        for kind, window in marks.items():
            for key, windows in self._store.read_windows(kind, keys, window).items():
                found[key][kind] = windows
        return found

    def stored(self, kind: WindowKind, keys: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Windows]:
        """Return the stored windows of one kind whose marks are in `window`."""
        return self._store.read_windows(kind, keys, window)


def together(stretches: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Yield groups of stretches with the same hours, each of another series."""

    def hours(one: Stretch) -> tuple[datetime, datetime]:
        return one.first, one.last

    for _, alike in groupby(sorted(stretches, key=hours), key=hours):
        group = list(alike)
        size = max(1, min(TOGETHER, HOURS_TOGETHER // group[0].hours))
        yield from (group[begin : begin + size] for begin in range(0, len(group), size))


def _sample(found: Series) -> Sample:
    return Sample(found.times, found.values, status_by_calendar(found.status, found.reasons), found.flags)


def _joined(one: Sample, other: Sample) -> Sample:
    return Sample(
        np.concatenate((one.times, other.times)), np.concatenate((one.values, other.values)),
        np.concatenate((one.status, other.status)), np.concatenate((one.flags, other.flags)), other.meter,
    )  # fmt: skip
