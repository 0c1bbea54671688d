"""What a signed link shows before and after somebody takes an alert over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.alert import AlertKind
from domain.limit import Bound
from domain.text import Text
from domain.window import WindowKind


class TakeState(StrEnum):
    """Where a link stands."""

    OPEN = "open"  # nobody has taken the case yet; the link can be used
    YOURS = "yours"  # this link's person has taken it
    OTHERS = "others"  # somebody else was quicker; nothing is left to do
    GONE = "gone"  # unknown, expired or used for something else: says nothing of any case


@dataclass(frozen=True, slots=True)
class TakeSubject:
    """The alert that a link is about. Levels and bound are in the parameter's canonical unit.

    `parameter` and `bound` are None for a silent station. `levels` are the levels so far, oldest first, the newest of
    them is `level`. `limit` names what it is compared with (document, clause, arithmetic), already as a Text.
    `unmet` are the conditions that make it advisory, `doubts` what speaks against the instrument.
    """

    kind: AlertKind
    station: str
    parameter: str | None
    window: WindowKind | None  # None: single readings
    level: float | None
    levels: tuple[float, ...]
    bound: Bound | None
    limit: Text | None
    unmet: tuple[Text, ...]
    confirmed: bool
    since: datetime  # by what the first window that was over is named; for a silent station, when it was last heard
    last_at: datetime  # end of the newest window judged
    closed_at: datetime | None  # the level is back below since; None while the alert is open
    withdrawn: bool  # later data say that it never was over
    valid: int | None
    expected: int | None
    case_number: str  # VV-2026-0147
    message_number: str  # #0147-1
    doubts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeView:
    """A link, as `look` and `take` answer it. `subject` is None exactly when `state` is GONE.

    `person` is the name of the link's person, `language` theirs. `taken_by` is a name, never an id.
    """

    state: TakeState
    language: str = "vi"
    person: str | None = None
    subject: TakeSubject | None = None
    taken_by: str | None = None
    taken_at: datetime | None = None
    expires_at: datetime | None = None
