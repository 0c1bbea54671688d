"""The loop that sends what is due: claim → channel → record."""

import os
import secrets
import socket
from datetime import timedelta

import structlog
from sqlalchemy.engine import Engine

from alerts.channels import Channels, DeliveryError
from domain.clock import Clock
from storage import alerting
from storage.alerting import OutboxRow

log = structlog.get_logger(__name__)

# How long after each failed attempt the next one follows; the last pause is repeated.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
GIVE_UP_AFTER = timedelta(hours=24)
# Longer than the longest a channel can take, so that a claim so old is that of a process that died.
_CLAIM_HOLDS = timedelta(minutes=2)
_AT_ONCE = 200


class Deliverer:
    """Sends the outbox. A crash between sending and recording repeats a message, under the same number and id."""

    def __init__(self, engine: Engine, channels: Channels, clock: Clock) -> None:
        """Nothing is sent before the first run."""
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"

    def run(self) -> int:
        """Send what is due; return how many messages were taken by their channel."""
        # Claims are held in real time, whatever the clock.
        claimed_before = self._clock.now() - _CLAIM_HOLDS * max(self._clock.speed, 1.0)
        due = alerting.due_messages(
            self._engine, self._clock.now(), claimed_before=claimed_before, limit=_AT_ONCE
        )  # fmt: skip
        return sum(
            self._send(message)
            for message in due
            if alerting.claim(
                self._engine, message.id, worker=self._worker, now=self._clock.now(), claimed_before=claimed_before
            )
        )

    def _send(self, message: OutboxRow) -> bool:
        try:
            self._channels.send(message)
        except DeliveryError as error:
            self._failed(message, str(error), retry=error.retry)
        except Exception as error:
            # A channel that breaks must not hold up the messages behind this one.
            log.exception("channel broke", number=message.number, channel=message.channel)
            self._failed(message, f"{type(error).__name__}: {error}", retry=True)
        else:
            alerting.mark_sent(self._engine, message.id, worker=self._worker, now=self._clock.now())
            return True
        return False

    def _failed(self, message: OutboxRow, why: str, *, retry: bool) -> None:
        pause = pause_after(message.attempts + 1) if retry else None
        again_at = None if pause is None else self._clock.now() + pause
        alerting.mark_failed(self._engine, message.id, worker=self._worker, error=why[:500], again_at=again_at)
        log.warning(
            "message not delivered", number=message.number, person=message.person, why=why, again_at=again_at
        )  # fmt: skip


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None: a day of trying is over."""
    pauses = [PAUSES[min(attempt, len(PAUSES)) - 1] for attempt in range(1, attempts + 1)]
    return pauses[-1] if sum(pauses, timedelta(0)) <= GIVE_UP_AFTER else None
