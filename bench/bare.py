"""A bare paho loop, as a process: decodes and acknowledges, and keeps nothing. `python -m bench.bare PORT SESSION COUNT`."""

import json
import sys
from typing import Any

import paho.mqtt.client as mqtt

from bench.broker import client, lasting, leave
from bench.child import done, wait_for_go


def main(port: str, session: str, count: str) -> None:
    """Take `count` messages of a session that was away."""
    one, wanted, taken = client(session, manual_ack=True), int(count), 0

    def on_message(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal taken
        json.loads(message.payload)
        client.ack(message.mid, message.qos)
        taken += 1

    one.on_message = on_message
    wait_for_go()
    one.connect("127.0.0.1", int(port), clean_start=False, properties=lasting())
    while taken < wanted or one.want_write():
        one.loop(1.0)
    done()
    leave(one)


if __name__ == "__main__":
    main(*sys.argv[1:])
