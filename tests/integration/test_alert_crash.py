"""The process ends between any two steps: nothing is lost, and nothing is told twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from alerts.channels import Channels, MailServer
from alerts.channels.mail import MailChannel
from alerts.deliver import Deliverer
from storage import alerting, spans
from storage.alerting import OutboxRow
from storage.state import writing
from support.alerting import Scene, cod_rule, hour, made, ph_rule, silent_rule
from support.mail import Smtp


class Killed(BaseException):
    """The process ended here: nothing of ours catches it."""


@contextmanager
def killed_at(engine: Any, statement: int) -> Iterator[list[int]]:
    """Let `statement` statements through to the database, and end the process at the next, commits included."""
    done = [0]

    def count(*_: Any) -> None:
        done[0] += 1
        if done[0] > statement:
            raise Killed

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    try:
        yield done
    except Killed:
        done.append(-1)
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", count)


def busy(folder: Path) -> Scene:
    """Return a scene in which one run opens an alert, closes another, finds one late and misses a station."""
    scene = Scene.open(folder, made(cod_rule(), ph_rule(), silent_rule()))
    scene.listens(0)
    scene.run(0)
    scene.heard("NT-1", 0.01)
    scene.heard("NT-2", 1.99)
    scene.readings((0.5, 9.5))
    scene.run(0.51)
    scene.listens(2, since=0)
    scene.hours(1, 148, 171)
    scene.readings((0.2, 9.9), (0.3, 7.0), (1.9, 7.0))
    return scene


def facts(scene: Scene) -> object:
    """What must not depend on where the process was stopped."""
    alerts = [(one.rule, one.series, one.kind, one.crossed_at, one.closed_at, one.case, one.record.over)
              for one in scene.alerts]  # fmt: skip
    messages = [(one.number, one.person, one.notice, one.subject) for one in scene.messages]
    with writing(scene.engine) as connection:
        counted = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar()
            for name in ("transitions", "cases", "links", "watches")
        ]
    return alerts, messages, counted, spans.waiting(scene.engine)


def test_wherever_the_judge_is_stopped_the_next_run_comes_to_the_same(tmp_path: Path) -> None:
    """At every statement and commit of a run in turn: the run after it leaves what an undisturbed one leaves."""
    whole = busy(tmp_path / "whole")
    whole.run(2.01)
    expected = facts(whole)
    assert len(whole.messages) > 6
    statement, finished = 0, False
    while not finished:
        scene = busy(tmp_path / str(statement))
        scene.clock.moment = hour(2.01)
        with killed_at(scene.engine, statement) as done:
            scene.judge.run()
        finished = done[-1] != -1
        scene.again().run(2.01)
        assert facts(scene) == expected, f"stopped at statement {statement}"
        scene.store.close()
        scene.engine.dispose()
        # The first statements one by one, where spans are taken and read; then every third.
        statement += 1 if statement < 12 else 3


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene.open(tmp_path, made(cod_rule()))
    scene.live(1, 148, 171)
    return scene


def deliverer(scene: Scene, smtp: Smtp) -> Deliverer:
    server = MailServer("127.0.0.1", smtp.port, "quantrac@dept.example")
    return Deliverer(scene.engine, Channels({"mail": MailChannel(server)}), scene.clock)


def test_wherever_delivery_is_stopped_nothing_is_lost_and_a_repeat_is_the_same_message(scene: Scene) -> None:
    """A message may come twice, with one and the same id; after the claim has run out each has come at least once."""
    with Smtp().running() as smtp:
        for statement in range(12):
            with writing(scene.engine) as connection:
                connection.exec_driver_sql("UPDATE outbox SET state='due', claimed_by=NULL, sent_at=NULL")
            smtp.mailbox.mails.clear()
            with killed_at(scene.engine, statement):
                deliverer(scene, smtp).run()
            scene.clock.moment = scene.clock.moment.replace(second=0) + 3 * (hour(1) - hour(0)) / 60
            deliverer(scene, smtp).run()
            ids = [one["Message-ID"] for one in smtp.mailbox.mails]
            assert len(set(ids)) == 2, f"stopped at statement {statement}"
            assert len(ids) <= 3
            assert alerting.counts(scene.engine)["outbox"] == {"due": 0, "sent": 2, "given_up": 0}


def test_a_message_that_another_worker_holds_is_not_sent(scene: Scene) -> None:
    """Two deliverers at once: each message goes out once."""
    with Smtp().running() as smtp:
        other = deliverer(scene, smtp)

        class Racing(MailChannel):
            def send(self, message: OutboxRow) -> None:
                other.run()
                super().send(message)

        racing = Racing(MailServer("127.0.0.1", smtp.port, "quantrac@dept.example"))
        Deliverer(scene.engine, Channels({"mail": racing}), scene.clock).run()
        assert len(smtp.mailbox.mails) == 2


def test_the_same_event_cannot_be_queued_twice(scene: Scene) -> None:
    """Its key is unique, so a second judge fails instead of telling again."""
    (first, *_) = scene.messages
    with pytest.raises(IntegrityError), writing(scene.engine) as connection:
        names = alerting.NewMessage.__slots__
        alerting.add_messages(connection, [alerting.NewMessage(**{name: getattr(first, name) for name in names})])


def test_a_judge_that_was_overtaken_writes_nothing(scene: Scene) -> None:
    """What it found out rests on a state that is no more."""
    scene.hours(3, 100, 100)
    scene.clock.moment = hour(4.1)
    other = Scene(scene.registry, scene.store, scene.engine, scene.clock, scene.judge).again()
    fetched = scene.store.read_rollups

    class Overtaking:
        def __getattr__(self, name: str) -> Any:
            return getattr(scene.store, name)

        def read_rollups(self, *asked: Any) -> Any:
            found = fetched(*asked)
            other.judge.run()
            return found

    scene.again(store=Overtaking())  # type: ignore[arg-type]  # the store, with another judge in between
    scene.judge.run()
    assert scene.told() == ["first", "recovery"]
