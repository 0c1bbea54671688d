"""What happens in the demonstration besides the ordinary: the incident, and the troubles that every network knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

OUTFALL = "NT-DH1-03"
QUIET_STATION = "NM-LH-02"
CONFUSED_STATION = "RR-TH-01"
BROKEN_STATION = "KB-TH-01"

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

# COD of each hour since the script began. The shipped rule opens an alert after two hours above 135 mg/L and closes it
# after two at or below 121.5; the whole of it fits into eight hours, two minutes of the machine's at 240×.
_COD = {1: 149.0, 2: 171.0, 3: 162.0}
_COD_ENDS = 4  # from this hour on the level is as it always was


@dataclass(frozen=True, slots=True)
class Script:
    """The troubles, by the time since `began` (a full hour); the incident comes again every day."""

    began: datetime

    def hour(self, moment: datetime) -> int | None:
        """Return the hour of the script's day in whose window `moment` is; None before it began."""
        since = moment - self.began
        # A stamp is the end of what it averages, so the full hour belongs to the hour before.
        return None if since <= timedelta(0) else int(((since - timedelta(seconds=1)) % _DAY) / _HOUR)

    def cod(self, station: str, moment: datetime, ordinary: float) -> float:
        """Return the COD that the outfall publishes: high in the hours of the incident."""
        level = _COD.get(self.hour(moment) or 0) if station == OUTFALL else None
        return ordinary if level is None else round(level + 0.5 * (ordinary - 92), 1)

    def is_cut_off(self, station: str, moment: datetime) -> bool:
        """Tell whether the station's line is down; afterwards its logger sends all of it, oldest first."""
        hour = self.hour(moment)
        return station == QUIET_STATION and hour is not None and 5 <= hour < 9

    def speaks_another_unit(self, station: str, moment: datetime) -> bool:
        """Tell whether the message names a unit that nobody knows: it goes to quarantine, not into the figures."""
        return station == CONFUSED_STATION and self.hour(moment) in {1, 7} and moment.minute == 30

    def is_garbled(self, station: str, moment: datetime) -> bool:
        """Tell whether half of the message is lost on the way."""
        return station == BROKEN_STATION and self.hour(moment) in {0, 4, 12} and moment.minute == 20

    def calibrates(self, station: str, moment: datetime) -> bool:
        """Tell whether the outfall's instrument is being calibrated: status 01, which counts for nothing."""
        return station == OUTFALL and self.hour(moment) == 10 and moment.minute < 30


def incident_hours() -> tuple[int, int]:
    """Return the hours of the script's day at which the level rises and at which it is back."""
    return min(_COD), _COD_ENDS
