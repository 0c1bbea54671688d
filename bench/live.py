"""From the publishing of a live message until its reading can be read back."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt

from bench.broker import client
from bench.child import child
from bench.figures import Figure, percentile
from bench.province import OtherThanSent, name, topic, write_configuration
from bench.seen import await_subscription
from bench.sizes import Size, Told, in_round
from domain.reading import SeriesKey
from domain.window import Window
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from support.mosquitto import Mosquitto

_SERIES = SeriesKey(name(0), "cod")
_LOOK_SECONDS = 0.001
_LONGEST_SECONDS = 30.0
# A message every 50 ms is 1,200 stations that report once a minute.
_EVERY_SECONDS = 0.05


def measure(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure, in each round, so many messages one after another, with SQLite."""
    write_configuration(folder / "config")
    rounds = []
    for number in range(size.rounds):
        broker = Mosquitto(folder / f"round-{number + 1}" / "broker").start()
        try:
            rounds.append(
                _round(
                    folder / "config", folder / f"round-{number + 1}", broker, size, in_round(told, number, size.rounds)
                )
            )
        finally:
            broker.stop()
    return [
        Figure("live, until read back, 50th percentile", "ms", [percentile(one, 50) for one in rounds], 250.0),
        Figure("live, until read back, 99th percentile", "ms", [percentile(one, 99) for one in rounds], 250.0),
    ]


def _round(config: Path, folder: Path, broker: Mosquitto, size: Size, told: Told) -> list[float]:
    """Return how many milliseconds each message took."""
    data = folder / "data"
    store = SqliteReadings(data / "readings.sqlite")
    publisher = client()
    publisher.connect("127.0.0.1", broker.port)
    publisher.loop_start()
    where = {"CONFIG": config, "DATA": data, "MQTT_URL": broker.url}
    with child("service", "ingest", log=folder / "service.log", **where) as service:
        service.go()
        await_subscription(data, service)
        first = datetime.now(UTC) - timedelta(hours=1)
        took = []
        for number in range(size.live):
            told("live messages", number / size.live)
            took.append(_one(publisher, store, first + timedelta(seconds=number)))
            time.sleep(max(0.0, _EVERY_SECONDS - took[-1] / 1_000))
    publisher.disconnect()
    publisher.loop_stop()
    store.close()
    return took


def _one(publisher: mqtt.Client, store: ReadingStore, at: datetime) -> float:
    window = {_SERIES: Window(at - timedelta(milliseconds=1), at)}
    body = json.dumps({"time": at.isoformat(), "values": {"cod": {"value": 88.0, "unit": "mg/L"}}})
    began = time.monotonic()
    publisher.publish(topic(0), body, qos=1)
    while not store.find(window):
        if time.monotonic() - began > _LONGEST_SECONDS:
            raise OtherThanSent(f"a live message cannot be read back after {_LONGEST_SECONDS} s")
        time.sleep(_LOOK_SECONDS)
    return (time.monotonic() - began) * 1_000
