"""The text of Circular 10/2021/TT-BTNMT: a line for each value, its five fields separated by tabs.

    COD<TAB>84<TAB>mg/L<TAB>20240115083000<TAB>00

Parameter as the logger calls it, value, unit, local time yyyyMMddHHmmss, status 00/01/02. It comes as files over FTP,
and over MQTT on the station's topic. One bad line refuses that line only; its part is `<line>:<parameter>`.

What the Circular leaves open is decided here. The time is Viet Nam's unless the station names another `timezone`;
24:00:00 is the midnight that follows, a second of 59 stays 59. A decimal comma is taken unless the same text has decimal
points, since the comma could then part thousands. No value (nothing, `-`, `NaN`, `null`) is a missing reading: a faulty
instrument still says its status. Two different lines for one parameter and moment are both refused, since nobody can
say which one is right. A last line without its end that is short of a field or digit was cut off, and is refused.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.message import JournalMessage
from domain.text import Text
from ingest import refusals
from ingest.body import NUMBER, finite, local_moment, receipt_moment, text_bytes
from ingest.decoded import Decoded, Decoder, RawValue
from ingest.refusals import Refusal, RefusalReason
from registry.schema import LoggerName, Station
from registry.units import normal

_ZONE = "Asia/Ho_Chi_Minh"
_LINE_END = re.compile(r"\r\n|\n|\r")
_STAMP = re.compile(r"\d{14}", re.ASCII)
_MISSING = frozenset({"", "-", "nan", "null"})

# How loggers call what they measure, as `_plain` leaves it → what it can be here. The first that the station measures.
_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("temp", "temperature", "nhietdo"), ("water_temperature", "air_temperature")),
    **dict.fromkeys(("luuluong", "q", "flowout", "luuluongra", "luuluongdaura"), ("flow",)),
    **dict.fromkeys(("flowin", "luuluongvao", "luuluongdauvao"), ("inflow",)),
    **dict.fromkeys(("tn", "tongnito", "tongn"), ("total_n",)),
    **dict.fromkeys(("tp", "tongphotpho", "tongp"), ("total_p",)),
    **dict.fromkeys(("color", "domau"), ("colour",)),
    **dict.fromkeys(("cl", "clodu"), ("residual_chlorine",)),
    **dict.fromkeys(("nh4", "nh4n", "nnh4", "amoni", "ammonium"), ("ammonium_n",)),
    **dict.fromkeys(("no3", "no3n", "nno3", "nitrat", "nitrate"), ("nitrate_n",)),
    **dict.fromkeys(("no2n", "nno2", "nitrit", "nitrite"), ("nitrite_n",)),
    "no2": ("no2", "nitrite_n"),
    **dict.fromkeys(("po4", "po4p", "ppo4", "phosphat", "phosphate"), ("phosphate_p",)),
    **dict.fromkeys(("pm", "bui", "buitong"), ("dust", "tsp")),
    **dict.fromkeys(("builolung", "tongbuilolung"), ("tsp",)),
    **dict.fromkeys(("do", "oxyhoatan"), ("dissolved_oxygen",)),
    **dict.fromkeys(("ec", "conductivity", "dodandien"), ("specific_conductance",)),
    **dict.fromkeys(("rh", "humidity", "doam"), ("relative_humidity",)),
    **dict.fromkeys(("p", "pressure", "apsuat"), ("air_pressure",)),
    "bod": ("bod5",), "no": ("nitric_oxide",), "doduc": ("turbidity",), "doman": ("salinity",), "tongluuluong": ("volume",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands in one line."""

    number: int
    name: str
    value: str
    unit: str
    time: str
    status: str

    @property
    def part(self) -> str:
        return f"{self.number}:{self.name}"


@dataclass(slots=True)
class _Read:
    """What has been read of the lines so far."""

    values: list[RawValue] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def decode(incoming: JournalMessage, station: Station) -> Decoded:
    """Return the lines' values. Raises Refusal where nothing of the text can be read."""
    written = _text(text_bytes(incoming.incoming.payload))
    read = _Read()
    if not written.strip():
        raise refusals.empty_message()
    lines = list(_lines(written, read))
    has_points = any("." in line.value for line in lines)
    zone = ZoneInfo(station.decoder.timezone or _ZONE)
    for line in lines:
        try:
            read.values.append(
                _value(line, station, has_points=has_points, moment=_moment(line, incoming, station, zone))
            )
        except Refusal as refusal:
            read.refused.append(refusal.of(line.part))
    return Decoded(_agreeing(read), read.refused)


def _text(body: bytes) -> str:
    """Return the text in UTF-8 as the Circular has it, or as Windows writes it."""
    try:
        if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return body.decode("utf-16")
        return body.decode()
    except UnicodeDecodeError as error:
        try:
            return body.decode("cp1258")
        except UnicodeDecodeError:
            raise refusals.not_utf8(error.start) from error


def _lines(written: str, read: _Read) -> Iterator[_Line]:
    """Yield the lines that have five fields; refuse the others. Blank ones say nothing."""
    parts = _LINE_END.split(written)
    # A logger that writes 0 for 00 does so in each line.
    writes_one_digit = {len(part.rstrip().rpartition("\t")[2]) for part in parts[:-1] if part.strip()} == {1}
    for number, part in enumerate(parts, 1):
        if not part.strip():
            continue
        fields = [one.strip() for one in part.rstrip().split("\t")]
        # The last part has no line end; a status of one digit may be all that has come of it.
        is_cut = number == len(parts) and len(fields[-1]) < 2 and not writes_one_digit
        if len(fields) == 5 and not is_cut:
            yield _Line(number, *fields)
        else:
            read.refused.append(_not_five(number, len(fields)).of(f"{number}:{fields[0]}"))


def _moment(line: _Line, incoming: JournalMessage, station: Station, zone: ZoneInfo) -> datetime:
    if not line.time:
        return receipt_moment(incoming, station.decoder)
    if not _STAMP.fullmatch(line.time):
        raise _unreadable_stamp(line.time)
    day, clock = line.time[:8], line.time[8:]
    is_end_of_day = clock == "240000"
    try:
        moment = datetime.strptime(day + ("000000" if is_end_of_day else clock), "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return local_moment(moment + timedelta(days=is_end_of_day), line.time).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unreadable_stamp(line.time) from error


def _value(line: _Line, station: Station, *, has_points: bool, moment: datetime) -> RawValue:
    parameter, named = _parameter(line.name, station)
    value = _number(line.value, parameter, has_points=has_points)
    unit = line.unit or None
    if named is not None and named.instead_of is not None and normal(line.unit) == normal(named.instead_of):
        unit = named.unit
    return RawValue(parameter, value, moment, unit, line.status, line.part)


def _number(written: str, parameter: str, *, has_points: bool) -> float | None:
    if written.casefold() in _MISSING:
        return None
    if "," in written and has_points:
        raise _two_marks(parameter, written)
    plain = written.replace(",", ".", 1)
    if not NUMBER.fullmatch(plain):
        raise refusals.not_a_number(parameter, written)
    return finite(float(plain), parameter)


def _agreeing(read: _Read) -> list[RawValue]:
    """Return the values without those that contradict each other, which are refused."""
    said: dict[tuple[str, datetime], set[tuple[float | None, str, str | int | None]]] = {}
    for one in read.values:
        said.setdefault((one.parameter, one.stamped_at), set()).add((one.value, normal(one.unit or ""), one.status))
    agreeing = []
    for one in read.values:
        if len(said[one.parameter, one.stamped_at]) == 1:
            agreeing.append(one)
        else:
            read.refused.append(_contradicted(one).of(one.part))
    return agreeing


# Names.


def _parameter(written: str, station: Station) -> tuple[str, LoggerName | None]:
    """Return the station's parameter that the logger calls so, and what its configuration says of it. Raises Refusal."""
    folded = fold(written)
    for one in station.decoder.names:
        if fold(one.name) == folded:
            return one.parameter, one
    plain, measured = _plain(written), station.measures
    same = (one for one in measured if _plain(one) == plain)
    usual = (one for one in _NAMES.get(plain, ()) if one in measured)
    found = next(same, None) or next(usual, None)
    if found is None:
        raise _unnamed(written, station)
    return found, None


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return a logger's name without what case and ways of writing the same letter make of it."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """Return letters and digits of a name, without marks: `PM2,5` → pm25, `NH₄⁺` → nh4, `Nhiệt độ` → nhietdo."""
    plain = unicodedata.normalize("NFKD", name.casefold()).replace("đ", "d")
    return "".join(char for char in plain if char.isascii() and char.isalnum())


# What is refused.


def _not_five(line: int, found: int) -> Refusal:
    return Refusal(RefusalReason.WRONG_SHAPE, Text(
        "Line {line} has {found} fields where Circular 10/2021 has five, or was cut off: parameter, value, unit, time and "
        "status, separated by tabs. Correct the logger's template.", {"line": line, "found": found},
    ))  # fmt: skip


def _unreadable_stamp(written: str) -> Refusal:
    return Refusal(RefusalReason.UNREADABLE_TIME, Text(
        "{written} is not a time as Circular 10/2021 writes it. Let the logger send yyyyMMddHHmmss, such as "
        "20261124083500.", {"written": refusals.shown(written)},
    ))  # fmt: skip


def _two_marks(parameter: str, written: str) -> Refusal:
    return Refusal(RefusalReason.NOT_A_NUMBER, Text(
        "The value {written} of {parameter} has a comma, and others of the same message have points, so it may be a "
        "thousand times as large. Set the logger to one decimal mark and no mark between thousands.",
        {"parameter": parameter, "written": refusals.shown(written)},
    ))  # fmt: skip


def _contradicted(one: RawValue) -> Refusal:
    return Refusal(RefusalReason.GIVEN_TWICE, Text(
        "The message says two different things of {parameter} at {moment}, so neither is taken. Let the logger send one, "
        "or name the two apart below names at the station's decoder in stations.yaml.",
        {"parameter": one.parameter, "moment": one.stamped_at},
    ))  # fmt: skip


def _unnamed(written: str, station: Station) -> Refusal:
    return Refusal(RefusalReason.UNKNOWN_PARAMETER, Text(
        "Station {station} has no parameter that its logger could mean by {name}. Write below names at its decoder in "
        "stations.yaml which one it is, or add it to the station's parameters.",
        {"station": station.id, "name": refusals.shown(written)},
    ))  # fmt: skip


DECODER = Decoder(
    decode=decode,
    reads=Text("the text of Circular 10/2021, over MQTT or as files"),
    takes=("topic", "files", "folder", "names", "timezone", "receipt_time"),
)
