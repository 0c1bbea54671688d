"""Waiting until figures have caught up with readings: by ourselves where no schedule runs, else for the one that does."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import numpy as np

from alerts.check import CONSUMERS
from analysis.figures import STAGES, Figures
from domain.cause import Cause
from domain.clock import Clock
from domain.moment import moment
from domain.reading import SeriesKey
from domain.window import Window
from registry.lookup import Registry
from service.locks import Locks
from service.settings import Settings
from service.stores import Stores, readings_away
from service.transfer import Wanted
from storage.ledger import Ledger
from storage.readings import ReadingStore, StoreUnavailable
from storage.spans import mark, take
from storage.state import writing

# How long a server that is away is waited for before the command gives up; what is in the journal stays there.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_ALL = 1_000_000_000
_MICROSECOND = timedelta(microseconds=1)

Progress = Callable[[int, int | None], None]


def catch_up(registry: Registry, clock: Clock, stores: Stores, locks: Locks, told: Progress) -> None:
    """Return when the flags and windows of every reading that is there now are made. Raises ServerAway."""
    figures = Figures(registry, stores.readings, stores.engine, clock)
    for stage in STAGES:
        _await(stage, figures, stores, locks, told)


def _await(stage: str, figures: Figures, stores: Stores, locks: Locks, told: Progress) -> None:
    """Return when no span waits for `stage` that does so now."""
    waiting = _numbered(stores, stage)
    total = len(waiting)
    while waiting:
        if locks.try_take("schedule"):
            patiently(figures.run)
        else:
            time.sleep(_LOOK_SECONDS)
        # New spans of a busy service are not ours to wait for, nor is a series of which no figures can be made.
        broken = figures.troubles().keys()
        waiting = {one for one in waiting & _numbered(stores, stage) if one[1] not in broken}
        told(total - len(waiting), total)


def _numbered(stores: Stores, consumer: str) -> set[tuple[str, SeriesKey, int, int]]:
    return {(one.consumer, one.series, one.day, one.number) for one in take(stores.engine, consumer, _ALL)}


def catch_up_alerts(stores: Stores, locks: Locks) -> bool:
    """Return when rules have judged what has changed by now; False where no schedule runs that could."""
    waiting = _judged(stores)
    while waiting and not locks.try_take("schedule"):
        time.sleep(_LOOK_SECONDS)
        waiting &= _judged(stores)
    return not waiting and not locks.try_take("schedule")


def _judged(stores: Stores) -> set[tuple[str, SeriesKey, int, int]]:
    return {one for consumer in CONSUMERS for one in _numbered(stores, consumer)}


def patiently(step: Callable[[], int]) -> int:
    """Do `step`, and again while the store of readings is away. Raises ServerAway after a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return step()
        except StoreUnavailable as error:
            if time.monotonic() > until:
                raise readings_away(error) from error
            time.sleep(1.0)


def recompute(
    settings: Settings, registry: Registry, clock: Clock, stores: Stores, wanted: Wanted, told: Progress
) -> int:
    """Make flags and figures of a span once more from the readings; return of how many series."""
    touched = list(_touched(Ledger(stores.engine, settings.worker).series(), wanted, registry))
    horizon = registry.province.policies.expected_for
    # Read before the transaction: nobody else can write while it is open.
    spans = [part for one in touched for part in _expected(stores.readings, *one, horizon)]
    with writing(stores.engine) as connection:
        mark(connection, STAGES[0], spans, Cause.CONFIGURATION)
    with Locks(settings.data) as locks:
        catch_up(registry, clock, stores, locks, told)
    return len(touched)


def _touched(
    reach: Mapping[SeriesKey, tuple[datetime, datetime]], wanted: Wanted, registry: Registry
) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
    """Yield each wanted series that has readings, with the first and last moment within the span."""
    for key in wanted.series(registry):
        if key in reach:
            first = max(reach[key][0], wanted.window.start + _MICROSECOND)
            last = min(reach[key][1], wanted.window.end)
            if first <= last:
                yield key, first, last


def _expected(
    store: ReadingStore, key: SeriesKey, first: datetime, last: datetime, horizon: timedelta
) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
    """Yield the parts of a span that hold readings, cut at silences of more than `horizon`, in which nothing is expected."""
    if last - first <= horizon:
        yield key, first, last
        return
    times = store.read(key, Window(first - horizon, last)).times
    parts = np.split(times, np.flatnonzero(np.diff(times) > horizon // _MICROSECOND) + 1)
    for begin, end in ((moment(int(part[0])), moment(int(part[-1]))) for part in parts if len(part)):
        if first <= end:
            yield key, max(begin, first), end
