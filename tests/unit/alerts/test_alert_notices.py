from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.notices import addressees, due_at, people
from domain.alert import AlertKind, Notice, Severity
from registry.schema import Channel
from support.alerting import cod_rule, made, person

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MAIL = Channel(kind="mail", address="a@b.example")
SMS = Channel(kind="apprise", url_file="/run/secrets/sms", short=True)


def local(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (local(5, 59), local(6, 30)),
        (local(6), local(6)),
        (local(20, 59), local(20, 59)),
        (local(21), local(6, 30, day=25)),
        (local(0), local(6, 30)),
    ],
)
def test_by_night_an_advisory_waits_for_the_morning_where_it_would_ring(now: datetime, due: datetime) -> None:
    """From 21:00 to 06:00 it waits for 06:30; as mail it goes at once."""
    assert due_at(Notice.FIRST, AlertKind.ADVISORY, SMS, now, ZONE) == due
    assert due_at(Notice.FIRST, AlertKind.ADVISORY, MAIL, now, ZONE) == now


@pytest.mark.parametrize("notice", [Notice.FIRST, Notice.RECOVERY])
def test_an_exceedance_of_a_confirmed_limit_rings_by_night(notice: Notice) -> None:
    """So does its recovery."""
    assert due_at(notice, AlertKind.OVER, SMS, local(3), ZONE) == local(3)


@pytest.mark.parametrize(
    ("notice", "kind"),
    [(Notice.SILENT, AlertKind.SILENT), (Notice.LATE, AlertKind.LATE), (Notice.BLIND, AlertKind.SILENT)],
)
def test_nothing_else_rings_by_night(notice: Notice, kind: AlertKind) -> None:
    """A silent station and what is past can wait."""
    assert due_at(notice, kind, SMS, local(3), ZONE) == local(6, 30)


def test_a_channel_gets_the_severities_it_asks_for() -> None:
    """A telephone that only wants to hear of what is critical hears of nothing else."""
    one = person(channels=[
        {"kind": "mail", "address": "a@b.example"},
        {"kind": "apprise", "url_file": "/x", "short": True, "severities": ["critical"]},
    ])  # fmt: skip
    assert [each.name for each in addressees([one], Severity.WARNING)] == ["mail"]
    assert [each.name for each in addressees([one], Severity.CRITICAL)] == ["mail", "apprise/short"]


def test_who_is_in_two_teams_is_told_once() -> None:
    """A person counts once, whatever the number of teams."""
    registry = made(cod_rule())
    assert [one.id for one in people(registry, ["team", "team"])] == ["officer", "lead"]
