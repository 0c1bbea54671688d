"""What the parameters of a station say of one another, and its neighbours of it."""

from datetime import timedelta

import numpy as np
import pytest

from domain.flag import Flag, Reason
from quality.assess import Verdicts, assess_station
from quality.oxygen import saturation
from quality.settings import Checks
from quality.together import median_of
from quality.trace import Trace, trace_of
from registry.check_settings import CheckSettings, NeighboursCheck, NotAboveCheck, OxygenCheck, SpikeCheck

HOUR = 3_600_000_000


def hourly(*values: float | None, status: list[int] | None = None) -> Trace:
    return trace_of([HOUR * place for place in range(1, len(values) + 1)], values, status)


def judged(
    traces: dict[str, Trace], settings: dict[str, CheckSettings], neighbours: dict[str, Trace] | None = None
) -> dict[str, Verdicts]:
    checks = {
        name: Checks((-100.0, 1000.0), None, timedelta(hours=1), settings.get(name, CheckSettings())) for name in traces
    }
    return assess_station(traces, checks, {}, neighbours)


def test_a_part_above_the_whole_makes_both_suspect() -> None:
    """One of them is wrong, and nobody knows which; what is not measured at the same moment is not compared."""
    part = CheckSettings(not_above=NotAboveCheck(parameter="pm10", share=0.1, by=5))
    traces = {"pm25": hourly(27.0, 27.1, 90.0, 50.0), "pm10": hourly(20.0, 20.0, None, 60.0)}
    found = judged(traces, {"pm25": part})
    assert found["pm25"].flags.tolist() == [1, 3, 1, 1]
    assert found["pm10"].flags.tolist() == [1, 3, 9, 1]
    assert found["pm10"].reasons.tolist() == [0, Reason.CROSS, 0, 0]


def test_a_whole_that_failed_accuses_no_part() -> None:
    """What is out of range or was not measured is no evidence."""
    part = CheckSettings(not_above=NotAboveCheck(parameter="pm10"))
    traces = {"pm25": hourly(27.0, 27.0), "pm10": hourly(-9999.0, 3.0, status=[0, 1])}
    found = judged(traces, {"pm25": part})
    assert found["pm25"].flags.tolist() == [1, 1]
    assert found["pm10"].flags.tolist() == [4, 1]


@pytest.mark.parametrize(
    ("temperature", "salinity", "oxygen"),
    [(0.0, 0.0, 14.621), (20.0, 0.0, 9.092), (30.0, 0.0, 7.559), (20.0, 35.0, 7.378), (10.0, 20.0, 9.924)],
)
def test_water_holds_as_much_oxygen_as_the_tables_say(temperature: float, salinity: float, oxygen: float) -> None:
    """The tables of Benson and Krause, at 101.325 kPa."""
    assert saturation(np.array([temperature]), np.array([salinity]))[0] == pytest.approx(oxygen, abs=0.03)


def test_oxygen_that_the_water_cannot_hold_is_suspect() -> None:
    """At 30 °C 16 mg/L are 212 % of saturation, 0.7 mg/L 9 %; without a temperature nothing is said."""
    settings = {"dissolved_oxygen": CheckSettings(oxygen=OxygenCheck(suspect=(0.0, 200.0)))}
    traces = {"dissolved_oxygen": hourly(15.0, 16.0, 16.0), "water_temperature": hourly(30.0, 30.0, None)}
    assert judged(traces, settings)["dissolved_oxygen"].flags.tolist() == [1, 3, 1]
    starved = {"dissolved_oxygen": CheckSettings(oxygen=OxygenCheck(suspect=(10.0, 200.0)))}
    low = {"dissolved_oxygen": hourly(0.7, 0.8), "water_temperature": hourly(30.0, 30.0)}
    assert judged(low, starved)["dissolved_oxygen"].flags.tolist() == [3, 1]
    salty = {**traces, "salinity": hourly(35.0, 35.0, 35.0)}
    assert judged(salty, settings)["dissolved_oxygen"].flags.tolist() == [3, 3, 1]


def test_a_station_far_from_the_median_of_its_area_is_suspect_never_failed() -> None:
    """A median of too few stations says nothing."""
    others = [hourly(10.0, 10.0, None), hourly(12.0, 12.0, 12.0), hourly(50.0, 14.0, 14.0)]
    settings = {"pm25": CheckSettings(neighbours=NeighboursCheck(share=0.5, by=10))}
    median = median_of(others, timedelta(hours=1), least=3)
    assert median.values.tolist()[:2] == [12.0, 12.0]
    found = judged({"pm25": hourly(28.0, 29.0, 900.0)}, settings, {"pm25": median})["pm25"]
    assert found.flags.tolist() == [1, 3, 1]
    assert found.reasons.tolist() == [0, Reason.NEIGHBOURS, 0]


def test_what_was_not_measured_is_compared_with_nothing() -> None:
    """A calibration gas makes no spike, neither where it is nor beside it; its own range is judged still."""
    spike = {"pm25": CheckSettings(spike=SpikeCheck(suspect=5, method="differential"))}
    calibrating = hourly(10.0, 10.0, 500.0, 10.0, 10.0, status=[0, 0, 1, 0, 0])
    assert judged({"pm25": calibrating}, spike)["pm25"].flags.tolist() == [1, 1, 1, 1, 1]
    assert judged({"pm25": hourly(10.0, 10.0, 500.0, 10.0, 10.0)}, spike)["pm25"].flags.tolist() == [1, 1, 3, 1, 1]


def test_the_worst_flag_wins_and_every_reason_stays() -> None:
    """A value can be suspect for two reasons."""
    settings = CheckSettings(spike=SpikeCheck(suspect=5, fail=100, method="differential"))
    checks = {"ph": Checks((0.0, 200.0), (6.0, 9.0), timedelta(hours=1), settings)}
    found = assess_station({"ph": hourly(7.0, 20.0, 7.0, 7.0, 150.0, 7.0)}, checks, {})["ph"]
    assert found.flags.tolist() == [Flag.GOOD, Flag.SUSPECT, Flag.GOOD, Flag.GOOD, Flag.FAIL, Flag.GOOD]
    assert found.reasons.tolist()[1] == found.reasons.tolist()[4] == Reason.SUSPECT_RANGE | Reason.SPIKE
