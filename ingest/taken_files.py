"""Where files lie that have been taken: `.taken/<day>/<number of the message>_<name>` in the watched folder.

The number leads to the message, whose bytes the journal keeps for 60 days; the files are only for those who look into
the folder, and are removed after a week.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import structlog

from ingest.folder_look import TAKEN, Seen

log = structlog.get_logger(__name__)

KEPT = timedelta(days=7)
# An FTP server gives up a connection that says nothing for five minutes; until then a file that was moved may grow.
GROWS_FOR_SECONDS = 900.0
_MOST_WATCHED = 5_000
_LONGEST_NAME = 255
_DIGITS = 19  # more than any message's number has


@dataclass(frozen=True, slots=True)
class Moved:
    """A file that was moved, and how it was when it was read."""

    seen: Seen
    place: Path


class TakenFiles:
    """The files that were taken from one watched folder."""

    def __init__(self, folder: Path) -> None:
        """Make nothing yet."""
        self._watched = folder
        self._folder = folder / TAKEN
        self._probe = self._folder / ".now"
        self._recent: dict[Path, Moved] = {}
        self._removed_on: date | None = None

    def prepare(self, today: date) -> float:
        """Make the place for what will be taken `today`; return the time by the file system's clock. Raises OSError."""
        self._folder.mkdir(exist_ok=True)
        self._day(today).mkdir(exist_ok=True)
        self._probe.touch()
        return self._probe.stat().st_mtime

    def looked_at(self) -> float | None:
        """Return when files were taken last, None if never."""
        try:
            return self._probe.stat().st_mtime
        except FileNotFoundError:
            return None

    def remove_old(self, today: date) -> None:
        """Once a day, remove what has been kept for long enough; what cannot be removed is only said."""
        if today == self._removed_on:
            return
        self._removed_on = today
        for day in list(self._days()):
            if date.fromisoformat(day.name) < today - KEPT:
                try:
                    shutil.rmtree(day)
                except OSError as error:
                    log.warning("old files not removed", folder=str(day), why=str(error))

    def put(self, seen: Seen, number: int, today: date, now: float) -> bool:
        """Move a file that is message `number`; False where it is not there any more as it was read. Raises OSError."""
        source = self._watched / seen.path
        with suppress(FileNotFoundError):
            if seen.is_same(source.lstat()):
                place = self._day(today) / named(number, seen.path)
                source.rename(place)
                if now - seen.changed / 1e9 < GROWS_FOR_SECONDS:
                    self._watch(Moved(seen, place))
                return True
        return False

    def grown(self, now: float, quiet: float) -> Iterator[Moved]:
        """Yield what was written to after it had been read, once that has ended; again until it is `put_again`."""
        for one in list(self._recent.values()):
            try:
                found = one.place.stat()
            except FileNotFoundError:
                del self._recent[one.place]
                continue
            quiet_for = now - found.st_mtime
            if not one.seen.is_same(found) and quiet_for >= quiet:
                yield Moved(Seen.of(one.seen.path, found), one.place)
            elif quiet_for >= GROWS_FOR_SECONDS:
                del self._recent[one.place]

    def put_again(self, moved: Moved, number: int) -> None:
        """Name a file that was read once more by its new message. Raises OSError."""
        place = moved.place.with_name(named(number, moved.seen.path))
        moved.place.rename(place)
        self._recent.pop(moved.place, None)
        self._watch(Moved(moved.seen, place))

    def changed_since(self, moment: float) -> Iterator[tuple[int, Path]]:
        """Yield the files that were moved or written to since `moment`, with the number of their message."""
        for day in self._days():
            for file in day.iterdir():
                number = file.name.partition("_")[0]
                if number.isdecimal() and len(number) < _DIGITS and file.stat().st_ctime >= moment:
                    yield int(number), file

    def _watch(self, moved: Moved) -> None:
        self._recent[moved.place] = moved
        if len(self._recent) > _MOST_WATCHED:
            del self._recent[next(iter(self._recent))]

    def _day(self, day: date) -> Path:
        return self._folder / day.isoformat()

    def _days(self) -> Iterator[Path]:
        for one in sorted(self._folder.iterdir()):
            with suppress(ValueError):
                date.fromisoformat(one.name)
                yield one


def named(number: int, path: str) -> str:
    """Return what a file is called once it is message `number`."""
    name = os.fsencode(f"{number}_{path.rpartition('/')[2]}")
    return os.fsdecode(name[:_LONGEST_NAME])
