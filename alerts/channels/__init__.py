"""Ways to reach a person: mail is ours, everything else is apprise's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class DeliveryError(Exception):
    """The channel did not take the message."""

    def __init__(self, reason: str, *, retry: bool) -> None:
        """`retry` is False where asking again is noise: a wrong address, a revoked token."""
        super().__init__(reason)
        self.retry = retry


class SendChannel(Protocol):
    """Takes one row of the outbox to one person."""

    def send(self, message: Any) -> None:
        """Hand the message over. Raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail leaves. `security`: none, starttls or tls. The password is read when it is needed."""

    host: str
    port: int
    sender: str
    security: str = "none"
    user: str | None = None
    password_file: Path | None = None


class Channels:
    """The channels by the kind that stands in the outbox."""

    def __init__(self, channels: Mapping[str, SendChannel]) -> None:
        """Nothing connects before something is sent."""
        self._channels = channels

    def send(self, message: Any) -> None:
        """Send one row of the outbox through its channel. Raises DeliveryError."""
        channel = self._channels.get(message.channel)
        if channel is None:
            raise DeliveryError(f"there is no channel {message.channel!r}", retry=False)
        channel.send(message)
