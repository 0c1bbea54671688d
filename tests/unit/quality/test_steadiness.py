"""Too restless, or resting on one level: what a dirty lens and a stuck sensor look like."""

from datetime import timedelta

import numpy as np
import pytest

from domain.flag import Flag
from quality.in_time import Paced
from quality.steadiness import stuck_flag, unsteady_flag
from quality.trace import Values, micros_of
from registry.learned_settings import StuckCheck, UnsteadyCheck

MINUTES = timedelta(minutes=2.5)
HOURS = timedelta(minutes=90)
DAY = int(timedelta(days=1) / MINUTES)
STUCK = StuckCheck(share=0.15, by=0.2)


def share_suspect(values: Values, every: timedelta = MINUTES) -> float:
    times = np.arange(len(values), dtype=np.int64) * micros_of(every)
    return float((stuck_flag(Paced(times, values, every), STUCK) == Flag.SUSPECT).mean())


def ordinary(days: int = 1, jitter: float = 0.1, seed: int = 1) -> Values:
    """Return dust that goes up and down with the day, as neighbours' readings scatter about it."""
    hours = np.arange(days * DAY) * (MINUTES / timedelta(hours=1))
    return 12 * (1.3 + np.sin(hours / 24 * 2 * np.pi)) * jittered(days, jitter, seed)


def jittered(days: int, jitter: float, seed: int = 1) -> Values:
    return np.random.default_rng(seed).normal(1, jitter, days * DAY)


@pytest.mark.parametrize("level", [0.5, 8.0, 999.9])
@pytest.mark.parametrize("jitter", [0.0, 0.03, 0.1, 0.3])
def test_a_sensor_that_only_jitters_is_stuck(level: float, jitter: float) -> None:
    assert share_suspect(np.round(level * jittered(2, jitter), 2)) >= 0.8


@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.3])
def test_dust_that_differs_by_hours_is_not(jitter: float) -> None:
    assert share_suspect(ordinary(3, jitter)) == 0


def test_only_the_stretch_that_rests_is_suspect() -> None:
    values = np.concatenate((ordinary(), 20 * jittered(1, 0.05), ordinary(seed=2)))
    assert share_suspect(values[:DAY]) == 0
    assert 0.2 < share_suspect(values) < 0.5


def test_a_resting_half_day_is_needed() -> None:
    steady = 20 * jittered(1, 0.05)
    eleven_hours = int(timedelta(hours=11) / MINUTES)
    assert share_suspect(np.concatenate((ordinary()[: DAY // 2], steady[:eleven_hours]))) == 0


def test_a_few_readings_an_hour_are_needed() -> None:
    """Hourly values may well keep to one level: that is for a flat line to say."""
    assert share_suspect(np.full(48, 20.0), timedelta(hours=1)) == 0


def restless(jitter: float, level: float = 20.0) -> float:
    values = level + np.random.default_rng(3).normal(0, jitter, 400)
    times = np.arange(400, dtype=np.int64) * micros_of(HOURS)
    flags = unsteady_flag(Paced(times, values, HOURS), UnsteadyCheck(share=0.1, by=1))
    return float((flags == Flag.SUSPECT).mean())


def test_readings_that_jump_about_their_neighbours_for_days_are_suspect() -> None:
    assert restless(6.0) > 0.95
    assert restless(0.5) == 0


def test_little_jumps_are_of_no_interest() -> None:
    assert restless(0.5, level=2.0) == 0


def test_one_flood_is_no_restlessness() -> None:
    values = np.concatenate((np.full(100, 5.0), np.linspace(5, 300, 10), 300 * np.exp(-np.arange(150) / 30)))
    times = np.arange(len(values), dtype=np.int64) * micros_of(HOURS)
    assert not (unsteady_flag(Paced(times, values, HOURS), UnsteadyCheck(share=0.1, by=1)) == Flag.SUSPECT).any()
