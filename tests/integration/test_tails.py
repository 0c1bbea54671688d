"""Flags are the same whether the days before a reading are remembered or read again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tails import Tails
from domain.flag import Flag, Reason
from domain.moment import micros
from domain.reading import Reading, SeriesKey, Status
from domain.window import Window
from quality.assess import CHECKS_VERSION
from storage.readings import Series, StoreUnavailable
from storage.sqlite import SqliteReadings
from support.chain import ALL_TIME, STATIONS, Chain, configured

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
MINUTES = timedelta(minutes=5)
COD, PH = SeriesKey("KK-1", "cod"), SeriesKey("KK-1", "ph")


def reading(place: int, value: float | None, seq: int = 1, series: SeriesKey = COD) -> Reading:
    flag = Flag.MISSING if value is None else Flag.GOOD
    return Reading(*series, START + place * MINUTES, value, Status.MEASURING, flag, checks=CHECKS_VERSION, seq=seq)


SERIES = st.sampled_from([*(SeriesKey(name, "pm25") for name in STATIONS), SeriesKey("KK-1", "pm10")])
VALUES = st.sampled_from([20.0, 20.0, 20.0, 21.0, 7.0, 55.0, 300.0, 1500.0, None])
# Mostly the next minutes, sometimes what is late, or comes again; now and then a day later.
STEPS = st.sampled_from([1, 1, 1, 1, 1, 2, 0, -1, -7, 290])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.tuples(SERIES, STEPS, VALUES), min_size=1, max_size=6), min_size=1, max_size=25))
def test_flags_are_those_of_reading_everything_afresh(batches: list[list[Any]]) -> None:
    """After each run, of a process that goes on and one that starts again and again."""
    with TemporaryDirectory() as folder:
        goes_on = Chain.open(Path(folder) / "on", configured(), START)
        starts = Chain.open(Path(folder) / "again", configured(), START)
        places, seq = dict[SeriesKey, int](), 0
        for batch in batches:
            found = {}
            for series, step, value in batch:
                places[series], seq = max(1, places.get(series, 10) + step), seq + 1
                found[series, places[series]] = reading(places[series], value, seq, series)
            for chain in (goes_on, starts.again()):
                chain.clock.moment = START + (max(places.values()) + 1) * MINUTES
                chain.feed(found.values())
                chain.run()
            assert goes_on.flags() == starts.flags()
        goes_on.close()
        starts.close()


class Asked(SqliteReadings):
    """A store that notes for which time readings are asked of it, and fails to write flags when told to."""

    fails = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[datetime] = []
        self.written = 0

    def read_many(self, series: Any, window: Window) -> dict[SeriesKey, Series]:
        self.asked.append(window.start)
        return super().read_many(series, window)

    def write_flags(self, readings: Any) -> None:
        super().write_flags(readings)
        self.written += len(readings)
        if self.fails:
            raise StoreUnavailable("it ended while writing")


def looked(tails: Tails, until: int) -> list[float]:
    """Look at the station, from its first reading; its flags are written, and it is remembered."""
    tails.begin("KK-1")
    found = tails.read("KK-1", [COD, PH], Window(START, START + until * MINUTES))
    tails.settle("KK-1", micros(START))
    return found[COD].values.tolist()


def remembering(tmp_path: Path, most: int = 1_000) -> tuple[Tails, Asked]:
    store = Asked(tmp_path / "readings.sqlite")
    store.write([reading(place, float(place)) for place in range(1, 6)])
    tails = Tails(store, most)
    assert looked(tails, 10) == [1, 2, 3, 4, 5]
    store.asked.clear()
    return tails, store


def test_only_what_is_new_is_asked_of_the_store(tmp_path: Path) -> None:
    """Each series from its own newest reading on: one that has none from the beginning."""
    tails, store = remembering(tmp_path)
    store.write([reading(6, 6.0), reading(2, 7.0, 1, PH)])
    assert looked(tails, 10) == [1, 2, 3, 4, 5, 6]
    assert store.asked == [START, START + 5 * MINUTES]
    assert looked(tails, 4) == [1, 2, 3, 4]
    store.close()


def test_a_change_of_what_is_remembered_has_it_read_again(tmp_path: Path) -> None:
    """A change behind it does not, and one of another station neither."""
    tails, store = remembering(tmp_path)
    tails.changed(COD, micros(START + 6 * MINUTES))
    tails.changed(SeriesKey("KK-2", "cod"), 0)
    looked(tails, 10)
    assert START + 5 * MINUTES in store.asked
    store.write([reading(5, 50.0, 2)])
    tails.changed(COD, micros(START + 5 * MINUTES))
    store.asked.clear()
    assert looked(tails, 10) == [1, 2, 3, 4, 50]
    assert store.asked == [START]
    store.close()


def test_what_is_before_it_is_asked_of_the_store(tmp_path: Path) -> None:
    """All of it is read again."""
    tails, store = remembering(tmp_path)
    tails.read("KK-1", [COD, PH], Window(START - MINUTES, START + 10 * MINUTES))
    assert store.asked == [START - MINUTES]
    store.close()


def test_no_more_is_remembered_than_there_is_room_for(tmp_path: Path) -> None:
    """What does not fit is read again, and nothing else is lost."""
    tails, store = remembering(tmp_path, most=4)
    assert looked(tails, 10) == [1, 2, 3, 4, 5]
    assert store.asked == [START]
    store.close()


def test_after_a_write_that_fails_flags_are_compared_with_those_in_the_store(tmp_path: Path) -> None:
    """It may have written some: those that are to be as they were before are written again."""
    store = Asked(tmp_path / "readings.sqlite")
    chain = Chain.open(tmp_path, configured(), START, store)
    pm25 = SeriesKey("KK-1", "pm25")
    chain.feed(reading(place, 20.0 + place % 2, 1, pm25) for place in range(1, 10))
    chain.finish()
    store.fails = True
    chain.feed([reading(10, 200.0, 2, pm25), reading(11, 20.0, 2, pm25)])
    try:
        chain.run()
    except StoreUnavailable:
        store.fails = False
    assert not store.fails
    assert Flag.FAIL in store.read(pm25, ALL_TIME).flags
    chain.feed([reading(10, 21.0, 3, pm25)])
    chain.finish()
    assert set(store.read(pm25, ALL_TIME).flags.tolist()) <= {Flag.GOOD, Flag.NOT_EVALUATED, Flag.SUSPECT}
    chain.close()


def test_what_is_remembered_has_the_flags_and_values_that_are_stored(tmp_path: Path) -> None:
    """A flag that has been written is not written again, and the newest reading may come with another value."""
    store = Asked(tmp_path / "readings.sqlite")
    chain, pm25 = Chain.open(tmp_path, configured(), START + 20 * MINUTES, store), SeriesKey("KK-1", "pm25")

    def come(*readings: Reading) -> int:
        store.asked.clear()
        store.written = 0
        chain.feed(readings)
        chain.run()
        return store.written

    come(*(reading(place, 20.0 + place % 2, place, pm25) for place in range(1, 10)))
    come(reading(10, 90.0, 10, pm25))
    assert come(reading(11, 20.0, 11, pm25)) > 0
    assert Reason.SPIKE in Reason(int(store.read(pm25, ALL_TIME).reasons[9]))
    come(reading(12, 21.0, 12, pm25))
    assert come(reading(13, 20.0, 13, pm25)) == 0
    assert START + 12 * MINUTES in store.asked
    come(reading(13, 5000.0, 14, pm25))
    assert store.read(pm25, ALL_TIME).flags[12] == Flag.FAIL
    chain.close()
