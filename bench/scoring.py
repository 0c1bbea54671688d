"""How flags compare with an expert's labels of the same readings, counted as those who judge such checks count.

Point by point: precision, recall and F1. By event: a run of labelled readings is found when a flagged one lies in it or
next to it. By alarm: flagged readings no more than an hour (or 2.5 steps) apart are one alarm, a false one where none of
them is labelled or next to a labelled one; per series and month. Readings without a value, and those that the expert did
not judge, do not count.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_MONTH = 86_400 * 30.4375
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Labelled:
    """One series in its order of time: seconds, what the expert said (1 wrong, 0 right, NaN nothing), what was flagged."""

    times: NDArray[np.int64]
    missing: Mask
    labels: NDArray[np.float64]
    flagged: Mask


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one or more series; sums of them are the score of all."""

    both: int = 0
    """readings that are flagged and labelled"""
    only_flagged: int = 0
    only_labelled: int = 0
    good: int = 0
    """readings that are neither"""
    events: int = 0
    found: int = 0
    alarms: int = 0
    false: int = 0
    months: float = 0.0

    @property
    def precision(self) -> float:
        """Share of the flagged readings that are labelled."""
        return _share(self.both, self.both + self.only_flagged)

    @property
    def recall(self) -> float:
        """Share of the labelled readings that are flagged."""
        return _share(self.both, self.both + self.only_labelled)

    @property
    def f1(self) -> float:
        """Twice what both have, of what each has."""
        return _share(2 * self.both, 2 * self.both + self.only_flagged + self.only_labelled)

    @property
    def event_recall(self) -> float:
        """Share of the events that are found."""
        return _share(self.found, self.events)

    @property
    def false_alarms(self) -> float:
        """False alarms per series and month."""
        return _share(self.false, self.months)


def score(series: Iterable[Labelled]) -> Score:
    """Return the score of all series together."""
    totals: Any = [0] * len(astuple(Score()))
    for one in series:
        totals = [total + count for total, count in zip(totals, astuple(_score(one)), strict=True)]
    return Score(*totals)


def together(series: Iterable[Labelled]) -> Labelled:
    """Return several parameters as one: at each moment flagged or labelled if one of them is."""
    parts = list(series)
    times = np.unique(np.concatenate([one.times for one in parts]))
    missing, flagged, labels = (
        np.ones(len(times), np.bool_),
        np.zeros(len(times), np.bool_),
        np.full(len(times), np.nan),
    )
    for one in parts:
        places = np.searchsorted(times, one.times)
        missing[places] &= one.missing
        flagged[places] |= one.flagged
        labels[places] = np.fmax(labels[places], one.labels)
    return Labelled(times, missing, labels, flagged)


def _score(one: Labelled) -> Score:
    counted = ~one.missing & ~np.isnan(one.labels)
    times, labelled, flagged = one.times[counted], one.labels[counted] == 1, one.flagged[counted]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    first, last = _runs(labelled)
    near_flagged, near_labelled = _beside(flagged), _beside(labelled)
    found = sum(bool(near_flagged[begin : end + 1].any()) for begin, end in zip(first, last, strict=True))
    alarms = np.flatnonzero(flagged)
    parts = np.split(alarms, np.flatnonzero(np.diff(times[alarms]) > max(_HOUR, 2.5 * step)) + 1) if len(alarms) else []
    return Score(
        both=int((labelled & flagged).sum()), only_flagged=int((~labelled & flagged).sum()),
        only_labelled=int((labelled & ~flagged).sum()), good=int((~labelled & ~flagged).sum()),
        events=len(first), found=found, alarms=len(parts),
        false=sum(not near_labelled[part].any() for part in parts), months=len(times) * step / _MONTH,
    )  # fmt: skip


def _beside(mask: Mask) -> Mask:
    """Return a mask that has the readings next to those of `mask` too."""
    wide = mask.copy()
    wide[:-1] |= mask[1:]
    wide[1:] |= mask[:-1]
    return wide


def _runs(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges[::2], edges[1::2] - 1


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
