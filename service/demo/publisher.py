"""The stations' line to the broker: publishes what they send, and remembers how far the journal has all of it."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.clock import Clock
from service.demo.broker import UNDER_WAY
from service.demo.messages import Sent, Stations
from storage.journal import Journal

log = structlog.get_logger(__name__)

ARRIVE_SECONDS = 10.0
_HOUR = timedelta(hours=1)


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
        self.published = 0
        self.sent_to: datetime | None = None
        self._port = port
        self._stations = stations
        self._journal = journal
        self._memory = memory
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stations", daemon=True)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, "stations", protocol=MQTTProtocolVersion.MQTTv311
        )  # fmt: skip
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
        while not self._stop.is_set():
            try:
                self._step()
            except (OSError, ValueError, RuntimeError) as error:
                # Nothing is lost: what has not arrived is published again.
                log.warning("not published", why=str(error))
                self._stop.wait(1.0)

    def _step(self) -> None:
        assert self.sent_to is not None  # noqa: S101 - set before the thread starts
        until = min(self._clock.now(), self.sent_to + _HOUR)
        batch = self._stations.between(self.sent_to, until)
        for begin in range(0, len(batch), UNDER_WAY):
            if not self._deliver(batch[begin : begin + UNDER_WAY]):
                return
        self.sent_to = until
        self._memory.write(until)
        self._stop.wait(0 if self._clock.now() - until > _HOUR else 0.1)

    def _deliver(self, batch: Sequence[Sent]) -> bool:
        """Publish `batch`; tell whether it has arrived in the journal."""
        wanted = self._journal.count() + len(batch)
        for sent in [self._client.publish(one.topic, one.payload, qos=1) for one in batch]:
            sent.wait_for_publish(ARRIVE_SECONDS)
        until = time.monotonic() + ARRIVE_SECONDS
        while self._journal.count() < wanted:
            if time.monotonic() > until:
                log.warning("messages did not arrive; they are sent again", messages=len(batch))
                return False
            time.sleep(0.005)
        self.published += len(batch)
        return True
