"""The session with the broker: takes messages, keeps them in the journal, and only then acknowledges them.

The only file that knows the MQTT library. One thread does it all, with a loop of its own around the library's reading
and writing, since only so it is known when the socket has nothing more to give: then the group at hand is committed
at once, and a lone live message does not wait for others.
"""

import json
import select
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.clock import Clock, SystemClock
from domain.message import Incoming
from domain.text import QuantracError, Text
from storage.journal import Journal, JournalUnavailable

log = structlog.get_logger(__name__)

# A group is committed and acknowledged together: one fsync for many messages, and none waits noticeably for it.
GROUP_MESSAGES = 500
GROUP_SECONDS = 0.1
GROUP_BYTES = 8 * 1024 * 1024

# Twice the group, so that the broker sends the next one while this one goes to disk.
RECEIVE_MAXIMUM = 1_000
KEEPALIVE_SECONDS = 60
# Brokers of 3.1.1 only may answer nothing at all to a CONNECT of version 5 (amqtt waits for the rest of it).
CONNACK_SECONDS = 3.0
# Shorter than the keepalive, so that a full disk ends in our disconnecting and not in the broker's throwing us out.
COMMIT_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RECONNECT_SECONDS = (0.2, 15.0)

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


@dataclass(frozen=True, slots=True)
class SubscriberState:
    """How the session stands. `since` is the moment of the last change of `connected`.

    `backlog_done`: the broker has handed over what piled up before we connected. `pending`: messages taken and not
    yet on disk. `error`: what keeps us from receiving, None if nothing does.
    """

    connected: bool
    since: datetime
    backlog_done: bool
    pending: int
    error: Text | None


@dataclass(slots=True)
class _Group:
    """Messages that go to disk together, with what acknowledges them on the connection that delivered them."""

    messages: list[Incoming] = field(default_factory=list)
    acknowledgements: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    opened: float = 0.0

    def add(self, message: Incoming, mid: int) -> None:
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


class _Session:
    """One connection, from CONNECT to its loss. A new one is made for each, so nothing is acknowledged on another."""

    def __init__(self, client_id: str, version: MQTTProtocolVersion) -> None:
        self.version = version
        self.accepted: bool | None = None
        self.resumed = False  # the broker has kept our session
        self.refused: str | None = None
        self.lost: str | None = None
        self.group = _Group()
        self.subscribed = False
        self.answered = False  # to our subscriptions, and nobody has looked yet
        self.backlog_done = False
        self._subscribe_mid: int | None = None
        self._barrier_mid: int | None = None
        self._barrier_after = 0  # acknowledgements sent just before the barrier
        self._since_barrier = 0  # messages received since
        five = version is MQTTProtocolVersion.MQTTv5
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=None if five else False,
            protocol=version, manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        self.client.connect_timeout = 5.0
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        self.client.on_unsubscribe = self._on_unsubscribe

    def open(self, broker: Broker, password: str | None) -> None:
        """Send CONNECT. Raises OSError."""
        if broker.user is not None:
            self.client.username_pw_set(broker.user, password)
        if broker.tls:
            self.client.tls_set()
        if self.version is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
            properties.SessionExpiryInterval = 0xFFFFFFFF
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            self.client.connect(broker.host, broker.port, KEEPALIVE_SECONDS, clean_start=False, properties=properties)
        else:
            self.client.connect(broker.host, broker.port, KEEPALIVE_SECONDS)

    def subscribe(self, filters: Sequence[str], old: Sequence[str]) -> None:
        """Ask for `filters`, and no longer for `old`."""
        if gone := [one for one in old if one not in filters]:
            self.client.unsubscribe(gone)
        _, self._subscribe_mid = self.client.subscribe([(one, 1) for one in filters])

    def acknowledge(self) -> None:
        """Tell the broker that the group is on disk; begin the next one."""
        done, self.group = self.group.acknowledgements, _Group()
        for mid, qos in done:
            if qos:
                self.client.ack(mid, qos)
        if self.subscribed and not self.backlog_done and not self.asking:
            self.ask(len(done))

    def ask(self, acknowledged: int = 0) -> None:
        """Ask the broker for an answer that comes behind what the last `acknowledged` messages let go."""
        self._barrier_after, self._since_barrier = acknowledged, 0
        _, self._barrier_mid = self.client.unsubscribe(_BARRIER)

    @property
    def asking(self) -> bool:
        """Whether the broker has yet to answer."""
        return self._barrier_mid is not None

    def read(self) -> bool:
        """Take one packet if there is one; tell whether it was a message."""
        before = len(self.group.messages)
        self.client.loop_read()
        return len(self.group.messages) > before

    @property
    def sock(self) -> Any:
        """The library's socket; None once the connection is lost or dropped."""
        own = self.client.socket()
        return own if own is not None and own.fileno() >= 0 else None

    def wait(self, ear: socket.socket, seconds: float) -> tuple[bool, bool]:
        """Wait until there is something to read or to write, `ear` rings, or `seconds` are over; tell which."""
        own = self.sock
        poll = select.poll()
        poll.register(own, select.POLLIN | (select.POLLOUT if self.client.want_write() else 0))
        poll.register(ear, select.POLLIN)
        # What TLS has taken from the network and not handed out yet, poll does not see.
        waiting = getattr(own, "pending", lambda: 0)() > 0
        rung = dict(poll.poll(0 if waiting else seconds * 1000))
        if ear.fileno() in rung:
            ear.recv(64)
        events = rung.get(own.fileno(), 0)
        return waiting or bool(events & ~select.POLLOUT), bool(events & select.POLLOUT)

    def close(self) -> None:
        """Say goodbye (the session stays) and send what is still to be sent."""
        self.client.disconnect()
        until = time.monotonic() + 2.0
        while self.sock is not None and self.client.want_write() and time.monotonic() < until:
            self.client.loop_write()
            time.sleep(0.01)

    def drop(self) -> None:
        """Close the socket without a word, as a crash would: what is not acknowledged comes again."""
        if (own := self.sock) is not None:
            own.close()

    def _on_connect(self, _client: Any, _userdata: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.accepted, self.resumed = not reason.is_failure, flags.session_present
        self.refused = str(reason) if reason.is_failure else None

    def _on_disconnect(self, _client: Any, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.lost = str(reason)

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._since_barrier += 1
        incoming = Incoming(
            _topic(message), bytes(message.payload), message.qos, message.retain, message.dup,
            live=self.backlog_done and not message.retain and not message.dup,
        )  # fmt: skip
        self.group.add(incoming, message.mid)

    def _on_subscribe(self, _client: Any, _userdata: Any, mid: int, reasons: list[ReasonCode], _: Any) -> None:
        if mid != self._subscribe_mid:
            return
        failed = [str(reason) for reason in reasons if reason.is_failure]
        self.refused = ", ".join(sorted(set(failed))) or None
        self.subscribed = len(failed) < len(reasons)
        self.answered = True

    def _on_unsubscribe(self, _client: Any, _userdata: Any, mid: int, _reasons: Any, _properties: Any) -> None:
        if mid == self._barrier_mid:
            # With a backlog every acknowledgement brings another message, ahead of the answer to the barrier.
            self._barrier_mid = None
            self.backlog_done = self._since_barrier < max(self._barrier_after, 1)


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")


class Subscriber:
    """Receives for ever: connects, takes, commits, acknowledges, and connects again with a growing pause."""

    def __init__(
        self, url: str, password: str | None, *, client_id: str, filters: Sequence[str],
        journal: Journal, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        """Nothing connects before `start`. Raises QuantracError where `url` is no broker's address."""
        self._broker = Broker.of(url)
        self._password = password
        self._client_id = client_id
        self._filters = tuple(filters)
        self._remembered = _Remembered(journal.folder / f"filters-{client_id}.json")
        self._journal = journal
        self._clock = clock or SystemClock()
        self._stop = threading.Event()
        self._bell, self._ear = socket.socketpair()
        self._thread: threading.Thread | None = None
        self._version = MQTTProtocolVersion.MQTTv5
        self._session: _Session | None = None
        self._connected = False
        self._since = self._clock.now()
        self._error: Text | None = None
        self._journal_error: Text | None = None

    def start(self) -> None:
        """Begin to receive, in a thread of its own; a broker that is not there yet is waited for."""
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit and acknowledge what has been taken, disconnect, and return when that is done."""
        self._stop.set()
        if self._thread is not None:
            self._bell.send(b"!")
            self._thread.join()
            self._thread = None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted our subscriptions on a connection that stands."""
        return self._connected

    @property
    def catching_up(self) -> bool:
        """Whether the broker is handing over what piled up before we connected."""
        session = self._session
        return self._connected and session is not None and not session.backlog_done

    def state(self) -> SubscriberState:
        """Return how the session stands; may be asked from any thread."""
        session = self._session
        return SubscriberState(
            connected=self._connected,
            since=self._since,
            backlog_done=self._connected and session is not None and session.backlog_done,
            pending=len(session.group.messages) if session else 0,
            error=self._journal_error or self._error,
        )

    def _run(self) -> None:
        pause, longest = RECONNECT_SECONDS
        wait = pause
        while not self._stop.is_set():
            try:
                self._attempt()
            except OSError as error:
                self._trouble(Text("The broker cannot be reached ({why}).", {"why": str(error)}))
            except Exception:
                # Whatever it was, receiving goes on with a new connection; what was not acknowledged comes again.
                log.exception("session failed")
            wait = pause if self._connected else min(wait * 2, longest)
            self._set_connected(False)
            self._stop.wait(wait)

    def _attempt(self) -> None:
        """Hold one connection from its beginning to its end."""
        session = self._session = _Session(self._client_id, self._version)
        try:
            session.open(self._broker, self._password)
            if self._is_accepted(session):
                before = self._remembered.read()
                if before and not session.resumed:
                    log.warning(
                        "the broker has forgotten our session: what it held for us is lost; see the loggers' gaps"
                    )
                session.subscribe(self._filters, before)
                self._serve(session)
                # Only while connecting can it be known what the broker speaks; next time it may be another one.
                self._version = MQTTProtocolVersion.MQTTv5
        finally:
            session.drop()

    def _is_accepted(self, session: _Session) -> bool:
        until = time.monotonic() + CONNACK_SECONDS
        while session.accepted is None and session.sock is not None and time.monotonic() < until:
            self._exchange(session, 0.1)
            if self._stop.is_set():
                return False
        if session.accepted and session.sock is not None:
            return True
        self._other_version(session)
        return False

    def _other_version(self, session: _Session) -> None:
        """Try the other version next time where this one may be what the broker did not understand."""
        if session.refused is not None and "protocol version" not in session.refused:
            self._trouble(Text("The broker refuses us: {why}.", {"why": session.refused}))
            return
        five = session.version is MQTTProtocolVersion.MQTTv5
        self._version = MQTTProtocolVersion.MQTTv311 if five else MQTTProtocolVersion.MQTTv5
        self._trouble(Text("The broker does not answer as an MQTT broker does."))

    def _serve(self, session: _Session) -> None:
        while session.sock is not None:
            self._exchange(session, 1.0)
            if session.answered and not self._is_subscribed(session):
                return
            if not self._commit(session):
                return
            session.acknowledge()
            if self._stop.is_set():
                self._leave(session)
                return
        self._trouble(Text("The connection to the broker was lost ({why}).", {"why": session.lost or "–"}))
        self._keep_unacknowledged(session)

    def _leave(self, session: _Session) -> None:
        """Disconnect once the broker has seen the acknowledgements: a socket that is closed too soon loses them."""
        session.ask()
        until = time.monotonic() + 2.0
        while session.asking and session.sock is not None and time.monotonic() < until:
            self._exchange(session, 0.1)
        if self._commit(session):
            session.acknowledge()
        session.close()

    def _exchange(self, session: _Session, seconds: float) -> None:
        """Wait for the socket at most `seconds`, then read until it has no more to give or the group is full."""
        readable, writable = session.wait(self._ear, seconds)
        if writable:
            session.client.loop_write()
        if readable:
            while session.read() and not session.group.is_full():
                pass
        session.client.loop_misc()

    def _commit(self, session: _Session) -> bool:
        """Bring the group to disk; False after having tried again and again in vain."""
        if not session.group.messages:
            return True
        for pause in (*COMMIT_PAUSES, None):
            try:
                self._journal.append(session.group.messages)
            except JournalUnavailable as error:
                self._journal_error = Text("Messages cannot be kept: {why}.", {"why": str(error)})
                log.warning("journal unavailable", why=str(error), again_in=pause)
                if pause is None or self._stop.wait(pause):
                    break
            else:
                self._journal_error = None
                return True
        log.error("disconnecting without acknowledgement", messages=len(session.group.messages))
        return False

    def _keep_unacknowledged(self, session: _Session) -> None:
        """Keep what had come when the connection was lost: it comes again if it can, and then changes nothing."""
        if session.group.messages:
            self._commit(session)
            session.group = _Group()

    def _is_subscribed(self, session: _Session) -> bool:
        """Note the broker's answer to our subscriptions; False where it took none of them."""
        session.answered = False
        self._error = None
        if session.refused is not None:
            self._trouble(Text("The broker refuses the subscription: {why}.", {"why": session.refused}))
        if not session.subscribed:
            return False
        self._remembered.write(self._filters)
        self._set_connected(True)
        log.info("subscribed", broker=self._broker.host, port=self._broker.port, version=session.version.name)
        return True

    def _set_connected(self, connected: bool) -> None:
        if connected != self._connected:
            self._connected = connected
            self._since = self._clock.now()

    def _trouble(self, error: Text) -> None:
        if error != self._error:
            log.warning("not receiving", why=str(error), broker=self._broker.host, port=self._broker.port)
        self._error = error


class _Remembered:
    """The filters subscribed last time: the broker keeps them with the session, and tells nobody which they are."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[str]:
        try:
            return [str(one) for one in json.loads(self._path.read_text(encoding="utf-8"))]
        except (OSError, ValueError):
            return []

    def write(self, filters: Sequence[str]) -> None:
        if sorted(filters) == sorted(self.read()):
            return
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(json.dumps(sorted(filters)), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:  # a full disk must not keep us from receiving once there is room again
            log.warning("filters not remembered", path=str(self._path), error=str(error))
