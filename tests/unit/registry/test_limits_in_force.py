"""Which limit holds for a series on a day, and whether it may be called confirmed."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.limit import Bound
from domain.reading import SeriesKey
from domain.window import WindowKind
from registry.limits import Confirmation
from registry.load import load
from registry.lookup import Registry
from registry.schema import Permit, StationParameter

CONFIG = Path(__file__).resolve().parents[3] / "config"


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
    said = {"qcvn40-2011-B-cod": Confirmation("qcvn40-2011-B-cod", "A", day, "hour", "≤ 150 mg/L")}
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


@pytest.mark.parametrize(
    ("averaging", "confirmed"), [("hour", True), ("hour24", False), ("hour8", False), (None, False)]
)
def test_a_confirmation_holds_for_the_averaging_that_it_names(
    registry: Registry, averaging: str | None, confirmed: bool
) -> None:
    """Who confirms a row for days has not confirmed that single hours are compared with it."""
    day = date(2026, 3, 1)
    said = {"qcvn40-2011-B-ph": Confirmation("qcvn40-2011-B-ph", "A", day, averaging, "≥ 5.5, ≤ 9")}
    found = registry.limit_for(SeriesKey("NT-XA-01", "ph"), WindowKind.HOUR, day, said)
    assert found is not None
    assert found.confirmed == confirmed


def test_a_limit_is_multiplied_exactly(registry: Registry) -> None:
    """150 × 0.9 × 1.1 is 148.5: a level of just that is not over it, and no page shows 148.50000000000003."""
    found = registry.limit_for(SeriesKey("NT-PAT-01", "cod"), WindowKind.HOUR, date(2026, 3, 1), {})
    assert found is not None
    assert found.bound == Bound(None, 148.5)


@pytest.mark.parametrize(
    ("series", "on", "said"),
    [
        (("KT-XA-01", "so2"), "2031-12-31", []),
        (
            ("KT-XA-01", "so2"),
            "2032-01-01",
            [
                "limit of QCVN 19:2024/BTNMT at a reference oxygen content: its figure has not been obtained, nothing is "
                "compared with it"
            ],
        ),
        (("KT-XA-01", "flow"), "2032-01-01", []),
        (
            ("NT-LH-01", "cod"),
            "2026-03-01",
            ["limit of QCVN 40:2025/BTNMT: its figure has not been obtained, nothing is compared with it"],
        ),
    ],
)
def test_a_limit_in_force_that_is_not_compared_says_why(
    registry: Registry, series: tuple[str, str], on: str, said: list[str]
) -> None:
    """A reference oxygen content, a figure that nobody has: each is another thing than no limit."""
    assert [str(one.why) for one in registry.not_compared(SeriesKey(*series), date.fromisoformat(on))] == said


def test_the_limit_of_a_discharge_is_not_compared_with_raw_leachate(registry: Registry) -> None:
    """Only with what leaves the landfill after treatment."""
    day = date(2026, 3, 1)
    assert registry.limit_for(SeriesKey("RR-TH-01", "cod"), WindowKind.HOUR, day, {}) is None
    found = registry.limit_for(SeriesKey("NT-TH-01", "cod"), WindowKind.HOUR, day, {})
    assert found is not None
    assert (found.row.row, found.bound) == ("qcvn25-2009-B2-cod", Bound(None, 300))


def test_a_confirmation_is_of_a_figure(registry: Registry) -> None:
    """What stands in the row later has been confirmed by nobody."""
    series, day = SeriesKey("NT-XA-01", "cod"), date(2026, 3, 1)
    said = {"qcvn40-2011-B-cod": Confirmation("qcvn40-2011-B-cod", "A", day, "hour", "≤ 120 mg/L")}
    found = registry.limit_for(series, WindowKind.HOUR, day, said)
    assert found is not None
    assert "the department has not confirmed this limit" in [str(one) for one in found.unmet]


def test_a_licence_is_for_what_leaves_the_facility(registry: Registry) -> None:
    """Not for the raw leachate in the pond of the same landfill."""
    permit = Permit.model_validate({"parameter": "cod", "averaging": "hour", "at_most": 300, "unit": "mg/L"})
    landfill = registry.facilities["DN-15"].model_copy(update={"permits": (permit,)})
    changed = replace(registry, facilities={**registry.facilities, "DN-15": landfill})
    day = date(2026, 3, 1)
    assert changed.limit_for(SeriesKey("RR-TH-01", "cod"), WindowKind.HOUR, day, {}) is None
    found = changed.limit_for(SeriesKey("NT-TH-01", "cod"), WindowKind.HOUR, day, {})
    assert found is not None
    assert found.row.row == "permit-DN-15-cod-hour"


def test_a_station_may_be_silent_for_three_times_what_it_measures_most_often(registry: Registry) -> None:
    """One that measures once a day is not silent after a quarter of an hour, whatever is said of stations in general."""

    def silent_after(*every: str) -> timedelta:
        measured = [{"id": name, "interval": one} for name, one in zip(("ph", "cod"), every, strict=False)]
        one = registry.stations["NT-XA-01"]
        parameters = tuple(StationParameter.model_validate(item) for item in measured)
        changed = replace(registry, stations={one.id: one.model_copy(update={"parameters": parameters})})
        return changed.silent_after(one.id)

    assert silent_after("1 d") == timedelta(days=3)
    assert silent_after("1 d", "1 h") == timedelta(hours=3)
    assert silent_after("1 min") == timedelta(minutes=15)


def test_a_permit_is_named_with_its_facility(registry: Registry) -> None:
    """Two facilities, averagings or periods with a permit for one parameter are not the same row."""
    permits = [
        Permit.model_validate({"parameter": "cod", "at_most": 50, "unit": "mg/L", **more})
        for more in ({"to": "2040-01-01"}, {"averaging": "hour24"}, {"from": "2040-01-01"})
    ]
    facilities = {key: one.model_copy(update={"permits": tuple(permits)}) for key, one in registry.facilities.items()}
    changed = replace(registry, facilities=facilities)
    rows = [
        changed.limit_for(SeriesKey(station, "cod"), kind, date.fromisoformat(on), {})
        for station in ("NT-XA-01", "NT-DH1-03")
        for kind, on in (
            (WindowKind.HOUR, "2026-03-01"),
            (WindowKind.DAY, "2026-03-01"),
            (WindowKind.HOUR, "2041-01-01"),
        )
    ]
    assert [one.row.row for one in rows if one is not None] == [
        "permit-DN-09-cod-unstated", "permit-DN-09-cod-hour24", "permit-DN-09-cod-unstated-2040-01-01",
        "permit-DN-07-cod-unstated", "permit-DN-07-cod-hour24", "permit-DN-07-cod-unstated-2040-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("station", "parameter", "high"),
    [
        ("KT-XA-01", "so2", 20_000_000), ("KK-LA-01", "so2", 5_000), ("KT-XA-01", "co", 50_000_000),
        ("RR-TH-01", "cod", 150_000), ("NT-XA-01", "cod", 10_000), ("KB-TH-01", "h2s", 20_000_000),
    ],
)  # fmt: skip
def test_what_is_plausible_depends_on_the_kind_of_station(
    registry: Registry, station: str, parameter: str, high: float
) -> None:
    """A stack is not ambient air, raw leachate is no outfall: without a word in stations.yaml."""
    assert registry.parameters[parameter].plausible_for(registry.stations[station].kind)[1] == high
    assert registry.plausible(station, registry.measuring(SeriesKey(station, parameter)))[1] == high
