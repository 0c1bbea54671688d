"""The loop that sends what is due: claim → channel → record."""

import os
import socket
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.engine import Engine, Row

from alerts.channels import Channels, DeliveryError
from domain.clock import Clock
from domain.moment import micros, moment
from storage import alerting

log = structlog.get_logger(__name__)

# How long after each failed attempt the next follows; the last pause is repeated until GIVE_UP_AFTER.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
GIVE_UP_AFTER = timedelta(hours=24)
# A claim of a process that died is free again after this.
CLAIM_HOLDS = timedelta(minutes=5)


class Deliverer:
    """Sends the outbox. A crash between sending and recording repeats a message, under the same number."""

    def __init__(self, engine: Engine, channels: Channels, clock: Clock) -> None:
        """Nothing is sent before the first run."""
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._worker = f"{socket.gethostname()}:{os.getpid()}"[:80]

    def run(self) -> int:
        """Send what is due; return how many were sent."""
        now = self._clock.now()
        stale = now - CLAIM_HOLDS * self._clock.speed
        sent = 0
        for message in alerting.due(self._engine, now, stale):
            if alerting.claim(self._engine, message.id, worker=self._worker, now=now, stale=stale):
                sent += self._send(message)
        return sent

    def _send(self, message: Row[Any]) -> bool:
        now = micros(self._clock.now())
        try:
            self._channels.send(message)
        except DeliveryError as error:
            self._failed(message, error)
            return False
        alerting.settle(
            self._engine, message.id, {"state": "sent", "sent_at": now, "attempts": message.attempts + 1, "error": None}
        )
        return True

    def _failed(self, message: Row[Any], error: DeliveryError) -> None:
        now, attempts = self._clock.now(), message.attempts + 1
        pause = PAUSES[min(attempts, len(PAUSES)) - 1]
        hopeless = not error.retry or now + pause - moment(message.made_at) > GIVE_UP_AFTER
        values: dict[str, Any] = {"attempts": attempts, "error": str(error), "due_at": micros(now + pause)}
        if hopeless:
            values["state"] = "given_up"
        log.warning(
            "message not delivered", number=message.number, person=message.person, why=str(error), given_up=hopeless
        )
        alerting.settle(self._engine, message.id, values)
