"""One bare number a topic, as ESPHome and many bridges publish: the topic says which parameter it is.

    decoder:
      name: scalar
      receipt_time: true
      topics:
        - {topic: river-node/sensor/water_temperature/state, parameter: water_temperature, unit: degC}
        - {topic: river-node/sensor/ph/state, parameter: ph}

Such a message has no time, so it counts only where the station may use the time of receipt, and live. What these
devices say when there is no value (`nan`, `unavailable`, nothing at all) is ignored: there is no reading, which shows as
a gap, and nothing to put right at each interval. Any other text is refused.
"""

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import decoded_text, number, receipt_moment, scaled
from ingest.decoded import Decoded, Decoder, RawValue
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, Station, TopicValue

_NO_VALUE = frozenset({"", "nan", "-nan", "null", "none", "unavailable", "unknown"})


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the one value of the message. Raises Refusal where it is none."""
    choice = station.decoder
    meant = [one for one in choice.topics if one.topic == incoming.incoming.topic]
    if not meant:
        raise refusals.nothing_found(one.topic for one in choice.topics)
    written = decoded_text(incoming.incoming.payload).strip()
    if written.lower() in _NO_VALUE:
        return Decoded([], [], ignored=True)
    try:
        return Decoded([_value(one, written, incoming, choice) for one in meant], [])
    except Refusal as refusal:
        raise refusal.of(meant[0].parameter) from refusal


def _value(meant: TopicValue, written: str, incoming: JournalMessage, choice: DecoderChoice) -> RawValue:
    value = number(written, meant.parameter, as_text=True)
    if value is not None:
        value = number(scaled(value, meant.scale), meant.parameter, as_text=False)
    return RawValue(meant.parameter, value, receipt_moment(incoming, choice), meant.unit)


DECODER = Decoder(
    decode=decode,
    reads=Text("one bare number a topic, such as ESPHome's"),
    takes=("topics", "receipt_time"),
    needs=(("topics",), ("receipt_time",)),
)
