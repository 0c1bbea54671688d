"""What the broker says of itself under $SYS: read once a minute over a connection of its own, never journalled.

Its queue and its memory are part of what must not overflow, and nobody but it can count what it threw away. Not every
broker shows its figures, nor to everybody; then there are none, and receiving does not care.
"""

import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from domain.clock import Clock
from ingest.session import Broker
from storage import broker_figures
from storage.broker_figures import BrokerFigures

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
# Mosquitto counts every ten seconds: one that was started with us has nothing to show at first.
FIRST_SECONDS = 12.0
_ANSWER_SECONDS = 5.0
# They are retained, so the broker hands them over right behind its answer: what has not come by then is not shown.
_SHOWN_SECONDS = 1.5

# As Mosquitto 2 names them, and those who follow it.
TOPICS = {
    "$SYS/broker/store/messages/count": "stored",
    "$SYS/broker/store/messages/bytes": "stored_bytes",
    "$SYS/broker/retained messages/count": "retained",
    "$SYS/broker/publish/messages/dropped": "dropped",
    "$SYS/broker/heap/current": "heap_bytes",
    "$SYS/broker/heap/maximum": "heap_most_bytes",
    "$SYS/broker/clients/connected": "connected",
    "$SYS/broker/clients/total": "clients",
}


class BrokerWatch:
    """Looks at the broker's figures once a minute, in a thread of its own."""

    def __init__(
        self, broker: Broker, password: str | None, worker: str, engine: Engine, clock: Clock, *,
        every: float = EVERY_SECONDS,
    ) -> None:  # fmt: skip
        """Nothing connects before `start`."""
        self._broker = broker
        self._password = password
        self._worker = worker
        self._engine = engine
        self._clock = clock
        self._every = every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="broker watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when the look at hand has ended."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        wait = min(FIRST_SECONDS, self._every)
        while not self._stop.is_set():
            try:
                self.look()
            except (OSError, SQLAlchemyError) as error:
                # The subscriber says that a broker is away, and others that the state is.
                log.debug("broker's figures not read", why=str(error))
            self._stop.wait(wait)
            wait = self._every

    def look(self) -> None:
        """Look once, and keep what is seen. Raises OSError where the broker does not answer or refuses us."""
        figures = self._figures()
        if self._stop.is_set():
            return  # it was not heard to its end
        before = broker_figures.read(self._engine).get(self._worker)
        broker_figures.keep(self._engine, self._worker, BrokerFigures(self._clock.now(), figures).after(before))

    def _figures(self) -> dict[str, int]:
        look = _Look()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"quantrac-{self._worker}-sys", clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311, reconnect_on_failure=False,
        )  # fmt: skip
        client.on_connect = look.on_connect
        client.on_subscribe = look.on_subscribe
        client.on_message = look.on_message
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._password)
        if self._broker.tls:
            client.tls_set()
        client.connect_timeout = _ANSWER_SECONDS
        client.connect(self._broker.host, self._broker.port)
        while not look.is_over() and not self._stop.is_set():
            if client.loop(0.2) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise ConnectionError("the broker ended the connection")
        client.disconnect()
        return look.found


class _Look:
    """One connection's time, and what was seen in it."""

    def __init__(self) -> None:
        self.found: dict[str, int] = {}
        self._until = time.monotonic() + _ANSWER_SECONDS

    def is_over(self) -> bool:
        """Tell whether all has come, or nothing will come any more."""
        return len(self.found) == len(TOPICS) or time.monotonic() > self._until

    def on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 0) for topic in TOPICS])

    def on_subscribe(self, *_: Any) -> None:
        self._until = time.monotonic() + _SHOWN_SECONDS

    def on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        name = TOPICS.get(message.topic)
        if name is not None and message.payload.isdigit():
            self.found[name] = int(message.payload)
