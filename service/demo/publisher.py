"""The stations' line to the broker: publishes what they send, and remembers how far the journal has all of it."""

import json
import sqlite3
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.clock import Clock
from service.demo.broker import UNDER_WAY
from service.demo.messages import Stations
from storage.journal import Journal

log = structlog.get_logger(__name__)

ARRIVE_SECONDS = 10.0
# What is published at once where there is a backlog: about a hundred messages.
_STRETCH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is under way: up to when, how many messages, and how many the journal has once they have arrived."""

    until: datetime
    messages: int
    arrived_at: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Up to when everything is in the journal; in a file, so that a demonstration that starts again goes on."""

    path: Path

    def read(self) -> datetime | None:
        """Return the moment, None before the first."""
        try:
            return datetime.fromisoformat(json.loads(self.path.read_text())["sent_to"])
        except FileNotFoundError:
            return None

    def write(self, moment: datetime) -> None:
        """Remember `moment`."""
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"sent_to": moment.isoformat()}))
        draft.replace(self.path)


class Publisher:
    """Walks through the stations' time in a thread of its own, and never further than the clock."""

    def __init__(self, port: int, stations: Stations, journal: Journal, memory: Memory, clock: Clock) -> None:
        """Nothing is published before `start`."""
        self.published = 0  # and arrived
        self.sent_to: datetime | None = None
        self._port = port
        self._stations = stations
        self._journal = journal
        self._memory = memory
        self._clock = clock
        self._under_way: deque[_Stretch] = deque()
        self._moved_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stations", daemon=True)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "stations", protocol=MQTTProtocolVersion.MQTTv311)
        self._client.max_inflight_messages_set(UNDER_WAY)

    def start(self, sent_to: datetime) -> None:
        """Publish everything after `sent_to`, and go on with the clock."""
        self.sent_to = sent_to
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Publish no more; return when what was under way has arrived, False where it has not within `seconds`."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        self._client.disconnect()
        self._client.loop_stop()
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set() or self._under_way:
            try:
                self._step()
            except (OSError, ValueError, RuntimeError, sqlite3.Error) as error:
                # Nothing is lost: what has not arrived is published again.
                log.warning("not published", why=str(error))
                self._under_way.clear()
                self._stop.wait(1.0)

    def _step(self) -> None:
        self._note_arrivals()
        reached = self._under_way[-1].until if self._under_way else self.sent_to
        assert reached is not None  # noqa: S101 - set before the thread starts
        until = min(self._clock.now(), reached + _STRETCH)
        messages = sum(stretch.messages for stretch in self._under_way)
        if self._stop.is_set() or messages >= UNDER_WAY or (until - reached < _STRETCH and self._under_way):
            time.sleep(0.02)
            return
        self._publish(reached, until)
        if until - reached < _STRETCH:
            self._stop.wait(0.1)

    def _publish(self, after: datetime, until: datetime) -> None:
        batch = self._stations.between(after, until)
        if not self._under_way:
            self._moved_at = time.monotonic()
        before = self._under_way[-1].arrived_at if self._under_way else self._journal.count()
        for one in batch:
            self._client.publish(one.topic, one.payload, qos=1)
        self._under_way.append(_Stretch(until, len(batch), before + len(batch)))

    def _note_arrivals(self) -> None:
        """Remember the stretches that the journal has; forget the others where nothing has come for long."""
        count = self._journal.count() if self._under_way else 0
        while self._under_way and count >= self._under_way[0].arrived_at:
            stretch = self._under_way.popleft()
            self._moved_at = time.monotonic()
            self.published += stretch.messages
            self.sent_to = stretch.until
            self._memory.write(stretch.until)
        if self._under_way and time.monotonic() - self._moved_at > ARRIVE_SECONDS:
            log.warning("messages did not arrive; they are sent again")
            self._under_way.clear()
