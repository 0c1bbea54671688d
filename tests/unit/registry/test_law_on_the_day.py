"""The law of the day a window ends on: the same for lists, windows, rules and pages, whatever day it is now."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.levels import Limits
from analysis.applied_limits import AppliedLimits
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.rollup import LimitKind
from domain.window import HOUR, WindowKind
from registry.load import load
from registry.lookup import Registry
from registry.schema import Area, Regulation, Rule

CONFIG = Path(__file__).resolve().parents[3] / "config"
LOADED = load(CONFIG)
PM25, PM10 = SeriesKey("KK-LA-01", "pm25"), SeriesKey("KK-LA-01", "pm10")
RULE = Rule.model_validate({
    "id": "air", "names": {"vi": "k", "en": "a"}, "kind": "limit", "window": "hour24", "severity": "warning", "team": "t",
})  # fmt: skip
HOURS = st.integers(0, 6 * 366 * 24).map(lambda hours: datetime(2021, 6, 1, tzinfo=UTC) + hours * HOUR)
# In force from, what, on which series.
CHANGES = (
    (PM25, date(2026, 1, 1), 50.0, 45.0),
    (PM10, date(2023, 9, 12), 150.0, 100.0),
)


def day_of(end: datetime) -> date:
    """Return the local day of a window that ends at `end`, in plain words: seven hours on, midnight still yesterday."""
    return (end + timedelta(hours=7) - timedelta(microseconds=1)).date()


@pytest.mark.parametrize(("series", "begins", "before", "after"), CHANGES)
@given(end=HOURS)
def test_windows_rules_and_lists_use_the_row_in_force_on_the_day_a_window_ends(
    series: SeriesKey, begins: date, before: float, after: float, end: datetime
) -> None:
    """Rolled today or that very day, listed by the API or judged by a rule: one limit."""
    wanted = before if day_of(end) < begins else after
    ends = np.array([micros(end)], np.int64)
    for kind in (WindowKind.HOUR24, WindowKind.DAY):
        low, high, _ = AppliedLimits(LOADED, {}).of(series, kind, ends)
        assert (np.isnan(low[0]), high[0]) == (True, wanted)
    limit = Limits(LOADED, {}).limit(RULE, series, end)
    assert limit is not None
    assert limit.high == wanted
    listed = {row.row: row for _, row in LOADED.limits(day_of(end))}
    assert listed[limit.row.row].at_most == wanted
    of_series = [row for row in listed.values() if row.parameter == series.parameter and row.averaging == "hour24"]
    assert [row.at_most for row in of_series] == [wanted], "one row at a time"


SERIES = [SeriesKey(one.id, parameter) for one in LOADED.stations.values() for parameter in one.measures]
EDGES = sorted({day + timedelta(days=step) for day in LOADED.law_changes for step in (-1, 0, 1)})


@given(st.sampled_from(SERIES), st.sampled_from([WindowKind.HOUR, WindowKind.HOUR24, WindowKind.DAY]),
       st.lists(st.one_of(st.sampled_from(EDGES), st.dates(date(2000, 1, 1), date(2035, 1, 1))), min_size=1, max_size=9),
       st.integers(0, 23))  # fmt: skip
def test_windows_of_every_series_carry_the_limit_that_is_looked_up_for_their_day(
    series: SeriesKey, kind: WindowKind, days: list[date], hour: int
) -> None:
    """Whichever days are rolled together, and most of all at the days on which anything changes."""
    ends = sorted(micros(datetime(day.year, day.month, day.day, tzinfo=LOADED.zone) + hour * HOUR) for day in days)
    _, high, bits = AppliedLimits(LOADED, {}).of(series, kind, np.array(ends, np.int64))
    for end, carried, bit in zip(ends, high, bits, strict=True):
        found = LOADED.limit_for(series, kind, day_of(moment(end)), {})
        assert (found.high if found else None) == (carried if bit & LimitKind.HIGH else None)


@pytest.mark.parametrize(
    ("end", "limit"),
    [
        ("2025-12-31T23:00+07:00", 50), ("2026-01-01T00:00+07:00", 50), ("2026-01-01T01:00+07:00", 45),
        ("2025-12-31T17:00+00:00", 50), ("2025-12-31T18:00+00:00", 45),
    ],
)  # fmt: skip
def test_the_window_that_ends_at_midnight_of_new_year_is_of_the_old_year(end: str, limit: float) -> None:
    """In whichever zone its end is written."""
    found = Limits(LOADED, {}).limit(RULE, PM25, datetime.fromisoformat(end))
    assert found is not None
    assert found.high == limit


def test_old_and_new_wastewater_regulations_live_side_by_side_by_facility() -> None:
    """On one day the old one holds for a plant in transition, the new one for a plant that is new, until 2031 ends."""

    def document(station: str, on: date) -> set[str]:
        return {regulation.id for _, regulation, _ in LOADED._rows(SeriesKey(station, "cod"), on)} - {"DEMO"}

    for on in (date(2025, 9, 1), date(2026, 6, 1), date(2031, 12, 31)):
        assert document("NT-XA-01", on) == {"QCVN40-2011"}
        assert document("NT-LH-01", on) == {"QCVN40-2025"}
    assert document("NT-XA-01", date(2032, 1, 1)) == {"QCVN40-2025"}
    assert document("NT-LH-01", date(2025, 8, 31)) == set()


def by_area_class() -> Registry:
    """Return the shipped configuration with one more limit for the hour of PM2.5, by the class of the area."""
    rows = [
        {"row": f"x-{kind}", "clause": "1", "parameter": "pm25", "averaging": "hour", "area_kinds": [kind],
         "at_most": at_most, "unit": "ug/m3", "confidence": "S1"}
        for kind, at_most in (("industrial", 90), ("residential", 70), ("agricultural", 60))
    ]  # fmt: skip
    law = Regulation.model_validate({
        "id": "X", "names": {"vi": "x", "en": "x"}, "document": "X", "kinds": ["air"], "general": True, "rows": rows,
    })  # fmt: skip
    return replace(LOADED, regulations={"X": law})


@pytest.mark.parametrize(("kind", "limit"), [("industrial", 90), ("residential", 70), ("agricultural", 60)])
def test_a_row_for_a_class_of_areas_holds_in_areas_of_that_class_alone(kind: str, limit: float) -> None:
    """Industrial, residential, agricultural."""
    made = by_area_class()
    area = made.areas[made.stations["KK-LA-01"].area]
    areas = {**made.areas, area.id: Area.model_validate({**area.model_dump(), "kind": kind})}
    found = replace(made, areas=areas).limit_for(PM25, WindowKind.HOUR, date(2026, 1, 1), {})
    assert found is not None
    assert found.high == limit
