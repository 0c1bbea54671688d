"""The contract of a reading store; `storage.sqlite` and `storage.influx` keep it, one test suite holds both to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag, Reason
from domain.limit import Bound
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import IndexPoint, RollupPoint
from domain.window import Window, WindowKind
from storage.windows import Windows


class StoreUnavailable(Exception):
    """The store did not answer, or refused for now (401, 403, 404, 429, 5xx): trying again later can help."""


class QuestionRefused(StoreUnavailable):
    """The store refused a question (400, 422): the same again will not help, another may; `ping` tells whether any does."""


class StoreRefused(Exception):
    """The store refused what was written (400, 422): trying the same again cannot help; split the batch."""


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one series, ascending in time; all arrays have the same length.

    `times`: int64, µs since 1970 UTC. `values`: float64 in the canonical unit, NaN where missing. `status`, `flags`:
    int8. `reasons`, `checks`: int32.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    status: NDArray[np.int8]
    flags: NDArray[np.int8]
    reasons: NDArray[np.int32]
    checks: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Means:
    """What windows of one series come to, ascending; all arrays have the same length.

    `marks`: int64, µs since 1970 UTC. `values`: float64 in the canonical unit, NaN where nothing counts. `valid`,
    `expected`: int64.
    """

    marks: NDArray[np.int64]
    values: NDArray[np.float64]
    valid: NDArray[np.int64]
    expected: NDArray[np.int64]


def means_of(rows: Sequence[Sequence[Any]]) -> Means:
    """Return rows (mark in µs, value, valid, expected), ascending, as arrays; a value counts where `valid` is above 0."""
    columns: Any = list(zip(*rows, strict=True)) if rows else [[]] * 4
    marks, values, valid, expected = columns
    counts = np.array(valid, np.int64)
    figures = np.where(counts > 0, np.array(values, np.float64), np.nan)
    return Means(np.array(marks, np.int64), figures, counts, np.array(expected, np.int64))


@lru_cache(maxsize=4_000)
def judged(status: int, flag: int, reasons: int) -> tuple[Status, Flag, Reason]:
    """Return what a store's numbers mean; there are few, and Python's own way costs more than all else of a row."""
    return Status(status), Flag(flag), Reason(reasons)


def outside(
    found: Mapping[SeriesKey, Sequence[RollupPoint]], bound: Bound | None
) -> dict[SeriesKey, list[RollupPoint]]:
    """Return those that are outside `bound`, else outside their own limit, by the rule by which all else compares them."""
    return {
        key: [one for one in points if one.value is not None and (bound or one.bound).is_exceeded(one.value)]
        for key, points in found.items()
    }  # fmt: skip


class ReadingStore(Protocol):
    """Keeps readings, rollups and indices. Windows are `start < moment ≤ end`. Every write can be repeated."""

    is_server: bool
    """Whether writing means to wait for another process."""

    def write(self, readings: Sequence[Reading]) -> None:
        """Write readings; one with an identity that is there replaces it. Durable on return.

        Raises StoreUnavailable, StoreRefused.
        """
        ...

    def write_flags(self, readings: Sequence[Reading]) -> None:
        """Write flag, reasons and checks of readings that are there, never value, status or seq."""
        ...

    def read(self, series: SeriesKey, window: Window) -> Series:
        """Return the readings of `series` in `window`, ascending."""
        ...

    def read_many(self, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Series]:
        """Return the readings of each series in `window`, ascending, in as few questions as the store allows.

        No key is left out. Meant for what is taken together: all series of a station, or the same hours of many.
        """
        ...

    def find(self, wanted: Mapping[SeriesKey, Window]) -> list[Reading]:
        """Return all readings of each series in its window (both few and wide windows), in any order.

        Raises StoreUnavailable, as every question does; QuestionRefused where it is these that it will not answer.
        """
        ...

    def latest(self, stations: Sequence[str]) -> list[Reading]:
        """Return the newest reading of each series of the named stations."""
        ...

    def reach(self, stations: Sequence[str]) -> dict[SeriesKey, tuple[datetime, datetime]]:
        """Return the first and the last moment of each series of the named stations that has readings."""
        ...

    def count(self) -> int:
        """Return how many readings are stored."""
        ...

    def write_rollups(self, points: Sequence[RollupPoint]) -> None:
        """Write rollup points, every field of them."""
        ...

    def read_rollups(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return the points whose mark is in `window`, ascending; those without a value too. No key is left out."""
        ...

    def write_windows(self, some: Sequence[Windows]) -> None:
        """Write windows as arrays: the same as `write_rollups`, for many at once."""
        ...

    def read_windows(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Windows]:
        """Return what `read_rollups` does as arrays, for many at once."""
        ...

    def read_means(self, kind: WindowKind, series: Sequence[SeriesKey], window: Window) -> dict[SeriesKey, Means]:
        """Return value and counts of what `read_windows` does: a third of the time, for indices that need no more."""
        ...

    def read_outside(
        self, kind: WindowKind, series: Sequence[SeriesKey], window: Window, bound: Bound | None = None
    ) -> dict[SeriesKey, list[RollupPoint]]:
        """Return those of `read_rollups` whose value is outside `bound`; None: outside the limit that each carries.

        The store looks through the windows itself, so that few of many years come back.
        """
        ...

    def write_indices(self, points: Sequence[IndexPoint]) -> None:
        """Write index points."""
        ...

    def read_indices(self, index: str, kind: WindowKind, stations: Sequence[str], window: Window) -> list[IndexPoint]:
        """Return index points whose mark is in `window`, ascending by station and mark."""
        ...

    def write_health(self, at: datetime, measurements: Iterable["HealthPoint"]) -> None:
        """Write what the service says of itself (bucket `service`) at `at`."""
        ...

    def ping(self) -> None:
        """Return when the store answers; raises StoreUnavailable."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """One measurement of the bucket `service`: `health` (tags part, worker) or `station` (tag station)."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, float | int]
