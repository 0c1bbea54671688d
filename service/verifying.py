"""Verifying a month: what stands against it, and the word of the person who does it all the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analysis.planning import hour_floor
from analysis.verifying import Review, mark, review, windows_of
from domain.clock import Clock
from domain.moment import moment
from domain.month import Month
from domain.reading import SeriesKey
from domain.text import QuantracError, Text
from registry.lookup import Registry
from service.catching_up import Progress, catch_up
from service.locks import Locks
from service.settings import Settings
from service.stores import Stores
from storage import verifications
from storage.state import writing
from storage.tables import series as series_table
from storage.verifications import Verification

# So many series' months are held in memory at once.
_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Who verifies which series for which month, and on what ground."""

    keys: Sequence[SeriesKey]
    month: Month
    by: str
    note: str


@dataclass(slots=True)
class Answer:
    """What was verified, each with what is insufficient or suspect in it, and what was not, and why."""

    verified: dict[SeriesKey, list[Review]] = field(default_factory=dict)
    refused: dict[SeriesKey, Text] = field(default_factory=dict)


class Verifier:
    """Takes a person's word for the figures that are there."""

    def __init__(self, settings: Settings, registry: Registry, clock: Clock, stores: Stores) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._stores = stores

    def verify(self, asked: Asked, told: Progress) -> Answer:
        """Verify what can be; the windows say so on return. Raises QuantracError where the month is not over."""
        self._is_over(asked.month)
        answer = Answer()
        for begin in range(0, len(asked.keys), _TOGETHER):
            self._look(asked.keys[begin : begin + _TOGETHER], asked.month, answer)
        with writing(self._stores.engine) as connection:
            self._keep(connection, asked, answer)
        with Locks(self._settings.data) as locks:
            catch_up(self._registry, self._clock, self._stores, locks, told)
        return answer

    def _is_over(self, month: Month) -> None:
        ready = month.window(self._registry.zone).end + self._registry.province.policies.grace
        if self._clock.now() < ready:
            values = {"month": str(month), "moment": ready}
            raise QuantracError(
                Text("{month} is not over: it can be verified from {moment} on.", values), exit_status=1
            )

    def _look(self, keys: Sequence[SeriesKey], month: Month, answer: Answer) -> None:
        found = windows_of(self._stores.readings, keys, month, self._registry.zone)
        for key, points in found.items():
            if any(one.value is not None for one in points):
                answer.verified[key] = review(points, self._registry.province.policies)
            else:
                answer.refused[key] = Text("there is no figure with a value")

    def _keep(self, connection: Connection, asked: Asked, answer: Answer) -> None:
        answer.refused |= dict(self._refused(connection, asked.month, answer))
        answer.verified = {key: one for key, one in answer.verified.items() if key not in answer.refused}
        now = self._clock.now()
        words = (Verification(key, asked.month, asked.by, asked.note, now) for key in answer.verified)
        verifications.add(connection, words)
        mark(connection, ((key, asked.month) for key in answer.verified), self._registry.zone)

    def _refused(self, connection: Connection, month: Month, answer: Answer) -> Iterator[tuple[SeriesKey, Text]]:
        window = month.window(self._registry.zone)
        unsettled = verifications.unsettled(connection, window)
        stations = {key.station for key in answer.verified}
        known = verifications.newest(connection, stations=stations, months=[month])
        holding = {one.series: one for one in known if one.holds}
        made_to = self._made_to(connection)
        for key in answer.verified:
            if key in holding:
                said = {"by": holding[key].verified_by, "at": holding[key].verified_at}
                yield key, Text("it has been verified by {by}, {at}, and nothing has changed since", said)
            elif key in unsettled or made_to.get(key, window.start) < window.end:
                yield key, Text("its figures are still being made; try again in a minute, with the service running")

    def _made_to(self, connection: Connection) -> Mapping[SeriesKey, datetime]:
        """Return up to when the figures of each series are made; one that has said nothing for long has all there are."""
        horizon = self._registry.province.policies.expected_for
        rows = connection.execute(sa.select(series_table).where(series_table.c.rolled_to.is_not(None)))
        return {
            SeriesKey(row.station, row.parameter): _as_good_as(
                moment(row.rolled_to), hour_floor(moment(row.last_at) + horizon)
            )
            for row in rows
        }


def _as_good_as(made_to: datetime, last: datetime) -> datetime:
    return made_to if made_to < last else max(made_to, last) + timedelta(days=36_500)
