"""`quantrac run ingest` on one data folder, and the proof from outside that it has lost and doubled nothing."""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from domain.clock import SystemClock
from domain.window import Window
from storage.influx import InfluxReadings
from storage.journal import Journal
from storage.ledger import Ledger
from storage.quarantine import Quarantine
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from storage.state import open_state
from storage.tables import outcomes, revisions
from support.field import Field, Readings
from support.influxdb import InfluxDB
from support.mosquitto import Mosquitto
from support.program import CONFIG, Running, call
from support.waiting import wait_until

ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


class Service:
    """The real program on a data folder of its own, as often as it is started."""

    def __init__(self, folder: Path, broker: Mosquitto, influx: InfluxDB | None = None) -> None:
        """Nothing runs yet."""
        self.data = folder / "data"
        self.variables = {"CONFIG": str(CONFIG), "DATA": str(self.data), "MQTT_URL": broker.url}
        if influx is not None:
            self.variables |= {"INFLUX_URL": influx.url, "INFLUX_TOKEN_FILE": str(influx.token_file)}
        self._folder = folder
        self._influx = influx
        self._runs: list[Running] = []

    def start(self, **environment: str) -> "Service":
        """Start it, and return once the broker has accepted its subscription; `environment` is not of ours."""
        self._runs.append(Running("run", "ingest", cwd=self._folder, variables=self.variables, others=environment))
        self._runs[-1].await_line("subscribed")
        return self

    def end(self) -> None:
        """End it cleanly."""
        assert self._runs[-1].end() == 0

    def kill(self) -> None:
        """End it as a crash would."""
        self._runs[-1].kill()

    def kill_one(self, place: int) -> None:
        """End one of its processes as a crash would: itself (0), or one of those that it has started."""
        processes = self.processes()
        victim = processes[place % len(processes)]
        if victim == processes[0]:
            self.kill()
            self.start()
        else:
            os.kill(victim, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Return its process and those that it has started."""
        return [self._runs[-1].pid, *_children(self._runs[-1].pid)]

    def open_files(self) -> int:
        """Return how many files and sockets its processes hold."""
        return sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in self.processes())

    def memory(self) -> int:
        """Return how many bytes of memory its processes hold."""
        return sum(_resident(one) for one in self.processes())

    def told(self) -> str:
        """Return all that it has said."""
        return "\n".join(one.told() for one in self._runs)

    def said(self, words: str) -> bool:
        """Tell whether a line has held `words`."""
        return any(one.said(words) for one in self._runs)

    def lines(self, words: str) -> list[str]:
        """Return the lines that hold `words`."""
        return [line for line in self.told().splitlines() if words in line]

    def kept(self) -> "Kept":
        """Return what it keeps."""
        return Kept(self.data, self._influx)

    def status(self) -> dict[str, object]:
        """Return what `quantrac status` says."""
        found: dict[str, object] = json.loads(call("status", "--json", cwd=self._folder, **self.variables).stdout)
        return found

    def close(self) -> None:
        """End every run."""
        for one in self._runs:
            one.kill()


class Kept:
    """What the service keeps, read from outside."""

    def __init__(self, data: Path, influx: InfluxDB | None) -> None:
        self.journal = Journal(data / "journal", worker="main", clock=SystemClock())
        self.engine = open_state(f"sqlite:///{data / 'state.sqlite'}")
        self.quarantine = Quarantine(data / "quarantine" / "main.sqlite")
        self.readings = _readings(data, influx)
        self._ledger = Ledger(self.engine, "main")
        self._copies: dict[tuple[str, bytes], list[int]] = defaultdict(list)
        self._seen = 0

    def copies(self) -> dict[tuple[str, bytes], list[int]]:
        """Return the numbers of every message by its topic and payload: several where it came several times."""
        while new := self.journal.read(self._seen, 2_000):
            for one in new:
                self._copies[one.incoming.topic, one.incoming.payload].append(one.seq)
            self._seen = new[-1].seq
        return self._copies

    def is_idle(self) -> bool:
        """Tell whether all that was received is at its end, readings written."""
        return self._ledger.cursor() == self.journal.newest()

    def judged(self) -> int:
        """Return how many messages have an outcome; their readings are maybe being written."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(outcomes)).scalar_one()

    def outcomes(self) -> dict[int, str]:
        """Return what became of each message."""
        with self.engine.connect() as connection:
            return {row.seq: row.outcome for row in connection.execute(sa.select(outcomes))}

    def await_quiet(self, field: Field, service: Service, *, seconds: float = 240.0) -> None:
        """Return once every message that was sent is at its end."""
        field.await_acknowledged()
        wanted = set(field.sent)

        def is_quiet() -> bool:
            return wanted <= self.copies().keys() and self.is_idle()

        wait_until(is_quiet, seconds=seconds, what=service.told)

    def prove(
        self, field: Field, service: Service, *, refused: Mapping[bytes, str] | None = None,
        lost: Collection[bytes] = (),
    ) -> None:  # fmt: skip
        """Fail unless all that was sent came to its end once: stored, but for what is `refused` with another outcome.

        What is `lost` must not have come at all.
        """
        otherwise = refused or {}
        copies, became = self.copies(), self.outcomes()
        sent = {one for one in field.sent if one[1] not in lost}
        assert copies.keys() == sent, "what was sent is in the journal, and nothing else"
        numbers = sorted(seq for seqs in copies.values() for seq in seqs)
        assert sorted(became) == numbers, "every message has an outcome, and every outcome a message"
        for (_, payload), seqs in copies.items():
            first, *others = (became[seq] for seq in sorted(seqs))
            assert first == otherwise.get(payload, "stored")
            assert set(others) <= {otherwise.get(payload, "repeated")}
        self._prove_sum(service, len(numbers))
        assert self.journal.check() is None
        with self.engine.connect() as connection:
            assert connection.execute(sa.select(revisions)).all() == []
        quarantined = self.quarantine.list(limit=field.count)
        assert {one.seq for one in quarantined} == {
            seq for (_, payload), seqs in copies.items() for seq in seqs if payload in otherwise
        }

    def prove_readings(self, wanted: Readings) -> None:
        """Fail unless the store has each reading once, with its value, and nothing else."""
        series = dict.fromkeys({key for key, _ in wanted}, ALL_TIME)
        found = {(one.series, one.measured_at): one.value for one in self.readings.find(series)}
        assert found == wanted
        assert self.readings.count() == len(wanted)

    @staticmethod
    def _prove_sum(service: Service, received: int) -> None:
        counted = service.status()["messages"]
        assert isinstance(counted, dict)
        assert (counted.pop("received"), counted["pending"]) == (received, 0)
        assert sum(counted.values()) == received


def _readings(data: Path, influx: InfluxDB | None) -> ReadingStore:
    if influx is None:
        return SqliteReadings(data / "readings.sqlite")
    return InfluxReadings(influx.url, influx.org, influx.token_file, medium_of=lambda _: "water")


def _children(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _children(int(child))


def _resident(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
