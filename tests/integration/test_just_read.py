"""Figures are the same whether the roller is handed what the flagger has just read, or reads it again."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.just_read import JustRead
from analysis.roller import Roller
from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from quality.assess import CHECKS_VERSION
from storage.sqlite import SqliteReadings
from support.chain import ALL_TIME, STATIONS, Chain, configured, in_pieces

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
PM25, PM10 = SeriesKey("KK-1", "pm25"), SeriesKey("KK-1", "pm10")


class ReadingTwice(Chain):
    """A chain whose roller reads everything from the store."""

    def run(self) -> None:
        made = self.figures
        for step in (made.flagger.run, made.deriver.run, made.states.run, self.roller().run, made.states.run):
            step()
        self.judge.run()

    def roller(self) -> Roller:
        return Roller(self.registry, self.store, self.engine, self.clock)


def reading(place: int, value: float | None, seq: int = 1, series: SeriesKey = PM25) -> Reading:
    flag = Flag.MISSING if value is None else Flag.GOOD
    return Reading(*series, START + place * MINUTES, value, Status.MEASURING, flag, checks=CHECKS_VERSION, seq=seq)


def figures(chain: Chain) -> list[RollupPoint]:
    """Return every window, with its revision."""
    read = (chain.store.read_rollups(kind, chain.series, ALL_TIME) for kind in WindowKind)
    return [point for found in read for points in found.values() for point in points]


VALUES = st.sampled_from([20.0, 20.0, 21.0, 7.0, 55.0, 300.0, 1500.0, None])
PLACES = st.integers(1, 500)
STEPS = st.tuples(PLACES, VALUES, st.sampled_from(STATIONS))


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=120), st.integers(0, 1_000))
def test_figures_and_their_revisions_are_those_of_reading_twice(steps: list[Any], chance: int) -> None:
    """In any order, late, with other values, with restarts between: two days of an area's stations."""
    readings = [
        reading(place, value, seq, SeriesKey(name, "pm25")) for seq, (place, value, name) in enumerate(steps, 1)
    ]
    with TemporaryDirectory() as folder:
        once = Chain.open(Path(folder) / "once", configured(), START)
        twice = ReadingTwice.open(Path(folder) / "twice", configured(), START)
        for chain in (once, twice):
            in_pieces(chain, readings, random.Random(chance), most=40)
            chain.finish()
        assert figures(once) == figures(twice)
        assert once.flags() == twice.flags()
        once.close()
        twice.close()


def hours(chain: Chain) -> list[tuple[float | None, int, int]]:
    found = chain.store.read_rollups(WindowKind.HOUR, [PM10], ALL_TIME)[PM10]
    return [(one.value, one.valid, one.revision) for one in found]


def test_a_late_reading_that_comes_after_the_flagger_has_read_is_in_the_figures_of_the_next_run(tmp_path: Path) -> None:
    """As if it had come after the roller had read."""
    chain = Chain.open(tmp_path, configured(), START + 2 * HOUR)
    chain.feed(reading(place, 20.0, 1, PM10) for place in range(1, 25) if place != 5)
    chain.figures.flagger.run()
    chain.feed([reading(5, 32.0, 2, PM10)])
    chain.figures.roller.run()
    assert hours(chain) == [(20.0, 11, 0), (20.0, 12, 0)]
    chain.finish()
    assert hours(chain) == [(21.0, 12, 1), (20.0, 12, 0)]
    chain.close()


def test_an_hour_that_ends_after_the_flagger_has_read_is_made_of_all_its_readings(tmp_path: Path) -> None:
    """It is made once, and not of what there was of it before."""
    chain = Chain.open(tmp_path, configured(), START + HOUR)
    chain.feed(reading(place, 20.0, 1, PM10) for place in range(1, 20))
    chain.figures.flagger.run()
    chain.clock.moment = START + 2 * HOUR
    chain.feed(reading(place, 32.0, 2, PM10) for place in range(20, 25))
    chain.figures.roller.run()
    chain.finish()
    assert hours(chain) == [(20.0, 12, 0), (25.0, 12, 0)]
    chain.close()


class Meanwhile(SqliteReadings):
    """A store into which readings come just after it has been read for the first time."""

    then: Any = None

    def read_many(self, series: Any, window: Window) -> Any:
        found = super().read_many(series, window)
        then, self.then = self.then, None
        if then is not None:
            then()
        return found


def test_a_station_that_is_judged_twice_in_one_run_has_figures_of_what_was_read_last(tmp_path: Path) -> None:
    """The spans of both times are done with this one run."""
    store = Meanwhile(tmp_path / "readings.sqlite")
    chain = Chain.open(tmp_path, configured(), START + 2 * HOUR, store)
    chain.feed(reading(place, 20.0, 1, PM10) for place in range(1, 25))
    store.then = lambda: chain.feed([reading(5, 32.0, 2, PM10)])
    chain.finish()
    assert hours(chain) == [(21.0, 12, 0), (20.0, 12, 0)]
    chain.close()


def kept(tmp_path: Path, most: int = 100) -> tuple[JustRead, SqliteReadings]:
    """Return a store, and what was read from it before a reading changed."""
    store = SqliteReadings(tmp_path / "readings.sqlite")
    store.write([reading(place, 20.0) for place in range(1, 25)])
    just_read = JustRead(store, most)
    just_read.keep(PM25, ALL_TIME, store.read(PM25, ALL_TIME))
    store.write([reading(3, 99.0, 2)])
    return just_read, store


def third(just_read: JustRead, after: datetime = START, until: datetime = START + HOUR) -> float:
    found = just_read.read_many([PM25], Window(after, until))[PM25]
    return float(found.values[found.times.tolist().index(int((START + 3 * MINUTES).timestamp()) * 1_000_000)])


def test_only_hours_that_were_read_to_their_end_are_answered_from_memory(tmp_path: Path) -> None:
    """What is before the first hour that has readings, or after the last reading, is asked of the store."""
    just_read, store = kept(tmp_path)
    assert third(just_read) == 20.0
    assert third(just_read, until=START + 2 * HOUR) == 20.0
    assert third(just_read, until=START + 2 * HOUR + MINUTES) == 99.0
    assert third(just_read, after=START - HOUR) == 99.0
    store.close()


def test_a_station_that_is_judged_again_is_read_again(tmp_path: Path) -> None:
    """Else figures would be made of what was there before, and nothing would say so."""
    just_read, store = kept(tmp_path)
    just_read.forget("KK-2")
    assert third(just_read) == 20.0
    just_read.forget("KK-1")
    assert third(just_read) == 99.0
    store.close()


def test_no_more_is_kept_than_there_is_room_for(tmp_path: Path) -> None:
    """What does not fit is read from the store."""
    just_read, store = kept(tmp_path, most=23)
    assert third(just_read) == 99.0
    store.close()
