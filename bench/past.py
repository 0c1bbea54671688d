"""Days of five-minute readings in the stores of a data folder, as the pipeline leaves them: written, and marked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import Engine

from bench.province import EIGHT, STATIONS, name, write_configuration
from domain.clock import SetClock
from domain.flag import Flag
from domain.reading import Reading, SeriesKey
from quality.assess import CHECKS_VERSION
from registry.load import load
from registry.lookup import Registry
from service.stores import Folder
from storage.ledger import BatchNotes, Ledger
from storage.spans import day_number
from storage.sqlite import SqliteReadings
from storage.state import open_state

FIVE_MINUTES = timedelta(minutes=5)


@dataclass
class Past:
    """A hundred stations of eight values, with stores of their own and a clock that stands at the last full hour."""

    registry: Registry
    engine: Engine
    store: SqliteReadings
    clock: SetClock

    @classmethod
    def made(cls, folder: Path) -> "Past":
        """Write a configuration to `folder`/config and open empty stores in `folder`/data."""
        write_configuration(folder / "config", parameters=EIGHT, every=300)
        data = Folder(folder / "data")
        data.path.mkdir()
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        store = SqliteReadings(data.readings)
        return cls(load(folder / "config"), open_state(data.state_url), store, SetClock(now))

    @property
    def series(self) -> list[SeriesKey]:
        """Every series."""
        return [SeriesKey(name(station), parameter) for station in range(STATIONS) for parameter in EIGHT]

    def arrive(self, start: datetime, end: datetime, told: Callable[[float], object] = lambda _: None) -> int:
        """Write the readings of `start < moment ≤ end` and mark their spans; return how many there are."""
        times = [start + FIVE_MINUTES * number for number in range(1, (end - start) // FIVE_MINUTES + 1)]
        for number, key in enumerate(self.series):
            self.store.write(list(_readings(key, times, number)))
            told(number / len(self.series))
        spans = {(key, *day): span for key in self.series for day, span in _by_day(times).items()}
        notes = BatchNotes(cursor=day_number(end), at=self.clock.now(), spans=spans)
        ledger = Ledger(self.engine, "main")
        ledger.note(notes)
        ledger.release(notes)
        return len(times) * len(self.series)

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.engine.dispose()


def _readings(key: SeriesKey, times: list[datetime], number: int) -> Iterator[Reading]:
    for place, at in enumerate(times):
        value = 5.0 + (place * 7 + number) % 83 / 10
        yield Reading(*key, at, value, flag=Flag.GOOD, checks=CHECKS_VERSION, seq=(place + 1) * 64)


def _by_day(times: list[datetime]) -> dict[tuple[int], tuple[datetime, datetime]]:
    found: dict[tuple[int], tuple[datetime, datetime]] = {}
    for at in times:
        first, _ = found.get((day_number(at),), (at, at))
        found[day_number(at),] = (first, at)
    return found
