"""What the other parameters of an instrument say of one of them."""

from datetime import timedelta

import numpy as np
import pytest

from domain.flag import Flag, Reason
from quality.assess import assess_station
from quality.companion import Condition, companion_flag
from quality.settings import Checks
from quality.trace import Trace, micros_of
from registry.check_settings import CheckSettings
from registry.learned_settings import CompanionCheck

QUARTER = timedelta(minutes=15)
SONDE = ("water_temperature", "ph", "dissolved_oxygen", "specific_conductance")
PLAUSIBLE = {"water_temperature": (-5.0, 60.0), "ph": (0.0, 14.0), "dissolved_oxygen": (0.0, 30.0)}
USUAL = {"water_temperature": (-1.0, 45.0), "ph": (2.0, 13.0), "specific_conductance": (20.0, 80_000.0)}
NAN = float("nan")


def suspects(of: str = "ph", settings: dict[str, object] | None = None, **series: list[float]) -> list[int]:
    """Return the readings of a parameter that are suspect for its companions; those that are not named are in order."""
    count = len(next(iter(series.values())))
    check = CompanionCheck.model_validate({"others": SONDE, **(settings or {})})
    ordinary = {"water_temperature": 20.0, "ph": 7.0, "dissolved_oxygen": 8.0, "specific_conductance": 300.0}
    values = {name: series.get(name, [ordinary[name]] * count) for name in SONDE}
    times = np.arange(count, dtype=np.int64) * micros_of(QUARTER)
    traces = {name: Trace(times, np.array(found), np.zeros(count, np.int8)) for name, found in values.items()}
    checks = {
        name: Checks(
            PLAUSIBLE.get(name, (0.0, 80_000.0)), USUAL.get(name), QUARTER,
            CheckSettings(companion=check if name == of else None),
        )
        for name in SONDE
    }  # fmt: skip
    said = assess_station(traces, checks, {})[of]
    return np.flatnonzero((said.reasons & Reason.COMPANION > 0) & (said.flags == Flag.SUSPECT)).tolist()


@pytest.mark.parametrize("gone", [NAN, -9999.0])
def test_suspect_while_another_is_missing_or_has_failed(gone: float) -> None:
    assert suspects(settings={"any_missing": True}, water_temperature=[20, gone, 20]) == [1]
    assert suspects(water_temperature=[20, gone, 20]) == []


def test_suspect_while_most_of_them_are_out_of_range() -> None:
    """The instrument is out of the water, or its line is dead."""
    dead = {"water_temperature": [20, -9999.0, 20], "dissolved_oxygen": [8, NAN, 8]}
    assert suspects(**dead) == []
    assert suspects(**dead, specific_conductance=[300, 0, 300]) == [1]


def test_suspect_while_what_it_rests_on_has_failed_for_long() -> None:
    values = [20.0] * 2 + [50.0] * 10 + [20.0] * 2
    settings = {"rests_on": ["water_temperature"], "lasting": "1 h"}
    assert suspects(settings=settings, water_temperature=values) == [6, 7, 8, 9, 10, 11]


def test_a_short_failure_of_what_it_rests_on_says_nothing() -> None:
    values = [20.0] * 2 + [50.0] * 3 + [20.0] * 2
    assert suspects(settings={"rests_on": ["water_temperature"], "lasting": "1 h"}, water_temperature=values) == []


def test_a_parameter_is_no_companion_of_itself() -> None:
    assert suspects(settings={"any_missing": True}, ph=[7, -9999.0, 7]) == []


def test_what_fails_by_itself_fails() -> None:
    count = 3
    times = np.arange(count, dtype=np.int64)
    traces = {name: Trace(times, np.full(count, -9999.0), np.zeros(count, np.int8)) for name in ("ph", "depth")}
    check = CompanionCheck(others=("ph", "depth"), any_missing=True)
    checks = dict.fromkeys(traces, Checks((0.0, 14.0), None, QUARTER, CheckSettings(companion=check)))
    assert (assess_station(traces, checks, {})["ph"].flags == Flag.FAIL).all()


def test_a_failure_before_and_one_after_a_long_gap_are_two() -> None:
    quarters = np.array([0, 1, 2, 20, 21, 22], np.int64) * micros_of(QUARTER)
    guide = Condition(quarters, micros_of(QUARTER), *(np.ones(6, np.bool_),) * 2)
    check = CompanionCheck(others=("ph",), rests_on=("t",), lasting=timedelta(hours=1))
    assert (companion_flag(quarters, {"t": guide}, check) != Flag.SUSPECT).all()


def test_one_companion_alone_accuses_nobody() -> None:
    """Which of two is wrong is not known."""
    quarters = np.arange(3, dtype=np.int64) * micros_of(QUARTER)
    failed = Condition(quarters, micros_of(QUARTER), *(np.ones(3, np.bool_),) * 2)
    check = CompanionCheck(others=("t", "o2"))
    assert companion_flag(quarters, {"t": failed}, check).tolist() == [Flag.GOOD] * 3
    assert companion_flag(quarters, {"t": failed, "o2": failed}, check).tolist() == [Flag.SUSPECT] * 3
