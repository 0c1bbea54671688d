"""The roller against published averages and an independent calculation."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from analysis.roller import Roller
from domain.clock import SetClock
from domain.flag import Flag
from domain.reading import Reading, SeriesKey
from domain.window import Window, WindowKind
from registry.lookup import Registry
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.configured import registry, station
from support.feeding import feed
from support.shared import shared

FOREVER = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


@dataclass
class Bench:
    registry: Registry
    store: SqliteReadings
    engine: Engine
    clock: SetClock

    def roll(self) -> int:
        return Roller(self.registry, self.store, self.engine, self.clock).run()

    def value(self, kind: WindowKind, name: str, parameter: str = "pm25") -> dict[datetime, float | None]:
        key = SeriesKey(name, parameter)
        return {one.mark: one.value for one in self.store.read_rollups(kind, [key], FOREVER)[key]}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    def make(*names: str, interval: str = "1 h", now: datetime) -> Bench:
        stations = [station(name, interval=interval) for name in names]
        return Bench(
            registry(*stations),
            SqliteReadings(tmp_path / "readings.sqlite"),
            open_state(f"sqlite:///{tmp_path}/state.sqlite"),
            SetClock(now),
        )

    yield make


def rows(path: Path, parameter: str) -> Iterator[tuple[str, datetime, float]]:
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            if row["parameter"] == parameter and row["value"]:
                yield row["station"], datetime.fromisoformat(row["timestamp"]), float(row["value"])


def test_running_24_hour_means_equal_what_singapore_published(bench: Callable[..., Bench]) -> None:
    """NEA's own 24-hour PM2.5 at the same stamp: equal when rounded in 94 % of full hours, within 1 in 99 %."""
    source = shared("data/air-singapore-nea/sg_pm25_hourly_2016-12_2017-03.csv.gz")
    answers = shared("data/air-singapore-nea/sg_published_2016-12_2017-03.csv.gz")
    names = ("sg-north", "sg-south", "sg-east", "sg-west", "sg-central")
    made = bench(*names, now=datetime(2017, 4, 1, tzinfo=UTC))
    readings = [Reading(name, "pm25", at, value, flag=Flag.GOOD, seq=64) for name, at, value in rows(source, "pm25")]
    feed(readings, made.store, made.engine, made.clock.now())
    made.roll()
    published = {(name, at): value for name, at, value in rows(answers, "pm25_24h_mean")}
    compared = []
    for name in names:
        for point in made.store.read_rollups(WindowKind.HOUR24, [SeriesKey(name, "pm25")], FOREVER)[(name, "pm25")]:
            if point.valid == 24 and (name, point.mark) in published and point.value is not None:
                compared.append(abs(round(point.value) - published[name, point.mark]))
    assert len(compared) > 7_000
    assert sum(difference == 0 for difference in compared) / len(compared) >= 0.93
    assert sum(difference <= 1 for difference in compared) / len(compared) >= 0.99


def test_days_equal_an_independent_calculation(bench: Callable[..., Bench]) -> None:
    """Beijing PM2.5 by the local day 01:00–24:00, three quarters of its hours needed for confirmation, none for show."""
    source = shared("data/air-beijing-prsa/beijing_6st_2016-03_2017-02.csv.gz")
    found = list(rows(source, "pm25"))
    name = found[0][0]
    mine = [(at, value) for one, at, value in found if one == name]
    made = bench(name, now=datetime(2017, 3, 10, tzinfo=UTC))
    feed(
        [Reading(name, "pm25", at, value, flag=Flag.GOOD, seq=64) for at, value in mine],
        made.store, made.engine, made.clock.now(),
    )  # fmt: skip
    made.roll()
    days: dict[datetime, list[float]] = defaultdict(list)
    for at, value in mine:
        local = at + timedelta(hours=7) - timedelta(microseconds=1)
        days[datetime(local.year, local.month, local.day, tzinfo=UTC) - timedelta(hours=7)].append(value)
    rolled = {day: value for day, value in made.value(WindowKind.DAY, name).items() if value is not None}
    assert rolled.keys() == days.keys()
    assert all(abs(rolled[day] - sum(values) / len(values)) < 1e-9 for day, values in days.items())


def test_a_late_reading_repairs_history_and_the_old_figure_stays(bench: Callable[..., Bench]) -> None:
    """An hour that was judged without its last reading gets revision 1; a second run changes nothing."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    made = bench("A-1", interval="5 min", now=start + timedelta(hours=3))
    all_readings = [
        Reading("A-1", "pm25", start + timedelta(minutes=5 * number), float(number), flag=Flag.GOOD, seq=64 + number)
        for number in range(1, 37)
    ]
    late = all_readings[11]
    feed([one for one in all_readings if one is not late], made.store, made.engine, made.clock.now())
    made.roll()
    key = SeriesKey("A-1", "pm25")
    first = made.store.read_rollups(WindowKind.HOUR, [key], FOREVER)[key]
    assert [(one.valid, one.expected, one.revision) for one in first] == [(11, 12, 0), (12, 12, 0), (12, 12, 0)]
    feed([late], made.store, made.engine, made.clock.now())
    assert made.roll() > 0
    again = made.store.read_rollups(WindowKind.HOUR, [key], FOREVER)[key]
    assert [(one.valid, one.revision) for one in again] == [(12, 1), (12, 0), (12, 0)]
    assert again[0].value == 6.5
    assert made.roll() == 0


def test_a_silent_station_keeps_getting_windows_without_a_value(bench: Callable[..., Bench]) -> None:
    """Silence is not clean, and not absent either: valid = 0, for as long as a logger could resend."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    made = bench("A-1", interval="5 min", now=start + timedelta(minutes=30))
    feed([Reading("A-1", "pm25", start + timedelta(minutes=5), 8.0, flag=Flag.GOOD, seq=64)],
         made.store, made.engine, made.clock.now())  # fmt: skip
    assert made.roll() == 0, "the hour has not ended"
    made.clock.moment = start + timedelta(hours=3, minutes=5)
    made.roll()
    values = made.value(WindowKind.HOUR, "A-1")
    assert list(values.values()) == [8.0, None], "the grace of the third hour is not over"
    made.clock.moment = start + timedelta(days=400)
    made.roll()
    assert len(made.value(WindowKind.HOUR, "A-1")) == 60 * 24 + 1


def test_old_data_do_not_fill_the_years_between(bench: Callable[..., Bench]) -> None:
    """An import of 2013 beside live data writes what was measured and 60 days more, not thirteen years."""
    then, now = datetime(2013, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    made = bench("A-1", interval="1 h", now=now + timedelta(hours=5))
    live = [Reading("A-1", "pm25", now + timedelta(hours=n), 1.0, flag=Flag.GOOD, seq=64) for n in range(1, 5)]
    feed(live, made.store, made.engine, made.clock.now())
    made.roll()
    old = [Reading("A-1", "pm25", then + timedelta(hours=n), 2.0, flag=Flag.GOOD, seq=128) for n in range(1, 25)]
    feed(old, made.store, made.engine, made.clock.now())
    made.roll()
    values = made.value(WindowKind.HOUR, "A-1")
    assert sum(value == 2.0 for value in values.values()) == 24
    assert len(values) == 24 + 60 * 24 + 4
