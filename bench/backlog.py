"""A backlog of native QoS 1 messages that waits at a real Mosquitto for a client that was away."""

import json
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

START = datetime(2026, 3, 1, tzinfo=UTC)
VALUES = {"ph": (7.2, ""), "cod": (88.0, "mg/L"), "tss": (31.0, "mg/L"), "ammonium_n": (3.1, "mg/L")}
TOPIC = "quantrac/NT-DH1-03/water"


def payload(number: int) -> bytes:
    """Return message `number`: four values of one moment, a second after the one before."""
    values = {key: {"value": round(base + number % 7 / 10, 2), "unit": unit} for key, (base, unit) in VALUES.items()}
    return json.dumps({"time": (START + timedelta(seconds=number)).isoformat(), "values": values}).encode()


def subscribe_and_leave(port: int, client_id: str) -> None:
    """Make a persistent session that is subscribed to everything of ours, and disconnect."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 0xFFFFFFFF
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    done: list[int] = []
    client.on_subscribe = lambda *_: done.append(1)
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.subscribe("quantrac/+/+", qos=1)
    while not done:
        client.loop(0.1)
    client.disconnect()
    while client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
        pass


def publish(port: int, count: int) -> None:
    """Publish `count` messages with QoS 1 and wait until the broker has acknowledged the last."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(count):
        last = client.publish(TOPIC, payload(number), qos=1)
    last.wait_for_publish()
    client.disconnect()
    client.loop_stop()


def bare_loop(port: int, client_id: str, count: int) -> None:
    """Take `count` messages as a bare paho loop would: decode, acknowledge, keep nothing."""
    connect = Properties(PacketTypes.CONNECT)
    connect.SessionExpiryInterval = 0xFFFFFFFF
    connect.ReceiveMaximum = 1000
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True)
    taken = 0

    def on_message(client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        nonlocal taken
        json.loads(message.payload)
        client.ack(message.mid, message.qos)
        taken += 1

    client.on_message = on_message
    client.connect("127.0.0.1", port, clean_start=False, properties=connect)
    while taken < count:
        client.loop(1.0)
    client.disconnect()
    while client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
        pass
