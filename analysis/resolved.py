"""What each month of a parameter in an area comes to, from its windows and from those that were outside a limit.

A month's figure is that of its own window; of the month that is running, what its days come to so far. The hours and
days outside a limit are those in which any station of the area was: two stations over at once are one hour.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import fsum, nan
from statistics import mean
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from analysis.rollups import meets
from analysis.trend import Floats
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import LENGTHS, WindowKind, local_midnight

MonthNumber: TypeAlias = int  # year × 12 + month - 1


@dataclass(frozen=True, slots=True)
class Material:
    """Of one series: its days and months, and its hours, 8 hours and days outside what they are held against."""

    series: SeriesKey
    days: Sequence[RollupPoint]
    months: Sequence[RollupPoint] = ()
    outside: Sequence[RollupPoint] = ()
    adds_up: bool = False  # an amount: tonnes


@dataclass(frozen=True, slots=True)
class Month:
    """One local month. `valid` and `expected` are hours (days where a series has no hours), of all stations together.

    `value` is the mean over the stations that have one (of an amount their sum); None where none meets the policy.
    `running`: it is not over, and its figures are of the days so far.
    """

    first: date
    value: float | None
    valid: int
    expected: int
    days_over: int
    hours_over: int
    station_hours_over: int  # an hour in which two stations were over is two of them
    running: bool

    @property
    def share(self) -> float | None:
        """Share of the expected time that is valid."""
        return min(1.0, self.valid / self.expected) if self.expected else None

    @property
    def is_known(self) -> bool:
        """Tell whether anything was measured: where nothing was, no hour outside is no good news."""
        return bool(self.valid or self.days_over or self.hours_over)


@dataclass(frozen=True, slots=True)
class Months:
    """All months of a parameter in an area, the first with data to the running one; `levels` and `shares` for trends.

    `levels` has, for each series, one figure a finished month, `shares` the part of its valid hours (else days)
    outside; NaN where the month does not meet the policy.
    """

    months: tuple[Month, ...]
    levels: tuple[Floats, ...]
    shares: tuple[Floats, ...]
    last_outside: date | None  # local day of the newest window that was outside
    running: MonthNumber

    @property
    def enough(self) -> int:
        """How many finished months have enough valid data for a trend, at one station at least."""
        known = np.isfinite(np.array(self.levels))
        return int(known.any(axis=0).sum()) if known.size else 0

    @property
    def full_months_since(self) -> int | None:
        """How many full months are over since the newest window outside; None where none is on record."""
        return None if self.last_outside is None else max(self.running - number_of(self.last_outside) - 1, 0)

    @property
    def unknown_since(self) -> int:
        """How many of these full months nothing was measured in."""
        last = self.last_outside
        return sum(1 for one in self.months if last and one.first > last and not one.running and not one.is_known)


def number_of(day: date) -> MonthNumber:
    """Return the number of the month that holds `day`."""
    return day.year * 12 + day.month - 1


def first_of(month: MonthNumber) -> date:
    """Return the first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def days_in(month: MonthNumber) -> int:
    """Return how many days a month has."""
    return (first_of(month + 1) - first_of(month)).days


def local_day(point: RollupPoint, zone: ZoneInfo) -> date:
    """Return the local day to which a window belongs: 24:00 is the end of the day that is over."""
    start = local_midnight(point.mark, zone) if point.kind in LENGTHS else point.mark
    return start.astimezone(zone).date()


def figure_of(days: Iterable[RollupPoint], capture: float, *, adds_up: bool) -> tuple[float | None, int]:
    """Return the figure of several days, and how many of them enter it: the mean of those that meet the policy.

    Of a sum all days are added up. Exact, and rounded once: the same days give the same figure wherever it is made.
    """
    values = [
        one.value for one in days if one.value is not None and (adds_up or meets(one.valid, one.expected, capture))
    ]
    if not values:
        return None, 0
    return (fsum(values) if adds_up else mean(values)), len(values)


def months_of(materials: Sequence[Material], now: datetime, zone: ZoneInfo, capture: float) -> Months:
    """Return the months of the series of one parameter in one area, up to the one that is running at `now`."""
    running = number_of(now.astimezone(zone).date())
    series = [_Series(one, zone, capture, running) for one in materials]
    begun = [min(one.numbers) for one in series if one.numbers]
    span = range(min(begun), running + 1) if begun else range(0)
    # A month that has begun without a day being over says nothing yet.
    shown = span if any(running in one.days for one in series) else span[:-1]
    outside = [(local_day(point, zone), point) for one in materials for point in one.outside]
    hours = [(day, point) for day, point in outside if point.kind is WindowKind.HOUR]
    over = (
        _counted({day for day, _ in outside}),
        _counted(day for day, _ in {(day, point.mark) for day, point in hours}),
        _counted(day for day, _ in hours),
    )
    return Months(
        months=tuple(_with_silence([_month(number, series, over, running) for number in shown], series)),
        levels=tuple(one.figures(span[:-1], one.level) for one in series),
        shares=tuple(one.figures(span[:-1], one.part_outside) for one in series),
        last_outside=max((day for day, _ in outside), default=None),
        running=running,
    )


def _counted(days: Iterable[date]) -> Mapping[MonthNumber, int]:
    found: dict[MonthNumber, int] = {}
    for day in days:
        found[number_of(day)] = found.get(number_of(day), 0) + 1
    return found


def _month(
    number: MonthNumber, series: Sequence["_Series"], over: tuple[Mapping[MonthNumber, int], ...], running: MonthNumber
) -> Month:
    values = [value for one in series if (value := one.value(number)) is not None]
    adds_up = any(one.adds_up for one in series)
    return Month(
        first=first_of(number),
        value=None if not values else fsum(values) if adds_up else mean(values),
        valid=sum(one.counts(number)[0] for one in series),
        expected=sum(one.counts(number)[1] for one in series),
        days_over=over[0].get(number, 0),
        hours_over=over[1].get(number, 0),
        station_hours_over=over[2].get(number, 0),
        running=number == running,
    )


def _with_silence(months: Iterable[Month], series: Sequence["_Series"]) -> Iterator[Month]:
    """Yield the months; one of which nothing at all is known was to be expected as the last one before it."""
    usual = 0
    for month in months:
        number = number_of(month.first)
        if month.expected:
            usual = sum(one.usual for one in series if number in one.days)
            yield month
        else:
            yield month if month.running else replace(month, expected=days_in(number) * usual)


class _Series:
    """The days of one series by month."""

    def __init__(self, material: Material, zone: ZoneInfo, capture: float, running: MonthNumber) -> None:
        self.adds_up, self._capture, self._running = material.adds_up, capture, running
        self.days: dict[MonthNumber, list[RollupPoint]] = {}
        for point in material.days:
            self.days.setdefault(number_of(local_day(point, zone)), []).append(point)
        self._months = {number_of(local_day(one, zone)): one for one in material.months}
        self.usual = max((point.expected for point in material.days), default=0)
        has_hours = any(point.kind is WindowKind.HOUR for point in material.outside)
        self._outside = _counted(
            local_day(point, zone)
            for point in material.outside
            if point.kind is (WindowKind.HOUR if has_hours else WindowKind.DAY)
        )
        self._in_hours = has_hours

    @property
    def numbers(self) -> set[MonthNumber]:
        """The months of which there is anything."""
        return {*self.days, *self._months}

    def value(self, number: MonthNumber) -> float | None:
        """Return the figure of a month, whatever it rests on."""
        if number == self._running:
            return figure_of(self.days.get(number, ()), self._capture, adds_up=self.adds_up)[0]
        month = self._months.get(number)
        return None if month is None else month.value

    def _is_enough(self, number: MonthNumber) -> bool:
        month = self._months.get(number)
        return month is not None and month.value is not None and bool(meets(month.valid, month.expected, self._capture))

    def counts(self, number: MonthNumber) -> tuple[int, int]:
        """Return what was valid of what was to be expected; a day of which nothing is known was to be expected too."""
        days = self.days.get(number, [])
        missing = 0 if not days or number == self._running else days_in(number) - len(days)
        return sum(one.valid for one in days), sum(one.expected for one in days) + missing * self.usual

    def level(self, number: MonthNumber) -> float:
        """Return the figure of a month for the trend: NaN where it does not meet the policy."""
        value = self.value(number)
        return value if value is not None and self._is_enough(number) else nan

    def part_outside(self, number: MonthNumber) -> float:
        """Return the part of a month's valid hours, else of its days, that was outside."""
        if not self._is_enough(number):
            return nan
        days = self.days.get(number, [])
        valid = sum(one.valid for one in days) if self._in_hours else sum(1 for one in days if one.value is not None)
        return self._outside.get(number, 0) / max(valid, 1)

    def figures(self, span: range, of: Callable[[MonthNumber], float]) -> Floats:
        """Return a figure of each month."""
        return np.array([of(number) for number in span], np.float64)
