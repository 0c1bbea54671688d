"""What is to be told becomes rows of the outbox, in the transaction that changes the state."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from alerts.links import LinkBase, hashed, new_token
from alerts.wording import Story, compose
from domain.moment import micros
from registry.lookup import Registry
from registry.schema import Channel, Person
from storage import alerting


@dataclass(frozen=True, slots=True)
class Telling:
    """One transition to be told: `key` names it for good, so that it is told once."""

    key: str
    story: Story
    case: int
    alert: int


class Outbox:
    """Writes messages for the people of a rule's team."""

    def __init__(self, registry: Registry, links: LinkBase) -> None:
        """Nothing is written yet."""
        self._registry = registry
        self._links = links

    def tell(self, connection: Connection, telling: Telling, now: datetime) -> None:
        """Queue a message for each person and channel that takes the rule's severity."""
        team = self._registry.teams[telling.story.rule.team]
        for person in (self._registry.people[one] for one in team.people):
            channels = [one for one in person.channels if telling.story.rule.severity in one.severities]
            for place, channel in enumerate(channels):
                self._queue(connection, telling, person, (place, channel), now)

    def _queue(
        self, connection: Connection, telling: Telling, person: Person, placed: tuple[int, Channel], now: datetime
    ) -> None:
        place, channel = placed
        key = f"{telling.key}:{person.id}:{place}"
        if alerting.is_queued(connection, key):
            return
        number = alerting.number_message(connection, telling.case)
        token = new_token()
        message = compose(
            telling.story, self._registry, lang=person.language, number=number, person=person.name,
            link=self._links.take(token),
        )  # fmt: skip
        alerting.add_link(connection, {
            "hash": hashed(token), "purpose": "take", "person": person.id, "case_id": telling.case,
            "alert": telling.alert, "message": number,
            "expires_at": micros(now + self._registry.province.policies.link_valid),
        })  # fmt: skip
        alerting.queue(connection, {
            "key": key, "number": number, "case_id": telling.case,
            "alert": telling.alert, "notice": telling.story.notice.value, "person": person.id,
            "channel": channel.kind, "address": channel.address or channel.url_file or "",
            "language": person.language, "subject": message.subject, "html": message.html, "short": message.short,
            "body": message.short if channel.short else message.body, "made_at": micros(now), "due_at": micros(now),
        })  # fmt: skip
