"""Whether somebody else connects to the broker under our client id: the session goes to whoever came last."""

import time
from collections import deque

import structlog

from domain.text import Text

log = structlog.get_logger(__name__)

# As MQTT 5 words its reason 0x8E. Mosquitto 2.0.11 closes the connection without a word, and 3.1.1 has none for it: then
# it is known only by the broker's taking us again at once, time after time.
_TAKEN_OVER = "session taken over"
_OFTEN = 3
_WITHIN_SECONDS = 60.0
# So long after the last time it is said to people; the log hears of it once a minute.
_RECENT_SECONDS = 300.0
_SAID_SECONDS = 60.0


class Rivals:
    """Counts how often the connection was closed though the broker is there."""

    def __init__(self, client_id: str) -> None:
        """Nothing has been lost yet."""
        self._client_id = client_id
        self._lost: deque[float] = deque(maxlen=_OFTEN)
        self._taken_at: float | None = None
        self._said_at: float | None = None

    def lost(self, why: str | None) -> None:
        """Note that a connection that stood was lost."""
        now = time.monotonic()
        self._lost.append(now)
        often = len(self._lost) == _OFTEN and now - self._lost[0] < _WITHIN_SECONDS
        if not often and _TAKEN_OVER not in (why or "").lower():
            return
        self._taken_at = now
        if self._said_at is None or now - self._said_at > _SAID_SECONDS:
            self._said_at = now
            log.error("another client seems to use our client id", client=self._client_id, why=str(self.trouble()))

    def unreachable(self) -> None:
        """Note that the broker was not there: that is why connections were lost."""
        self._lost.clear()

    def trouble(self) -> Text | None:
        """Return a sentence for a person while it is recent."""
        if self._taken_at is None or time.monotonic() - self._taken_at > _RECENT_SECONDS:
            return None
        return Text(
            "The broker closes our connection and takes us again at once: another client seems to connect as {client}, "
            "and messages may have gone to it. Look for it in the broker's log, and end it or give one of the two "
            "another QUANTRAC_WORKER.",
            {"client": self._client_id},
        )
