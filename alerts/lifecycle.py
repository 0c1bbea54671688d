"""The state machine of an alert: a fold over levels in the order of time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.alert import AlertState
from domain.limit import Bound, Clear


class Seen(msgspec.Struct, frozen=True):
    """One level and what it is held against; `value` is None where nothing counts. `bound` in the canonical unit."""

    start: datetime
    end: datetime
    value: float | None
    valid: int
    expected: int
    suspect: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def bound(self) -> Bound:
        """The limit of its day; both sides None where there is none."""
        return Bound(self.low, self.high)


class Episode(msgspec.Struct, frozen=True):
    """A stretch of exceedance. `levels` are the levels over the limit so far, at most the first twelve."""

    crossed_at: datetime  # start of the first window that was over
    opened_at: datetime  # end of the window that made it fire
    last: Seen
    levels: tuple[float, ...]
    peak: float
    peak_at: datetime
    over: int  # windows that were over
    closed_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True):
    """Where a series stands under a rule: windows that are over in a row, or the episode and clear windows in a row."""

    run: tuple[Seen, ...] = ()
    episode: Episode | None = None
    clear: int = 0

    @property
    def state(self) -> AlertState:
        """The state it amounts to."""
        if self.episode is not None:
            return AlertState.FIRING
        return AlertState.PENDING if self.run else AlertState.NORMAL


@dataclass(frozen=True, slots=True)
class Hold:
    """How many windows in a row open and close, and which share of the limit counts as clear."""

    windows: int
    clear_windows: int
    share: float

    def clear_level(self, bound: Bound) -> Clear:
        """Return the level at which an exceedance of `bound` ends: the share of an upper, the reciprocal of a lower one."""
        low = None if bound.low is None else bound.low / self.share
        high = None if bound.high is None else bound.high * self.share
        if low is not None and high is not None and low > high:
            low = high = (bound.low + bound.high) / 2 if bound.low is not None and bound.high is not None else None
        return Clear(low, high)


@dataclass(frozen=True, slots=True)
class Change:
    """The state changed at the end of `at`; `episode` as it then was. Its reason is the state it came to."""

    before: AlertState
    after: AlertState
    at: Seen
    episode: Episode


def fold(standing: Standing, levels: Iterable[Seen], hold: Hold) -> tuple[Standing, list[Change]]:
    """Return where a series stands after `levels` (ascending), and every opening and closing on the way.

    A window without a value, or without a limit, neither extends nor breaks a run: silence is not clean.
    """
    changes: list[Change] = []
    for seen in levels:
        if seen.value is None or seen.bound == Bound(None, None):
            continue
        before = standing
        standing = (
            _firing(standing.episode, standing.clear, seen, hold) if standing.episode else _quiet(standing, seen, hold)
        )
        episode = standing.episode or before.episode
        if episode is None or before.state == standing.state:
            continue
        if standing.episode is None:
            episode = msgspec.structs.replace(episode, closed_at=seen.end, last=seen)
        if AlertState.FIRING in {before.state, standing.state}:
            changes.append(Change(before.state, standing.state, seen, episode))
    return standing, changes


def _quiet(standing: Standing, seen: Seen, hold: Hold) -> Standing:
    if seen.value is None or not seen.bound.is_exceeded(seen.value):
        return Standing()
    run = (*standing.run, seen)
    if len(run) < hold.windows:
        return Standing(run=run)
    worst = max(run, key=_distance)
    levels = tuple(one.value for one in run if one.value is not None)
    return Standing(
        episode=Episode(run[0].start, seen.end, seen, levels, worst.value or 0.0, worst.end, len(run))
    )  # fmt: skip


def _firing(episode: Episode, clear: int, seen: Seen, hold: Hold) -> Standing:
    value = seen.value or 0.0
    if hold.clear_level(seen.bound).is_reached(value):
        if clear + 1 >= hold.clear_windows:
            return Standing()
        return Standing(episode=msgspec.structs.replace(episode, last=seen), clear=clear + 1)
    over = seen.bound.is_exceeded(value)
    higher = over and _distance(seen) > _distance_of(episode.peak, seen.bound)
    return Standing(
        episode=msgspec.structs.replace(
            episode,
            last=seen,
            levels=(*episode.levels, value) if over and len(episode.levels) < 12 else episode.levels,
            peak=value if higher else episode.peak,
            peak_at=seen.end if higher else episode.peak_at,
            over=episode.over + over,
        )
    )


def _distance(seen: Seen) -> float:
    return _distance_of(seen.value or 0.0, seen.bound)


def _distance_of(value: float, bound: Bound) -> float:
    """How far outside `bound` a value is; the worst of an episode is the one farthest out, on either side."""
    above = value - bound.high if bound.high is not None else float("-inf")
    below = bound.low - value if bound.low is not None else float("-inf")
    return max(above, below)
