"""The process ends between any two steps: nothing is lost, and nothing is told twice."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from alerts.channels import Channels, MailServer
from alerts.channels.mail import MailChannel
from alerts.check import Judge
from alerts.deliver import Deliverer
from storage import alerting, spans
from storage.alerting import OutboxRow
from storage.state import writing
from support.alerting import LINKS, Scene, cod_rule, hour, made, ph_rule, silent_rule
from support.mail import Smtp
from support.postgresql import PostgreSQL


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


def busy(folder: Path, state_url: str | None = None) -> Scene:
    """Return a scene in which one run opens an alert, closes another, finds one late and misses a station."""
    scene = Scene.open(folder, made(cod_rule(), ph_rule(), silent_rule()), state_url=state_url)
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
    expected = undisturbed(tmp_path)
    statement, finished = 0, False
    while not finished:
        finished = is_whole_though_stopped(busy(tmp_path / str(statement)), statement, expected)
        # The first statements one by one, where spans are taken and read; then every third.
        statement += 1 if statement < 12 else 3


def undisturbed(folder: Path) -> object:
    """Return what a run leaves that nothing stops."""
    whole = busy(folder / "whole")
    whole.run(2.01)
    assert len(whole.messages) > 6
    return facts(whole)


def is_whole_though_stopped(scene: Scene, statement: int, expected: object) -> bool:
    """Stop a run at `statement`, run again, and hold what is left against `expected`; False where it was stopped."""
    scene.clock.moment = hour(2.01)
    with killed_at(scene.engine, statement) as done:
        scene.judge.run()
    scene.again().run(2.01)
    assert facts(scene) == expected, f"stopped at statement {statement}"
    scene.store.close()
    scene.engine.dispose()
    return done[-1] != -1


def test_on_postgresql_too_a_run_is_written_whole_or_not_at_all(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """Stopped at every seventh statement: what is left is what an undisturbed run leaves on SQLite."""
    expected = undisturbed(tmp_path)
    statement, finished = 0, False
    while not finished:
        scene = busy(tmp_path / str(statement), postgresql.new_database())
        finished = is_whole_though_stopped(scene, statement, expected)
        statement += 7


def test_two_judges_at_once_tell_everything_once(tmp_path: Path, state_url: str) -> None:
    """Each has found out that an alert is to be opened where nothing was before, and each is about to write it."""
    scene = Scene.open(tmp_path, made(cod_rule()), state_url=state_url)
    scene.hours(1, 148, 171)
    scene.clock.moment = hour(2.1)
    together = threading.Barrier(2, timeout=20)

    class Meeting:
        """The store, which lets both judges read before either writes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(scene.store, name)

        def read_rollups(self, *asked: Any) -> Any:
            found = scene.store.read_rollups(*asked)
            together.wait()
            return found

    judges = [
        Judge(scene.registry, Meeting(), scene.engine, scene.clock, LINKS)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    with ThreadPoolExecutor(2) as threads:
        happened = sorted(one.result(30) for one in [threads.submit(judge.run) for judge in judges])
    assert happened == [0, 1]
    assert scene.told() == ["first"]
    scene.engine.dispose()


def test_a_message_is_claimed_by_one_of_many(scene: Scene) -> None:
    """Whoever asks first has it, the others have not."""
    (message, *_) = scene.messages
    now, before = scene.clock.now(), hour(0)
    together = threading.Barrier(4, timeout=20)

    def claims(worker: str) -> bool:
        together.wait()
        return alerting.claim(scene.engine, message.id, worker=worker, now=now, claimed_before=before)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(claims, "abcd")) == [False, False, False, True]


def test_messages_of_a_case_are_numbered_without_gap_or_twin_by_many_at_once(scene: Scene) -> None:
    """The number is taken in the transaction that queues the message."""
    (alert,) = scene.alerts

    def number(_: int) -> int:
        with writing(scene.engine) as connection:
            return alerting.next_message(connection, alert.case_id)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(number, range(12))) == list(range(2, 14))


def test_a_rule_that_fails_while_it_is_written_leaves_nothing_and_holds_up_no_other(
    tmp_path: Path, state_url: str
) -> None:
    """Its station's other rule is told; it comes again later, and is told then."""
    scene = Scene.open(tmp_path, made(cod_rule(windows=1), ph_rule()), state_url=state_url)
    scene.hours(1, 171)
    scene.readings((1.0, 9.5))

    def refuse(*arguments: Any) -> None:
        if arguments[2].startswith("INSERT INTO outbox") and "cod" in str(arguments[3]):
            raise RuntimeError("the disk of the outbox is full")

    event.listen(scene.engine, "before_cursor_execute", refuse)
    scene.run(1.01)
    event.remove(scene.engine, "before_cursor_execute", refuse)
    assert [one.rule for one in scene.alerts] == ["ph-reading"]
    scene.run(1.1)
    assert {one.rule for one in scene.alerts} == {"ph-reading", "cod-hour"}
    assert [one.number for one in scene.messages if one.person == "lead"] == ["#0001-1", "#0001-2"]
    scene.engine.dispose()


@pytest.fixture
def scene(tmp_path: Path, state_url: str) -> Iterator[Scene]:
    """An alert that has opened and been told, its state on each kind of database in turn."""
    scene = Scene.open(tmp_path, made(cod_rule()), state_url=state_url)
    scene.live(1, 148, 171)
    yield scene
    scene.engine.dispose()


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
