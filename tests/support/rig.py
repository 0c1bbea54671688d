"""The pipeline with its real stores in a folder, and something that stops it between two steps."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from domain.clock import SetClock
from domain.message import Incoming, Outcome
from domain.moment import moment
from domain.reading import Reading, SeriesKey
from domain.window import Window
from ingest.pipeline import Books, Pipeline
from registry.lookup import Registry
from storage import ledger as ledgers
from storage import spans
from storage.journal import Journal
from storage.ledger import Ledger
from storage.quarantine import Quarantine
from storage.sqlite import SqliteReadings
from storage.state import open_state, writing
from storage.turn import Turn
from support.builders import NOON
from support.configured import registry

ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


class Stopped(BaseException):
    """The process ended here: nobody may catch it."""


class Tripwire:
    """Stands before a part, passes everything on, and stops at one call: before it, or after it was done."""

    def __init__(self, part: Any, method: str, when: str) -> None:
        self._part, self._method, self._when = part, method, when
        self.armed = True

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        return call if name != self._method or not self.armed else self._stopping(call)

    def _stopping(self, call: Any) -> Any:
        def stop(*arguments: Any, **named: Any) -> None:
            self.armed = False
            if self._when == "after":
                call(*arguments, **named)
            raise Stopped

        return stop


class Rig:
    """One ingest worker with a journal, quarantine, state and readings of its own."""

    def __init__(self, folder: Path, of: Registry | None = None) -> None:
        self.registry = of or registry()
        self.clock = SetClock(NOON)
        self.journal = Journal(folder / "journal", worker="main", clock=self.clock)
        self.quarantine = Quarantine(folder / "quarantine.sqlite")
        self.engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
        self.ledger = Ledger(self.engine, "main")
        self.store = SqliteReadings(folder / "readings.sqlite")
        self.turn = Turn(folder / "readings.lock")

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.journal.close()
        self.quarantine.close()
        self.engine.dispose()
        self.store.close()
        self.turn.close()

    def receive(self, *payloads: str | bytes, topic: str = "quantrac/A-1/air", live: bool = True) -> list[int]:
        """Put messages into the journal, as the subscriber does."""
        bodies = [one.encode() if isinstance(one, str) else one for one in payloads]
        return self.journal.append([Incoming(topic, body, live=live) for body in bodies])

    def pipeline(self, **other: Any) -> Pipeline:
        """Return a pipeline as after a start of the process; `other` replaces a part."""
        parts = {"quarantine": self.quarantine, "ledger": self.ledger, "store": self.store, "turn": self.turn, **other}
        return Pipeline(self.registry, self.journal, Books(**parts), self.clock)

    def finish(self, limit: int = 1_000) -> None:
        """Process everything that waits."""
        pipeline = self.pipeline()
        while pipeline.step(limit):
            pass

    def readings(self) -> dict[tuple[SeriesKey, datetime], Reading]:
        """Return everything stored."""
        found = self.store.find(dict.fromkeys(self._every_series(), ALL_TIME))
        return {(one.series, one.measured_at): one for one in found}

    def _every_series(self) -> Iterable[SeriesKey]:
        stations = self.registry.stations.values()
        return (SeriesKey(one.id, parameter) for one in stations for parameter in self.registry.parameters)

    def values(self) -> dict[tuple[str, datetime], float | None]:
        """Return stored values by parameter and moment."""
        return {(series.parameter, at): one.value for (series, at), one in self.readings().items()}

    def outcomes(self) -> dict[str, int]:
        """Return how many messages came to which outcome, those that have any."""
        return {outcome.value: count for outcome, count in ledgers.outcome_counts(self.engine).items() if count}

    def outcome(self, seq: int) -> str | None:
        """Return what became of one message."""
        with self.engine.connect() as connection:
            row = connection.exec_driver_sql("SELECT outcome FROM outcomes WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else Outcome(row[0]).value

    def counts(self) -> tuple[int, int]:
        """Return how many readings were new, and how many changed one."""
        return ledgers.reading_counts(self.engine)


class Onlooker:
    """A job like the flagger: takes released spans, looks at what is stored there, and clears what it took."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.seen: dict[tuple[SeriesKey, int], dict[datetime, float | None]] = {}

    def run(self) -> None:
        taken = spans.take(self._rig.engine, "flag")
        for span in taken:
            day = 86_400_000_000
            window = Window(moment(span.day * day - 1), moment((span.day + 1) * day - 1))
            found = self._rig.store.find({span.series: window})
            self.seen[span.series, span.day] = {one.measured_at: one.value for one in found}
        with writing(self._rig.engine) as connection:
            spans.clear(connection, taken)

    def knows(self) -> dict[tuple[SeriesKey, datetime], float | None]:
        """Return every value that it has seen last."""
        return {(series, at): value for (series, _), day in self.seen.items() for at, value in day.items()}
