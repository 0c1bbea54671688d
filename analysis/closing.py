"""Windows that were begun when a series fell silent for good: they end later than the last hour that is expected of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from analysis.long_windows import holding
from analysis.material import Material
from domain.moment import moment
from domain.reading import SeriesKey
from domain.window import HOUR, LENGTHS, LONGEST_DAY, Window, WindowKind, local_midnight, next_midnight
from registry.lookup import Registry

# An hour is in a rolling window that ends so much later, and in no later one.
_ROLLING = LENGTHS[WindowKind.HOUR24] - HOUR
_MICROSECOND = timedelta(microseconds=1)


class Closings:
    """Knows, from round to round, what of such windows has been made; after a restart they are looked at once more."""

    def __init__(self, registry: Registry) -> None:
        """Nothing has been made yet."""
        self._registry = registry
        self._made: dict[SeriesKey, tuple[datetime, datetime]] = {}

    def due(self, key: SeriesKey, last: datetime, ready: datetime) -> datetime | None:
        """Return up to which end windows that hold the last expected hour are over at `ready`; None if all are made."""
        end = max(one for one in (last, *self._ends(last, ready)) if one <= ready)
        return end if end > last and self._made.get(key) != (last, end) else None

    def note(self, key: SeriesKey, last: datetime, end: datetime) -> None:
        """Note that they have been made up to `end`."""
        self._made[key] = (last, end)

    def _ends(self, last: datetime, ready: datetime) -> Iterator[datetime]:
        yield min(last + _ROLLING, ready)
        yield next_midnight(local_midnight(last, self._registry.zone), self._registry.zone)
        yield from (window.end for _, window in holding(last, ready, self._registry))


def left_open(key: SeriesKey, start: datetime, material: Material, horizon: timedelta) -> datetime | None:
    """Return the newest hour up to `start` that was expected, if windows of it may be open still: a gap follows."""
    before = material.times(key, Window(start - horizon - LONGEST_DAY - HOUR, start))
    if not len(before):
        return None
    last = moment(int(before[-1])) + horizon
    return min(start, last.replace(minute=0, second=0, microsecond=0))
