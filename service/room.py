"""How much room there is on the disk, and for how long at the present rate."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.journal import Journal

_DAY = timedelta(days=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes free where the data are, kept there, and come to them in a day as things go now; None: nothing comes."""

    free: int
    kept: int
    journal: int
    a_day: float | None

    @property
    def days(self) -> float | None:
        """Days until the disk is full."""
        return None if not self.a_day else self.free / self.a_day


def room(folder: Path, journals: Iterable[Journal], now: datetime) -> Room:
    """Measure the disk of a data folder.

    What comes in a day are the messages of the last 24 hours, each as large as all that is kept of one so far: in the
    journal, as readings and in the state. Nothing is counted that a server elsewhere keeps.
    """
    every = list(journals)
    kept, journal = _size(folder), sum(one.size() for one in every)
    received, here = sum(one.count() for one in every), sum(one.count_since(_BEGINNING) for one in every)
    lately = sum(one.count_since(now - _DAY) for one in every)
    # Of pruned days the journal has nothing left; their readings are still there.
    a_day = (journal / here + (kept - journal) / received) * lately if lately else None
    return Room(shutil.disk_usage(_there(folder)).free, kept, journal, a_day)


def _there(folder: Path) -> Path:
    """Return the folder, or where it would be made."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())


def _size(folder: Path) -> int:
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                yield path.stat().st_size
        except OSError:
            continue  # a file that was there a moment ago, such as a write-ahead log
