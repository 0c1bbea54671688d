"""Which limit each window is compared with: that of the local day in which it ends."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TypeAlias

import numpy as np

from analysis.sums import Floats, Ints
from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import LimitKind
from domain.window import WindowKind
from registry.limits import Confirmation
from registry.lookup import Registry

_Limit: TypeAlias = tuple[float, float, int]
_NONE: _Limit = (np.nan, np.nan, int(LimitKind.NONE))


class AppliedLimits:
    """The limits as they were confirmed when it was made."""

    def __init__(self, registry: Registry, confirmations: Mapping[str, Confirmation]) -> None:
        """No limit is looked up yet."""
        self._registry = registry
        self._confirmations = confirmations
        self._known: dict[tuple[SeriesKey, WindowKind, int], _Limit] = {}
        self._changes = np.array([_midnight(day, registry) for day in registry.law_changes], np.int64)

    def of(self, series: SeriesKey, kind: WindowKind, ends: Ints) -> tuple[Floats, Floats, Ints]:
        """Return the lower and the upper limit (NaN: none) of windows with these ends, and the bits that say which."""
        # A window that ends at midnight belongs to the day that is over.
        eras = np.searchsorted(self._changes, ends, side="left")
        low, high, bits = np.empty(len(ends)), np.empty(len(ends)), np.empty(len(ends), np.int64)
        for era in set(eras.tolist()):
            there = eras == era
            low[there], high[there], bits[there] = self._limit(series, kind, era)
        return low, high, bits

    def _limit(self, series: SeriesKey, kind: WindowKind, era: int) -> _Limit:
        key = (series, kind, era)
        if key not in self._known:
            day = self._registry.law_changes[era - 1] if era else date.min
            self._known[key] = self._looked_up(series, kind, day)
        return self._known[key]

    def _looked_up(self, series: SeriesKey, kind: WindowKind, day: date) -> _Limit:
        found = self._registry.limit_for(series, kind, day, self._confirmations)
        if found is None:
            return _NONE
        bits = LimitKind.LOW if found.low is not None else LimitKind.NONE
        bits |= LimitKind.HIGH if found.high is not None else LimitKind.NONE
        bits |= LimitKind.CONFIRMED if found.confirmed else LimitKind.NONE
        low, high = (np.nan if one is None else one for one in (found.low, found.high))
        return low, high, int(bits)


def _midnight(day: date, registry: Registry) -> int:
    return micros(datetime.combine(day, time(0), registry.zone).astimezone(UTC))
