"""What a message says, in the reader's language; first line = the whole message."""

import html
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.lifecycle import Episode
from domain.alert import AlertKind, Notice
from domain.limit import Bound
from domain.text import Text
from present import words
from registry.lookup import Registry
from registry.schema import Parameter, Rule, Station

SMS_LENGTH = 160
_FIRST_WORDS = {
    Notice.RECOVERY: Text("Back below the limit"),
    Notice.LATE: Text("Found late"),
    Notice.SILENT: Text("Silent"),
    Notice.BACK: Text("Reporting again"),
}
_KINDS = {
    AlertKind.OVER: Text("Over limit"),
    AlertKind.ADVISORY: Text("Advisory"),
    AlertKind.LATE: Text("Found late"),
    AlertKind.SILENT: Text("Silent"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """All that a message is made of. `episode` and `bound` are None for a silent station."""

    notice: Notice
    kind: AlertKind
    rule: Rule
    station: Station
    parameter: Parameter | None
    episode: Episode | None
    bound: Bound | None
    limit: Text | None
    unmet: tuple[Text, ...]
    since: datetime
    at: datetime
    case_number: str
    demo: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: `short` is the SMS form, ASCII, at most 160 characters."""

    subject: str
    body: str
    html: str
    short: str


def compose(story: Story, registry: Registry, *, lang: str, number: str, person: str, link: str | None) -> Message:
    """Return the message for one person."""
    said = _Words(story, registry, lang)
    subject = f"{said.headline()} ({number})"
    lines = [said.first_line(), said.where(), "", *said.link(link), *said.details(), "", said.place()]
    lines.append(said.say(Text("Automatic reading, not a finding of a violation.")))
    sent = {
        "number": number,
        "at": words.when(story.at, registry.zone, lang),
        "person": person,
        "case": story.case_number,
    }
    lines.append(said.say(Text("Message {number}, made {at} for {person}. Case {case}.", sent)))
    body = "\n".join(lines) + "\n"
    if story.demo:
        subject = f"DEMO · {subject}"
        body = (
            said.say(Text("DEMO: invented facility, fictional limit or replayed data. Nothing has happened."))
            + "\n\n"
            + body
        )
    return Message(subject, body, as_html(body, link), short_form(said.short(), link, number))


class _Words:
    """The parts of one message in one language."""

    def __init__(self, story: Story, registry: Registry, lang: str) -> None:
        self._story = story
        self._registry = registry
        self._lang = lang

    def say(self, text: Text) -> str:
        return words.say(text, self._lang, self._registry.zone)

    def headline(self) -> str:
        story = self._story
        first = self.say(_FIRST_WORDS.get(story.notice, _KINDS[story.kind]))
        area = words.name(self._registry.areas[story.station.area].names, self._lang)
        return f"{first}: {self._what()}{story.station.id}, {area}"

    def short(self) -> str:
        """The SMS: value and limit are never dropped, the area is."""
        first = self.say(_FIRST_WORDS.get(self._story.notice, _KINDS[self._story.kind]))
        return f"{first.upper()}: {self._what()}{self._story.station.id}, {self._since()}."

    def _what(self) -> str:
        return f"{self._level()} {self._against()}, " if self._story.episode is not None else ""

    def _level(self) -> str:
        story = self._story
        if story.parameter is None or story.episode is None or story.episode.last.value is None:
            return ""
        level = story.episode.peak if story.notice is Notice.LATE else story.episode.last.value
        value = words.shown(level, story.bound, story.parameter.precision, self._lang)
        unit = words.unit(story.parameter.unit, self._lang)
        return f"{words.symbol(story.parameter.symbol, self._lang)} {value}{words.NBSP + unit if unit else ''}"

    def _against(self) -> str:
        story = self._story
        if story.bound is None or story.parameter is None or story.episode is None:
            return ""
        level = story.episode.peak if story.notice is Notice.LATE else story.episode.last.value or 0.0
        side = story.bound.side(level)
        if side is None:
            return ""
        limit = words.number(side, None, self._lang)
        if story.bound.high == side and story.bound.is_exceeded(level) and side > 0 and story.parameter.unit:
            return self.say(
                Text("= {times} times {limit}", {"times": words.number(level / side, 2, self._lang), "limit": limit})
            )
        return self.say(Text("(limit {limit})", {"limit": limit}))

    def _since(self) -> str:
        return self.say(
            Text("since {at}", {"at": words.short_when(self._story.since, self._registry.zone, self._lang)})
        )

    def first_line(self) -> str:
        story = self._story
        if story.episode is None:
            silent = Text(
                "{station} has sent nothing since {at}.", {"station": story.station.id, "at": self._clock(story.since)}
            )
            again = Text(
                "{station} reports again since {at}.", {"station": story.station.id, "at": self._clock(story.at)}
            )
            return self.say(again if story.notice is Notice.BACK else silent)
        if story.notice is Notice.RECOVERY:
            over = words.duration(story.episode.over * self._window(), self._lang)
            return f"{self._level()} {self._against()}. " + self.say(
                Text("Over for {length}, peak {peak}. The alert is closed, the case stays open.",
                     {"length": over, "peak": words.number(story.episode.peak, story.parameter.precision if story.parameter else 1, self._lang)})
            )  # fmt: skip
        levels = "; ".join(
            words.number(one, story.parameter.precision if story.parameter else 1, self._lang)
            for one in story.episode.levels
        )
        return f"{self._level()} {self._against()}, {self._since()}. " + self.say(
            Text("{count} windows over in a row ({levels}).", {"count": story.episode.over, "levels": levels})
        )

    def _clock(self, at: datetime) -> str:
        return words.when(at, self._registry.zone, self._lang)

    def _window(self) -> timedelta:
        last = self._story.episode.last if self._story.episode else None
        return last.end - last.start if last else timedelta(0)

    def where(self) -> str:
        station = self._story.station
        parts = [
            words.name(station.names, self._lang),
            words.name(self._registry.areas[station.area].names, self._lang),
        ]
        facility = self._registry.facilities.get(station.facility or "")
        if facility is not None:
            parts.insert(0, words.name(facility.names, self._lang))
        return ", ".join(parts) + "."

    def link(self, link: str | None) -> list[str]:
        return [] if link is None else [self.say(Text("Take it: {link}", {"link": link})), ""]

    def details(self) -> list[str]:
        story, found = self._story, []
        if story.limit is not None:
            found.append(self.say(Text("Limit: {limit}", {"limit": story.limit})))
        if story.unmet:
            found.append(self.say(Text("Advisory, no exceedance of a confirmed limit, because:")))
            found.extend(f"- {self.say(condition)}" for condition in story.unmet)
        if story.episode is not None:
            last = story.episode.last
            counts = {"valid": last.valid, "expected": last.expected, "end": self._clock(last.end)}
            found.append(self.say(Text("Data: window ending {end}, {valid}/{expected} valid, provisional.", counts)))
        if story.kind is AlertKind.SILENT:
            found.append(self.say(Text("What happens there is not known in this time. Silence does not mean clean.")))
        return found

    def place(self) -> str:
        where = words.place(self._story.station.latitude, self._story.station.longitude, self._lang)
        return self.say(Text("Place: {place}", {"place": where}))


def short_form(said: str, link: str | None, number: str) -> str:
    """Return `said` as an SMS: ASCII, at most 160 characters; link and number are never cut."""
    plain = unicodedata.normalize("NFKD", said.replace("đ", "d").replace("Đ", "D"))
    text = "".join(one for one in plain if not unicodedata.combining(one)).replace("\u00b5", "u").replace("\u03bc", "u")
    text = text.encode("ascii", "ignore").decode()
    end = " ".join(part for part in ((link or "").removeprefix("https://").removeprefix("http://"), number) if part)
    return f"{text[: SMS_LENGTH - len(end) - 1]} {end}"


def as_html(body: str, link: str | None) -> str:
    """Return the body as simple HTML: the same words, the link as a link."""
    written = html.escape(body)
    if link is not None:
        address = html.escape(link)
        written = written.replace(address, f'<a href="{address}">{address}</a>', 1)
    paragraphs = "".join(f"<p>{part.strip().replace(chr(10), '<br>')}</p>" for part in written.split("\n\n"))
    return f'<!doctype html><html><body style="font-family:sans-serif;font-size:16px">{paragraphs}</body></html>'
