"""Why a message or a value is not taken: one code each, with a sentence that says what is wrong and what to do."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.text import Text


class RefusalReason(StrEnum):
    """The codes; they stand in quarantine, in `quarantine list --reason` and in metrics, so none is ever renamed."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_FILE = "unknown_file"
    MEDIUM_MISMATCH = "medium_mismatch"
    STATION_MISMATCH = "station_mismatch"
    DEVICE_MISMATCH = "device_mismatch"
    TOO_LARGE = "too_large"
    EMPTY_MESSAGE = "empty_message"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    NOTHING_FOUND = "nothing_found"
    NOT_DECODED = "not_decoded"
    NO_TIME = "no_time"
    NOT_LIVE = "not_live"
    TIME_WITHOUT_ZONE = "time_without_zone"
    UNREADABLE_TIME = "unreadable_time"
    IN_FUTURE = "in_future"
    BEFORE_START = "before_start"
    UNKNOWN_PARAMETER = "unknown_parameter"
    NOT_AT_STATION = "not_at_station"
    COMPUTED_HERE = "computed_here"
    NO_UNIT = "no_unit"
    UNKNOWN_UNIT = "unknown_unit"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_AS_TEXT = "number_as_text"
    UNKNOWN_STATUS = "unknown_status"
    GIVEN_TWICE = "given_twice"
    DECODER_FAILED = "decoder_failed"
    STORE_REFUSED = "store_refused"


# What came claims to be from another than it came from. It may be a mistake at a logger; it may be somebody else.
SECURITY = frozenset({
    RefusalReason.UNKNOWN_STATION, RefusalReason.UNKNOWN_FILE, RefusalReason.MEDIUM_MISMATCH,
    RefusalReason.STATION_MISMATCH, RefusalReason.DEVICE_MISMATCH,
})  # fmt: skip


class Refusal(Exception):
    """A message (`part` is empty) or one part of it (a parameter, or a path) is not taken."""

    def __init__(self, reason: RefusalReason, message: Text, part: str = "") -> None:
        """Keep what a person will read; the exception's own string is English."""
        super().__init__(str(message))
        self.reason = reason
        self.message = message
        self.part = part

    def of(self, part: str) -> "Refusal":
        """Return the same refusal, of `part`."""
        return Refusal(self.reason, self.message, part)

    def said(self) -> "Refusal":
        """Return what it says without where it was raised: kept, that would keep all that was at hand there."""
        return self.of(self.part)


def shown(written: Any) -> str:
    """Return what was written as a person can read it in a sentence: one line, at most 60 characters."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(written)[:61])
    return text if len(text) <= 60 else text[:59] + "…"


def _some(names: Iterable[str], most: int = 12) -> str:
    listed = sorted(names)
    return ", ".join(listed[:most]) + (" …" if len(listed) > most else "")


def unknown_topic(topic: str) -> Refusal:
    """Neither `quantrac/<station>/<medium>` nor a station's own topic."""
    return Refusal(
        RefusalReason.UNKNOWN_TOPIC,
        Text(
            "No station sends on the topic {topic}. Send on quantrac/<station>/<medium>, "
            "or name this topic at the station's decoder in stations.yaml.",
            {"topic": shown(topic)},
        ),
    )


def unknown_station(station: str) -> Refusal:
    """The topic names a station that is not configured."""
    return Refusal(
        RefusalReason.UNKNOWN_STATION,
        Text(
            "There is no station {station}. Add it to stations.yaml, or correct the topic that the logger sends on.",
            {"station": shown(station)},
        ),
    )


def medium_mismatch(station: str, medium: str, right: str) -> Refusal:
    """The topic's last part is not the medium of the station's kind."""
    return Refusal(
        RefusalReason.MEDIUM_MISMATCH,
        Text(
            "The topic ends in {medium}, but station {station} measures {right}. "
            "Let the logger send on quantrac/{station}/{right}, or correct the station's kind in stations.yaml.",
            {"station": station, "medium": shown(medium), "right": right},
        ),
    )


def station_mismatch(claimed: object, station: str) -> Refusal:
    """The payload claims another station than the topic."""
    return Refusal(
        RefusalReason.STATION_MISMATCH,
        Text(
            "The message says that it is from station {claimed}, but came on the topic of {station}. "
            "Correct the logger's topic or the station in its message.",
            {"claimed": shown(claimed), "station": station},
        ),
    )


def device_mismatch(found: object, wanted: str | None, station: str) -> Refusal:
    """The device's own id in the body is not the one that the station's configuration names."""
    return Refusal(
        RefusalReason.DEVICE_MISMATCH,
        Text(
            "The message is from device {found}, but station {station} expects device {wanted}. "
            "If the device was exchanged, enter the new one as device_id in stations.yaml.",
            {"found": shown(found), "wanted": wanted or "–", "station": station},
        ),
    )


def too_large(size: int, most: int) -> Refusal:
    """The payload is beyond what one message can sensibly hold."""
    return Refusal(
        RefusalReason.TOO_LARGE,
        Text(
            "The message has {size} bytes; at most {most} are read. Let the logger send one message per moment.",
            {"size": size, "most": most},
        ),
    )


def empty_message() -> Refusal:
    """No bytes at all."""
    return Refusal(
        RefusalReason.EMPTY_MESSAGE,
        Text("The message is empty. Look at what the logger is set to send on this topic."),
    )


def not_utf8(position: int) -> Refusal:
    """The bytes are not text."""
    return Refusal(
        RefusalReason.NOT_UTF8,
        Text(
            "The message is not valid UTF-8 (byte {position}). Set the logger to UTF-8, "
            "or choose the decoder that fits it in stations.yaml.",
            {"position": position},
        ),
    )


def not_json(position: int) -> Refusal:
    """The text is not JSON; `position` is the first character that does not fit, from 1."""
    return Refusal(
        RefusalReason.NOT_JSON,
        Text(
            "The message is not JSON (from character {position}). Correct the logger's template, "
            "or choose the decoder that fits it in stations.yaml.",
            {"position": position},
        ),
    )


_NATIVE_SHAPE = Text(
    "One message reads {example}; a station that speaks otherwise needs another decoder in stations.yaml.",
    {"example": '{"time": "…+07:00", "values": {"pm25": {"value": 41.2, "unit": "ug/m3"}}}'},
)


def wrong_shape(where: Text, remedy: Text = _NATIVE_SHAPE) -> Refusal:
    """JSON, but not as this format has it; `where` says which place is otherwise, `remedy` what would be right."""
    return Refusal(
        RefusalReason.WRONG_SHAPE,
        Text("The message is not as the format has it: {where}. {remedy}", {"where": where, "remedy": remedy}),
    )


def not_decoded() -> Refusal:
    """A LoRaWAN uplink of which there are only the bytes."""
    return Refusal(
        RefusalReason.NOT_DECODED,
        Text(
            "The uplink holds bytes and no decoded object. Add the codec (payload formatter) of this device to its "
            "profile at the network server; what it sends from then on is read."
        ),
    )


def device_not_of_topic(found: object, of_topic: str) -> Refusal:
    """The device's own id in the body is not the one in the topic."""
    return Refusal(
        RefusalReason.DEVICE_MISMATCH,
        Text(
            "The message is from device {found}, but came on a topic of device {topic}. Find out who publishes it "
            "there; a network server names the same device in both.",
            {"found": shown(found), "topic": shown(of_topic)},
        ),
    )


def nothing_found(paths: Iterable[str]) -> Refusal:
    """None of the configured paths leads anywhere."""
    return Refusal(
        RefusalReason.NOTHING_FOUND,
        Text(
            "The message holds none of the fields that the station's decoder names ({paths}). "
            "Correct the paths in stations.yaml, or the topic if these are other messages.",
            {"paths": _some(paths)},
        ),
    )


def no_time() -> Refusal:
    """No time in the message, and the station may not use the time of receipt."""
    return Refusal(
        RefusalReason.NO_TIME,
        Text(
            "The message says no time. Let the logger send one, "
            "or set receipt_time at the station's decoder in stations.yaml."
        ),
    )


def not_live() -> Refusal:
    """No time in the message, and its time of receipt says nothing."""
    return Refusal(
        RefusalReason.NOT_LIVE,
        Text(
            "The message says no time, and it waited at the broker before it was received, "
            "so when it was measured is not known. Let the logger send the time."
        ),
    )


def time_without_zone(written: object) -> Refusal:
    """A local time whose zone is not configured."""
    return Refusal(
        RefusalReason.TIME_WITHOUT_ZONE,
        Text(
            "The time {written} has no offset. Let the logger send one such as 2026-11-24T08:35:00+07:00, "
            "or name the timezone at the station's decoder (fields) in stations.yaml.",
            {"written": shown(written)},
        ),
    )


def ambiguous_time(written: object) -> Refusal:
    """A local time that the clocks show twice, or never, on the day on which they change."""
    return Refusal(
        RefusalReason.TIME_WITHOUT_ZONE,
        Text(
            "The clocks of the station's timezone showed {written} twice, or not at all. Let the logger send times with "
            "their offset, or in UTC.",
            {"written": shown(written)},
        ),
    )


def unreadable_time(written: object) -> Refusal:
    """Not a time as the format has it."""
    return Refusal(
        RefusalReason.UNREADABLE_TIME,
        Text(
            "{written} is not a time that can be read here. Let the logger send one such as "
            "2026-11-24T08:35:00+07:00, or name its time_format at the station's decoder (fields) in stations.yaml.",
            {"written": shown(written)},
        ),
    )


def in_future(moment: datetime, received_at: datetime) -> Refusal:
    """Later than a clock may be ahead."""
    return Refusal(
        RefusalReason.IN_FUTURE,
        Text(
            "The time {moment} was still to come when the message was received ({received_at}). "
            "Set the logger's clock and time zone.",
            {"moment": moment, "received_at": received_at},
        ),
    )


def before_start(moment: datetime, start: datetime) -> Refusal:
    """Before the station was there."""
    return Refusal(
        RefusalReason.BEFORE_START,
        Text(
            "The time {moment} is before the station's first day ({start}). Set the logger's clock, "
            "or correct the station's from in stations.yaml.",
            {"moment": moment, "start": start},
        ),
    )


def unknown_parameter(parameter: str) -> Refusal:
    """No such parameter in the configuration."""
    return Refusal(
        RefusalReason.UNKNOWN_PARAMETER,
        Text(
            "There is no parameter {parameter}. Correct its name in the logger, or add it to parameters.yaml.",
            {"parameter": shown(parameter)},
        ),
    )


def not_at_station(parameter: str, station: str) -> Refusal:
    """A parameter that exists, but that this station does not measure (then)."""
    return Refusal(
        RefusalReason.NOT_AT_STATION,
        Text(
            "Station {station} does not measure {parameter} at that time. "
            "Add it to the station's parameters in stations.yaml if it does.",
            {"parameter": shown(parameter), "station": station},
        ),
    )


def computed_here(parameter: str, station: str) -> Refusal:
    """What we compute ourselves is nobody's to send: two figures of one thing would contradict each other."""
    return Refusal(
        RefusalReason.COMPUTED_HERE,
        Text(
            "{parameter} at station {station} is computed here from what the station measures, so what is sent of it is "
            "not taken. Let the logger leave it out, or give what it computes another parameter in stations.yaml.",
            {"parameter": shown(parameter), "station": station},
        ),
    )


def no_unit(parameter: str, accepted: Iterable[str]) -> Refusal:
    """A value without a unit, and none configured."""
    return Refusal(
        RefusalReason.NO_UNIT,
        Text(
            "The value of {parameter} has no unit. Let the logger send one of {accepted}, "
            "or name it at the station's parameter in stations.yaml.",
            {"parameter": shown(parameter), "accepted": _some(accepted)},
        ),
    )


def unknown_unit(parameter: str, unit: object, accepted: Iterable[str]) -> Refusal:
    """A unit that cannot be converted: never stored as a number."""
    return Refusal(
        RefusalReason.UNKNOWN_UNIT,
        Text(
            "{parameter} is not measured in {unit} here. Let the logger send one of {accepted}, "
            "or add the unit with its factor to parameters.yaml.",
            {"parameter": shown(parameter), "unit": shown(unit), "accepted": _some(accepted)},
        ),
    )


def no_state(parameter: str, unit: object, accepted: Iterable[str]) -> Refusal:
    """A normal cubic metre or a share of the volume, where nobody has said at which temperature and pressure."""
    return Refusal(
        RefusalReason.UNKNOWN_UNIT,
        Text(
            "{parameter} in {unit} cannot be converted: at which temperature and pressure a Nm³ is has not been stated for "
            "that day (`reference_state` in province.yaml). Write it there, or let the logger send one of {accepted}.",
            {"parameter": shown(parameter), "unit": shown(unit), "accepted": _some(accepted)},
        ),
    )


def not_a_number(parameter: str, written: object) -> Refusal:
    """Not a finite number."""
    return Refusal(
        RefusalReason.NOT_A_NUMBER,
        Text(
            "{written} is not a number that {parameter} can have. Let the logger send a finite number, "
            "or null for a missing value.",
            {"parameter": shown(parameter), "written": shown(written)},
        ),
    )


def number_as_text(parameter: str, written: str) -> Refusal:
    """A number in quotation marks."""
    return Refusal(
        RefusalReason.NUMBER_AS_TEXT,
        Text(
            'The value of {parameter} is the text "{written}". Let the logger send a number without quotation marks, '
            "or set numbers_as_text at the station's decoder in stations.yaml.",
            {"parameter": shown(parameter), "written": shown(written)},
        ),
    )


def unknown_status(parameter: str, written: object) -> Refusal:
    """A status that Circular 10/2021 does not have."""
    return Refusal(
        RefusalReason.UNKNOWN_STATUS,
        Text(
            "The status {written} of {parameter} is not known. "
            "Let the logger send 00 (measuring), 01 (calibrating) or 02 (fault).",
            {"parameter": shown(parameter), "written": shown(written)},
        ),
    )


def decoder_failed(decoder: str) -> Refusal:
    """An error of ours."""
    return Refusal(
        RefusalReason.DECODER_FAILED,
        Text(
            "The decoder {decoder} failed on this message: an error of the program, not of the logger. "
            "Report it with the message; it can be read again once that is mended.",
            {"decoder": decoder},
        ),
    )


def store_refused(parameter: str, why: str) -> Refusal:
    """The reading store will not have this one reading."""
    return Refusal(
        RefusalReason.STORE_REFUSED,
        Text(
            "The store of readings refused this value of {parameter} ({why}). "
            "Look at the store's settings, such as how long it keeps readings.",
            {"parameter": shown(parameter), "why": shown(why)},
        ),
        parameter,
    )
