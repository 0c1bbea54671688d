from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.alert import AlertKind
from domain.limit import Bound
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, LimitKind, RollupPoint
from domain.window import HOUR, WindowKind
from registry.schema import Regulation, Rule
from reports import summary
from reports.facts import Episode, Facts
from reports.summary import ProvinceView, State, headline, state_of
from support.builders import NOON, point
from support.configured import registry

REGISTRY = registry()  # A-1 (air) and W-1 (outfall), one area
HOURLY = Rule.model_validate({
    "id": "r",
    "names": {"vi": "r", "en": "r"},
    "kind": "limit",
    "window": "hour",
    "team": "t",
})
WATCHED = replace(REGISTRY, rules={"r": HOURLY})
COD = SeriesKey("W-1", "cod")
LAW: dict[str, Any] = {"limit_high": 135.0, "limit_kind": LimitKind.HIGH | LimitKind.CONFIRMED}


def cod(*values: float | None, **changes: Any) -> list[RollupPoint]:
    """Return hours of COD that end with NOON, under a confirmed limit of 135."""
    first = NOON - (len(values) - 1) * HOUR
    return [
        point(first + place * HOUR, value, **{"station": "W-1", **LAW, **changes}) for place, value in enumerate(values)
    ]


def facts(points: Sequence[RollupPoint] = (), **changes: Any) -> Facts:
    """Return what is known seven minutes after NOON; both stations were heard a minute ago."""
    now = NOON + timedelta(minutes=7)
    heard = {"A-1": now - timedelta(minutes=1), "W-1": now - timedelta(minutes=1)}
    return Facts(**{"now": now, "heard": heard, "points": {(COD, WindowKind.HOUR): points}, **changes})


def alert(**changes: Any) -> Episode:
    values: dict[str, Any] = {
        "case": "VV-2026-0147", "rule": "r", "station": "W-1", "parameter": "cod", "kind": AlertKind.OVER,
        "crossed_at": NOON - 3 * HOUR, "since": NOON - 2 * HOUR, "over_until": None, "last_at": NOON, "level": 158.0, "peak": 212.0,
        "peak_at": NOON - HOUR, "bound": Bound(None, 135.0), "valid": 12, "expected": 12,
        "confirmed": True, "withdrawn": False,
    }  # fmt: skip
    return Episode(**{**values, **changes})


def said(view: ProvinceView) -> str:
    return ", ".join(str(part) for part in headline(view))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"value": 135.0}, State.OK),
        ({"value": 135.001}, State.OVER),
        ({"value": 200.0, "limit_kind": LimitKind.HIGH}, State.ADVISORY),
        ({"value": 200.0, "valid": 9}, State.OVER),
        ({"value": 200.0, "valid": 8}, State.ADVISORY),
        ({"value": 100.0, "valid": 8}, State.NODATA),
        ({"value": None}, State.NODATA),
        ({"value": 100.0, "limit_kind": LimitKind.NONE, "limit_high": None}, State.PLAIN),
        ({"value": 3.0, "limit_kind": LimitKind.NONE, "limit_high": None, "valid": 1, "expected": 0}, State.PLAIN),
    ],
)
def test_a_value_is_over_only_above_a_confirmed_limit_with_enough_data(changes: Any, state: State) -> None:
    """Equal is within; 9 of 12 is enough and 8 is not; without a value nothing is said to be fine."""
    assert state_of(point(**{**LAW, **changes}), capture=0.75) is state


def test_a_quiet_province_says_so_with_what_it_rests_on() -> None:
    """Quiet is an answer only beside the number of stations that report."""
    assert (
        said(summary.province(REGISTRY, facts(cod(100)))) == "No place is over a confirmed limit, all stations report"
    )


def test_the_headline_counts_places_not_alerts() -> None:
    """Two alerts of one outfall are one place."""
    view = summary.province(REGISTRY, facts(cod(150, 158), episodes=(alert(), alert(parameter="ph"))))
    assert said(view) == "1 place is over the limit, all stations report"


def test_a_value_over_the_limit_counts_although_no_rule_has_spoken() -> None:
    """A page that shows a red value never says that nothing is over; since is the name of the first hour, as in mails."""
    view = summary.province(REGISTRY, facts(cod(100, 150, 170, 160)))
    (trouble,) = view.troubles(State.OVER)
    assert (trouble.level, trouble.peak, trouble.since) == (160, 170, NOON - 2 * HOUR)
    assert view.places_over == 1


def test_what_is_within_its_limit_again_is_over_no_more_although_the_alert_is_open() -> None:
    """It is listed under its own words, with until when it was over; neither headline nor map counts it."""
    view = summary.province(WATCHED, facts(cod(150, 158, 120), episodes=(alert(level=120.0),)))
    assert said(view) == "No place is over a confirmed limit, all stations report"
    (trouble,) = view.troubles(State.WITHIN)
    assert (trouble.called, trouble.until) == (State.OVER, NOON - HOUR)
    assert view.troubles(State.OVER) == ()
    assert [one.state for one in view.stations if one.station.id == "W-1"] == [State.WITHIN]
    assert not view.areas[0].is_over


def test_what_is_over_again_before_the_alert_has_heard_of_it_is_over() -> None:
    """The newest value on the page decides."""
    view = summary.province(WATCHED, facts(cod(150, 120, 170), episodes=(alert(level=120.0),)))
    assert (view.places_over, [one.level for one in view.areas[0].troubles]) == (1, [170.0])


@pytest.mark.parametrize(
    ("values", "low", "high", "peak"),
    [
        ((4.0, 3.0, 5.0), 5.5, None, 3.0),
        ((9.2, 9.9, 9.4), None, 9.0, 9.9),
        ((9.2, 3.0, 9.4), 5.5, 9.0, 3.0),
        ((9.9, 5.4, 9.4), 5.5, 9.0, 9.9),
    ],
)
def test_the_peak_is_what_was_farthest_beyond(
    values: tuple[float, ...], low: float | None, high: float | None, peak: float
) -> None:
    """Above or below: of a lower limit it is the lowest."""
    kind = LimitKind.CONFIRMED | (LimitKind.LOW if low else 0) | (LimitKind.HIGH if high else 0)
    ph = cod(*values, parameter="ph", limit_low=low, limit_high=high, limit_kind=kind)
    points = {(SeriesKey("W-1", "ph"), WindowKind.HOUR): ph}
    (trouble,) = summary.station(REGISTRY, replace(facts(), points=points), "W-1").troubles
    assert trouble.peak == peak


def test_a_station_that_falls_silent_is_named() -> None:
    """Held against the newest word of the others."""
    now = NOON + timedelta(minutes=7)
    view = summary.province(REGISTRY, facts(cod(100), heard={"A-1": now, "W-1": now - timedelta(minutes=16)}))
    assert said(view) == "No place is over a confirmed limit, 1 station is silent"
    assert view.silent[0].state is State.SILENT


def test_no_station_is_called_silent_while_it_is_we_who_hear_nothing() -> None:
    """The answer then is that nothing comes."""
    heard = dict.fromkeys(("A-1", "W-1"), NOON - 5 * HOUR)
    view = summary.province(REGISTRY, facts(cod(100), heard=heard))
    assert view.silent == ()
    assert said(view).startswith("No readings from any station since")


def test_before_the_first_reading_the_page_does_not_say_that_all_is_well() -> None:
    """An empty store knows nothing."""
    view = summary.province(REGISTRY, facts((), heard={}))
    assert said(view) == "No readings have come yet"
    assert len(view.silent) == len(view.stations), "nor that any station reports"
    assert all(row.state is State.NODATA for one in view.stations for row in one.rows)


def test_an_hour_without_a_value_is_not_the_hour_before() -> None:
    """The newest hour has no data: the last known value is another thing."""
    view = summary.station(REGISTRY, facts(cod(100, None)), "W-1")
    row = next(one for one in view.rows if one.series == COD)
    assert row.state is State.NODATA
    assert row.last_known is not None
    assert row.last_known.mark == NOON - HOUR


def test_an_old_index_is_not_shown_as_the_present_one() -> None:
    """Three hours are the most."""

    def of(hours: int) -> summary.StationView:
        index = IndexPoint("A-1", "vn_aqi", WindowKind.HOUR, NOON - hours * HOUR, 80, 2)
        newest = [point(NOON, 9.0, station="A-1", parameter="pm25")]
        pm25 = {(SeriesKey("A-1", "pm25"), WindowKind.HOUR): newest}
        return summary.station(REGISTRY, replace(facts(), points=pm25, indices={"A-1": [index]}), "A-1")

    assert of(1).index is not None
    assert of(3).index is None


def test_valid_and_expected_are_those_of_a_day() -> None:
    """24 hours of 12, one of them missing; of the second parameter nothing has ever come, and it is expected too."""
    values: list[float | None] = [100.0] * 29
    values[20] = None
    view = summary.station(REGISTRY, facts(cod(*values)), "W-1")
    assert (view.valid, view.expected) == (23 * 12, 2 * 24 * 12)


def test_an_advisory_alert_is_no_place_over() -> None:
    """What is not confirmed never makes the headline."""
    view = summary.province(REGISTRY, facts(cod(100), episodes=(alert(kind=AlertKind.ADVISORY),)))
    assert view.places_over == 0
    assert len(view.troubles(State.ADVISORY)) == 1


MIDNIGHT = datetime(2025, 12, 31, 17, tzinfo=UTC)  # of New Year in Viet Nam
CHANGING = Regulation.model_validate({
    "id": "X", "names": {"vi": "x", "en": "x"}, "document": "X", "kinds": ["air"], "general": True, "rows": [
        {"row": "old", "clause": "1", "parameter": "pm25", "averaging": averaging, "at_most": 50, "unit": "ug/m3",
         "confidence": "V2", "to": "2026-01-01"} for averaging in ("hour", "hour24")
    ] + [
        {"row": "new", "clause": "1", "parameter": "pm25", "averaging": averaging, "at_most": 45, "unit": "ug/m3",
         "confidence": "V2", "from": "2026-01-01"} for averaging in ("hour", "hour24")
    ],
})  # fmt: skip


@pytest.mark.parametrize(("newest", "rows"), [(0, {"old"}), (1, {"new"})])
def test_each_figure_is_shown_under_the_law_of_its_own_day(newest: int, rows: set[str]) -> None:
    """The hour that ends at midnight of New Year is of the old year, whenever the page is made."""
    made = replace(REGISTRY, regulations={"X": CHANGING})
    series = SeriesKey("A-1", "pm25")
    end = MIDNIGHT + newest * HOUR
    points = {(series, kind): [point(end, 47.0, station="A-1", parameter="pm25", kind=kind)]
              for kind in (WindowKind.HOUR, WindowKind.HOUR24)}  # fmt: skip
    view = summary.station(made, Facts(now=end + timedelta(days=3), heard={"A-1": end}, points=points), "A-1")
    found = {row.limit.row.row for row in view.rows if row.series == series and row.limit and row.point}
    assert found == rows


def test_a_facility_is_named_only_where_the_department_has_switched_it_on() -> None:
    """Stations and areas are public, names of facilities are a decision."""
    assert summary.station(REGISTRY, facts(), "W-1").facility is None
