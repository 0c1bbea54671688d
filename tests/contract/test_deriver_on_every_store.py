"""What is derived is the same whatever store is behind it, also where a value gives way to none."""

from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path

from analysis.deriving import Deriver
from domain.clock import SetClock
from domain.flag import Flag, Reason
from domain.reading import Reading, SeriesKey
from domain.window import Window
from storage.readings import ReadingStore
from storage.state import open_state
from support.feeding import feed
from support.stacks import stack, with_stacks

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
SO2, O2, CORRECTED = (SeriesKey("S-1", name) for name in ("so2", "o2", "so2_corrected"))
MINUTES = timedelta(minutes=5)


def test_a_pair_is_made_and_unmade(store: ReadingStore, tmp_path: Path) -> None:
    """Nothing is deleted in any store, and what has no value any more does not keep its old one."""
    engine = open_state(f"sqlite:///{tmp_path}/state.sqlite")
    clock = SetClock(START + timedelta(hours=1))
    registry = with_stacks(stack())

    def take(*readings: Reading) -> int:
        feed(readings, store, engine, clock.now(), flagged=True)
        return Deriver(registry, store, engine, clock).run()

    def one(series: SeriesKey, place: int, value: float | None, seq: int = 1) -> Reading:
        flag = Flag.MISSING if value is None else Flag.GOOD
        return Reading(*series, START + place * MINUTES, value, flag=flag, seq=seq)

    assert take(*(one(SO2, place, 100.0) for place in (1, 2)), *(one(O2, place, 7.0) for place in (1, 2))) == 2
    assert take(one(O2, 2, None, seq=2)) == 1
    found = store.read(CORRECTED, Window(START, START + timedelta(hours=1)))
    assert found.values[0] == 100.0
    assert isnan(found.values[1])
    assert found.flags.tolist() == [Flag.GOOD, Flag.MISSING]
    assert found.reasons.tolist() == [0, Reason.NO_OXYGEN]
    assert Deriver(registry, store, engine, clock).run() == 0
