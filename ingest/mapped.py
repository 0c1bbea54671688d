"""Values of a JSON body by configured paths, each with the time that belongs to it: what `fields` and `lorawan` share."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ingest import refusals
from ingest.body import epoch_moment, iso_moment, number, scaled
from ingest.decoded import Decoded, RawValue
from ingest.paths import Found, find
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, FieldPath

# A unit, and how many of what is written make one of it.
_EPOCH_UNITS = {
    "epoch_s": (timedelta(seconds=1), 1), "epoch_ms": (timedelta(milliseconds=1), 1),
    "epoch_us": (timedelta(microseconds=1), 1), "epoch_ns": (timedelta(microseconds=1), 1000),
}  # fmt: skip


def mapped(body: Any, choice: DecoderChoice, otherwise: Callable[[], datetime]) -> Decoded:
    """Return the values of `body` at the configured paths; `otherwise` gives the time of those that have none.

    Raises Refusal where there is none of them, unless the message is known to be no reading.
    """
    found = [(field, one) for field in choice.fields for one in find(body, field.path)]
    if not found:
        if any(True for path in choice.ignore for _ in find(body, path)):
            return Decoded([], [], ignored=True)
        raise refusals.nothing_found(field.path for field in choice.fields)
    times = _Times(body, choice, otherwise)
    values: list[RawValue] = []
    refused: list[Refusal] = []
    for field, one in found:
        try:
            values.append(_value(field, one, times.of(one.at), choice))
        except Refusal as refusal:
            refused.append(refusal.of(field.parameter))
    return Decoded(values, refused)


def _value(field: FieldPath, found: Found, moment: datetime, choice: DecoderChoice) -> RawValue:
    as_text = field.numbers_as_text or choice.numbers_as_text
    value = number(found.value, field.parameter, as_text=as_text)
    if value is not None:
        value = number(scaled(value, field.scale), field.parameter, as_text=False)
    return RawValue(field.parameter, value, moment, field.unit)


class _Times:
    """The times of one message: of the whole, or of each place in a list that its path stands for."""

    def __init__(self, body: Any, choice: DecoderChoice, otherwise: Callable[[], datetime]) -> None:
        self._choice = choice
        self._otherwise = otherwise
        found = find(body, choice.time) if choice.time else ()
        self._written = {one.at: one.value for one in found if one.value is not None}
        self._zone = ZoneInfo(choice.timezone) if choice.timezone else None

    def of(self, at: tuple[int, ...]) -> datetime:
        """Return the time that belongs to a value found at the places `at`. Raises Refusal."""
        for length in range(len(at), -1, -1):
            if at[:length] in self._written:
                return self._read(self._written[at[:length]])
        return self._otherwise()

    def _read(self, written: Any) -> datetime:
        unit = _EPOCH_UNITS.get(self._choice.time_format)
        if unit is None:
            return iso_moment(written, self._zone)
        return epoch_moment(written, *unit)
