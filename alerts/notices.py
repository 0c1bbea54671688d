"""Who is told, why, by which channel and when. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.alert import AlertKind, Notice, Severity
from registry.lookup import Registry
from registry.schema import Channel, Person

# By night only what somebody must get up for may ring; the rest waits for the morning, or is mail.
NIGHT_BEGINS, NIGHT_ENDS, MORNING = time(21), time(6), time(6, 30)
_BY_NIGHT = frozenset({Notice.FIRST, Notice.RECOVERY})
# Notices whose message carries a link that takes the case over.
TAKEN_OVER = frozenset({Notice.FIRST, Notice.SILENT})


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, and one way to reach them; `place` counts the person's channels."""

    person: Person
    channel: Channel
    place: int

    @property
    def name(self) -> str:
        """How the outbox calls the channel: `mail`, `apprise`, with `/short` where it gets the one-line form."""
        return f"{self.channel.kind}/short" if self.channel.short else self.channel.kind

    @property
    def address(self) -> str:
        """A mail address, or the file in which the channel's URL stands."""
        return self.channel.address or self.channel.url_file or ""


def people(registry: Registry, teams: Iterable[str]) -> tuple[Person, ...]:
    """Return the people of the named teams, each once."""
    names = dict.fromkeys(one for team in teams for one in registry.teams[team].people)
    return tuple(registry.people[name] for name in names)


def addressees(told: Iterable[Person], severity: Severity) -> Iterator[Addressee]:
    """Yield every channel by which somebody wants to hear of `severity`."""
    for person in told:
        for place, channel in enumerate(person.channels):
            if severity in channel.severities:
                yield Addressee(person, channel, place)


def due_at(notice: Notice, kind: AlertKind, channel: Channel, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when a message may go out: at once, or in the morning where it would ring by night without need."""
    rings = channel.short or channel.kind != "mail"
    if not rings or (kind is AlertKind.OVER and notice in _BY_NIGHT):
        return now
    local = now.astimezone(zone)
    if NIGHT_ENDS <= local.time() < NIGHT_BEGINS:
        return now
    day = local.date() + timedelta(days=1) if local.time() >= NIGHT_BEGINS else local.date()
    return datetime.combine(day, MORNING, zone).astimezone(now.tzinfo)
