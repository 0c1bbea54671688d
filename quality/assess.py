"""Which checks run over the readings of a station, and how what they say becomes one flag with its reasons for each.

At the door only checks of one value by itself; over a span of the store all of them, so that a stream and a recompute
say the same. A flag depends on nothing beyond `reach` and the days that were learned from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from domain.flag import Flag, Reason
from quality import checks as alone
from quality import in_time, own, steadiness, together
from quality.companion import Condition, companion_flag
from quality.learned import FLAT_OVER, NEIGHBOURS_WITHIN, DayFigures, usual
from quality.settings import UNKNOWN, Checks, Range
from quality.trace import Flags, Mask, Trace, Values, micros_of
from registry.check_settings import CheckSettings

# Raised whenever a check changes what it says, so that a flag tells which checks made it.
CHECKS_VERSION = 2

_MISSING = (Flag.MISSING, Reason.NONE)
_NOT_EVALUATED = (Flag.NOT_EVALUATED, Reason.NONE)
_GOOD = (Flag.GOOD, Reason.NONE)
_OUT_OF_RANGE = (Flag.FAIL, Reason.RANGE)
_SUSPECT = (Flag.SUSPECT, Reason.SUSPECT_RANGE)

# Which flag wins, by its number: the greater rank (as `domain.flag.worst` has it).
_RANK = np.zeros(10, np.int8)
_RANK[[Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING]] = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found of each reading of a trace: its flag, and the bits of its reasons."""

    flags: NDArray[np.int8]
    reasons: NDArray[np.int32]


def flag_at_the_door(value: float | None, plausible: Range | None, suspect: Range | None = None) -> tuple[Flag, Reason]:
    """Return what is known of one finite value by itself, in the unit of the ranges; this is the hot path of ingest."""
    if value is None:
        return _MISSING
    if plausible is not None and not plausible[0] <= value <= plausible[1]:
        return _OUT_OF_RANGE
    if suspect is not None and not suspect[0] <= value <= suspect[1]:
        return _SUSPECT
    return _NOT_EVALUATED if plausible is None and suspect is None else _GOOD


class Judging:
    """The readings of one series while they are judged: what each check says goes into flags and reasons."""

    def __init__(self, trace: Trace, checks: Checks) -> None:
        """Begin with what each value says by itself."""
        self.trace, self.checks = trace, checks
        self.flags: Flags = np.full(len(trace), Flag.NOT_EVALUATED, np.int8)
        self.reasons: NDArray[np.int32] = np.zeros(len(trace), np.int32)
        in_range = alone.range_flag(trace.values, checks.plausible)
        self.add(in_range, Reason.RANGE)
        self.add(
            np.where(in_range == Flag.FAIL, Flag.NOT_EVALUATED, alone.suspect_range_flag(trace.values, checks.suspect)),
            Reason.SUSPECT_RANGE,
        )
        # What fails by itself, or was not measured, is nothing to compare others with, nor they with it.
        self.usable: Mask = (trace.status == 0) & ~np.isnan(trace.values) & (in_range != Flag.FAIL)
        self.values: Values = np.where(self.usable, trace.values, np.nan)

    def add(self, flags: NDArray[np.int8], reason: Reason) -> None:
        """Take in what a check says; the worst flag wins, every reason stays."""
        spoken = (flags == Flag.SUSPECT) | (flags == Flag.FAIL)
        self.reasons[spoken] |= reason
        worse = _RANK[flags] > _RANK[self.flags]
        self.flags[worse] = flags[worse]

    def add_usable(self, flags: NDArray[np.int8], reason: Reason) -> None:
        """Take in what a check says of usable values, and nothing of what it says of others."""
        self.add(np.where(self.usable, flags, Flag.NOT_EVALUATED).astype(np.int8), reason)

    def as_trace(self) -> Trace:
        """Return the usable values."""
        return Trace(self.trace.times, self.values, self.trace.status)

    @property
    def verdicts(self) -> Verdicts:
        """What has been found so far."""
        return Verdicts(self.flags, self.reasons)


def assess_station(
    traces: Mapping[str, Trace],
    checks: Mapping[str, Checks],
    learned: Mapping[str, Mapping[int, DayFigures]],
    neighbours: Mapping[str, Trace] | None = None,
) -> dict[str, Verdicts]:
    """Return what the checks say of all parameters of one station.

    `learned`: by parameter and UTC day (days since 1970). `neighbours`: by parameter the area's median at the end of each
    interval, as `quality.together.median_of` makes it. A parameter without checks is not evaluated.
    """
    station = {name: Judging(trace, checks.get(name, UNKNOWN)) for name, trace in traces.items()}
    for name, one in station.items():
        _judge_alone(one)
        _judge_learned(one, learned.get(name, {}))
    for name, one in station.items():
        _judge_with_others(name, one, station, neighbours or {})
    _judge_companions(station)
    return {name: one.verdicts for name, one in station.items()}


def _judge_alone(one: Judging) -> None:
    """Run the checks of a series by itself."""
    settings, interval = one.checks.settings, one.checks.interval
    if settings.climatology:
        one.add_usable(alone.climatology_flag(one.trace.times, one.values, settings.climatology), Reason.CLIMATOLOGY)
    if settings.gap is not None:
        one.add_usable(in_time.gap_flag(one.trace.times, settings.gap), Reason.GAP)
    if interval is not None:
        for flags, reason in _flags_in_time(one, in_time.Paced(one.trace.times, one.values, interval)):
            one.add_usable(flags, reason)


def _flags_in_time(one: Judging, series: in_time.Paced) -> Iterator[tuple[Flags, Reason]]:
    settings = one.checks.settings
    if settings.spike is not None:
        yield in_time.spike_flag(series, settings.spike), Reason.SPIKE
    if settings.rate is not None:
        yield in_time.rate_flag(series, settings.rate), Reason.RATE
    if settings.flat_line is not None:
        yield in_time.flat_line_flag(series, settings.flat_line), Reason.FLAT
    if settings.attenuated is not None:
        yield in_time.attenuated_flag(series, settings.attenuated), Reason.ATTENUATED
    if settings.pinned is not None:
        yield in_time.pinned_flag(series, settings.pinned, one.checks.plausible, one.checks.limits), Reason.PINNED
    if settings.unsteady is not None:
        yield steadiness.unsteady_flag(series, settings.unsteady), Reason.UNSTEADY
    if settings.stuck is not None:
        yield steadiness.stuck_flag(series, settings.stuck), Reason.STUCK


def _judge_learned(one: Judging, learned: Mapping[int, DayFigures]) -> None:
    """Run the checks that compare a series with its own past."""
    settings, interval = one.checks.settings, one.checks.interval
    if interval is None or not (settings.own_level or settings.own_flat or settings.own_step):
        return
    series, past = in_time.Paced(one.trace.times, one.values, interval), usual(one.trace.times, learned)
    if settings.own_level is not None:
        one.add_usable(own.own_level_flag(one.values, past, settings.own_level), Reason.OWN_LEVEL)
    if settings.own_flat is not None:
        one.add_usable(own.own_flat_flag(series, past, settings.own_flat), Reason.FLAT)
    if settings.own_step is not None:
        one.add_usable(own.own_step_flag(series, past, settings.own_step), Reason.OWN_STEP)


def _judge_with_others(
    name: str, one: Judging, station: Mapping[str, Judging], neighbours: Mapping[str, Trace]
) -> None:
    """Run the checks of a series against others of its station, and of its area."""
    settings, times = one.checks.settings, one.trace.times
    if settings.not_above is not None and settings.not_above.parameter in station:
        _judge_part(one, station[settings.not_above.parameter])
    if settings.oxygen is not None and together.OXYGEN_TEMPERATURE in station:
        temperature = together.at_moments(times, station[together.OXYGEN_TEMPERATURE].as_trace())
        salinity = np.full(times.shape, np.nan)
        if together.OXYGEN_SALINITY in station:
            salinity = together.at_moments(times, station[together.OXYGEN_SALINITY].as_trace())
        one.add_usable(together.oxygen_flag(one.values, temperature, salinity, settings.oxygen), Reason.CROSS)
    if settings.neighbours is not None and one.checks.interval is not None and name in neighbours:
        interval, median = one.checks.interval, neighbours[name]
        found = together.neighbours_flag(times, one.values, median, interval, settings.neighbours)
        one.add_usable(found, Reason.NEIGHBOURS)


def _judge_companions(station: Mapping[str, Judging]) -> None:
    """Run the checks of each series against how the others of its station have been found so far."""
    found = {name: _condition(one) for name, one in station.items()}
    for name, one in station.items():
        if one.checks.settings.companion is not None:
            others = {other: condition for other, condition in found.items() if other != name}
            one.add_usable(companion_flag(one.trace.times, others, one.checks.settings.companion), Reason.COMPANION)


def _condition(one: Judging) -> Condition:
    gone = np.isnan(one.trace.values) | (one.reasons & Reason.RANGE > 0)
    out = one.reasons & (Reason.RANGE | Reason.SUSPECT_RANGE) > 0
    every = micros_of(one.checks.interval or timedelta(0))
    return Condition(one.trace.times, every, gone, gone | out)


def _judge_part(part: Judging, whole: Judging) -> None:
    """Suspect both, since one of them is wrong and nobody knows which."""
    settings = part.checks.settings.not_above
    if settings is None:
        return
    others = together.at_moments(part.trace.times, whole.as_trace())
    part.add_usable(together.not_above_flag(part.values, others, settings), Reason.CROSS)
    parts = together.at_moments(whole.trace.times, part.as_trace())
    whole.add_usable(together.not_above_flag(parts, whole.values, settings), Reason.CROSS)


def reach(checks: Iterable[Checks]) -> tuple[timedelta, timedelta]:
    """Return how long before and after a reading others can change its flag, at a station with `checks`.

    So far at most: a flag at t depends on the readings of t - before ≤ moment ≤ t + after, and on what `LEARNED_DAYS`
    UTC days before t's own have taught.
    """
    befores, afters = zip(*(_reach(one) for one in checks), strict=True) if (checks := list(checks)) else ((), ())
    return max((*befores, _companion_reach(checks)), default=timedelta(0)), max(afters, default=timedelta(0))


def _reach(checks: Checks) -> tuple[timedelta, timedelta]:
    settings, every = checks.settings, checks.interval or timedelta(0)
    before, after = [timedelta(0)], [timedelta(0)]
    if settings.gap is not None:
        before.append(_longest(settings.gap.suspect, settings.gap.fail))
    if checks.interval is not None:
        if settings.spike is not None or settings.rate is not None:
            before.append(in_time.NEAR * every)
            after.append(in_time.NEAR * every)
        if settings.flat_line is not None:
            length = _longest(settings.flat_line.suspect, settings.flat_line.fail)
            before.append(length + every)
            after.append(length if settings.flat_line.whole else timedelta(0))
        if settings.attenuated is not None:
            before.append(settings.attenuated.over)
        if settings.pinned is not None:
            before.append(settings.pinned.hold + every)
            after.append(settings.pinned.hold)
        if settings.neighbours is not None:
            before.append(every)
            after.append(every)
        for back, forth in _own_reach(settings, every):
            before.append(back)
            after.append(forth)
    return max(before), max(after)


def _own_reach(settings: CheckSettings, every: timedelta) -> Iterator[tuple[timedelta, timedelta]]:
    if settings.own_step is not None:
        back_in = settings.own_step.back_in
        yield back_in + NEIGHBOURS_WITHIN * every + own.BEFORE_A_STEP, back_in
    if settings.own_flat is not None:
        after = _longest(settings.own_flat.suspect, settings.own_flat.fail)
        yield max(after, own.LONGEST_FLAT) + FLAT_OVER * every, after
    if settings.unsteady is not None:
        yield (settings.unsteady.over / 2,) * 2
    if settings.stuck is not None:
        yield (settings.stuck.over + timedelta(hours=1),) * 2


def _companion_reach(checks: Sequence[Checks]) -> timedelta:
    """Return how long a companion must have failed, and the gap over which that is taken to go on."""
    lasting = [one.settings.companion.lasting for one in checks if one.settings.companion is not None]
    every = max((one.interval or timedelta(0) for one in checks), default=timedelta(0))
    return max(lasting) + FLAT_OVER * every if lasting else timedelta(0)


def _longest(*lengths: timedelta | None) -> timedelta:
    return max((one for one in lengths if one is not None), default=timedelta(0))
