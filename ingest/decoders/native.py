"""Our own format: all that a station measured at one moment.

    {"time": "2026-11-24T08:35:00+07:00",
     "values": {"pm25": {"value": 41.2, "unit": "ug/m3"}, "so2": {"value": 12, "unit": "ppb", "status": "01"}}}

A key written twice counts as last written. What stands beside `time`, `values` and `station` is not looked at; beside
`value`, `unit` and `status` nothing may stand, since a misspelt status would turn a calibration into a measurement.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import iso_moment, number, plain_json, receipt_moment, text_bytes
from ingest.decoded import Decoded, Decoder, RawValue
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, Station


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    value: float | None
    unit: str | None = None
    status: str | int | None = None


class _Body(msgspec.Struct, frozen=True, gc=False):
    time: datetime
    values: dict[str, _Value]
    station: str | None = None


_DECODER = msgspec.json.Decoder(_Body)


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return what is in a native message. Raises Refusal where nothing of it can be read."""
    body = text_bytes(incoming.incoming.payload)
    try:
        message = _DECODER.decode(body)
        moment = message.time.astimezone(UTC) if message.time.tzinfo else None
    except (ValueError, RecursionError, OverflowError):
        moment = None
    # Whatever the quick way does not take is looked at value by value: to name what is wrong, and to keep the others.
    if moment is None or message.station not in {None, station.id}:
        return _slowly(plain_json(body), incoming, station)
    values = [RawValue(key, one.value, moment, one.unit, one.status) for key, one in message.values.items()]
    return Decoded(values, [], ignored=not values)


def _slowly(body: Any, incoming: JournalMessage, station: Station) -> Decoded:
    if not isinstance(body, dict):
        raise refusals.wrong_shape(Text("it is not an object"))
    claimed = body.get("station")
    if claimed is not None and claimed != station.id:
        raise refusals.station_mismatch(claimed, station.id)
    written = body.get("values")
    if not isinstance(written, dict):
        raise refusals.wrong_shape(Text("values is missing or not an object"))
    if not written:
        return Decoded([], [], ignored=True)
    moment = _moment(body.get("time"), incoming, station.decoder)
    return _values(written, moment, as_text=station.decoder.numbers_as_text)


def _moment(written: Any, incoming: JournalMessage, choice: DecoderChoice) -> datetime:
    return receipt_moment(incoming, choice) if written is None else iso_moment(written)


def _values(written: dict[str, Any], moment: datetime, *, as_text: bool) -> Decoded:
    values: list[RawValue] = []
    refused: list[Refusal] = []
    for parameter, one in written.items():
        try:
            values.append(_value(parameter, one, moment, as_text=as_text))
        except Refusal as refusal:
            refused.append(refusal.of(parameter))
    return Decoded(values, refused)


def _value(parameter: str, one: Any, moment: datetime, *, as_text: bool) -> RawValue:
    if one is None:
        return RawValue(parameter, None, moment)
    if not isinstance(one, dict) or "value" not in one:
        where = {"parameter": refusals.shown(parameter)}
        raise refusals.wrong_shape(Text('{parameter} is not an object with "value"', where))
    if strange := one.keys() - {"value", "unit", "status"}:
        where = {"parameter": refusals.shown(parameter), "key": refusals.shown(min(strange))}
        raise refusals.wrong_shape(Text("{parameter} has the unknown key {key}", where))
    value = number(one["value"], parameter, as_text=as_text)
    return RawValue(parameter, value, moment, _unit(one.get("unit"), parameter), _status(one.get("status"), parameter))


def _unit(written: Any, parameter: str) -> str | None:
    if written is None or isinstance(written, str):
        return written
    raise refusals.unknown_unit(parameter, written, ())


def _status(written: Any, parameter: str) -> str | int | None:
    if written is None or (isinstance(written, str | int) and not isinstance(written, bool)):
        return written
    raise refusals.unknown_status(parameter, written)


DECODER = Decoder(
    decode=decode,
    reads=Text("our own JSON: the values of one moment, each with its unit and status"),
    takes=("topic", "files", "folder", "receipt_time", "numbers_as_text"),
)
