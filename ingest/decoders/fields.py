"""Any JSON: the station's configuration says at which path which parameter stands, in which unit, at which scale.

    decoder:
      name: fields
      topic: tele/node-7/SENSOR
      time: Time
      timezone: Asia/Ho_Chi_Minh
      fields:
        - {path: 'SDS0X1."PM2.5"', parameter: pm25, unit: ug/m3}
        - {path: 'list[type=P1].value', parameter: pm10, unit: ug/m3}

The word `online` or `offline` alone, as of a last will, is no reading. A path that leads nowhere is no fault, since many
devices send their values in turns; a message without any of them is, unless it has one of `ignore`.
"""

from typing import Any

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import plain_json, receipt_moment, text_bytes
from ingest.decoded import Decoded, Decoder
from ingest.mapped import mapped
from ingest.paths import Found, find
from registry.schema import DecoderChoice, Station

_PRESENCE = frozenset({b"online", b"offline"})


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the values at the configured paths. Raises Refusal where nothing of the message can be read."""
    choice = station.decoder
    written = text_bytes(incoming.incoming.payload)
    if written.strip().lower() in _PRESENCE:
        return Decoded([], [], ignored=True)
    body = plain_json(written)
    _check_device(body, choice, station.id)
    return mapped(body, choice, lambda: receipt_moment(incoming, choice))


def _check_device(body: Any, choice: DecoderChoice, station: str) -> None:
    if choice.device is None:
        return
    found = next(find(body, choice.device), Found((), None)).value
    if str(found) != choice.device_id:
        raise refusals.device_mismatch(found, choice.device_id, station)


DECODER = Decoder(
    decode=decode,
    reads=Text("any JSON, by paths"),
    takes=(
        "topic", "files", "folder", "fields", "ignore", "time", "time_format", "timezone", "device", "device_id", "receipt_time",
        "numbers_as_text",
    ),
    needs=(("fields",), ("time", "receipt_time")),
)  # fmt: skip
