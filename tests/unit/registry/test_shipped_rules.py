"""The shipped rules watch what the shipped stations measure."""

from datetime import date
from pathlib import Path

import pytest

from domain.reading import SeriesKey
from domain.window import WindowKind
from registry.load import load
from registry.schema import Rule

REGISTRY = load(Path(__file__).resolve().parents[3] / "config")
TODAY = date(2026, 11, 24)
_MAIN = ("ph", "cod", "tss", "ammonium_n")
OUTFALLS = [
    SeriesKey(station.id, one.id)
    for station in REGISTRY.stations.values()
    if station.kind == "outfall"
    for one in station.parameters
    if one.id in _MAIN
]


def judges(rule: Rule, series: SeriesKey) -> bool:
    """Tell whether a level of the series can be over by the rule."""
    if series not in REGISTRY.watches(rule) or rule.kind == "silent":
        return False
    if rule.kind == "threshold":
        return True
    return REGISTRY.limit_for(series, WindowKind(rule.window), TODAY, {}, rule.regulation) is not None


@pytest.mark.parametrize("series", OUTFALLS, ids=lambda one: f"{one.station} {one.parameter}")
def test_every_outfall_is_judged_by_its_main_parameters(series: SeriesKey) -> None:
    """By the limit that holds there, or by a threshold of the department's own where its figure is missing."""
    assert any(judges(rule, series) for rule in REGISTRY.rules.values())


def test_no_outfall_has_two_rules_on_the_same_averages_of_a_parameter() -> None:
    """One exceedance, one alert."""
    for series in OUTFALLS:
        windows = [rule.window for rule in REGISTRY.rules.values() if judges(rule, series)]
        assert len(windows) == len(set(windows)), series


def test_the_incident_of_the_demonstration_is_held_against_its_confirmed_limit() -> None:
    """Of the two that hold at the outfall, the one whose text names the hour."""
    limit = REGISTRY.limit_for(SeriesKey("NT-DH1-03", "cod"), WindowKind.HOUR, TODAY, {})
    assert limit is not None
    assert (limit.regulation.id, limit.high, limit.confirmed) == ("DEMO", 135, True)
    assert judges(REGISTRY.rules["cod-hour"], SeriesKey("NT-DH1-03", "cod"))
