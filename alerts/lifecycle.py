"""The life of an alert: a fold over levels in order of time. Pure.

A level is taken in by `step`, which returns where the machine stands then and why. Folding a stretch in pieces gives
what folding it whole gives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.rules import Level, Standing, excess, has_enough_data, standing
from domain.alert import AlertState
from domain.window import HOUR, LONGEST_DAY
from registry.schema import Policies, Rule

# So many of the newest levels that were over are kept for the message.
SHOWN_LEVELS = 6


# From the end of one window to that of the next, at most.
_STEPS = {"day": LONGEST_DAY, "year": timedelta(days=367)}


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a level must be over to raise an alert, and where and how long clear to end it.

    `together`: two windows over belong to one hold only if their ends are no farther apart: at most as many windows
    of which nothing is known may lie between them as the hold asks for.
    """

    windows: int
    share: float
    clear_windows: int
    policies: Policies
    together: timedelta

    @classmethod
    def of(cls, rule: Rule, policies: Policies) -> "Hold":
        """Return what `rule` asks for."""
        step = _STEPS.get(rule.window, HOUR)
        return cls(rule.windows, rule.clear.share, rule.clear.windows, policies, step * (rule.windows + 1))


@dataclass(frozen=True, slots=True)
class Episode:
    """One exceedance, from the first window that was over; `alert` is the number it is known by.

    `crossed_at` and `first_end` are start and end of the first window that was over, `opened_at` the end of the one
    that completed the hold, `closed_at` the end of the one that completed the return. `levels`: the newest windows
    that were over. `over`: how many there were. `unbroken`: nothing else came between them. `peak`: the one farthest
    beyond its limit. `sure`: as many windows in a row as the hold asks for were over and had enough data. `lapsed`: it
    ended because no limit is in force any more, not because the level fell.
    """

    crossed_at: datetime
    first_end: datetime
    opened_at: datetime
    last: Level
    peak: Level
    levels: tuple[Level, ...]
    over: int
    sure: bool = False
    unbroken: bool = True
    lapsed: bool = False
    closed_at: datetime | None = None
    alert: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """Where the machine stands.

    `run`: windows over in a row while pending. `sure`: of the newest that were over in a row, how many had enough
    data. `gap`: the newest windows were not over, or not known. `unbroken`: nothing came between those that were over.
    `clear`: windows clear in a row while an alert is open. `newest`: how the newest window with a value stood.
    """

    state: AlertState = AlertState.NORMAL
    run: tuple[Level, ...] = ()
    sure: int = 0
    gap: bool = False
    unbroken: bool = True
    clear: int = 0
    episode: Episode | None = None
    newest: Standing = Standing.UNKNOWN
    judged_to: datetime | None = None


class Why(StrEnum):
    """Why a step left the machine where it is, or moved it."""

    NO_VALUE = "no value: nothing follows from it"
    TOO_FEW = "within the limit, by too few values to say so"
    FREE = "no limit is in force"
    WITHIN = "within the limit"
    BROKEN = "within the limit before the hold was over"
    HOLDING = "over, but not yet for the hold"
    FIRED = "over for the whole hold"
    STILL_OVER = "over, and the alert is open"
    NOT_CLEAR = "within the limit, but not at the clear level"
    CLEARING = "clear, but not yet for long enough"
    CLEARED = "clear for long enough"


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the machine stands after a level, and why. `closed` is the episode that this level ended."""

    course: Course
    why: Why
    closed: Episode | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """What a stretch of levels comes to."""

    course: Course
    closed: tuple[Episode, ...] = field(default=())

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """All episodes, the open one last."""
        return self.closed if self.course.episode is None else (*self.closed, self.course.episode)


def fold(course: Course, levels: Iterable[Level], hold: Hold) -> Folded:
    """Take in `levels`, ascending in time."""
    closed = []
    for level in levels:
        decision = step(course, level, hold)
        course = decision.course
        if decision.closed is not None:
            closed.append(decision.closed)
    return Folded(course, tuple(closed))


def step(course: Course, level: Level, hold: Hold) -> Decision:
    """Take in one level."""
    found = standing(level, hold.share, hold.policies)
    if found is Standing.UNKNOWN:
        is_under_way = bool(course.run) or course.episode is not None
        why = Why.NO_VALUE if level.value is None else Why.TOO_FEW
        return Decision(replace(course, judged_to=level.end, gap=is_under_way), why)
    course = replace(course, newest=found, judged_to=level.end)
    if found is Standing.FREE:
        return _free(course, level)
    if found is Standing.OVER:
        return _over(course, level, hold)
    if course.episode is None:
        why = Why.BROKEN if course.state is AlertState.PENDING else Why.WITHIN
        return Decision(Course(newest=found, judged_to=level.end), why)
    return _within(course, course.episode, level, hold)


def _free(course: Course, level: Level) -> Decision:
    closed = course.episode and replace(course.episode, closed_at=level.end, lapsed=True)
    return Decision(Course(newest=course.newest, judged_to=level.end), Why.FREE, closed)


def _over(course: Course, level: Level, hold: Hold) -> Decision:
    sure = course.sure + 1 if has_enough_data(level, hold.policies) else 0
    course = replace(course, sure=sure, clear=0, gap=False, unbroken=course.unbroken and not course.gap)
    if course.episode is not None:
        longer = _longer(course.episode, level, sure=course.episode.sure or sure >= hold.windows)
        episode = replace(longer, unbroken=course.unbroken)
        return Decision(replace(course, episode=episode), Why.STILL_OVER)
    if course.run and level.end - course.run[-1].end > hold.together:
        course = replace(course, run=(), unbroken=True, sure=min(sure, 1))
    run = (*course.run, level)
    if len(run) < hold.windows:
        return Decision(replace(course, state=AlertState.PENDING, run=run), Why.HOLDING)
    episode = replace(_begun(run, sure=course.sure >= hold.windows), unbroken=course.unbroken)
    return Decision(replace(course, state=AlertState.FIRING, run=(), episode=episode), Why.FIRED)


def _within(course: Course, episode: Episode, level: Level, hold: Hold) -> Decision:
    episode = replace(episode, last=level)
    course = replace(course, sure=0, gap=True, episode=episode)
    if course.newest is Standing.BETWEEN:
        return Decision(replace(course, clear=0), Why.NOT_CLEAR)
    clear = course.clear + 1
    if clear < hold.clear_windows:
        return Decision(replace(course, clear=clear), Why.CLEARING)
    ended = Course(newest=course.newest, judged_to=course.judged_to)
    return Decision(ended, Why.CLEARED, replace(episode, closed_at=level.end))


def _begun(run: Sequence[Level], *, sure: bool) -> Episode:
    return Episode(
        crossed_at=run[0].start, first_end=run[0].end, opened_at=run[-1].end, last=run[-1], peak=max(run, key=excess),
        levels=tuple(run[-SHOWN_LEVELS:]), over=len(run), sure=sure,
    )  # fmt: skip


def _longer(episode: Episode, level: Level, *, sure: bool) -> Episode:
    return replace(
        episode, last=level, levels=(*episode.levels, level)[-SHOWN_LEVELS:], over=episode.over + 1, sure=sure,
        peak=level if excess(level) > excess(episode.peak) else episode.peak,
    )  # fmt: skip


def settled_from(levels: Sequence[Level], hold: Hold, before: datetime) -> int | None:
    """Return from which index on `levels` must be folded to know what comes after `before`; None: not to be known.

    As many clear levels in a row as end an alert leave no alert open and no run begun, whatever was before them; so
    does one at a time when no limit was in force.
    """
    clear = 0
    for index in range(len(levels) - 1, -1, -1):
        if levels[index].end >= before:
            continue
        found = standing(levels[index], hold.share, hold.policies)
        if found is Standing.FREE:
            return index
        if found is Standing.CLEAR:
            clear += 1
        elif found is not Standing.UNKNOWN:
            clear = 0
        if clear == hold.clear_windows:
            return index
    return None
