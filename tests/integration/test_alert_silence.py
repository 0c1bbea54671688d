from pathlib import Path

import pytest

from domain.alert import AlertKind
from support.alerting import Scene, hour, made, silent_rule


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Two stations that may be silent for 15 minutes; ingest has been listening since the beginning."""
    scene = Scene.open(tmp_path, made(silent_rule()))
    scene.listens(0)
    scene.run(0)
    return scene


def test_a_silent_station_is_an_alert_and_its_return_another_message(scene: Scene) -> None:
    """Told when it has been quiet for longer than allowed, and when it is heard again."""
    for station in ("NT-1", "NT-2"):
        scene.heard(station, 1)
    scene.listens(1.25)
    assert scene.run(1.25) == 0
    scene.heard("NT-2", 1.25)
    scene.listens(1.3)
    assert scene.run(1.3) == 1
    (alert,) = scene.alerts
    assert (alert.kind, alert.series.station, alert.crossed_at) == (AlertKind.SILENT, "NT-1", hour(1))
    scene.heard("NT-1", 2)
    scene.heard("NT-2", 1.9)
    scene.listens(2)
    scene.run(2)
    assert scene.alerts[0].closed_at == hour(2)
    assert scene.told() == ["silent", "back"]
    assert [one.number for one in scene.messages if one.person == "lead"] == ["#S0001-1", "#S0001-2"]
    assert "Other stations of the area still report (1)" in scene.messages[1].body


def test_a_station_is_told_silent_once(scene: Scene) -> None:
    """However long it lasts, and through restarts."""
    scene.heard("NT-2", 9)
    for at in (1.0, 1.5, 2.0):
        scene.listens(at)
        scene.again().run(at)
    assert scene.told() == ["silent"]


def test_a_station_never_heard_is_silent_since_we_listen(scene: Scene) -> None:
    """The message does not claim that it ever spoke."""
    scene.heard("NT-2", 1)
    scene.listens(1)
    scene.run(1)
    (alert,) = scene.alerts
    assert (alert.series.station, alert.crossed_at) == ("NT-1", hour(0))
    assert "has not been heard at all" in scene.messages[1].body


def test_while_we_see_nothing_no_station_is_silent_and_one_message_says_so(scene: Scene) -> None:
    """Blind is told once, after it has lasted, to all who hear of silent stations; seeing again is told too."""
    scene.heard("NT-1", 1)
    scene.heard("NT-2", 1)
    scene.listens(1, ready=False)
    for at in (1.0, 1.05, 1.2, 1.5, 5.0):
        scene.again().run(at)
    assert scene.alerts == []
    assert scene.told() == scene.told("lead") == ["blind"]
    scene.listens(5.1, since=5.1)
    scene.run(5.1)
    assert scene.alerts == []
    assert scene.told() == ["blind", "seeing"]


def test_after_we_were_blind_silence_counts_from_when_we_see_again(scene: Scene) -> None:
    """A station gets its full time to be heard."""
    scene.heard("NT-2", 9)
    scene.listens(1, ready=False)
    scene.run(1)
    scene.listens(2, since=2)
    scene.run(2)
    scene.listens(2.25, since=2)
    scene.run(2.25)
    assert scene.alerts == []
    scene.listens(2.26, since=2)
    scene.run(2.26)
    assert len(scene.alerts) == 1


def test_a_restart_is_not_told_as_blindness(scene: Scene) -> None:
    """A break shorter than the grace is no event."""
    scene.listens(1, ready=False)
    scene.run(1)
    scene.listens(1.1, since=1.1)
    scene.run(1.1)
    assert scene.messages == []


def test_a_part_that_died_is_blindness_too(scene: Scene) -> None:
    """Its last word was good, but it is old."""
    scene.heard("NT-1", 0.05)
    for at in (0.1, 1, 2):
        scene.run(at)
    assert scene.alerts == []
    assert scene.told() == ["blind"]
