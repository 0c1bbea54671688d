"""What one message would become: through the same code as ingest, and without writing anything."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.message import Incoming, JournalMessage
from domain.moment import micros
from domain.text import QuantracError, Text
from ingest.decoders import DECODERS
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from registry.schema import DecoderChoice, Station
from registry.source import Source, read_source, read_text
from registry.trial import alone, invented, with_decoder


@dataclass(frozen=True, slots=True)
class Trial:
    """Whose message it is taken for: a station, a decoder (a name, a file or YAML), a topic; one of them at least."""

    station: Station | None
    decoder: str | None
    topic: str | None

    def read(self, payload: bytes, received_at: datetime, registry: Registry) -> Understood:
        """Return what the message would become, received live at `received_at`. Raises QuantracError."""
        station, known = self.station, registry
        if self.decoder is not None:
            station = self._spoken(station or invented(registry), registry)
            known = alone(station, registry)
        incoming = Incoming(self.topic or _topic_of(station), payload)
        return Reader(known).read(JournalMessage(micros(received_at) * 64, received_at, incoming))

    def _spoken(self, station: Station, registry: Registry) -> Station:
        spoken = with_decoder(_source(self.decoder or ""), station, registry, DECODERS)
        choice: DecoderChoice = spoken.decoder
        if self.topic is None or choice.topics or choice.topic is not None:
            return spoken
        # Whoever tries a decoder on a topic means that the station speaks there.
        return spoken.model_copy(update={"decoder": choice.model_copy(update={"topic": self.topic})})


def _source(decoder: str) -> Source:
    if decoder in DECODERS:
        return read_text("--decoder", f"name: {decoder}\n")
    if ": " in decoder:
        return read_text("--decoder", decoder)
    path = Path(decoder)
    return read_source(path.parent, path.name)


def _topic_of(station: Station | None) -> str:
    """Return the one topic on which a station's message can have come. Raises QuantracError."""
    topics = station.topics if station is not None else ()
    if len(topics) == 1:
        return topics[0].removesuffix("/#")
    if not topics:
        raise QuantracError(Text("Say whose message it is: --station ID, --decoder NAME, or --topic TOPIC."))
    raise QuantracError(
        Text("The station speaks on several topics. Say by --topic on which the message came: {topics}.",
             {"topics": ", ".join(topics)})
    )  # fmt: skip
