"""One connection to the broker: what came on it, how far it has got. What is spoken on the wire is each protocol's own.

`ingest.session5` speaks MQTT 5, `ingest.session311` the version before it, for brokers that know no other.
"""

import select
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from domain.message import Incoming
from domain.text import QuantracError, Text

# A group is committed and acknowledged together: one fsync for many messages, and none waits noticeably for it.
GROUP_MESSAGES = 500
GROUP_SECONDS = 0.1
GROUP_BYTES = 8 * 1024 * 1024

# Twice the group, so that the broker sends the next one while this one goes to disk.
RECEIVE_MAXIMUM = 1_000
KEEPALIVE_SECONDS = 60
CONNECT_SECONDS = 5.0
GOODBYE_SECONDS = 2.0

# Nobody subscribes to it: unsubscribing from it is a question that the broker answers in turn, behind everything that
# the acknowledgements before it let go.
_BARRIER = "quantrac/-/-"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are there."""

    host: str
    port: int
    user: str | None
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Broker":
        """Read `mqtt://user@host:1883` or `mqtts://…`. Raises QuantracError."""
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise QuantracError(
                Text("{url} is no broker's address. Write mqtt://user@host:1883 or mqtts://….", {"url": url})
            )
        tls = parts.scheme == "mqtts"
        user = unquote(parts.username) if parts.username else None
        return cls(parts.hostname, parts.port or (8883 if tls else 1883), user, tls)


@dataclass(slots=True)
class Group:
    """Messages that go to disk together, with what acknowledges them on the connection that delivered them."""

    messages: list[Incoming] = field(default_factory=list)
    acknowledgements: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    opened: float = 0.0

    def add(self, message: Incoming, mid: int) -> None:
        """Take in a message; `mid` is the number that the broker gave it, and any number at QoS 0."""
        if not self.messages:
            self.opened = time.monotonic()
        self.messages.append(message)
        self.acknowledgements.append((mid, message.qos))
        self.size += len(message.payload)

    def is_full(self) -> bool:
        """Tell whether it is to be committed though more may come."""
        return (
            len(self.messages) >= GROUP_MESSAGES
            or self.size >= GROUP_BYTES
            or (bool(self.messages) and time.monotonic() - self.opened >= GROUP_SECONDS)
        )


class Session(ABC):
    """One connection, from CONNECT to its loss. A new one is made for each, so nothing is acknowledged on another.

    `accepted`: the broker's answer to CONNECT, None before it came; `refused`: its reason not to, or not to subscribe.
    `resumed`: it had kept our session. `lost`: why the connection ended, where that is known. `answered`: it has
    answered to our subscriptions, and nobody has looked yet. `backlog_done`: what piled up before we connected is over.
    """

    def __init__(self) -> None:
        """Nothing is sent before `open`."""
        self.accepted: bool | None = None
        self.resumed = False
        self.refused: str | None = None
        self.lost: str | None = None
        self.group = Group()
        self.subscribed = False
        self.answered = False
        self.backlog_done = False
        self._subscribe_mid: int | None = None
        self._barrier_mid: int | None = None
        self._barrier_after = 0  # acknowledgements sent just before the barrier
        self._since_barrier = 0  # messages received since

    @abstractmethod
    def open(self, broker: Broker, password: str | None) -> None:
        """Send CONNECT. Raises OSError."""

    @abstractmethod
    def subscribe(self, filters: Sequence[str], old: Sequence[str]) -> None:
        """Ask for `filters` at QoS 1, and no longer for `old`."""

    @abstractmethod
    def exchange(self, ear: socket.socket, seconds: float) -> None:
        """Wait until there is something to read or to write, `ear` rings or `seconds` are over; read and write it.

        Reading goes on until the connection has no more to give or the group is full. Raises OSError.
        """

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the connection stands."""

    @abstractmethod
    def close(self) -> None:
        """Say goodbye (the session stays) and send what is still to be sent."""

    @abstractmethod
    def drop(self) -> None:
        """Close the socket without a word, as a crash would: what is not acknowledged comes again."""

    @abstractmethod
    def _acknowledge(self, mids: Sequence[int]) -> None: ...

    @abstractmethod
    def _unsubscribe(self, filters: Sequence[str]) -> int | None: ...

    def acknowledge(self) -> None:
        """Tell the broker that the group is on disk; begin the next one."""
        done, self.group = self.group.acknowledgements, Group()
        self._acknowledge([mid for mid, qos in done if qos])
        if self.subscribed and not self.backlog_done and not self.asking:
            self.ask(len(done))

    def ask(self, acknowledged: int = 0) -> None:
        """Ask the broker for an answer that comes behind what the last `acknowledged` messages let go."""
        self._barrier_after, self._since_barrier = acknowledged, 0
        self._barrier_mid = self._unsubscribe([_BARRIER])

    @property
    def asking(self) -> bool:
        """Whether the broker has yet to answer."""
        return self._barrier_mid is not None

    def _take(self, topic: str, payload: bytes, mid: int, flags: tuple[int, bool, bool]) -> None:
        """Take in a message; `flags` are its QoS, whether it was retained, and whether it is sent again."""
        qos, retained, redelivered = flags
        self._since_barrier += 1
        live = self.backlog_done and not retained and not redelivered
        self.group.add(Incoming(topic, payload, qos, retained, redelivered, live), mid)

    def _connected(self, *, refusal: str | None, resumed: bool) -> None:
        self.accepted, self.resumed, self.refused = refusal is None, resumed, refusal

    def _subscribed(self, mid: int, reasons: Sequence[str | None]) -> None:
        """Take in the broker's answer to a subscription: for each filter why not, None where it has it."""
        if mid != self._subscribe_mid:
            return
        failed = [reason for reason in reasons if reason is not None]
        self.refused = ", ".join(sorted(set(failed))) or None
        self.subscribed = len(failed) < len(reasons)
        self.answered = True

    def _unsubscribed(self, mid: int) -> None:
        if mid == self._barrier_mid:
            # With a backlog every acknowledgement brings another message, ahead of the answer to the barrier.
            self._barrier_mid = None
            self.backlog_done = self._since_barrier < max(self._barrier_after, 1)


def wait(own: Any, ear: socket.socket, seconds: float, *, writes: bool) -> tuple[bool, bool]:
    """Wait until the socket `own` can be read (or written, where that is asked), `ear` rings or `seconds` are over."""
    poll = select.poll()
    poll.register(own, select.POLLIN | (select.POLLOUT if writes else 0))
    poll.register(ear, select.POLLIN)
    # What TLS has taken from the network and not handed out yet, poll does not see.
    waiting = getattr(own, "pending", lambda: 0)() > 0
    rung = dict(poll.poll(0 if waiting else seconds * 1000))
    if ear.fileno() in rung:
        ear.recv(64)
    events = rung.get(own.fileno(), 0)
    return waiting or bool(events & ~select.POLLOUT), bool(events & select.POLLOUT)
