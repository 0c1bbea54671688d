"""What the roller reads: readings as samples, stored windows, in as few questions as the store allows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from analysis.rollups import Ints, Sample, status_by_calendar
from analysis.series_windows import DAY, SeriesWindows, Stretch
from domain.moment import micros, moment
from domain.reading import Reading, SeriesKey
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from registry.lookup import Registry
from registry.schema import ParameterKind
from storage.readings import ReadingStore, Series

# Of so many series at most the readings are asked for together, and only of short stretches: long ones come as arrays.
TOGETHER = 500
SHORT = timedelta(hours=48)
# Stretches that are worked on together may have so many hours, so that memory stays small.
HOURS_TOGETHER = 20_000

Marked = dict[tuple[WindowKind, datetime], RollupPoint]


class Material:
    """Reads for the roller. Every method raises StoreUnavailable."""

    def __init__(self, registry: Registry, store: ReadingStore) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._store = store

    def times(self, key: SeriesKey, window: Window) -> Ints:
        """Return when a series has readings, ascending, in µs."""
        return self._store.read(key, window).times

    def next_counted(self, key: SeriesKey, window: Window) -> datetime | None:
        """Return the first moment in `window` of a reading that counts."""
        near = Window(window.start, min(window.start + DAY, window.end))
        for part in (near, Window(near.end, window.end)):
            if part.end > part.start:
                sample = _sample(self._store.read(key, part))
                counted = sample.times[sample.counted()]
                if len(counted):
                    return moment(int(counted[0]))
        return None

    def first_hour(self, key: SeriesKey, window: Window) -> datetime | None:
        """Return the end of the first hour in `window` that has a stored window."""
        known = self._store.read_rollups(WindowKind.HOUR, [key], window)[key]
        return known[0].mark if known else None

    def samples(self, stretches: Sequence[Stretch], windows: SeriesWindows) -> dict[SeriesKey, Sample]:
        """Return the readings that windows of `stretches` (of one series each) need."""
        wanted = {one.series: windows.readings(one) for one in stretches}
        short = {key: window for key, window in wanted.items() if window.end - window.start <= SHORT}
        found = _by_series(self._store.find(short)) if len(short) > 1 else {}
        return {
            key: self._with_baseline(key, window, found.get(key) or self._store.read(key, window))
            for key, window in wanted.items()
        }  # fmt: skip

    def _with_baseline(self, key: SeriesKey, window: Window, found: list[Reading] | Series) -> Sample:
        sample = _sample_of(found) if isinstance(found, list) else _sample(found)
        if self._registry.parameters[key.parameter].kind is not ParameterKind.COUNTER:
            return sample
        horizon = self._registry.province.policies.expected_for
        near = Window(window.start - DAY, window.start)
        for before in (near, Window(window.start - horizon, near.start)):
            earlier = _sample(self._store.read(key, before))
            if earlier.counted().any():
                return _joined(earlier, sample)
        return sample

    def known(self, stretches: Sequence[Stretch]) -> dict[SeriesKey, Marked]:
        """Return the stored windows around `stretches`, which have the same hours."""
        keys, around, span = [one.series for one in stretches], stretches[0].around, stretches[0].span
        marks = {WindowKind.HOUR: around, WindowKind.DAY: Window(around.start, span.end)}
        found: dict[SeriesKey, Marked] = {key: {} for key in keys}
        for kind in WindowKind:
            window = marks.get(kind, Window(span.start, around.end))
            for key, points in self._store.read_rollups(kind, keys, window).items():
                found[key].update({(kind, point.mark): point for point in points})
        return found


def together(stretches: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Yield groups of stretches with the same hours, each of another series."""

    def hours(one: Stretch) -> tuple[datetime, datetime]:
        return one.first, one.last

    for _, alike in groupby(sorted(stretches, key=hours), key=hours):
        group = list(alike)
        size = max(1, min(TOGETHER, HOURS_TOGETHER // group[0].hours))
        yield from (group[begin : begin + size] for begin in range(0, len(group), size))


def _by_series(readings: Iterable[Reading]) -> dict[SeriesKey, list[Reading]]:
    found: dict[SeriesKey, list[Reading]] = {}
    for one in readings:
        found.setdefault(one.series, []).append(one)
    return found


def _sample(found: Series) -> Sample:
    return Sample(found.times, found.values, status_by_calendar(found.status, found.reasons), found.flags)


def _sample_of(readings: list[Reading]) -> Sample:
    times = np.array([micros(one.measured_at) for one in readings], np.int64)
    order = np.argsort(times, kind="stable")
    values = [np.nan if one.value is None else one.value for one in readings]
    return Sample(
        times[order], np.array(values, np.float64)[order],
        status_by_calendar(
            np.array([one.status for one in readings], np.int8), np.array([one.reasons for one in readings], np.int32)
        )[order],
        np.array([one.flag for one in readings], np.int8)[order],
    )  # fmt: skip


def _joined(one: Sample, other: Sample) -> Sample:
    return Sample(
        np.concatenate((one.times, other.times)), np.concatenate((one.values, other.values)),
        np.concatenate((one.status, other.status)), np.concatenate((one.flags, other.flags)),
    )  # fmt: skip
