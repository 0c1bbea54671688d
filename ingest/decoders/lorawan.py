"""LoRaWAN uplinks as ChirpStack v4 and The Things Stack v3 publish them, decoded by the codec that is set there.

    decoder:
      name: lorawan
      topic: application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101/event/#
      device_id: "0101010101010101"
      fields:
        - {path: distance, parameter: leachate_level, unit: mm}

Paths begin in the decoded object (`object`; `uplink_message.decoded_payload`, whose normalized form stands at
`normalized_payload`). The time is the network's: ChirpStack's `time`, The Things Stack's `received_at` of the uplink
(when its network server had it; the outer one is later by what decoding took, and a redelivery changes it). A device
that sends its own time has `time` configured, a path in the object.

Join, status, acknowledgement, log, location and downlink events are no readings, nor are uplinks without any bytes for
the application. An uplink with bytes and without a decoded object is refused: nothing here guesses what bytes mean.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import iso_moment, plain_json, receipt_moment, text_bytes
from ingest.decoded import Decoded, Decoder
from ingest.mapped import mapped
from registry.schema import DecoderChoice, Station

_TOPIC = re.compile(
    r"(?:^|/)(?:application/[^/]+/device|v3/[^/]+/devices)/(?P<device>[^/]+)/(?:event/)?(?P<event>[^/]+)"
)
# What somebody else sends to the device, below the same topics.
_COMMAND = re.compile(r"/device/[^/]+/command/[^/]+$|/devices/[^/]+/down/(?:push|replace)$")

_CHIRPSTACK_UPLINK = ("data", "fPort", "fCnt", "rxInfo")
_CHIRPSTACK_EVENTS = frozenset({"join", "status", "ack", "txack", "log", "location", "integration"})
_CHIRPSTACK_OTHER = (
    "integrationName", "eventType", "margin", "batteryLevel", "batteryLevelUnavailable", "externalPowerSource",
    "queueItemId", "acknowledged", "downlinkId", "level", "code", "description", "location",
)  # fmt: skip
_JOIN = frozenset({"deduplicationId", "time", "deviceInfo", "devAddr", "relayRxInfo", "regionConfigId"})
_TTS_OTHER = (
    "uplink_normalized", "join_accept", "downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed",
    "downlink_queued", "downlink_queue_invalidated", "location_solved", "service_data",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Uplink:
    """What a device sent: the object that the network's codec made of it (None: none), and the network's time."""

    decoded: Any
    received_at: Any
    has_bytes: bool


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the values of an uplink. Raises Refusal where it cannot be read, or is of another device."""
    if _COMMAND.search(incoming.incoming.topic):
        return Decoded([], [], ignored=True)
    body = plain_json(text_bytes(incoming.incoming.payload))
    named = _TOPIC.search(incoming.incoming.topic)
    _check_device(_claims(body), station, named["device"] if named else None)
    uplink = _uplink(body, named["event"] if named else None)
    if uplink is None or (uplink.decoded is None and not uplink.has_bytes):
        return Decoded([], [], ignored=True)
    if uplink.decoded is None:
        raise refusals.not_decoded()
    return mapped(uplink.decoded, station.decoder, lambda: _moment(uplink, incoming, station.decoder))


def _moment(uplink: _Uplink, incoming: JournalMessage, choice: DecoderChoice) -> datetime:
    if uplink.received_at is None:
        return receipt_moment(incoming, choice)
    return iso_moment(uplink.received_at)


def _claims(body: Any) -> list[str]:
    """Return the ids that the message gives its device. Raises Refusal where it is no network server's message."""
    if isinstance(body, dict):
        for device, keys in (
            (body.get("deviceInfo"), ["devEui"]),
            (body.get("end_device_ids"), ["device_id", "dev_eui"]),
        ):
            if isinstance(device, dict):
                return list(_texts(device, keys))
    raise _strange(Text("it has neither deviceInfo nor end_device_ids"))


def _texts(device: Mapping[str, Any], keys: list[str]) -> Iterator[str]:
    return (device[key] for key in keys if isinstance(device.get(key), str))


def _check_device(claims: list[str], station: Station, of_topic: str | None) -> None:
    known = {claim.lower() for claim in claims}
    found = claims[0] if claims else None
    wanted = station.decoder.device_id
    if wanted is not None and wanted.lower() not in known:
        raise refusals.device_mismatch(found, wanted, station.id)
    if of_topic is not None and of_topic.lower() not in known:
        raise refusals.device_not_of_topic(found, of_topic)


def _uplink(body: dict[str, Any], event: str | None) -> _Uplink | None:
    """Return the uplink, or None for another event. Raises Refusal where it is neither."""
    return _of_things_stack(body) if "end_device_ids" in body else _of_chirpstack(body, event)


def _of_chirpstack(body: dict[str, Any], event: str | None) -> _Uplink | None:
    # An uplink is one whatever the topic says: nothing that holds a measurement may pass for an event.
    if not _has(body, ("integrationName", "eventType")) and (
        event == "up" or _has(body, (*_CHIRPSTACK_UPLINK, "object"))
    ):
        has_bytes = bool(body.get("data") or body.get("fPort"))
        return _Uplink(body.get("object"), body.get("time"), has_bytes)
    is_join = "devAddr" in body and body.keys() <= _JOIN
    if event in _CHIRPSTACK_EVENTS or is_join or _has(body, _CHIRPSTACK_OTHER):
        return None
    raise _strange(Text("it is no event of ChirpStack that is known here"))


def _of_things_stack(body: dict[str, Any]) -> _Uplink | None:
    uplink = body.get("uplink_message")
    if not isinstance(uplink, dict):
        if _has(body, _TTS_OTHER):
            return None
        raise _strange(Text("it is no event of The Things Stack that is known here"))
    if body.get("simulated"):
        raise refusals.wrong_shape(
            Text("the uplink was simulated in the console"), Text("Nothing was measured; discard it.")
        )
    decoded = uplink.get("decoded_payload")
    if isinstance(decoded, dict) and "normalized_payload" in uplink:
        decoded = {**decoded, "normalized_payload": uplink["normalized_payload"]}
    has_bytes = bool(uplink.get("frm_payload") or uplink.get("f_port"))
    return _Uplink(decoded, uplink.get("received_at") or body.get("received_at"), has_bytes)


def _has(body: dict[str, Any], keys: tuple[str, ...]) -> bool:
    return any(key in body for key in keys)


def _strange(where: Text) -> refusals.Refusal:
    return refusals.wrong_shape(
        where,
        Text(
            "ChirpStack v4 and The Things Stack v3 are read, in JSON. Set the network server's integration to it, or "
            "choose the decoder that fits in stations.yaml."
        ),
    )


DECODER = Decoder(
    decode=decode,
    reads=Text("LoRaWAN uplinks of ChirpStack v4 and The Things Stack v3, decoded there"),
    takes=(
        "topic", "fields", "ignore", "time", "time_format", "timezone", "device_id", "receipt_time", "numbers_as_text",
    ),
    needs=(("fields",),),
)  # fmt: skip
