"""Which stretches of a station are to be judged again where readings have changed: its own, and its neighbours'."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from analysis.check_days import INSTANT, CheckDays
from domain.moment import micros
from domain.reading import SeriesKey
from quality.learned import LEARNED_DAYS
from registry.lookup import Registry
from storage.spans import DAY_US, DirtySpan


@dataclass(frozen=True, slots=True)
class Changed:
    """Readings of a series that have changed: from `first` to `last` (µs), both included."""

    series: SeriesKey
    first: int
    last: int


@dataclass(slots=True)
class Affected:
    """What has changed of a station (`own`), and what of its neighbours its readings are held against (`lent`)."""

    own: list[Changed] = field(default_factory=list)
    lent: list[Changed] = field(default_factory=list)


def by_station(taken: Iterable[DirtySpan], registry: Registry, days: CheckDays) -> dict[str, Affected]:
    """Return what is to be judged again, by station; a station that is configured no more is left out."""
    found: dict[str, Affected] = {}
    for span in taken:
        station = span.series.station
        if station not in registry.stations:
            continue
        first, last = micros(span.first_at), micros(span.last_at)
        found.setdefault(station, Affected()).own.append(Changed(span.series, first, last))
        for other in days.held_against(span.series):
            check = days.at(other.station, last)[other.parameter]
            if check.settings.neighbours is not None and check.interval is not None:
                wide = check.interval // INSTANT
                lent = Changed(other, first - wide, last + wide)
                found.setdefault(other.station, Affected()).lent.append(lent)
    return found


def affected(of: Affected, look: tuple[int, int], reach: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches (µs, both ends included) whose flags may change, within `reach`, the newest first.

    `look` is how far before and after itself a reading's flag looks. A day that changes teaches those after it.
    """
    spans = [(one.first - look[1], one.last + look[0]) for one in (*of.own, *of.lent)]
    spans += [(one.last, (one.last // DAY_US + 1 + LEARNED_DAYS) * DAY_US - 1) for one in of.own]
    clipped = sorted((max(first, reach[0]), min(last, reach[1])) for first, last in spans)
    joined: list[tuple[int, int]] = []
    for first, last in clipped:
        if first > last:
            continue
        if joined and first - joined[-1][1] <= sum(look):
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    yield from reversed(joined)
