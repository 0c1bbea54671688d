"""One look into the watched folder: which files are complete, which wait, and which stay where they are, and why."""

import heapq
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from domain.text import Text
from ingest.refusals import shown
from ingest.ways import MOST_BYTES

# Everything that begins with a dot is passed over, and so is what was taken.
TAKEN = ".taken"
# Longer than what a slow line needs between two packets; a file that was not written to for so long is complete.
QUIET_SECONDS = 5.0
# An FTP server makes the file before anything of it has come, and waits five minutes before it gives up.
EMPTY_SECONDS = 330.0
# A time so far ahead was set by the sender after the last byte, so it says nothing of when that came.
_AHEAD_SECONDS = 60.0
OVERDUE_SECONDS = 60.0
# As many as are looked at and then taken at once; the others wait for the next look, so that memory is bounded.
MOST_READY = 5_000
_DEEPEST = 8
_UNFINISHED = (".part", ".filepart", ".partial", ".tmp", ".temp", ".crdownload", ".swp", "~")
_UNFINISHED_SECONDS = 3_600.0

_TOO_LARGE = Text("they are larger than {most} bytes", {"most": MOST_BYTES})
_UNFINISHED_FOR_LONG = Text("their names are those of unfinished files, and nothing has changed for an hour")
_LINK = Text("links are not followed")
_SPECIAL = Text("they are neither files nor folders")
_TOO_DEEP = Text("folders are {deepest} deep at most", {"deepest": _DEEPEST})
_ELSEWHERE = Text("their folder is on another file system than the watched one, so they cannot be moved away")
_NOT_WRITABLE = Text("this user may not write in their folder, so they cannot be moved away")


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen; `path` is relative to the watched folder."""

    path: str
    device: int
    inode: int
    size: int
    changed: int  # its last write, in ns

    @classmethod
    def of(cls, path: str, found: os.stat_result) -> "Seen":
        """Return what is known of the file at `path`."""
        return cls(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def is_same(self, found: os.stat_result) -> bool:
        """Tell whether it is the same file, and nobody has written to it."""
        return self == Seen.of(self.path, found)


@dataclass(slots=True)
class Look:
    """What a look found. `ready`: complete files, oldest first; `overdue` of all of them are waiting for long."""

    ready: list[Seen] = field(default_factory=list)
    overdue: int = 0
    oldest: float | None = None
    left: dict[str, tuple[Text, int, str]] = field(default_factory=dict)

    def leave(self, path: str, why: Text) -> None:
        """Count a file that stays where it is."""
        _, count, example = self.left.get(str(why), (why, 0, path))
        self.left[str(why)] = (why, count + 1, example)

    def wait(self, since: float, now: float) -> None:
        """Count a complete file that came at `since`."""
        if now - since > OVERDUE_SECONDS:
            self.overdue += 1
            self.oldest = since if self.oldest is None else min(self.oldest, since)


def look_into(folder: Path, now: float, left: Mapping[Seen, Text]) -> Look:
    """Look at everything in `folder`; `now` is the time by its file system's clock. Raises OSError.

    What is known to be `left` stays so. No link is followed.
    """
    look = Look()
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with closing(_Folder(handle, "", 0, os.fstat(handle).st_dev)) as top:
        ready = _Looking(look, now, left).ready(top)
        look.ready = heapq.nsmallest(MOST_READY, ready, key=lambda one: (one.changed, one.path))
    return look


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that is open; `path` is relative and ends in a slash, `device` is that of the watched one."""

    handle: int
    path: str
    depth: int
    device: int

    def opened(self, name: str) -> "_Folder":
        """Open a folder in it. Raises OSError, also where it has become a link."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=self.handle)
        return _Folder(handle, f"{self.path}{name}/", self.depth + 1, self.device)

    def trouble(self) -> Text | None:
        """Return why nothing could be moved out of it."""
        if os.fstat(self.handle).st_dev != self.device:
            return _ELSEWHERE
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=self.handle, effective_ids=True):
            return _NOT_WRITABLE
        return None

    def close(self) -> None:
        os.close(self.handle)


@dataclass(frozen=True, slots=True)
class _Looking:
    look: Look
    now: float
    left: Mapping[Seen, Text]

    def ready(self, folder: _Folder) -> Iterator[Seen]:
        """Yield the complete files in and below `folder`."""
        trouble = folder.trouble()
        with os.scandir(folder.handle) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = folder.path + entry.name
                with suppress(FileNotFoundError):  # gone since: the server has renamed or removed it
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode):
                        yield from self._below(folder, entry.name)
                    elif (why := self._why_left(path, found, trouble)) is not None:
                        self.look.leave(path, why)
                    elif self._is_complete(path, found):
                        self.look.wait(found.st_ctime, self.now)
                        yield Seen.of(path, found)

    def _below(self, folder: _Folder, name: str) -> Iterator[Seen]:
        path = folder.path + name
        if folder.depth >= _DEEPEST:
            self.look.leave(path, _TOO_DEEP)
            return
        try:
            inner = folder.opened(name)
        except FileNotFoundError:
            return
        except OSError as error:
            self.look.leave(path, cannot_read(error))
            return
        with closing(inner):
            yield from self.ready(inner)

    def _why_left(self, path: str, found: os.stat_result, trouble: Text | None) -> Text | None:
        if stat.S_ISLNK(found.st_mode):
            return _LINK
        if not stat.S_ISREG(found.st_mode):
            return _SPECIAL
        if _is_unfinished(path):
            return _UNFINISHED_FOR_LONG if self.now - found.st_ctime > _UNFINISHED_SECONDS else None
        if found.st_size > MOST_BYTES:
            return _TOO_LARGE
        return self.left.get(Seen.of(path, found), trouble)

    def _is_complete(self, path: str, found: os.stat_result) -> bool:
        if _is_unfinished(path):
            return False
        quiet_for = self.now - found.st_mtime
        return quiet_for >= (QUIET_SECONDS if found.st_size else EMPTY_SECONDS) or quiet_for < -_AHEAD_SECONDS


def _is_unfinished(path: str) -> bool:
    return path.lower().endswith(_UNFINISHED)


def cannot_read(error: OSError) -> Text:
    """Return why a file or folder is passed over."""
    return Text("they cannot be read ({why})", {"why": error.strerror or str(error)})


def sentences(look: Look, folder: Path) -> Iterator[Text]:
    """Yield what is to be said of that which stays where it is."""
    for why, count, example in look.left.values():
        values = {"count": count, "folder": str(folder), "why": why, "example": shown(example)}
        yield Text("Files that stay in {folder}: {count}, since {why} (such as {example}).", values)
