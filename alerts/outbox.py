"""What is to be told becomes rows of the outbox, in the transaction that changes the state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from alerts.exceedance_words import ExceedanceWords
from alerts.links import LinkBase, hash_of, new_token
from alerts.notices import TAKEN_OVER, Addressee, addressees, due_at, people
from alerts.past_words import PastWords, late
from alerts.silence_words import Neighbours, SilenceWords, blind, seeing
from alerts.unresolved_words import Unresolved, unresolved
from alerts.wording import Content, Envelope, Voice, render
from domain.alert import AlertKind, Notice, Severity
from domain.moment import micros
from domain.text import Text
from registry.lookup import Registry
from registry.schema import Person
from storage import alerting
from storage.alerting import AlertRow, Link, NewMessage
from storage.state import next_number

# Says a message in a voice, for an envelope.
Saying = Callable[[Voice, Envelope], Content]


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice for all that hear of it. `event` names what happened for good, so that it is told once."""

    event: str
    notice: Notice
    kind: AlertKind
    severity: Severity
    teams: tuple[str, ...]
    number: str
    say: Saying
    is_demo: bool
    alert: AlertRow | None = None


class Outbox:
    """Queues messages for the people of a rule's team, each in their language, with a link of their own."""

    def __init__(self, registry: Registry, links: LinkBase) -> None:
        """Nothing is written yet."""
        self._registry = registry
        self._links = links
        self._voices: dict[str, Voice] = {}

    def first(self, connection: Connection, alert: AlertRow, now: datetime) -> None:
        """Tell that an alert on a level has opened."""

        def say(voice: Voice, envelope: Envelope) -> Content:
            return ExceedanceWords.of(voice, alert, now).first(envelope)

        self._of_alert(connection, alert, Notice.FIRST, now, say)

    def recovery(self, connection: Connection, alert: AlertRow, now: datetime) -> None:
        """Tell that an alert on a level has closed: the level is back, or later data take the alert back."""

        def say(voice: Voice, envelope: Envelope) -> Content:
            past = PastWords.of(voice, alert, now)
            return past.withdrawal(envelope) if alert.record.withdrawn else past.recovery(envelope)

        self._of_alert(connection, alert, Notice.RECOVERY, now, say)

    def late(self, connection: Connection, found: Sequence[AlertRow], now: datetime) -> None:
        """Tell in one message of exceedances of one case and team that were found late."""

        def say(voice: Voice, envelope: Envelope) -> Content:
            return late([PastWords.of(voice, one, now) for one in found], envelope)

        self._of_alert(connection, found[0], Notice.LATE, now, say)

    def silent(self, connection: Connection, alert: AlertRow, now: datetime, neighbours: Neighbours) -> None:
        """Tell that a station is silent."""

        def say(voice: Voice, envelope: Envelope) -> Content:
            return self._silence(voice, alert, now).silent(
                envelope, heard_before=alert.record.heard_before, neighbours=neighbours, demo=alert.record.demo
            )

        self._of_alert(connection, alert, Notice.SILENT, now, say)

    def back(self, connection: Connection, alert: AlertRow, now: datetime, heard_at: datetime) -> None:
        """Tell that a silent station reports again."""

        def say(voice: Voice, envelope: Envelope) -> Content:
            return self._silence(voice, alert, now).back(envelope, heard_at=heard_at, demo=alert.record.demo)

        self._of_alert(connection, alert, Notice.BACK, now, say)

    def blind(self, connection: Connection, since: datetime, why: Text, now: datetime) -> None:
        """Tell everybody who hears of silent stations that the service itself sees nothing."""
        number = f"#B{next_number(connection, 'blind')}-1"
        self._of_service(connection, (Notice.BLIND, since), now, number, lambda v, e: blind(v, e, since, why))

    def seeing(self, connection: Connection, since: datetime, now: datetime) -> None:
        """Tell the same people that it sees again."""
        number = f"#B{next_number(connection, 'seeing')}-2"
        self._of_service(connection, (Notice.SEEING, since), now, number, lambda v, e: seeing(v, e, since))

    def unresolved(self, connection: Connection, waiting: Unresolved, now: datetime) -> None:
        """Tell the same people what will be lost from quarantine if nobody resolves it."""
        number = f"#Q{next_number(connection, 'unresolved')}-1"
        self._of_service(
            connection, (Notice.UNRESOLVED, waiting.due), now, number, lambda v, e: unresolved(v, e, waiting)
        )

    def _silence(self, voice: Voice, alert: AlertRow, now: datetime) -> SilenceWords:
        return SilenceWords(voice, self._registry.stations[alert.series.station], alert.crossed_at, now)

    def _of_alert(
        self, connection: Connection, alert: AlertRow, notice: Notice, now: datetime, say: Saying
    ) -> None:  # fmt: skip
        prefix = "S" if alert.kind is AlertKind.SILENT else ""
        number = f"#{prefix}{alert.short}-{alerting.next_message(connection, alert.case_id)}"
        # A reopened alert closes again at another moment; an event is the alert with the moment that made it one.
        moment = alert.opened_at if notice in {Notice.FIRST, Notice.LATE, Notice.SILENT} else _ended(alert) or now
        event = f"{alert.id}:{notice.value}:{alert.kind.value}:{alert.record.reopened}:{micros(moment)}"
        telling = Telling(
            event, notice, alert.kind, Severity(alert.record.severity), (alert.record.team,), number, say,
            bool(alert.record.demo), alert,
        )  # fmt: skip
        self._tell(connection, telling, now)

    def _of_service(
        self, connection: Connection, what: tuple[Notice, datetime], now: datetime, number: str, say: Saying
    ) -> None:  # fmt: skip
        notice, since = what
        rules = [rule for rule in self._registry.rules.values() if rule.kind == "silent"]
        teams = tuple(dict.fromkeys(rule.team for rule in rules))
        event = f"service:{notice.value}:{micros(since)}"
        telling = Telling(
            event, notice, AlertKind.SILENT, Severity.CRITICAL, teams, number, say, self._links.demo
        )  # fmt: skip
        self._tell(connection, telling, now)

    def _tell(self, connection: Connection, telling: Telling, now: datetime) -> None:
        tokens: dict[str, str] = {}
        told = people(self._registry, (team for team in telling.teams if team in self._registry.teams))
        rows = [
            self._message(telling, one, self._token(tokens, telling, one.person), now)
            for one in addressees(told, telling.severity)
        ]
        alerting.add_messages(connection, rows)
        alerting.add_links(connection, list(self._links_of(telling, tokens, now)))

    @staticmethod
    def _token(tokens: dict[str, str], telling: Telling, person: Person) -> str | None:
        """Return the person's token for this notice; one for all their channels."""
        if telling.alert is None or telling.notice not in TAKEN_OVER:
            return None
        return tokens.setdefault(person.id, new_token())

    def _links_of(self, telling: Telling, tokens: dict[str, str], now: datetime) -> Iterable[Link]:
        alert = telling.alert
        expires_at = now + self._registry.province.policies.link_valid
        for person, token in tokens.items():
            if alert is not None:
                yield Link(hash_of(token), person, alert.case_id, alert.id, telling.number, expires_at)

    def _message(self, telling: Telling, one: Addressee, token: str | None, now: datetime) -> NewMessage:
        alert, person = telling.alert, one.person
        joined = alert is not None and alert.record.joined and telling.notice in TAKEN_OVER
        envelope = Envelope(person, telling.number, alert.case if alert else None, now, token, joined)
        voice = self._voices.setdefault(person.language, Voice(self._registry, self._links, person.language))
        said = render(telling.say(voice, envelope), person.language, demo=telling.is_demo)
        return NewMessage(
            key=f"{telling.event}:{person.id}:{one.place}", number=telling.number,
            case_id=alert.case_id if alert else None, alert=alert.id if alert else None, notice=telling.notice,
            person=person.id, channel=one.name, address=one.address, language=person.language,
            subject=said.subject, body=said.body, html=said.html, short=said.short, made_at=now,
            due_at=due_at(telling.notice, telling.kind, one.channel, now, self._registry.zone),
        )  # fmt: skip


def _ended(alert: AlertRow) -> datetime | None:
    """Return when an alert closed; one that is withdrawn may have closed long before, and been told of."""
    return None if alert.record.withdrawn else alert.closed_at
