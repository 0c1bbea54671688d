"""Windows of time that an average stands for: `start < moment ≤ end`, named by their end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


class WindowKind(StrEnum):
    """The averaging windows. `hour8` and `hour24` are rolling and end at every full hour; `day` is the local day."""

    HOUR = "hour"
    HOUR8 = "hour8"
    HOUR24 = "hour24"
    DAY = "day"


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


def hour_end(moment: datetime) -> datetime:
    """Return the end of the full hour (UTC) that holds `moment`; a full hour ends itself."""
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + HOUR


def local_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the local midnight at which the local day holding `moment` begins.

    The day is `midnight < moment ≤ next midnight` (labels 01:00–24:00), so midnight itself belongs to the day before.
    """
    local = moment.astimezone(zone)
    day = local.date()
    if local.time() == time(0):
        day -= timedelta(days=1)
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def local_day(end: datetime, zone: ZoneInfo) -> date:
    """Return the local date of a window that ends at `end`, by whose law it is judged: at midnight, the day that is over."""
    return local_midnight(end, zone).astimezone(zone).date()


def next_midnight(midnight: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the local midnight one local day after `midnight` (23, 24 or 25 hours later)."""
    day = midnight.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def window_of_mark(kind: WindowKind, mark: datetime, zone: ZoneInfo) -> Window:
    """Return the window whose time mark in the stores is `mark`.

    hour, hour8 and hour24 are marked by their end; a day by the local midnight at which it begins, so that Grafana
    shows it under its own date.
    """
    if kind is WindowKind.DAY:
        return Window(mark, next_midnight(mark, zone))
    return Window(mark - LENGTHS[kind], mark)


def windows_touched(kind: WindowKind, span: Window, zone: ZoneInfo) -> Iterator[Window]:
    """Yield, in order, every window of `kind` that holds a moment of `span` (`span.start` itself is outside)."""
    if kind is WindowKind.DAY:
        start = local_midnight(span.start + timedelta(microseconds=1), zone)
        while start < span.end:
            end = next_midnight(start, zone)
            yield Window(start, end)
            start = end
        return
    length = LENGTHS[kind]
    end = hour_end(span.start + timedelta(microseconds=1))
    last = hour_end(span.end) + length - HOUR
    while end <= last:
        yield Window(end - length, end)
        end += HOUR


def mark_of(kind: WindowKind, window: Window) -> datetime:
    """Return the time mark under which the stores keep `window` (see `window_of_mark`)."""
    return window.start if kind is WindowKind.DAY else window.end
