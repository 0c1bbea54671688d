"""What a decoder makes of a message: values as they were written, before anything is converted or judged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.message import JournalMessage
from ingest.refusals import Refusal
from registry.formats import Format
from registry.schema import Station


class RawValue(msgspec.Struct, gc=False):
    """One value as the message has it. `value` None is a missing reading, `unit` None means that none was named.

    `stamped_at` is aware and in UTC, `status` as it was written (None: not at all). `part` is where it stands in the
    message, if there the parameter alone says too little.
    """

    parameter: str
    value: float | None
    stamped_at: datetime
    unit: str | None = None
    status: str | int | None = None
    part: str = ""


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What is in a message. Ignored: known to be no readings (a join, an empty list of values)."""

    values: list[RawValue]
    refused: list[Refusal]
    ignored: bool = False


@dataclass(frozen=True, kw_only=True)
class Decoder(Format):
    """A payload format and what reads it.

    `decode` raises Refusal where nothing of a message can be read; what is wrong with one value goes into `refused`.
    """

    decode: Callable[[JournalMessage, Station], Decoded]
