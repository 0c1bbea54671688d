"""The promise of ingest, kept by the real program: whatever kills it, every message is stored once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from domain.clock import SystemClock
from storage.journal import Journal
from storage.ledger import Ledger, outcome_counts, reading_counts
from storage.quarantine import Quarantine
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.configured import native
from support.mosquitto import Mosquitto
from support.publishing import publish
from support.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
STATION = "NT-DH1-03"
MESSAGES = 20_000 if os.environ.get("QUANTRAC_SOAK") else 1_000


class Program:
    """`quantrac run ingest` on a data folder."""

    def __init__(self, data: Path, broker: Mosquitto) -> None:
        self._command = [
            sys.executable,
            ROOT / "tests" / "support" / "run_ingest.py",
            ROOT / "config",
            data,
            broker.url,
        ]
        self.log = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def program(tmp_path: Path, broker: Mosquitto) -> Iterator[Program]:
    one = Program(tmp_path / "data", broker)
    yield one
    one.kill()


class Stores:
    """What the program keeps in its data folder, read from outside."""

    def __init__(self, data: Path) -> None:
        self.journal = Journal(data / "journal", worker="main", clock=SystemClock())
        self.engine = open_state(f"sqlite:///{data / 'state.sqlite'}")
        self.ledger = Ledger(self.engine, "main")
        self.readings = SqliteReadings(data / "readings.sqlite")
        self.quarantine = Quarantine(data / "quarantine" / "main.sqlite")

    def has_received(self, part: float, before: int) -> bool:
        """Tell whether so much has come, and some of it since there were `before`: to the program that runs now."""
        count = self.journal.count()
        return count >= MESSAGES or count >= max(part * MESSAGES, before + 1)

    def has_all(self) -> bool:
        return reading_counts(self.engine)[0] >= 2 * MESSAGES and self.ledger.cursor() == self.journal.newest()

    def outcomes(self) -> dict[str, int]:
        return {outcome.value: count for outcome, count in outcome_counts(self.engine).items() if count}


def messages(start: datetime) -> list[tuple[str, bytes]]:
    """Return a message of two values for every second from `start`."""
    times = ((start + timedelta(seconds=number)).isoformat() for number in range(MESSAGES))
    return [
        (f"quantrac/{STATION}/water", native(time=time, cod=(number, "mg/L"), ph=(7.1, "")).encode())
        for number, time in enumerate(times)
    ]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_killed_three_times_it_stores_every_message_once(tmp_path: Path, broker: Mosquitto, program: Program) -> None:
    """With kill -9, while the messages come in: nothing is lost, nothing counted twice."""
    data = tmp_path / "data"
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=MESSAGES)
    program.start()
    wait_until(lambda: list(data.glob("journal/main/filters-*.json")), seconds=60, what="subscribed")
    stores = Stores(data)
    publisher = Thread(target=publish, args=(broker.port, messages(start)))
    publisher.start()
    before = 0
    for part in (0.2, 0.5, 0.8):
        wait_until(
            lambda part=part, before=before: stores.has_received(part, before), seconds=240, what=str(program.log)
        )
        program.kill()
        before = stores.journal.count()
        program.start()
    publisher.join()
    wait_until(stores.has_all, seconds=60 + MESSAGES / 100, what=str(program.log))
    program.kill()

    outcomes = stores.outcomes()
    repeated = outcomes.pop("repeated", 0)
    assert outcomes == {"stored": MESSAGES}
    assert stores.journal.count() == MESSAGES + repeated
    assert (stores.readings.count(), reading_counts(stores.engine)) == (2 * MESSAGES, (2 * MESSAGES, 0))
    newest = {one.parameter: one.measured_at for one in stores.readings.latest([STATION])}
    assert newest == dict.fromkeys(["cod", "ph"], start + timedelta(seconds=MESSAGES - 1))
    assert stores.quarantine.counts() == {}
    assert stores.journal.check() is None
