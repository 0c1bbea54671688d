"""What units a message may use, and what becomes of those that do not fit."""

from dataclasses import replace
from typing import Any

import pytest

from domain.message import JournalMessage
from domain.reading import SeriesKey
from ingest.refusals import RefusalReason
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from registry.schema import ReferenceState
from support.configured import message, native, registry, station
from support.stacks import outfall, stack, with_stacks


def of_stack(**so2: Any) -> Registry:
    """Return a configuration whose stack says more of its SO₂."""
    return with_stacks(stack({"id": "so2", **so2}, {"id": "so2_corrected"}, measures=("o2", "flow")))


def from_stack(value: float, unit: str, **time: str) -> JournalMessage:
    return message(native(so2=(value, unit), **time), "quantrac/S-1/air")


def only(understood: Understood) -> float | None:
    assert understood.refused == []
    (found,) = understood.readings
    return found.value


@pytest.mark.parametrize(
    ("state", "unit", "value"),
    [
        ({}, "mg/Nm3", 100_000), ({}, "mg/m3", 100_000), ({}, "mg/Nm3 @ 0 °C", 100_000 * 273.15 / 298.15),
        ({"state": {"temperature": 0}}, "mg/Nm3", 100_000 * 273.15 / 298.15),
        ({"state": {"temperature": 0}}, "mg/m3", 100_000 * 273.15 / 298.15),
        ({"state": {"temperature": 20, "pressure": 1000}}, "ug/Nm3", 100 * 293.15 / 298.15 * 1.01325),
        ({"state": {"temperature": 0}}, "mg/Nm3 @ 25 °C", 100_000),  # what the message says goes before
        ({"state": {"temperature": 0}, "unit": "mg/Nm3"}, "", 100_000 * 273.15 / 298.15),
    ],
)  # fmt: skip
def test_a_station_or_a_message_may_state_its_own_normal_cubic_metre(
    state: dict[str, Any], unit: str, value: float
) -> None:
    """What is kept is µg in a m³ of 25 °C and 760 mmHg."""
    assert only(Reader(of_stack(**state)).read(from_stack(100, unit))) == pytest.approx(value, rel=1e-9)


def test_a_share_of_the_volume_is_the_same_whatever_the_instrument_states() -> None:
    """One ppm of SO₂ is 2,618 µg in a m³ of the reference state."""
    plain, cold = (
        only(Reader(of_stack(**one)).read(from_stack(1, "ppm"))) for one in ({}, {"state": {"temperature": 0}})
    )
    assert plain == cold == pytest.approx(64.066 * 1000 / 24.4654, rel=1e-4)


@pytest.mark.parametrize(
    ("topic", "values"),
    [
        ("quantrac/S-1/air", {"so2": (1, "mg/L")}), ("quantrac/S-1/air", {"o2": (8, "mg/m3")}),
        ("quantrac/S-1/air", {"flow": (8, "kg/h")}), ("quantrac/S-1/air", {"so2": (1, "mg/Nm3 @ warm")}),
        ("quantrac/W-1/water", {"cod": (1, "mg/kg")}), ("quantrac/W-1/water", {"flow": (1, "Nm3/h")}),
        ("quantrac/W-1/water", {"cod": (1, "mg/Nm3")}),
    ],
)  # fmt: skip
def test_a_unit_that_does_not_fit_is_refused_and_never_stored(topic: str, values: dict[str, tuple[float, str]]) -> None:
    """Quarantine keeps it with the reason and what would be right."""
    found = Reader(with_stacks()).read(message(native(**values), topic))
    assert found.readings == []
    (refusal,) = found.refused
    assert refusal.reason is RefusalReason.UNKNOWN_UNIT
    assert "Let the logger send one of" in str(refusal.message)


def without_state() -> Registry:
    made = with_stacks()
    return replace(made, province=made.province.model_copy(update={"reference_state": ()}))


@pytest.mark.parametrize("unit", ["mg/Nm3", "ppb", "ppm", "mg/Nm3 @ 0 °C"])
def test_a_normal_cubic_metre_is_refused_where_nobody_has_said_what_it_is(unit: str) -> None:
    """The reason names the setting that is missing."""
    (refusal,) = Reader(without_state()).read(from_stack(1, unit)).refused
    assert refusal.reason is RefusalReason.UNKNOWN_UNIT
    assert "reference_state" in str(refusal.message)
    assert only(Reader(without_state()).read(from_stack(1, "mg/m3"))) == 1000


def test_a_normal_cubic_metre_is_that_of_its_day() -> None:
    """0 °C up to the last of February, local time, 25 °C from the first of March."""
    made = with_stacks()
    states = [{"temperature": 0, "to": "2026-03-01"}, {"temperature": 25, "from": "2026-03-01"}]
    province = made.province.model_copy(
        update={"reference_state": tuple(ReferenceState.model_validate(one) for one in states)}
    )
    reader = Reader(replace(made, province=province))
    before, after = (
        only(reader.read(from_stack(1, "ppm", time=time)))
        for time in ("2026-03-01T00:00:00+07:00", "2026-03-01T00:05:00+07:00")
    )
    assert before is not None
    assert after is not None
    assert before / after == pytest.approx(298.15 / 273.15)


def test_what_is_computed_here_nobody_may_send() -> None:
    """A second figure of one thing would contradict ours, or take its place."""
    found = Reader(with_stacks()).read(
        message(native(so2=(5, "mg/m3"), so2_corrected=(7, "ug/m3")), "quantrac/S-1/air")
    )
    assert [one.series for one in found.readings] == [SeriesKey("S-1", "so2")]
    (refusal,) = found.refused
    assert (refusal.reason, refusal.part) == (RefusalReason.COMPUTED_HERE, "so2_corrected")


def test_what_another_station_computes_is_no_parameter_of_one_that_does_not() -> None:
    """Named by nobody's configuration, it is refused as any parameter that is not measured."""
    made = with_stacks(stack(), outfall({"id": "volume"}))
    (refusal,) = Reader(made).read(message(native(cod_load=(7, "kg")), "quantrac/W-1/water")).refused
    assert refusal.reason is RefusalReason.NOT_AT_STATION


def test_ambient_air_has_normal_cubic_metres_too() -> None:
    """µg/Nm³ of a limit and of a message are one thing."""
    reader = Reader(registry(station()))
    assert only(reader.read(message(native(pm25=(41.2, "µg/Nm³"))))) == 41.2
