"""Receipt and storing: a backlog waits at the broker, and the part `ingest` comes back."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import telegraf
from bench.broker import publish, subscribe_and_leave
from bench.child import Child, child
from bench.figures import Figure
from bench.province import Backlog, OtherThanSent, write_configuration
from bench.ready_made import influx_lines_per_second, sqlite_rows_per_second
from bench.seen import Seen
from bench.sizes import Size, Told, in_round
from registry.load import load
from storage.influx import InfluxReadings
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from support.influxdb import InfluxDB
from support.mosquitto import Mosquitto

_LOOK_SECONDS = 0.02
_LONGEST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages a second until the last was acknowledged, readings a second until the last could be read back."""

    received: float
    stored: float


@dataclass
class _Rates:
    """One value for each round."""

    bare: list[float] = field(default_factory=list)
    sqlite: list[Taken] = field(default_factory=list)
    influx: list[Taken] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)
    telegraf: list[float] = field(default_factory=list)


def measure(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure, in each round: the bare loop, ours with SQLite, ours with InfluxDB, Telegraf, and the stores alone."""
    rates, command = _Rates(), telegraf.program()
    write_configuration(folder / "config")
    for number in range(size.rounds):
        inside = folder / f"round-{number + 1}"
        inside.mkdir()
        influx = InfluxDB(inside / "influxdb").start()
        broker = Mosquitto(inside / "broker", autosave=3_600, under_way=telegraf.UNDER_WAY).start()
        try:
            within = in_round(told, number, size.rounds)
            _Round(folder / "config", inside, broker, influx, Backlog.of(size.messages), command, within).run(rates)
        finally:
            broker.kill()
            influx.close()
    return _figures(rates)


def _figures(rates: _Rates) -> list[Figure]:
    bare = "bare paho loop: decode, acknowledge"
    stored = [one.stored for one in rates.influx]
    beside = [
        Figure("stored in InfluxDB, beside Telegraf", "readings/s", stored, None, "Telegraf, tuned", rates.telegraf)
    ]
    return [
        Figure("receipt, SQLite behind it", "messages/s", [one.received for one in rates.sqlite], 0.8, bare, rates.bare),
        Figure("receipt, InfluxDB behind it", "messages/s", [one.received for one in rates.influx], 0.8, bare, rates.bare),
        Figure("stored in SQLite", "readings/s", [one.stored for one in rates.sqlite], 0.5,
               "SQLite, the same rows ready-made", rates.rows),
        Figure("stored in InfluxDB", "readings/s", stored, 0.5, "InfluxDB, the same lines ready-made", rates.lines),
        *(beside if rates.telegraf else []),
    ]  # fmt: skip


@dataclass
class _Round:
    """One backlog, taken by one session after another; `telegraf` is where that is, if it is."""

    config: Path
    folder: Path
    broker: Mosquitto
    influx: InfluxDB
    backlog: Backlog
    telegraf: Path | None
    told: Told
    _done: float = 0.3  # publishing is the first part of it

    def run(self, rates: _Rates) -> None:
        """Add a value to each of `rates`."""
        registry = load(self.config)
        beside = [telegraf.SESSION] if self.telegraf else []
        for session in ("bare", "quantrac-main", "quantrac-ingest-2", *beside):
            subscribe_and_leave(self.broker.port, session, registry.topic_filters())
        publish(self.broker.port, self.backlog, self._publishing)
        rates.bare.append(self._bare())
        sqlite = SqliteReadings(self._data("main") / "readings.sqlite")
        rates.sqlite.append(self._ours("main", sqlite, {}))
        influx = InfluxReadings(
            self.influx.url, self.influx.org, self.influx.token_file,
            medium_of=lambda station: registry.stations[station].medium,
        )  # fmt: skip
        to_influx = {"INFLUX_URL": self.influx.url, "INFLUX_TOKEN_FILE": self.influx.token_file}
        rates.influx.append(self._ours("ingest-2", influx, to_influx))
        if self.telegraf:
            rates.telegraf.append(self._telegraf(self.telegraf, registry.topic_filters()))
        readings = self.backlog.all_of(sqlite)
        self.told("SQLite alone", 0.9)
        rates.rows.append(sqlite_rows_per_second(readings, self.folder / "ready_made.sqlite"))
        self.told("InfluxDB alone", 0.95)
        self.influx.clear()
        rates.lines.append(influx_lines_per_second(readings, self.influx))
        sqlite.close()
        influx.close()

    def _publishing(self, sent: int) -> None:
        self.told("publishing", 0.3 * sent / self.backlog.messages)

    def _bare(self) -> float:
        self.told("the bare loop", self._done)
        count = self.backlog.messages
        with child("bare", self.broker.port, "bare", count, log=self.folder / "bare.log") as loop:
            began = loop.go()
            loop.await_line("done")
            return count / (time.monotonic() - began)

    def _telegraf(self, command: Path, filters: Sequence[str]) -> float:
        self.influx.clear()
        one = telegraf.Telegraf(command, self.folder, self.broker, self.influx, self.backlog)
        return one.readings_per_second(filters, lambda: self.told("Telegraf", self._done))

    def _ours(self, worker: str, store: ReadingStore, to_store: Mapping[str, object]) -> Taken:
        data = self._data(worker)
        where = {"CONFIG": self.config, "DATA": data, "MQTT_URL": self.broker.url, "WORKER": worker}
        seen = Seen(data, worker, self.backlog)
        with child("service", "ingest", log=self.folder / f"{worker}.log", **where, **to_store) as service:
            began = service.go()
            received = self._until(f"receiving ({worker})", service, seen.received) - began
            self._until(f"storing ({worker})", service, seen.processed)
            self.backlog.read_last(store)
            stored = time.monotonic() - began
        seen.check(store)
        seen.close()
        return Taken(self.backlog.messages / received, self.backlog.readings / stored)

    def _data(self, worker: str) -> Path:
        found = self.folder / worker
        found.mkdir(exist_ok=True)
        return found

    def _until(self, what: str, service: Child, share: Callable[[], float]) -> float:
        """Look until `share()` is 1; return the moment."""
        until = time.monotonic() + _LONGEST_SECONDS
        while (done := share()) < 1:
            service.check()
            self.told(what, self._done + 0.15 * done)
            if time.monotonic() > until:
                raise OtherThanSent(f"{what} has not ended after {_LONGEST_SECONDS} s")
            time.sleep(_LOOK_SECONDS)
        self._done += 0.15
        return time.monotonic()
