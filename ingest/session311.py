"""MQTT 3.1.1 over paho, for brokers that do not speak version 5."""

import socket
import time
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from ingest.session import CONNECT_SECONDS, GOODBYE_SECONDS, KEEPALIVE_SECONDS, Broker, Session, wait


class Session311(Session):
    """A connection by the library's client, with a loop of ours around its reading and writing.

    Only so it is known when the socket has nothing more to give: then the group at hand is committed at once, and a
    lone live message does not wait for others.
    """

    def __init__(self, client_id: str) -> None:
        """Nothing is sent before `open`."""
        super().__init__()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe

    def open(self, broker: Broker, password: str | None) -> None:
        """Send CONNECT. Raises OSError."""
        if broker.user is not None:
            self._client.username_pw_set(broker.user, password)
        if broker.tls:
            self._client.tls_set()
        self._client.connect(broker.host, broker.port, KEEPALIVE_SECONDS)

    def subscribe(self, filters: Sequence[str], old: Sequence[str]) -> None:
        """Ask for `filters` at QoS 1, and no longer for `old`."""
        if gone := [one for one in old if one not in filters]:
            self._client.unsubscribe(gone)
        _, self._subscribe_mid = self._client.subscribe([(one, 1) for one in filters])

    def exchange(self, ear: socket.socket, seconds: float) -> None:
        """Read and write what there is; see the base."""
        readable, writable = wait(self._sock, ear, seconds, writes=self._client.want_write())
        if writable:
            self._client.loop_write()
        if readable:
            while self._read() and not self.group.is_full():
                pass
        self._client.loop_misc()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._sock is not None

    def close(self) -> None:
        """Say goodbye (the session stays) and send what is still to be sent."""
        self._client.disconnect()
        until = time.monotonic() + GOODBYE_SECONDS
        while self._sock is not None and self._client.want_write() and time.monotonic() < until:
            self._client.loop_write()
            time.sleep(0.01)

    def drop(self) -> None:
        """Close the socket without a word, as a crash would: what is not acknowledged comes again."""
        if (own := self._sock) is not None:
            own.close()

    @property
    def _sock(self) -> Any:
        """The library's socket; None once the connection is lost or dropped."""
        own = self._client.socket()
        return own if own is not None and own.fileno() >= 0 else None

    def _read(self) -> bool:
        """Take one packet if there is one; tell whether it was a message."""
        before = len(self.group.messages)
        self._client.loop_read()
        return len(self.group.messages) > before

    def _acknowledge(self, mids: Sequence[int]) -> None:
        for mid in mids:
            self._client.ack(mid, 1)

    def _unsubscribe(self, filters: Sequence[str]) -> int | None:
        return self._client.unsubscribe(list(filters))[1]

    def _on_connect(self, _client: Any, _userdata: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._connected(refusal=str(reason) if reason.is_failure else None, resumed=flags.session_present)

    def _on_disconnect(self, _client: Any, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.lost = str(reason)

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._take(
            _topic(message), bytes(message.payload), message.mid, (message.qos, message.retain, message.dup)
        )  # fmt: skip

    def _on_subscribe(self, _client: Any, _userdata: Any, mid: int, reasons: list[ReasonCode], _: Any) -> None:
        self._subscribed(mid, [str(reason) if reason.is_failure else None for reason in reasons])

    def _on_unsubscribe(self, _client: Any, _userdata: Any, mid: int, _reasons: Any, _properties: Any) -> None:
        self._unsubscribed(mid)


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")
