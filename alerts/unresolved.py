"""A week before a day of the journal goes: tells once what nobody has resolved of it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.engine import Engine

from alerts.outbox import Outbox
from alerts.unresolved_words import Unresolved
from domain.clock import Clock
from registry.lookup import Registry
from storage import spans
from storage.quarantine import Quarantine, Wanted, of_day
from storage.state import writing

JOB = "unresolved"
# As long as an office needs to find the cause and put it right.
AHEAD = timedelta(days=7)
_DAY = timedelta(days=1)


class UnresolvedCheck:
    """Looks once a day of the journal; `quarantines` are those of every worker."""

    def __init__(
        self, registry: Registry, engine: Engine, clock: Clock, outbox: Outbox,
        quarantines: Callable[[], AbstractContextManager[Mapping[str, Quarantine]]],
    ) -> None:  # fmt: skip
        """Nothing is read before the first run."""
        self._kept = registry.province.policies.journal_kept
        self._engine = engine
        self._clock = clock
        self._outbox = outbox
        self._quarantines = quarantines
        self._told_to: date | None = None

    def run(self) -> int:
        """Tell what is due; return how many messages will be lost. Days that were told of are never told of again."""
        now = self._clock.now()
        last = (now + AHEAD - self._kept - _DAY).date()
        if self._told_to is not None and last <= self._told_to:
            return 0
        since = spans.watermark(self._engine, JOB)
        waiting = self._waiting(since, last) if since is None or last > since.date() else None
        with writing(self._engine) as connection:
            # Another process may have told it since we looked.
            if spans.watermark(self._engine, JOB) == since and (since is None or last > since.date()):
                if waiting is not None:
                    self._outbox.unresolved(connection, waiting, now)
                spans.set_watermark(connection, JOB, _midnight(last))
        self._told_to = last
        return 0 if waiting is None else waiting.messages

    def _waiting(self, since: datetime | None, last: date) -> Unresolved | None:
        begin = 0 if since is None else of_day(since.date())[1]
        wanted = Wanted(since=begin, until=of_day(last)[1])
        with self._quarantines() as opened:
            found = [cause for one in opened.values() for cause in one.causes(wanted)]
            messages = sum(one.messages_of(wanted) for one in opened.values())
        if not found:
            return None
        days = [moment.astimezone(UTC).date() for one in found for moment in (one.first, one.last)]
        gone_at = _midnight(min(days)) + _DAY + self._kept
        causes = sorted(found, key=lambda one: -one.messages)
        return Unresolved(min(days), max(days), gone_at, causes, messages, _midnight(last))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
