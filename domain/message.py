"""A message as it came, and what became of it."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """One message as it was received, before anything is known of its meaning."""

    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False
    redelivered: bool = False
    # False while the broker is still handing over what piled up before we connected: such a message's time of
    # receipt says nothing about its time of measurement.
    live: bool = True


class JournalMessage(msgspec.Struct, frozen=True, gc=False):
    """A message in the journal. `seq` is its number: receipt time in µs × 64 + worker, strictly rising."""

    seq: int
    received_at: datetime
    incoming: Incoming


class Outcome(StrEnum):
    """What became of a message. Every message has exactly one; a message without one is pending."""

    STORED = "stored"
    PARTLY = "partly"  # some values refused, at least one taken
    REPEATED = "repeated"  # nothing new in it
    IGNORED = "ignored"  # join and status events and empty values: known to be no readings
    QUARANTINED = "quarantined"  # nothing of it could be taken
    DISCARDED = "discarded"  # was in quarantine until a person gave it up
