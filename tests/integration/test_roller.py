"""The roller on real stores: whatever order data arrive in, and wherever it is stopped."""

import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.roller import Roller
from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import LimitKind
from domain.window import Window, WindowKind
from registry.schema import Area, Regulation
from storage import rollup_history, spans
from storage.readings import QuestionRefused, StoreRefused, StoreUnavailable
from storage.state import writing
from support.configured import station
from support.rig import Stopped, Tripwire
from support.rolled import Bench, bench, configured, every, slow_figures

START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight of the 2nd in Viet Nam
HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=5)
KEY = SeriesKey("A-1", "pm25")

MOMENTS = st.integers(1, 12 * 60).map(lambda place: START + place * MINUTES)
READINGS = st.lists(
    st.builds(
        Reading,
        st.just("A-1"), st.just("pm25"), MOMENTS,
        st.integers(0, 4000).map(lambda tenth: tenth / 10),
        st.sampled_from([Status.MEASURING] * 5 + [Status.CALIBRATING, Status.FAULT]),
        st.sampled_from([Flag.GOOD] * 4 + [Flag.SUSPECT, Flag.FAIL]),
    ),
    min_size=1, max_size=120,
)  # fmt: skip


def numbered(readings: list[Reading]) -> list[Reading]:
    """Number the readings in the order of their messages."""
    return [
        Reading(*one.series, one.measured_at, one.value, one.status, one.flag, seq=place)
        for place, one in enumerate(readings, 1)
    ]


@settings(max_examples=25)
@given(READINGS, st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "UTC"]), st.randoms(use_true_random=False))
def test_figures_are_the_same_whatever_the_order_of_arrival(
    readings: list[Reading], zone: str, chance: random.Random
) -> None:
    """Shuffled, split into batches, the roller running between any two: in the end what plain loops over all give."""
    everything = numbered(readings)
    newest = {one.measured_at: one for one in everything}  # of one moment the greatest seq counts
    arriving = list(newest.values())
    chance.shuffle(arriving)
    with tempfile.TemporaryDirectory() as folder:
        made = bench(Path(folder), START, configured(station("A-1", interval="5 min"), zone=zone))
        while arriving:
            size = chance.randint(1, 40)
            batch, arriving = arriving[:size], arriving[size:]
            made.clock.moment = max(made.clock.moment, *(one.measured_at for one in batch)) + chance.random() * HOUR
            made.feed([*batch, *batch[:3]])
            if chance.random() < 0.7:
                made.roll()
        made.roll()
        expected = slow_figures(newest.values(), made)
        assert same(made.figures(), expected)
        assert made.roll() == 0, "once more changes nothing"


def same(found: dict[Any, Any], expected: dict[Any, Any]) -> bool:
    assert found.keys() == expected.keys()
    for mark, figures in expected.items():
        near = [one if one is None else pytest.approx(one, rel=1e-14) for one in figures]
        assert list(found[mark]) == near, mark
    return True


@pytest.mark.parametrize(
    ("start", "hours"),
    [(datetime(2026, 3, 28, 12, tzinfo=UTC), 23), (datetime(2026, 10, 24, 12, tzinfo=UTC), 25)],
)
def test_a_local_day_has_23_or_25_hours_where_the_clock_changes(tmp_path: Path, start: datetime, hours: int) -> None:
    """A day expects the hours that it has."""
    made = bench(tmp_path, start + timedelta(days=3), configured(station("A-1", interval="1 h"), zone="Europe/Berlin"))
    readings = every(HOUR, start, [float(place) for place in range(60)])
    made.feed(readings)
    made.roll()
    assert same(made.figures(), slow_figures(readings, made))
    assert [day.expected for day in made.points(WindowKind.DAY).values()][1] == hours


@pytest.mark.parametrize("start", [START, START + timedelta(days=29, hours=21)], ids=["a day", "the end of a month"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["write_windows", "write_indices"])
def test_a_run_that_is_stopped_between_two_steps_is_done_again(
    tmp_path: Path, step: str, after: bool, start: datetime
) -> None:
    """Figures, their history and what the judge is to look at are those of a run that was not stopped."""
    made, untouched = (bench(folder(tmp_path, name), start + timedelta(hours=3, minutes=30)) for name in ("a", "b"))
    readings = every(MINUTES, start, [float(place) for place in range(40)])
    for one in (made, untouched):
        one.feed(readings[:11] + readings[12:])
        one.roll()
        judged(one)
        one.feed([readings[11]])
    with pytest.raises(Stopped):
        Roller(made.registry, Tripwire(made.store, step, "after" if after else "before"), made.engine, made.clock).run()
    assert spans.waiting(made.engine).get("judge") is None, "the judge waits until all is written"
    assert spans.waiting(made.engine)["roll"] == 1, "what was taken is still there"
    made.roll()
    untouched.roll()
    assert made.figures() == untouched.figures()
    assert judged(made) == judged(untouched) != []
    assert history(made) == history(untouched) != []
    assert made.points()[start + HOUR].revision == 1


BROKEN = SeriesKey("A-1", "pm10")
STATES = "UPDATE rollups SET state = ? WHERE series = (SELECT id FROM series WHERE parameter = 'pm10')"


def with_a_broken_series(parent: Path) -> Bench:
    """Return a bench on which three series have three hours, one of them with windows that nobody can read."""
    made = bench(parent, START + timedelta(hours=3, minutes=30))
    for key in (KEY, BROKEN, SeriesKey("A-1", "so2")):
        made.feed(every(MINUTES, START, [float(place) for place in range(37)], key))
    made.roll()
    set_state(parent, 99)
    return made


def set_state(parent: Path, state: int) -> None:
    with closing(sqlite3.connect(parent / "readings.sqlite", isolation_level=None)) as file:
        file.execute(STATES, (state,))


def test_a_series_that_cannot_be_worked_on_stops_no_other(tmp_path: Path) -> None:
    """The others get their figures, the judge its spans; the one is named, and waits."""
    made = with_a_broken_series(tmp_path)
    judged(made)
    for key in (KEY, BROKEN, SeriesKey("A-1", "so2")):
        made.feed(every(MINUTES, START, [2.0] * 37, key))
    roller = Roller(made.registry, made.store, made.engine, made.clock)
    assert roller.run() > 0
    assert made.values()[:3] == made.values(key=SeriesKey("A-1", "so2"))[:3] == [2.0] * 3
    assert {span.series for span in spans.take(made.engine, "judge")} == {KEY, SeriesKey("A-1", "so2")}
    assert roller.troubles() == {BROKEN: "KeyError: 99"}
    assert {span.series for span in spans.take(made.engine, "roll")} == {BROKEN}


def test_a_series_that_failed_is_tried_again_after_a_rest(tmp_path: Path) -> None:
    """Without anybody's help: once it can be worked on, its figures are made and nothing is said of it any more."""
    made = with_a_broken_series(tmp_path)
    made.feed(every(MINUTES, START, [2.0] * 37, BROKEN))
    roller = Roller(made.registry, made.store, made.engine, made.clock)
    roller.run()
    set_state(tmp_path, 0)
    assert roller.run() == 0, "it rests"
    made.clock.moment += timedelta(minutes=1)
    roller.run()
    assert (made.values(key=BROKEN)[:3], roller.troubles()) == ([2.0] * 3, {})
    assert spans.take(made.engine, "roll") == []


def test_spans_of_a_series_that_failed_do_not_keep_others_waiting(tmp_path: Path) -> None:
    """However many there are: what comes behind them is done meanwhile."""
    made = with_a_broken_series(tmp_path)
    with writing(made.engine) as connection:
        spans.mark(connection, "roll", [(BROKEN, START - timedelta(days=1_500), START)])
    roller = Roller(made.registry, made.store, made.engine, made.clock)
    made.feed(every(MINUTES, START, [2.0] * 37))
    roller.run()
    assert made.values()[:3] == [2.0] * 3


@pytest.mark.parametrize("step", ["write_windows", "read_windows"])
def test_figures_that_the_store_will_not_have_stop_no_other(tmp_path: Path, step: str) -> None:
    """Nor a series about which it answers no question."""
    made = bench(tmp_path, START + timedelta(hours=3, minutes=30))

    class Picky:
        def __getattr__(self, name: str) -> Any:
            return self._refusing(getattr(made.store, name)) if name == step else getattr(made.store, name)

        def _refusing(self, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*asked: Any) -> Any:
                if "'pm10'" in str(asked):
                    raise StoreRefused("no") if step == "write_windows" else QuestionRefused("no")
                return real(*asked)

            return call

    for key in (KEY, BROKEN):
        made.feed(every(MINUTES, START, [float(place) for place in range(37)], key))
    roller = Roller(made.registry, Picky(), made.engine, made.clock)
    roller.run()
    assert made.values()[:3] == [5.5, 17.5, 29.5]
    assert (made.values(key=BROKEN), set(roller.troubles())) == ([], {BROKEN})


def folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def judged(made: Bench) -> list[tuple[datetime, datetime]]:
    """Do as the judge does: take and clear."""
    taken = spans.take(made.engine, "judge")
    with writing(made.engine) as connection:
        spans.clear(connection, taken)
    return [(span.first_at, span.last_at) for span in taken]


def history(made: Bench) -> list[tuple[Any, ...]]:
    found = rollup_history.read(made.engine, *made.key)
    return sorted((one.kind, one.mark, one.revision, one.value, one.valid, one.cause) for one in found)


def test_a_store_that_is_away_costs_nothing_but_time(tmp_path: Path) -> None:
    """The spans stay, and the next run does it all."""
    made = bench(tmp_path, START + timedelta(hours=2))
    made.feed(every(MINUTES, START, [1.0] * 12))

    class Away(Tripwire):
        def _stopping(self, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*_: Any) -> Any:
                raise StoreUnavailable("away")

            return call

    with pytest.raises(StoreUnavailable):
        Roller(made.registry, Away(made.store, "write_windows", "before"), made.engine, made.clock).run()
    assert made.roll() > 0
    assert made.values() == [1.0]


def test_a_span_that_grows_during_a_run_is_looked_at_again(tmp_path: Path) -> None:
    """Only what was taken is cleared; a reading that comes between taking and clearing is not lost."""
    made = bench(tmp_path, START + timedelta(hours=2))
    readings = every(MINUTES, START, [1.0] * 11 + [13.0])
    made.feed(readings[:11])

    class Late(Tripwire):
        def _stopping(self, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*values: Any) -> Any:
                real(*values)
                made.feed(readings[11:])

            return call

    Roller(made.registry, Late(made.store, "write_indices", "after"), made.engine, made.clock).run()
    made.roll()
    assert made.values() == [2.0]


@pytest.mark.parametrize(("now", "ready"), [(59, 0), (60, 0), (69, 0), (70, 1)])
def test_without_data_beyond_its_end_a_window_waits_for_the_grace(tmp_path: Path, now: int, ready: int) -> None:
    """Ten minutes after the hour, or one interval if that is longer."""
    made = bench(tmp_path, START + timedelta(minutes=now))
    made.feed(every(MINUTES, START, [1.0] * 11))
    made.roll()
    assert len(made.points()) == ready


def test_a_window_is_judged_as_soon_as_data_pass_its_end(tmp_path: Path) -> None:
    """No grace is waited for where the series itself says that the hour is over."""
    made = bench(tmp_path, START + timedelta(minutes=60, seconds=1))
    made.feed(every(MINUTES, START, [1.0] * 12))
    made.roll()
    assert made.values() == [1.0]


def test_calibration_counts_against_capture_and_is_no_measurement(tmp_path: Path) -> None:
    """Four of twelve readings under calibration: the hour is shown from eight, and does not enter the day."""
    made = bench(tmp_path, START + timedelta(days=2))
    readings = every(MINUTES, START, [10.0] * 24 * 12)
    calibrated = [
        Reading(*one.series, one.measured_at, 500.0, Status.CALIBRATING, Flag.GOOD, seq=one.seq) for one in readings[:4]
    ]
    made.feed([*calibrated, *readings[4:]])
    made.roll()
    first, day = made.points()[START + HOUR], made.points(WindowKind.DAY)[START]
    assert (first.value, first.maximum, first.valid, first.expected, first.calibrating) == (10.0, 10.0, 8, 12, 4)
    assert (day.value, day.valid, day.expected, day.calibrating) == (10.0, 23, 24, 1)


def test_a_window_that_loses_its_value_says_so(tmp_path: Path) -> None:
    """A reading that is revised to be missing takes the hour's value away: valid = 0, and the old figure is history."""
    made = bench(tmp_path, START + timedelta(hours=2))
    made.feed(every(MINUTES, START, [5.0]))
    made.roll()
    made.feed(every(MINUTES, START, [None], seq=100))
    made.roll()
    point = made.points()[START + HOUR]
    assert (point.value, point.minimum, point.valid, point.revision) == (None, None, 0, 1)
    assert ("hour", START + HOUR, 1, 5.0, 1, "revised") in history(made)


def test_a_week_of_standing_still_is_caught_up(tmp_path: Path) -> None:
    """Hours that have become due while nothing ran are made at the next run, the empty ones too."""
    made = bench(tmp_path, START + timedelta(hours=1, minutes=30))
    readings = every(MINUTES, START, [1.0] * 12 * 24 * 9)
    made.feed(readings[:12])
    made.roll()
    made.feed(readings[12 : 12 * 24 * 6])
    made.clock.moment = START + timedelta(days=7)
    made.roll()
    assert same(made.figures(), slow_figures(readings[: 12 * 24 * 6], made))


def test_work_is_bounded_and_goes_on_in_the_next_run(tmp_path: Path) -> None:
    """However much waits, one run does a part of it, and the spans of the rest stay."""
    made = bench(tmp_path, START + timedelta(days=41), configured(station("A-1", interval="1 h")))
    readings = every(HOUR, START, [1.0] * 24 * 40)
    made.feed(readings)
    roller = Roller(made.registry, made.store, made.engine, made.clock, hours=100)
    runs = 0
    while roller.run():
        runs += 1
        assert runs < 20
    assert runs > 1
    assert not spans.take(made.engine, "roll")
    assert same(made.figures(), slow_figures(readings, made))


def test_silence_beyond_what_a_logger_can_resend_leaves_no_windows(tmp_path: Path) -> None:
    """After 60 days nothing is expected, until the station speaks again."""
    made = bench(tmp_path, START + timedelta(days=201), configured(station("A-1", interval="1 h")))
    made.feed(every(HOUR, START, [1.0] * 24))
    made.roll()
    made.feed(every(HOUR, START + timedelta(days=200), [2.0] * 24))
    made.roll()
    marks = list(made.points())
    assert len(marks) == 24 + 60 * 24 + 24
    assert max(mark for mark in marks if mark < START + timedelta(days=200)) == START + timedelta(days=61)


@pytest.mark.parametrize("together", [True, False])
def test_old_data_beside_live_ones_bring_what_was_measured_and_60_days(tmp_path: Path, together: bool) -> None:
    """An import of 2013, before, after or with the live data: not thirteen years of empty windows."""
    made = bench(tmp_path, START + timedelta(hours=24), configured(station("A-1", interval="1 h")))
    old = every(HOUR, datetime(2013, 1, 1, tzinfo=UTC), [2.0] * 24)
    live = every(HOUR, START, [1.0] * 24)
    if together:
        made.feed([*old, *live])
    else:
        made.feed(live)
        made.roll()
        made.feed(old)
    made.roll()
    assert (made.values().count(2.0), made.values().count(1.0), len(made.points())) == (24, 24, 24 + 60 * 24 + 24)


def test_a_late_reading_of_a_meter_moves_the_next_hour_too(tmp_path: Path) -> None:
    """What the meter counted since its last reading belongs to the window in which it is read."""
    key = SeriesKey("W-1", "volume")
    outfall = station("W-1", kind="outfall", interval="30 min", parameters=[{"id": "volume"}])
    made = bench(tmp_path, START + timedelta(hours=8), configured(outfall), key=key)
    meter = every(timedelta(minutes=30), START, [100.0, 110.0, 120.0, 135.0], key)
    later = every(timedelta(minutes=30), START + timedelta(hours=5), [150.0, 160.0], key)
    made.feed([*meter[:1], *meter[2:3], *later])
    made.roll()
    assert made.values() == [None, 20.0, None, None, None, 40.0, None]
    made.feed([meter[1], meter[3]])
    made.roll()
    assert made.values() == [10.0, 25.0, None, None, None, 25.0, None]
    assert made.points(WindowKind.HOUR8) == {}, "sums have hours and days only"


def test_a_meter_counts_on_after_a_silence_however_long(tmp_path: Path) -> None:
    """Nothing is lost between two windows: hours add up to what the meter went, in whatever order it was heard of."""
    key = SeriesKey("W-1", "volume")
    outfall = station("W-1", kind="outfall", interval="30 min", parameters=[{"id": "volume"}])
    made = bench(tmp_path, START + timedelta(days=101), configured(outfall), key=key)
    before = every(timedelta(minutes=30), START, [100.0, 110.0, 120.0, 135.0], key)
    again = every(timedelta(minutes=30), START + timedelta(days=100), [500.0, 507.0], key)
    made.feed([*before[:3], *again])
    made.roll()
    assert [value for value in made.values() if value] == [10.0, 10.0, 387.0]
    windows = len(made.values())
    made.feed(before[3:])
    made.roll()
    assert [value for value in made.values() if value] == [10.0, 25.0, 372.0]
    assert len(made.values()) == windows + 1, "one more is expected 60 days after the late one, and none in the silence"


def test_a_weighbridge_has_weighed_nothing_while_it_is_not_silent(tmp_path: Path) -> None:
    """No interval, no capture: expected is 0; a sum of 0 counts until its own silent_after is over."""
    key = SeriesKey("C-1", "weight")
    bridge = station(
        "C-1", kind="waste", silent_after="3 h", parameters=[{"id": "weight", "irregular": True}]
    )  # fmt: skip
    made = bench(tmp_path, START + timedelta(hours=30), configured(bridge), key=key)
    made.feed(every(timedelta(minutes=25), START, [3.0, 4.5, 2.0], key))
    made.roll()
    hours = list(made.points().values())
    assert [(hour.value, hour.valid, hour.expected) for hour in hours[:6]] == [
        (7.5, 2, 0), (2.0, 1, 0), (0.0, 1, 0), (0.0, 1, 0), (None, 0, 0), (None, 0, 0),
    ]  # fmt: skip
    assert [(day.value, day.valid, day.expected) for day in made.points(WindowKind.DAY).values()] == [(9.5, 3, 0)]


def test_no_window_is_shorter_than_the_interval(tmp_path: Path) -> None:
    """A value a day has days, made of its readings; and no hours."""
    outfall = station("W-1", kind="outfall", interval="1 d", parameters=[{"id": "cod"}])
    made = bench(tmp_path, START + timedelta(days=4), configured(outfall), key=SeriesKey("W-1", "cod"))
    made.feed(every(timedelta(hours=24), START - timedelta(hours=12), [40.0, 50.0], made.key))
    made.roll()
    assert made.points() == made.points(WindowKind.HOUR24) == {}
    assert [(day.value, day.valid, day.expected) for day in made.points(WindowKind.DAY).values()][:2] == [
        (40.0, 1, 1), (50.0, 1, 1),
    ]  # fmt: skip


def test_a_sensor_that_speaks_more_often_than_it_says_has_all_it_said(tmp_path: Path) -> None:
    """147 s fit 24 times into an hour, and sometimes 25: valid counts what counted, capture is never above 1."""
    step = timedelta(seconds=144)
    made = bench(tmp_path, START + timedelta(hours=2), configured(station("A-1", interval="147 s")))
    made.feed(every(step, START, [1.0] * 25))
    made.roll()
    point = made.points()[START + HOUR]
    assert (point.valid, point.expected, point.capture) == (25, 24, 1.0)


@pytest.mark.parametrize("first", ["1 h", "15 min"])
def test_a_new_instrument_leaves_the_figures_of_the_old_one_alone(tmp_path: Path, first: str) -> None:
    """From the second day on the station speaks every five minutes: each hour is held against its own day's interval."""
    measured = [
        {"id": "pm25", "interval": first, "to": "2026-03-03"}, {"id": "pm25", "interval": "5 min", "from": "2026-03-03"},
    ]  # fmt: skip
    made = bench(tmp_path, START + timedelta(days=2), configured(station("A-1", interval="1 min", parameters=measured)))
    midnight, step = START + timedelta(days=1), {"1 h": HOUR, "15 min": HOUR / 4}[first]
    made.feed(every(step, START, [40.0] * (timedelta(days=1) // step)))
    made.feed(every(timedelta(minutes=5), midnight, [60.0] * 288))
    made.roll()
    counts = {mark: (point.valid, point.expected) for mark, point in made.points().items()}
    often = HOUR // step
    assert counts[midnight] == (often, often)
    assert counts[midnight + HOUR] == (12, 12)
    assert len(counts) == 48
    means = made.points(WindowKind.HOUR8)
    assert (means[midnight + 4 * HOUR].value, means[midnight + 4 * HOUR].valid) == (50.0, 8)
    days = [(day.value, day.valid, day.expected) for day in made.points(WindowKind.DAY).values()]
    assert days == [(40.0, 24, 24), (60.0, 24, 24)]


def test_days_of_a_daily_instrument_stay_when_one_that_speaks_every_hour_follows(tmp_path: Path) -> None:
    """A day is made of what there was: one reading of the old instrument, then the hours of the new one."""
    measured = [
        {"id": "pm25", "interval": "1 d", "to": "2026-03-03"}, {"id": "pm25", "interval": "1 h", "from": "2026-03-03"},
    ]  # fmt: skip
    made = bench(tmp_path, START + timedelta(days=2), configured(station("A-1", parameters=measured)))
    midnight = START + timedelta(days=1)
    made.feed([*every(HOUR * 12, START, [40.0]), *every(HOUR, midnight, [60.0] * 24)])
    made.roll()
    days = [(day.value, day.valid, day.expected) for day in made.points(WindowKind.DAY).values()]
    assert days == [(40.0, 1, 1), (60.0, 24, 24)]
    assert min(made.points()) == midnight + HOUR
    assert made.points(WindowKind.HOUR8)[midnight + 8 * HOUR].valid == 8


def test_a_point_carries_the_limit_of_the_day_in_which_it_ends(tmp_path: Path) -> None:
    """From one local midnight to the next another law can hold; the window that ends at midnight is of the old day."""
    law = Regulation.model_validate({
        "id": "law", "names": {"vi": "L", "en": "L"}, "document": "L", "kinds": ["air"], "general": True,
        "rows": [
            {"row": "old", "clause": "1", "parameter": "pm25", "averaging": "hour", "at_most": 50, "unit": "ug/m3",
             "confidence": "V1", "to": "2026-03-03"},
            {"row": "new", "clause": "1", "parameter": "pm25", "averaging": "hour", "at_most": 45, "unit": "ug/m3",
             "confidence": "V1", "from": "2026-03-03"},
        ],
    })  # fmt: skip
    plain = configured(station("A-1", interval="1 h"))
    area = Area.model_validate({
        "id": "area", "names": {"vi": "K", "en": "K"}, "kind": "industrial", "latitude": 10.5, "longitude": 106.5,
    })  # fmt: skip
    made = bench(tmp_path, START + timedelta(days=3), replace(plain, regulations={"law": law}, areas={"area": area}))
    made.feed(every(HOUR, START, [60.0] * 48))
    made.roll()
    midnight = START + timedelta(days=1)
    limits = {mark: (point.limit_high, point.limit_kind) for mark, point in made.points().items()}
    assert limits[midnight] == (50.0, LimitKind.HIGH)
    assert limits[midnight + HOUR] == (45.0, LimitKind.HIGH)
    assert made.points(WindowKind.HOUR8)[midnight].limit_kind == LimitKind.NONE


def test_an_index_follows_its_hours(tmp_path: Path) -> None:
    """VN_AQI from PM2.5 of twelve hours; a late reading repairs the hours that look back at it; no hour is left out."""
    made = bench(tmp_path, START + timedelta(hours=13), configured(station("A-1", interval="1 h")))
    readings = every(HOUR, START, [25.0] * 12)
    made.feed(readings[:5] + readings[6:])
    made.roll()
    assert index(made)[:3] == [None, 50, 50]
    made.feed(every(timedelta(hours=6), START, [250.0], seq=99))
    made.roll()
    later = index(made)
    assert (later[4], later[5], later[6]) == (50, 192, 151)
    assert len(later) == 12


def index(made: Bench) -> list[int | None]:
    span = Window(START, START + timedelta(days=2))
    return [one.value for one in made.store.read_indices("vn_aqi", WindowKind.HOUR, ["A-1"], span)]
