"""Whatever bytes or JSON arrive, every decoder says what they are; never by another exception, never with no number."""

import json
from math import isfinite
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.message import Incoming, JournalMessage
from ingest.decoded import Decoded
from ingest.decoders import DECODERS
from ingest.refusals import Refusal
from registry.schema import Station
from support.builders import NOON
from support.configured import station

FIELDS = [{"path": "a.b", "parameter": "pm25"}, {"path": "l[*].v", "parameter": "pm10", "scale": 0.1},
          {"path": "l[k=v].v", "parameter": "so2", "scale": 1e300}, {"path": "[k=v].v", "parameter": "so2"}]  # fmt: skip
EUI = "0101010101010101"
# Ways in which a decoder can be told to read; each is tried as it is left alone, too.
STATIONS: dict[str, list[dict[str, Any]]] = {
    "native": [{"receipt_time": True, "numbers_as_text": True}],
    "fields": [
        {"fields": FIELDS, "time": "t", "device": "id", "device_id": "v", "timezone": "Asia/Ho_Chi_Minh"},
        {"fields": FIELDS, "time": "l[*].t", "time_format": "epoch_ns", "receipt_time": True, "numbers_as_text": True},
        {"fields": FIELDS, "receipt_time": True, "ignore": ["k"]},
    ],
    "senml": [
        {"records": [{"name": "v", "parameter": "pm25", "scale": 1e300}, {"name": "v", "parameter": "so2", "sum": True}],
         "receipt_time": True},
        {"records": [{"name": "k", "parameter": "pm25"}], "device_id": "v"},
    ],
    "lorawan": [{"fields": FIELDS, "receipt_time": True}, {"fields": FIELDS, "device_id": EUI, "time": "t"}],
    "scalar": [{"topics": [{"topic": "x/up", "parameter": "pm25", "scale": 1e300}], "receipt_time": True}],
}  # fmt: skip
TOPICS = [
    "x/up",
    f"application/a/device/{EUI}/event/up",
    f"application/a/device/{EUI}/command/down",
    "v3/a/devices/v/up",
]

KEYS = st.sampled_from([
    "time", "values", "pm25", "value", "unit", "status", "station", "t", "a", "b", "l", "k", "v", "id", "bn", "bt", "bv",
    "bs", "bu", "bver", "n", "s", "u", "vs", "vb", "vd", "x_", "deviceInfo", "devEui", "object", "data", "fPort",
    "end_device_ids", "device_id", "uplink_message", "decoded_payload", "received_at", "normalized_payload",
])  # fmt: skip
WORDS = st.sampled_from(["pm25", "ug/m3", "v", "k", EUI, "2026-03-01T12:00:00+07:00", "2026-03-01T24:00", "12.5"])
LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | WORDS | st.text(max_size=6)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=6),
    max_leaves=24,
)
RECORD = st.dictionaries(KEYS, LEAVES, max_size=6)
OBJECT = st.dictionaries(KEYS, JSON, max_size=4)
# Nearly right, so that what is behind the first look is reached as well.
NEAR = st.one_of(
    st.lists(RECORD, max_size=4),
    st.builds(lambda more, time: {"deviceInfo": {"devEui": EUI}, "time": time, "fPort": 1, "object": more}, OBJECT, JSON),
    st.builds(
        lambda more, time: {"end_device_ids": {"device_id": "v"}, "uplink_message": {"received_at": time, **more}},
        st.fixed_dictionaries({"decoded_payload": JSON}, optional={"normalized_payload": JSON, "f_port": JSON}), JSON,
    ),
    st.builds(lambda more, time: {"t": time, "id": "v", "a": {"b": more}}, JSON, JSON),
    st.builds(lambda rows: {"l": rows}, st.lists(st.dictionaries(st.sampled_from(["k", "v", "t"]), LEAVES), max_size=4)),
)  # fmt: skip


def stations(name: str) -> list[Station]:
    return [station(decoder={"name": name, **options}) for options in [{}, *STATIONS.get(name, [])]]


def decoded(name: str, payload: bytes, of: Station, topic: str) -> Decoded:
    message = JournalMessage(64, NOON, Incoming(topic, payload))
    try:
        return DECODERS[name].decode(message, of)
    except Refusal as refusal:
        return Decoded([], [refusal])


def check(name: str, payload: bytes, topic: str) -> None:
    for of in stations(name):
        found = decoded(name, payload, of, topic)
        assert all(one.value is None or isfinite(one.value) for one in found.values)
        assert all(one.stamped_at.tzinfo is not None for one in found.values)
        assert found.values or found.refused or found.ignored
        assert all(str(one.message) for one in found.refused)


@pytest.mark.parametrize("name", DECODERS)
@given(payload=st.binary(max_size=200), topic=st.sampled_from(TOPICS))
def test_any_bytes_are_read_or_refused(name: str, payload: bytes, topic: str) -> None:
    """Also those that are no text at all."""
    check(name, payload, topic)


@pytest.mark.parametrize("name", DECODERS)
@given(body=JSON | NEAR, topic=st.sampled_from(TOPICS))
def test_any_json_is_read_or_refused(name: str, body: Any, topic: str) -> None:
    """Of whatever shape, and whatever stands where a value, a time or a name is expected."""
    check(name, json.dumps(body).encode(), topic)


@pytest.mark.parametrize("name", DECODERS)
@given(text=st.from_regex(r"\s*[-+0-9.eEnaifINF,]{0,12}\s*", fullmatch=True))
def test_any_text_that_looks_like_a_number_is_read_or_refused(name: str, text: str) -> None:
    """Or ignored, where it is the word for no value."""
    check(name, text.encode(), "x/up")
