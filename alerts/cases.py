"""Taking a case over by the link in a message. Looking changes nothing."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Engine, Row

from alerts.links import hashed
from domain.alert import AlertKind
from domain.clock import Clock
from domain.limit import Bound
from domain.moment import moment
from domain.takeover import TakeState, TakeSubject, TakeView
from domain.text import unpack
from domain.window import WindowKind
from registry.lookup import Registry
from storage import alerting

GONE = TakeView(TakeState.GONE)


class Takeovers:
    """Answers the pages behind signed links."""

    def __init__(self, registry: Registry, engine: Engine, clock: Clock) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._engine = engine
        self._clock = clock

    def look(self, token: str) -> TakeView:
        """Return what the link shows; an unknown or expired one reveals nothing."""
        found = alerting.find_link(self._engine, hashed(token))
        if found is None or found[0].expires_at < self._clock.now().timestamp() * 1e6 or found[0].purpose != "take":
            return GONE
        link, case, alert = found
        person = self._registry.people.get(link.person)
        if person is None:
            return GONE
        taker = self._registry.people.get(case.taken_by or "")
        return TakeView(
            state=_state(case, link.person), language=person.language, person=person.name,
            subject=_subject(case, alert, link.message), taken_by=taker.name if taker else case.taken_by,
            taken_at=None if case.taken_at is None else moment(case.taken_at), expires_at=moment(link.expires_at),
        )  # fmt: skip

    def take(self, token: str) -> TakeView:
        """Take the case over for the link's person, if nobody has; return what the link then shows."""
        found = alerting.find_link(self._engine, hashed(token))
        if found is not None and self.look(token).state is TakeState.OPEN:
            link, case, _ = found
            alerting.take_case(self._engine, link.hash, person=link.person, case=case.id, at=self._clock.now())
        return self.look(token)


def _state(case: Row[Any], person: str) -> TakeState:
    if case.taken_by is None:
        return TakeState.OPEN
    return TakeState.YOURS if case.taken_by == person else TakeState.OTHERS


def _subject(case: Row[Any], alert: Row[Any], message: str) -> TakeSubject:
    record: Mapping[str, Any] = json.loads(alert.record)
    bound = Bound(alert.limit_low, alert.limit_high)
    conditions = tuple(unpack(one) for one in record["unmet"])
    window = record.get("window")
    return TakeSubject(
        kind=AlertKind(alert.kind), station=alert.station, parameter=alert.parameter or None,
        window=WindowKind(window) if window and window != "reading" else None,
        level=alert.level, levels=tuple(record.get("levels", ())),
        bound=None if bound == Bound(None, None) else bound, limit=unpack(record["limit"]), unmet=conditions,
        confirmed=not conditions and alert.kind in {AlertKind.OVER, AlertKind.LATE},
        crossed_at=moment(alert.crossed_at), last_at=moment(alert.last_at),
        closed_at=None if alert.closed_at is None else moment(alert.closed_at),
        valid=alert.valid, expected=alert.expected, case_number=case.number, message_number=message,
    )  # fmt: skip
