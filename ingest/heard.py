"""When stations were last heard, and by how much their clocks are off."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from statistics import median

import msgspec

from domain.moment import micros
from ingest.understand import Understood
from storage.ledger import Heard, Sample

# Of so many minutes the median is taken: a few that were held up on their way do not move it.
_SAMPLES = 31
_MINUTE = 60_000_000


class Hearing:
    """What the pipeline remembers of its stations from batch to batch."""

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self._samples: dict[str, tuple[Sample, ...]] = {}

    def remember(self, samples: Mapping[str, tuple[Sample, ...]]) -> None:
        """Take up what was kept by an earlier run, or what a batch that is now finished has added."""
        self._samples.update(samples)

    def of(self, batch: Iterable[Understood]) -> dict[str, Heard]:
        """Return when each station of `batch` was last heard, with its skew if it has spoken live.

        What was imported does not count as hearing from it, nor does a message of which nothing could be used: a
        station that sends nothing else is as silent as one that sends nothing. Asked again for the same batch it
        answers the same.
        """
        found: dict[str, Heard] = {}
        fresh: dict[str, dict[int, int]] = {}
        for one in batch:
            is_usable = bool(one.readings) or not one.refused
            if one.station is not None and is_usable and not one.imported:
                now = _heard(one)
                found[one.station] = _later(found.get(one.station), now)
                if now.measured_at is not None and _is_live(one):
                    _add(fresh.setdefault(one.station, {}), now.heard_at, now.measured_at)
        for station, minutes in fresh.items():
            found[station] = self._with_skew(station, found[station], minutes)
        return found

    def _with_skew(self, station: str, heard: Heard, fresh: Mapping[int, int]) -> Heard:
        known = dict(self._samples.get(station, ()))
        for minute, least in fresh.items():
            known[minute] = min(least, known.get(minute, least))
        samples = tuple(islice(known.items(), max(len(known) - _SAMPLES, 0), None))
        skew = timedelta(microseconds=round(median(one for _, one in samples)))
        return msgspec.structs.replace(heard, skew=skew, samples=samples)


def samples_of(heard: Mapping[str, Heard]) -> Iterator[tuple[str, tuple[Sample, ...]]]:
    """Yield what is to be remembered of a finished batch."""
    return ((station, one.samples) for station, one in heard.items() if one.samples)


def _add(minutes: dict[int, int], received_at: datetime, measured_at: datetime) -> None:
    """Count a minute of receipt once, by the freshest message in it: what a logger sends again comes all at once."""
    received = micros(received_at)
    skew = received - micros(measured_at)
    minute = received // _MINUTE
    minutes[minute] = min(skew, minutes.get(minute, skew))


def _is_live(one: Understood) -> bool:
    incoming = one.message.incoming
    return incoming.live and not incoming.retained and not incoming.redelivered


def _heard(one: Understood) -> Heard:
    measured_at = max((reading.measured_at for reading in one.readings), default=None)
    return Heard(one.message.received_at, measured_at, None)


def _later(before: Heard | None, now: Heard) -> Heard:
    if before is None:
        return now
    measured = [moment for moment in (before.measured_at, now.measured_at) if moment is not None]
    return Heard(max(before.heard_at, now.heard_at), max(measured, default=None), None)
