"""The promise of ingest, kept by the real program: whatever kills it, every message is stored once."""

import os
from collections.abc import Callable
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
from support.program import CONFIG, Running
from support.publishing import publish
from support.waiting import wait_until

STATION = "NT-DH1-03"
MESSAGES = 20_000 if os.environ.get("QUANTRAC_SOAK") else 1_000


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


@pytest.fixture
def start(tmp_path: Path, broker: Mosquitto, started: list[Running]) -> Callable[[], Running]:
    """Return what starts `quantrac run ingest` on one and the same data folder."""
    variables = {"CONFIG": str(CONFIG), "DATA": str(tmp_path / "data"), "MQTT_URL": broker.url}

    def begin() -> Running:
        started.append(Running("run", "ingest", cwd=tmp_path, variables=variables))
        return started[-1]

    return begin


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_killed_three_times_it_stores_every_message_once(
    tmp_path: Path, broker: Mosquitto, start: Callable[[], Running]
) -> None:
    """With kill -9, while the messages come in: nothing is lost, nothing counted twice."""
    data = tmp_path / "data"
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=MESSAGES)
    program = start()
    wait_until(lambda: list(data.glob("journal/main/filters-*.json")), seconds=60, what=program.told)
    stores = Stores(data)
    publisher = Thread(target=publish, args=(broker.port, messages(begin)))
    publisher.start()
    before = 0
    for part in (0.2, 0.5, 0.8):
        wait_until(lambda part=part, before=before: stores.has_received(part, before), seconds=240, what=program.told)
        program.kill()
        before = stores.journal.count()
        program = start()
    publisher.join()
    wait_until(stores.has_all, seconds=60 + MESSAGES / 100, what=program.told)
    program.kill()

    outcomes = stores.outcomes()
    repeated = outcomes.pop("repeated", 0)
    assert outcomes == {"stored": MESSAGES}
    assert stores.journal.count() == MESSAGES + repeated
    assert (stores.readings.count(), reading_counts(stores.engine)) == (2 * MESSAGES, (2 * MESSAGES, 0))
    newest = {one.parameter: one.measured_at for one in stores.readings.latest([STATION])}
    assert newest == dict.fromkeys(["cod", "ph"], begin + timedelta(seconds=MESSAGES - 1))
    assert stores.quarantine.counts() == {}
    assert stores.journal.check() is None
