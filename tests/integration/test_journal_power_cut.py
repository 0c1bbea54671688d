"""A power cut in the middle of a commit: whatever of its write-ahead log is on disk, the journal is clean by itself."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from domain.clock import SetClock
from domain.message import Incoming
from storage.journal import Journal

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
DAY = "2026-03-01.sqlite"
# At full size a group of many pages is cut at every byte, else at a few.
GROUP, STEP = (500, 1) if os.environ.get("QUANTRAC_SOAK") else (60, 211)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder in memory where there is one: what is cut here is the log, not what the disk does with it."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as found:
        yield Path(found)


class Cut:
    """A journal whose last commit is only in the log, and copies of it that end in the middle of that commit."""

    def __init__(self, folder: Path, groups: list[int]) -> None:
        self._folder = folder
        self.kept = groups[:-1]
        self.last = groups[-1]
        journal = Journal(folder / "journal", worker="main", clock=SetClock(AT))
        for size in groups[:-1]:
            self._append(journal, size)
        file = folder / "journal" / "main" / DAY
        log = file.with_name(f"{DAY}-wal")
        self.whole_before = log.stat().st_size if log.exists() else 0
        self._append(journal, groups[-1])
        self.content, self.log = file.read_bytes(), log.read_bytes()
        journal.close()

    @staticmethod
    def _append(journal: Journal, size: int) -> None:
        journal.append([Incoming("quantrac/A-1/air", f"{number}".encode()) for number in range(size)])

    def copy(self, length: int, rest: bytes = b"") -> Journal:
        """Return the journal as it is found after the cut; `rest` stands where the log goes on."""
        folder = self._folder / "cut" / "main"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / DAY).write_bytes(self.content)
        (folder / f"{DAY}-wal").write_bytes(self.log[:length] + rest)
        return Journal(folder.parent, worker="main", clock=SetClock(AT))

    def assert_clean(self, length: int, rest: bytes = b"") -> None:
        """Whole groups only, every chain holds, and the next group goes on from there."""
        journal = self.copy(length, rest)
        try:
            found = journal.count()
            whole = sum(self.kept) + (self.last if length == len(self.log) and not rest else 0)
            assert found == whole, f"{found} messages where the log was cut at byte {length}"
            assert journal.check() is None
            journal.append([Incoming("t", b"after"), Incoming("t", b"the cut")])
            assert (journal.count(), journal.check()) == (whole + 2, None)
        finally:
            journal.close()


def test_a_log_cut_at_every_byte_of_the_last_commit_holds_whole_groups_only(folder: Path) -> None:
    """Nothing of the group that was never acknowledged, all of those that were; nobody has to do anything."""
    cut = Cut(folder, [2, 3, 2])
    assert len(cut.log) - cut.whole_before > 4_096
    for length in range(cut.whole_before, len(cut.log) + 1):
        cut.assert_clean(length)


@pytest.mark.parametrize("rest", [bytes(5_000), os.urandom(5_000)], ids=["zeros", "anything"])
def test_a_log_that_goes_on_with_what_was_never_written_holds_whole_groups_only(folder: Path, rest: bytes) -> None:
    """As a file system may leave it that had made the file longer and not yet written the bytes."""
    cut = Cut(folder, [2, 40])
    for length in range(cut.whole_before, len(cut.log), 97):
        cut.assert_clean(length, rest)


@pytest.mark.soak
@pytest.mark.timeout(1_500)
def test_the_first_commit_of_a_day_may_be_cut_too(folder: Path) -> None:
    """The day's file has no table then, or no message; the next message makes it."""
    cut = Cut(folder, [GROUP])
    for length in range(0, len(cut.log) + 1, STEP):
        journal = cut.copy(length)
        assert journal.count() in {0, GROUP}
        assert journal.check() is None
        journal.append([Incoming("t", b"after")])
        assert journal.check() is None
        journal.close()


@pytest.mark.soak
@pytest.mark.timeout(1_500)
def test_a_log_of_many_pages_that_is_cut_holds_whole_groups_only(folder: Path) -> None:
    """A group as it comes in when much is received."""
    cut = Cut(folder, [GROUP, GROUP, GROUP])
    assert len(cut.log) - cut.whole_before > 2 * 4_096
    for length in [*range(cut.whole_before, len(cut.log), STEP), len(cut.log)]:
        cut.assert_clean(length)
