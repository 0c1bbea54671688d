"""What has become of a rule's alerts on a series: the episodes of its levels against the alerts on record. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.lifecycle import Episode, Folded
from alerts.rules import Level, Standing
from domain.alert import AlertKind
from storage.alerting import AlertRow


class What(StrEnum):
    """What has happened to an alert."""

    OPENED = "opened"  # and perhaps closed again since the last look
    LATE = "found late"  # over and past before anybody could know
    CLOSED = "closed"
    REOPENED = "reopened"  # later data say that it was not over yet
    WITHDRAWN = "withdrawn"  # later data say that it never was
    CONFIRMED = "confirmed"  # only data were lacking, and now there are enough
    CHANGED = "changed"  # its figures did


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that has happened. `alert` is None for a new one, `episode` for one withdrawn."""

    what: What
    episode: Episode | None
    alert: AlertRow | None = None


@dataclass(frozen=True, slots=True)
class Lateness:
    """What counts as late, seen from `now`."""

    now: datetime
    after: timedelta


def verdicts(
    folded: Folded, recorded: Sequence[AlertRow], late: Lateness, levels: Sequence[Level] = ()
) -> Iterator[Verdict]:
    """Yield what has happened, in order of time.

    `recorded`: the alerts that overlap the folded stretch, ascending. `levels`: those of a stretch that was folded once
    more; an alert that is past is withdrawn only where they say something else than it rests on, not where a limit or
    a rule has changed since.
    """
    known = _known(folded.episodes, recorded)
    for episode in folded.episodes:
        alerts = known.get(episode, ())
        if not alerts:
            yield Verdict(_how_new(episode, folded.course.newest, late), episode)
        elif alerts[-1] is not None:
            yield from _of_known(episode, alerts[-1])
    matched = {one.id for alerts in known.values() for one in alerts if one is not None}
    now = {level.end: level.value for level in levels}
    for alert in recorded:
        if alert.id not in matched and (alert.closed_at is None or _is_corrected(alert, now)):
            yield Verdict(What.WITHDRAWN, None, alert)


def _is_corrected(alert: AlertRow, now: Mapping[datetime, float | None]) -> bool:
    """Tell whether the levels that a past alert rests on are others now, and it has not been withdrawn yet."""
    rests_on = alert.record.levels
    return not alert.record.withdrawn and any(end in now and now[end] != value for end, value in rests_on)


def with_alert(folded: Folded, alert: int | None) -> Folded:
    """Note under which number the open episode is known from now on."""
    episode = folded.course.episode
    if episode is None:
        return folded
    return replace(folded, course=replace(folded.course, episode=replace(episode, alert=alert)))


def _known(episodes: Sequence[Episode], recorded: Sequence[AlertRow]) -> dict[Episode, tuple[AlertRow | None, ...]]:
    """Return which alerts on record each episode is known by.

    Of several episodes that later data made of one alert, the last carries it on; the others are known all the same,
    and nothing is told of them again.
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
    return alert.record.withdrawn or (episode.last.value, episode.last.end, episode.peak.value, episode.over) != (
        alert.level, alert.last_at, alert.peak, alert.record.over,
    )  # fmt: skip
