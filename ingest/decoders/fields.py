"""Any JSON: the station's configuration says at which path which parameter stands, in which unit, at which scale.

    decoder:
      name: fields
      topic: tele/node-7/SENSOR
      time: Time
      timezone: Asia/Ho_Chi_Minh
      fields:
        - {path: 'SDS0X1."PM2.5"', parameter: pm25, unit: ug/m3}

A path that leads nowhere is no fault, since many devices send their values in turns; a message without any of them is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.message import JournalMessage
from ingest import refusals
from ingest.body import epoch_moment, iso_moment, number, plain_json, receipt_moment, text_bytes
from ingest.decoded import Decoded, RawValue
from ingest.paths import Found, find
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, FieldPath, Station

_EPOCH_UNITS = {"epoch_s": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the values at the configured paths. Raises Refusal where nothing of the message can be read."""
    choice = station.decoder
    body = plain_json(text_bytes(incoming.incoming.payload))
    _check_device(body, choice, station.id)
    found = [(field, one) for field in choice.fields for one in find(body, field.path)]
    if not found:
        raise refusals.nothing_found(field.path for field in choice.fields)
    times = _Times(body, incoming, choice)
    values: list[RawValue] = []
    refused: list[Refusal] = []
    for field, one in found:
        try:
            values.append(_value(field, one, times.of(one.at), choice))
        except Refusal as refusal:
            refused.append(refusal.of(field.parameter))
    return Decoded(values, refused)


def _check_device(body: Any, choice: DecoderChoice, station: str) -> None:
    if choice.device is None:
        return
    found = next(find(body, choice.device), Found((), None)).value
    if str(found) != choice.device_id:
        raise refusals.device_mismatch(found, choice.device_id, station)


def _value(field: FieldPath, found: Found, moment: datetime, choice: DecoderChoice) -> RawValue:
    as_text = field.numbers_as_text or choice.numbers_as_text
    value = number(found.value, field.parameter, as_text=as_text)
    return RawValue(field.parameter, None if value is None else value * field.scale, moment, field.unit)


class _Times:
    """The times of one message: of the whole, or of each place that a `[*]` of its path stands for."""

    def __init__(self, body: Any, incoming: JournalMessage, choice: DecoderChoice) -> None:
        self._incoming = incoming
        self._choice = choice
        self._written = {one.at: one.value for one in self._find(body) if one.value is not None}
        self._zone = ZoneInfo(choice.timezone) if choice.timezone else None

    def _find(self, body: Any) -> Iterator[Found]:
        return find(body, self._choice.time) if self._choice.time else iter(())

    def of(self, at: tuple[int, ...]) -> datetime:
        """Return the time that belongs to a value found at the places `at`. Raises Refusal."""
        for length in range(len(at), -1, -1):
            if at[:length] in self._written:
                return self._read(self._written[at[:length]])
        return receipt_moment(self._incoming, self._choice)

    def _read(self, written: Any) -> datetime:
        unit = _EPOCH_UNITS.get(self._choice.time_format)
        if unit is None:
            return iso_moment(written, self._zone)
        if isinstance(written, str) and self._choice.numbers_as_text:
            written = number(written, "time", as_text=True)
        return epoch_moment(written, unit)
