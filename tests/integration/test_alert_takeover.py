from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.cases import Takeovers
from domain.takeover import TakeState
from storage.alerting import counts
from storage.state import writing
from support.alerting import Scene, cod_rule, hour, made


@pytest.fixture
def scene(tmp_path: Path, state_url: str) -> Iterator[Scene]:
    """An alert that has opened and been told, its state on each kind of database in turn."""
    scene = Scene.open(tmp_path, made(cod_rule()), state_url=state_url)
    scene.live(1, 148, 171)
    yield scene
    scene.engine.dispose()


def token(scene: Scene, to: str) -> str:
    """Return the token in a person's first message."""
    body = next(one.body for one in scene.messages if one.person == to)
    return body.split("/a/")[1][:16]


def takeovers(scene: Scene) -> Takeovers:
    return Takeovers(scene.registry, scene.engine, scene.clock)


def audited(scene: Scene) -> list[tuple[str, str, str]]:
    with writing(scene.engine) as connection:
        rows = connection.exec_driver_sql("SELECT who, what, subject FROM audit").all()
    return [(row[0], row[1], row[2]) for row in rows]


def test_looking_at_a_link_changes_nothing(scene: Scene) -> None:
    """However often: the case is free, and the link shows what it is about."""
    for _ in range(3):
        view = takeovers(scene).look(token(scene, "lead"))
    assert (view.state, view.person, view.language, view.taken_by) == (TakeState.OPEN, "Lead", "en", None)
    assert view.subject is not None
    assert (view.subject.level, view.subject.levels, view.subject.confirmed) == (171, (148, 171), True)
    assert (view.subject.case_number, view.subject.message_number) == ("VV-2026-0001", "#0001-1")
    assert audited(scene) == []


def test_the_first_to_take_a_case_has_it_and_the_second_sees_who(scene: Scene) -> None:
    """Taking is on record; whoever is late learns name and time."""
    links = takeovers(scene)
    assert links.take(token(scene, "officer")).state is TakeState.YOURS
    scene.clock.moment = hour(3)
    second = links.take(token(scene, "lead"))
    assert (second.state, second.taken_by, second.taken_at) == (TakeState.OTHERS, "Officer", hour(2 + 1 / 60))
    assert audited(scene) == [("officer", "case taken", "VV-2026-0001")]
    assert counts(scene.engine)["alerts"] == {"open": 1, "unacknowledged": 0}


def test_the_link_of_an_alert_that_was_withdrawn_says_so(scene: Scene) -> None:
    """Who opens it in the morning need not go."""
    scene.hours(1, 100, 100)
    scene.run(2.5)
    subject = takeovers(scene).look(token(scene, "lead")).subject
    assert subject is not None
    assert subject.withdrawn


def test_a_link_works_once(scene: Scene) -> None:
    """Used again it changes nothing more."""
    links = takeovers(scene)
    links.take(token(scene, "officer"))
    scene.clock.moment = hour(3)
    again = links.take(token(scene, "officer"))
    assert (again.state, again.taken_at) == (TakeState.YOURS, hour(2 + 1 / 60))
    assert len(audited(scene)) == 1


@pytest.mark.parametrize("wrong", ["", "x" * 16, "'; DROP TABLE links; --"])
def test_a_wrong_link_reveals_nothing(scene: Scene, wrong: str) -> None:
    """Neither looking nor taking says that there is a case."""
    for view in (takeovers(scene).look(wrong), takeovers(scene).take(wrong)):
        assert view.state is TakeState.GONE
        assert (view.subject, view.person, view.taken_by) == (None, None, None)


def test_an_expired_link_reveals_and_takes_nothing(scene: Scene) -> None:
    """Twelve hours after the message it is as good as a wrong one."""
    written = scene.clock.now()
    scene.clock.moment = written + (hour(12) - hour(0)) - (hour(1) - hour(0)) / 3600
    assert takeovers(scene).look(token(scene, "officer")).state is TakeState.OPEN
    scene.clock.moment = written + (hour(12) - hour(0))
    assert takeovers(scene).take(token(scene, "officer")).state is TakeState.GONE
    assert audited(scene) == []


def test_only_the_hash_of_a_token_is_kept_in_its_table(scene: Scene) -> None:
    """Who reads the table cannot take a case over by it."""
    with writing(scene.engine) as connection:
        rows = connection.exec_driver_sql("SELECT * FROM links").all()
    assert len(rows) == 2
    assert all(token(scene, "officer") not in str(row) for row in rows)


def test_taking_cancels_nothing_that_is_due_to_others(scene: Scene) -> None:
    """The colleague's message still goes out."""
    before = [(one.id, one.state) for one in scene.messages]
    takeovers(scene).take(token(scene, "officer"))
    assert [(one.id, one.state) for one in scene.messages] == before
