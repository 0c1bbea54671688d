"""The journal's upkeep: every journal of a folder, whatever is wrong with another; a trouble is said until it is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SetClock
from domain.message import Incoming
from service.keeping import EVERY, Keeper
from service.schedule import Job
from service.stores import Folder
from storage.journal import Journal
from storage.keys import KeyLost
from storage.sqlite import SqliteReadings
from storage.state import open_state

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)


class Kept:
    """A data folder with two workers that received something on each of three days."""

    def __init__(self, folder: Path) -> None:
        self.folder = Folder(folder)
        self.clock = SetClock(AT)
        self.engine = open_state(self.folder.state_url)
        self.store = SqliteReadings(self.folder.readings)
        self.journals = [Journal(self.folder.journals, worker=one, clock=self.clock) for one in ("main", "w2")]
        for day in range(3):
            self.clock.moment = AT + timedelta(days=day)
            for one in self.journals:
                one.append([Incoming("t", b"x")] * 3)
        self.keeper = self.started()

    def started(self) -> Keeper:
        return Keeper(self.folder, self.engine, self.store, self.clock, timedelta(days=60))

    def sealed(self) -> list[str | None]:
        return [one.seals.sealed_to() for one in self.journals]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.engine.dispose()
    made.store.close()


def test_every_journal_is_sealed_with_a_key_made_at_the_first_start(kept: Kept) -> None:
    """One key for all workers."""
    kept.keeper.run()
    assert kept.sealed() == ["2026-03-02", "2026-03-02"]
    entries = [entry for one in kept.journals for entry in one.seals.entries()]
    assert len({entry.key for entry in entries}) == 1
    assert (kept.folder.keys / "seal.key").exists()


def test_it_looks_every_ten_minutes_and_whenever_the_clock_was_set_back(kept: Kept) -> None:
    """Not at every second's waking."""
    kept.keeper.run()
    kept.clock.moment = datetime(2026, 3, 4, 0, 9, 59, tzinfo=UTC)
    kept.keeper.run()
    assert kept.sealed() == ["2026-03-02"] * 2
    kept.clock.moment += timedelta(seconds=1)
    kept.keeper.run()
    assert kept.sealed() == ["2026-03-02"] * 2
    kept.clock.moment += EVERY
    kept.keeper.run()
    assert kept.sealed() == ["2026-03-03"] * 2


def test_a_lost_key_is_a_trouble_of_the_job_until_it_is_back(kept: Kept) -> None:
    """So that status and /readyz say it; nothing is sealed meanwhile, nothing is made in its place."""
    kept.keeper.run()
    path = kept.folder.keys / "seal.key"
    content = path.read_bytes()
    path.unlink()
    keeper = kept.started()
    job = Job("journal", [keeper.run])
    for _ in range(2):
        job.run()
        assert "new-key" in str(job.trouble)
    path.write_bytes(content)
    kept.clock.moment += EVERY
    job.run()
    assert job.trouble is None


def test_a_damaged_journal_does_not_keep_another_from_being_sealed(kept: Kept) -> None:
    """And it is said."""
    file = kept.journals[0].folder / "2026-03-01.sqlite"
    file.write_bytes(b"no database at all, and never was one" * 200)
    file.with_name(f"{file.name}-wal").unlink(missing_ok=True)
    with pytest.raises(Exception, match="not a database"):
        kept.keeper.run()
    assert kept.sealed() == [None, "2026-03-02"]


def test_what_is_stopped_seals_nothing_by_halves(kept: Kept) -> None:
    """The next start does it."""
    kept.keeper.stop()
    kept.keeper.run()
    assert kept.sealed() == [None, None]
    kept.started().run()
    assert kept.sealed() == ["2026-03-02", "2026-03-02"]


def test_a_day_that_nobody_has_processed_is_never_pruned(kept: Kept) -> None:
    """However old it is."""
    kept.clock.moment += timedelta(days=400)
    kept.keeper.run()
    assert kept.sealed() == ["2026-03-03"] * 2
    assert [len(one.files()) for one in kept.journals] == [3, 3]


def test_losing_the_key_is_no_reason_to_make_another(kept: Kept) -> None:
    """Asked for directly."""
    kept.keeper.run()
    (kept.folder.keys / "seal.key").unlink()
    with pytest.raises(KeyLost):
        kept.started().run()
    assert not (kept.folder.keys / "seal.key").exists()
