"""Files into the journal, and on until figures have caught up: beside a running service, or where none runs.

See `service.build` for how the work is shared between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.clock import Clock
from domain.text import QuantracError, Text
from registry.lookup import Registry
from service.build import open_pipeline
from service.catching_up import Progress, catch_up, patiently
from service.locks import Locks
from service.settings import IMPORT_WORKER, Settings
from service.stores import Folder, Stores
from service.transfer import ImportResult, import_file
from storage.journal import Journal, JournalUnavailable
from storage.tables import outcomes


@dataclass
class Importer:
    """Takes files to their end. `told` hears how far it has got; `is_alone` says afterwards that no schedule runs."""

    settings: Settings
    registry: Registry
    clock: Clock
    stores: Stores
    told: Progress
    is_alone: bool = False

    def run(self, files: Sequence[Path], stamp: Literal["start", "end"]) -> tuple[list[ImportResult], dict[str, int]]:
        """Import `files`; return what was read of each, and the outcomes of all their messages.

        Raises BadFile (nothing of that file is taken), and ServerAway where a store does not answer for long.
        """
        with Locks(self.settings.data) as locks:
            locks.take(["import"])
            journal = Folder(self.settings.data).open_journal(IMPORT_WORKER, self.clock)
            before = journal.newest()
            try:
                results = self._read_all(files, journal, stamp)
                self._understand(journal)
                catch_up(self.registry, self.clock, self.stores, locks, self.told)
                self.is_alone = locks.try_take("schedule")
                return results, _outcomes(self.stores.engine, before)
            finally:
                journal.close()

    def _read_all(self, files: Sequence[Path], journal: Journal, stamp: Literal["start", "end"]) -> list[ImportResult]:
        try:
            return [self._read(file, journal, stamp) for file in files]
        except JournalUnavailable as error:
            raise QuantracError(Text(
                "The journal in {folder} cannot be written ({why}). Make room or give it to this user, and import again: "
                "what was taken already is only counted as repeated.",
                {"folder": str(journal.folder), "why": str(error)},
            ), exit_status=3) from error  # fmt: skip

    def _read(self, file: Path, journal: Journal, stamp: Literal["start", "end"]) -> ImportResult:
        return import_file(file, journal, self.registry, stamp=stamp, progress=lambda lines: self.told(lines, None))

    def _understand(self, journal: Journal) -> None:
        """Take every message of the import journal to its outcome; those of an import that was stopped as well."""
        pipeline = open_pipeline(self.settings, self.registry, self.clock, self.stores, journal, IMPORT_WORKER)
        done = 0
        while messages := patiently(pipeline.step):
            done += messages
            self.told(done, None)


def _outcomes(engine: Engine, after: int) -> dict[str, int]:
    query = (
        sa
        .select(outcomes.c.outcome, sa.func.count().label("messages"))
        .where(outcomes.c.worker == IMPORT_WORKER, outcomes.c.seq > after)
        .group_by(outcomes.c.outcome)
    )
    with engine.connect() as connection:
        return {row.outcome: row.messages for row in connection.execute(query)}
