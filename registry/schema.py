"""What may stand in the configuration files. Everything is frozen and closed: an unknown key is a fault.

Durations are written `5 min`, `1 h`, `60 d`. What is dated says `from` and `to`: local dates, `from` included and `to`
excluded.
"""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.alert import Severity
from domain.text import N_
from domain.window import WindowKind

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Language = Literal["vi", "en"]
Medium = Literal["air", "water", "waste"]
StationKind = Literal["air", "stack", "outfall", "surface_water", "waste"]
AreaKind = Literal["industrial", "residential", "agricultural"]

MEDIUM_OF_KIND: dict[StationKind, Medium] = {
    "air": "air", "stack": "air", "outfall": "water", "surface_water": "water", "waste": "waste",
}  # fmt: skip

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*$")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def duration(written: object) -> timedelta:
    """Return the duration that `written` (`5 min`, `1 h`, `60 d`) names. Raises ValueError."""
    found = _DURATION.match(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError(N_("a duration is a number and s, min, h or d, such as `5 min`"))
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


Duration = Annotated[timedelta, BeforeValidator(duration)]


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError(N_("the first number must be below the second"))
    return pair


Span = Annotated[tuple[float, float], AfterValidator(_rising)]


class Strict(BaseModel):
    """Frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Names(Strict):
    """A name in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Dated(Strict):
    """Something that holds from one local date up to, not including, another."""

    valid_from: date | None = Field(default=None, alias="from")
    valid_to: date | None = Field(default=None, alias="to")

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on the local date `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class Box(Strict):
    """The rectangle that holds the province, in degrees (WGS 84)."""

    south: float
    north: float
    west: float
    east: float


class Policies(Strict):
    """The department's own rules where the law names none; each is called a policy wherever it shows."""

    capture: float = Field(default=0.75, gt=0, le=1)
    suspect_share: float = Field(default=0.25, gt=0, le=1)
    late_after: Duration = timedelta(minutes=30)
    grace: Duration = timedelta(minutes=10)
    future: Duration = timedelta(minutes=5)
    # A logger may resend for 60 days, so for as long after its last reading a series' windows are expected.
    expected_for: Duration = timedelta(days=60)
    # The window with which a limit is compared whose text names no averaging.
    unstated_averaging: WindowKind = WindowKind.HOUR
    # How long a link that takes an alert over can be used.
    link_valid: Duration = timedelta(hours=12)


class Province(Strict):
    """province.yaml: who we are and how we work."""

    id: Id
    names: Names
    department: Names
    timezone: str
    box: Box
    policies: Policies = Policies()
    indices: tuple[Literal["vn_aqi"], ...] = ("vn_aqi",)
    nowcast: Literal["normalised", "as_printed"] = "normalised"
    publish_facility_names: bool = False
    data_licence: str = "CC BY 4.0"
    hotline: str | None = None


class Area(Strict):
    """A cluster, park, neighbourhood or farming area; `latitude`/`longitude` are its middle."""

    id: Id
    names: Names
    kind: AreaKind
    latitude: float
    longitude: float


class Factor(Strict):
    """A factor of a limit (Kq, Kf, Kp, Kv), as the licence states it."""

    name: str
    value: float = Field(gt=0)
    confirmed_by: str | None = None
    confirmed_on: date | None = None


class Applies(Dated):
    """Which regulation and column hold for a facility, from when to when, with its factors."""

    regulation: Id
    column: str | None = None
    factors: tuple[Factor, ...] = ()
    reference_o2: float | None = None  # % vol, dry


class Permit(Dated):
    """A value that the facility's own licence sets; goes before the regulation."""

    parameter: Id
    averaging: Literal["hour", "hour8", "hour24", "unstated"] = "unstated"
    at_most: float | None = None
    at_least: float | None = None
    unit: str
    confirmed_by: str | None = None
    confirmed_on: date | None = None


class Contact(Strict):
    """Somebody at the facility."""

    name: str
    role: Names
    language: Language = "vi"
    phone: str | None = None
    mail: str | None = None


class Facility(Strict):
    """Who discharges: a plant, a treatment works, a landfill, a farm."""

    id: Id
    names: Names
    area: Id
    sector: Literal["industry", "agriculture", "household", "public"]
    licence: str | None = None
    applies: tuple[Applies, ...] = ()
    permits: tuple[Permit, ...] = ()
    design_flow: float | None = None  # m³/d
    receiving_water: Names | None = None
    contacts: tuple[Contact, ...] = ()
    invented: bool = False  # made up for demonstration


class Certificate(Dated):
    """The calibration certificate of a station's instruments."""

    number: str


class StationParameter(Dated):
    """A parameter at a station, and where it differs from the parameter's defaults."""

    id: Id
    interval: Duration | None = None  # None: the station's
    irregular: bool = False  # no interval at all, such as weighbridge tickets
    plausible: Span | None = None
    unit: str | None = None  # what the message means when it names no unit


class FieldPath(Strict):
    """Where in a JSON body one parameter stands (`fields` decoder)."""

    path: str  # dots between keys, [n] or [*] for arrays, "a.b" in double quotes for a key that holds a dot
    parameter: Id
    unit: str | None = None
    scale: float = 1.0
    numbers_as_text: bool = False


class DecoderChoice(Strict):
    """How a station speaks."""

    name: Literal["native", "fields"] = "native"
    topic: str | None = None  # None: quantrac/<station>/<medium>
    fields: tuple[FieldPath, ...] = ()
    time: str | None = None  # path of the time; None: see `receipt_time`
    time_format: Literal["iso", "epoch_s", "epoch_ms"] = "iso"
    timezone: str | None = None  # for times without an offset
    device: str | None = None  # path of the device's own id, which must equal `device_id`
    device_id: str | None = None
    receipt_time: bool = False  # a live message without a time takes the time of receipt
    numbers_as_text: bool = False


class Origin(Strict):
    """Where a demonstration station's readings come from; shown wherever they are."""

    kind: Literal["recording", "invented"]
    text: Names
    licence: str | None = None


class Station(Strict):
    """An instrument house or sensor at one place."""

    id: Id
    names: Names
    kind: StationKind
    area: Id
    latitude: float
    longitude: float
    interval: Duration = timedelta(minutes=5)
    stamp: Literal["start", "end"] = "end"
    grade: Literal["regulatory", "indicative"] = "indicative"
    certificates: tuple[Certificate, ...] = ()
    parameters: tuple[StationParameter, ...]
    decoder: DecoderChoice = DecoderChoice()
    facility: Id | None = None
    active_from: date = Field(default=date(1971, 1, 1), alias="from")
    silent_after: Duration | None = None  # None: three intervals, at least 15 min
    origin: Origin | None = None

    @property
    def medium(self) -> Medium:
        """The medium that its kind measures."""
        return MEDIUM_OF_KIND[self.kind]


class ParameterKind(StrEnum):
    """What a parameter is decides how it is summed up."""

    LEVEL = "level"
    AMOUNT = "amount"
    COUNTER = "counter"
    DIRECTION = "direction"


class AcceptedUnit(Strict):
    """An input unit: canonical = value × factor + offset."""

    unit: str
    factor: float = 1.0
    offset: float = 0.0


class Parameter(Strict):
    """What is measured, and its one canonical unit."""

    id: Id
    names: Names
    symbol: str  # as it is written: PM2.5, SO₂
    media: tuple[Medium, ...]
    unit: str
    kind: ParameterKind = ParameterKind.LEVEL
    molar_mass: float | None = None  # g/mol; makes ppb and ppm accepted, at 25 °C and 760 mmHg
    accepts: tuple[AcceptedUnit, ...] = ()
    precision: int = Field(default=1, ge=0, le=6)  # decimals shown; never used in a comparison
    plausible: Span


Confidence = Annotated[str, Field(pattern=r"^(V\d+|S1|MEM|MISSING|FICTION)$")]


class LimitRow(Dated):
    """One figure of a regulation. A row without figures is one that is known to exist and has not been obtained."""

    row: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    clause: str
    column: str | None = None
    area_kinds: tuple[AreaKind, ...] = ()  # empty: all
    parameter: Id
    averaging: Literal["hour", "hour8", "hour24", "year", "unstated"]
    at_most: float | None = None
    at_least: float | None = None
    class_name: str | None = None  # a water class rather than a limit
    unit: str
    factors: tuple[str, ...] = ()  # names of the factors that multiply it
    needs_reference_o2: bool = False
    confidence: Confidence
    confirmed_by: str | None = None
    confirmed_on: date | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _confirmed_by_somebody(self) -> "LimitRow":
        if (self.confirmed_by is None) != (self.confirmed_on is None):
            raise ValueError(N_("confirmed_by and confirmed_on go together"))
        return self


class Regulation(Dated):
    """A regulation, as dated data."""

    id: Id
    names: Names
    document: str  # QCVN 05:2023/BTNMT
    issued: str | None = None
    kinds: tuple[StationKind, ...]  # which stations it speaks of
    general: bool = False  # holds everywhere (ambient air), not by a facility's licence
    fictional: bool = False
    rows: tuple[LimitRow, ...] = ()


class Selector(Strict):
    """Which stations a rule is for; empty fields mean all."""

    stations: tuple[Id, ...] = ()
    kinds: tuple[StationKind, ...] = ()
    areas: tuple[Id, ...] = ()


class Threshold(Strict):
    """The department's own threshold, in `unit`; always advisory."""

    at_most: float | None = None
    at_least: float | None = None
    unit: str


class ClearLevel(Strict):
    """Where an alert ends: `share` of the limit (0.9 of at_most; its reciprocal of at_least) for `windows` in a row."""

    share: float = Field(default=0.9, gt=0, le=1)
    windows: int = Field(default=2, ge=1)


class Rule(Strict):
    """What raises an alert. `windows` is the hold: how many windows in a row must be over."""

    id: Id
    names: Names
    kind: Literal["limit", "threshold", "silent"]
    applies_to: Selector = Selector()
    parameters: tuple[Id, ...] = ()
    window: Literal["reading", "hour", "hour8", "hour24", "day"] = "hour"
    windows: int = Field(default=1, ge=1)
    threshold: Threshold | None = None
    regulation: Id | None = None  # limit rules: only rows of this one; None: whatever holds
    clear: ClearLevel = ClearLevel()
    severity: Severity = Severity.WARNING
    team: Id


class Channel(Strict):
    """One way to reach a person: `mail` with an address, or a channel of apprise whose URL stands in a file."""

    kind: Literal["mail", "apprise"]
    address: str | None = None
    url_file: str | None = None
    short: bool = False  # gets the one-line form (SMS)
    severities: tuple[Severity, ...] = (Severity.INFORMATION, Severity.WARNING, Severity.CRITICAL)


class Person(Strict):
    """Somebody who is told."""

    id: Id
    name: str
    role: Names | None = None
    language: Language = "vi"
    channels: tuple[Channel, ...]


class Team(Strict):
    """Who is told together."""

    id: Id
    names: Names
    people: tuple[Id, ...]
