"""The life of an alert: states, transitions, and why somebody is told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert is in its life."""

    NORMAL = "normal"
    PENDING = "pending"  # over, but not yet for the rule's hold
    FIRING = "firing"


class Severity(StrEnum):
    """How much a rule matters; a channel may ask for some of them only."""

    INFORMATION = "information"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """The first word of every message; `over` only for a confirmed limit with enough data."""

    OVER = "over"
    ADVISORY = "advisory"
    SILENT = "silent"
    LATE = "late"


class Notice(StrEnum):
    """Why somebody is told."""

    FIRST = "first"
    RECOVERY = "recovery"
    LATE = "late"
    SILENT = "silent"
    BACK = "back"  # a silent station reports again
    BLIND = "blind"  # the service itself cannot see
    SEEING = "seeing"
    UNRESOLVED = "unresolved"  # what is in quarantine is about to be lost


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an alert's state; every notification is made from one."""

    alert: int
    before: AlertState
    after: AlertState
    crossed_at: datetime  # end of the window that made the change
    noticed_at: datetime  # when a check first saw it
    level: float | None
