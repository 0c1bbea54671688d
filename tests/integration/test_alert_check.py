from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.links import LinkBase
from domain.alert import AlertKind, AlertState
from domain.reading import SeriesKey, Status
from domain.version import software
from domain.window import HOUR, WindowKind
from quality.assess import CHECKS_VERSION
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import Applies, Regulation, Rule
from storage import confirmations, spans
from storage.readings import StoreUnavailable
from storage.state import writing
from support.alerting import COD, LINKS, PH, T0, Scene, cod_rule, hour, hourly, made, person, ph_rule
from support.configured import station


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene.open(tmp_path, made(cod_rule(), ph_rule()))


def test_an_exceedance_is_told_once_when_it_begins_and_once_when_it_ends(scene: Scene) -> None:
    """Nine hours over the limit are two messages to each person, not nine."""
    scene.live(1, 100, 148, 171, 196, 207, 212, 189, 171, 158, 130, 112, 112, 110)
    (alert,) = scene.alerts
    assert (alert.kind, alert.opened_at, alert.closed_at) == (AlertKind.OVER, hour(3), hour(12))
    assert (alert.crossed_at, alert.peak, alert.peak_at, alert.record.over) == (hour(1), 212, hour(6), 8)
    assert (alert.limit_high, alert.valid, alert.expected) == (135, 12, 12)
    assert scene.told() == scene.told("lead") == ["first", "recovery"]
    closing = scene.messages[-1]
    assert "2 hours in a row at or below the clear level of 121.5 (90 % of 135). The alert is closed." in closing.body
    assert "Over for 8 h (02:00–09:00); peak 212.0\N{NO-BREAK SPACE}mg/L, 1.57 times, at 06:00." in closing.body
    assert "Over for 8 h, peak 212.0." in closing.short


def test_a_message_says_what_where_how_much_and_by_which_law(scene: Scene) -> None:
    """Its first line is the whole message; below it the arithmetic of the limit, who confirmed it, and the data."""
    scene.live(1, 148, 171)
    _, message = scene.messages
    lines = message.body.splitlines()
    assert lines[0] == (
        "Over limit: cod 171.0\N{NO-BREAK SPACE}mg/L, 1.27 times the limit of 135, rising. NT-1, Area, since 01:00."
    )
    assert lines[2].startswith("Take it: https://qt.example/a/")
    assert (
        "Limit: QCVN X:2011, Bảng 1, column B, 150 × Kq 0.9 × Kf 1.0 = 135\N{NO-BREAK SPACE}mg/L. "
        "Confirmed 15 Sep 2026 by Trần Văn B." in lines
    )
    assert "Data: hourly mean 01:00–02:00, 12/12 valid, no calibration, provisional." in lines
    assert "Automatic readings, not a finding of a violation." in lines
    assert message.subject == "Over limit: COD 1.27 times, NT-1, Area (#0001-1)"


@pytest.mark.parametrize(("mean", "kinds"), [(135.0, []), (135.5, [AlertKind.OVER])])
def test_a_year_is_held_against_the_limit_that_averages_over_a_year(
    tmp_path: Path, mean: float, kinds: list[AlertKind]
) -> None:
    """When it is over; its message names the year, and counts days."""
    known = made(cod_rule(window="year", windows=1, clear={"share": 1.0, "windows": 1}))
    law = known.regulations["X"]
    rows = tuple(row.model_copy(update={"averaging": "year"}) for row in law.rows)
    scene = Scene.open(tmp_path, replace(known, regulations={"X": law.model_copy(update={"rows": rows})}))
    end = datetime(2026, 12, 31, 17, tzinfo=UTC)
    year = hourly(0, mean, kind=WindowKind.YEAR, mark=datetime(2025, 12, 31, 17, tzinfo=UTC), valid=361, expected=365)
    scene.store.write_rollups([year])
    with writing(scene.engine) as connection:
        spans.mark(connection, "judge", [(COD, end, end)])
    scene.run((end - T0) / HOUR + 1 / 60)
    assert [alert.kind for alert in scene.alerts] == kinds
    lines = scene.messages[-1].body.splitlines() if kinds else []
    assert not kinds or any("annual mean of 2026, 361/365 valid" in line for line in lines)
    assert not kinds or lines[0].endswith("since 2026.")


def with_stack() -> Registry:
    """Return a configuration with a stack KT-1 of the same plant, whose law is written in mg/m³."""
    word = {"confirmed_by": "B", "confirmed_on": "2026-09-15"}
    law = Regulation.model_validate({
        "id": "Y", "names": {"vi": "Khí thải", "en": "Emissions"}, "document": "QCVN Y:2009", "kinds": ["stack"],
        "rows": [{"row": "y-so2", "clause": "Bảng 1", "parameter": "so2", "averaging": "hour", "at_most": 500,
                  "unit": "mg/m3", "factors": ["Kp"], "confidence": "S1", **word}],
    })  # fmt: skip
    applies = Applies.model_validate({"regulation": "Y", "factors": [{"name": "Kp", "value": 0.9, **word}]})
    stack = station(
        "KT-1", kind="stack", facility="F-1", grade="regulatory", parameters=[{"id": "so2"}],
        certificates=[{"number": "2", "from": "2026-01-01"}],
    )  # fmt: skip
    bare = made(cod_rule(id="so2-hour", parameters=["so2"]), people=(person("lead", "en"),))
    plant = bare.facilities["F-1"]
    return replace(
        bare, regulations={**bare.regulations, "Y": law}, stations={**bare.stations, "KT-1": stack},
        facilities={"F-1": plant.model_copy(update={"applies": (*plant.applies, applies)})},
    )  # fmt: skip


def test_a_stack_is_told_of_in_the_unit_of_its_law(tmp_path: Path) -> None:
    """Stored and compared in µg/m³, read in mg/m³: level, limit, arithmetic, peak and SMS."""
    scene = Scene.open(tmp_path, with_stack())
    scene.live(1, 460_000, 480_000, 400_000, 400_000, series=SeriesKey("KT-1", "so2"))
    first, recovery = scene.messages
    assert first.body.startswith("Over limit: so2 480.0\N{NO-BREAK SPACE}mg/m³, 1.07 times the limit of 450, rising.")
    assert "2 hours in a row (460.0; 480.0)" in first.body
    assert "500 × Kp 0.9 = 450\N{NO-BREAK SPACE}mg/m³. Confirmed" in first.body
    assert "480.0 mg/m3" in first.short
    assert "clear level of 405 (90 % of 450)" in recovery.body
    assert "µg" not in first.body + recovery.body
    (alert,) = scene.alerts
    assert (alert.peak, alert.limit_high) == (480_000.0, 450_000.0)


def test_each_person_gets_a_link_and_an_sms_of_their_own(tmp_path: Path) -> None:
    """The same number for all, another token for each, the SMS in ASCII with at most 160 characters."""
    scene = Scene.open(tmp_path, made(cod_rule()))
    scene.live(1, 148, 171)
    first, second = scene.messages
    assert first.number == second.number == "#0001-1"
    tokens = {one.body.split("/a/")[1][:16] for one in (first, second)}
    assert len(tokens) == 2
    assert all(one.short.isascii() and len(one.short) <= 160 for one in scene.messages)
    assert "171" in second.short and "135" in second.short and "qt.example/a/" in second.short


def test_hours_of_a_calibration_do_not_end_an_alert(scene: Scene) -> None:
    """One value of twelve says nothing of what flowed past the instrument; two good hours do."""
    scene.live(1, 200, 200)
    scene.live(3, 10, 10, 10, valid=1, calibrating=11)
    assert scene.told() == ["first"]
    scene.live(6, 100, 100)
    assert scene.told() == ["first", "recovery"]


def test_hours_that_do_not_follow_one_another_are_not_said_to(tmp_path: Path) -> None:
    """An hour without a value is no hour over, and none within."""
    scene = Scene.open(tmp_path, made(cod_rule(), people=(person("lead", "en"),)))
    scene.live(1, 148, None, 171)
    assert "2 hours, not all in a row (148.0; 171.0)" in scene.messages[0].body


def limited_until(day: date) -> Registry:
    """Return a configuration whose regulation is in force up to, not including, `day`."""
    found = made(cod_rule())
    return replace(found, regulations={"X": found.regulations["X"].model_copy(update={"valid_to": day})})


def test_an_alert_whose_limit_runs_out_ends_without_a_word_of_recovery(tmp_path: Path) -> None:
    """The level never came down."""
    scene = Scene.open(tmp_path, limited_until(date(2026, 11, 25)))
    scene.live(22, 200, 200, 200, 200, 200)
    (alert,) = scene.alerts
    assert alert.closed_at == hour(25)
    assert scene.told() == ["first"]


def test_an_exceedance_before_a_limit_ran_out_is_found_though_it_came_late(tmp_path: Path) -> None:
    """Of two days that come at once, the limit holds on the first only."""
    scene = Scene.open(tmp_path, limited_until(date(2026, 11, 25)))
    scene.hours(1, *([100] * 5 + [200] * 6 + [100] * 30))
    scene.run(45)
    assert [alert.opened_at for alert in scene.alerts] == [hour(7)]


def test_a_message_number_rises_within_its_case(scene: Scene) -> None:
    """A second alert at the same station joins the case in which one is open."""
    scene.live(1, 148, 171)
    scene.readings((2.5, 9.5))
    scene.run(2.51)
    scene.live(3, 100, 100)
    assert [one.number for one in scene.messages if one.person == "lead"] == ["#0001-1", "#0001-2", "#0001-3"]
    assert "Added to case VV-2026-0001 (same station)." in scene.messages[3].body


def test_a_new_alert_after_all_have_closed_is_a_new_case(scene: Scene) -> None:
    """Cases are numbered within the year."""
    scene.live(1, 148, 171, 100, 100, 148, 171)
    assert [one.case for one in scene.alerts] == ["VV-2026-0001", "VV-2026-0002"]


@pytest.mark.parametrize(("level", "alerts"), [(135.0, 0), (135.0001, 1)])
def test_a_level_is_compared_unrounded_and_shown_so_that_it_is_not_contradicted(
    scene: Scene, level: float, alerts: int
) -> None:
    """135.0001 is over 135, and is not written 135.0."""
    scene.live(1, level, level)
    assert len(scene.alerts) == alerts
    if alerts:
        assert "cod 135.0001" in scene.messages[1].body


def test_an_unconfirmed_limit_is_advisory_and_every_reason_is_said(tmp_path: Path) -> None:
    """Row, factors and grade: each is named, and the message does not call for going there."""
    scene = Scene.open(tmp_path, made(cod_rule(), confirmed=False, grade="indicative"))
    scene.live(1, 148, 171)
    assert scene.alerts[0].kind is AlertKind.ADVISORY
    body = scene.messages[1].body
    for reason in ("has not confirmed this limit", "factor Kq", "factor Kf", "indicative"):
        assert reason in body
    assert body.startswith("Advisory: cod 171.0\N{NO-BREAK SPACE}mg/L, above the reference value of 135")
    assert "No need to go now" in body and "What to do" not in body


def test_a_later_confirmation_does_not_turn_an_old_advisory_into_a_call(tmp_path: Path) -> None:
    """What was told as advisory stays advisory while it lasts, whatever is read again."""
    only_the_row = made(cod_rule(), confirmed=False).regulations
    scene = Scene.open(tmp_path, replace(made(cod_rule()), regulations=only_the_row))
    scene.live(1, 148, 171)
    assert scene.alerts[0].kind is AlertKind.ADVISORY
    confirmations.add(
        scene.engine, Confirmation("x-cod", "Lê C", date(2026, 11, 24), None, "≤ 150 mg/L"), note="", at=hour(2.5)
    )
    scene.hours(1, 150, 171)
    scene.run(2.6)
    scene.live(3, 180, 190)
    assert [one.kind for one in scene.alerts] == [AlertKind.ADVISORY]
    assert scene.told() == ["first"]


def test_what_is_over_after_a_confirmation_is_an_exceedance(tmp_path: Path) -> None:
    """The service that runs meanwhile learns of it: the next alert is no advisory any more."""
    only_the_row = made(cod_rule(), confirmed=False).regulations
    scene = Scene.open(tmp_path, replace(made(cod_rule()), regulations=only_the_row))
    scene.live(1, 148, 171, 100, 100)
    confirmations.add(
        scene.engine, Confirmation("x-cod", "Lê C", date(2026, 11, 24), None, "≤ 150 mg/L"), note="", at=hour(4.5)
    )
    scene.live(5, 148, 171)
    assert [one.kind for one in scene.alerts] == [AlertKind.ADVISORY, AlertKind.OVER]


def test_too_few_data_make_an_advisory_that_enough_data_confirm(scene: Scene) -> None:
    """Two poor windows open it as advisory; when two good ones follow in a row, it is told as an exceedance."""
    scene.live(1, 148, 150, valid=6)
    assert scene.alerts[0].kind is AlertKind.ADVISORY
    assert "only 6 of 12 values are valid" in scene.messages[1].body
    scene.live(3, 160)
    assert scene.alerts[0].kind is AlertKind.ADVISORY
    scene.live(4, 171)
    assert scene.alerts[0].kind is AlertKind.OVER
    assert scene.alerts[0].record.unmet == ()
    assert scene.told() == ["first", "first"]


def test_suspect_readings_hide_no_exceedance_and_say_check_the_instrument(scene: Scene) -> None:
    """A real discharge looks like a spike: more than a quarter of them suspect is said, and calls people all the same."""
    scene.live(1, 148, 150, suspect=4)
    (alert,) = scene.alerts
    assert (alert.kind, alert.record.unmet) == (AlertKind.OVER, ())
    assert [str(one) for one in alert.record.doubts] == ["4 of 12 values are suspect: check the instrument"]
    assert "Note: 4 of 12 values are suspect: check the instrument." in scene.messages[1].body
    scene.live(3, 160, suspect=3)
    scene.live(4, 100, 100)
    assert scene.alerts[0].record.doubts, "of the windows that it is about, one is still doubtful"


def test_windows_without_a_value_neither_open_nor_close(scene: Scene) -> None:
    """Silence is not clean, and not dirty."""
    scene.live(1, 148, None, None)
    assert scene.alerts == []
    scene.live(4, 171)
    scene.live(5, None, None, None)
    assert scene.alerts[0].closed_at is None


def test_a_short_spike_between_two_looks_is_not_lost(scene: Scene) -> None:
    """Every reading is judged: one of many that came since the last look opens the alert, the next closes it."""
    scene.readings((1.0, 7.0), (1.1, 9.2), (1.2, 7.0))
    scene.run(1.25)
    (alert,) = scene.alerts
    assert (alert.kind, alert.opened_at, alert.closed_at) == (AlertKind.ADVISORY, hour(1.1), hour(1.2))
    assert scene.told() == ["first", "recovery"]


@pytest.mark.parametrize(("value", "side"), [(5.4, "below our own lower threshold of 5.5"), (9.1, "above our own")])
def test_both_sides_of_a_threshold_are_watched(scene: Scene, value: float, side: str) -> None:
    """A range has two, and the message says which one it is about."""
    scene.readings((1.0, value))
    scene.run(1.01)
    message = scene.messages[1]
    assert side in message.body
    assert "times" not in message.body, "of a pH it says nothing"


def test_the_end_of_single_readings_says_how_many_they_were(scene: Scene) -> None:
    """A reading has no length, and the lowest of a range is no peak."""
    scene.readings((1.0, 5.0), (1.1, 5.2), (1.2, 7.0))
    scene.run(1.25)
    body = scene.messages[-1].body
    assert "Readings outside: 2 (01:00–01:06); lowest 5.0, at 01:00." in body
    assert "One reading within the clear range of 5.5–9. The alert is closed." in body


@pytest.mark.parametrize(
    "changes", [{"status": Status.CALIBRATING}, {"status": Status.FAULT}, {"flag": 4}, {"flag": 9}]
)
def test_what_does_not_count_raises_nothing(scene: Scene, changes: dict[str, object]) -> None:
    """A calibration, a fault, a failed check: no alert."""
    scene.readings((1.0, 12.0), **changes)
    scene.run(1.01)
    assert scene.alerts == []


def test_a_rule_that_breaks_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """It is logged, left alone for a while, and what it missed is judged once it works again."""
    broken = Rule.model_validate({**ph_rule().model_dump(), "id": "broken", "parameters": ["cod"],
                                  "threshold": {"at_most": 1, "unit": "furlong"}})  # fmt: skip
    mended = Rule.model_validate({**broken.model_dump(), "threshold": {"at_most": 120, "unit": "mg/L"}})
    scene = Scene.open(tmp_path, made(broken, ph_rule()))
    scene.readings((1.0, 150.0), series=COD)
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert [one.rule for one in scene.alerts] == ["ph-reading"]
    assert spans.waiting(scene.engine) == {"rewatch": 1}
    scene.run(1.015)
    scene.again(configured=made(mended, ph_rule()))
    scene.run(1.02)
    assert {one.rule for one in scene.alerts} == {"broken", "ph-reading"}
    assert spans.waiting(scene.engine) == {}


def test_a_rule_without_a_team_tells_nobody_and_holds_up_nothing(tmp_path: Path) -> None:
    """The alert is on record all the same, and those of other rules are told."""
    broken = cod_rule(id="broken", team="nobody-knows", windows=1, severity="warning")
    scene = Scene.open(tmp_path, made(broken, ph_rule()))
    scene.hours(1, 148)
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert {one.rule for one in scene.alerts} == {"broken", "ph-reading"}
    assert scene.told() == ["first"]


def test_a_store_that_is_away_stops_the_run_and_loses_nothing(scene: Scene) -> None:
    """The same spans come again."""

    class Away:
        def __getattr__(self, _: str) -> object:
            raise StoreUnavailable("away")

    scene.hours(1, 148, 171)
    scene.again(store=Away())  # type: ignore[arg-type]  # a store that never answers
    with pytest.raises(StoreUnavailable):
        scene.run(2.1)
    scene.again()
    scene.run(2.2)
    assert scene.told() == ["first"]


def test_state_survives_a_restart(scene: Scene) -> None:
    """The second window after a restart completes the hold that began before it."""
    scene.live(1, 148)
    scene.again().live(2, 171)
    scene.again().live(3, 100)
    scene.again().live(4, 100)
    scene.again().run(5)
    assert scene.told() == ["first", "recovery"]


def test_an_alert_whose_rule_is_gone_is_closed_and_nobody_is_told(scene: Scene) -> None:
    """Nothing would ever close it; nothing has recovered either."""
    scene.live(1, 148, 171)
    scene.again(configured=made(ph_rule()))
    scene.run(3)
    assert scene.alerts[0].closed_at == hour(3)
    assert scene.told() == ["first"]


def test_what_is_made_up_says_demo(tmp_path: Path) -> None:
    """An invented facility puts the word into subject and short form, and the body says what is invented."""
    scene = Scene.open(tmp_path, made(cod_rule(), invented=True))
    scene.live(1, 148, 171)
    message = scene.messages[1]
    assert message.subject.startswith("DEMO · ")
    assert message.short.startswith("DEMO - ")
    assert "DEMO: the facility is invented." in message.body


def test_in_the_demonstration_every_message_says_so(tmp_path: Path) -> None:
    """Even one about a real facility."""
    demo = LinkBase(LINKS.staff_url, LINKS.public_url, demo=True)
    scene = Scene.open(tmp_path, made(ph_rule()), demo)
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert all(one.subject.startswith("DEMO · ") for one in scene.messages)


def test_a_person_without_a_wanted_channel_is_not_told(tmp_path: Path) -> None:
    """The channel asks for critical only, the rule is a warning."""
    quiet = person(channels=[{"kind": "mail", "address": "a@b.example", "severities": ["critical"]}])
    scene = Scene.open(tmp_path, made(ph_rule(), people=(quiet,)))
    scene.readings((1.0, 9.5))
    scene.run(1.01)
    assert len(scene.alerts) == 1
    assert scene.messages == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_however_often_the_judge_looks_the_alerts_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Looking after every hour, after some, or only at the end finds the same exceedances, through restarts too."""
    values = data.draw(st.lists(st.none() | st.sampled_from([100.0, 121.5, 130.0, 140.0]), min_size=1, max_size=14))
    cuts = data.draw(st.sets(st.integers(1, len(values)), max_size=5)) | {len(values)}
    found = []
    for stops in ({len(values)}, cuts):
        scene = Scene.open(tmp_path_factory.mktemp("scene"), made(cod_rule()))
        begin = 0
        for stop in sorted(stops):
            if stop > begin:
                scene.hours(begin + 1, *values[begin:stop])
                scene.again().run(len(values) + 0.01)
                begin = stop
        found.append([
            (one.crossed_at, one.opened_at, one.closed_at, one.peak, one.record.over) for one in scene.alerts
        ])
        scene.store.close()
    assert found[0] == found[1]


def test_a_series_is_taken_for_what_its_rule_says(scene: Scene) -> None:
    """COD of the station without a facility has no limit: nothing is watched, and nothing is kept of it."""
    scene.hours(1, 500, 500, series=SeriesKey("NT-2", "cod"))
    scene.run(2.1)
    assert scene.alerts == []
    with writing(scene.engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM watches").scalar() == 0


def test_transitions_record_when_it_happened_and_when_it_was_seen(scene: Scene) -> None:
    """Both moments are kept."""
    scene.live(1, 148, 171)
    with writing(scene.engine) as connection:
        rows = connection.exec_driver_sql("SELECT before, after, crossed_at, noticed_at FROM transitions").all()
    (row,) = rows
    assert (row[0], row[1]) == (AlertState.PENDING.value, AlertState.FIRING.value)
    assert row[3] - row[2] == 60_000_000


def test_an_hour_of_ph_is_held_against_the_law(tmp_path: Path) -> None:
    """The two-sided limit of a regulation: 5.4 is below its lower side."""
    rule = cod_rule(id="ph-hour", parameters=["ph"], windows=1)
    scene = Scene.open(tmp_path, made(rule))
    scene.live(1, 5.5, 5.4, series=PH)
    assert scene.alerts[0].opened_at == hour(2)
    assert "below the lower limit of 5.5" in scene.messages[1].body


def at_new_year() -> Registry:
    """Return a configuration in which the limit of COD falls from 135 to 108 at the midnight after T0's day."""
    bare = made(cod_rule())
    old, *others = bare.regulations["X"].rows
    day = date(2026, 11, 25)
    rows = [
        old.model_copy(update={"valid_to": day}),
        old.model_copy(update={"row": "x-cod-2", "at_most": 120.0, "valid_from": day}), *others,
    ]  # fmt: skip
    law = bare.regulations["X"].model_copy(update={"rows": tuple(rows)})
    return replace(bare, regulations={"X": law})


def test_an_exceedance_across_a_change_of_the_law_is_held_against_both(tmp_path: Path) -> None:
    """The hour that ends at midnight is of the old row; the record names both, each with its figure and until when."""
    scene = Scene.open(tmp_path, at_new_year())
    scene.live(22, 140, 150, 140)
    assert (scene.alerts[0].record.row, scene.alerts[0].limit_high) == ("x-cod", 135)
    scene.live(25, 120)
    (alert,) = scene.alerts
    assert (alert.record.row, alert.limit_high, alert.closed_at) == ("x-cod-2", 108, None)
    (earlier,) = alert.record.earlier
    assert (earlier.row, earlier.high, earlier.until) == ("x-cod", 135, hour(24))
    assert alert.record.figures == (120, 0.9, 1.0)


def test_late_data_of_before_a_change_are_judged_by_the_law_of_their_day(tmp_path: Path) -> None:
    """Judged a year after: what was allowed then raises nothing, and what was not names the old row."""
    scene = Scene.open(tmp_path, at_new_year())
    scene.hours(1, 120, 120, 120)
    scene.run(24 * 300)
    assert scene.alerts == []
    scene.hours(10, 140, 140, 100, 100)
    scene.run(24 * 300 + 1)
    (alert,) = scene.alerts
    assert (alert.kind, alert.record.row, alert.limit_high) == (AlertKind.LATE, "x-cod", 135)


def test_the_record_keeps_all_that_an_exceedance_rests_on(scene: Scene) -> None:
    """Value, counts, row with figure and dates, arithmetic, who confirmed what, instrument, versions, configuration."""
    scene.live(1, 148, 171, suspect=1, configuration=77)
    (alert,) = scene.alerts
    record = alert.record
    assert (alert.level, alert.valid, alert.expected, record.suspect) == (171, 12, 12, 1)
    assert (record.row, record.clause, record.column, record.row_figure) == ("x-cod", "Bảng 1", "B", "≤ 150 mg/L")
    assert (record.figures, record.factors, alert.limit_high) == ((150, 0.9, 1.0), ("Kq", "Kf"), 135)
    assert record.factors_confirmed == ("Trần Văn B, 2026-09-15",) * 2
    assert (record.confirmed_by, record.confirmed_on, record.confidence) == ("Trần Văn B", date(2026, 9, 15), "V2")
    assert (record.grade, record.certificate, record.averaging) == ("regulatory", "1", "hour")
    assert (record.configuration, record.figures_by) == (scene.registry.hash, 77)
    assert (record.checks, record.software) == (CHECKS_VERSION, software())
    assert record.unmet == ()
