"""Stations that publish across a fault, as loggers do: QoS 1, again and again until the broker has acknowledged."""

import os
import random
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from domain.reading import SeriesKey
from support.configured import native
from support.waiting import wait_until

STATIONS = ("NT-DH1-03", "NT-XA-01", "NT-LH-01", "NT-PAT-01")
MESSAGES = 20_000 if os.environ.get("QUANTRAC_SOAK") else 1_000


def chance() -> random.Random:
    """Return what chooses the moments of a fault: another choice each time, and the same by QUANTRAC_SEED."""
    seed = int(os.environ.get("QUANTRAC_SEED") or random.randrange(1_000_000))
    print(f"QUANTRAC_SEED={seed}")  # noqa: T201 - pytest shows it where a test fails
    return random.Random(seed)


Readings = dict[tuple[SeriesKey, datetime], float]


class Field:
    """Four stations with a message of two values for every step of time, each value its own.

    What was sent is `sent` (payloads by their topics), what the broker has acknowledged `acknowledged`.
    """

    def __init__(
        self, port: int, *, messages: int = MESSAGES, step: timedelta = timedelta(seconds=1), size: int = 0
    ) -> None:
        """Connect; a broker that goes away is waited for. Messages have `size` bytes at least."""
        self.count = messages
        self._size = size
        self._payloads: dict[tuple[str, int], bytes] = {}
        self.sent: list[tuple[str, bytes]] = []
        self.readings: dict[bytes, Readings] = {}
        self._handed: set[tuple[str, int]] = set()
        self._acknowledged: dict[tuple[str, int], float] = {}
        self._begin = datetime.now(UTC).replace(microsecond=0) - step * messages
        self._step = step
        self._clients = {station: self._connected(station, port) for station in STATIONS}

    def send(self, share: float) -> None:
        """Hand the next messages to their stations: so much of all of them."""
        until = min(self.count, len(self.sent) + round(share * self.count))
        while len(self.sent) < until:
            self._send(len(self.sent))

    def trickle(self) -> Iterator[None]:
        """Hand on what is left message by message, as fast as it is asked for."""
        while len(self.sent) < self.count:
            self._send(len(self.sent))
            yield

    def say(
        self,
        payload: bytes,
        station: str = STATIONS[0],
        *,
        topic: str | None = None,
        qos: int = 1,
        retain: bool = False,
    ) -> None:
        """Hand over one message that is not of the series."""
        self._hand(station, topic or f"quantrac/{station}/water", payload, qos=qos, retain=retain)

    def values(self, but: Collection[bytes] = ()) -> Readings:
        """Return every reading of what was sent, `but` of some messages."""
        return {key: value for one, values in self.readings.items() if one not in but for key, value in values.items()}

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged."""
        return len(self._acknowledged)

    def acknowledged_at(self, payload: bytes) -> float:
        """Return when the broker acknowledged a message, by the machine's own count of seconds."""
        (handed,) = (one for one, sent in self._payloads.items() if sent == payload)
        return self._acknowledged[handed]

    def await_acknowledged(self, *, seconds: float = 120.0) -> None:
        """Return once the broker has acknowledged everything that was handed over."""
        wait_until(
            lambda: len(self._acknowledged) >= len(self._handed), seconds=seconds,
            what=lambda: f"{len(self._handed) - len(self._acknowledged)} messages are not acknowledged",
        )  # fmt: skip

    def close(self) -> None:
        """Let all stations go."""
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()

    def _send(self, number: int) -> None:
        station = STATIONS[number % len(STATIONS)]
        at = self._begin + self._step * number
        cod, ph = 1.0 + number / 8, 6.0 + number % 30 / 10
        payload = native(time=at.isoformat(), cod=(cod, "mg/L"), ph=(ph, "")).encode().ljust(self._size)
        self.readings[payload] = {(SeriesKey(station, "cod"), at): cod, (SeriesKey(station, "ph"), at): ph}
        topic = f"quantrac/{station}/water"
        self.sent.append((topic, payload))
        self._hand(station, topic, payload)

    def _hand(self, station: str, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        # Where the broker is away the library keeps it, and sends it when the connection is there again.
        handed = self._clients[station].publish(topic, payload, qos=qos, retain=retain)
        self._handed.add((station, handed.mid))
        self._payloads[station, handed.mid] = payload

    def _note(self, station: str, mid: int) -> None:
        self._acknowledged[station, mid] = time.monotonic()

    def _connected(self, station: str, port: int) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"logger-{station}", clean_session=False)
        client.max_inflight_messages_set(100)
        client.reconnect_delay_set(1, 1)
        client.on_publish = lambda _client, _data, mid, *_: self._note(station, mid)
        client.connect("127.0.0.1", port)
        client.loop_start()
        return client
