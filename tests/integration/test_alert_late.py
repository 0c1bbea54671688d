from pathlib import Path

import pytest

from domain.alert import AlertKind
from support.alerting import Scene, cod_rule, hour, made, ph_rule


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene.open(tmp_path, made(cod_rule(), ph_rule()))


def test_an_exceedance_that_is_past_when_it_is_found_is_one_message(scene: Scene) -> None:
    """The outage ends, its hours come in: over and over again, and not going on now."""
    scene.live(1, 100)
    scene.hours(2, 148, 171, 100, 100, 100)
    scene.run(6.1)
    (alert,) = scene.alerts
    assert (alert.kind, alert.opened_at, alert.closed_at) == (AlertKind.LATE, hour(3), hour(5))
    assert scene.told() == ["late"]
    assert "It is not going on now." in scene.messages[1].body


def test_what_is_found_late_but_goes_on_is_an_ordinary_alert(scene: Scene) -> None:
    """The newest window is over: somebody must go."""
    scene.live(1, 100)
    scene.hours(2, 148, 171, 180, 190)
    scene.run(5.1)
    assert scene.alerts[0].kind is AlertKind.OVER
    assert scene.told() == ["first"]


def test_windows_within_the_allowed_delay_are_not_late(scene: Scene) -> None:
    """Opened and closed within half an hour of its window: told as it would have been."""
    scene.readings((1.0, 9.5), (1.1, 7.0))
    scene.run(1.5)
    assert scene.told() == ["first", "recovery"]
    scene.readings((2.0, 9.5), (2.1, 7.0))
    scene.run(2.51)
    assert scene.told() == ["first", "recovery", "late"]


def test_several_found_at_once_are_one_message(scene: Scene) -> None:
    """An outage with three exceedances: one message names them all."""
    scene.hours(1, 148, 171, 100, 100, 148, 171, 100, 100, 160, 160, 100, 100)
    scene.run(13)
    assert [one.kind for one in scene.alerts] == [AlertKind.LATE] * 3
    assert scene.told() == ["late"]
    assert scene.messages[1].subject.startswith("Found late: 3 past exceedances")


def test_a_late_change_of_hours_that_were_judged_is_found(scene: Scene) -> None:
    """Hours judged as within the limit are corrected: an exceedance in the past."""
    scene.live(1, 100, 100, 100, 100, 100, 100)
    scene.hours(2, 148, 171)
    scene.run(6.5)
    (alert,) = scene.alerts
    assert (alert.kind, alert.crossed_at, alert.closed_at) == (AlertKind.LATE, hour(1), hour(5))


def test_looking_again_at_what_has_been_told_tells_nothing(scene: Scene) -> None:
    """The same hours come again, changed in nothing that matters."""
    scene.live(1, 100, 148, 171, 160, 100, 100, 100)
    scene.hours(2, 149, 172)
    scene.run(7.5)
    assert len(scene.alerts) == 1
    assert scene.told() == ["first", "recovery"]


def test_late_data_that_raise_the_peak_change_the_alert_silently(scene: Scene) -> None:
    """Its figures follow; nobody is called again."""
    scene.live(1, 148, 171, 100, 100)
    scene.hours(2, 300)
    scene.run(4.5)
    assert scene.alerts[0].peak == 300
    assert scene.told() == ["first", "recovery"]


def test_an_open_alert_that_its_data_no_longer_bear_is_withdrawn(scene: Scene) -> None:
    """The hour was corrected to within the limit: told as withdrawn, not as recovered."""
    scene.live(1, 100, 148, 171)
    scene.hours(2, 100, 100)
    scene.run(3.5)
    assert scene.alerts[0].closed_at is not None
    assert scene.told() == ["first", "recovery"]
    message = scene.messages[3]
    assert message.subject.startswith("Withdrawn: COD")
    assert message.short == "WITHDRAWN: by later data COD was not over. NT-1. Case still open. #0001-2"
    assert scene.alerts[0].record.withdrawn


def test_a_past_alert_that_its_data_no_longer_bear_is_withdrawn_too(scene: Scene) -> None:
    """Over and closed, told and published; then the hours are corrected. It is taken back, once, also after a restart."""
    scene.live(1, 100, 148, 171, 100, 100)
    scene.hours(2, 100, 100)
    scene.run(5.5)
    scene.again()
    scene.hours(3, 101)
    scene.run(5.6)
    assert scene.told() == ["first", "recovery", "recovery"]
    assert scene.messages[-1].subject.startswith("Withdrawn: COD")
    (alert,) = scene.alerts
    assert (alert.record.withdrawn, alert.closed_at) == (True, hour(5))


def test_what_was_found_late_can_be_withdrawn(scene: Scene) -> None:
    """It was closed before anybody knew of it."""
    scene.live(1, 100)
    scene.hours(2, 148, 171, 100, 100, 100)
    scene.run(6.1)
    scene.hours(2, 100)
    scene.run(6.2)
    assert scene.told() == ["late", "recovery"]
    assert scene.alerts[0].record.withdrawn


def test_a_past_alert_stays_when_only_the_limit_has_changed(scene: Scene) -> None:
    """By the limit of its time it was over; a late value of another hour does not undo that."""
    scene.live(1, 100, 148, 171, 100, 100, 100)
    milder = cod_rule(id="cod-hour", kind="threshold", threshold={"at_most": 300, "unit": "mg/L"})
    scene.again(configured=made(milder, ph_rule()))
    scene.hours(1, 101)
    scene.run(6.5)
    (alert,) = scene.alerts
    assert not alert.record.withdrawn
    assert scene.told() == ["first", "recovery"]


def test_a_withdrawn_alert_that_its_data_bear_after_all_stands_again(scene: Scene) -> None:
    """Corrected away, and corrected back: on record it is an exceedance once more."""
    scene.live(1, 100, 148, 171)
    scene.hours(2, 100, 100)
    scene.run(3.5)
    scene.hours(2, 148, 171, 100, 100)
    scene.run(5.1)
    (alert,) = scene.alerts
    assert (alert.record.withdrawn, alert.opened_at, alert.peak) == (False, hour(3), 171)


def test_an_alert_that_was_closed_too_early_is_opened_again(scene: Scene) -> None:
    """The hours that closed it were wrong: it goes on, and that is told."""
    scene.live(1, 148, 171, 100, 100)
    scene.hours(3, 180, 190)
    scene.run(4.5)
    (alert,) = scene.alerts
    assert (alert.closed_at, alert.record.reopened) == (None, 1)
    assert scene.told() == ["first", "recovery", "first"]
    assert "Data that came later say that it had not ended" in scene.messages[-1].body
    scene.live(5, 100, 100)
    assert scene.told() == ["first", "recovery", "first", "recovery"]


def test_what_was_found_late_and_goes_on_after_all_is_called_by_its_name(scene: Scene) -> None:
    """The hours that had ended it are corrected: over now, so it is no late finding any more."""
    scene.hours(1, 148, 171, 100, 100)
    scene.run(5)
    assert scene.alerts[0].kind is AlertKind.LATE
    scene.hours(3, 180, 190)
    scene.run(5.1)
    assert scene.alerts[0].kind is AlertKind.OVER
    assert scene.messages[-1].subject.startswith("Over limit: COD")


def test_late_data_that_split_an_exceedance_tell_nothing_new(scene: Scene) -> None:
    """Hours in the middle come in clear: two exceedances instead of one, both of which have been told of."""
    scene.live(1, 148, 171, 160, 150, 149, 148)
    scene.hours(3, 100, 100)
    scene.run(6.5)
    assert scene.told() == ["first"]
    assert [(one.crossed_at, one.closed_at) for one in scene.alerts] == [(hour(0), hour(4)), (hour(4), None)]
    scene.hours(3, 160, 150)
    scene.run(6.6)
    assert [one.crossed_at for one in scene.alerts if not one.record.withdrawn] == [hour(0)], "and one again"
    assert scene.told() == ["first"]


def test_what_came_between_the_hours_of_a_hold_takes_an_alert_back(scene: Scene) -> None:
    """The hours that it rests on have not changed: one between them has come, and was within the limit."""
    scene.hours(1, 148)
    scene.hours(3, 171)
    scene.hours(4, 100, 100)
    scene.run(5.1)
    assert [one.record.withdrawn for one in scene.alerts] == [False]
    scene.hours(2, 100)
    scene.run(5.2)
    assert [one.record.withdrawn for one in scene.alerts] == [True]


def test_history_that_is_imported_is_recorded_and_not_told(scene: Scene) -> None:
    """Older than a logger may resend: an alert on record, and nobody is called about last year."""
    scene.hours(1, 148, 171, 100, 100)
    scene.run(24 * 90)
    assert [one.kind for one in scene.alerts] == [AlertKind.LATE]
    assert scene.messages == []


def test_late_readings_are_judged_in_the_order_of_time(scene: Scene) -> None:
    """A spike that arrives after newer readings is found."""
    scene.readings((1.0, 7.0), (2.0, 7.0))
    scene.run(2.01)
    scene.readings((1.5, 9.5))
    scene.run(2.6)
    (alert,) = scene.alerts
    assert (alert.kind, alert.opened_at, alert.closed_at) == (AlertKind.LATE, hour(1.5), hour(2.0))


def test_an_advisory_found_late_says_why_it_is_no_more(tmp_path: Path) -> None:
    """Found late is no confirmation."""
    scene = Scene.open(tmp_path, made(cod_rule(), confirmed=False))
    scene.hours(1, 148, 171, 100, 100)
    scene.run(5)
    assert scene.alerts[0].kind is AlertKind.LATE
    message = scene.messages[1]
    assert message.subject.startswith("Advisory, found late: COD 171.0")
    assert message.body.startswith("Advisory, found late: 1 past advisory at NT-1, Area")
    assert "has not confirmed this limit" in message.body
