"""Real recordings of other places, moved to the demonstration's time: whole days, so that the hour of day is kept."""

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from io import StringIO
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Recording:
    """What one place measured: by parameter, day and time of day. `units` are those of the recording."""

    days: tuple[date, ...]
    values: Mapping[tuple[date, time], Mapping[str, float | None]]
    units: Mapping[str, str]

    def at(self, moment: datetime, anchor: date, zone: ZoneInfo) -> Mapping[str, float | None]:
        """Return what is published for `moment`; the recording's first day is played on the local date `anchor`.

        Empty where the recording has nothing at that time of day.
        """
        local = moment.astimezone(zone)
        day = self.days[(local.date() - anchor).days % len(self.days)]
        return self.values.get((day, local.time()), {})


_AIR = dict.fromkeys(("pm25", "pm10", "so2", "no2", "co", "o3"), "ug/m3")
_WATER = {"water_temperature": "degC", "ph": "", "dissolved_oxygen": "mg/L", "turbidity": "NTU",
          "specific_conductance": "uS/cm"}  # fmt: skip
_ESTUARY = {**_WATER, "specific_conductance": "mS/cm"}

# Which station plays which recording: its file, the place in it, and the units of its columns.
PLAYED: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "KK-DH1-01": ("beijing", "beijing-aotizhongxin", _AIR),
    "KK-XA-01": ("beijing", "beijing-shunyi", _AIR),
    "KK-LH-01": ("beijing", "beijing-guanyuan", _AIR),
    "KK-HN-01": ("beijing", "beijing-changping", _AIR),
    "KK-BL-01": ("beijing", "beijing-huairou", _AIR),
    "KK-LA-01": ("beijing", "beijing-dongsi", _AIR),
    "NM-HN-01": ("logan_river", "lro-main-street", _WATER),
    "NM-BL-01": ("logan_river", "lro-franklin-basin", _WATER),
    "NM-LH-02": ("apalachicola", "nerrs-apacp", _ESTUARY),
    "NM-CD-01": ("apalachicola", "nerrs-apacp", _ESTUARY),
}


def recording_of(station: str) -> Recording | None:
    """Return the recording that `station` plays, None if it plays none."""
    if station not in PLAYED:
        return None
    file, place, units = PLAYED[station]
    values = _places(file)[place]
    return Recording(tuple(sorted({day for day, _ in values})), values, units)


@cache
def _places(file: str) -> dict[str, dict[tuple[date, time], dict[str, float | None]]]:
    packed = (files("service.demo.recordings") / f"{file}.csv.gz").read_bytes()
    places: dict[str, dict[tuple[date, time], dict[str, float | None]]] = {}
    for row in csv.DictReader(StringIO(gzip.decompress(packed).decode())):
        moment = datetime.fromisoformat(row.pop("local_time"))
        values = {name: float(value) if value else None for name, value in row.items() if name != "station"}
        places.setdefault(row["station"], {})[moment.date(), moment.time()] = values
    return places


def moments_between(after: datetime, until: datetime, interval: timedelta) -> list[datetime]:
    """Return the full multiples of `interval` (since 1970) with `after < moment ≤ until`."""
    step = int(interval.total_seconds())
    first = int(after.timestamp()) // step + 1
    last = int(until.timestamp()) // step
    return [datetime.fromtimestamp(number * step, after.tzinfo) for number in range(first, last + 1)]
