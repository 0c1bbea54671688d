"""Tells on the terminal what is going on, in lines that a person can follow."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from domain.limit import Bound
from domain.text import Text
from present import words
from registry.lookup import Registry
from service.demo.script import OUTFALL, Script, incident_hours
from service.health import Health
from storage.alerting import AlertRow, alert_history

COUNTS_SECONDS = 15.0
_RULE = "cod-hour"


@dataclass
class Story:
    """Watches the stored facts, and says each new one once. `say` gets a sentence to print."""

    registry: Registry
    engine: Engine
    health: Health
    script: Script
    mailbox_url: str
    lang: str
    speed: float
    say: Callable[[datetime, Text], None]
    _opened: dict[int, AlertRow] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _closed: set[int] = field(default_factory=set)
    _hour: int | None = None
    _counted_at: float = 0.0
    _others: int = 0

    def begin(self) -> None:
        """Pass over what was told before: alerts of an earlier day of the demonstration."""
        for alert in alert_history(self.engine):
            self._opened[alert.id] = alert
            if alert.taken_by is not None:
                self._taken.add(alert.id)
            if alert.closed_at is not None:
                self._closed.add(alert.id)
        self._counted_at = time.monotonic()

    def look(self, now: datetime) -> None:
        """Say what is new."""
        self._tell_script(now)
        for alert in reversed(alert_history(self.engine)):
            self._tell_alert(alert, now)
        if time.monotonic() - self._counted_at >= COUNTS_SECONDS:
            self._counted_at = time.monotonic()
            self._tell_counts(now)

    def _tell_script(self, now: datetime) -> None:
        hour = self.script.hour(now)
        if hour == self._hour:
            return
        self._hour = hour
        rises, falls = incident_hours()
        outfall = self.registry.stations[OUTFALL].names
        if hour == rises:
            self.say(now, Text("INCIDENT: {outfall} begins to discharge more COD than its limit of 135 mg/L allows.",
                               {"outfall": outfall}))  # fmt: skip
            self.say(now, Text("The rule wants two hours in a row over the limit, so an alert opens at the end of the "
                               "second."))  # fmt: skip
        if hour == falls:
            self.say(now, Text("The COD of {outfall} is back where it was; after two hours below 121.5 mg/L the alert "
                               "closes.", {"outfall": outfall}))  # fmt: skip

    def _tell_alert(self, alert: AlertRow, now: datetime) -> None:
        if alert.id not in self._opened:
            self._opened[alert.id] = alert
            self._tell_opened(alert, now)
        if alert.rule == _RULE and alert.taken_by is not None and alert.id not in self._taken:
            self._taken.add(alert.id)
            person = self.registry.people.get(alert.taken_by)
            name = person.name if person else alert.taken_by
            self.say(now, Text("Alert #{number} was taken over by {person}.", {"number": alert.short, "person": name}))
        if alert.closed_at is not None and alert.id not in self._closed:
            self._closed.add(alert.id)
            self._tell_closed(alert, now)

    def _tell_opened(self, alert: AlertRow, now: datetime) -> None:
        values = {
            "number": alert.short, "url": self.mailbox_url, "rule": self._rule(alert),
            "station": self.registry.stations[alert.series.station].names,
        }  # fmt: skip
        if alert.rule == _RULE:
            self.say(now, Text("Alert #{number} is OPEN: COD {level} mg/L at {station}. Read the message here, and take "
                               "the alert over by its link: {url}", {**values, "level": self._written(alert, alert.level)}))  # fmt: skip
            until = last_minute(self.script, now)
            self.say(now, Text("Until {until} ({seconds} s of your time) the button is yours; then the demonstration's own "
                               "officer presses it.",
                               {"until": until, "seconds": round((until - now).total_seconds() / self.speed)}))  # fmt: skip
        elif alert.closed_at is not None:
            self._closed.add(alert.id)
            self.say(now, Text("Also noticed, and over already: {rule}, {station} (#{number}).", values))
        else:
            self.say(now, Text("Also noticed: {rule}, {station} (#{number}).", values))

    def _tell_closed(self, alert: AlertRow, now: datetime) -> None:
        if alert.rule == _RULE:
            self.say(now, Text("Alert #{number} is CLOSED: {peak} mg/L at its highest. The whole way is in the mailbox.",
                               {"number": alert.short, "peak": self._written(alert, alert.peak)}))  # fmt: skip
            return
        self.say(now, Text("No more: {rule}, {station} (#{number}).", {
            "rule": self._rule(alert), "number": alert.short,
            "station": self.registry.stations[alert.series.station].names,
        }))  # fmt: skip

    def _rule(self, alert: AlertRow) -> Any:
        rule = self.registry.rules.get(alert.rule)
        return rule.names if rule else alert.rule

    def _written(self, alert: AlertRow, level: float | None) -> str:
        """Write a level as mails and pages do."""
        precision = self.registry.parameters[alert.series.parameter].precision
        return words.shown(level or 0.0, Bound(alert.limit_low, alert.limit_high), precision, self.lang)

    def _tell_counts(self, now: datetime) -> None:
        status = self.health.status()
        self.say(now, Text("{received} messages = {kept} kept + {quarantined} in quarantine + {pending} pending; "
                           "{reporting} of {expected} stations report; {open} alerts open", {
            **status["messages"], **status["stations"], **status["alerts"],
            "kept": sum(status["messages"][name] for name in ("stored", "partly", "repeated", "ignored")),
        }))  # fmt: skip


def last_minute(script: Script, now: datetime) -> datetime:
    """Return when nobody may be left who has not seen the alert of this day's incident taken over: it closes soon."""
    _, falls = incident_hours()
    day = script.began + (now - script.began) // timedelta(days=1) * timedelta(days=1)
    return day + timedelta(hours=falls + 1, minutes=40)


def is_last_minute(script: Script, now: datetime) -> bool:
    """Tell whether the incident's alert is about to close."""
    _, falls = incident_hours()
    return script.hour(now) == falls + 1 and now >= last_minute(script, now)
