"""Why a figure has changed since it was first judged: by what the spans say that touched it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import reduce
from operator import or_

from domain.cause import Cause
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from registry.lookup import Registry
from storage.spans import DirtySpan

# What people did goes first, then what was measured, then what was only judged otherwise.
_WORDS: Mapping[Cause, str] = {Cause.OVERRIDE: "override", Cause.CALENDAR: "calendar"}


class Causes:
    """The causes of the spans that a round has taken."""

    def __init__(self, taken: Iterable[DirtySpan], registry: Registry) -> None:
        """Sort them by series."""
        self._registry = registry
        self._spans: dict[SeriesKey, list[tuple[datetime, datetime, Cause]]] = {}
        for one in taken:
            self._spans.setdefault(one.series, []).append((one.first_at, one.last_at, one.cause))

    def word(self, before: RollupPoint, after: RollupPoint) -> str:
        """Return why the figure `before` became `after`."""
        cause = self._of(after)
        for one, word in _WORDS.items():
            if one in cause:
                return word
        if Cause.READINGS not in cause and Cause.FLAGS in cause:
            return "flags"
        if after.valid > before.valid:
            return "late"
        same = (before.value, before.valid) == (after.value, after.valid)
        is_configured = Cause.CONFIGURATION in cause or (same and before.configuration != after.configuration)
        return "configuration" if is_configured and Cause.READINGS not in cause else "revised"

    def _of(self, point: RollupPoint) -> Cause:
        window = self._registry.window(point.kind, point.mark)
        spans = self._spans.get(SeriesKey(point.station, point.parameter), ())
        touching = (cause for first, last, cause in spans if first <= window.end and last > window.start)
        return reduce(or_, touching, Cause.NONE)
