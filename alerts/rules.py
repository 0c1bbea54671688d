"""Which levels a rule looks at, and what may be said of an exceedance. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np

from alerts.lifecycle import Hold, Seen
from analysis.rollups import meets
from domain.alert import AlertKind
from domain.flag import COUNTED
from domain.limit import Bound
from domain.moment import moment
from domain.reading import Status
from domain.rollup import RollupPoint
from domain.text import Text
from domain.window import LENGTHS, WindowKind, window_of_mark
from registry.limits import AppliedLimit
from registry.lookup import Registry
from registry.schema import Policies, Rule
from storage.readings import Series

DAY = timedelta(days=1)


def hold_of(rule: Rule) -> Hold:
    """Return a rule's hold and clear level."""
    return Hold(rule.windows, rule.clear.windows, rule.clear.share)


def window_kind(rule: Rule) -> WindowKind | None:
    """Return the window that a rule judges; None where it judges every reading."""
    return None if rule.window == "reading" else WindowKind(rule.window)


def length_of(rule: Rule, interval: timedelta) -> timedelta:
    """Return how long one of a rule's levels is; a reading's is its interval."""
    kind = window_kind(rule)
    return interval if kind is None else LENGTHS.get(kind, DAY)


def threshold_of(rule: Rule, parameter: str, registry: Registry) -> Bound:
    """Return a rule's own threshold in the parameter's canonical unit."""
    own = rule.threshold
    if own is None:
        return Bound(None, None)
    low, high = (
        None if side is None else registry.canonical(parameter, side, own.unit) for side in (own.at_least, own.at_most)
    )
    return Bound(low, high)


def of_points(points: Iterable[RollupPoint], bounds: Iterable[Bound], registry: Registry) -> Iterator[Seen]:
    """Yield rollup points as levels, each with the bound of its day."""
    for point, bound in zip(points, bounds, strict=True):
        window = window_of_mark(point.kind, point.mark, registry.zone)
        value = point.value if point.valid else None
        yield Seen(
            window.start, window.end, value, point.valid, point.expected, point.suspect, bound.low, bound.high
        )  # fmt: skip


def of_readings(series: Series, interval: timedelta, bound: Bound) -> Iterator[Seen]:
    """Yield readings as levels; those that do not count have no value."""
    counted = np.isin(series.flags, [int(flag) for flag in COUNTED]) & (series.status == Status.MEASURING)
    for at, value, counts in zip(series.times, series.values, counted, strict=True):
        end = moment(int(at))
        there = bool(counts) and not np.isnan(value)
        yield Seen(
            end - interval, end, float(value) if there else None, int(there), 1, 0, bound.low, bound.high
        )  # fmt: skip


def unmet(rule: Rule, limit: AppliedLimit | None, seen: Seen, policies: Policies) -> tuple[Text, ...]:
    """Return every condition that keeps an exceedance from being one of a confirmed limit; empty if none does."""
    found = list(limit.unmet) if limit is not None else []
    if rule.kind == "threshold":
        found.append(Text("this is the department's own threshold, not a limit of a regulation"))
    if not meets(seen.valid, seen.expected, policies.capture):
        found.append(
            Text("not enough data: {valid} of {expected} valid (the department's policy asks for {share})",
                 {"valid": seen.valid, "expected": seen.expected, "share": f"{policies.capture:.0%}"})
        )  # fmt: skip
    if seen.valid and seen.suspect > policies.suspect_share * seen.valid:
        found.append(Text("many readings are suspect: check the instrument"))
    return tuple(found)


def kind_of(conditions: tuple[Text, ...]) -> AlertKind:
    """Return how an exceedance may be called: over only if every condition is met."""
    return AlertKind.ADVISORY if conditions else AlertKind.OVER


def is_late(closed_at: datetime | None, *, now: datetime, late_after: timedelta) -> bool:
    """Tell whether an exceedance became known so late that it is history: over, and its end long past."""
    return closed_at is not None and now - closed_at > late_after
