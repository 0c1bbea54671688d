"""A network server's topics through a real broker: each of a device's events is received and has its outcome."""

import json
from pathlib import Path
from typing import Any

from ingest.subscriber import Subscriber
from support.configured import registry, station
from support.mosquitto import Mosquitto
from support.publishing import publish
from support.rig import Rig
from support.waiting import wait_until

EUI = "0101010101010101"
BELOW = f"application/a/device/{EUI}"
DECODER = {"name": "lorawan", "topic": f"{BELOW}/event/#", "device_id": EUI,
           "fields": [{"path": "pm", "parameter": "pm25", "unit": "ug/m3"}]}  # fmt: skip


def event(**more: Any) -> str:
    return json.dumps({"time": "2026-03-01T12:00:00.5+07:00", "deviceInfo": {"devEui": EUI}, **more})


def test_all_topics_of_a_device_are_received(tmp_path: Path) -> None:
    """The same uplink again changes nothing, a join is no reading, one without a codec waits in quarantine."""
    of = registry(station("L-1", decoder=DECODER))
    uplink = event(fPort=1, data="AQ==", object={"pm": 17})
    sent = [
        ("event/up", uplink), ("event/join", event(devAddr="01")), ("event/up", uplink),
        ("event/up", event(fPort=1, data="AQ==")), ("event/status", event(margin=3)), ("command/down", uplink),
    ]  # fmt: skip
    broker = Mosquitto(tmp_path / "broker").start()
    try:
        with Rig(tmp_path, of) as rig:
            received(rig, broker, [(f"{BELOW}/{topic}", payload.encode()) for topic, payload in sent])
            rig.finish()
            assert rig.outcomes() == {"stored": 1, "ignored": 2, "repeated": 1, "quarantined": 1}
            assert list(rig.values().values()) == [17.0]
    finally:
        broker.stop()


def received(rig: Rig, broker: Mosquitto, messages: list[tuple[str, bytes]]) -> None:
    """Publish, and wait until everything but the last one, which is nobody's, is in the journal."""
    filters = rig.registry.topic_filters()
    subscriber = Subscriber(broker.url, None, client_id="lora", filters=filters, journal=rig.journal)
    subscriber.start()
    try:
        wait_until(lambda: subscriber.connected, what=lambda: str(subscriber.state()))
        publish(broker.port, messages)
        wait_until(lambda: len(rig.journal.read(0, 10)) == len(messages) - 1, what="the messages")
    finally:
        subscriber.stop()
