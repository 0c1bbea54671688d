"""What the configured checks say of a readings file, without keeping any of it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from analysis.check_days import CheckDays, Of
from analysis.rollups import status_by_calendar
from domain.flag import Flag, Reason, reasons_in
from domain.reading import SeriesKey
from quality.assess import Judging, Verdicts, assess_station, flag_at_the_door, reach
from quality.learned import DayFigures, day_figures
from quality.settings import UNKNOWN, Checks, checks_of, default_checks
from quality.together import median_of
from quality.trace import DAY, Trace, micros_of, trace_of
from registry.lookup import Registry
from registry.schema import Parameter
from service.reading_file import FileSeries, ReadingFile

_FLAGGED = (Flag.SUSPECT, Flag.FAIL)


@dataclass
class Judged:
    """Flags and reasons of the lines of a file, and what of it is not in the configuration."""

    flags: NDArray[np.int8]
    reasons: NDArray[np.int32]
    unknown_stations: list[str] = field(default_factory=list)
    unknown_parameters: list[str] = field(default_factory=list)
    foreign_units: list[tuple[str, str]] = field(default_factory=list)
    """parameter and unit in which it cannot come"""


@dataclass(frozen=True)
class _Series:
    """A parameter of a station: how its checks are called in the configuration (None: not at all), and its lines."""

    name: str
    parameter: Parameter | None
    measured: bool  # at this station, by the configuration
    trace: Trace
    closed: NDArray[np.int32]  # by the calendar, as reasons
    places: NDArray[np.int64]


def judge(file: ReadingFile, registry: Registry, progress: Callable[[int, int], None]) -> Judged:
    """Return what the checks say of each line; `progress` is told the lines done, and of how many.

    A station that is not configured is judged by its parameters' defaults, its interval being the middle of its steps;
    a parameter or a unit that is not configured is not evaluated. Of several lines of one moment the last counts.
    """
    count = len(file.written)
    judged = Judged(np.full(count, Flag.NOT_EVALUATED, np.int8), np.zeros(count, np.int32))
    stations = _stations(file, registry, judged)
    areas, days = _areas(stations, registry), CheckDays(registry)
    done = 0
    for station, series in stations.items():
        for name, found in _verdicts(station, series, days, areas).items():
            judged.flags[series[name].places] = found.flags
            judged.reasons[series[name].places] = found.reasons
            done += len(found.flags)
        progress(done, count)
    return judged


def _stations(file: ReadingFile, registry: Registry, judged: Judged) -> dict[str, dict[str, _Series]]:
    """Return the series of the file that can be judged, by station and name; note what cannot."""
    aliases = {alias: one for one in registry.parameters.values() for alias in one.aliases}
    found: dict[str, dict[str, list[FileSeries]]] = defaultdict(lambda: defaultdict(list))
    for one in file.series.values():
        if _fits(one, registry.parameters.get(one.parameter) or aliases.get(one.parameter), registry, judged):
            found[one.station][one.parameter].append(one)
    judged.unknown_stations = [one for one in found if one not in registry.stations]
    return {
        station: {
            name: _series(parts, registry.parameters.get(name) or aliases.get(name), registry, judged)
            for name, parts in series.items()
        }
        for station, series in found.items()
    }


def _fits(one: FileSeries, parameter: Parameter | None, registry: Registry, judged: Judged) -> bool:
    """Turn the values into the canonical unit, as the door does; False where their unit does not fit, which is noted."""
    if parameter is None:
        judged.unknown_parameters += [one.parameter] if one.parameter not in judged.unknown_parameters else []
        return True
    measurings = registry.measurings(one.station, parameter.id)
    own_unit = measurings[-1].unit if measurings else None
    accepted = registry.units(parameter.id).find(one.unit or own_unit or "")
    if accepted is not None:
        one.values = [None if value is None else value * accepted.factor + accepted.offset for value in one.values]
    elif any(value is not None for value in one.values):  # a missing value has no unit to convert
        found = (one.parameter, one.unit)
        judged.foreign_units += [found] if found not in judged.foreign_units else []
        missing = [place for place, value in zip(one.places, one.values, strict=True) if value is None]
        judged.flags[missing] = Flag.MISSING
        return False
    return True


def _series(parts: list[FileSeries], parameter: Parameter | None, registry: Registry, judged: Judged) -> _Series:
    """Put the parts of a series together: the last line of each moment counts, others are judged by themselves."""
    station, name = parts[0].station, parts[0].parameter
    rows = [row for one in parts for row in zip(one.places, one.times, one.values, one.status, strict=True)]
    if len(parts) > 1:
        rows.sort(key=itemgetter(0))
    places, times, values, status = (list(column) for column in zip(*rows, strict=True))
    last = dict(zip(times, places, strict=True))
    for place, at, value in zip(places, times, values, strict=True) if len(last) < len(times) else ():
        if last[at] != place and parameter is not None:
            judged.flags[place], judged.reasons[place] = flag_at_the_door(value, parameter.plausible, parameter.suspect)
    order = np.array([last[at] for at in sorted(last)], np.int64)
    measured = parameter is not None and name == parameter.id and bool(registry.measurings(station, name))
    trace, closed = _by_calendar(
        trace_of(times, values, status), SeriesKey(station, name) if measured else None, registry
    )
    return _Series(name, parameter, measured, trace, closed, order)


def _by_calendar(trace: Trace, key: SeriesKey | None, registry: Registry) -> tuple[Trace, NDArray[np.int32]]:
    """Return a trace with what the calendar says in its status, and the reasons that the calendar gives."""
    if key is None:
        return trace, np.zeros(len(trace), np.int32)
    closed = registry.calendar.reasons(key, trace.times)
    return Trace(trace.times, trace.values, status_by_calendar(trace.status, closed)), closed


def _verdicts(station: str, series: Mapping[str, _Series], days: CheckDays, areas: "_Areas") -> dict[str, Verdicts]:
    """Return what the checks say of a station, and the calendar; where its settings change, each part by its own."""
    traces = {name: one.trace for name, one in series.items()}
    learned = {name: _learned(station, one, days) for name, one in series.items()}
    found = {name: _nothing_said(one) for name, one in series.items()}
    for first, last, measured in _parts(station, series, days):
        checks = {name: _checks(one, measured) for name, one in series.items()}
        before, after = (micros_of(one) for one in reach(checks.values()))
        around = {name: trace.part(first - before - 1, last + after) for name, trace in traces.items()}
        assessed = assess_station(around, checks, learned, areas.medians(station, checks))
        for name, verdicts in assessed.items():
            of, inside = _inside(around[name], first, last), _inside(traces[name], first, last)
            found[name].flags[inside], found[name].reasons[inside] = verdicts.flags[of], verdicts.reasons[of]
    for name, one in series.items():
        found[name].flags[(one.closed > 0) & ~np.isnan(one.trace.values)] = Flag.FAIL
        found[name].reasons[:] |= one.closed
    return found


def _inside(trace: Trace, first: int, last: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (trace.times >= first) & (trace.times <= last)
    return inside


def _nothing_said(one: _Series) -> Verdicts:
    return Verdicts(np.full(len(one.trace), Flag.NOT_EVALUATED, np.int8), np.zeros(len(one.trace), np.int32))


def _parts(station: str, series: Mapping[str, _Series], days: CheckDays) -> Iterator[tuple[int, int, Of]]:
    """Yield the parts, both ends in µs, in which the settings of a station are the same."""
    first = min(int(one.trace.times[0]) for one in series.values())
    last = max(int(one.trace.times[-1]) for one in series.values())
    if any(one.measured for one in series.values()):
        yield from days.parts(station, first, last)
    else:
        yield first, last, {}


def _checks(series: _Series, measured: Of) -> Checks:
    if series.measured:
        return measured[series.name]
    return UNKNOWN if series.parameter is None else default_checks(series.parameter, _middle_step(series.trace))


def _middle_step(trace: Trace) -> timedelta | None:
    return timedelta(microseconds=int(np.median(np.diff(trace.times)))) if len(trace) > 1 else None


def _learned(station: str, series: _Series, days: CheckDays) -> dict[int, DayFigures]:
    """Return what each UTC day teaches, by its own settings."""
    trace, found = series.trace, {}
    checks = _checks(series, {}) if not series.measured else UNKNOWN
    for day in np.unique(trace.times // DAY).tolist():
        of = days.at(station, day * DAY + 1)[series.name] if series.measured else checks
        found[day] = day_figures(trace.part(day * DAY - 1, (day + 1) * DAY - 1), of)
    return {day: figures for day, figures in found.items() if figures is not None}


@dataclass(frozen=True)
class _Areas:
    """The configured stations of the file, by area, kind and parameter: what of theirs can be compared with."""

    registry: Registry
    traces: Mapping[tuple[str, str, str], Mapping[str, Trace]]

    def medians(self, station: str, checks: Mapping[str, Checks]) -> dict[str, Trace]:
        """Return for each parameter that asks for it the median of the other stations of the area."""
        found = {}
        for name, one in checks.items():
            asked, known = one.settings.neighbours, self.registry.stations.get(station)
            if asked is not None and known is not None and one.interval is not None:
                there = self.traces.get((known.area, known.kind, name), {})
                others = [trace for other, trace in there.items() if other != station]
                found[name] = median_of(others, one.interval, asked.stations)
        return found


def _areas(stations: Mapping[str, Mapping[str, _Series]], registry: Registry) -> _Areas:
    found: dict[tuple[str, str, str], dict[str, Trace]] = defaultdict(dict)
    for station, series in stations.items():
        for name, one in series.items():
            if one.measured:
                known = registry.stations[station]
                judging = Judging(one.trace, checks_of(registry, station, name))
                found[known.area, known.kind, name][station] = judging.as_trace()
    return _Areas(registry, found)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one parameter the checks flag, and each of them of those with a value."""

    parameter: str
    counts: Mapping[Flag, int]
    by_reason: Mapping[Reason, int]

    @property
    def values(self) -> int:
        """How many lines have a value."""
        return sum(self.counts.values()) - self.counts[Flag.MISSING]

    @property
    def flagged(self) -> int:
        """How many are suspect or fail."""
        return sum(self.counts[flag] for flag in _FLAGGED)

    def share(self, count: int) -> float:
        """Return `count` as a share of those with a value."""
        return count / self.values if self.values else 0.0


def shares(file: ReadingFile, judged: Judged) -> list[Share]:
    """Return how much the checks flag, by parameter, in the order of their names."""
    places: dict[str, list[int]] = defaultdict(list)
    for one in file.series.values():
        places[one.parameter] += one.places
    return [_share(name, judged, np.array(places[name], np.int64)) for name in sorted(places)]


def _share(parameter: str, judged: Judged, places: NDArray[np.int64]) -> Share:
    flags, reasons = judged.flags[places], judged.reasons[places]
    counts = {flag: int((flags == flag).sum()) for flag in Flag}
    found = reasons_in(int(np.bitwise_or.reduce(reasons))) if len(reasons) else []
    return Share(parameter, counts, {reason: int(((reasons & reason) != 0).sum()) for reason in found})
