"""Windows of time that an average stands for: `start < moment ≤ end`, named by their end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)

# On which (month, day) a season begins, in the order of the year.
SeasonStarts: TypeAlias = Sequence[tuple[int, int]]


class WindowKind(StrEnum):
    """The averaging windows. `hour8` and `hour24` are rolling and end at every full hour; the others follow the calendar."""

    HOUR = "hour"
    HOUR8 = "hour8"
    HOUR24 = "hour24"
    DAY = "day"
    MONTH = "month"
    SEASON = "season"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Window:
    """After `start`, up to and including `end`: a stamp is the end of what it averages. Both aware, in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether `moment` is in the window."""
        return self.start < moment <= self.end


# Where clocks are set back in autumn.
LONGEST_DAY = timedelta(hours=25)
LENGTHS = {WindowKind.HOUR: HOUR, WindowKind.HOUR8: 8 * HOUR, WindowKind.HOUR24: 24 * HOUR}
# Windows of whole local days that are made of days.
LONG = (WindowKind.MONTH, WindowKind.SEASON, WindowKind.YEAR)
# Nothing is longer; a season is a year long where there is one only.
_LONGEST = {WindowKind.DAY: LONGEST_DAY, WindowKind.MONTH: timedelta(days=32)}
_A_YEAR = timedelta(days=367)


def hour_end(moment: datetime) -> datetime:
    """Return the end of the full hour (UTC) that holds `moment`; a full hour ends itself."""
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + HOUR


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the local day that holds `moment`: `midnight < moment ≤ next midnight` (labels 01:00–24:00)."""
    local = moment.astimezone(zone)
    return local.date() - timedelta(days=local.time() == time(0))


def local_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the local midnight at which the local day holding `moment` begins.

    Midnight itself belongs to the day before.
    """
    return _midnight(local_day(moment, zone), zone)


def next_midnight(midnight: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the local midnight one local day after `midnight` (23, 24 or 25 hours later)."""
    return _midnight(midnight.astimezone(zone).date() + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def window_of_mark(kind: WindowKind, mark: datetime, zone: ZoneInfo, seasons: SeasonStarts = ()) -> Window:
    """Return the window whose time mark in the stores is `mark`.

    hour, hour8 and hour24 are marked by their end; day, month, season and year by the local midnight at which they
    begin, so that Grafana shows them under their own date. A season needs to know when `seasons` begin.
    """
    if kind in LENGTHS:
        return Window(mark - LENGTHS[kind], mark)
    after = _following(kind, mark.astimezone(zone).date(), seasons)
    return Window(mark, _midnight(after, zone))


def windows_touched(
    kind: WindowKind, span: Window, zone: ZoneInfo, seasons: SeasonStarts = ()
) -> Iterator[Window]:  # fmt: skip
    """Yield, in order, every window of `kind` that holds a moment of `span` (`span.start` itself is outside)."""
    if kind in LENGTHS:
        yield from _rolling(LENGTHS[kind], span)
    elif kind is not WindowKind.SEASON or seasons:
        first = _beginning(kind, local_day(span.start + timedelta(microseconds=1), zone), seasons)
        start = _midnight(first, zone)
        while start < span.end:
            first = _following(kind, first, seasons)
            end = _midnight(first, zone)
            yield Window(start, end)
            start = end


def _rolling(length: timedelta, span: Window) -> Iterator[Window]:
    end = hour_end(span.start + timedelta(microseconds=1))
    last = hour_end(span.end) + length - HOUR
    while end <= last:
        yield Window(end - length, end)
        end += HOUR


def _beginning(kind: WindowKind, day: date, seasons: SeasonStarts) -> date:
    """Return the first day of the window of whole days that holds `day`."""
    if kind is WindowKind.DAY:
        return day
    if kind is WindowKind.SEASON:
        return max(one for one in _season_starts(day.year - 1, day.year, seasons) if one <= day)
    return day.replace(day=1, month=day.month if kind is WindowKind.MONTH else 1)


def _following(kind: WindowKind, first: date, seasons: SeasonStarts) -> date:
    """Return the first day of the window after the one that begins on `first`."""
    if kind is WindowKind.DAY:
        return first + timedelta(days=1)
    if kind is WindowKind.SEASON:
        return min(one for one in _season_starts(first.year, first.year + 1, seasons) if one > first)
    if kind is WindowKind.YEAR or first.month == 12:
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)


def _season_starts(year: int, other: int, seasons: SeasonStarts) -> list[date]:
    return [date(one, month, day) for one in (year, other) for month, day in seasons]


def mark_of(kind: WindowKind, window: Window) -> datetime:
    """Return the time mark under which the stores keep `window` (see `window_of_mark`)."""
    return window.end if kind in LENGTHS else window.start


def marks_ending_in(kind: WindowKind, span: Window) -> Window:
    """Return where the marks of all windows lie that end in `span`, of days and longer ones also of some before."""
    if kind in LENGTHS:
        return span
    length = _LONGEST.get(kind, _A_YEAR)
    # What reaches back to the beginning of time has nothing before it.
    earliest = datetime.min.replace(tzinfo=UTC)
    start = span.start - length if span.start - earliest > length else span.start
    return Window(start, span.end)
