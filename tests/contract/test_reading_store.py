"""What every reading store keeps to; `store` is each of them in turn."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.flag import Flag, Reason
from domain.limit import Bound
from domain.reading import SeriesKey, Status
from domain.rollup import IndexPoint, LimitKind, RollupState
from domain.window import Window, WindowKind
from storage.readings import HealthPoint, ReadingStore
from support.builders import NOON, minutes, point, reading

KEY = SeriesKey("NT-1", "cod")
ALL = Window(NOON - timedelta(days=400), NOON + timedelta(days=400))


def test_a_reading_is_read_back_as_it_was(store: ReadingStore) -> None:
    """Value, status, flag, reasons, checks and number; to the microsecond."""
    one = reading(
        NOON + timedelta(microseconds=7), -0.1, status=Status.CALIBRATING, flag=Flag.FAIL, reasons=Reason.RANGE,
        checks=3, seq=113434214399936064,
    )  # fmt: skip
    store.write([one])
    assert store.find({KEY: ALL}) == [one]


def test_a_reading_sent_twice_is_stored_once(store: ReadingStore) -> None:
    """Its identity is station, parameter and time."""
    store.write([reading()])
    store.write([reading()])
    assert store.find({KEY: ALL}) == [reading()]
    assert store.count() == 1


def test_a_reading_written_again_takes_the_place_of_the_first(store: ReadingStore) -> None:
    """A revision replaces every part of it."""
    store.write([reading(value=1.0, flag=Flag.FAIL, status=Status.FAULT)])
    store.write([reading(value=2.0, flag=Flag.GOOD, seq=128)])
    assert store.find({KEY: ALL}) == [reading(value=2.0, flag=Flag.GOOD, seq=128)]


def test_a_missing_reading_has_no_value_even_where_there_was_one(store: ReadingStore) -> None:
    """InfluxDB keeps a field that it is not given; it must not come back."""
    store.write([reading(value=5.0)])
    store.write([reading(value=None, flag=Flag.MISSING, seq=128)])
    assert store.find({KEY: ALL}) == [reading(value=None, flag=Flag.MISSING, seq=128)]
    assert np.isnan(store.read(KEY, ALL).values).all()


def test_a_window_leaves_out_its_start_and_holds_its_end(store: ReadingStore) -> None:
    """A stamp is the end of what it averages."""
    store.write([reading(NOON + minutes(number)) for number in (0, 5, 10, 15)])
    found = store.read(KEY, Window(NOON, NOON + minutes(10)))
    assert [int(time) for time in found.times] == [
        int((NOON + minutes(number)).timestamp() * 1_000_000) for number in (5, 10)
    ]


def test_readings_come_in_the_order_of_time(store: ReadingStore) -> None:
    """Whatever order they were written in."""
    store.write([reading(NOON + minutes(number), number) for number in (10, 0, 5)])
    assert store.read(KEY, ALL).values.tolist() == [0, 5, 10]


def test_windows_outside_their_own_limit_are_found(store: ReadingStore) -> None:
    """Above an upper, below a lower; equal is within; what has no limit or no value is not outside it."""
    low, high = LimitKind.LOW, LimitKind.HIGH
    limits = [
        (150.0, high, None, 135.0), (135.0, high, None, 135.0), (3.9, low, 4.0, None), (4.0, low, 4.0, None),
        (5.0, low | high, 5.5, 9.0), (7.0, low | high, 5.5, 9.0), (999.0, LimitKind.NONE, None, None),
        (None, low | high, 5.5, 9.0), (None, high, None, -1.0),
    ]  # fmt: skip
    points = [
        point(NOON + timedelta(hours=place), value, limit_low=below, limit_high=above, limit_kind=kind)
        for place, (value, kind, below, above) in enumerate(limits)
    ]
    store.write_rollups(points)
    key = SeriesKey(points[0].station, points[0].parameter)
    found = store.read_outside(points[0].kind, [key, KEY], ALL)
    assert [one.value for one in found[key]] == [150.0, 3.9, 5.0]
    assert found[key][0] == points[0]
    given = store.read_outside(points[0].kind, [key], ALL, Bound(None, 135.0))
    assert [one.value for one in given[key]] == [150.0, 999.0]
    assert store.read_outside(points[0].kind, [key], ALL, Bound(None, 999.0 - 1e-13 * 999))[key] == []
    few = store.read_outside(points[0].kind, [key], Window(NOON, NOON + timedelta(hours=2)))
    assert [one.value for one in few[key]] == [3.9]


def test_what_is_not_there_is_empty(store: ReadingStore) -> None:
    """An unknown series, an empty write and an empty question are no errors."""
    store.write([])
    store.write_rollups([])
    store.write_indices([])
    assert len(store.read(KEY, ALL)) == 0
    assert store.find({}) == []
    assert store.latest([]) == []
    assert store.count() == 0
    assert store.read_rollups(WindowKind.HOUR, [KEY], ALL) == {KEY: []}


def test_flags_are_judged_again_without_touching_what_was_measured(store: ReadingStore) -> None:
    """Quality control judges and never erases."""
    store.write([reading(value=3.5, status=Status.CALIBRATING, seq=640)])
    store.write_flags([reading(value=99.0, seq=1, flag=Flag.SUSPECT, reasons=Reason.RANGE, checks=2)])
    expected = reading(value=3.5, status=Status.CALIBRATING, seq=640, flag=Flag.SUSPECT, reasons=Reason.RANGE, checks=2)
    assert store.find({KEY: ALL}) == [expected]


def test_the_latest_reading_of_each_series(store: ReadingStore) -> None:
    """One per series of the stations asked for, and of no others."""
    newest = reading(NOON + minutes(5), 2.0)
    other = reading(NOON, 7.1, parameter="ph")
    store.write([reading(), newest, other, reading(station="NT-2")])
    assert sorted(store.latest(["NT-1"]), key=lambda one: one.parameter) == [newest, other]


def test_how_far_series_reach(store: ReadingStore) -> None:
    """The first and the last reading of each series that has any, also where judgements lie further out."""
    store.write([reading(NOON + minutes(number), number) for number in (10, 0, 5)])
    store.write([reading(NOON, None, station="KK-1", parameter="pm25", flag=Flag.MISSING), reading(station="NT-2")])
    store.write_flags([reading(NOON - minutes(5)), reading(NOON + minutes(60)), reading(NOON, parameter="ph")])
    assert store.reach(["NT-1", "KK-1", "NT-9"]) == {
        KEY: (NOON, NOON + minutes(10)), SeriesKey("KK-1", "pm25"): (NOON, NOON),
    }  # fmt: skip
    assert store.reach([]) == {}


def test_many_readings_of_many_series(store: ReadingStore) -> None:
    """More than one request's worth."""
    readings = [
        reading(NOON + minutes(number), number, station=f"S-{number % 7}", seq=64 * number) for number in range(11_000)
    ]
    store.write(readings)
    assert store.count() == 11_000
    assert len(store.read(SeriesKey("S-3", "cod"), Window(NOON, NOON + minutes(20_000)))) == 1_571


def test_a_rollup_is_read_back_as_it_was(store: ReadingStore) -> None:
    """Every field of it, limits and bits included."""
    one = point(
        minimum=0.5, maximum=2.25, suspect=1, calibrating=2, fault=3, limit_low=5.5, limit_high=9.0,
        limit_kind=LimitKind.LOW | LimitKind.HIGH | LimitKind.CONFIRMED, state=RollupState.VERIFIED, revision=2,
        configuration=2**62 + 1,
    )  # fmt: skip
    store.write_rollups([one])
    assert store.read_rollups(WindowKind.HOUR, [KEY], ALL) == {KEY: [one]}


def test_a_window_that_lost_its_value_cannot_be_read_back_as_having_one(store: ReadingStore) -> None:
    """Nothing counted means no value, whatever an older point said."""
    store.write_rollups([point(value=8.0, limit_high=9.0, limit_kind=LimitKind.HIGH)])
    store.write_rollups([point(value=None, revision=1)])
    assert store.read_rollups(WindowKind.HOUR, [KEY], ALL) == {KEY: [point(value=None, revision=1)]}


def test_windows_as_arrays_are_the_points_one_by_one(store: ReadingStore) -> None:
    """Written either way and read either way: values, counts, limits, bits and history, with and without a value."""
    ones = [
        point(minimum=0.5, suspect=1, calibrating=2, fault=3, limit_low=5.5, limit_kind=LimitKind.LOW),
        point(NOON + minutes(60), None, limit_high=9.0, limit_kind=LimitKind.HIGH | LimitKind.CONFIRMED, expected=0),
        point(NOON + minutes(120), -0.1, state=RollupState.VERIFIED, revision=2, configuration=2**62 + 1),
    ]  # fmt: skip
    other = point(parameter="ph", kind=WindowKind.YEAR, value=7.125)
    ph = SeriesKey("NT-1", "ph")
    store.write_rollups([*reversed(ones), other])
    found = store.read_windows(WindowKind.HOUR, [KEY, ph], ALL)
    assert {key: one.points() for key, one in found.items()} == {KEY: ones, ph: []}
    assert np.isnan(found[KEY].values[1])
    store.write_rollups([point(one.mark, 99.0, limit_low=1.0, limit_kind=LimitKind.LOW) for one in ones])
    store.write_windows([*found.values(), *store.read_windows(WindowKind.YEAR, [ph], ALL).values()])
    assert store.read_rollups(WindowKind.HOUR, [KEY], ALL) == {KEY: ones}
    assert store.read_rollups(WindowKind.YEAR, [ph], ALL) == {ph: [other]}
    store.write_windows([])


def test_windows_of_different_kinds_do_not_mix(store: ReadingStore) -> None:
    """An hour and a day with the same mark are two points."""
    store.write_rollups([point(), point(kind=WindowKind.DAY, value=3.0)])
    assert store.read_rollups(WindowKind.DAY, [KEY], ALL) == {KEY: [point(kind=WindowKind.DAY, value=3.0)]}


def test_indices_are_read_back_in_order(store: ReadingStore) -> None:
    """By station and time; one that could not be computed stays without a value."""
    known = IndexPoint(
        "KK-1", "vn_aqi", WindowKind.HOUR, NOON, 127, 3, "pm25", 63.2, ("co", "o3"), "qd1459-2019-day", 2**62 + 1
    )
    unknown = IndexPoint("KK-1", "vn_aqi", WindowKind.HOUR, NOON + minutes(60), None, missing=("pm25", "pm10"))
    day = IndexPoint("KK-1", "vn_aqi", WindowKind.DAY, NOON, 90, 2, "pm10", 81.0)
    store.write_indices([unknown, known, day])
    assert store.read_indices("vn_aqi", WindowKind.HOUR, ["KK-1"], ALL) == [known, unknown]
    store.write_indices([IndexPoint("KK-1", "vn_aqi", WindowKind.HOUR, NOON, None)])
    assert store.read_indices("vn_aqi", WindowKind.HOUR, ["KK-1"], ALL)[0] == IndexPoint(
        "KK-1", "vn_aqi", WindowKind.HOUR, NOON, None
    )


def test_a_window_without_a_reading_carries_its_limit(store: ReadingStore) -> None:
    """No value does not mean no limit, and an open side stays open."""
    one = point(value=None, limit_low=6.0, limit_kind=LimitKind.LOW, expected=12, calibrating=12)
    store.write_rollups([one])
    assert store.read_rollups(WindowKind.HOUR, [KEY], ALL) == {KEY: [one]}


def test_windows_come_by_series_in_the_order_of_time(store: ReadingStore) -> None:
    """Exactly those asked for, whatever else their stations and parameters have."""
    wanted = [SeriesKey("NT-1", "cod"), SeriesKey("NT-2", "ph"), SeriesKey("NT-9", "tss")]
    points = [
        point(NOON + minutes(60 * hour), float(hour), station=station, parameter=parameter)
        for hour in (2, 0, 1)
        for station, parameter in [("NT-1", "cod"), ("NT-1", "ph"), ("NT-2", "cod"), ("NT-2", "ph")]
    ]
    store.write_rollups(points)
    found = store.read_rollups(WindowKind.HOUR, wanted, Window(NOON - minutes(1), NOON + minutes(120)))
    assert list(found) == wanted
    assert [[one.value for one in found[key]] for key in wanted] == [[0, 1, 2], [0, 1, 2], []]
    assert {one.station for one in found[wanted[1]]} == {"NT-2"}


def test_every_series_is_found_in_its_own_window(store: ReadingStore) -> None:
    """Series of several media, with windows near and far from each other."""
    air, near, far = SeriesKey("KK-1", "pm25"), SeriesKey("NT-1", "cod"), SeriesKey("NT-2", "cod")
    store.write([
        reading(NOON + timedelta(days=day), 1.0, station=key.station, parameter=key.parameter)
        for key in (air, near, far)
        for day in (0, 1, 30)
    ])
    wanted = {
        air: Window(NOON - minutes(1), NOON),
        near: Window(NOON, NOON + timedelta(days=1)),
        far: Window(NOON + timedelta(days=29), NOON + timedelta(days=30)),
    }
    found = {(one.series, (one.measured_at - NOON).days) for one in store.find(wanted)}
    assert found == {(air, 0), (near, 1), (far, 30)}


def test_the_latest_reading_may_be_a_missing_one_of_any_medium(store: ReadingStore) -> None:
    """What is newest is said, even where it has no value."""
    missing = reading(NOON + minutes(5), None, flag=Flag.MISSING)
    air = reading(NOON, 41.2, station="KK-1", parameter="pm25")
    store.write([reading(), missing, air])
    assert sorted(store.latest(["NT-1", "KK-1", "NT-7"]), key=lambda one: one.station) == [air, missing]


def test_flags_of_a_reading_that_is_not_there_make_none(store: ReadingStore) -> None:
    """A judgement is no measurement."""
    store.write_flags([reading(flag=Flag.SUSPECT)])
    assert store.find({KEY: ALL}) == []
    assert store.latest(["NT-1"]) == []
    assert store.count() == 0
    assert len(store.read(KEY, ALL)) == 0


def test_the_readings_of_many_series_are_read_as_each_alone(store: ReadingStore) -> None:
    """Of several stations and media, with what is missing, judged or not there; no series is left out."""
    keys = [SeriesKey(*one) for one in (("NT-1", "cod"), ("NT-1", "ph"), ("KK-1", "pm25"), ("NT-9", "cod"))]
    judged = {"flag": Flag.FAIL, "status": Status.FAULT, "reasons": Reason(1), "checks": 2**31 - 1}
    store.write([
        *(reading(NOON + minutes(number), number / 3, station="NT-1") for number in (10, 5, 0)),
        reading(NOON + minutes(5), None, parameter="ph", flag=Flag.MISSING),
        reading(NOON + minutes(6), 7.1, parameter="ph", **judged),
        reading(NOON + minutes(7), 41.2, station="KK-1", parameter="pm25"),
        reading(NOON + minutes(7), 1.0, station="KK-1", parameter="ph"),
    ])  # fmt: skip
    store.write_flags([reading(NOON + minutes(8), flag=Flag.SUSPECT)])
    span = Window(NOON, NOON + minutes(10))
    found = store.read_many(keys, span)
    assert list(found) == keys
    assert [one.values.tolist() for one in (found[keys[0]], found[keys[2]], found[keys[3]])] == [
        [5 / 3, 10 / 3], [41.2], [],
    ]  # fmt: skip
    ph = found[keys[1]]
    assert np.array_equal(ph.values, [np.nan, 7.1], equal_nan=True)
    assert [ph.status.tolist(), ph.flags.tolist()] == [[0, 2], [9, 4]]
    assert [ph.reasons.tolist(), ph.checks.tolist()] == [[0, 1], [0, 2**31 - 1]]
    assert [moment.dtype for moment in (ph.times, ph.values, ph.flags)] == [np.int64, np.float64, np.int8]
    for key in keys:
        alone = store.read(key, span)
        assert np.array_equal(alone.times, found[key].times)
        assert np.array_equal(alone.values, found[key].values, equal_nan=True)


@pytest.mark.parametrize("name", ["Trạm 1, Đức Hòa", 'a"b', "it's", "x=y", "back\\slash", "; DROP"])
def test_a_name_is_only_a_name(store: ReadingStore, name: str) -> None:
    """Nothing in it is read as part of a question or of a line."""
    one = reading(station=name, parameter=name)
    store.write([one, reading()])
    assert store.find({SeriesKey(name, name): ALL}) == [one]
    assert store.latest([name]) == [one]
    store.write_rollups([point(station=name, parameter=name)])
    key = SeriesKey(name, name)
    assert store.read_rollups(WindowKind.HOUR, [key], ALL) == {key: [point(station=name, parameter=name)]}


def test_means_are_windows_as_arrays(store: ReadingStore) -> None:
    """Those in the span, ascending; one without a value has none, and a series without windows is not left out."""
    other = SeriesKey("NT-1", "ph")
    marks = [NOON + minutes(60 * number) for number in (2, 0, 1)]
    store.write_rollups([
        point(marks[0], 0.0, valid=9), point(marks[1], 1.5), point(marks[2], None), point(marks[2], 7.0, station="NT-2"),
        point(marks[2], 9.0, kind=WindowKind.DAY),
    ])  # fmt: skip
    found = store.read_means(WindowKind.HOUR, [KEY, other], Window(NOON, NOON + minutes(120)))
    assert found[KEY].marks.tolist() == [int(one.timestamp() * 1_000_000) for one in (marks[2], marks[0])]
    np.testing.assert_array_equal(found[KEY].values, [np.nan, 0.0])
    assert (found[KEY].valid.tolist(), found[KEY].expected.tolist()) == ([0, 9], [12, 12])
    assert len(found[other].marks) == 0


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    offset=st.integers(0, 10**15),
    seq=st.integers(0, 2**62),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_and_times_are_kept_to_the_last_digit(store: ReadingStore, value: float, offset: int, seq: int) -> None:
    """Any float, any microsecond, any message number."""
    one = reading(NOON + timedelta(microseconds=offset), value, seq=seq)
    store.write([one])
    assert store.find({KEY: Window(one.measured_at - minutes(1), one.measured_at)})[-1] == one


def test_a_window_may_be_all_of_time(store: ReadingStore) -> None:
    """Further than a store can count: what is there is found."""
    store.write([reading()])
    every = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert store.find({KEY: every}) == [reading()]
    assert len(store.read(KEY, every)) == 1


def test_health_is_taken_and_the_store_answers(store: ReadingStore) -> None:
    """What the service says of itself is written beside the readings."""
    for stored in (5, 5.5, 0):
        tags = {"part": "ingest", "worker": "main"}
        store.write_health(NOON, [HealthPoint("health", tags, {"stored": stored, "lag": 0.25})])
    store.write_health(NOON, [HealthPoint("station", {"station": "NT-1"}, {"skew": 1})])
    store.write_health(NOON, [])
    store.ping()
