"""Why the newest figures of derived series are not there: what their readings say of it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from domain.flag import NOT_COMPUTED, reasons_in
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.text import Text
from domain.window import WindowKind
from present.reasons import REASONS
from registry.lookup import Registry
from storage.readings import ReadingStore


def not_computed(
    registry: Registry, store: ReadingStore, points: Mapping[tuple[SeriesKey, WindowKind], Sequence[RollupPoint]],
    series: Iterable[tuple[SeriesKey, WindowKind]],
) -> dict[SeriesKey, tuple[Text, ...]]:  # fmt: skip
    """Return, for each derived series of `series`, why readings of its newest window have no value; none if all have.

    Raises StoreUnavailable.
    """
    found: dict[SeriesKey, tuple[Text, ...]] = {}
    for key, kind in series:
        newest = points.get((key, kind), ())
        if registry.is_derived(key) and newest and newest[-1].valid < newest[-1].expected:
            readings = store.read(key, registry.window(kind, newest[-1].mark))
            bits = int(np.bitwise_or.reduce(readings.reasons)) if len(readings) else 0
            found[key] = tuple(REASONS[one] for one in reasons_in(bits & int(NOT_COMPUTED)))
    return found
