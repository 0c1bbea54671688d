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

MINUTE = 60_000_000
FIVE = timedelta(minutes=5)

spikes = st.sampled_from([None, SpikeCheck(suspect=3), SpikeCheck(suspect=3, fail=8, method="differential")])
rates = st.sampled_from([None, RateCheck(suspect=4, per=FIVE), RateCheck(fail=9, per=timedelta(minutes=10))])
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
    PinnedCheck,
    hold=st.just(timedelta(minutes=15)),
    ends=st.sampled_from(["none", "both"]),
    at=st.sampled_from([(), (3.0,)]),
)
sets = st.builds(
    CheckSettings, spike=spikes, rate=rates, flat_line=st.none() | flat_lines, attenuated=st.none() | attenuations,
    gap=st.sampled_from([None, GapCheck(suspect=timedelta(minutes=12))]), pinned=st.none() | pins,
    climatology=st.sampled_from([(), (ClimatologyCheck(months=(1,), suspect=(2.0, 9.0)),)]),
    not_above=st.sampled_from([None, NotAboveCheck(parameter="pm10")]),
    oxygen=st.sampled_from([None, OxygenCheck(suspect=(10.0, 60.0))]),
)  # fmt: skip
intervals = st.sampled_from([FIVE, timedelta(minutes=10), None])
checks = st.builds(
    Checks, st.just((0.0, 10.0)), st.sampled_from([None, (1.0, 9.0)]), intervals, sets, st.sampled_from([(), (5.0,)])
)

# Few values, so that they are often the same; failing ones, missing ones; times with jitter and gaps.
value = st.sampled_from([None, -9999.0, 0.0, 3.0, 3.0, 3.0, 3.1, 4.9, 5.0, 7.0, 10.0, 10.0])
steps = st.sampled_from([1, 4, 5, 5, 5, 5, 6, 11, 45, 1500])


@st.composite
def readings(draw: st.DrawFn) -> dict[int, tuple[float | None, int]]:
    found = draw(st.lists(st.tuples(steps, value, st.sampled_from([0, 0, 0, 0, 1])), max_size=60))
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
checked = st.fixed_dictionaries(dict.fromkeys(("pm25", "pm10", "water_temperature"), checks))


@settings(max_examples=300, deadline=None)
@given(stations, checked, st.integers(0, 3000), st.integers(1, 200))
def test_assessing_a_part_with_its_reach_gives_what_assessing_all_gives(
    station: dict[str, dict[int, tuple[float | None, int]]], of: dict[str, Checks], begin: int, length: int
) -> None:
    """So a stream, which sees a part at a time, and a recompute over everything say the same."""
    traces = {name: traced(found) for name, found in station.items()}
    whole = assessed(traces, of)
    before, after = (micros_of(one) for one in reach(of.values()))
    start, end = begin * MINUTE, (begin + length) * MINUTE
    parts = {name: trace.part(start - before, end + after) for name, trace in traces.items()}
    # What days have taught is known of those before only.
    known = learned(traces, of, range(max(start // DAY - LEARNED_DAYS, 0), end // DAY))
    found = assess_station(parts, of, known)
    for name, trace in traces.items():
        inside = (trace.times > start) & (trace.times <= end)
        part = (parts[name].times > start) & (parts[name].times <= end)
        assert found[name].flags[part].tolist() == whole[name].flags[inside].tolist()
        assert found[name].reasons[part].tolist() == whole[name].reasons[inside].tolist()


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
