"""Receipt in a process of its own: it is kept running, ends cleanly, and is the only one that appends to its journal."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from domain.clock import SystemClock
from service.receipt import ReceiptProcess, Wanted
from storage.journal import Journal
from support.mosquitto import Mosquitto
from support.publishing import publish
from support.waiting import wait_until

TOPIC = "quantrac/A-1/air"

Receive = Callable[[], ReceiptProcess]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    one = Journal(tmp_path / "journal", worker="main", clock=SystemClock())
    yield one
    one.close()


@pytest.fixture
def receive(broker: Mosquitto, tmp_path: Path) -> Iterator[Receive]:
    """Start a receiving process; end all of them."""
    started: list[ReceiptProcess] = []

    def start() -> ReceiptProcess:
        wanted = Wanted(
            broker.url, None, "quantrac-test", ("quantrac/+/+",), None, tmp_path / "journal", "main", SystemClock()
        )
        one = ReceiptProcess(wanted)
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def subscribed(one: ReceiptProcess) -> None:
    wait_until(lambda: one.state().broker.backlog_done, what=lambda: str(one.state()))


def receiving() -> list[int]:
    """Return the receiving processes of this one."""
    children = (one for task in Path("/proc/self/task").iterdir() for one in read(task / "children").split())
    return [int(one) for one in children if b"service.receipt" in read(Path(f"/proc/{one.decode()}/cmdline"))]


def read(one: Path) -> bytes:
    with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return one.read_bytes()
    return b""


def is_at_the_lock(process: int) -> bool:
    return "appending.lock" in {name for one in Path(f"/proc/{process}/fd").iterdir() for name in points_to(one)}


def points_to(one: Path) -> list[str]:
    with suppress(FileNotFoundError):  # closed meanwhile
        return [one.readlink().name]
    return []


def test_it_keeps_what_comes_and_says_how_it_stands(broker: Mosquitto, journal: Journal, receive: Receive) -> None:
    """Another process reads what it has kept."""
    one = receive()
    subscribed(one)
    publish(broker.port, [(TOPIC, b"1"), (TOPIC, b"2")])
    wait_until(lambda: journal.count() == 2)
    assert [message.incoming.payload for message in journal.read(0, 10)] == [b"1", b"2"]
    broker.stop()
    wait_until(lambda: not one.state().broker.connected and one.state().broker.error is not None)


def test_killed_it_is_started_again_and_nothing_is_lost(broker: Mosquitto, journal: Journal, receive: Receive) -> None:
    """What the broker was not told of comes again."""
    one = receive()
    subscribed(one)
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(500)])
    os.kill(receiving()[0], signal.SIGKILL)
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(500, 1_000)])
    wait_until(lambda: {m.incoming.payload for m in journal.read(0, 10_000)} == {b"%d" % n for n in range(1_000)})
    subscribed(one)
    assert journal.check() is None


def test_it_does_not_heed_what_its_parent_is_told(broker: Mosquitto, journal: Journal, receive: Receive) -> None:
    """Ctrl-C in a terminal and systemd reach every process: the parent decides when receipt ends."""
    one = receive()
    subscribed(one)
    for told in (signal.SIGINT, signal.SIGTERM):
        os.kill(receiving()[0], told)
    publish(broker.port, [(TOPIC, b"still there")])
    wait_until(lambda: journal.count() == 1)
    assert one.state().broker.connected


def test_a_second_one_waits_until_the_first_has_ended(broker: Mosquitto, journal: Journal, receive: Receive) -> None:
    """Two that append to one journal would break its chain."""
    first = receive()
    subscribed(first)
    second = receive()
    wait_until(lambda: [is_at_the_lock(one) for one in receiving()] == [True, True])
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(100)])
    wait_until(lambda: journal.count() == 100)
    assert not second.state().broker.connected
    first.stop()
    subscribed(second)
    publish(broker.port, [(TOPIC, b"last")])
    wait_until(lambda: journal.count() == 101)
    assert journal.check() is None
