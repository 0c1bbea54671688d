"""The folder into which an FTP server puts the stations' files: each is read, kept in the journal, and only then moved.

Nothing of a file is lost at any moment: it lies in the folder until it is in the journal, and whatever ends the process
in between, it is read again and changes nothing. Half-written files wait: a file is taken once it has not changed for
some seconds and between two looks. One that grows after all, since its sender stalled for longer, is read once more
where it was moved to, also after a restart.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from domain.clock import Clock
from domain.message import Incoming
from domain.text import Text
from ingest.folder_look import QUIET_SECONDS, Look, Seen, cannot_read, look_into, sentences
from ingest.taken_files import GROWS_FOR_SECONDS, Moved, TakenFiles
from ingest.ways import FILES, MOST_BYTES
from storage.journal import Journal, JournalUnavailable

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
_LONGEST_PAUSE = 30.0
# A group is one commit: one fsync for many files, and the subscriber waits no longer than for one of its own groups.
GROUP_FILES = 500
GROUP_BYTES = 8 * 1024 * 1024
# What could not be read or moved is tried again so often.
_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FolderState:
    """How the watched folder stands. `error`: why nothing is taken, None where nothing stands against it.

    `overdue` complete files have been waiting for more than a minute, the oldest since `oldest`. `left` says what stays
    where it is, and why.
    """

    error: Text | None = None
    overdue: int = 0
    oldest: datetime | None = None
    left: tuple[Text, ...] = ()


@dataclass(slots=True)
class _Group:
    """Files that go to disk together."""

    files: list[Seen] = field(default_factory=list)
    messages: list[Incoming] = field(default_factory=list)
    size: int = 0

    def add(self, one: Seen, payload: bytes) -> None:
        self.files.append(one)
        self.messages.append(_message(_topic(one.path), payload))
        self.size += len(payload)

    def is_full(self) -> bool:
        return len(self.files) >= GROUP_FILES or self.size >= GROUP_BYTES


@dataclass(frozen=True, slots=True)
class _Left:
    """Why a file was not taken or not moved; `number` is that of its message, if it is in the journal already."""

    why: Text
    number: int | None = None


class _NotYet(Exception):
    """The file is not as it was seen, or somebody is writing to it."""


class WatchedFolder:
    """Takes files for ever, in a thread of its own."""

    def __init__(self, folder: Path, journal: Journal, clock: Clock) -> None:
        """Nothing is looked at before `start`. The folder is not made: where it is missing, something is wrong."""
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._taken = TakenFiles(folder)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = FolderState()
        self._left: dict[Seen, _Left] = {}
        self._retry_at = 0.0
        self._is_recovered = False

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="watched-folder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the group at hand, and return when that is done."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def state(self) -> FolderState:
        """Return how the folder stands; may be asked from any thread."""
        return self._state

    def _run(self) -> None:
        pause = POLL_SECONDS
        while not self._stop.is_set():
            self.round(lambda: self._stop.wait(POLL_SECONDS))
            pause = POLL_SECONDS if self._state.error is None else min(pause * 2, _LONGEST_PAUSE)
            if self._state.error is not None:
                self._stop.wait(pause)

    def round(self, between: Callable[[], object] = lambda: None) -> int:
        """Look, look again after `between`, and take what is complete, oldest first; return how many there were.

        Never raises: what stands against it is in `state`, and nothing is moved that is not in the journal.
        """
        try:
            return self._round(between)
        except JournalUnavailable as error:
            self._trouble(Text("Files cannot be kept: {why}.", {"why": str(error)}))
        except OSError as error:
            self._trouble(Text(
                "The folder {folder} of QUANTRAC_FILES cannot be used ({why}). Make it, and let this user write there.",
                {"folder": str(self._folder), "why": error.strerror or str(error)},
            ))  # fmt: skip
        except Exception as error:
            log.exception("files not taken", folder=str(self._folder))
            self._trouble(Text("Files cannot be taken ({why}).", {"why": type(error).__name__}))
        return 0

    def _round(self, between: Callable[[], object]) -> int:
        self._recover()
        today = self._clock.now().date()
        now = self._taken.prepare(today)
        self._taken.remove_old(today)
        self._read_grown(now)
        self._try_again(today, now)
        look = look_into(self._folder, now, {seen: one.why for seen, one in self._left.items()})
        self._tell(look)
        between()
        return sum(self._take(group, today, now) for group in self._groups(look.ready))

    def _tell(self, look: Look) -> None:
        oldest = None if look.oldest is None else datetime.fromtimestamp(look.oldest, UTC)
        self._state = FolderState(None, look.overdue, oldest, tuple(sentences(look, self._folder)))

    def _trouble(self, error: Text) -> None:
        if error != self._state.error:
            log.warning("files are not taken", why=str(error))
        self._state = replace(self._state, error=error)

    def _groups(self, ready: Iterable[Seen]) -> Iterator[_Group]:
        """Yield what is committed together; between two groups others get as much time as one has taken."""
        group, began = _Group(), time.monotonic()
        for one in ready:
            if self._stop.is_set():
                return
            with suppress(_NotYet):
                group.add(one, self._read(one))
            if group.is_full():
                yield group
                self._stop.wait(time.monotonic() - began)
                group, began = _Group(), time.monotonic()
        if group.files:
            yield group

    def _read(self, one: Seen) -> bytes:
        """Return what is in a file, if it is as it was seen. Raises _NotYet."""
        try:
            return _contents(self._folder / one.path, one)
        except FileNotFoundError as error:
            raise _NotYet from error
        except OSError as error:
            self._left[one] = _Left(cannot_read(error))
            raise _NotYet from error

    def _take(self, group: _Group, today: date, now: float) -> int:
        """Keep the files of `group` in the journal, and then move them away. Raises JournalUnavailable."""
        numbers = self._journal.append(group.messages)
        for one, number in zip(group.files, numbers, strict=True):
            self._move(one, number, today, now)
        return len(numbers)

    def _move(self, one: Seen, number: int, today: date, now: float) -> None:
        try:
            self._taken.put(one, number, today, now)
            self._left.pop(one, None)
        except OSError as error:
            why = Text(
                "they are in the journal, but cannot be moved away ({why})", {"why": error.strerror or str(error)}
            )
            self._left[one] = _Left(why, number)

    def _try_again(self, today: date, now: float) -> None:
        """Give what could not be read or moved another chance now and then."""
        if time.monotonic() < self._retry_at:
            return
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        for seen, one in list(self._left.items()):
            if one.number is None:
                del self._left[seen]
            else:
                self._move(seen, one.number, today, now)

    def _read_grown(self, now: float) -> None:
        """Keep once more what was written to after it had been read. Raises JournalUnavailable."""
        for moved in self._taken.grown(now, QUIET_SECONDS):
            self._keep_again(moved, _topic(moved.seen.path))

    def _recover(self) -> None:
        """Find what was written to after it had been read, just before we ended or while we did not run."""
        last = self._taken.looked_at()
        if self._is_recovered or last is None:
            self._is_recovered = True
            return
        for number, file in list(self._taken.changed_since(last - GROWS_FOR_SECONDS)):
            known = self._journal.get(number)
            if known is not None and known.incoming.payload != file.read_bytes()[: MOST_BYTES + 1]:
                path = known.incoming.topic.removeprefix(FILES)
                self._keep_again(Moved(Seen.of(path, file.stat()), file), known.incoming.topic)
        self._is_recovered = True

    def _keep_again(self, moved: Moved, topic: str) -> None:
        with suppress(_NotYet, FileNotFoundError):
            payload = _contents(moved.place, moved.seen)
            (number,) = self._journal.append([_message(topic, payload)])
            self._taken.put_again(moved, number)


def _contents(path: Path, seen: Seen) -> bytes:
    """Return what is in a file. Raises _NotYet where it is not as it was seen, and OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if _is_written_to(handle):
            raise _NotYet
        payload = file.read(MOST_BYTES + 1)
        if not seen.is_same(os.fstat(handle)):
            raise _NotYet
    return payload


def _is_written_to(handle: int) -> bool:
    """Tell whether somebody has the file open for writing, as far as the system says so to this user.

    A lease can be had only where nobody has, and is let go of at once. Whoever opens the file meanwhile waits for that,
    and has the system send us a signal, which is to be one that ends nobody.
    """
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # another's file, or a file system without leases
        return False
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _message(topic: str, payload: bytes) -> Incoming:
    return Incoming(topic, payload, live=False)


def _topic(path: str) -> str:
    # A name need not be UTF-8, while a topic in the journal must be.
    return FILES + os.fsencode(path).decode(errors="replace")
