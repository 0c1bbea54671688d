"""Every part says once a minute that it is there, and at once when its readiness changes; its figures come once a minute."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain import health_fields
from domain.clock import Clock
from domain.moment import micros
from domain.text import Text, pack
from service.health import BEAT_SECONDS, ENDED, Health
from service.parts import Part
from service.stores import Stores
from storage.heartbeats import CONFIGURATION, LAG_SECONDS, PROCESS, REASONS, Heartbeat, beat
from storage.readings import HealthPoint, StoreRefused, StoreUnavailable

log = structlog.get_logger(__name__)


# Every word is a commit.
_SHORTEST_SECONDS = 5.0


@dataclass(slots=True)
class _Said:
    """What a part said last, and when by the machine's own count of seconds."""

    word: dict[str, Any]
    at: float


@dataclass(slots=True)
class Heart:
    """Speaks for the parts of one process. `tick` is to be called about once a second."""

    parts: Sequence[Part]
    stores: Stores
    health: Health
    clock: Clock
    started_at: datetime
    _said: dict[str, _Said] = field(default_factory=dict)
    _figures_at: dict[str, float] = field(default_factory=dict)
    _received: dict[str, tuple[int, float]] = field(default_factory=dict)

    def tick(self) -> None:
        """Say what is due."""
        for part in self.parts:
            word, last, now = _word(part), self._said.get(part.name), time.monotonic()
            if last is None or last.word != word or now - last.at >= self._pause():
                self._said[part.name] = _Said(word, now)
                self._beat(part, word)
            if now - self._figures_at.get(part.name, now - BEAT_SECONDS) >= BEAT_SECONDS:
                self._figures_at[part.name] = now
                self._figures(part)

    def _pause(self) -> float:
        """Return the seconds between two words: on a faster clock, one of a minute ago says nothing of the present."""
        return max(BEAT_SECONDS / max(self.clock.speed, 1.0), _SHORTEST_SECONDS)

    def last(self) -> None:
        """Say that the parts end."""
        for part in self.parts:
            self._beat(part, {REASONS: ENDED})

    def _figures(self, part: Part) -> None:
        try:
            self.stores.readings.write_health(self.clock.now(), list(self._points(part)))
        except (StoreUnavailable, StoreRefused, SQLAlchemyError, OSError) as error:
            log.warning("figures of health not written", part=part.name, why=str(error))

    def _beat(self, part: Part, word: dict[str, Any]) -> None:
        since, now = part.since() or self.started_at, self.clock.now()
        word = {**word, PROCESS: str(os.getpid()), CONFIGURATION: self.health.configuration}
        try:
            if part.name == "ingest":
                word = {**word, LAG_SECONDS: self.health.lag(part.worker).total_seconds()}
            beat(self.stores.engine, Heartbeat(part.name, part.worker, now, since, not word[REASONS], word))
        except (SQLAlchemyError, OSError) as error:
            log.warning("heartbeat not written", part=part.name, why=str(error))

    def _points(self, part: Part) -> Iterator[HealthPoint]:
        if part.name == "ingest":
            yield HealthPoint(
                health_fields.HEALTH, {"part": part.name, "worker": part.worker}, self._of_ingest(part.worker)
            )
        if part.name == "schedule":
            late = self.health.rollups()["late_seconds"]
            yield HealthPoint(
                health_fields.HEALTH,
                {"part": part.name, "worker": part.worker},
                {health_fields.ROLLUPS_LATE_SECONDS: late},
            )
            yield from self._of_stations()

    def _of_ingest(self, worker: str) -> dict[str, Any]:
        journal = self.health.journals()[worker]
        received, now = journal.count(), time.monotonic()
        before, at = self._received.get(worker, (received, now))
        self._received[worker] = (received, now)
        refused = {
            f"{health_fields.QUARANTINE_PREFIX}{reason}": count
            for reason, count in self.health.refusals(worker).items()
        }
        return {
            health_fields.RATE: (received - before) / max(now - at, 1.0),
            health_fields.LAG_SECONDS: self.health.lag().total_seconds(),
            **self.health.messages(),
            **refused,
            health_fields.JOURNAL_BYTES: journal.size(),
            **self._of_room(),
            **self._of_broker(),
        }

    def _of_room(self) -> dict[str, Any]:
        room = self.health.room()
        days = {} if room.days is None else {health_fields.DAYS_UNTIL_FULL: room.days}
        return {health_fields.DISK_FREE_BYTES: room.free, health_fields.KEPT_BYTES: room.kept, **days}

    def _of_broker(self) -> dict[str, Any]:
        broker, readings = self.health.broker(), self.health.readings()
        shown = {health_fields.BROKER_QUEUED: "queued", health_fields.BROKER_HEAP_BYTES: "heap_bytes"}
        return {
            health_fields.READINGS: readings["stored"],
            health_fields.REVISIONS: readings["revised"],
            health_fields.BROKER_THROWN_AWAY: broker["thrown_away"],
            **{field: broker[name] for field, name in shown.items() if name in broker},
        }

    def _of_stations(self) -> Iterator[HealthPoint]:
        for station in self.health.stations():
            if station.heard is not None:
                skew = station.heard.skew
                fields = {
                    health_fields.LAST_MESSAGE: micros(station.heard.heard_at) / 1e6,
                    health_fields.SILENT: int(station.silent),
                    health_fields.CLOCK_OFF: int(station.is_clock_off),
                }
                if skew is not None:
                    fields[health_fields.SKEW_SECONDS] = skew.total_seconds()
                yield HealthPoint(health_fields.STATION, {"station": station.id}, fields)


def _word(part: Part) -> dict[str, Any]:
    """Return what a part has to say of itself."""
    try:
        return {REASONS: [pack(one) for one in part.reasons()], **part.detail()}
    except (SQLAlchemyError, OSError) as error:
        return {REASONS: [pack(Text("Its state cannot be read ({why}).", {"why": type(error).__name__}))]}
