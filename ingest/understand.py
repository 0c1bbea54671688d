"""What one message says: whose it is, what is in it, what of it is refused. Decides alone from message and registry."""

import msgspec
import structlog

from domain.message import JournalMessage
from domain.reading import Reading
from ingest import refusals
from ingest.decoders import DECODERS
from ingest.file_names import account_of, owner_of, sender_of
from ingest.prepare import Door
from ingest.refusals import Refusal, RefusalReason
from ingest.ways import FILES, IMPORTED
from registry.lookup import Registry
from registry.schema import Station

log = structlog.get_logger(__name__)

_ABOUT_TIME = frozenset({
    RefusalReason.NO_TIME, RefusalReason.NOT_LIVE, RefusalReason.TIME_WITHOUT_ZONE, RefusalReason.UNREADABLE_TIME,
    RefusalReason.IN_FUTURE, RefusalReason.BEFORE_START,
})  # fmt: skip

# Honest stations have a few each; below a topic that ends in /# a strange one could invent them without end.
MOST_TOPICS = 100_000

# One message of garbage must not fill the quarantine; its bytes are in the journal anyway.
MOST_PARTS = 100


class Understood(msgspec.Struct, frozen=True, gc=False):
    """One message, read: without readings and refusals it is known to hold none.

    `station` is None where it cannot be attributed to one.
    """

    message: JournalMessage
    station: str | None = None
    readings: list[Reading] = []
    refused: list[Refusal] = []

    @property
    def imported(self) -> bool:
        """Whether it came from a file rather than from the station."""
        return self.message.incoming.topic.startswith(IMPORTED)


class Reader:
    """Reads messages; nothing that arrives can stop it."""

    def __init__(self, registry: Registry) -> None:
        """Read as `registry` says."""
        self._registry = registry
        self._door = Door(registry)
        self._senders: dict[str, tuple[Station, str]] = {}

    def read(self, message: JournalMessage) -> Understood:
        """Return what `message` says."""
        try:
            station, decoder = self._senders.get(message.incoming.topic) or self._met(message.incoming.topic)
        except Refusal as refusal:
            return Understood(message, self._attributed(message.incoming.topic), refused=[refusal.said()])
        try:
            return self._contents(message, station, decoder)
        except Refusal as refusal:
            return Understood(message, station.id, refused=[refusal.said()])
        except Exception:
            # An error in our own code must not hold up the messages behind; this one can be read again once mended.
            log.exception("decoder failed", decoder=decoder, seq=message.seq, topic=message.incoming.topic)
            return Understood(message, station.id, refused=[refusals.decoder_failed(decoder)])

    def sender(self, topic: str) -> str:
        """Return who sends on `topic`: a station, or the account that its first two levels stand for."""
        if topic.startswith(FILES):
            return account_of(topic.removeprefix(FILES), self._registry)
        known = self._senders.get(topic)
        station = known[0] if known is not None else self._registry.station_of_topic(topic)
        return station.id if station is not None else "/".join(topic.split("/", 2)[:2])

    def _met(self, topic: str) -> tuple[Station, str]:
        """Return whose messages come on `topic`, and remember it: there are few, but for those we make ourselves."""
        found = self._sender(topic)
        if not topic.startswith("$") and len(self._senders) < MOST_TOPICS:
            self._senders[topic] = found
        return found

    def _attributed(self, topic: str) -> str | None:
        """Return into whose folder a file was put: a station's account is known also by what it may not send."""
        owner = owner_of(topic.removeprefix(FILES), self._registry) if topic.startswith(FILES) else None
        return owner.id if owner else None

    def _sender(self, topic: str) -> tuple[Station, str]:
        """Return the station whose message this is, and the decoder that reads it. Raises Refusal."""
        if topic.startswith(FILES):
            sender = sender_of(topic.removeprefix(FILES), self._registry)
            return sender, sender.decoder.name
        native = topic.removeprefix(IMPORTED)
        station = None if native != topic else self._registry.station_of_topic(topic)
        prefix, _, rest = native.partition("/")
        named, _, medium = rest.partition("/")
        if station is not None:
            return station, station.decoder.name
        if prefix != "quantrac" or not named or not medium or "/" in medium:
            raise refusals.unknown_topic(topic)
        station = self._registry.stations.get(named)
        if station is None:
            raise refusals.unknown_station(named)
        if medium != station.medium:
            raise refusals.medium_mismatch(named, medium, station.medium)
        return station, "native"  # a station with a topic of its own speaks its format there, and ours here

    def _contents(self, message: JournalMessage, station: Station, decoder: str) -> Understood:
        decoded = DECODERS[decoder].decode(message, station)
        readings, refused = self._door.admit(decoded.values, station, message)
        refused = _told([*decoded.refused, *refused], readings)
        if not (readings or refused or decoded.ignored):
            raise refusals.nothing_found(())  # a decoder may not drop a message without a word
        return Understood(message, station.id, readings, refused)


def _told(refused: list[Refusal], readings: list[Reading]) -> list[Refusal]:
    """Say once for the whole message what is wrong with the time of all of it."""
    said = {(one.reason, str(one.message)) for one in refused}
    if len(said) == 1 and not readings and refused[0].reason in _ABOUT_TIME:
        return [refused[0].of("")]
    return refused[:MOST_PARTS]
