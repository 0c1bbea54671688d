"""Publishing as stations do: QoS 1, and done only when the broker has acknowledged."""

from collections.abc import Iterable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def publish(port: int, messages: Iterable[tuple[str, bytes]], *, retain: bool = False) -> None:
    """Publish (topic, payload) pairs with QoS 1; return once the broker has all of them."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for sent in [client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]:
        sent.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()
