"""Taking a case over by the link in a message. Looking changes nothing."""

from sqlalchemy.engine import Engine

from alerts.links import hash_of
from alerts.wording import limit_text
from domain.alert import AlertKind
from domain.clock import Clock
from domain.limit import Bound
from domain.takeover import TakeState, TakeSubject, TakeView
from domain.window import WindowKind
from registry.lookup import Registry
from storage import alerting
from storage.alerting import AlertRow, CaseRow, Link

_GONE = TakeView(TakeState.GONE)


class Takeovers:
    """Answers the pages behind signed links."""

    def __init__(self, registry: Registry, engine: Engine, clock: Clock) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._engine = engine
        self._clock = clock

    def look(self, token: str) -> TakeView:
        """Return what the link shows; an unknown or expired one reveals nothing. Changes nothing."""
        found = alerting.link_of(self._engine, hash_of(token), self._clock.now())
        return _GONE if found is None else self._view(*found)

    def take(self, token: str) -> TakeView:
        """Take the case over for the link's person, if nobody has; return what the link then shows.

        A link works once; whoever comes second sees who took the case and when. Nothing else changes: what is due to
        others stays due.
        """
        used = alerting.use_link(self._engine, hash_of(token), self._clock.now())
        return _GONE if used is None else self.look(token)

    def _view(self, link: Link, case: CaseRow, alert: AlertRow) -> TakeView:
        person = self._registry.people.get(link.person)
        if person is None:
            return _GONE
        taker = self._registry.people.get(case.taken_by or "")
        return TakeView(
            state=_state(case, link), language=person.language, person=person.name, subject=_subject(alert, link),
            taken_by=taker.name if taker else case.taken_by, taken_at=case.taken_at, expires_at=link.expires_at,
        )  # fmt: skip


def _state(case: CaseRow, link: Link) -> TakeState:
    if case.taken_by is None:
        return TakeState.OPEN
    return TakeState.YOURS if case.taken_by == link.person else TakeState.OTHERS


def _subject(alert: AlertRow, link: Link) -> TakeSubject:
    record, bound = alert.record, Bound(alert.limit_low, alert.limit_high)
    confirmed = alert.kind in {AlertKind.OVER, AlertKind.LATE} and not record.unmet
    return TakeSubject(
        kind=alert.kind, station=alert.series.station, parameter=alert.series.parameter or None,
        window=None if record.window == "reading" or not alert.series.parameter else WindowKind(record.window),
        level=alert.level, levels=tuple(value for _, value in record.levels),
        bound=None if bound == Bound(None, None) else bound, limit=limit_text(record), unmet=record.unmet, doubts=record.doubts,
        confirmed=confirmed, since=alert.since, last_at=alert.last_at, closed_at=alert.closed_at,
        withdrawn=record.withdrawn, valid=alert.valid, expected=alert.expected, case_number=alert.case, message_number=link.message,
    )  # fmt: skip
