"""What is learned and compared gives the same for a part of a series as for all of it: so a stream equals a recompute."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.flag import Reason
from quality.assess import Verdicts, assess_station, reach
from quality.learned import LEARNED_DAYS, DayFigures
from quality.settings import Checks
from quality.trace import DAY, Trace, micros_of, trace_of
from registry.check_settings import CheckSettings
from registry.learned_settings import (
    CompanionCheck,
    OwnFlatCheck,
    OwnLevelCheck,
    OwnStepCheck,
    StuckCheck,
    UnsteadyCheck,
)
from support.learned import learned_from

HOUR = timedelta(hours=1)
FIRST_DAY = 20_000
DAYS = 9
EVERY = timedelta(minutes=20)
COUNT = DAYS * 72
NAMES = ("water_temperature", "ph", "dissolved_oxygen")

# One at a time: the reach of the furthest would hide that of another.
steps = st.builds(
    OwnStepCheck, times=st.just(2), of_level=st.sampled_from([0, 0.2]), at_most=st.sampled_from([None, 6]),
    back_in=st.sampled_from([2 * HOUR, 5 * HOUR]), stays=st.booleans(),
)  # fmt: skip
flats = st.builds(OwnFlatCheck, suspect=st.just(3 * HOUR), fail=st.sampled_from([None, 5 * HOUR]))
companions = st.builds(
    CompanionCheck, others=st.just(NAMES), any_missing=st.booleans(), rests_on=st.sampled_from([(), NAMES[:1]]),
    lasting=st.just(3 * HOUR),
)  # fmt: skip
sets = st.one_of(
    st.builds(CheckSettings, own_step=steps),
    st.builds(CheckSettings, own_flat=flats),
    st.builds(CheckSettings, companion=companions),
    st.just(CheckSettings(own_level=OwnLevelCheck(times=1, by=0.5))),
    st.just(CheckSettings(unsteady=UnsteadyCheck(over=10 * HOUR, share=0.1))),
    st.just(CheckSettings(stuck=StuckCheck(over=4 * HOUR, share=0.1))),
    st.builds(CheckSettings, own_step=steps, own_flat=flats, companion=companions),
)
# What happens to a calm series (99: out of range, 16: suspect in some, NaN: missing).
EVENTS = (7.2, 7.2, 12.0, 13.0, 16.0, 99.0, float("nan"))


def made(chance: np.random.Generator) -> Trace:
    """Return some days of readings, three an hour, that move a little, save for events; with holes."""
    places = np.arange(1, COUNT)
    values = 7 + 0.25 * (places**2 % 7)
    for begin in chance.integers(5 * 72, COUNT, 25):
        values[begin : begin + chance.integers(1, 25)] = chance.choice(EVENTS)
    kept = chance.random(len(places)) > 0.03
    times = (FIRST_DAY * DAY + places * micros_of(EVERY)).astype(np.int64)
    return Trace(times[kept], values[kept], np.zeros(int(kept.sum()), np.int8))


@st.composite
def checked(draw: st.DrawFn) -> Mapping[str, Checks]:
    """Return the same settings for each parameter, so that their reach is that of the check in question."""
    chosen = draw(sets)
    return dict.fromkeys(NAMES, Checks((0.0, 20.0), draw(st.sampled_from([None, (2.0, 15.0)])), EVERY, chosen))


@settings(max_examples=60, deadline=None)
@given(checked(), st.integers(0, 2**32 - 1))
def test_a_window_with_its_reach_gives_what_all_at_once_gives(of: Mapping[str, Checks], seed: int) -> None:
    """Windows of an hour or a few, of each of which the rest of the series is not known."""
    chance = np.random.default_rng(seed)
    station = {name: made(chance) for name in NAMES}
    learned = {name: learned_from(trace, of[name]) for name, trace in station.items()}
    everything = assess_station(station, of, learned)
    before, after = (micros_of(one) for one in reach(of.values()))
    for begin, length in zip(chance.integers(5 * 24, DAYS * 24, 25), chance.integers(0, 4, 25), strict=True):
        start = int(FIRST_DAY * DAY + begin * micros_of(HOUR))
        end = int(start + length * micros_of(HOUR))
        around = {name: trace.part(start - before - 1, end + after) for name, trace in station.items()}
        part = assess_station(around, of, {name: known_for(found, start, end) for name, found in learned.items()})
        for name in NAMES:
            assert said(part[name], around[name], start, end) == said(everything[name], station[name], start, end)


def known_for(learned: Mapping[int, DayFigures], start: int, end: int) -> dict[int, DayFigures]:
    """Return the days that may teach readings from `start` to `end`."""
    days = range(start // DAY - LEARNED_DAYS, end // DAY)
    return {day: figures for day, figures in learned.items() if day in days}


def said(verdicts: Verdicts, trace: Trace, start: int, end: int) -> list[tuple[int, ...]]:
    inside = (trace.times >= start) & (trace.times <= end)
    columns = (trace.times, verdicts.flags, verdicts.reasons)
    return list(zip(*(column[inside].tolist() for column in columns), strict=True))


def test_the_readings_of_the_test_above_meet_each_check() -> None:
    """Else it would prove nothing: in one of its series each reason is found."""
    rows = [7 + 0.25 * (place * place % 7) for place in range(COUNT)]
    rows[450:453] = [16.0] * 3
    rows[500:530] = [8.0] * 30
    times = [FIRST_DAY * DAY + place * micros_of(EVERY) for place in range(COUNT)]
    settings_ = CheckSettings(
        own_step=OwnStepCheck(times=2), own_level=OwnLevelCheck(times=1), own_flat=OwnFlatCheck(suspect=3 * HOUR)
    )
    of = {"ph": Checks((0.0, 20.0), None, EVERY, settings_)}
    trace = trace_of(times, rows)
    found = assess_station({"ph": trace}, of, {"ph": learned_from(trace, of["ph"])})["ph"].reasons
    assert np.bitwise_or.reduce(found) == Reason.OWN_STEP | Reason.OWN_LEVEL | Reason.FLAT
