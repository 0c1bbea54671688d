"""The roller comes to the same windows whatever store is behind it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.verifying import MonthStates, mark
from domain.clock import SetClock
from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import RollupState
from domain.window import Window, WindowKind
from storage import verifications
from storage.readings import ReadingStore
from storage.state import open_state, writing
from storage.verifications import Verification
from support.configured import station
from support.rolled import Bench, configured, every, slow_daily_figures, slow_figures

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
KEYS = [SeriesKey(name, parameter) for name in ("KK-1", "KK-2") for parameter in ("pm25", "so2")]


@pytest.fixture
def made(store: ReadingStore, tmp_path: Path) -> Bench:
    known = configured(*(station(name, interval="10 min") for name in ("KK-1", "KK-2")))
    clock = SetClock(START + timedelta(hours=40))
    return Bench(known, store, open_state(f"sqlite:///{tmp_path}/state.sqlite"), clock, KEYS[0])


def test_windows_are_those_of_a_slow_calculation(made: Bench) -> None:
    """Several series at once, a late reading and a silent end; unchanged windows are not written again."""
    readings = {
        key: every(timedelta(minutes=10), START, [place + number / 10 for number in range(200)], key)
        for place, key in enumerate(KEYS)
    }
    made.feed(one for series in readings.values() for one in series[:50] + series[51:])
    made.roll()
    made.feed(series[50] for series in readings.values())
    made.roll()
    for key in KEYS:
        made.key = key
        expected, found = slow_figures(readings[key], made), made.figures()
        assert found.keys() == expected.keys()
        assert all(list(found[mark]) == [_near(one) for one in expected[mark]] for mark in expected)
        assert made.points()[START + timedelta(hours=9)].revision == 1
    assert made.roll() == 0


def test_months_seasons_and_years_are_those_of_a_slow_calculation(store: ReadingStore, tmp_path: Path) -> None:
    """A value a day from November to May, one of them late; what is unchanged is not written again."""
    key = SeriesKey("KK-1", "pm25")
    known = configured(station("KK-1", parameters=[{"id": "pm25", "interval": "1 d"}]))
    engine = open_state(f"sqlite:///{tmp_path}/state.sqlite")
    bench = Bench(known, store, engine, SetClock(datetime(2026, 5, 20, tzinfo=UTC)), key)
    days = every(timedelta(days=1), datetime(2025, 11, 20, 3, tzinfo=UTC), [number / 10 for number in range(180)], key)
    bench.feed(days[:30] + days[31:])
    while bench.roll():
        pass
    bench.feed([days[30]])
    assert bench.roll() == 4, "the day, its month, its season and its year"
    expected, found = slow_daily_figures(days, bench), bench.figures()
    assert found.keys() == expected.keys()
    assert all(list(found[mark]) == [_near(one) for one in expected[mark]] for mark in expected)
    assert {kind for kind, _ in found} >= {WindowKind.MONTH, WindowKind.SEASON, WindowKind.YEAR}
    assert bench.roll() == 0


def test_indices_of_stations_are_made_together(made: Bench) -> None:
    """One value for each station and hour, none before two hours of particles are there."""
    for station_id in ("KK-1", "KK-2"):
        made.feed(every(timedelta(minutes=10), START, [25.0] * 60, SeriesKey(station_id, "pm25")))
    made.roll()
    span = Window(START, START + timedelta(hours=10))
    found = made.store.read_indices("vn_aqi", WindowKind.HOUR, ["KK-1", "KK-2"], span)
    assert [(one.station, one.value) for one in found] == [
        (name, value) for name in ("KK-1", "KK-2") for value in [None, *[50] * 9]
    ]


def _near(expected: object) -> object:
    return expected if expected is None else pytest.approx(expected, rel=1e-14)


def test_the_word_of_whoever_verified_a_month_is_carried_and_taken_back(made: Bench) -> None:
    """One series of several: the others, and what was measured, stay as they were."""
    for key in KEYS:
        made.feed(every(timedelta(minutes=10), START, [25.0] * 200, key))
    made.roll()
    before, march = made.figures(), Month(2026, 3)
    with writing(made.engine) as connection:
        verifications.add(connection, [Verification(made.key, march, "A", "x", made.clock.now())])
        mark(connection, [(made.key, march)], made.registry.zone)
    states = MonthStates(made.registry, made.store, made.engine)
    assert states.run() == len(before)
    assert {point.state for point in made.points().values()} == {RollupState.VERIFIED}
    assert {point.state for point in made.points(key=KEYS[1]).values()} == {RollupState.PROVISIONAL}
    assert made.figures() == before
    made.feed(every(timedelta(minutes=10), START, [99.0], made.key, seq=999))
    made.roll()
    states.run()
    assert {point.state for point in made.points().values()} == {RollupState.PROVISIONAL}
