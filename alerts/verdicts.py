"""What has become of a rule's alerts on a series: the episodes of its levels against the alerts on record. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.lifecycle import Episode, Folded
from alerts.rules import Level, Standing
from domain.alert import AlertKind
from domain.limit import Bound
from storage.alerting import AlertRow


class What(StrEnum):
    """What has happened to an alert."""

    OPENED = "opened"  # and perhaps closed again since the last look
    LATE = "found late"  # over and past before anybody could know
    PARTED = "parted"  # later data say that there were two, of which the last goes on with what was told
    CLOSED = "closed"
    REOPENED = "reopened"  # later data say that it was not over yet
    WITHDRAWN = "withdrawn"  # later data say that it never was
    CONFIRMED = "confirmed"  # only data were lacking, and now there are enough
    CHANGED = "changed"  # its figures did


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that has happened. `alert` is None for a new one, `episode` for one withdrawn.

    `part_of`: the alert that goes on with one that is withdrawn, where later data made one of both.
    """

    what: What
    episode: Episode | None
    alert: AlertRow | None = None
    part_of: int | None = None


@dataclass(frozen=True, slots=True)
class Lateness:
    """What counts as late, seen from `now`."""

    now: datetime
    after: timedelta


@dataclass(frozen=True, slots=True)
class Again:
    """A stretch that was folded once more: its levels, and from when to when they have changed (ends included)."""

    levels: Sequence[Level]
    first: datetime
    last: datetime


def verdicts(
    folded: Folded, recorded: Sequence[AlertRow], late: Lateness, again: Again | None = None
) -> Iterator[Verdict]:
    """Yield what has happened, in order of time.

    `recorded`: the alerts that overlap the folded stretch, ascending. An alert that is past is withdrawn only where
    levels have changed, not where a limit or a rule has since.
    """
    known = _known(folded.episodes, recorded)
    for episode in folded.episodes:
        alerts = [one for one in known.get(episode, ()) if one is not None]
        if alerts:
            kept = max(alerts, key=lambda one: (one.closed_at is None, not one.record.withdrawn, one.id))
            yield from _of_known(episode, kept)
            yield from (_joined(one, kept) for one in alerts if one is not kept and one.record.part_of != kept.id)
        elif episode in known:
            yield Verdict(What.PARTED, episode)
        else:
            yield Verdict(_how_new(episode, folded.course.newest, late), episode)
    matched = {one.id for alerts in known.values() for one in alerts if one is not None}
    for alert in recorded:
        if alert.id not in matched and (alert.closed_at is None or (again and _is_corrected(alert, again))):
            yield Verdict(What.WITHDRAWN, None, alert)


def _joined(alert: AlertRow, kept: AlertRow) -> Verdict:
    return Verdict(What.WITHDRAWN, None, alert, kept.id)


def _is_corrected(alert: AlertRow, again: Again) -> bool:
    """Tell whether levels have changed since a past alert, that it rests on or that came between, by the same limit."""
    if alert.record.withdrawn:
        return False
    now = {level.end: level.value for level in again.levels}
    if any(end in now and now[end] != value for end, value in alert.record.levels):
        return True
    touched = [one for one in again.levels if alert.crossed_at < one.end <= alert.last_at or one.end == alert.opened_at]
    same_limit = all(one.bound == Bound(alert.limit_low, alert.limit_high) for one in touched)
    return same_limit and again.first <= alert.last_at and again.last >= alert.crossed_at


def with_alert(folded: Folded, alert: int | None) -> Folded:
    """Note under which number the open episode is known from now on."""
    episode = folded.course.episode
    if episode is None:
        return folded
    return replace(folded, course=replace(folded.course, episode=replace(episode, alert=alert)))


def _known(episodes: Sequence[Episode], recorded: Sequence[AlertRow]) -> dict[Episode, tuple[AlertRow | None, ...]]:
    """Return which alerts on record each episode is known by.

    Of several episodes that later data made of one alert, the last carries it on; the others are known all the same
    (by None), and nothing is told of them again.
    """
    found: dict[Episode, tuple[AlertRow | None, ...]] = {}
    for alert in recorded:
        mine = [one for one in episodes if _is_of(one, alert)]
        for earlier in mine[:-1]:
            found[earlier] = (*found.get(earlier, ()), None)
        for last in mine[-1:]:
            found[last] = (*found.get(last, ()), alert)
    return found


def _is_of(episode: Episode, alert: AlertRow) -> bool:
    if episode.alert is not None:
        return episode.alert == alert.id
    # By the ends of their windows: where one ends and the next begins, two alerts only touch.
    first = alert.record.first_end or alert.opened_at
    return episode.first_end <= (alert.closed_at or alert.last_at) and first <= (episode.closed_at or episode.last.end)


def _how_new(episode: Episode, newest: Standing, late: Lateness) -> What:
    is_past = episode.closed_at is not None and newest is not Standing.OVER
    return What.LATE if is_past and late.now - episode.opened_at > late.after else What.OPENED


def _of_known(episode: Episode, alert: AlertRow) -> Iterator[Verdict]:
    if alert.closed_at is not None and episode.closed_at is None:
        yield Verdict(What.REOPENED, episode, alert)
        return
    if _is_confirmed_now(episode, alert):
        yield Verdict(What.CONFIRMED, episode, alert)
    if alert.closed_at is None and episode.closed_at is not None:
        yield Verdict(What.CLOSED, episode, alert)
    elif _differs(episode, alert):
        yield Verdict(What.CHANGED, episode, alert)


def _is_confirmed_now(episode: Episode, alert: AlertRow) -> bool:
    """Tell whether an open advisory becomes an exceedance: its limit was confirmed from the start, its data were few.

    A limit that is confirmed later changes nothing of what has been told.
    """
    return (
        alert.kind is AlertKind.ADVISORY
        and alert.closed_at is None
        and alert.record.limit_confirmed
        and episode.sure
    )  # fmt: skip


def _differs(episode: Episode, alert: AlertRow) -> bool:
    found = (episode.last.value, episode.last.end, episode.peak.value, episode.over)
    ends = (episode.crossed_at, episode.opened_at, episode.closed_at)
    return (
        alert.record.withdrawn
        or found != (alert.level, alert.last_at, alert.peak, alert.record.over)
        or ends != (alert.crossed_at, alert.opened_at, alert.closed_at)
    )
