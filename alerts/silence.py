"""Is a station silent, and can we tell at all? Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.text import Text, unpack
from storage.heartbeats import BACKLOG_DONE, LAG_SECONDS, REASONS, Heartbeat

# A part says once a minute of real time that it is there; three words missed are an end.
_BEAT = timedelta(seconds=60)
_MISSED = 3
# A worker that has not said anything for so long has been taken out of service, if others still speak.
_GONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sight:
    """How far we see. `until`: everything received up to then has been processed. `since`: listening without a break.

    `blind` says why we do not see, None where we do.
    """

    until: datetime
    since: datetime
    blind: Text | None


@dataclass(frozen=True, slots=True)
class Speed:
    """How much of the clock's time passes in what the machine measures in real time."""

    factor: float

    def of(self, real: timedelta) -> timedelta:
        """Return how much time the clock shows for `real`; a clock slower than the machine's changes nothing."""
        return real * max(self.factor, 1.0)


def sight(beats: Iterable[Heartbeat], now: datetime, speed: Speed, seeing_since: datetime | None) -> Sight:
    """Tell how far we see by what the workers of ingest last said; `seeing_since`: since when this has been so."""
    of_ingest = [one for one in beats if one.part == "ingest"]
    recent = [one for one in of_ingest if now - one.at <= speed.of(_GONE)] or of_ingest
    if not recent:
        return Sight(now, now, Text("Nothing takes messages in: the part ingest does not run."))
    blind = next((why for one in recent if (why := _why_blind(one, now, speed)) is not None), None)
    since = max(one.started_at for one in recent)
    until = min(one.at - _lag(one) for one in recent)
    return Sight(until, max(since, seeing_since or since), blind)


def _why_blind(one: Heartbeat, now: datetime, speed: Speed) -> Text | None:
    if now - one.at > speed.of(_BEAT * _MISSED):
        return Text("Nothing takes messages in: the part ingest does not run.")
    if not one.ready:
        return Text("{reasons}", {"reasons": [unpack(reason) for reason in one.detail[REASONS]]})
    if not one.detail.get(BACKLOG_DONE, True):
        return Text("The broker is still handing over what piled up.")
    return None


def _lag(one: Heartbeat) -> timedelta:
    return timedelta(seconds=float(one.detail.get(LAG_SECONDS, 0.0)))


class Hearing(StrEnum):
    """How a station is heard."""

    HEARD = "heard"
    SILENT = "silent"
    BACK = "back"  # was silent, and has said something since
    UNKNOWN = "unknown"  # we have not listened for long enough to tell


@dataclass(frozen=True, slots=True)
class Silence:
    """The verdict on a station, and since when nothing has come."""

    hearing: Hearing
    since: datetime


def silence(heard_at: datetime | None, seen: Sight, allowed: timedelta, silent_since: datetime | None) -> Silence:
    """Judge a station that was last heard at `heard_at`; `silent_since`: it counts as silent since then.

    Only time in which we listened counts. A station never heard has been silent since we began to listen.
    """
    if silent_since is not None:
        if heard_at is not None and heard_at > silent_since:
            return Silence(Hearing.BACK, heard_at)
        return Silence(Hearing.SILENT, silent_since)
    quiet_since = seen.since if heard_at is None else max(heard_at, seen.since)
    if seen.blind is not None:
        return Silence(Hearing.UNKNOWN, quiet_since)
    if seen.until - quiet_since <= allowed:
        return Silence(Hearing.HEARD, quiet_since)
    return Silence(Hearing.SILENT, heard_at or seen.since)
