"""What happens at the broker before a measurement: sessions that are away, and messages that wait for them."""

from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.province import Backlog

RECEIVE_MAXIMUM = 1_000


def lasting() -> Properties:
    """Return what asks for a session that outlives the connection."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
    properties.SessionExpiryInterval = 0xFFFFFFFF
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties


def client(identity: str = "", *, manual_ack: bool = False) -> mqtt.Client:
    """Return an MQTT 5 client that is not connected yet."""
    return mqtt.Client(CallbackAPIVersion.VERSION2, identity, protocol=mqtt.MQTTv5, manual_ack=manual_ack)


def subscribe_and_leave(port: int, identity: str, filters: Sequence[str]) -> None:
    """Make a lasting session that is subscribed to `filters`, and disconnect."""
    one = client(identity)
    done: list[Any] = []
    one.on_subscribe = lambda *_: done.append(True)
    one.connect("127.0.0.1", port, clean_start=False, properties=lasting())
    one.subscribe([(each, 1) for each in filters])
    while not done:
        one.loop(0.1)
    leave(one)


def leave(one: mqtt.Client) -> None:
    """Disconnect, and return once that is sent."""
    one.disconnect()
    while one.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
        pass


def publish(port: int, backlog: Backlog, told: Callable[[int], object]) -> None:
    """Publish the backlog with QoS 1, in order; return once the broker has all of it. `told` hears how many are sent."""
    one = client()
    one.max_inflight_messages_set(RECEIVE_MAXIMUM)
    one.connect("127.0.0.1", port)
    one.loop_start()
    for number in range(backlog.messages):
        last = one.publish(*backlog.message(number), qos=1)
        if number % 1_000 == 999:
            last.wait_for_publish(60)
            told(number + 1)
    last.wait_for_publish(60)
    one.disconnect()
    one.loop_stop()
