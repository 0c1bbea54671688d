"""What may stand in the configuration files. Everything is frozen and closed: an unknown key is a fault.

The text under a key is what the reference and an editor say about it. What relates two keys or two items is in
`registry.checks`.
"""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from domain.alert import Severity
from domain.text import Text
from domain.window import WindowKind
from registry.check_settings import ParameterChecks, StationChecks
from registry.chemistry import known_formula
from registry.faults import Wrong
from registry.values import Duration, Id, Span, StationKind, Strict, duration

Language = Literal["vi", "en"]
Medium = Literal["air", "water", "waste"]
IndexId = Literal["vn_aqi", "us_aqi", "vn_wqi"]
AreaKind = Literal["industrial", "residential", "agricultural"]

MEDIUM_OF_KIND: dict[StationKind, Medium] = {
    "air": "air", "stack": "air", "outfall": "water", "surface_water": "water", "waste": "waste",
}  # fmt: skip

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


_LOCAL = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)$")


def local_time(written: object) -> datetime:
    """Return the local date and time that `written` (`2026-03-01 08:00`) names, in no zone. Raises Wrong."""
    found = _LOCAL.match(str(written).strip())
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}" if found else "")
    except ValueError:
        raise Wrong(
            Text("a local date and time is expected, this is `{found}`", {"found": str(written)}),
            Text(
                "write it as `2026-03-01 08:00`, without an offset; of another time zone than the province's, name it at "
                "`timezone`"
            ),
        ) from None


def _own_topic(topic: str) -> str:
    plain = topic.removesuffix("/#")
    if "+" in plain or "#" in plain or (plain != topic and ("/" not in plain or plain.startswith("quantrac/"))):
        raise Wrong(
            Text("`{found}` is a filter for many topics", {"found": topic}),
            Text(
                "write the one topic on which the station publishes, without + and #; if it publishes on several, what "
                "they begin with and /# after two words at least, such as `plant-7/outfall/#`"
            ),
        )
    _one_topic(plain)
    return topic


def _one_topic(topic: str) -> str:
    if (
        topic != topic.strip(" /")
        or not topic
        or "//" in topic
        or topic.startswith("$")
        or "+" in topic
        or "#" in topic
    ):
        raise Wrong(
            Text("`{found}` cannot be a station's topic", {"found": topic}),
            Text("write words with a / between them, none before or after, such as `plant-7/outfall`"),
        )
    return topic


def _mail(address: str) -> str:
    if not _MAIL.fullmatch(address):
        raise Wrong(
            Text("`{found}` is no mail address", {"found": address}),
            Text("write it as name@example.vn, only the address"),
        )
    return address


def _long_enough(kept: timedelta) -> timedelta:
    if kept < LEAST_JOURNAL_KEPT:
        raise Wrong(
            Text("the journal would be kept for {found} days only", {"found": f"{kept / timedelta(days=1):g}"}),
            Text("write at least 30 d: quarantine and loggers that resend need their messages, and so does evidence"),
        )
    return kept


# What is refused a month ago can still be put right, and a logger's owner still be asked about what it sent.
LEAST_JOURNAL_KEPT = timedelta(days=30)


def _file_name(name: str) -> str:
    if "/" in name or name != name.strip() or name.startswith("."):
        raise Wrong(
            Text("`{found}` cannot be the name of a file that is taken", {"found": name}),
            Text("write the name without folder, time and ending, such as `LA_NM1_NT01`"),
        )
    return name


def _folder_name(name: str) -> str:
    if "/" in name or name != name.strip() or name.startswith("."):
        raise Wrong(
            Text("`{found}` cannot be a folder of the watched one", {"found": name}),
            Text("write the name of one folder, without / and not beginning with a dot"),
        )
    return name


def _month_and_day(written: str) -> str:
    """Return `written`, a day that every year has. Raises Wrong."""
    try:
        datetime.strptime(f"2001-{written}", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Wrong(
            Text("`{found}` is no day that every year has", {"found": written}),
            Text('write month and day in quotes, such as "05-01" for the first of May'),
        ) from None
    return written


Degrees = Annotated[float, Field(json_schema_extra={"unit": "° (WGS 84)"})]
LocalTime = Annotated[datetime, BeforeValidator(local_time)]
JournalKept = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_long_enough)]
Topic = Annotated[str, AfterValidator(_own_topic)]
OneTopic = Annotated[str, AfterValidator(_one_topic)]
FileName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_file_name)]
FolderName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_folder_name)]
MonthDay = Annotated[str, AfterValidator(_month_and_day)]
Mail = Annotated[str, Field(max_length=200), AfterValidator(_mail)]
Formula = Annotated[str, Field(max_length=40), AfterValidator(known_formula)]


class Names(Strict):
    """A name in both languages."""

    vi: str = Field(min_length=1)
    """in Vietnamese"""
    en: str = Field(min_length=1)
    """in English"""


class Dated(Strict):
    """Something that holds from one local date up to, not including, another."""

    valid_from: date | None = Field(default=None, alias="from")
    """first day on which it holds; left out: since ever"""
    valid_to: date | None = Field(default=None, alias="to")
    """first day on which it holds no more; left out: until further notice"""

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on the local date `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class Confirmed(Strict):
    """Something that counts as law only with a named person's word."""

    confirmed_by: str | None = None
    """who confirmed it; together with confirmed_on"""
    confirmed_on: date | None = None
    """when it was confirmed"""


class GasState(Strict):
    """The temperature and pressure to which the volume of a gas is brought."""

    temperature: float = Field(default=25.0, gt=-273.15, le=2000, json_schema_extra={"unit": "°C"})
    """of the gas"""
    pressure: float = Field(default=1013.25, gt=0, le=10_000, json_schema_extra={"unit": "hPa"})
    """of the gas, absolute; 1013.25 hPa are 760 mmHg"""


class ReferenceState(GasState, Dated):
    """What a normal cubic metre (Nm³) is, from when to when."""


class Box(Strict):
    """The rectangle that holds the province, in degrees (WGS 84)."""

    south: Degrees = Field(ge=-90, le=90)
    """least latitude"""
    north: Degrees = Field(ge=-90, le=90)
    """greatest latitude"""
    west: Degrees = Field(ge=-180, le=180)
    """least longitude"""
    east: Degrees = Field(ge=-180, le=180)
    """greatest longitude"""


def _stretched(box: Box) -> Box:
    for low, high in (("south", "north"), ("west", "east")):
        if getattr(box, low) >= getattr(box, high):
            raise Wrong(
                Text("`{low}` is not below `{high}`", {"low": low, "high": high}),
                Text("write the smaller number at `{low}`, the greater at `{high}`", {"low": low, "high": high}),
            )
    return box


class Policies(Strict):
    """The department's own rules where the law names none; each is called a policy wherever it shows."""

    capture: float = Field(default=0.75, gt=0, le=1)
    """share of valid data below which a figure is shown, marked insufficient, and confirms nothing"""
    suspect_share: float = Field(default=0.25, gt=0, le=1)
    """share of suspect readings above which an exceedance says "check the instrument\""""
    late_after: Duration = timedelta(minutes=30)
    """a window judged later than this after its end is late"""
    grace: Duration = timedelta(minutes=10)
    """how long a window waits for readings after its end (at least one interval)"""
    future: Duration = timedelta(minutes=5)
    """a reading further in the future than this goes to quarantine"""
    expected_for: Duration = timedelta(days=60)
    """how long after its last reading a series' windows are still expected; loggers keep 60 days"""
    unstated_averaging: WindowKind = WindowKind.HOUR
    """the window with which a limit is compared whose text names no averaging"""
    oxygen_in_air: float = Field(default=20.9, gt=20, le=21, json_schema_extra={"unit": "% vol"})
    """of the correction to a reference oxygen content: (this − reference) ÷ (this − measured); some texts write 21"""
    oxygen_cut_off: float = Field(default=20.0, gt=0, lt=20.9, json_schema_extra={"unit": "% vol"})
    """measured oxygen above which nothing is corrected: the factor would blow up whatever error there is"""
    ph_mean: Literal["arithmetic", "hydrogen"] = "arithmetic"
    """how pH is averaged: its figures, or the hydrogen ions behind them"""
    calm_below: float = Field(default=0.5, ge=0, json_schema_extra={"unit": "m/s"})
    """wind speed below which a direction says nothing and does not count; 0: every direction counts"""
    link_valid: Duration = timedelta(hours=12)
    """how long the link that takes an alert over can be used"""
    journal_kept: JournalKept = timedelta(days=60)
    """how long messages are kept as they came, at least 30 d; then only their seals, and those behind an exceedance"""
    trend_significance: float = Field(default=0.05, gt=0, lt=0.5)
    """how probable chance may be for a trend still to be called better or worse"""
    trend_months: int = Field(default=24, ge=24)
    """how many months with enough valid data a trend needs at least: two of each month of the year, so 24"""
    trend_years: int = Field(default=5, ge=2, le=30)
    """how many years a trend looks back"""
    fill_level: float = Field(default=90, gt=0, lt=100, json_schema_extra={"unit": "%"})
    """above it a waste container counts as full"""


class Season(Strict):
    """A season of the year; it lasts until the next one begins, also beyond the end of the year."""

    id: Id
    """by which it is known, such as rainy"""
    names: Names
    """as people call it"""
    starts: MonthDay = Field(alias="from")
    """month and day on which it begins, each year, such as "05-01\""""


class Province(Strict):
    """Who we are and how we work."""

    id: Id
    """short name, part of no address"""
    names: Names
    """of the province"""
    department: Names
    """of the department that runs the service"""
    timezone: str
    """name in the tz database, such as Asia/Ho_Chi_Minh; days and dates are meant in it"""
    box: Annotated[Box, AfterValidator(_stretched)]
    """the rectangle that holds the province: a coordinate outside it is a fault"""
    reference_state: tuple[ReferenceState, ...] = (ReferenceState(),)
    """what Nm³ means, dated, and the state in which gases are kept per m³; empty: Nm³, ppb and ppm are refused"""
    policies: Policies = Policies()
    """the department's own rules where the law names none"""
    seasons: tuple[Season, ...] = ()
    """the seasons over which means are made, the department's own policy; left out: none are made"""
    indices: tuple[IndexId, ...] = ("vn_aqi",)
    """the indices that are made; vn_wqi only once a person has confirmed it (`quantrac indices confirm`)"""
    nowcast: Literal["normalised", "as_printed"] = "normalised"
    """how VN_AQI weighs hours that are missing: by the weights that are there, or as the Decision prints it"""
    publish_facility_names: bool = False
    """whether the public pages name facilities"""
    data_licence: str = "CC BY 4.0"
    """licence under which the public data are given"""
    hotline: str | None = None
    """telephone number on the public pages"""


class Area(Strict):
    """A cluster, park, neighbourhood or farming area."""

    id: Id
    """by which stations, facilities and rules name it"""
    names: Names
    """as people call it"""
    kind: AreaKind
    """some limits depend on it"""
    latitude: Degrees
    """of its middle"""
    longitude: Degrees
    """of its middle"""


class Factor(Confirmed):
    """A factor of a limit, as the licence states it."""

    name: str
    """as the regulation names it: Kq, Kf, Kp, Kv, K"""
    value: float = Field(gt=0, le=2)
    """what the limit is multiplied by"""


class Applies(Dated):
    """Which regulation and column hold for a facility, from when to when, with its factors."""

    regulation: Id
    """id of a regulation in regulations/"""
    column: str | None = None
    """column of its table, as the licence says; left out where it has none"""
    factors: tuple[Factor, ...] = ()
    """those that its rows name"""
    reference_o2: float | None = Field(default=None, gt=0, lt=21, json_schema_extra={"unit": "% vol"})
    """dry: the oxygen to which stack values are corrected"""


class Permit(Dated, Confirmed):
    """A value that the facility's own licence sets; goes before the regulation."""

    parameter: Id
    """id of a parameter"""
    averaging: Literal["hour", "hour8", "hour24", "unstated"] = "unstated"
    """over what the licence averages"""
    at_most: float | None = None
    """greatest allowed level"""
    at_least: float | None = None
    """least allowed level"""
    unit: str
    """of the figures"""
    needs_reference_o2: bool = False
    """compared with the value corrected to the facility's reference_o2"""


class Contact(Strict):
    """Somebody at the facility."""

    name: str
    """of the person"""
    role: Names
    """what they do there"""
    language: Language = "vi"
    """in which they are written to"""
    phone: str | None = None
    """in quotes, since it begins with 0"""
    mail: Mail | None = None
    """address"""


class Capacity(Dated):
    """How much waste a facility may take in, as its licence says."""

    tonnes: float = Field(gt=0, json_schema_extra={"unit": "t"})
    """in a day or a year"""
    per: Literal["day", "year"]
    """which of the two"""


class LeachateLevel(Dated):
    """How high leachate may stand, as the licence or the design says."""

    at_most: float = Field(gt=0, json_schema_extra={"unit": "m"})
    """greatest level, as the station measures it"""


class Facility(Strict):
    """Who discharges: a plant, a treatment works, a landfill, a farm."""

    id: Id
    """by which stations name it"""
    names: Names
    """as people call it"""
    area: Id
    """id of the area in which it lies"""
    sector: Literal["industry", "agriculture", "household", "public"]
    """whose waste it is"""
    licence: str | None = None
    """number of its environmental licence"""
    applies: tuple[Applies, ...] = ()
    """the regulations that hold for it, dated: the licence decides"""
    permits: tuple[Permit, ...] = ()
    """values of its own licence"""
    design_flow: float | None = Field(default=None, gt=0, json_schema_extra={"unit": "m³/d"})
    """what its treatment is built for"""
    licensed_capacity: tuple[Capacity, ...] = ()
    """how much waste it may take in; left out: tonnes are not held against anything"""
    leachate_level: tuple[LeachateLevel, ...] = ()
    """how high its leachate may stand; left out: that is not judged"""
    receiving_water: Names | None = None
    """into which it discharges"""
    contacts: tuple[Contact, ...] = ()
    """who answers for it"""
    invented: bool = False
    """made up for demonstration, and said to be wherever it shows"""


class Certificate(Dated):
    """The calibration certificate of a station's instruments."""

    number: str
    """as it stands on the certificate"""


class MeasuredGas(Strict):
    """What brings a gas as it is in the duct to dry gas at the reference state: a number, or the parameter that measures it."""

    temperature: Id | float | None = Field(default=None, union_mode="left_to_right", json_schema_extra={"unit": "°C"})
    """of the gas; left out: its volume is at the reference state already"""
    pressure: Id | float | None = Field(default=None, union_mode="left_to_right", json_schema_extra={"unit": "hPa"})
    """of the gas, absolute; left out with `temperature`: as at the reference state"""
    moisture: Id | float | None = Field(default=None, union_mode="left_to_right", json_schema_extra={"unit": "% vol"})
    """share of water vapour; left out: it is dry already"""


class Derivation(Strict):
    """How a derived parameter is computed at this station, where it differs from the usual."""

    tolerance: Duration | None = None
    """how far apart in time two readings may be that make a pair; left out: half an interval of the concentration"""
    oxygen: Id = "o2"
    """of a corrected value: the parameter that measures the oxygen"""
    oxygen_wet: bool = False
    """the oxygen is measured in wet gas: it is brought to dry gas by `gas.moisture`"""
    cut_off: float | None = Field(default=None, gt=0, lt=20.9, json_schema_extra={"unit": "% vol"})
    """of a corrected value: oxygen above which nothing is computed; left out: `oxygen_cut_off` of the policies"""
    flow: Id = "flow"
    """of a load: the parameter that measures the flow, a level (m³/h) or a meter (m³)"""
    gas: MeasuredGas = MeasuredGas()
    """of a corrected value the state of its concentration, of a load that of its flow"""


class MeterReplaced(Strict):
    """A meter was exchanged, so that nothing is lost and nothing counted twice."""

    at: datetime
    """with offset; readings up to it are of the old meter"""
    old_final: float
    """what the old one showed last, in the canonical unit"""
    new_initial: float
    """what the new one showed first, in the canonical unit"""


class MeterSettings(Strict):
    """How a meter behaves (parameters of kind `counter`)."""

    maximum: float | None = Field(default=None, gt=0)
    """where it begins at zero again, in the canonical unit"""
    jitter: float | None = Field(default=None, ge=0)
    """a step back by at most so much is none of a new meter; left out: one hundredth of what it showed"""
    replaced: tuple[MeterReplaced, ...] = ()
    """each exchange"""


class StationParameter(Dated):
    """A parameter at a station, and where it differs from the parameter's defaults."""

    id: Id
    """id of a parameter"""
    interval: Duration | None = None
    """expected time between readings; left out: the station's"""
    irregular: bool = False
    """no interval at all, such as weighbridge tickets"""
    plausible: Span | None = None
    """[lowest, highest] in the canonical unit; left out: the parameter's, for this kind of station"""
    suspect: Span | None = None
    """[lowest, highest] in the canonical unit, within `plausible`: what lies between the two is suspect; left out: the
    parameter's"""
    checks: StationChecks = StationChecks()
    """checks that are set otherwise here than for the parameter; one that is named replaces the parameter's"""
    unit: str | None = None
    """what a message means that names no unit; left out: such a message is refused"""
    state: GasState | None = None
    """at which its m³ and Nm³ of gas are (mg/Nm³ at 0 °C, µg/m³ at 20 °C); left out: the province's reference_state"""
    derived: Derivation | None = None
    """of a derived parameter: from what it is computed here; left out: as usual"""
    meter: MeterSettings | None = None
    """of a meter: where it begins again, and when it was exchanged"""


class Mapped(Strict):
    """A value of a message, and what it is here."""

    parameter: Id
    """id of a parameter of the station"""
    unit: str | None = None
    """of the number; left out: what the message says, else the station parameter's"""
    scale: float = 1.0
    """the number is multiplied by it"""


class FieldPath(Mapped):
    """Where in a JSON body one parameter stands (`fields`; `lorawan`: in the decoded object)."""

    path: str
    """dots between keys, [0] or [*] for places in a list, [key=value] for those with that value, double quotes around a key that holds a dot"""
    numbers_as_text: bool = False
    """take "12.3" for 12.3"""


class NamedValue(Mapped):
    """Which name in a message is which parameter (`senml`)."""

    name: str = Field(min_length=1)
    """as the message has it; SenML: base name and name together, behind `device_id` only what follows it"""
    sum: bool = False
    """take the sum (`s`) instead of the value; then `unit` says its unit"""


class TopicValue(Mapped):
    """On which topic one parameter comes as a bare number (`scalar`)."""

    topic: OneTopic
    """MQTT topic on which it is published"""


class LoggerName(Strict):
    """What the logger calls a parameter (`circular10` decoder)."""

    name: str = Field(min_length=1)
    """as the logger writes it; upper and lower case are the same"""
    parameter: Id
    """id of a parameter of the station"""
    instead_of: str | None = None
    """a unit that the logger writes and that says less than it means, such as mg/L of ammonium as NH4; with `unit`"""
    unit: str | None = None
    """what that unit means, such as mgNH4/L; any other unit stays as it is written"""


class DecoderChoice(Strict):
    """How a station speaks. Which keys a decoder takes stands under Decoders; any other is a fault."""

    name: str = "native"
    """the decoder: one of those under Decoders"""
    topic: Topic | None = None
    """MQTT topic on which it publishes; with /# at the end all topics that begin so; left out: quantrac/<station>/<medium>"""
    fields: tuple[FieldPath, ...] = ()
    """where each parameter stands in JSON"""
    names: tuple[LoggerName, ...] = ()
    """what the logger calls the parameters, where that is not their usual name"""
    files: tuple[FileName, ...] = ()
    """what its files are called in the watched folder, up to the time: LA_NM1_NT01; none is needed in its own folder"""
    folder: FolderName | None = None
    """its own folder in the watched one, from which alone its files are taken; left out: also a folder called as its id"""
    records: tuple[NamedValue, ...] = ()
    """which name in a message is which parameter"""
    topics: tuple[TopicValue, ...] = ()
    """which topic is which parameter, if each has its own"""
    ignore: tuple[str, ...] = ()
    """paths: a message with none of the fields, but one of these, is known to be no reading (a device's own state)"""
    time: str | None = None
    """path of the time; left out only with `receipt_time`, or where the network says the time"""
    time_format: Literal["iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"] = "iso"
    """how the time is written: ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970"""
    timezone: str | None = None
    """for times without an offset: a name of the tz database"""
    device: str | None = None
    """path of the device's own id, which must equal `device_id`"""
    device_id: str | None = None
    """the device's own id; a message of another one goes to quarantine"""
    receipt_time: bool = False
    """a live message without a time takes the time of receipt"""
    numbers_as_text: bool = False
    """take "12.3" for 12.3, everywhere in the message"""

    @property
    def own_topics(self) -> tuple[str, ...]:
        """The topics that it names; one that ends in /# stands for all that begin so."""
        return (*((self.topic,) if self.topic else ()), *(one.topic for one in self.topics))


class Origin(Strict):
    """Where a demonstration station's readings come from; shown wherever they are."""

    kind: Literal["recording", "invented"]
    """a real recording, or made by a generator"""
    text: Names
    """what is said about it"""
    licence: str | None = None
    """of the recording"""


class Station(Strict):
    """An instrument house or sensor at one place."""

    id: Id
    """part of its topic; the broker's account has the same name"""
    names: Names
    """as people call it"""
    kind: StationKind
    """ambient air, a stack, a wastewater outfall, surface water, or waste (raw leachate, landfill gas, containers)"""
    area: Id
    """id of the area in which it stands"""
    latitude: Degrees
    """where it stands"""
    longitude: Degrees
    """where it stands"""
    interval: Duration = timedelta(minutes=5)
    """expected time between readings"""
    stamp: Literal["start", "end"] = "end"
    """whether a time is the end or the start of what it averages"""
    grade: Literal["regulatory", "indicative"] = "indicative"
    """an indicative instrument never confirms an exceedance"""
    certificates: tuple[Certificate, ...] = ()
    """without a valid one nothing is confirmed"""
    parameters: tuple[StationParameter, ...] = Field(min_length=1)
    """what it measures"""
    decoder: DecoderChoice = DecoderChoice()
    """how it speaks; left out: our own JSON on its own topic"""
    facility: Id | None = None
    """id of the facility whose discharge it measures"""
    active_from: date = Field(default=date(1971, 1, 1), alias="from")
    """a reading before this day goes to quarantine"""
    silent_after: Duration | None = None
    """how long it may say nothing; left out: three intervals, at least 15 min"""
    origin: Origin | None = None
    """for demonstration stations: where the readings come from"""

    @property
    def measures(self) -> tuple[str, ...]:
        """Ids of the parameters that are measured here, each once though it may stand with several spans of dates."""
        return tuple(dict.fromkeys(one.id for one in self.parameters))

    @property
    def medium(self) -> Medium:
        """The medium that its kind measures."""
        return MEDIUM_OF_KIND[self.kind]

    @property
    def topic(self) -> str:
        """The topic under which its messages come; the first of several."""
        return self.topics[0]

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics under which its messages come; one that ends in /# stands for all that begin so."""
        return self.decoder.own_topics or (f"quantrac/{self.id}/{self.medium}",)


class Maintenance(Strict):
    """A time in which instruments do not measure: what they say then is kept, and counts in no figure."""

    stations: tuple[Id, ...] = ()
    """ids of stations; or `facility`"""
    facility: Id | None = None
    """id of a facility: all its stations; or `stations`"""
    parameters: tuple[Id, ...] = ()
    """ids of parameters; left out: all that is measured there"""
    start: LocalTime = Field(alias="from")
    """local date and time, such as 2026-03-01 08:00; a reading stamped later than this is in it"""
    end: LocalTime = Field(alias="to")
    """local date and time; a reading stamped with it is the last one in it"""
    timezone: str | None = None
    """name in the tz database in which `from` and `to` are meant; left out: the province's"""
    status: Literal["calibrating", "fault"]
    """what the instrument was doing: `calibrating` (also other maintenance) or `fault`"""
    who: str = Field(min_length=1, max_length=80)
    """who says so"""
    why: str = Field(min_length=1, max_length=400)
    """on what ground: what was done, number of the record"""


class ParameterKind(StrEnum):
    """What a parameter is decides how it is summed up."""

    LEVEL = "level"
    AMOUNT = "amount"
    COUNTER = "counter"
    DIRECTION = "direction"


class AcceptedUnit(Strict):
    """An input unit: canonical = value × factor + offset."""

    unit: str
    """as stations write it"""
    factor: float = Field(default=1.0, gt=0)
    """multiplies the value"""
    offset: float = 0.0
    """is added after that"""
    formula: Formula | None = None
    """as what it is reckoned (NH4); with the parameter's own `formula` the factor follows from atomic weights"""

    def into(self, value: float) -> float:
        """Return `value`, in this unit, in the canonical one."""
        return value * self.factor + self.offset

    def back(self, canonical: float) -> float:
        """Return a canonical value in this unit."""
        return (canonical - self.offset) / self.factor


class Derived(Strict):
    """Says that a parameter is computed from others of its station, pair by pair, and not measured."""

    kind: Literal["corrected", "load"]
    """corrected: brought to the facility's reference_o2; load: concentration × flow over the interval"""
    of: Id
    """the concentration from which it is computed"""


class PlausibleByKind(Strict):
    """Where a kind of station sees levels of another order: a stack is not ambient air, raw leachate is no river."""

    air: Span | None = None
    """at ambient air stations"""
    stack: Span | None = None
    """at stacks"""
    outfall: Span | None = None
    """at outfalls"""
    surface_water: Span | None = None
    """at surface water stations"""
    waste: Span | None = None
    """at waste stations (raw leachate, landfill gas)"""


class Parameter(Strict):
    """What is measured, and its one canonical unit."""

    id: Id
    """by which stations, limits and rules name it"""
    names: Names
    """as people call it"""
    symbol: str
    """as it is written: PM2.5, SO₂"""
    media: tuple[Medium, ...] = Field(min_length=1)
    """in which media it is measured"""
    unit: str
    """the canonical unit, in which it is kept"""
    kind: ParameterKind = ParameterKind.LEVEL
    """how it is summed up: level (mean), amount (sum), counter (difference), direction (vector mean)"""
    formula: Formula | None = None
    """as what it is reckoned (N, SO2): gives the factor of units reckoned otherwise and, of a gas, the molar mass"""
    molar_mass: float | None = Field(default=None, gt=0, json_schema_extra={"unit": "g/mol"})
    """of a gas without a formula; either makes ppb and ppm accepted"""
    accepts: tuple[AcceptedUnit, ...] = ()
    """other units in which it may arrive"""
    scale: Literal["linear", "ph"] = "linear"
    """`ph`: its figures are logarithms of hydrogen ions, averaged as `ph_mean` of the policies says"""
    speed: Id | None = None
    """of a direction: the parameter that measures the speed; while that is a calm, the direction does not count"""
    derived: Derived | None = None
    """it is computed where a station names it, and none may send it"""
    precision: int = Field(default=1, ge=0, le=6)
    """decimals shown; never used in a comparison"""
    plausible: Span
    """[lowest, highest] in the canonical unit; outside it a value is kept and fails quality control"""
    plausible_at: PlausibleByKind = PlausibleByKind()
    """the same for one kind of station, where it differs"""
    suspect: Span | None = None
    """[lowest, highest] in the canonical unit, within `plausible`: what lies between the two is suspect, and still counts"""
    suspect_at: PlausibleByKind = PlausibleByKind()
    """the same for one kind of station, where it differs"""
    checks: tuple[ParameterChecks, ...] = ()
    """further checks, for all or for some intervals and kinds of station; of several the last that fits counts, check
    by check; what none of them names is not run"""
    aliases: tuple[Id, ...] = ()
    """names that it bears in files of others, as whose checks `quantrac qc` judges them; no reading is taken under them"""

    def plausible_for(self, kind: StationKind) -> tuple[float, float]:
        """Return the plausible range at stations of `kind`."""
        found: tuple[float, float] | None = getattr(self.plausible_at, kind)
        return found or self.plausible

    def suspect_for(self, kind: StationKind) -> tuple[float, float] | None:
        """Return the range outside which a plausible value is suspect at stations of `kind`."""
        found: tuple[float, float] | None = getattr(self.suspect_at, kind)
        return found or self.suspect


Confidence = Annotated[str, Field(pattern=r"^(V\d+|S1|MEM|MISSING|FICTION)$")]


class LimitRow(Dated, Confirmed):
    """One figure of a regulation."""

    row: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    """id of the row, by which `quantrac limits confirm` names it"""
    clause: str
    """where it stands in the text"""
    column: str | None = None
    """of the table; left out: holds for all"""
    area_kinds: tuple[AreaKind, ...] = ()
    """only in such areas; left out: in all"""
    parameter: Id
    """id of a parameter"""
    averaging: Literal["hour", "hour8", "hour24", "year", "unstated"]
    """over what the text averages; `unstated` where it names none"""
    at_most: float | None = None
    """greatest allowed level"""
    at_least: float | None = None
    """least allowed level"""
    class_name: str | None = None
    """a water class rather than a limit"""
    unit: str
    """of the figures"""
    factors: tuple[str, ...] = ()
    """names of the factors that multiply it"""
    needs_reference_o2: bool = False
    """compared with the value corrected to the facility's reference_o2; without one nothing is compared"""
    confidence: Confidence
    """V2, V3 …: so many sources agree; S1: one; MEM: from memory; MISSING: not obtained; FICTION: for demonstration"""
    note: str | None = None
    """for whoever confirms it"""

    @property
    def has_figure(self) -> bool:
        """Whether its figure is known."""
        return self.at_most is not None or self.at_least is not None


class Regulation(Dated):
    """A regulation, as dated data."""

    id: Id
    """by which facilities and rules name it"""
    names: Names
    """what it is about"""
    document: str
    """as it is cited: QCVN 05:2023/BTNMT"""
    issued: str | None = None
    """by which circular"""
    kinds: tuple[StationKind, ...] = Field(min_length=1)
    """kinds of station of which it speaks"""
    general: bool = False
    """holds everywhere (ambient air), not by a facility's licence"""
    fictional: bool = False
    """made up for demonstration"""
    rows: tuple[LimitRow, ...] = ()
    """its figures; one that has not been obtained has none and is MISSING"""


class Selector(Strict):
    """Which stations a rule is for; what is left out means all."""

    stations: tuple[Id, ...] = ()
    """ids of stations"""
    kinds: tuple[StationKind, ...] = ()
    """kinds of station"""
    areas: tuple[Id, ...] = ()
    """ids of areas"""


class Threshold(Strict):
    """The department's own threshold; always advisory."""

    at_most: float | None = None
    """greatest level without an alert"""
    at_least: float | None = None
    """least level without an alert"""
    unit: str
    """of the figures"""


class ClearLevel(Strict):
    """Where an alert ends."""

    share: float = Field(default=0.9, gt=0, le=1)
    """of the limit: at or below `at_most` × share, at or above `at_least` ÷ share; more than 1 would lie beyond the limit"""
    windows: int = Field(default=2, ge=1)
    """for how many windows in a row"""


class Rule(Strict):
    """What raises an alert."""

    id: Id
    """by which alerts name it"""
    names: Names
    """as people call it"""
    kind: Literal["limit", "threshold", "silent"]
    """a limit of a regulation or licence, a threshold of the department, or a station that says nothing"""
    applies_to: Selector = Selector()
    """which stations; left out: all"""
    parameters: tuple[Id, ...] = ()
    """ids of parameters; left out: all"""
    window: Literal["reading", "hour", "hour8", "hour24", "day", "year"] = "hour"
    """what is compared; `reading` for thresholds only"""
    windows: int = Field(default=1, ge=1)
    """hold: how many windows in a row must be over"""
    threshold: Threshold | None = None
    """for rules of kind `threshold`"""
    regulation: Id | None = None
    """limit rules: only rows of this one; left out: whatever holds"""
    clear: ClearLevel = ClearLevel()
    """where an alert ends"""
    severity: Severity = Severity.WARNING
    """how urgent it is"""
    team: Id
    """id of the team that is told"""


class Channel(Strict):
    """One way to reach a person."""

    kind: Literal["mail", "apprise"]
    """`mail` has an address; `apprise` (SMS gateway, chat, push) a file with its URL"""
    address: Mail | None = None
    """of a mailbox"""
    url_file: Annotated[str, Field(max_length=200)] | None = None
    """file that holds the URL: a secret stands in no configuration"""
    short: bool = False
    """gets the one-line form (SMS)"""
    severities: tuple[Severity, ...] = (Severity.INFORMATION, Severity.WARNING, Severity.CRITICAL)
    """which alerts it is for"""


class Person(Strict):
    """Somebody who is told."""

    id: Id
    """by which teams name them"""
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """as they are called"""
    role: Names | None = None
    """what they do"""
    language: Language = "vi"
    """in which they are written to"""
    channels: tuple[Channel, ...]
    """how they are reached"""


class Team(Strict):
    """Who is told together."""

    id: Id
    """by which rules name it"""
    names: Names
    """as people call it"""
    people: tuple[Id, ...]
    """ids of people"""
