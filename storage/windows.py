"""Windows side by side, as arrays: how they go from their computation into the store and back when there are many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.moment import moment
from domain.reading import SeriesKey
from domain.rollup import LimitKind, RollupPoint, RollupState
from domain.window import WindowKind

# Looked up, since making a member by its number takes longer than reading the row.
LIMIT_KINDS = {bits: LimitKind(bits) for bits in range(8)}
STATES = {int(one): one for one in RollupState}


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one kind of one series, ascending; what a `domain.rollup.RollupPoint` says of one, in its order.

    `marks` are in µs. Where `valid` is 0 there is no value, and `values`, `minima`, `maxima` are NaN; a limit that
    `limit_kind` does not name is NaN.
    """

    series: SeriesKey
    kind: WindowKind
    marks: NDArray[np.int64]
    values: NDArray[np.float64]
    minima: NDArray[np.float64]
    maxima: NDArray[np.float64]
    valid: NDArray[np.int64]
    expected: NDArray[np.int64]
    suspect: NDArray[np.int64]
    calibrating: NDArray[np.int64]
    fault: NDArray[np.int64]
    limit_low: NDArray[np.float64]
    limit_high: NDArray[np.float64]
    limit_kind: NDArray[np.int64]
    state: NDArray[np.int64]
    revision: NDArray[np.int64]
    configuration: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.marks)

    def columns(self) -> list[NDArray[Any]]:
        """Return everything but series and kind, in order."""
        return [getattr(self, name) for name in COLUMNS]

    def at(self, places: NDArray[Any] | slice) -> "Windows":
        """Return some of the windows: those at `places`, or where a mask is true."""
        some: Any = {name: getattr(self, name)[places] for name in COLUMNS}
        return replace(self, **some)

    def points(self) -> list[RollupPoint]:
        """Return the windows one by one."""
        listed = [column.tolist() for column in self.columns()]
        return [_point(self.series, self.kind, row) for row in zip(*listed, strict=True)]


COLUMNS = tuple(one.name for one in fields(Windows))[2:]
FLOATS = ("values", "minima", "maxima", "limit_low", "limit_high")


def windows(series: SeriesKey, kind: WindowKind, columns: Iterable[Sequence[Any]]) -> Windows:
    """Return windows from their columns in order; what is not there may be None. Raises KeyError for an unknown number."""
    arrays: Any = {
        name: np.array(column, np.float64 if name in FLOATS else np.int64)
        for name, column in zip(COLUMNS, columns, strict=True)
    }
    made = Windows(series, kind, **arrays)
    for numbers, known in ((made.limit_kind, LIMIT_KINDS), (made.state, STATES)):
        for number in set(numbers.tolist()):
            known[number]
    return made


def joined(some: Sequence[Windows]) -> Windows:
    """Return windows of one kind and series as one, ascending; of several with one mark the last counts."""
    if len(some) == 1:
        return some[0]
    together: Any = {name: np.concatenate([getattr(one, name) for one in some]) for name in COLUMNS}
    made = replace(some[0], **together)
    _, newest = np.unique(made.marks[::-1], return_index=True)
    return made.at(len(made) - 1 - newest)


def _point(series: SeriesKey, kind: WindowKind, row: tuple[Any, ...]) -> RollupPoint:
    mark, value, minimum, maximum, valid, expected, suspect, calibrating, fault, *rest = row
    low, high, bits, state, revision, configuration = rest
    figures = (value, minimum, maximum) if valid else (None, None, None)
    limits = LIMIT_KINDS[bits]
    columns: Any = (
        moment(mark), *figures, valid, expected, suspect, calibrating, fault,
        low if LimitKind.LOW in limits else None, high if LimitKind.HIGH in limits else None, limits, STATES[state],
        revision, configuration,
    )  # fmt: skip
    return RollupPoint(series.station, series.parameter, kind, *columns)
