"""What the embedded store of readings does beyond the contract: one file for many threads and processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from domain.reading import SeriesKey
from domain.window import Window
from storage.readings import StoreUnavailable
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes, reading

ALL = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "readings.sqlite"


def test_a_store_opened_for_reading_refuses_every_write(file: Path) -> None:
    """The public pages open it so."""
    store = SqliteReadings(file)
    store.write([reading()])
    pages = SqliteReadings(file, readonly=True)
    with pytest.raises(StoreUnavailable, match="readonly"):
        pages.write([reading(NOON + minutes(5))])
    assert pages.latest(["NT-1"]) == [reading()]


def test_readers_see_what_another_connection_wrote(file: Path) -> None:
    """A series that is new since they last looked, too."""
    pages = SqliteReadings(file, readonly=True)
    assert pages.latest(["NT-1"]) == []
    SqliteReadings(file).write([reading()])
    assert pages.latest(["NT-1"]) == [reading()]
    assert pages.find({SeriesKey("NT-1", "cod"): ALL}) == [reading()]


def test_threads_write_and_read_at_once(file: Path) -> None:
    """Each waits for the other's transaction; none is lost."""
    store = SqliteReadings(file)

    def work(number: int) -> int:
        for minute in range(20):
            store.write([reading(NOON + minutes(minute), station=f"NT-{number}")])
        return len(store.read(SeriesKey(f"NT-{number}", "cod"), ALL))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [20] * 6
    assert store.count() == 120


def test_two_stores_of_one_file_give_a_series_one_number(file: Path) -> None:
    """Two processes may meet a new series at the same moment."""
    first, second = SqliteReadings(file), SqliteReadings(file)
    first.write([reading()])
    second.write([reading(station="NT-2"), reading(NOON + minutes(5))])
    first.write([reading(NOON + minutes(10), station="NT-2")])
    for store in (first, second):
        assert {(one.station, one.measured_at) for one in store.latest(["NT-1", "NT-2"])} == {
            ("NT-1", NOON + minutes(5)),
            ("NT-2", NOON + minutes(10)),
        }


def test_a_full_disk_is_a_store_that_is_away_until_there_is_room(file: Path) -> None:
    """Nothing of the batch is half there, and the same store goes on."""
    script = """
import resource, signal, sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from domain.reading import SeriesKey
from domain.window import Window
from storage.readings import StoreUnavailable
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes, reading
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteReadings(Path(sys.argv[1]))
store.write([reading()])
batch = [reading(NOON + minutes(number), 1.0 * number) for number in range(20_000)]
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
for _ in range(2):
    try:
        store.write(batch)
    except StoreUnavailable:
        print("away", store.count())
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
store.write(batch)
print("stored", store.count())
"""
    tests = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(file), tests], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split("\n")[:3] == ["away 1", "away 1", "stored 20000"]


def test_what_was_written_survives_kill_9(file: Path) -> None:
    """write() returns only when the batch is on disk."""
    script = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes, reading
store = SqliteReadings(Path(sys.argv[1]))
for number in range(10):
    store.write([reading(NOON + minutes(number))])
os.kill(os.getpid(), 9)
"""
    tests = str(Path(__file__).resolve().parents[2])
    subprocess.run([sys.executable, "-c", script, str(file), tests], check=False, timeout=60)
    assert SqliteReadings(file).count() == 10
