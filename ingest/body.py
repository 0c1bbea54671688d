"""From bytes to plain JSON values, and from what is written there to numbers and moments; decoders share it."""

import json
import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.ways import MOST_BYTES
from registry.schema import DecoderChoice

_BOM = b"\xef\xbb\xbf"
# No two of its repetitions meet: a message full of digits would else be tried in more ways than there is time for.
NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_TIME = 60
_WHOLE = re.compile(r"\s*[+-]?\d{1,30}\s*", re.ASCII)
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?=[T ])", re.ASCII)
_DATE_AND_TIME = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d", re.ASCII)
_FINER = re.compile(r"[.,]\d{6}(?P<next>\d)", re.ASCII)
_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d\d)")
_DAYS_END = re.compile(r"(?<=[T ])24(?=:?00(?::?00(?:[.,]0+)?)?(?![\d:.,]))", re.ASCII)


def text_bytes(payload: bytes) -> bytes:
    """Return the payload without a byte order mark. Raises Refusal where it is empty or too large."""
    if len(payload) > MOST_BYTES:
        raise refusals.too_large(len(payload), MOST_BYTES)
    body = payload.removeprefix(_BOM)
    if not body.strip():
        raise refusals.empty_message()
    return body


def decoded_text(payload: bytes) -> str:
    """Return the payload as text, which may be empty. Raises Refusal where it is too large or not UTF-8."""
    if not payload.strip():
        return ""
    try:
        return text_bytes(payload).decode()
    except UnicodeDecodeError as error:
        raise refusals.not_utf8(error.start) from error


def plain_json(body: bytes) -> Any:
    """Return the JSON value in `body`. Raises Refusal.

    More forgiving than the standard in one thing: NaN and Infinity are read, so that a logger which writes them
    for one value does not lose the others.
    """
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise refusals.not_utf8(error.start) from error
    except RecursionError as error:
        raise refusals.wrong_shape(Text("it is nested too deeply")) from error
    except json.JSONDecodeError as error:
        raise refusals.not_json(error.pos + 1) from error
    except ValueError as error:  # Python reads no whole number of more than 4,300 digits
        raise refusals.wrong_shape(Text("it holds a number that is too long")) from error


def number(written: Any, parameter: str, *, as_text: bool) -> float | None:
    """Return the finite number that was written, or None for null. Raises Refusal."""
    if written is None:
        return None
    if isinstance(written, str):
        if not as_text and NUMBER.fullmatch(written):
            raise refusals.number_as_text(parameter, written)
        if not NUMBER.fullmatch(written):
            raise refusals.not_a_number(parameter, written)
        written = float(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise refusals.not_a_number(parameter, written)
    return finite(written, parameter)


def finite(written: float, parameter: str) -> float:
    """Return what was written, if a number can be so large. Raises Refusal."""
    try:
        value = float(written)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise refusals.not_a_number(parameter, value)
    return value


def scaled(value: float, scale: float) -> float:
    """Return the product as a person would write it: 3 tenths are 0.3, not what binary makes of them."""
    return value if scale == 1 else float(Decimal(str(value)) * Decimal(str(scale)))


def added(value: float, other: float) -> float:
    """Return the sum as a person would write it."""
    return value if other == 0 else float(Decimal(str(value)) + Decimal(str(other)))


def iso_moment(written: Any, zone: tzinfo | None = None) -> datetime:
    """Return the UTC moment of an ISO 8601 time; `zone` is used where it has no offset. Raises Refusal.

    24:00 is the midnight that ends the day. What is finer than a microsecond is rounded, as msgspec does where it reads
    a time: the same stamp is the same moment whichever way it came. A date alone is no moment. A date with the year
    first may have slashes.
    """
    if not isinstance(written, str) or len(written) > _LONGEST_TIME:
        raise refusals.unreadable_time(written)
    text = _SLASHES.sub(r"\1-\2-\3", _BEFORE_OFFSET.sub("", written.strip().upper()), count=1)
    midnight = _DAYS_END.sub("00", text, count=1)
    try:
        moment = datetime.fromisoformat(midnight)
        if moment.tzinfo is None and zone is None:
            raise refusals.time_without_zone(written)
        if not _DATE_AND_TIME.match(text):
            raise refusals.unreadable_time(written)
        finer = _FINER.search(text)
        more = timedelta(days=midnight != text, microseconds=finer is not None and finer["next"] >= "5")
        shown = moment + more
        return (shown if shown.tzinfo else local_moment(shown.replace(tzinfo=zone), written)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusals.unreadable_time(written) from error


def local_moment(moment: datetime, written: object) -> datetime:
    """Return a moment by a zone's clocks. Raises Refusal where they never showed it, or twice.

    In the hour that comes twice in autumn the second reading would take the place of the first, unseen.
    """
    if moment.replace(fold=1).utcoffset() != moment.utcoffset():
        raise refusals.ambiguous_time(written)
    return moment


def epoch_moment(written: Any, unit: timedelta, per: int = 1) -> datetime:
    """Return the UTC moment of a number since 1970, of which `per` make a `unit`. Raises Refusal.

    A number in quotation marks is the same moment.
    """
    try:
        if isinstance(written, str) and NUMBER.fullmatch(written):
            written = int(written) if _WHOLE.fullmatch(written) else float(written)
        if isinstance(written, bool) or not isinstance(written, int | float):
            raise TypeError
        return _EPOCH + written * unit / per
    except (TypeError, ValueError, OverflowError) as error:
        raise refusals.unreadable_time(written) from error


def receipt_moment(incoming: JournalMessage, choice: DecoderChoice) -> datetime:
    """Return the time of receipt, where the station may use it and it says something. Raises Refusal."""
    if not choice.receipt_time:
        raise refusals.no_time()
    if not incoming.incoming.live or incoming.incoming.retained or incoming.incoming.redelivered:
        raise refusals.not_live()
    return incoming.received_at
