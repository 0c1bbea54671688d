"""Which limit holds for a series on a day, and whether it may be called confirmed."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.limit import Bound
from domain.reading import SeriesKey
from domain.window import WindowKind
from registry.limits import Confirmation
from registry.load import load
from registry.lookup import Registry

CONFIG = Path(__file__).resolve().parents[3] / "config"
LOADED = load(CONFIG)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(CONFIG)


@pytest.mark.parametrize(
    ("series", "kind", "on", "bound"),
    [
        (("KK-LA-01", "pm25"), WindowKind.DAY, "2025-12-31", Bound(None, 50)),
        (("KK-LA-01", "pm25"), WindowKind.DAY, "2026-01-01", Bound(None, 45)),
        (("KK-LA-01", "pm25"), WindowKind.HOUR, "2026-01-01", None),
        (("KK-LA-01", "pm10"), WindowKind.HOUR24, "2023-09-11", Bound(None, 150)),
        (("KK-LA-01", "pm10"), WindowKind.HOUR24, "2023-09-12", Bound(None, 100)),
        (("KK-LA-01", "o3"), WindowKind.HOUR8, "2026-03-01", Bound(None, 120)),
        (("NT-DH1-03", "cod"), WindowKind.HOUR, "2026-03-01", Bound(None, 135)),
        (("NT-DH1-03", "ph"), WindowKind.HOUR, "2026-03-01", Bound(5.5, 9)),
        (("NT-DH1-03", "ph"), WindowKind.HOUR, "2032-01-01", None),
        (("NT-XA-01", "cod"), WindowKind.HOUR, "2026-03-01", Bound(None, 135)),
        (("NT-LH-01", "cod"), WindowKind.HOUR, "2026-03-01", None),
        (("KT-XA-01", "so2"), WindowKind.HOUR, "2026-03-01", Bound(None, 450_000)),
        (("KT-XA-01", "so2"), WindowKind.HOUR, "2032-01-01", None),
    ],
)
def test_the_row_in_force_holds(
    registry: Registry, series: tuple[str, str], kind: WindowKind, on: str, bound: Bound | None
) -> None:
    """By date, by the facility's regulation and column, by averaging, in the canonical unit, factors multiplied."""
    found = registry.limit_for(SeriesKey(*series), kind, date.fromisoformat(on), {})
    assert (found.bound if found else None) == bound


def test_only_the_fictional_limit_ships_confirmed(registry: Registry) -> None:
    """Everything else is advisory until a named person says so."""
    confirmed = {row.row for regulation, row in registry.limits() if row.confirmed_by is not None}
    assert confirmed == {"DEMO-cod"}


def test_a_confirmed_limit_needs_row_averaging_factors_and_certificate(registry: Registry) -> None:
    """Each condition that fails is named."""
    series, day = SeriesKey("NT-XA-01", "cod"), date(2026, 3, 1)
    said = {"qcvn40-2011-B-cod": Confirmation("qcvn40-2011-B-cod", "A", day, "hour")}
    found = registry.limit_for(series, WindowKind.HOUR, day, said)
    assert found is not None
    assert [str(one) for one in found.unmet] == [
        "the factor Kq has not been confirmed", "the factor Kf has not been confirmed",
    ]  # fmt: skip
    late = registry.limit_for(series, WindowKind.HOUR, date(2029, 1, 1), said)
    assert late is not None
    assert "the instrument has no valid calibration certificate" in [str(one) for one in late.unmet]
    demo = registry.limit_for(SeriesKey("NT-DH1-03", "cod"), WindowKind.HOUR, day, {})
    assert demo is not None
    assert demo.confirmed


@given(value=st.floats(0, 1e4), parameter=st.sampled_from(["so2", "no2", "co", "o3"]))
def test_ppb_and_micrograms_convert_both_ways(value: float, parameter: str) -> None:
    """By molar mass at 25 °C and 760 mmHg: 24.465 litres a mole."""
    registry = LOADED
    mass = registry.parameters[parameter].molar_mass or 0
    there = registry.canonical(parameter, value, "ppb")
    assert there == pytest.approx(value * mass / 24.4654, rel=1e-4)
    assert registry.canonical(parameter, value / 1000, "ppm") == pytest.approx(there, rel=1e-9, abs=1e-12)
    assert registry.canonical(parameter, there / 1000, "mg/m³") == pytest.approx(there, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("averaging", "confirmed"), [("hour", True), ("hour24", False), ("hour8", False), (None, False)]
)
def test_a_confirmation_holds_for_the_averaging_that_it_names(
    registry: Registry, averaging: str | None, confirmed: bool
) -> None:
    """Who confirms a row for days has not confirmed that single hours are compared with it."""
    day = date(2026, 3, 1)
    said = {"qcvn40-2011-B-ph": Confirmation("qcvn40-2011-B-ph", "A", day, averaging)}
    found = registry.limit_for(SeriesKey("NT-XA-01", "ph"), WindowKind.HOUR, day, said)
    assert found is not None
    assert found.confirmed == confirmed


def test_a_limit_is_multiplied_exactly(registry: Registry) -> None:
    """150 × 0.9 × 1.1 is 148.5: a level of just that is not over it, and no page shows 148.50000000000003."""
    found = registry.limit_for(SeriesKey("NT-PAT-01", "cod"), WindowKind.HOUR, date(2026, 3, 1), {})
    assert found is not None
    assert found.bound == Bound(None, 148.5)
