"""What all messages have in common: their parts, the short form, the marks of what is made up, text and HTML."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.links import LinkBase
from domain.limit import Bound
from domain.text import Text
from present import words
from registry.lookup import Registry
from registry.schema import Facility, Parameter, Person, Station
from registry.values import StationKind
from storage.alerting import Record

SHORT_LENGTH = 160
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans({
    "đ": "d", "Đ": "D", "µ": "u", "μ": "u", "−": "-", "–": "-", "—": "-", "×": "x", "≥": ">=", "≤": "<=", "·": "-",
    "°": "", "«": '"', "»": '"', "…": "...", "⁺": "+", "⁻": "-",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """A message to one person, in words. `shorts`: the one-line form, the fullest first; the first that fits is sent.

    `first`: the whole message in a line. `paragraphs`: the rest, each a list of lines. `link`: label and address.
    """

    subject: str
    first: str
    paragraphs: tuple[tuple[str, ...], ...]
    shorts: tuple[str, ...]
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it goes out: mail subject, text and HTML, and the form for SMS (ASCII, 160 characters at most)."""

    subject: str
    body: str
    html: str
    short: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a message carries beside what it says. `token` takes the case over; None where there is nothing to take."""

    person: Person
    number: str  # #0147-1
    case: str | None  # VV-2026-0147
    now: datetime
    token: str | None = None
    joined: bool = False  # the case was there before


@dataclass(frozen=True)
class Voice:
    """Says things in one language, for one configuration."""

    registry: Registry
    links: LinkBase
    lang: str

    @cached_property
    def translate(self) -> Callable[..., str]:
        """Say a sentence of the catalogue; what goes into it by name."""
        return words.translator(self.lang, self.registry.zone)

    def say(self, text: Text) -> str:
        """Say a sentence that was made elsewhere."""
        return words.say(text, self.lang, self.registry.zone)

    def level(self, value: float, parameter: Parameter, bound: Bound | None) -> str:
        """Write a level with its unit, with as many digits as show on which side of its bound it is."""
        written = words.shown(value, bound, parameter.precision, self.lang)
        return words.with_unit(written, parameter.unit, self.lang)

    def name(self, parameter: Parameter) -> str:
        """Return a parameter's name."""
        return words.symbol(words.name(parameter.names, self.lang), self.lang)

    def symbol(self, parameter: Parameter) -> str:
        """Return a parameter's symbol where people read it as a name (COD, pH, PM2.5), else its name: not T or h."""
        is_name = any(one.isupper() or one.isdigit() for one in parameter.symbol[1:])
        return words.symbol(parameter.symbol, self.lang) if is_name else self.name(parameter)

    def area(self, station: Station) -> str:
        """Return the name of a station's area."""
        return words.name(self.registry.areas[station.area].names, self.lang)

    def facility(self, station: Station) -> Facility | None:
        """Return who discharges at a station."""
        return self.registry.facilities.get(station.facility or "")

    def since(self, at: datetime, now: datetime) -> str:
        """Write a moment: the time alone where it is of today."""
        zone = self.registry.zone
        label = words.hour(at, zone, end=True)
        # 24:00 is the end of the day before.
        same_day = label != "24:00" and at.astimezone(zone).date() == now.astimezone(zone).date()
        return label if same_day else words.short_when(at, zone, self.lang, end=True)

    def place(self, station: Station) -> str:
        """Say where a station is."""
        _ = self.translate
        return _("Place: {place}.", place=words.place(station.latitude, station.longitude, self.lang))

    def footer(self, envelope: Envelope) -> tuple[str, ...]:
        """Say what message this is, when it was made and for whom."""
        _ = self.translate
        at = words.short_when(envelope.now, self.registry.zone, self.lang)
        line = _("Message {number}, {at}, to {person}.", number=envelope.number, at=at, person=envelope.person.name)
        if envelope.case is None:
            return (line,)
        new = _("Case {case}.", case=envelope.case)
        joined = _("Added to case {case} (same station).", case=envelope.case)
        return (f"{line} {joined if envelope.joined else new}",)

    def made_up(self, marks: Iterable[str], station: Station | None) -> tuple[str, ...]:
        """Say what of a message is not real."""
        return tuple(self._made_up(set(marks), station))

    def _made_up(self, marks: set[str], station: Station | None) -> Iterator[str]:
        _ = self.translate
        if "demo" in marks:
            yield _("DEMO: a demonstration on a clock of its own.")
        if "fictional" in marks:
            yield _("DEMO: the regulation is fictional.")
        if "facility" in marks:
            yield _("DEMO: the facility is invented.")
        if station is not None and station.origin is not None:
            origin = words.name(station.origin.text, self.lang)
            invented = station.origin.kind == "invented"
            yield (
                _("DEMO: invented data ({origin}).", origin=origin)
                if invented
                else _("DEMO: recorded data ({origin}).", origin=origin)
            )


def marks_of(registry: Registry, station: Station, *, fictional: bool, demo: bool) -> tuple[str, ...]:
    """Return what makes a message about `station` a DEMO, none for a real one."""
    facility = registry.facilities.get(station.facility or "")
    found = {
        "demo": demo, "fictional": fictional, "facility": facility is not None and facility.invented,
        "data": station.origin is not None,
    }  # fmt: skip
    return tuple(name for name, holds in found.items() if holds)


def limit_text(record: Record) -> Text | None:
    """Return what a level is compared with, as a sentence: document, clause, column, and who confirmed it."""
    if record.document is None:
        return Text("the department's own threshold") if record.rule_kind == "threshold" else None
    parts: list[Any] = [one for one in (record.document, record.clause) if one]
    if record.column:
        parts.append(Text("column {column}", {"column": record.column}))
    law = Text("{law}", {"law": parts})
    if record.confirmed_by is None or record.confirmed_on is None:
        return Text("{law}, not confirmed by the department", {"law": law})
    said = {"law": law, "on": record.confirmed_on, "who": record.confirmed_by}
    return Text("{law}, confirmed {on} by {who}", said)


def kind_of_station(kind: StationKind) -> Text:
    """Return what a station watches, in words."""
    return {
        "air": Text("ambient air"), "stack": Text("stack"), "outfall": Text("wastewater outfall"),
        "surface_water": Text("surface water"), "waste": Text("waste"),
    }[kind]  # fmt: skip


def render(content: Content, lang: str, *, demo: bool) -> Said:
    """Make of `content` what goes out; `demo` puts the word into subject and short form."""
    mark = "DEMO · " if demo else ""
    values: dict[str, Any] = {
        "content": content, "paragraphs": [one for one in content.paragraphs if one], "lang": lang,
        "subject": f"{mark}{content.subject}",
    }  # fmt: skip
    return Said(
        subject=values["subject"],
        body=_TEMPLATES.get_template("message.txt").render(values),
        html=_TEMPLATES.get_template("message.html").render(values),
        short=fitting([f"{mark}{one}" for one in content.shorts]),
    )


_TEMPLATES = Environment(
    loader=PackageLoader("alerts"), autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
)  # fmt: skip


def ascii_of(text: str) -> str:
    """Write `text` in ASCII, as every phone shows it: `Đức Hòa, µg/m³` → `Duc Hoa, ug/m3`."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return apart.encode("ascii", "ignore").decode()


def fitting(variants: Sequence[str]) -> str:
    """Return the fullest variant that fits into one SMS; the last one is cut before its link where none does."""
    plain = [ascii_of(one) for one in variants]
    for one in plain:
        if len(one) <= SHORT_LENGTH:
            return one
    head, _, tail = plain[-1].rpartition(". ")
    return f"{head[: max(SHORT_LENGTH - len(tail) - 2, 0)]}. {tail}"[:SHORT_LENGTH]


def bare(address: str) -> str:
    """Return an address without `https://`: phones find it all the same, and an SMS has room for little."""
    return address.split("://", 1)[-1]
