"""MQTT 5 on a real socket: however the bytes are cut, the messages are the same, and garbage ends the connection."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.message import Incoming
from ingest.session import GROUP_MESSAGES, Broker
from ingest.session5 import Malformed, Session5

CONNECTED = mqtt5.ConnAckPacket(session_present=True).write()


@contextmanager
def broker(pieces: Sequence[bytes]) -> Iterator[Broker]:
    """Answer one connection with `pieces`, one write each, and close it when the other side has."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for one in pieces:
                    connection.sendall(one)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Broker("127.0.0.1", server.getsockname()[1], None, tls=False)
        finally:
            thread.join(10)


def taken(pieces: Sequence[bytes]) -> tuple[list[Incoming], Session5]:
    """Return all messages of a connection, group by group, and the session when it was over."""
    found: list[Incoming] = []
    ear, bell = socket.socketpair()
    session = Session5("test")
    with broker(pieces) as where, ear, bell, ExitStack() as at_last:
        at_last.callback(session.drop)
        session.open(where, None)
        while session.is_open:
            session.exchange(ear, 5.0)
            assert len(session.group.messages) <= GROUP_MESSAGES
            found += session.group.messages
            session.acknowledge()
    return found, session


def publish(number: int, size: int) -> bytes:
    return mqtt5.PublishPacket(
        f"quantrac/A-{number}/air", b"x" * size, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number + 1
    ).write()


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({one % len(stream) for one in places} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.lists(st.integers(0, 10_000), max_size=12))
def test_wherever_the_stream_is_cut_the_messages_are_the_same(sizes: list[int], places: list[int]) -> None:
    """A network knows nothing of packets."""
    stream = CONNECTED + b"".join(publish(number, size) for number, size in enumerate(sizes))
    found, session = taken(cut(stream, places))
    assert [(one.topic, len(one.payload)) for one in found] == [
        (f"quantrac/A-{number}/air", size) for number, size in enumerate(sizes)
    ]
    assert (session.accepted, session.resumed, session.lost) == (True, True, "Connection lost")


def test_groups_are_filled_and_no_message_is_left_in_between() -> None:
    """More than two groups come in one read."""
    stream = CONNECTED + b"".join(publish(number, 0) for number in range(2 * GROUP_MESSAGES + 1))
    assert len(taken([stream])[0]) == 2 * GROUP_MESSAGES + 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00",
        b"\x32\xff\xff\xff\xff\xff",
        bytes([0x32, 9, 0, 3]) + b"\xff\xfeA" + bytes([0, 1, 0]) + b"1",  # a topic that is no UTF-8
        bytes([0x20, 2, 0, 1]),  # how a broker of 3.1.1 refuses
    ],
)
def test_what_is_no_packet_is_malformed(garbage: bytes) -> None:
    """The subscriber then tries the version before; what came ahead of it has been taken."""
    with pytest.raises(Malformed):
        taken([garbage])


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_packets_or_malformed(garbage: bytes) -> None:
    """Nothing that a broker sends ends in another way."""
    with suppress(Malformed):
        taken([garbage])


def test_a_refusal_is_in_words() -> None:
    """As the standard has them."""
    refused = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.NOT_AUTHORIZED).write()
    assert (taken([refused])[1].accepted, taken([refused])[1].refused) == (False, "Not authorized")


def test_why_the_broker_ended_it_is_known() -> None:
    """Above all that somebody else uses our name."""
    ended = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER).write()
    assert taken([CONNECTED + ended])[1].lost == "Session taken over"
