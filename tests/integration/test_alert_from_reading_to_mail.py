"""An exceedance goes its whole way: readings, hours, alert, mail, take-over, recovery."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.cases import Takeovers
from alerts.channels import MailServer
from alerts.channels.opening import open_channels
from alerts.check import Judge
from alerts.deliver import Deliverer
from alerts.links import LinkBase
from analysis.figures import Figures
from domain.clock import SetClock
from domain.flag import Flag
from domain.reading import Reading
from domain.takeover import TakeState
from registry.load import load
from storage import alerting
from storage.heartbeats import Heartbeat, beat
from storage.ledger import BatchNotes, Heard, Ledger
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.feeding import feed
from support.mail import Smtp

REGISTRY = load(Path(__file__).resolve().parents[2] / "config")
START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight in Viet Nam


class World:
    """Stores, jobs and a mail server, on a clock that is set by hand."""

    def __init__(self, folder: Path, smtp: Smtp) -> None:
        self.mailbox = smtp.mailbox
        self.clock = SetClock(START)
        self.store = SqliteReadings(folder / "readings.sqlite")
        self.engine = open_state(f"sqlite:///{folder}/state.sqlite")
        self.figures = Figures(REGISTRY, self.store, self.engine, self.clock)
        self.judge = Judge(REGISTRY, self.store, self.engine, self.clock, LinkBase("http://staff", "http://public"))
        channels = open_channels(MailServer("127.0.0.1", smtp.port, "quantrac@quantrac.example"))
        self.deliverer = Deliverer(self.engine, channels, self.clock)
        self.takeovers = Takeovers(REGISTRY, self.engine, self.clock)
        self._seq = 0
        self.ready = True

    def hours(self, first: int, *levels: float, station: str = "NT-DH1-03", parameter: str = "cod") -> None:
        """Publish hours of 5-minute readings at these levels, beginning `first` hours after START."""
        for number, level in enumerate(levels, start=first):
            begin = START + timedelta(hours=number)
            self.readings([(begin + timedelta(minutes=5 * n), level) for n in range(1, 13)], station, parameter)

    def readings(self, values: list[tuple[datetime, float]], station: str, parameter: str) -> None:
        made = []
        for at, value in values:
            self._seq += 64
            made.append(Reading(station, parameter, at, value, flag=Flag.GOOD, seq=self._seq))
        feed(made, self.store, self.engine, self.clock.now())

    def run(self, hour: float) -> list[str]:
        """Let the jobs run at `hour` after START; return the subjects of the mails that came of it."""
        self.clock.moment = START + timedelta(hours=hour)
        before = len(self.mailbox.mails)
        beat(
            self.engine,
            Heartbeat(
                "ingest", "main", self.clock.now(), START, self.ready, {"reasons": [] if self.ready else ["away"]}
            ),
        )
        for station in REGISTRY.stations if not 1 <= hour < 1.5 else ():
            heard(self, station, hour)
        self.figures.run()
        self.judge.run()
        self.deliverer.run()
        return [str(mail["Subject"]) for mail in self.mailbox.mails[before:]]

    def mail(self, address: str) -> str:
        mail = [one for one in self.mailbox.mails if one["To"] == address][-1]
        body = mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Smtp().running() as smtp:
        yield World(tmp_path, smtp)


def test_two_hours_over_open_an_alert_and_two_clear_hours_close_it(world: World) -> None:
    """135 is the limit, 121.5 the clear level; each of the two people hears of it once, in their language."""
    world.hours(0, 100.0, 150.0)
    assert world.run(2.02) == [], "one hour is not two"
    world.hours(2, 170.0)
    subjects = world.run(3.02)
    assert subjects == [
        "DEMO · Vượt giới hạn: COD 1,26 lần, NT-DH1-03, KCN Đức Hòa 1 (#0001-1)",
        "DEMO · Over limit: COD 1.26 times, NT-DH1-03, Đức Hòa 1 industrial park (#0001-1)",
    ], "no space is lost where a long subject is folded"
    assert world.run(3.03) == [], "nothing is told twice"
    english = world.mail("lead1@quantrac.example")
    assert "COD 170\N{NO-BREAK SPACE}mg/L, 1.26 times the limit of 135, rising" in english
    assert "150; 170" in english
    assert "12/12 valid" in english
    assert "DEMO" in english
    assert "VV-2026-0001" in english
    assert alerting.counts(world.engine) == {
        "alerts": {"open": 1, "unacknowledged": 1}, "outbox": {"due": 0, "sent": 2, "given_up": 0},
    }  # fmt: skip
    world.hours(3, 130.0, 120.0)
    assert world.run(5.02) == [], "below the limit is not yet clear, and one clear hour is not two"
    world.hours(5, 110.0)
    assert len(world.run(6.02)) == 2
    assert "peak 170" in world.mail("lead1@quantrac.example")
    assert alerting.counts(world.engine)["alerts"]["open"] == 0


def test_the_link_takes_the_case_over_once_and_looking_does_nothing(world: World) -> None:
    """The second person sees who has it; a wrong link reveals nothing."""
    world.hours(0, 150.0, 170.0)
    world.run(2.02)
    first, second = (
        re.search(r"http://staff/a/(\w{16})", world.mail(address)) for address in ("truc1@quantrac.example", "lead1@quantrac.example")
    )  # fmt: skip
    assert first is not None
    assert second is not None
    for _ in range(3):
        assert world.takeovers.look(first[1]).state is TakeState.OPEN
    assert world.takeovers.take(first[1]).state is TakeState.YOURS
    view = world.takeovers.take(second[1])
    assert (view.state, view.taken_by) == (TakeState.OTHERS, "Cán bộ trực 1")
    assert world.takeovers.look("x" * 16).state is TakeState.GONE
    assert alerting.counts(world.engine)["alerts"] == {"open": 1, "unacknowledged": 0}
    world.clock.moment += timedelta(hours=13)
    assert world.takeovers.look(first[1]).state is TakeState.GONE


def test_no_short_spike_falls_between_two_checks(world: World) -> None:
    """A single reading over an own threshold is an alert although it is over when the check comes; it is advisory."""
    at = START + timedelta(minutes=5)
    world.readings([(at, 7.0), (at + timedelta(minutes=5), 5.4), (at + timedelta(minutes=10), 7.0)], "NT-DH1-03", "ph")
    (subject, _) = world.run(0.3)
    assert "5" in subject
    assert "own threshold" in world.mail("lead1@quantrac.example")
    (alert,) = alerting.alert_history(world.engine)
    assert (alert.kind, alert.peak, alert.closed_at) == ("advisory", 5.4, None)  # three readings in a row end it


def test_an_exceedance_that_comes_late_is_its_own_kind(world: World) -> None:
    """Known only a day after it ended: one message, no second that it is over."""
    world.hours(0, 100.0)
    world.hours(6, *[100.0] * 20)
    assert world.run(26.02) == []
    world.hours(1, 160.0, 165.0, 100.0, 100.0, 100.0)
    subjects = world.run(26.1)
    assert len(subjects) == 2
    (alert,) = alerting.alert_history(world.engine)
    assert (alert.kind, alert.peak) == ("late", 165.0)
    assert alert.closed_at is not None
    assert world.run(27.0) == []


def test_state_survives_a_restart_in_the_middle(world: World, tmp_path: Path) -> None:
    """A hold that began before it is counted; nothing is told twice because of one."""
    world.hours(0, 150.0)
    world.run(1.02)
    world.judge = Judge(REGISTRY, world.store, world.engine, world.clock, LinkBase("http://staff", "http://public"))
    world.hours(1, 150.0)
    assert len(world.run(2.02)) == 2
    world.judge = Judge(REGISTRY, world.store, world.engine, world.clock, LinkBase("http://staff", "http://public"))
    assert world.run(2.1) == []


def heard(world: World, station: str, hour: float) -> None:
    at = START + timedelta(hours=hour)
    Ledger(world.engine, "main").release(BatchNotes(cursor=1, at=at, heard={station: Heard(at, at, None)}))


def test_a_silent_station_is_told_of_once_and_again_when_it_is_back(world: World) -> None:
    """Not while we ourselves are behind."""
    world.run(0)
    for station in REGISTRY.stations:
        heard(world, station, 0 if station == "NT-DH1-03" else 1)
    world.ready = False
    assert world.run(1) == [], "we are blind, not they silent"
    world.ready = True
    assert world.run(1.001) == [], "silence counts from when we see again"
    for station in REGISTRY.stations:
        if station != "NT-DH1-03":
            heard(world, station, 1.3)
    (subject,) = world.run(1.3)
    assert "NT-DH1-03" in subject
    heard(world, "NT-DH1-03", 1.31)
    (subject,) = world.run(1.32)
    assert "NT-DH1-03" in subject
    assert alerting.counts(world.engine)["alerts"]["open"] == 0


@pytest.mark.parametrize(
    ("answer", "recipient", "state"),
    [
        ("451 later", None, "due"),
        ("554 no", None, "given_up"),
        (None, "550 nobody here", "given_up"),
        (None, "450 busy", "due"),
    ],
)
def test_what_the_mail_server_refuses_for_now_is_tried_again(
    world: World, answer: str | None, recipient: str | None, state: str
) -> None:
    """4xx again after a pause, 5xx never; when it takes mail again, the same number arrives."""
    world.mailbox.data, world.mailbox.recipient = answer, recipient
    world.hours(0, 150.0, 170.0)
    assert world.run(2.02) == []
    assert alerting.counts(world.engine)["outbox"][state] == 2
    world.mailbox.data = world.mailbox.recipient = None
    assert len(world.run(2.1)) == (2 if state == "due" else 0)
