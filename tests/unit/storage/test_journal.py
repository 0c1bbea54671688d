"""The journal keeps every message, in order, chained."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import SetClock
from domain.message import Incoming
from storage.journal import Journal, worker_number

EVENING = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(EVENING)


@pytest.fixture
def journal(tmp_path: Path, clock: SetClock) -> Journal:
    return Journal(tmp_path, worker="main", clock=clock)


def message(text: str = "x") -> Incoming:
    return Incoming("quantrac/NT-1/water", text.encode())


def topics(journal: Journal) -> list[bytes]:
    return [one.incoming.payload for one in journal.read(0, 100)]


def test_what_was_appended_is_read_back_as_it_came(journal: Journal) -> None:
    """Topic, bytes, QoS and marks."""
    odd = Incoming("à/b", b"\xff\x00", qos=0, retained=True, redelivered=True, live=False)
    (seq,) = journal.append([odd])
    kept = journal.get(seq)
    assert kept is not None
    assert (kept.seq, kept.received_at, kept.incoming) == (seq, EVENING, odd)


def test_numbers_rise_even_when_the_clock_goes_back(journal: Journal, clock: SetClock) -> None:
    """A number is receipt time in µs × 64 + worker, or one more than the last."""
    first = journal.append([message(), message()])
    clock.moment -= timedelta(hours=1)
    second = journal.append([message()])
    assert first[0] == int(EVENING.timestamp() * 1_000_000) * 64
    assert first[0] < first[1] < second[0]


def test_a_message_received_while_the_clock_is_behind_goes_into_the_newest_day(
    journal: Journal, clock: SetClock
) -> None:
    """Days never go back, so that reading on from a cursor misses nothing."""
    clock.moment += timedelta(seconds=2)
    journal.append([message("new day")])
    clock.moment = EVENING
    journal.append([message("clock behind")])
    assert [file.stem for file in journal.files()] == ["2026-03-02"]
    assert topics(journal) == [b"new day", b"clock behind"]


def test_reading_goes_on_over_the_days(journal: Journal, clock: SetClock) -> None:
    """From a cursor, in order, at most as many as asked for."""
    seqs = [journal.append([message(str(number))])[0] for number in range(2)]
    clock.moment += timedelta(days=1)
    journal.append([message("2")])
    assert [one.incoming.payload for one in journal.read(seqs[0], 10)] == [b"1", b"2"]
    assert len(journal.read(0, 2)) == 2
    assert journal.count() == 3


@given(
    before=st.integers(0, 40), batches=st.lists(st.integers(1, 30), min_size=1, max_size=6), at_once=st.integers(1, 25)
)
def test_a_batch_at_midnight_is_read_and_found_whole(before: int, batches: list[int], at_once: int) -> None:
    """Its numbers tell in which day's file each message is, however many come in the last microseconds of a day."""
    clock = SetClock(datetime(2026, 11, 25, tzinfo=UTC) - timedelta(microseconds=before))
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), worker="main", clock=clock)
        kept = [seq for size in batches for seq in journal.append([message()] * size)]
        read: list[int] = []
        while found := journal.read(read[-1] if read else 0, at_once):
            read += [one.seq for one in found]
        assert read == kept
        assert all(journal.get(seq) is not None for seq in kept)
        assert journal.check() is None
        journal.close()


def test_a_reopened_journal_continues_the_chain(journal: Journal, tmp_path: Path, clock: SetClock) -> None:
    """Over restarts and days."""
    journal.append([message("a")])
    again = Journal(tmp_path, worker="main", clock=clock)
    again.append([message("b")])
    clock.moment += timedelta(days=1)
    again.append([message("c")])
    assert again.check() is None
    assert again.count() == 3


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE messages SET payload = x'00' WHERE position = 2",
        "DELETE FROM messages WHERE position = 2",
        "UPDATE messages SET received_at = received_at + 1 WHERE position = 2",
    ],
)
def test_the_first_changed_record_is_named(journal: Journal, tamper: str) -> None:
    """A changed byte, a missing message, another time: the chain does not hold from there."""
    seqs = journal.append([message(str(number)) for number in range(4)])
    with sqlite3.connect(journal.files()[0]) as connection:
        connection.execute(tamper)
    bad = journal.check()
    assert bad is not None
    assert bad.seq in {seqs[1], seqs[2]}


def test_a_full_disk_keeps_nothing_of_the_batch_and_says_so(tmp_path: Path) -> None:
    """No acknowledgement then: and once there is room, it goes on."""
    script = """
import resource, sys
from pathlib import Path
from domain.clock import SystemClock
from domain.message import Incoming
from storage.journal import Journal, JournalUnavailable
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), worker="main", clock=SystemClock())
journal.append([Incoming("t", b"before")])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    journal.append([Incoming("t", b"x" * 1000)] * 400)
except JournalUnavailable as error:
    print("refused", journal.count())
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
journal.append([Incoming("t", b"after")])
print(journal.count(), journal.check())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split("\n")[:2] == ["refused 1", "2 None"]


def test_what_was_appended_survives_kill_9(tmp_path: Path) -> None:
    """append() returns only when the batch is on disk."""
    script = """
import os, sys
from pathlib import Path
from domain.clock import SystemClock
from domain.message import Incoming
from storage.journal import Journal
journal = Journal(Path(sys.argv[1]), worker="main", clock=SystemClock())
for number in range(20):
    print(journal.append([Incoming("t", str(number).encode())])[0], flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, capture_output=True, text=True)
    said = [int(line) for line in done.stdout.split()]
    journal = Journal(tmp_path, worker="main", clock=SetClock(EVENING))
    assert [one.seq for one in journal.read(0, 100)] == said
    assert len(said) == 20


@pytest.mark.parametrize(("worker", "number"), [("main", 0), ("w1", 1), ("edge-63", 63)])
def test_the_number_of_a_worker(worker: str, number: int) -> None:
    """It is part of every message's number, so that two workers never give the same."""
    assert worker_number(worker) == number


@pytest.mark.parametrize("worker", ["edge", "w0", "w64", ""])
def test_a_worker_without_a_number_of_its_own_is_refused(worker: str) -> None:
    """0 is main's, and there are 64."""
    with pytest.raises(ValueError, match="worker"):
        worker_number(worker)
