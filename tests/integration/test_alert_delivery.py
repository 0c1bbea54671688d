from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.channels import MailServer
from alerts.channels.opening import open_channels
from alerts.deliver import Deliverer, pause_after
from storage.alerting import counts
from support.alerting import Scene, made, person, ph_rule
from support.builders import minutes
from support.mail import Smtp


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp().running() as one:
        yield one


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene.open(tmp_path, made(ph_rule(), people=(person(),)))
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    return scene


def deliverer(scene: Scene, smtp: Smtp) -> Deliverer:
    channels = open_channels(MailServer("127.0.0.1", smtp.port, "quantrac@dept.example"))
    return Deliverer(scene.engine, channels, scene.clock)


def test_what_is_due_is_sent_once(scene: Scene, smtp: Smtp) -> None:
    """The mail is in the mailbox, the row is marked, and the next run has nothing to do."""
    assert deliverer(scene, smtp).run() == 1
    assert deliverer(scene, smtp).run() == 0
    (mail,) = smtp.mailbox.mails
    assert mail["To"] == "officer@dept.example"
    assert mail["Message-ID"] == "<0001-1.1@dept.example>"
    (row,) = scene.messages
    assert (row.state, row.attempts, row.sent_at) == ("sent", 1, scene.clock.now())


def test_a_server_that_puts_off_is_asked_again_with_growing_pauses(scene: Scene, smtp: Smtp) -> None:
    """1, 2, 5, 15, 60 minutes; in between nobody is asked."""
    smtp.mailbox.recipient = "450 busy"
    for pause in (1, 2, 5, 15, 60, 60):
        assert deliverer(scene, smtp).run() == 0
        (row,) = scene.messages
        assert row.due_at - scene.clock.now() == minutes(pause)
        assert "450" in (row.error or "")
        scene.clock.moment = row.due_at
    smtp.mailbox.recipient = None
    assert deliverer(scene, smtp).run() == 1


def test_after_a_day_of_trying_a_message_is_given_up() -> None:
    """The pauses add up to no more than 24 hours."""
    attempts = 1
    total = timedelta(0)
    while (pause := pause_after(attempts)) is not None:
        total += pause
        attempts += 1
    assert timedelta(hours=23) < total <= timedelta(hours=24)


def test_a_refused_recipient_is_given_up_at_once_with_the_reason(scene: Scene, smtp: Smtp) -> None:
    """Asking again would be noise."""
    smtp.mailbox.recipient = "550 no such user"
    deliverer(scene, smtp).run()
    (row,) = scene.messages
    assert (row.state, row.error) == ("given_up", "550 no such user")
    assert counts(scene.engine)["outbox"] == {"due": 0, "sent": 0, "given_up": 1}


def test_a_message_that_fails_does_not_hold_up_the_next(tmp_path: Path, smtp: Smtp) -> None:
    """One address is unknown to the server, the other person is told."""
    wrong = person("nobody", channels=[{"kind": "mail", "address": "nobody@dept.example"}])
    smtp.mailbox.unknown.add("nobody@dept.example")
    scene = Scene.open(tmp_path, made(ph_rule(), people=(wrong, person())))
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert deliverer(scene, smtp).run() == 1
    assert [one.state for one in scene.messages] == ["given_up", "sent"]


def test_what_waits_for_the_morning_is_not_sent_before(tmp_path: Path, smtp: Smtp) -> None:
    """An advisory to a telephone by night: due at 06:30."""
    phone = person(channels=[{"kind": "mail", "address": "sms@gateway.example", "short": True}])
    scene = Scene.open(tmp_path, made(ph_rule(), people=(phone,)))
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert deliverer(scene, smtp).run() == 0
    scene.clock.moment += minutes(60 * 5.5)
    assert deliverer(scene, smtp).run() == 1
    (mail,) = smtp.mailbox.mails
    assert mail.get_content().startswith("ADVISORY: pH 9.5") or mail.get_content().isascii()
