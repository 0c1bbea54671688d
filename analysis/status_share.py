"""How much of a month an instrument was calibrating (status 01) or at fault (02), from the counts of its windows.

Calibration raises nothing, so it must not be a way to hide: whoever looks at a facility sees how long it lasted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import HOUR, Window, WindowKind, local_day, window_of_mark
from storage.readings import ReadingStore

# So many series' months are held in memory at once.
_TOGETHER = 50
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class StatusShare:
    """Of how much `time` there are windows, and how much of it was spent `calibrating` or at `fault`."""

    time: timedelta = _NONE
    calibrating: timedelta = _NONE
    fault: timedelta = _NONE

    def __add__(self, other: "StatusShare") -> "StatusShare":
        """Return both together: of two instruments, the time of each counts."""
        return StatusShare(
            self.time + other.time, self.calibrating + other.calibrating, self.fault + other.fault
        )  # fmt: skip

    @property
    def calibrating_share(self) -> float | None:
        """Share of the time in calibration; None where nothing is known."""
        return self.calibrating / self.time if self.time else None

    @property
    def fault_share(self) -> float | None:
        """Share of the time at fault; None where nothing is known."""
        return self.fault / self.time if self.time else None


def share_of(hours: Iterable[RollupPoint], days: Iterable[RollupPoint], zone: ZoneInfo) -> StatusShare:
    """Return the share of a series from its hours, and from those days of which there are none.

    An irregular series expects no readings, so none of its time can be told apart.
    """
    hours = list(hours)
    made_of_hours = {local_day(one.mark, zone) for one in hours}
    rest = (one for one in days if one.mark.astimezone(zone).date() not in made_of_hours)
    return sum((_of(one, zone) for one in (*hours, *rest) if one.expected), StatusShare())


def _of(point: RollupPoint, zone: ZoneInfo) -> StatusShare:
    window = window_of_mark(point.kind, point.mark, zone)
    time = window.end - window.start
    # A sensor may speak more often than its interval says: then the share of what it said counts.
    said = max(point.expected, point.valid + point.calibrating + point.fault)
    return StatusShare(time, time * (point.calibrating / said), time * (point.fault / said))


def status_shares(
    store: ReadingStore, keys: Sequence[SeriesKey], month: Month, zone: ZoneInfo
) -> Iterator[tuple[SeriesKey, StatusShare]]:
    """Yield the share of each series in a local month, up to what is rolled of it. Raises StoreUnavailable."""
    whole = month.window(zone)
    first_day = Window(whole.start - HOUR, whole.end - HOUR)  # days are marked by their beginning
    for begin in range(0, len(keys), _TOGETHER):
        some = keys[begin : begin + _TOGETHER]
        hours = store.read_rollups(WindowKind.HOUR, some, whole)
        days = store.read_rollups(WindowKind.DAY, some, first_day)
        yield from ((key, share_of(hours[key], days[key], zone)) for key in some)


def hours_of(share: StatusShare) -> dict[str, float | None]:
    """Return the figures of a share as lists have them, in hours."""
    return {
        "hours": share.time / HOUR, "calibrating_hours": share.calibrating / HOUR,
        "fault_hours": share.fault / HOUR, "calibrating_share": share.calibrating_share,
        "fault_share": share.fault_share,
    }  # fmt: skip
