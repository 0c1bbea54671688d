"""A flag depends on nothing but what its checks reach: not on the window that is assessed, nor on the order of arrival."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.assess import Verdicts, assess_station, reach
from quality.learned import LEARNED_DAYS, DayFigures, day_figures
from quality.settings import Checks
from quality.trace import DAY, Trace, micros_of, trace_of
from registry.check_settings import (
    AttenuatedCheck,
    CheckSettings,
    ClimatologyCheck,
    FlatLineCheck,
    GapCheck,
    NotAboveCheck,
    OxygenCheck,
    PinnedCheck,
    RateCheck,
    SpikeCheck,
)
from registry.learned_settings import (
    CompanionCheck,
    OwnFlatCheck,
    OwnLevelCheck,
    OwnStepCheck,
    StuckCheck,
    UnsteadyCheck,
)

MINUTE = 60_000_000
FIVE = timedelta(minutes=5)

flat_lines = st.builds(
    FlatLineCheck,
    suspect=st.sampled_from([timedelta(minutes=n) for n in (7, 15, 20)]),
    fail=st.sampled_from([None, timedelta(minutes=30)]),
    tolerance=st.sampled_from([0.0, 1.5]),
    whole=st.booleans(),
)
attenuations = st.builds(
    AttenuatedCheck, over=st.just(timedelta(minutes=25)), suspect=st.just(1.2), fail=st.sampled_from([None, 0.5]),
    measure=st.sampled_from(["std", "range"]), present=st.sampled_from([0.0, 0.5, 1.0]),
)  # fmt: skip
pins = st.builds(
    PinnedCheck, hold=st.just(timedelta(minutes=15)), ends=st.sampled_from(["none", "both"]), at=st.just((3.0,))
)
each = {
    "spike": st.sampled_from([SpikeCheck(suspect=3), SpikeCheck(suspect=3, fail=8, method="differential")]),
    "rate": st.sampled_from([RateCheck(suspect=4, per=FIVE), RateCheck(fail=9, per=timedelta(minutes=10))]),
    "flat_line": flat_lines,
    "attenuated": attenuations,
    "gap": st.just(GapCheck(suspect=timedelta(minutes=12))),
    "pinned": pins,
    "climatology": st.just((ClimatologyCheck(months=(1,), suspect=(2.0, 9.0)),)),
    "not_above": st.just(NotAboveCheck(parameter="pm10")),
    "oxygen": st.just(OxygenCheck(suspect=(10.0, 60.0))),
}
# Each by itself, since the reach of one hides what another lacks; and any together.
sets = st.one_of(
    *(st.builds(CheckSettings, **{name: check}) for name, check in each.items()),
    st.builds(CheckSettings, **{name: st.just(CheckSettings.model_fields[name].default) | each[name] for name in each}),
)
intervals = st.sampled_from([FIVE, timedelta(minutes=10), None])
checks = st.builds(
    Checks, st.just((0.0, 10.0)), st.sampled_from([None, (1.0, 9.0)]), intervals, sets, st.sampled_from([(), (5.0,)])
)

# Few values, so that they are often the same; failing ones, missing ones; times with jitter and gaps.
value = st.sampled_from([None, -9999.0, 0.0, 3.0, 3.0, 3.0, 3.1, 4.9, 5.0, 7.0, 10.0, 10.0])
steps = st.sampled_from([1, 4, 5, 5, 5, 5, 6, 11, 45, 1500])


@st.composite
def readings(draw: st.DrawFn) -> dict[int, tuple[float | None, int]]:
    found = draw(st.lists(st.tuples(steps, value, st.sampled_from([0, 0, 0, 0, 1])), max_size=40))
    times = np.cumsum([one[0] for one in found]) * MINUTE
    return {int(at): one[1:] for at, one in zip(times, found, strict=True)}


def traced(found: Mapping[int, tuple[float | None, int]]) -> Trace:
    return trace_of(list(found), [one[0] for one in found.values()], [one[1] for one in found.values()])


def learned(traces: Mapping[str, Trace], of: Mapping[str, Checks], days: range) -> dict[str, dict[int, DayFigures]]:
    """Return what each of the `days` has taught."""
    found: dict[str, dict[int, DayFigures]] = {name: {} for name in traces}
    for name, trace in traces.items():
        for day in days:
            figures = day_figures(trace.part(day * DAY - 1, (day + 1) * DAY - 1), of[name])
            if figures is not None:
                found[name][day] = figures
    return found


def assessed(traces: Mapping[str, Trace], of: Mapping[str, Checks]) -> dict[str, Verdicts]:
    return assess_station(traces, of, learned(traces, of, range(4)))


stations = st.fixed_dictionaries({name: readings() for name in ("pm25", "pm10", "water_temperature")})
checked = checks.map(lambda one: dict.fromkeys(("pm25", "pm10", "water_temperature"), one)) | st.fixed_dictionaries(
    dict.fromkeys(("pm25", "pm10", "water_temperature"), checks)
)


def jumbled(chance: np.random.Generator) -> Trace:
    """Return readings with jitter and gaps; few values, so that they are often the same; failing ones, missing ones."""
    steps = chance.choice([1, 4, 5, 5, 5, 5, 5, 5, 5, 6, 10, 11, 45], 250)
    values = chance.choice([np.nan, -9999.0, 0.0, 3.0, 3.0, 3.1, 4.9, 5.0, 7.0, 10.0], 250)
    same = chance.integers(0, 2, 250) > 0
    places = np.maximum.accumulate(np.where(same, 0, np.arange(250)))
    return Trace(np.cumsum(steps) * MINUTE, values[places], (chance.integers(0, 12, 250) == 0).astype(np.int8))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), checked)
def test_assessing_a_part_with_its_reach_gives_what_assessing_all_gives(seed: int, of: dict[str, Checks]) -> None:
    """So a stream, which sees a part at a time, and a recompute over everything say the same."""
    chance = np.random.default_rng(seed)
    traces = {name: jumbled(chance) for name in of}
    whole = assess_station(traces, of, {})
    before, after = (micros_of(one) for one in reach(of.values()))
    for place in chance.integers(0, 250, 20):
        start = int(traces["pm25"].times[place]) - MINUTE
        end = start + int(chance.integers(1, 40)) * MINUTE
        parts = {name: trace.part(start - before - 1, end + after) for name, trace in traces.items()}
        assert_same(assess_station(parts, of, {}), parts, whole, traces, (start, end))


def assert_same(
    found: Mapping[str, Verdicts], parts: Mapping[str, Trace], whole: Mapping[str, Verdicts],
    traces: Mapping[str, Trace], span: tuple[int, int],
) -> None:  # fmt: skip
    for name, trace in traces.items():
        inside = (trace.times > span[0]) & (trace.times <= span[1])
        part = (parts[name].times > span[0]) & (parts[name].times <= span[1])
        assert found[name].reasons[part].tolist() == whole[name].reasons[inside].tolist()
        assert found[name].flags[part].tolist() == whole[name].flags[inside].tolist()


@settings(max_examples=150, deadline=None)
@given(stations, checked, st.randoms(), st.integers(1, 5))
def test_the_order_of_arrival_changes_no_flag(
    station: dict[str, dict[int, tuple[float | None, int]]],
    of: dict[str, Checks],
    chance: Random,
    pieces: int,
) -> None:
    """Shuffled, sent twice, late and in pieces: after each piece what it can have changed is assessed again."""
    traces = {name: traced(found) for name, found in station.items()}
    whole = assessed(traces, of)
    sent = [(name, at, one) for name, found in station.items() for at, one in found.items()]
    arrivals = [*sent, *(chance.choice(sent) for _ in range(len(sent) // 4))] if sent else []
    chance.shuffle(arrivals)
    kept: dict[str, dict[int, tuple[float | None, int]]] = {name: {} for name in station}
    flags: dict[tuple[str, int], tuple[int, int]] = {}
    before, after = (micros_of(one) for one in reach(of.values()))
    for piece in range(pieces):
        for name, at, one in arrivals[piece::pieces]:
            kept[name][at] = one
        arrived = [at for _, at, _ in arrivals[piece::pieces]]
        if arrived:
            # A reading changes the flags of those that it is in the reach of, and of the days that learn from its own.
            start, end = min(arrived) - after - 1, max(arrived) + max(before, (LEARNED_DAYS + 1) * DAY)
            _assess_span(kept, of, (start, end), flags)
    assert flags == {
        (name, at): (flag, reasons)
        for name, found in whole.items()
        for at, flag, reasons in zip(
            traces[name].times.tolist(), found.flags.tolist(), found.reasons.tolist(), strict=True
        )
    }


def _assess_span(
    kept: Mapping[str, Mapping[int, tuple[float | None, int]]], of: Mapping[str, Checks], span: tuple[int, int],
    flags: dict[tuple[str, int], tuple[int, int]],
) -> None:  # fmt: skip
    traces = {name: traced(found) for name, found in kept.items()}
    before, after = (micros_of(one) for one in reach(of.values()))
    parts = {name: trace.part(span[0] - before, span[1] + after) for name, trace in traces.items()}
    found = assess_station(parts, of, learned(traces, of, range(4)))
    for name, part in parts.items():
        for at, flag, reasons in zip(
            part.times.tolist(), found[name].flags.tolist(), found[name].reasons.tolist(), strict=True
        ):
            if span[0] < at <= span[1]:
                flags[name, at] = (flag, reasons)


QUARTER = timedelta(minutes=15)
INSTRUMENT = ("water_temperature", "ph", "turbidity")
LEARNING = CheckSettings(
    own_step=OwnStepCheck(times=8, at_most=6, back_in=timedelta(hours=2), stays=True),
    own_level=OwnLevelCheck(times=1),
    own_flat=OwnFlatCheck(suspect=timedelta(hours=3), fail=timedelta(hours=20), times=2),
    unsteady=UnsteadyCheck(over=timedelta(days=1), share=0.1, by=0.2),
    stuck=StuckCheck(over=timedelta(hours=6), share=0.02),
    companion=CompanionCheck(
        others=INSTRUMENT, any_missing=True, rests_on=("water_temperature",), lasting=timedelta(hours=6)
    ),
)


def lived_through(chance: np.random.Generator) -> Trace:
    """Return twelve days of an instrument to which a good deal has happened."""
    count = 12 * 96
    times = (np.arange(count) * 15 + chance.integers(-1, 2, count)) * MINUTE + 15 * MINUTE
    values = np.round(5 + np.sin(np.arange(count) / 96 * 2 * np.pi) + chance.normal(0, 0.2, count), 1)
    kept = np.ones(count, np.bool_)
    status = np.zeros(count, np.int8)
    for what, length in zip(chance.integers(0, 6, 24), chance.choice([1, 2, 5, 15, 40, 100], 24), strict=True):
        part = slice(begin := int(chance.integers(0, count - 100)), begin + int(length))
        if what == 0:
            values[part] = values[begin]
        elif what == 1:
            values[part] += chance.choice([-4.0, 4.0, 20.0])
        elif what == 2:
            values[part] = chance.choice([np.nan, -9999.0])
        elif what == 3:
            kept[part] = False
        elif what == 4:
            values[part] = np.round(values[part] + chance.normal(0, 2, int(length)), 1)
        else:
            status[part] = 1
    return Trace(times[kept], values[kept], status[kept])


# Each by itself, since the reach of one hides what another lacks; and all together.
alone_or_not = st.sampled_from([
    *(
        CheckSettings.model_validate({name: getattr(LEARNING, name)})
        for name in ("own_step", "own_level", "own_flat", "unsteady", "stuck", "companion")
    ),
    LEARNING,
])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), alone_or_not, st.integers(5 * 96, 11 * 96), st.integers(1, 96))
def test_so_does_what_a_series_has_learned_of_itself(
    seed: int, checked: CheckSettings, begin: int, length: int
) -> None:
    """A part of the readings, and the figures of the days before them, say what everything says."""
    chance = np.random.default_rng(seed)
    traces = {name: lived_through(chance) for name in INSTRUMENT}
    of = dict.fromkeys(INSTRUMENT, Checks((0.0, 10.0), None, QUARTER, checked))
    whole = assess_station(traces, of, learned(traces, of, range(13)))
    before, after = (micros_of(one) for one in reach(of.values()))
    start, end = begin * 15 * MINUTE, (begin + length) * 15 * MINUTE
    parts = {name: trace.part(start - before, end + after) for name, trace in traces.items()}
    known = learned(traces, of, range(max(start // DAY - LEARNED_DAYS, 0), end // DAY))
    found = assess_station(parts, of, known)
    assert_same(found, parts, whole, traces, (start, end))
