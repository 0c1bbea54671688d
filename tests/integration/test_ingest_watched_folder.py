"""The watched folder on a real file system, with a real journal and the pipeline behind it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from domain.message import Incoming
from ingest.folder_look import EMPTY_SECONDS, MOST_READY, QUIET_SECONDS
from ingest.taken_files import KEPT
from ingest.watched_folder import GROUP_FILES, WatchedFolder
from ingest.ways import MOST_BYTES
from registry.lookup import Registry
from registry.schema import Station
from storage.journal import Journal, JournalUnavailable
from storage.ledger import all_heard
from support.builders import NOON
from support.configured import registry, station
from support.rig import Rig, Stopped
from support.waiting import wait_until

QUIET = QUIET_SECONDS + 1


def outfall(identity: str, **decoder: object) -> Station:
    return station(
        identity, kind="outfall", parameters=[{"id": "cod"}, {"id": "ph"}], decoder={"name": "circular10", **decoder}
    )


def text(minute: int = 0, cod: float = 84) -> str:
    at = f"2026030111{minute:02}00"
    return f"COD\t{cod}\tmg/L\t{at}\t00\r\npH\t7.1\t-\t{at}\t00\r\n"


class Watched:
    """A folder with a worker behind it; the journal can be made to refuse, and to be the last thing before an end."""

    def __init__(self, folder: Path, of: Registry) -> None:
        self.folder = folder / "files"
        self.folder.mkdir(parents=True)
        self.rig = Rig(folder / "data", of)
        self.watcher = self.restarted()

    def restarted(self, journal: object = None) -> WatchedFolder:
        self.watcher = WatchedFolder(self.folder, journal or self.rig.journal, self.rig.clock)  # type: ignore[arg-type]
        return self.watcher

    def put(self, name: str, content: str | bytes = "", *, age: float = QUIET) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        aged(path, age)
        return path

    def messages(self) -> list[Incoming]:
        return [one.incoming for one in self.rig.journal.read(0, 1_000_000)]

    def names(self) -> list[str]:
        """Return what lies in the folder for the server to see."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir())
        return sorted(str(one) for one in found if not one.parts[0].startswith("."))

    def taken(self) -> list[Path]:
        return sorted(self.folder.glob(".taken/????-??-??/*"))

    def left(self) -> str:
        return "\n".join(str(one) for one in self.watcher.state().left)


def aged(path: Path, seconds: float) -> None:
    """Let the last write be so long ago."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path, registry(outfall("NM1", files=["LA_NM1"]), outfall("NM2")))
    with one.rig:
        yield one


def test_a_file_is_read_kept_and_moved_away(watched: Watched) -> None:
    """Its bytes are in the journal as they were, never as live, and its readings are stored."""
    watched.put("LA_NM1_20260301110000.txt", text())
    assert watched.watcher.round() == 1
    watched.rig.finish()
    assert watched.messages() == [Incoming("$files/LA_NM1_20260301110000.txt", text().encode(), live=False)]
    assert watched.names() == []
    (kept,) = watched.taken()
    assert (kept.parent.name, kept.read_bytes()) == ("2026-03-01", text().encode())
    assert watched.rig.journal.get(int(kept.name.partition("_")[0])) is not None
    assert {parameter for parameter, _ in watched.rig.values()} == {"cod", "ph"}
    assert watched.rig.outcomes() == {"stored": 1}


def test_a_station_that_sends_files_only_is_heard_by_them(watched: Watched) -> None:
    """At the time of receipt; the file's age is no skew of the station's clock."""
    watched.put("NM2/x.txt", text())
    watched.watcher.round()
    watched.rig.finish()
    heard = all_heard(watched.rig.engine)["NM2"]
    assert (heard.heard_at, heard.measured_at, heard.skew) == (NOON, NOON - timedelta(hours=1), None)


@pytest.mark.parametrize(
    ("age", "is_taken"),
    [(0, False), (QUIET_SECONDS - 1, False), (QUIET, True), (86_400, True), (-3_600, True), (-10, False)],
)
def test_a_file_is_complete_when_nobody_has_written_to_it_for_a_while(
    watched: Watched, age: float, is_taken: bool
) -> None:
    """By the file system's own clock; a time far ahead was set by the sender once it had sent all."""
    watched.put("LA_NM1_20260301110000.txt", text(), age=age)
    assert watched.watcher.round() == is_taken


def test_a_file_that_changes_between_two_looks_waits(watched: Watched) -> None:
    """Also where its time says that nothing has changed."""
    path = watched.put("LA_NM1_20260301110000.txt", text()[:20])
    before = path.stat()

    def write() -> None:
        path.write_bytes(text().encode())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert watched.watcher.round(write) == 0
    assert watched.watcher.round() == 1
    assert [one.payload for one in watched.messages()] == [text().encode()]


def test_a_file_that_takes_the_place_of_another_between_two_looks_waits(watched: Watched) -> None:
    """Neither is moved away unread."""
    watched.put("LA_NM1.txt", text())
    other = watched.put(".other", text(1))
    assert watched.watcher.round(lambda: other.rename(watched.folder / "LA_NM1.txt")) == 0
    assert watched.watcher.round() == 1
    assert [one.payload for one in watched.messages()] == [text(1).encode()]


def test_a_file_that_takes_the_place_of_another_while_that_is_kept_is_taken_next(watched: Watched) -> None:
    """Only what is in the journal is moved away."""
    watched.put("LA_NM1.txt", text())
    other = watched.put(".other", text(1))
    journal = Meanwhile(watched.rig.journal, lambda: other.rename(watched.folder / "LA_NM1.txt"))
    assert watched.restarted(journal).round() == 1
    assert watched.names() == ["LA_NM1.txt"]
    assert watched.restarted().round() == 1
    assert [one.payload for one in watched.messages()] == [text().encode(), text(1).encode()]


class Meanwhile:
    """A journal during whose commit something happens."""

    def __init__(self, journal: Journal, happens: Callable[[], object]) -> None:
        self._journal, self._happens = journal, happens

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        numbers = self._journal.append(batch)
        self._happens()
        return numbers


def test_a_file_that_somebody_still_writes_to_waits(watched: Watched) -> None:
    """However long ago the last byte came."""
    path = watched.put("LA_NM1_20260301110000.txt", text()[:20])
    with path.open("ab") as file:
        assert watched.watcher.round() == 0
        file.write(text()[20:].encode())
    aged(path, QUIET)
    assert watched.watcher.round() == 1
    assert [one.payload for one in watched.messages()] == [text().encode()]


def test_a_file_that_is_renamed_into_place_need_not_wait(watched: Watched) -> None:
    """Its last write is long ago, and its name is new."""
    path = watched.put("LA_NM1_20260301110000.txt.part", text())
    assert watched.watcher.round() == 0
    path.rename(path.with_suffix(""))
    assert watched.watcher.round() == 1


@pytest.mark.parametrize(
    "name", [".hidden", ".LA_NM1.txt.swp", "a.part", "a.filepart", "a.txt.tmp", "a.PART", "a.txt~", ".in/a.txt"]
)
def test_unfinished_and_hidden_files_are_passed_over(watched: Watched, name: str) -> None:
    """They are left where they are."""
    path = watched.put(name, text())
    assert watched.watcher.round() == 0
    assert path.exists()


@pytest.mark.parametrize("seconds", [EMPTY_SECONDS - 5, EMPTY_SECONDS + 5])
def test_an_empty_file_waits_for_longer_than_a_server_does(watched: Watched, seconds: float) -> None:
    """Then it is kept and refused like any message without content."""
    watched.put("LA_NM1_20260301110000.txt", "", age=seconds)
    assert watched.watcher.round() == (seconds > EMPTY_SECONDS)
    watched.rig.finish()
    assert watched.rig.quarantine.counts() == ({"empty_message": 1} if seconds > EMPTY_SECONDS else {})


def test_files_are_taken_oldest_first(watched: Watched) -> None:
    """By their last write, whatever their names are: of two that differ the later counts."""
    for name, age in (("b", 30), ("NM2/c", 20), ("a", 40)):
        watched.put(f"{name}.txt", text(), age=age)
    watched.watcher.round()
    assert [one.topic for one in watched.messages()] == ["$files/a.txt", "$files/b.txt", "$files/NM2/c.txt"]


@pytest.mark.parametrize("name", ["LA_NM1_20260301110000.txt", "LA_NM1_20260301110005.txt", "NM1/LA_NM1.txt"])
def test_a_file_sent_again_changes_nothing(watched: Watched, name: str) -> None:
    """Under the same name or another; a corrected one revises the reading."""
    for sent, content in (("LA_NM1_20260301110000.txt", text()), (name, text()), (name, text(cod=48))):
        watched.put(sent, content)
        assert watched.watcher.round() == 1
    watched.rig.finish()
    assert (watched.rig.outcomes(), watched.rig.counts()) == ({"stored": 2, "repeated": 1}, (2, 1))


def test_the_same_name_comes_again_and_again(watched: Watched) -> None:
    """A logger that always writes the same file."""
    for minute in range(3):
        watched.put("LA_NM1.txt", text(minute))
        assert watched.watcher.round() == 1
    watched.rig.finish()
    assert watched.rig.outcomes() == {"stored": 3}
    assert len(watched.taken()) == 3


class Ending:
    """A journal after whose next commit the process ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        self._journal.append(batch)
        raise Stopped


def test_ended_between_journal_and_moving_it_reads_the_files_again(watched: Watched) -> None:
    """Which changes nothing: they are repeated."""
    for minute in range(5):
        watched.put(f"LA_NM1_202603011100{minute:02}.txt", text(minute))
    with pytest.raises(Stopped):
        watched.restarted(Ending(watched.rig.journal)).round()
    assert len(watched.names()) == 5
    watched.restarted().round()
    watched.rig.finish()
    assert watched.rig.outcomes() == {"stored": 5, "repeated": 5}
    assert (len(watched.rig.readings()), watched.rig.counts(), watched.names()) == (10, (10, 0), [])


class Full:
    """A journal on a full disk."""

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        raise JournalUnavailable("database or disk is full")


def test_nothing_is_moved_while_nothing_can_be_kept(watched: Watched) -> None:
    """A full disk costs no file, and is said."""
    watched.put("LA_NM1_20260301110000.txt", text())
    assert watched.restarted(Full()).round() == 0
    assert watched.names() == ["LA_NM1_20260301110000.txt"]
    assert str(watched.watcher.state().error) == "Files cannot be kept: database or disk is full."
    assert watched.restarted().round() == 1


def test_a_missing_folder_is_said_and_not_made(watched: Watched) -> None:
    """It may be a disk that is not mounted; once it is there, files are taken."""
    moved = watched.folder.rename(watched.folder.with_name("elsewhere"))
    assert watched.watcher.round() == 0
    assert "cannot be used (No such file or directory)" in str(watched.watcher.state().error)
    assert not watched.folder.exists()
    moved.rename(watched.folder)
    watched.put("LA_NM1_20260301110000.txt", text())
    assert (watched.watcher.round(), watched.watcher.state().error) == (1, None)


def test_what_cannot_be_taken_is_left_and_said(watched: Watched) -> None:
    """A huge file, links out of the folder and within, what is no file, what never became one."""
    watched.put("LA_NM1_20260301110000.txt", b"x" * (MOST_BYTES + 1))
    outside = watched.folder.parent / "secret.txt"
    outside.write_text(text())
    aged(outside, QUIET)
    (watched.folder / "link.txt").symlink_to(outside)
    (watched.folder / "folder").symlink_to(outside.parent)
    os.mkfifo(watched.folder / "pipe.txt")
    deep = "/".join("abcdefghij")
    watched.put(f"{deep}/x.txt", text())
    assert watched.watcher.round() == 0
    assert watched.messages() == []
    left = watched.left()
    assert "1, since they are larger than 262144 bytes (such as LA_NM1_20260301110000.txt)" in left
    assert "2, since links are not followed" in left
    assert "1, since they are neither files nor folders (such as pipe.txt)" in left
    assert "folders are 8 deep at most (such as a/b/c/d/e/f/g/h/i)" in left
    watched.put("LA_NM1_20260301110100.txt", text())
    assert watched.watcher.round() == 1


def test_a_file_of_the_largest_size_is_taken(watched: Watched) -> None:
    """One more byte is too many."""
    watched.put("LA_NM1_20260301110000.txt", b"x" * MOST_BYTES)
    assert watched.watcher.round() == 1


def test_names_that_are_not_utf8_are_taken(watched: Watched) -> None:
    """And quarantined as nobody's."""
    (watched.folder / os.fsdecode(b"\xff\n\xfe.txt")).write_text(text())
    aged(watched.folder / os.fsdecode(b"\xff\n\xfe.txt"), QUIET)
    watched.put("x" * 251 + ".txt", text())
    assert watched.watcher.round() == 2
    watched.rig.finish()
    assert watched.rig.quarantine.counts() == {"unknown_file": 2}
    assert watched.names() == []


@pytest.mark.parametrize("restarts", [False, True])
def test_a_file_that_grows_after_all_is_read_once_more(watched: Watched, *, restarts: bool) -> None:
    """Its sender stalled for longer than a file may wait, and then wrote on where it had been moved to."""
    watched.put("LA_NM1_20260301110000.txt", text()[:30])
    assert watched.watcher.round() == 1
    (kept,) = watched.taken()
    with kept.open("ab") as file:
        file.write(text()[30:].encode())
    if restarts:
        watched.restarted()
    else:
        watched.watcher.round()
        assert len(watched.messages()) == 1  # it may be growing still
    aged(kept, QUIET)
    for _ in range(3):
        watched.watcher.round()
    watched.rig.finish()
    assert [one.payload for one in watched.messages()] == [text()[:30].encode(), text().encode()]
    assert {one.topic for one in watched.messages()} == {"$files/LA_NM1_20260301110000.txt"}
    assert len(watched.rig.readings()) == 2


def test_several_groups_are_several_commits(watched: Watched) -> None:
    """One for many files, none for all."""
    count = 2 * GROUP_FILES + 1
    for number in range(count):
        watched.put(f"LA_NM1_{number:014}.txt", text(number % 60), age=10_000 - number)
    groups: list[int] = []
    journal = Counting(watched.rig.journal, groups)
    assert watched.restarted(journal).round() == count
    assert groups == [GROUP_FILES, GROUP_FILES, 1]
    assert [one.topic for one in watched.messages()] == [f"$files/LA_NM1_{number:014}.txt" for number in range(count)]


class Counting:
    """A journal that tells the sizes of its commits."""

    def __init__(self, journal: Journal, groups: list[int]) -> None:
        self._journal, self._groups = journal, groups

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        self._groups.append(len(batch))
        return self._journal.append(batch)


def test_a_look_is_bounded_and_the_next_goes_on(watched: Watched) -> None:
    """What piled up in two days is taken in several looks, oldest first."""
    count = MOST_READY + 3
    for number in range(count):
        watched.put(f"NM2/{number}.txt", b"", age=10_000_000 - number)
    assert (watched.watcher.round(), watched.watcher.round(), watched.watcher.round()) == (MOST_READY, 3, 0)


def test_what_was_taken_is_removed_after_a_week(watched: Watched) -> None:
    """The journal keeps the bytes."""
    watched.put("LA_NM1_20260301110000.txt", text())
    watched.watcher.round()
    watched.rig.clock.moment += KEPT
    watched.watcher.round()
    assert len(watched.taken()) == 1
    watched.rig.clock.moment += timedelta(days=1)
    watched.watcher.round()
    assert watched.taken() == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user who may not do everything; nothing where we are one already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike those of pytest."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_what_may_not_be_read_or_moved_is_left_and_said(open_folder: Path) -> None:
    """And taken once the rights are put right."""
    with as_nobody():
        one = Watched(open_folder, registry(outfall("NM1", files=["LA_NM1"]), outfall("NM2")))
        with one.rig:
            secret = one.put("LA_NM1_20260301110000.txt", text())
            one.put("NM2/x.txt", text())
            one.put("NM3/y.txt", text())
            secret.chmod(0)
            (one.folder / "NM2").chmod(0o500)
            (one.folder / "NM3").chmod(0)
            assert (one.watcher.round(), one.watcher.round()) == (0, 0)
            left = one.left()
            assert "they cannot be read (Permission denied) (such as " in left
            assert "this user may not write in their folder, so they cannot be moved away (such as NM2/x.txt)" in left
            secret.chmod(0o600)
            (one.folder / "NM2").chmod(0o700)
            (one.folder / "NM3").chmod(0o700)
            assert one.restarted().round() == 3
            assert one.names() == []


def test_it_goes_on_by_itself_until_it_is_stopped(watched: Watched) -> None:
    """A file is taken a few seconds after its last byte."""
    watched.watcher.start()
    watched.put("LA_NM1_20260301110000.txt", text(), age=0)
    wait_until(lambda: len(watched.messages()) == 1, what=lambda: str(watched.watcher.state()))
    watched.watcher.stop()
    watched.put("LA_NM1_20260301110100.txt", text(1))
    assert watched.names() == ["LA_NM1_20260301110100.txt"]
