"""A broker that sends one message as a real one never would: the bytes are a test's own."""

import socket
import struct
import threading
from contextlib import suppress


class RawBroker:
    """Takes connections one after another, accepts everything, and sends `topic` until somebody acknowledges it."""

    def __init__(self, topic: bytes, payload: bytes) -> None:
        """Listen on a free port of the loopback interface."""
        self.acknowledged = threading.Event()
        self._message = (topic, payload)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError, EOFError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        properties = b""
        while True:
            kind, body = _packet(connection)
            match kind >> 4:
                case 1:
                    properties = b"\x00" if body[6] == 5 else b""
                    _send(connection, 0x20, b"\x00\x00" + properties)
                case 8:
                    _send(connection, 0x90, body[:2] + properties + b"\x01")
                    topic, payload = self._message
                    message = struct.pack("!H", len(topic)) + topic + b"\x00\x07" + properties + payload
                    _send(connection, 0x32, message)
                case 4:
                    self.acknowledged.set()
                case 10:
                    _send(connection, 0xB0, body[:2] + (b"\x00\x00" if properties else b""))
                case 12:
                    _send(connection, 0xD0, b"")


def _packet(connection: socket.socket) -> tuple[int, bytes]:
    """Read one packet whose length takes at most two bytes."""
    kind, first = _read(connection, 2)
    size = first if first < 0x80 else (first & 0x7F) + 0x80 * _read(connection, 1)[0]
    return kind, _read(connection, size)


def _read(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        more = connection.recv(size - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def _send(connection: socket.socket, kind: int, body: bytes) -> None:
    assert len(body) < 0x80
    connection.sendall(bytes([kind, len(body)]) + body)
