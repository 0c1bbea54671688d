"""How much memory is resident at most: while a long backlog is worked off, and in the demonstration."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from bench.child import Child, Failed, child
from bench.figures import Figure
from bench.province import Backlog, OtherThanSent, write_configuration
from bench.seen import Seen
from bench.sizes import Size, Told
from domain.clock import SystemClock
from domain.message import Incoming
from service.stores import Folder
from storage.journal import Journal
from storage.sqlite import SqliteReadings
from support.mosquitto import Mosquitto
from support.program import CONFIG, Running, pages

_AIM_MB = 300.0
_GROUP = 500
_LOOK_SECONDS = 0.1
_LONGEST_SECONDS = 3_600.0
_LONGEST_DEMO_SECONDS = 600.0


@dataclass
class Peaks:
    """The most memory that each process of a tree has had resident; those that have ended are remembered."""

    process: int
    _found: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        """Look at the process and what it has started."""
        for one in _tree(self.process):
            self._found[one] = max(self._found.get(one, 0), _peak_bytes(one))

    @property
    def megabytes(self) -> float:
        """All together: at least as much as there was at one time, since what processes share counts for each."""
        return sum(self._found.values()) / 1e6


def _tree(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(one) for task in tasks for one in (task / "children").read_text("ascii").split()]
    except OSError:  # it has ended meanwhile
        return []
    return [process, *(one for child in children for one in _tree(child))]


def _peak_bytes(process: int) -> int:
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text("utf-8"), re.MULTILINE)
    except OSError:  # it has ended meanwhile
        return 0
    return int(found[1]) * 1024 if found else 0


def measure(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure once: the part `ingest` with SQLite until nothing is pending, and the demonstration until an alert is open."""
    pending = f"{size.pending:,} messages pending, until all are stored"
    return [
        Figure(f"memory: {pending}", "MB", [_pending(folder, size.pending, told)], _AIM_MB),
        Figure("memory: the demonstration, until its alert is open", "MB", [_demonstration(folder, told)], _AIM_MB),
    ]


def _pending(folder: Path, count: int, told: Told) -> float:
    write_configuration(folder / "config")
    data, backlog = folder / "data", Backlog.of(count)
    broker = Mosquitto(folder / "broker").start()
    store = SqliteReadings(data / "readings.sqlite")
    try:
        _fill(Folder(data).open_journal("main", SystemClock()), backlog, told)
        seen = Seen(data, "main", backlog)
        where = {"CONFIG": folder / "config", "DATA": data, "MQTT_URL": broker.url}
        with child("service", "ingest", log=folder / "service.log", **where) as service:
            peak = _worked_off(service, seen, told)
        seen.check(store)
        seen.close()
    finally:
        store.close()
        broker.kill()
    return peak


def _worked_off(service: Child, seen: Seen, told: Told) -> float:
    peaks, until = Peaks(service.pid), time.monotonic() + _LONGEST_SECONDS
    service.go()
    while (share := seen.processed()) < 1:
        service.check()
        peaks.look()
        told("what is pending", 0.2 + 0.5 * share)
        if time.monotonic() > until:
            raise OtherThanSent(f"not everything is stored after {_LONGEST_SECONDS} s")
        time.sleep(_LOOK_SECONDS)
    peaks.look()
    return peaks.megabytes


def _fill(journal: Journal, backlog: Backlog, told: Told) -> None:
    """Leave the backlog in the journal, as one that was received and not processed."""
    for first in range(0, backlog.messages, _GROUP):
        told("filling the journal", 0.2 * first / backlog.messages)
        group = (backlog.message(number) for number in range(first, min(first + _GROUP, backlog.messages)))
        journal.append([Incoming(topic, payload) for topic, payload in group])
    journal.close()


def _demonstration(folder: Path, told: Told) -> float:
    """Return its peak once its stations have caught up, its incident's alert is open, and somebody has looked at it."""
    inside = folder / "demo"
    inside.mkdir()
    variables = {**pages(), "CONFIG": str(CONFIG), "DATA": str(inside / "data"), "LANG": "en"}
    demo = Running("demo", cwd=inside, variables=variables)
    peaks, until = Peaks(demo.pid), time.monotonic() + _LONGEST_DEMO_SECONDS
    try:
        while not (demo.said("have caught up") and demo.said(r"Alert #.* is OPEN")):
            told("the demonstration", 0.7)
            peaks.look()
            if demo.status is not None or time.monotonic() > until:
                raise Failed(f"the demonstration has not come to its alert:\n{demo.told()[-2_000:]}")
            time.sleep(_LOOK_SECONDS)
        _visit(f"http://{variables['PUBLIC_BIND']}/")
        _visit(f"http://{variables['STAFF_BIND']}/mailbox")
        peaks.look()
    finally:
        demo.kill()
    return peaks.megabytes


def _visit(url: str) -> None:
    answer = urllib3.request("GET", url)
    if answer.status != 200:
        raise Failed(f"{url} was answered with {answer.status}")
