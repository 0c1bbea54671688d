"""Time in calibration and at fault by month: of facilities, stations or single parameters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.status_share import StatusShare, hours_of, status_shares
from domain.month import Month
from domain.reading import SeriesKey
from registry.lookup import Registry
from storage.readings import ReadingStore

BY = ("facility", "station", "parameter")
COLUMNS = (
    "month", "facility", "station", "parameter", "hours", "calibrating_hours", "fault_hours", "calibrating_share",
    "fault_share",
)  # fmt: skip

Key = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which months, `by` what they are summed up, and of which facility or station (None: all)."""

    months: Sequence[Month]
    by: str
    facility: str | None = None
    station: str | None = None

    def series(self, registry: Registry) -> list[SeriesKey]:
        """Return the series that are wanted; by facility, those of stations that have one. What is computed is none."""
        return [
            SeriesKey(one.id, parameter)
            for one in registry.stations.values()
            if self.station in {None, one.id} and self.facility in {None, one.facility}
            if self.by != "facility" or one.facility is not None
            for parameter in registry.measured(one.id)
        ]

    def key(self, series: SeriesKey, registry: Registry) -> Key:
        """Return under what a series is summed up."""
        facility = registry.stations[series.station].facility
        return {
            "facility": (facility, None, None), "station": (facility, series.station, None),
            "parameter": (facility, *series),
        }[self.by]  # fmt: skip


def rows(
    wanted: Wanted,
    registry: Registry,
    store: ReadingStore,
    told: Callable[[int, int], object] = lambda _done, _of: None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each month and what it is summed up by. Raises StoreUnavailable."""
    series = wanted.series(registry)
    for place, month in enumerate(wanted.months):
        sums: dict[Key, StatusShare] = {}
        for done, (one, share) in enumerate(status_shares(store, series, month, registry.zone), 1):
            key = wanted.key(one, registry)
            sums[key] = sums.get(key, StatusShare()) + share
            told(place * len(series) + done, len(wanted.months) * len(series))
        yield from (_row(month, key, share) for key, share in sums.items() if share.time)


def _row(month: Month, key: Key, share: StatusShare) -> dict[str, Any]:
    facility, station, parameter = key
    return {
        "month": str(month), "facility": facility, "station": station, "parameter": parameter, **hours_of(share),
    }  # fmt: skip
