"""MQTT 5. The packets are read and written by the library `mqtt5`, the socket is ours.

A client that calls back for each message spends ten times as long on a message as everything else that receipt does to
it; here a whole read of the socket is taken apart at once, and a whole group acknowledged by one write.
"""

import itertools
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from enum import IntEnum

import mqtt5

from ingest.session import (
    CONNECT_SECONDS,
    GOODBYE_SECONDS,
    KEEPALIVE_SECONDS,
    RECEIVE_MAXIMUM,
    Broker,
    Session,
    wait,
)

_READ_BYTES = 256 * 1024
_FOR_EVER = 0xFFFFFFFF
_FAILURE = 0x80
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Malformed(Exception):
    """What the broker sent is no packet of MQTT 5, or none that can be read; the connection is of no use any more."""


class Session5(Session):
    """A connection on a socket of its own, never waiting but in `exchange`."""

    def __init__(self, client_id: str) -> None:
        """Nothing is sent before `open`."""
        super().__init__()
        self._client_id = client_id
        self._socket: socket.socket | None = None
        self._in = bytearray()
        self._out = bytearray()
        self._has_more = False  # packets that are read from the socket and wait for the next group
        self._mids = itertools.cycle(range(1, 0x10000))
        self._heard = self._spoke = self._pinged = time.monotonic()

    def open(self, broker: Broker, password: str | None) -> None:
        """Send CONNECT. Raises OSError."""
        plain = socket.create_connection((broker.host, broker.port), timeout=CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain
        if broker.tls:
            self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=broker.host)
        self._socket.setblocking(False)
        packet = mqtt5.ConnectPacket(
            self._client_id, username=broker.user, password=password.encode() if password is not None else None,
            clean_start=False, keep_alive=KEEPALIVE_SECONDS, session_expiry_interval=_FOR_EVER,
            receive_max=RECEIVE_MAXIMUM,
        )  # fmt: skip
        self._send(packet.write())

    def subscribe(self, filters: Sequence[str], old: Sequence[str]) -> None:
        """Ask for `filters` at QoS 1, and no longer for `old`."""
        if gone := [one for one in old if one not in filters]:
            self._unsubscribe(gone)
        self._subscribe_mid = next(self._mids)
        # Not "as published": the flag tells us that a message is an old one that was kept, not how it was sent.
        wanted = [mqtt5.TopicFilter(one, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=False) for one in filters]
        self._send(mqtt5.SubscribePacket(self._subscribe_mid, wanted).write())

    def exchange(self, ear: socket.socket, seconds: float) -> None:
        """Read and write what there is; see the base. Raises Malformed too."""
        if self._socket is None:
            return
        readable, _ = wait(self._socket, ear, 0 if self._has_more else seconds, writes=bool(self._out))
        self._flush()
        self._take_apart()
        while readable and not self.group.is_full() and self._receive():
            self._take_apart()
        self._keep_alive()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._socket is not None

    def close(self) -> None:
        """Say goodbye (the session stays) and send what is still to be sent."""
        self._send(mqtt5.DisconnectPacket().write())
        until = time.monotonic() + GOODBYE_SECONDS
        while self._socket is not None and self._out and time.monotonic() < until:
            time.sleep(0.01)
            self._flush()
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word, as a crash would: what is not acknowledged comes again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self) -> bool:
        """Take what the socket has; False where it has nothing (more)."""
        if self._socket is None:
            return False
        try:
            got = self._socket.recv(_READ_BYTES)
        except _AGAIN:
            return False
        except OSError as error:
            return self._lose(str(error))
        if not got:
            return self._lose("Connection lost")
        self._heard = time.monotonic()
        self._in += got
        return True

    def _take_apart(self) -> None:
        """Deal with the packets that have come whole, until the group is full."""
        done = 0
        with memoryview(self._in) as buffer:
            for packet, end in _packets(buffer):
                if not isinstance(packet, mqtt5.PublishPacket):
                    self._control(packet)
                elif self.group.is_full():
                    break
                else:
                    flags = (int(packet.qos), packet.retain, packet.duplicate)
                    self._take(packet.topic, packet.payload, packet.packet_id or 0, flags)
                done = end
        del self._in[:done]
        self._has_more = bool(self._in) and self.group.is_full()

    def _control(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket():
                self._connected(refusal=_refusal(packet.reason_code), resumed=packet.session_present)
            case mqtt5.SubAckPacket():
                self._subscribed(packet.packet_id, [_refusal(one) for one in packet.reason_codes])
            case mqtt5.UnsubAckPacket():
                self._unsubscribed(packet.packet_id)
            case mqtt5.DisconnectPacket():
                self.lost = _words(packet.reason_code)
                self.drop()
            case _:
                pass  # an answer to a ping says that the broker is there, and every byte has said so already

    def _acknowledge(self, mids: Sequence[int]) -> None:
        self._send(b"".join(mqtt5.PubAckPacket(mid).write() for mid in mids))

    def _unsubscribe(self, filters: Sequence[str]) -> int | None:
        mid = next(self._mids)
        self._send(mqtt5.UnsubscribePacket(mid, list(filters)).write())
        return mid

    def _send(self, packets: bytes) -> None:
        self._out += packets
        self._flush()

    def _flush(self) -> None:
        """Write what the socket takes now; the rest waits for the next exchange."""
        while self._out and self._socket is not None:
            try:
                sent = self._socket.send(self._out)
            except _AGAIN:
                return
            except OSError as error:
                self._lose(str(error))
                return
            del self._out[:sent]
            self._spoke = time.monotonic()

    def _lose(self, why: str) -> bool:
        self.lost = self.lost or why
        self.drop()
        return False

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._heard > 1.5 * KEEPALIVE_SECONDS:
            self._lose("Keep alive timeout")
        # Also where only we have spoken: without an answer it could not be told that the broker is gone.
        elif now - max(self._pinged, min(self._spoke, self._heard)) > KEEPALIVE_SECONDS / 2:
            self._pinged = now
            self._send(mqtt5.PingReqPacket().write())


def _packets(buffer: memoryview) -> Iterator[tuple[mqtt5.Packet, int]]:
    """Yield the packets that are in `buffer` whole, each with where it ends. Raises Malformed."""
    at = 0
    while at < len(buffer):
        try:
            packet, size = mqtt5.read(buffer[at:])
        except IndexError as error:
            if _is_whole(buffer[at:]):
                raise Malformed(str(error)) from error
            return
        # A topic that is no UTF-8 makes the library panic, which is not an Exception.
        except BaseException as error:
            raise Malformed(str(error)) from error
        at += size
        yield packet, at


def _is_whole(buffer: memoryview) -> bool:
    """Tell whether `buffer` begins with all the bytes that its packet says it has (MQTT 5, section 2.1.4)."""
    size = 0
    for place, byte in enumerate(buffer[1:5]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return len(buffer) >= 2 + place + size
    return False


def _refusal(reason: IntEnum) -> str | None:
    # The library's codes are numbers with a name and no real IntEnum, whatever its types say: they have no order.
    return _words(reason) if int(reason) >= _FAILURE else None


def _words(reason: IntEnum) -> str:
    """Return a reason as the standard words it: Session taken over."""
    return reason.name.replace("_", " ").capitalize()
