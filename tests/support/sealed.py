"""A journal of a few days, sealed as the service does it, and pruned if wanted."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.clock import SetClock
from domain.message import Incoming
from storage import checking, keys, sealing
from storage.checking import BadRecord
from storage.journal import Journal
from storage.seals import Seal

FIRST_DAY = datetime(2026, 3, 1, 6, tzinfo=UTC)


class SealedJournal:
    """One worker's journal in `folder`; each day has `each` messages, all days but the newest can be sealed."""

    def __init__(self, folder: Path, *, days: int = 4, each: int = 5) -> None:
        self.folder = folder
        self.clock = SetClock(FIRST_DAY)
        self.journal = Journal(folder / "journal", worker="main", clock=self.clock)
        self.seqs: list[list[int]] = []
        for day in range(days):
            self.clock.moment = FIRST_DAY + timedelta(days=day)
            batch = [Incoming("quantrac/A-1/air", f"day {day} message {one}".encode()) for one in range(each)]
            self.seqs.append(self.journal.append(batch))

    @property
    def key(self) -> keys.SealKey:
        entries = self.journal.seals.entries()
        return keys.open_key(self.folder / "keys", last=entries[-1].key if entries else None)

    def seal(self) -> list[Seal]:
        """Seal what is due."""
        folder, book, now = self.journal.folder, self.journal.seals, self.clock.now()
        made = (sealing.seal(file, book, self.key, now) for file in sealing.due(folder, book, now))
        return [one for one in made if one is not None]

    def file(self, day: int) -> Path:
        """Return the file of the day counted from 0."""
        return self.journal.folder / f"{(FIRST_DAY + timedelta(days=day)):%Y-%m-%d}.sqlite"

    def bad(self, by: Iterable[str] | None = None) -> BadRecord | None:
        """Return what a check finds, with the keys that are published here."""
        trusted = list(by) if by is not None else keys.public_keys(self.folder / "keys")
        return checking.check(self.journal.folder, keys=trusted).bad
