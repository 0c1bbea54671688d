"""The session with the broker: takes messages, keeps them in the journal, and only then acknowledges them.

One thread does it all, and commits whatever has come as soon as the connection has nothing more to give: then a lone
live message does not wait for others.
"""

import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from domain.clock import Clock, SystemClock
from domain.text import Text
from ingest.rivals import Rivals
from ingest.session import Broker, Group, Session
from ingest.session5 import Malformed, Session5
from ingest.session311 import Session311
from storage.journal import Journal, JournalUnavailable

log = structlog.get_logger(__name__)

# Brokers of 3.1.1 only may answer nothing at all to a CONNECT of version 5 (amqtt waits for the rest of it).
CONNACK_SECONDS = 3.0
# Shorter than the keepalive, so that a full disk ends in our disconnecting and not in the broker's throwing us out.
COMMIT_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RECONNECT_SECONDS = (0.2, 15.0)


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
        self._speaks: type[Session5 | Session311] = Session5
        self._session: Session | None = None
        self._connected = False
        self._since = self._clock.now()
        self._error: Text | None = None
        self._journal_error: Text | None = None
        self._rivals = Rivals(client_id)

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

    def state(self) -> SubscriberState:
        """Return how the session stands; may be asked from any thread."""
        session = self._session
        return SubscriberState(
            connected=self._connected,
            since=self._since,
            backlog_done=self._connected and session is not None and session.backlog_done,
            pending=len(session.group.messages) if session else 0,
            error=self._journal_error or self._error or self._rivals.trouble(),
        )

    def _run(self) -> None:
        pause, longest = RECONNECT_SECONDS
        wait = pause
        while not self._stop.is_set():
            try:
                self._attempt()
            except OSError as error:
                self._rivals.unreachable()
                self._trouble(Text("The broker cannot be reached ({why}).", {"why": str(error)}))
            except Malformed as error:
                # The version before may read what this one cannot; it looks at less of a packet.
                self._speaks = Session311
                self._trouble(Text("The broker sent what cannot be read ({why}).", {"why": str(error)}))
            except Exception:
                # Whatever it was, receiving goes on with a new connection; what was not acknowledged comes again.
                log.exception("session failed")
            wait = pause if self._connected else min(wait * 2, longest)
            self._set_connected(False)
            self._stop.wait(wait)

    def _attempt(self) -> None:
        """Hold one connection from its beginning to its end."""
        session = self._session = self._speaks(self._client_id)
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
                self._speaks = Session5
        finally:
            session.drop()

    def _is_accepted(self, session: Session) -> bool:
        until = time.monotonic() + CONNACK_SECONDS
        while session.accepted is None and session.is_open and time.monotonic() < until:
            session.exchange(self._ear, 0.1)
            if self._stop.is_set():
                return False
        if session.accepted and session.is_open:
            return True
        self._other_version(session)
        return False

    def _other_version(self, session: Session) -> None:
        """Try the other version next time where this one may be what the broker did not understand."""
        if session.refused is not None and "protocol version" not in session.refused:
            self._trouble(Text("The broker refuses us: {why}.", {"why": session.refused}))
            return
        self._speaks = Session311 if isinstance(session, Session5) else Session5
        self._trouble(Text("The broker does not answer as an MQTT broker does."))

    def _serve(self, session: Session) -> None:
        while session.is_open:
            session.exchange(self._ear, 1.0)
            if session.answered and not self._is_subscribed(session):
                return
            if not self._commit(session):
                return
            session.acknowledge()
            if self._stop.is_set():
                self._leave(session)
                return
        self._rivals.lost(session.lost)
        self._trouble(Text("The connection to the broker was lost ({why}).", {"why": session.lost or "–"}))
        self._keep_unacknowledged(session)

    def _leave(self, session: Session) -> None:
        """Disconnect once the broker has seen the acknowledgements: a socket that is closed too soon loses them."""
        session.ask()
        until = time.monotonic() + 2.0
        while session.asking and session.is_open and time.monotonic() < until:
            session.exchange(self._ear, 0.1)
        if self._commit(session):
            session.acknowledge()
        session.close()

    def _commit(self, session: Session) -> bool:
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

    def _keep_unacknowledged(self, session: Session) -> None:
        """Keep what had come when the connection was lost: it comes again if it can, and then changes nothing."""
        if session.group.messages:
            self._commit(session)
            session.group = Group()

    def _is_subscribed(self, session: Session) -> bool:
        """Note the broker's answer to our subscriptions; False where it took none of them."""
        session.answered = False
        self._error = None
        if session.refused is not None:
            self._trouble(Text("The broker refuses the subscription: {why}.", {"why": session.refused}))
        if not session.subscribed:
            return False
        self._remembered.write(self._filters)
        self._set_connected(True)
        log.info("subscribed", broker=self._broker.host, port=self._broker.port, version=type(session).__name__)
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
