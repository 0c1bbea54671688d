"""Every part says once a minute that it is there, and at once when its readiness changes; so do its figures."""

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
from storage.heartbeats import Heartbeat, beat
from storage.readings import HealthPoint, StoreRefused, StoreUnavailable

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Said:
    """What a part said last, and when by the machine's own count of seconds."""

    reasons: list[Any]
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
    _received: dict[str, tuple[int, float]] = field(default_factory=dict)

    def tick(self) -> None:
        """Say what is due."""
        for part in self.parts:
            try:
                reasons = [pack(one) for one in part.reasons()]
            except (SQLAlchemyError, OSError) as error:
                reasons = [pack(Text("Its state cannot be read ({why}).", {"why": type(error).__name__}))]
            last = self._said.get(part.name)
            minute_over = last is None or time.monotonic() - last.at >= BEAT_SECONDS
            if last is None or last.reasons != reasons or minute_over:
                self._say(part, reasons, with_figures=minute_over)

    def last(self) -> None:
        """Say that the parts end."""
        for part in self.parts:
            self._beat(part, ENDED)

    def _say(self, part: Part, reasons: list[Any], *, with_figures: bool) -> None:
        self._said[part.name] = _Said(reasons, time.monotonic())
        self._beat(part, reasons)
        if not with_figures:
            return
        try:
            self.stores.readings.write_health(self.clock.now(), list(self._points(part)))
        except (StoreUnavailable, StoreRefused, SQLAlchemyError, OSError) as error:
            log.warning("figures of health not written", part=part.name, why=str(error))

    def _beat(self, part: Part, reasons: list[Any]) -> None:
        since = part.since() or self.started_at
        word = Heartbeat(part.name, part.worker, self.clock.now(), since, not reasons, {"reasons": reasons})
        try:
            beat(self.stores.engine, word)
        except SQLAlchemyError as error:
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
            health_fields.DISK_FREE_BYTES: self.health.disk_free(),
        }

    def _of_stations(self) -> Iterator[HealthPoint]:
        for station in self.health.stations():
            if station.heard is not None:
                skew = station.heard.skew
                fields = {
                    health_fields.LAST_MESSAGE: micros(station.heard.heard_at) / 1e6,
                    health_fields.SILENT: int(station.silent),
                }
                if skew is not None:
                    fields[health_fields.SKEW_SECONDS] = skew.total_seconds()
                yield HealthPoint(health_fields.STATION, {"station": station.id}, fields)
