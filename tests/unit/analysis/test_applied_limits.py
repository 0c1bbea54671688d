"""The limit that a window carries is that of the day in which it ends, looked up once for all days that share it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis.applied_limits import AppliedLimits
from domain.moment import micros
from domain.reading import SeriesKey
from domain.window import WindowKind
from registry.load import load

REGISTRY = load(Path(__file__).resolve().parents[3] / "config")
SERIES = [SeriesKey(one.id, parameter) for one in REGISTRY.stations.values() for parameter in one.measures]


def days() -> Iterator[date]:
    """Yield the days around each from which on something dated is otherwise, and some far from all of them."""
    for change in (date(2000, 1, 1), *REGISTRY.law_changes, date(2090, 1, 1)):
        yield from (change + timedelta(days=age) for age in (-1, 0, 1))


@pytest.mark.parametrize("kind", list(WindowKind))
def test_the_limit_of_a_window_is_that_of_the_day_in_which_it_ends(kind: WindowKind) -> None:
    """With the shipped law; what ends at midnight belongs to the day that is over."""
    of_days = sorted(set(days()))
    ends = np.array([
        micros(datetime.combine(day + timedelta(days=1), time(0), REGISTRY.zone).astimezone(UTC)) for day in of_days
    ])  # fmt: skip
    limits = AppliedLimits(REGISTRY, {})
    for series in SERIES:
        low, high, _ = limits.of(series, kind, ends)
        for place, day in enumerate(of_days):
            found = REGISTRY.limit_for(series, kind, day, {})
            expected = (None, None) if found is None else (found.low, found.high)
            assert tuple(None if np.isnan(one) else one for one in (low[place], high[place])) == expected, (series, day)


def test_the_law_changes_where_the_texts_say() -> None:
    """PM2.5 over 24 hours: 50 until the end of 2025, 45 from then on."""
    assert date(2026, 1, 1) in REGISTRY.law_changes
