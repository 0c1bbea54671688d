"""The calendar of maintenance as spans of each series, in UTC: `after < moment ≤ until`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.flag import Reason
from domain.moment import micros
from domain.reading import SeriesKey, Status
from registry.schema import Maintenance, Station

_REASON = {Status.CALIBRATING: Reason.MAINTENANCE, Status.FAULT: Reason.FAULT_CALENDAR}
_STATUS = {"calibrating": Status.CALIBRATING, "fault": Status.FAULT}


class Closed(NamedTuple):
    """A span, in µs, in which a series does not measure, and who says so."""

    series: SeriesKey
    after: int
    until: int
    status: Status
    who: str
    why: str


@dataclass(frozen=True)
class Calendar:
    """When which series do not measure. Where two entries meet, a fault goes before a calibration."""

    spans: Mapping[SeriesKey, tuple[Closed, ...]]

    @classmethod
    def of(cls, entries: Iterable[Maintenance], stations: Mapping[str, Station], zone: ZoneInfo) -> "Calendar":
        """Return the calendar that `entries` make; their local times are of `zone` where they name no other."""
        found: dict[SeriesKey, tuple[Closed, ...]] = {}
        for entry in entries:
            for one in _closed(entry, stations, zone):
                found[one.series] = (*found.get(one.series, ()), one)
        return cls(found)

    def of_series(self, series: SeriesKey) -> tuple[Closed, ...]:
        """Return the spans of a series."""
        return self.spans.get(series, ())

    def reasons(self, series: SeriesKey, times: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return, for each of `times` (µs), MAINTENANCE or FAULT_CALENDAR where the series does not measure, else 0."""
        found = np.zeros(len(times), np.int32)
        for one in sorted(self.of_series(series), key=lambda closed: closed.status):
            found[(times > one.after) & (times <= one.until)] = _REASON[one.status]
        return found


def reason_at(spans: Iterable[Closed], at: datetime) -> Reason:
    """Return what `Calendar.reasons` does, of one moment in the spans of its series."""
    place = micros(at)
    holding = [one.status for one in spans if one.after < place <= one.until]
    return _REASON[max(holding)] if holding else Reason.NONE


def _closed(entry: Maintenance, stations: Mapping[str, Station], zone: ZoneInfo) -> Iterator[Closed]:
    own = ZoneInfo(entry.timezone) if entry.timezone is not None else zone
    after, until = (micros(local.replace(tzinfo=own).astimezone(UTC)) for local in (entry.start, entry.end))
    for station in stations.values():
        if station.id in entry.stations or (entry.facility is not None and station.facility == entry.facility):
            for parameter in station.measures:
                if not entry.parameters or parameter in entry.parameters:
                    status = _STATUS[entry.status]
                    yield Closed(SeriesKey(station.id, parameter), after, until, status, entry.who, entry.why)
