"""Whatever is changed in a real journal is found, and the first record that does not hold is named."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.message import Incoming
from storage import journal_day, keys
from storage.checking import BadRecord, check
from storage.journal_day import link, record
from storage.seals import line_of, statement
from support.sealed import SealedJournal


@pytest.fixture
def sealed(tmp_path: Path) -> SealedJournal:
    made = SealedJournal(tmp_path)
    made.seal()
    return made


def change(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as connection:
        for one in statements:
            assert connection.execute(one).rowcount > 0


def chained_anew(file: Path, chain: bytes) -> bytes:
    """Do what somebody would who knows how the chain is made."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute(journal_day.SQL["chained"]).fetchall()
        for position, (_, _, *row) in enumerate(rows, start=1):
            chain = link(chain, record(row))
            values = (position, chain, row[0])
            connection.execute("UPDATE messages SET position = ?, chain = ? WHERE seq = ?", values)
    return chain


def test_an_untouched_journal_holds(sealed: SealedJournal) -> None:
    """Sealed days and the newest one."""
    assert sealed.bad() is None


SWAP = (
    "UPDATE messages SET payload = CASE position WHEN 2 THEN (SELECT payload FROM messages WHERE position = 3) "
    "ELSE (SELECT payload FROM messages WHERE position = 2) END WHERE position IN (2, 3)"
)
RECORDS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "payload": (("UPDATE messages SET payload = CAST('day 1 message 9' AS BLOB) WHERE position = 3",), 3, "changed"),
    "topic": (("UPDATE messages SET topic = 'quantrac/A-2/air' WHERE position = 3",), 3, "changed"),
    "time": (("UPDATE messages SET received_at = received_at + 1 WHERE position = 3",), 3, "changed"),
    "qos": (("UPDATE messages SET qos = 2 WHERE position = 3",), 3, "changed"),
    "retained": (("UPDATE messages SET retained = 1 WHERE position = 3",), 3, "changed"),
    "a flag that is still true": (("UPDATE messages SET live = 2 WHERE position = 3",), 3, "changed"),
    "redelivered": (("UPDATE messages SET redelivered = 1 WHERE position = 3",), 3, "changed"),
    "number": (("UPDATE messages SET seq = seq + 64 WHERE position = 5",), 5, "changed"),
    "number of another day": (("UPDATE messages SET seq = seq + 64 * 86400000000 WHERE position = 5",), 5, "another day"),
    "chain": (("UPDATE messages SET chain = zeroblob(32) WHERE position = 3",), 3, "changed"),
    "no text": (("UPDATE messages SET topic = CAST(x'ff' AS TEXT) WHERE position = 3",), 3, "changed"),
    "deleted": (("DELETE FROM messages WHERE position = 3",), 4, "removed"),
    "first deleted": (("DELETE FROM messages WHERE position = 1",), 2, "removed"),
    "deleted and counted anew": (
        ("DELETE FROM messages WHERE position = 3", "UPDATE messages SET position = position - 1 WHERE position > 3"),
        4, "removed",
    ),
    "put in": (
        ("INSERT INTO messages SELECT seq + 1, 3, received_at, topic, payload, qos, retained, redelivered, live, chain "
         "FROM messages WHERE position = 2",), 0, "changed",
    ),
    "swapped": ((SWAP,), 2, "moved"),
}  # fmt: skip


@pytest.mark.parametrize("day", [1, 3], ids=["sealed", "not sealed yet"])
@pytest.mark.parametrize("what", RECORDS)
def test_the_first_record_that_does_not_hold_is_named(sealed: SealedJournal, what: str, day: int) -> None:
    """With its file, number, time and what is wrong, on a sealed day and on the newest."""
    statements, position, said = RECORDS[what]
    seqs = sealed.seqs[day]
    change(sealed.file(day), *statements)
    bad = sealed.bad()
    assert bad is not None
    assert bad.file == sealed.file(day)
    changed = {"number": seqs[4] + 64, "number of another day": seqs[4] + 64 * 86_400_000_000, "put in": seqs[1] + 1}
    assert bad.seq == changed.get(what, seqs[position - 1])
    assert bad.at is not None
    assert said in str(bad.wrong)


def written_anew(sealed: SealedJournal) -> BadRecord | None:
    """Change a record and chain all days after it anew, as nobody who only knows the chain would find."""
    change(sealed.file(1), "UPDATE messages SET payload = x'00' WHERE position = 2")
    chain = bytes.fromhex(sealed.journal.seals.seals()["2026-03-01"].chain)
    for day in (1, 2, 3):
        chain = chained_anew(sealed.file(day), chain)
    return sealed.bad()


def test_a_day_written_anew_with_all_its_chains_is_named(sealed: SealedJournal) -> None:
    """That is what seals are for."""
    bad = written_anew(sealed)
    assert bad is not None
    assert (bad.file, "written anew" in str(bad.wrong)) == (sealed.file(1), True)


def test_a_record_cut_off_the_end_of_a_sealed_day_is_missed(sealed: SealedJournal) -> None:
    """No chain breaks by that; the seal knows how many there were."""
    change(sealed.file(2), "DELETE FROM messages WHERE position > 3")
    bad = sealed.bad()
    assert bad is not None
    assert (bad.file, bad.seq) == (sealed.file(2), sealed.seqs[2][2])
    assert "3 are there, 5 were sealed" in str(bad.wrong)


def test_a_record_added_to_a_sealed_day_is_named(sealed: SealedJournal) -> None:
    """Even with the right chain."""
    with sqlite3.connect(sealed.file(1)) as connection:
        newest = connection.execute(journal_day.SQL["newest"]).fetchone()
        row = journal_day.row_of(newest[0] + 64, 1, Incoming("t", b"late"))
        connection.execute(journal_day.SQL["append"], (6, *row, link(newest[2], record(row))))
    bad = sealed.bad()
    assert bad is not None
    assert (bad.seq, "after its day had been sealed" in str(bad.wrong)) == (sealed.seqs[1][-1] + 64, True)


@pytest.mark.parametrize("size", [0, 50, 4096, 5000])
def test_a_truncated_file_is_named(sealed: SealedJournal, size: int) -> None:
    """Whatever is left of it; nothing is made anew in its place."""
    content = sealed.file(1).read_bytes()[:size]
    sealed.file(1).write_bytes(content)
    bad = sealed.bad()
    assert bad is not None
    assert bad.file == sealed.file(1)
    assert sealed.file(1).read_bytes() == content


@pytest.mark.parametrize("day", [0, 1, 2])
def test_a_missing_day_is_named(sealed: SealedJournal, day: int) -> None:
    """The first, one in the middle, the last sealed one: nothing says that they were pruned."""
    sealed.file(day).unlink()
    bad = sealed.bad()
    assert bad is not None
    assert (bad.file, "missing" in str(bad.wrong)) == (sealed.file(day), True)


def test_a_missing_day_that_was_not_sealed_is_noticed_at_the_next_one(tmp_path: Path) -> None:
    """Its first record does not go on from what is there."""
    journal = SealedJournal(tmp_path)
    journal.file(1).unlink()
    bad = journal.bad()
    assert bad is not None
    assert (bad.seq, "a day is missing" in str(bad.wrong)) == (journal.seqs[2][0], True)


def test_a_day_put_in_between_is_named(sealed: SealedJournal) -> None:
    """It was not there when the days around it were sealed."""
    between = sealed.journal.folder / "2026-02-27.sqlite"
    shutil.copy(sealed.file(3), between)
    bad = sealed.bad()
    assert bad is not None
    assert (bad.file, "put in" in str(bad.wrong)) == (between, True)


def lines(sealed: SealedJournal, act: Callable[[list[bytes]], list[bytes]]) -> BadRecord | None:
    path = sealed.journal.seals.path
    path.write_bytes(b"".join(act(path.read_bytes().splitlines(keepends=True))))
    return sealed.bad()


SEALS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "changed": (lambda all_: [all_[0], all_[1].replace(b'"messages":5', b'"messages":4'), all_[2]], "was changed"),
    "removed": (lambda all_: [all_[0], all_[2]], "does not follow"),
    "first removed": (lambda all_: all_[1:], "does not follow"),
    "swapped": (lambda all_: [all_[0], all_[2], all_[1]], "does not follow"),
    "doubled": (lambda all_: [*all_, all_[2]], "does not follow"),
    "cut off": (lambda all_: [*all_[:2], all_[2][:-20]], "cannot be read"),
    "spaced": (lambda all_: [all_[0].replace(b":", b": "), *all_[1:]], "cannot be read"),
    "last removed": (lambda all_: all_[:2], "its seal is gone"),
    "all removed": (lambda _: [], "its seal is gone"),
}


@pytest.mark.parametrize("what", SEALS)
def test_a_seal_that_was_changed_removed_or_moved_is_named(sealed: SealedJournal, what: str) -> None:
    """By its entry, or by the day that had one."""
    act, said = SEALS[what]
    bad = lines(sealed, act)
    assert bad is not None
    assert said in str(bad.wrong)


def test_a_seal_with_a_wrong_number_is_named_though_its_signature_holds(sealed: SealedJournal) -> None:
    """Numbers without a gap are what shows that none is missing."""
    last = replace(sealed.journal.seals.entries()[-1], number=7)
    forged = replace(last, signature=sealed.key.sign(statement(last)))
    bad = lines(sealed, lambda all_: [*all_[:2], line_of(forged)])
    assert bad is not None
    assert "does not follow" in str(bad.wrong)


def test_seals_made_anew_with_another_key_are_named(sealed: SealedJournal) -> None:
    """Somebody who can write here can seal again, but not with the key that is published."""
    published = keys.public_keys(sealed.folder / "keys")
    shutil.rmtree(sealed.folder / "keys")
    sealed.journal.seals.path.unlink()
    for day in range(3):
        with sqlite3.connect(sealed.file(day)) as connection:
            connection.execute("PRAGMA user_version = 0")
    assert len(sealed.seal()) == 3
    bad = sealed.bad(published)
    assert bad is not None
    assert (bad.file.name, "seal.pub" in str(bad.wrong)) == ("seals.jsonl", True)


def test_the_earlier_fault_is_named_first(sealed: SealedJournal) -> None:
    """A record of an earlier day before a seal of a later one."""
    change(sealed.file(0), "UPDATE messages SET payload = x'00' WHERE position = 4")
    bad = lines(sealed, lambda all_: [*all_[:2], all_[2].replace(b'"messages":5', b'"messages":4')])
    assert bad is not None
    assert bad.seq == sealed.seqs[0][3]


def test_a_journal_that_is_sealed_while_it_is_checked_holds(tmp_path: Path) -> None:
    """What seems to be missing by then is accounted for: it is looked at once more."""
    journal = SealedJournal(tmp_path, days=3, each=1_000)
    looks: list[int] = []

    def sealing(done: int) -> None:
        looks.append(done)
        journal.seal()

    found = check(journal.journal.folder, progress=sealing)
    assert (found.bad, found.sealed_to, found.messages) == (None, "2026-03-02", 3_000)
    assert looks.count(1_000) == 2


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SealedJournal:
    made = SealedJournal(tmp_path_factory.mktemp("template"))
    made.seal()
    made.journal.close()
    return made


def copied(template: SealedJournal, folder: str) -> SealedJournal:
    made = SealedJournal(Path(folder) / "unused", days=0)
    shutil.copytree(template.folder, Path(folder) / "copy")
    made.folder = Path(folder) / "copy"
    made.journal.folder = made.folder / "journal" / "main"
    return made


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_any_changed_bit_of_the_seals_is_found(template: SealedJournal, place: int, bit: int) -> None:
    """Every byte of the book counts."""
    with TemporaryDirectory() as folder:
        copy = copied(template, folder)
        path = copy.journal.folder / "seals.jsonl"
        content = bytearray(path.read_bytes())
        content[place % len(content)] ^= 1 << bit
        path.write_bytes(content)
        assert copy.bad() is not None


@settings(max_examples=150, deadline=None)
@given(day=st.integers(0, 3), place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_a_changed_bit_of_a_days_file_is_found_or_changes_no_message(
    template: SealedJournal, day: int, place: int, bit: int
) -> None:
    """SQLite's pages have unused bytes; wherever a message says something else, it is named."""
    with TemporaryDirectory() as folder:
        copy = copied(template, folder)
        path = copy.journal.folder / template.file(day).name
        content = bytearray(path.read_bytes())
        content[place % len(content)] ^= 1 << bit
        path.write_bytes(content)
        if copy.bad() is None:
            assert all_messages(copy.journal.folder) == all_messages(template.journal.folder)


def all_messages(folder: Path) -> list[tuple[object, ...]]:
    found = []
    for file in journal_day.files(folder):
        with sqlite3.connect(file) as connection:
            found += connection.execute(journal_day.SQL["after"], (0, 1_000)).fetchall()
    return found


COLUMNS = ("topic", "payload")


@settings(max_examples=100, deadline=None)
@given(
    day=st.integers(0, 3), position=st.integers(1, 5), column=st.sampled_from(COLUMNS), place=st.integers(0, 100),
    byte=st.integers(1, 127),
)  # fmt: skip
def test_any_changed_byte_of_a_record_is_found_at_that_record(
    template: SealedJournal, day: int, position: int, column: str, place: int, byte: int
) -> None:
    """Of its topic or payload."""
    with TemporaryDirectory() as folder:
        copy = copied(template, folder)
        file = copy.journal.folder / template.file(day).name
        with sqlite3.connect(file) as connection:
            query = f"SELECT CAST({column} AS BLOB), typeof({column}) FROM messages WHERE position = ?"
            content, kind = connection.execute(query, (position,)).fetchone()
            changed = bytearray(content)
            changed[place % len(changed)] ^= byte
            connection.execute(
                f"UPDATE messages SET {column} = CAST(? AS {kind}) WHERE position = ?", (bytes(changed), position)
            )
        bad = copy.bad()
        assert bad is not None
        assert bad.seq == template.seqs[day][position - 1]
