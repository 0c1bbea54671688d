"""What loggers are to send again: for each station the spans in which it should have reported and did not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from analysis.gaps import Due, Gap, Ints, Run, gaps, missing
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.window import Window, local_midnight
from registry.lookup import Registry
from registry.schema import Station
from storage.readings import ReadingStore

COLUMNS = ("station", "scope", "parameters", "start", "end", "missing", "readings")
# So many days of one series are read at a time.
_AT_ONCE = timedelta(days=31)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2261, 1, 1, tzinfo=UTC)

Reach = dict[SeriesKey, tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the span, and the present moment, before which not everything has had time to come."""

    window: Window
    now: datetime


def find_gaps(
    asked: Asked, stations: Sequence[str], registry: Registry, store: ReadingStore,
    told: Callable[[int, int | None], None] = lambda *_: None,
) -> Iterator[tuple[str, Gap]]:  # fmt: skip
    """Yield the gaps of each station, in the order of time; `told` hears how many stations are done, and of how many.

    What is there without a value is a reading that is missing, not a gap. Raises StoreUnavailable.
    """
    reach = store.reach(stations)
    for done, identity in enumerate(stations):
        told(done, len(stations))
        for gap in _of_station(registry.stations[identity], asked, registry, (store, reach)):
            yield identity, gap
    told(len(stations), len(stations))


def _of_station(station: Station, asked: Asked, registry: Registry, kept: tuple[ReadingStore, Reach]) -> list[Gap]:
    store, reach = kept
    runs: list[Run] = []
    heard = [np.empty(0, np.int64)]
    for parameter in registry.measured(station.id):
        key = SeriesKey(station.id, parameter)
        dues = list(_dues(key, asked, registry, reach.get(key)))
        times = _times(key, _around(dues, asked.window), store, reach)
        heard.append(times)
        runs.extend(run for due in dues for run in missing(times, due))
    return gaps(runs, np.unique(np.concatenate(heard))) if runs else []


def _dues(
    key: SeriesKey, asked: Asked, registry: Registry, reach: tuple[datetime, datetime] | None
) -> Iterator[Due]:  # fmt: skip
    """Yield what is asked of a series, for each way in which it was measured; nothing where it has no interval."""
    begun = _midnight(registry.stations[key.station].active_from, registry)
    for one in registry.measurings(*key):
        step = registry.interval_of(key.station, one)
        if step is None:
            continue
        begin = max(begun, _midnight(one.valid_from, registry) if one.valid_from else begun)
        until = _midnight(one.valid_to, registry) if one.valid_to else _LATEST
        # A reading may still come for as long as a window would wait for it.
        due = asked.now - max(registry.province.policies.grace, step)
        start, end = max(begin, asked.window.start), min(until, asked.window.end, due)
        if start < end:
            known = [at for at in reach or () if begin <= at <= until]
            phase = known[0] if known else local_midnight(start + _MICROSECOND, registry.zone)
            yield Due(key.parameter, step // _MICROSECOND, *map(micros, (start, end, begin, until, phase)))


def _midnight(day: date, registry: Registry) -> datetime:
    return max(datetime.combine(day, time(0), registry.zone).astimezone(UTC), _EARLIEST)


def _around(dues: Sequence[Due], window: Window) -> Window:
    """Return what is asked and a little more, so that the readings at both ends have their neighbours."""
    if not dues:
        return window
    return Window(
        moment(min(one.start - 2 * one.step for one in dues)), moment(max(one.end + 2 * one.step for one in dues))
    )


def _times(key: SeriesKey, window: Window, store: ReadingStore, reach: Reach) -> Ints:
    found = [np.empty(0, np.int64)]
    if key in reach:
        start, end = max(window.start, reach[key][0] - _MICROSECOND), min(window.end, reach[key][1])
        while start < end:
            stop = min(start + _AT_ONCE, end)
            found.append(store.read(key, Window(start, stop)).times)
            start = stop
    return np.concatenate(found)


def row(station: str, gap: Gap, registry: Registry) -> dict[str, object]:
    """Return a gap as CSV and JSON have it: local times with their offset."""
    return {
        "station": station, "scope": "station" if gap.whole else "parameter", "parameters": list(gap.parameters),
        "start": moment(gap.start).astimezone(registry.zone), "end": moment(gap.end).astimezone(registry.zone),
        "missing": gap.missing, "readings": gap.readings,
    }  # fmt: skip
