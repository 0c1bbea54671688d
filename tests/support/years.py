"""Years of figures without years of readings: day windows, and the hours that were over."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from statistics import mean
from typing import Any

from domain.reading import SeriesKey
from domain.rollup import LimitKind, RollupPoint
from domain.window import WindowKind
from registry.lookup import Registry
from support.builders import point

Figure = Callable[[date], float]


def midnight(registry: Registry, day: date) -> datetime:
    """Return the local midnight at which a day begins."""
    return datetime.combine(day, time(0), registry.zone)


def days(first: date, last: date) -> Iterator[date]:
    """Yield every day from the first up to, not including, the last."""
    while first < last:
        yield first
        first += timedelta(days=1)


def daily(
    registry: Registry, key: SeriesKey, between: tuple[date, date], figure: Figure, **changes: Any
) -> list[RollupPoint]:
    """Return a day window for each day, with the limit that the law of that day sets for it."""
    found = []
    for day in days(*between):
        applied = registry.limit_for(key, WindowKind.DAY, day, {})
        limit: dict[str, Any] = {}
        if applied is not None:
            kind = LimitKind.HIGH if applied.bound.high is not None else LimitKind.LOW
            limit = {"limit_high": applied.bound.high, "limit_low": applied.bound.low, "limit_kind": kind}
        known = {
            "station": key.station,
            "parameter": key.parameter,
            "kind": WindowKind.DAY,
            "valid": 24,
            "expected": 24,
        }
        found.append(point(midnight(registry, day), figure(day), **{**known, **limit, **changes}))
    return found


def hour(registry: Registry, key: SeriesKey, day: date, ends: int, value: float, limit: float) -> RollupPoint:
    """Return one hour of a day, by the local hour at which it ends (1–24), with its upper limit."""
    mark = midnight(registry, day) + timedelta(hours=ends)
    return point(mark, value, station=key.station, parameter=key.parameter, limit_high=limit, limit_kind=LimitKind.HIGH)


def monthly(
    registry: Registry, points: list[RollupPoint], of: Callable[[list[float]], float] = mean, **changes: Any
) -> list[RollupPoint]:
    """Return the month windows of whole months of days, each what `of` makes of its days."""
    found: dict[date, list[float]] = {}
    for one in points:
        day = one.mark.astimezone(registry.zone).date()
        if one.value is not None:
            found.setdefault(day.replace(day=1), []).append(one.value)
    return [
        point(midnight(registry, first), of(values), **{
            "station": points[0].station, "parameter": points[0].parameter, "kind": WindowKind.MONTH,
            "valid": len(values), "expected": monthrange(first.year, first.month)[1], **changes,
        })
        for first, values in found.items()
    ]  # fmt: skip
