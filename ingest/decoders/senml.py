"""SenML packs in JSON (RFC 8428): each record is resolved with the base fields before it, then found by its name.

    decoder:
      name: senml
      topic: sites/roof/senml
      device_id: "urn:dev:ow:10e2073a01080063"
      records:
        - {name: temperature, parameter: air_temperature}

With `device_id`, every name must begin with it, and is known by what follows; without, names are written in full. The
pack's own unit counts before the configured one. A time below 2**28 is relative to now, which is the time of receipt:
only where the station may use it, and live. What is not configured is passed over; where a configured name holds text,
a truth or data (vs, vb, vd), that value is refused. So is a pack of a version above 10, or with a label that ends in _
(which says that it must be understood).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import added, epoch_moment, number, plain_json, receipt_moment, scaled, text_bytes
from ingest.decoded import Decoded, Decoder, RawValue
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, NamedValue, Station

_VERSION = 10
_RELATIVE_BELOW = 2**28
_SECOND = timedelta(seconds=1)
# What may stand between a device's id and the name of what it measures.
_SEPARATORS = ":/._-"


@dataclass(slots=True)
class _Base:
    """The base fields, as the records so far have set them."""

    name: str = ""
    time: float = 0.0
    unit: str | None = None
    value: float | None = None
    sum: float | None = None

    def take(self, record: dict[str, Any]) -> None:
        """Set what `record` sets. Raises Refusal: what follows could not be read without."""
        self.name = _text(record, "bn", self.name) or ""
        self.unit = _text(record, "bu", self.unit)
        self.time = _figure(record, "bt", self.time) or 0.0
        self.value = _figure(record, "bv", self.value)
        self.sum = _figure(record, "bs", self.sum)


@dataclass(frozen=True, slots=True)
class _Record:
    """A record with the base that holds for it."""

    written: dict[str, Any]
    base: _Base

    @property
    def name(self) -> str:
        return self.base.name + (_text(self.written, "n", "") or "")

    def figure(self, parameter: str, *, is_sum: bool, as_text: bool) -> float | None:
        """Return value or sum. Raises Refusal where it is no number, KeyError where there is none."""
        key, base = ("s", self.base.sum) if is_sum else ("v", self.base.value)
        other = next((self.written[one] for one in ("vs", "vb", "vd") if one in self.written), None)
        if key in self.written:
            value = number(self.written[key], parameter, as_text=as_text)
            return value if value is None else added(value, base or 0.0)
        if not is_sum and other is not None:
            raise refusals.not_a_number(parameter, other)
        if base is None or (not is_sum and "s" in self.written):
            raise KeyError(key)
        return base


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the values of the configured names. Raises Refusal where nothing of the pack can be read."""
    choice = station.decoder
    values: list[RawValue] = []
    refused: list[Refusal] = []
    for record in list(_records(plain_json(text_bytes(incoming.incoming.payload)))):
        for meant in _meant(record, choice, station.id):
            try:
                values.append(_value(record, meant, incoming, choice))
            except Refusal as refusal:
                refused.append(refusal.of(meant.parameter))
            except KeyError:  # a sum is asked for and there is a value only, or the other way round
                continue
    if not values and not refused:
        raise refusals.nothing_found(one.name for one in choice.records)
    return Decoded(values, refused)


def _records(pack: Any) -> Iterator[_Record]:
    if not isinstance(pack, list) or not pack or not all(isinstance(one, dict) for one in pack):
        raise _strange(Text("it is not a list of records"))
    base = _Base()
    for record in pack:
        for label in record:
            if label.endswith("_"):
                raise _strange(
                    Text("it has the label {label}, which must be understood", {"label": refusals.shown(label)})
                )
        if (_figure(record, "bver", None) or 0) > _VERSION:
            raise _strange(Text("it is of version {version}", {"version": refusals.shown(record["bver"])}))
        base.take(record)
        yield _Record(record, _Base(base.name, base.time, base.unit, base.value, base.sum))


def _meant(record: _Record, choice: DecoderChoice, station: str) -> list[NamedValue]:
    name = record.name
    known = {name}
    if choice.device_id is not None:
        known.add(_behind(choice.device_id, record, station))
    return [one for one in choice.records if one.name in known]


def _behind(device: str, record: _Record, station: str) -> str:
    """Return the part of a name that follows the device's id. Raises Refusal where it is of another device."""
    name = record.name
    rest = name.removeprefix(device)
    exact = record.base.name.rstrip(_SEPARATORS) == device.rstrip(_SEPARATORS)
    if not name.startswith(device) or not (exact or not rest or rest[0] in _SEPARATORS or device[-1:] in _SEPARATORS):
        raise refusals.device_mismatch(record.base.name.rstrip(_SEPARATORS) or name, device, station)
    return rest.lstrip(_SEPARATORS)


def _value(record: _Record, meant: NamedValue, incoming: JournalMessage, choice: DecoderChoice) -> RawValue:
    value = record.figure(meant.parameter, is_sum=meant.sum, as_text=choice.numbers_as_text)
    if value is not None:
        value = number(scaled(value, meant.scale), meant.parameter, as_text=False)
    unit = meant.unit if meant.sum else _text(record.written, "u", record.base.unit) or meant.unit
    return RawValue(meant.parameter, value, _moment(record, incoming, choice), unit)


def _moment(record: _Record, incoming: JournalMessage, choice: DecoderChoice) -> datetime:
    written = record.base.time + (_figure(record.written, "t", 0.0) or 0.0)
    if written >= _RELATIVE_BELOW:
        return epoch_moment(written, _SECOND)
    try:
        return receipt_moment(incoming, choice) + written * _SECOND
    except OverflowError as error:
        raise refusals.unreadable_time(written) from error


def _text(record: dict[str, Any], key: str, otherwise: str | None) -> str | None:
    written = record.get(key, otherwise)
    if written is None or isinstance(written, str):
        return written
    raise _strange(Text("{key} is not text", {"key": key}))


def _figure(record: dict[str, Any], key: str, otherwise: float | None) -> float | None:
    if key not in record:
        return otherwise
    try:
        return number(record[key], key, as_text=False)
    except Refusal as refusal:
        raise _strange(Text("{key} is not a number", {"key": key})) from refusal


def _strange(where: Text) -> Refusal:
    return refusals.wrong_shape(
        where,
        Text(
            "SenML in JSON (RFC 8428) up to version 10 is read: {example}. Let the device send that.",
            {"example": '[{"bn": "urn:dev:…:", "n": "temperature", "u": "Cel", "t": 1764000000, "v": 23.1}]'},
        ),
    )


DECODER = Decoder(
    decode=decode,
    reads=Text("SenML packs in JSON (RFC 8428)"),
    takes=("topic", "files", "folder", "records", "device_id", "receipt_time", "numbers_as_text"),
    needs=(("records",),),
)
