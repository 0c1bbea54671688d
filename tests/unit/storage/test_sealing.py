"""When a day is over, and that nothing gets into it afterwards."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SetClock
from domain.message import Incoming
from storage import keys, sealing
from storage.journal import Journal
from storage.journal_day import CLOSED, SEALED, day_of
from storage.merkle import Tree
from storage.seals import FIRST, Seal, hash_of, holds_signature
from support.sealed import FIRST_DAY, SealedJournal


def test_seals_are_numbered_chained_and_signed(tmp_path: Path) -> None:
    """Each says what its day held."""
    sealed = SealedJournal(tmp_path)
    made = sealed.seal()
    assert [(one.number, one.day, one.messages) for one in made] == [
        (1, "2026-03-01", 5), (2, "2026-03-02", 5), (3, "2026-03-03", 5),
    ]  # fmt: skip
    assert [one.previous for one in made] == [FIRST, hash_of(made[0]), hash_of(made[1])]
    assert [(one.first_seq, one.last_seq) for one in made] == [(day[0], day[-1]) for day in sealed.seqs[:3]]
    assert all(holds_signature(one) and one.key == sealed.key.public for one in made)


def test_a_day_without_messages_leaves_no_gap_in_the_numbers(tmp_path: Path) -> None:
    """That there is no seal between two whose numbers follow is proved by the numbers."""
    sealed = SealedJournal(tmp_path, days=1)
    sealed.clock.moment = FIRST_DAY + timedelta(days=5)
    sealed.journal.append([Incoming("t", b"after a silence")])
    sealed.clock.moment += timedelta(days=1)
    assert [(one.number, one.day) for one in sealed.seal()] == [(1, "2026-03-01"), (2, "2026-03-06")]
    assert sealed.bad() is None


def test_the_newest_day_is_sealed_when_it_has_passed(tmp_path: Path) -> None:
    """Ten minutes after its end, though nothing has come since."""
    sealed = SealedJournal(tmp_path, days=1)
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    sealed.clock.moment = midnight + sealing.GRACE - timedelta(microseconds=1)
    assert sealed.seal() == []
    sealed.clock.moment = midnight + sealing.GRACE
    assert [one.day for one in sealed.seal()] == ["2026-03-01"]


@pytest.mark.parametrize("reopened", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(hours=20), timedelta(days=30)])
def test_a_clock_that_is_set_back_puts_nothing_into_a_sealed_day(
    tmp_path: Path, back: timedelta, reopened: bool
) -> None:
    """What comes then goes into the day after, numbers rise, and the seal still holds."""
    sealed = SealedJournal(tmp_path, days=1)
    sealed.clock.moment = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
    sealed.seal()
    sealed.clock.moment -= back
    if reopened:
        sealed.journal = Journal(tmp_path / "journal", worker="main", clock=sealed.clock)
    late = sealed.journal.append([Incoming("t", b"late")] * 3)
    assert {day_of(seq) for seq in late} == {"2026-03-02"}
    assert late[0] > sealed.seqs[0][-1]
    assert sealed.journal.read(0, 100)[-1].received_at == sealed.clock.moment
    assert sealed.bad() is None


def test_a_writer_that_has_the_day_open_finds_it_closed(tmp_path: Path) -> None:
    """Between closing and sealing too: it looks inside its transaction."""
    sealed = SealedJournal(tmp_path, days=1)
    sealed.clock.moment = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    with sqlite3.connect(sealed.file(0)) as connection:
        connection.execute(f"PRAGMA user_version = {CLOSED}")
    (seq,) = sealed.journal.append([Incoming("t", b"x")])
    assert day_of(seq) == "2026-03-02"
    sealed.clock.moment = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert [one.messages for one in sealed.seal()] == [5]
    assert sealed.bad() is None


def test_a_day_is_not_over_because_a_newer_file_was_made_in_vain(tmp_path: Path) -> None:
    """A first commit that failed leaves an empty file; a clock set back may still fill the day before."""
    sealed = SealedJournal(tmp_path, days=1)
    empty = sealed.journal.folder / "2026-03-02.sqlite"
    empty.touch()
    assert sealing.due(sealed.journal.folder, sealed.journal.seals, sealed.clock.now()) == []


def test_a_day_file_without_a_message_is_sealed_as_empty(tmp_path: Path) -> None:
    """So that it, too, can be pruned in its time."""
    sealed = SealedJournal(tmp_path, days=1)
    (sealed.journal.folder / "2026-03-02.sqlite").touch()
    sealed.clock.moment = FIRST_DAY + timedelta(days=3)
    sealed.journal.append([Incoming("t", b"x")])
    assert [one.messages for one in sealed.seal()] == [5, 0]
    assert sealed.bad() is None


def test_what_was_stopped_is_done_again_with_the_same_result(tmp_path: Path) -> None:
    """Before the seal is in the book, and after, before the day says so itself."""
    sealed = SealedJournal(tmp_path)
    book, now = sealed.journal.seals, sealed.clock.now()
    assert sealing.seal(sealed.file(0), book, sealed.key, now, goes_on=lambda: False) is None
    assert (book.entries(), sealed.bad()) == ((), None)
    sealed.seal()
    with sqlite3.connect(sealed.file(2)) as connection:
        connection.execute(f"PRAGMA user_version = {CLOSED}")
    sealing.mark(sealed.journal.folder, book)
    with sqlite3.connect(sealed.file(2)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SEALED,)


def test_a_seal_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """It would cover up that somebody took it away; put back, sealing goes on."""
    sealed = SealedJournal(tmp_path)
    sealed.seal()
    lines = sealed.journal.seals.lines()
    sealed.journal.seals.path.write_bytes(b"".join(lines[:-1]))
    sealed.clock.moment += timedelta(days=1)
    with pytest.raises(sealing.SealGone, match="2026-03-03"):
        sealed.seal()
    sealed.journal.seals.path.write_bytes(b"".join(lines))
    assert [one.day for one in sealed.seal()] == ["2026-03-04"]
    assert sealed.bad() is None


def test_a_record_that_was_changed_before_its_day_was_sealed_stays_named(tmp_path: Path) -> None:
    """A seal says so rather than covering it up; later days are sealed all the same."""
    sealed = SealedJournal(tmp_path)
    with sqlite3.connect(sealed.file(0)) as connection:
        connection.execute("UPDATE messages SET payload = x'00' WHERE position = 2")
    assert [one.broken for one in sealed.seal()] == [sealed.seqs[0][1], None, None]
    bad = sealed.bad()
    assert bad is not None
    assert bad.seq == sealed.seqs[0][1]


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """And the public half is published."""
    made = keys.open_key(tmp_path / "keys", last=None)
    path = tmp_path / "keys" / "seal.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.public_keys(tmp_path / "keys") == [made.public]
    assert keys.open_key(tmp_path / "keys", last=made.public).public == made.public
    with pytest.raises(FileExistsError):
        keys.make_key(tmp_path / "keys")
    assert sorted(one.name for one in path.parent.iterdir()) == ["seal.key", "seal.pub"]


@pytest.mark.parametrize("lost", [("seal.key",), ("seal.key", "seal.pub")])
def test_a_lost_key_is_named_with_its_remedy_and_none_is_made_by_itself(tmp_path: Path, lost: tuple[str, ...]) -> None:
    """Else whoever takes the key away could have his own sign."""
    sealed = SealedJournal(tmp_path)
    sealed.seal()
    for name in lost:
        (tmp_path / "keys" / name).unlink()
    with pytest.raises(keys.KeyLost, match=r"new-key"):
        _ = sealed.key
    assert not (tmp_path / "keys" / "seal.key").exists()


def test_another_key_in_its_place_does_not_sign(tmp_path: Path) -> None:
    """Nor one that is no key."""
    sealed = SealedJournal(tmp_path)
    sealed.seal()
    path = tmp_path / "keys" / "seal.key"
    keys.make_key(tmp_path / "other")
    path.write_bytes((tmp_path / "other" / "seal.key").read_bytes())
    with pytest.raises(keys.KeyLost, match=r"another key"):
        _ = sealed.key
    path.write_text("no key")
    with pytest.raises(keys.KeyLost, match=r"no Ed25519 key"):
        _ = sealed.key


def test_after_a_new_key_seals_of_both_hold(tmp_path: Path) -> None:
    """In the order in which they signed: the old key does not come back."""
    sealed = SealedJournal(tmp_path)
    sealed.seal()
    old = keys.open_key(tmp_path / "keys", last=None)
    (tmp_path / "keys" / "seal.key").unlink()
    keys.make_key(tmp_path / "keys")
    sealed.clock.moment += timedelta(days=1)
    sealed.seal()
    assert sealed.bad() is None
    sealed.clock.moment += timedelta(days=1)
    sealed.journal.append([Incoming("t", b"x")])
    sealed.clock.moment += timedelta(days=1)
    (file,) = sealing.due(sealed.journal.folder, sealed.journal.seals, sealed.clock.now())
    sealing.seal(file, sealed.journal.seals, old, sealed.clock.now())
    bad = sealed.bad()
    assert bad is not None
    assert "no longer signs" in str(bad.wrong)


def test_a_root_is_that_of_the_records_in_their_order(tmp_path: Path) -> None:
    """Number, time, marks, topic, payload."""
    sealed = SealedJournal(tmp_path, days=2, each=2)
    (made,) = sealed.seal()
    at = int(FIRST_DAY.timestamp() * 1_000_000)
    tree = Tree()
    for place in range(2):
        body = f"day 0 message {place}"
        tree.add(f"{(at + place) * 64} {at} 1 0 0 1 16 quantrac/A-1/air\n{body}".encode())
    assert made.root == tree.root().hex()


def test_a_damaged_book_does_not_stop_ingest(tmp_path: Path) -> None:
    """Reading on from it is the checker's business, receiving is not."""
    sealed = SealedJournal(tmp_path)
    sealed.seal()
    sealed.journal.seals.path.write_bytes(b"\xff\xfe no seal\n{}\n")
    again = Journal(tmp_path / "journal", worker="main", clock=SetClock(sealed.clock.now()))
    assert again.append([Incoming("t", b"x")])
    assert again.count() == 21
    bad = sealed.bad()
    assert bad is not None
    assert "its seal is gone" in str(bad.wrong) or "cannot be read" in str(bad.wrong)


def test_one_seal_is_written_as_its_fields_sorted(tmp_path: Path) -> None:
    """What outsiders take apart."""
    sealed = SealedJournal(tmp_path, days=2)
    sealed.seal()
    (line,) = sealed.journal.seals.lines()
    assert line.startswith(b'{"broken":null,"chain":"')
    (entry,) = sealed.journal.seals.entries()
    assert isinstance(entry, Seal)
