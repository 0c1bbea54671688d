"""Ways to reach a person: mail is ours, everything else is apprise's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from storage.alerting import OutboxRow

Security = Literal["none", "starttls", "tls"]


class DeliveryError(Exception):
    """The channel did not take the message."""

    def __init__(self, reason: str, *, retry: bool) -> None:
        """`retry` is False where asking again is noise: a wrong address, a refused recipient."""
        super().__init__(reason)
        self.retry = retry


class SendChannel(Protocol):
    """Takes one row of the outbox to one person."""

    def send(self, message: OutboxRow) -> None:
        """Hand the message over; it is out of our hands on return. Raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail leaves. The password is read from its file when it is needed."""

    host: str
    port: int
    sender: str
    security: Security = "none"
    user: str | None = None
    password_file: Path | None = None


class Channels:
    """The channels by the kind that stands in the outbox."""

    def __init__(self, channels: Mapping[str, SendChannel]) -> None:
        """Nothing connects before something is sent."""
        self._channels = channels

    def send(self, message: OutboxRow) -> None:
        """Send one row of the outbox through its channel. Raises DeliveryError."""
        # `apprise/short`: the channel, and that it gets the one-line form.
        channel = self._channels.get(message.channel.partition("/")[0])
        if channel is None:
            raise DeliveryError(f"there is no channel {message.channel!r}", retry=False)
        channel.send(message)


def is_short(message: OutboxRow) -> bool:
    """Tell whether a message goes out in its one-line form."""
    return message.channel.endswith("/short")
