"""Whatever fails while messages come in, afterwards each has its outcome once, each reading is there once, and nobody helped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from support.field import MESSAGES, Field, chance
from support.influxdb import InfluxDB
from support.mosquitto import Mosquitto
from support.program import environment
from support.proven import Kept, Service
from support.publishing import publish
from support.waiting import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[InfluxDB]:
    server = InfluxDB(tmp_path / "influxdb").start()
    yield server
    server.close()


@pytest.fixture
def field(broker: Mosquitto) -> Iterator[Field]:
    stations = Field(broker.port)
    yield stations
    stations.close()


@pytest.fixture
def service(tmp_path: Path, broker: Mosquitto, influx: InfluxDB) -> Iterator[Service]:
    """The program with a real InfluxDB behind a server that can be told what to do."""
    program = Service(tmp_path, broker, influx).start()
    yield program
    program.close()


@pytest.fixture
def kept(service: Service) -> Kept:
    return service.kept()


@pytest.fixture
def embedded(tmp_path: Path, broker: Mosquitto) -> Iterator[Service]:
    """The program with all stores in its data folder; it does not run yet."""
    program = Service(tmp_path, broker)
    yield program
    program.close()


def proven(field: Field, service: Service, kept: Kept) -> None:
    kept.await_quiet(field, service)
    kept.prove(field, service)
    kept.prove_readings(field.values())


def flowing(field: Field, service: Service, kept: Kept, share: float) -> None:
    """Send so much of the messages, and return while their readings are being stored."""
    before = kept.judged()
    field.send(share)
    wait_until(lambda: kept.judged() > before, what=service.told)


@pytest.fixture
def moments() -> Random:
    return chance()


def test_the_service_killed(field: Field, service: Service, kept: Kept, moments: Random) -> None:
    """With kill -9, any process of it, four times while messages come in."""
    trickle = field.trickle()
    for _ in range(4):
        until = len(field.sent) + moments.uniform(0.1, 0.24) * field.count
        while len(field.sent) < until:
            next(trickle)
        service.kill_one(moments.randrange(10))
    field.send(1)
    proven(field, service, kept)


STEPS = [
    ("journal", "append"), ("quarantine", "add"), ("ledger", "note"), ("store", "write"), ("ledger", "release"),
]  # fmt: skip


def test_the_service_killed_at_every_step(
    tmp_path: Path, broker: Mosquitto, embedded: Service, field: Field, moments: Random
) -> None:
    """Before and after each commit, in any order; the messages of one step are not done when the next one comes."""
    steps = [(*step, when) for step in STEPS for when in ("before", "after")]
    moments.shuffle(steps)
    embedded.start().end()  # the broker keeps a session from here on
    for step in steps:
        field.send(0.06)
        die_at(tmp_path, embedded, field, *step, str(moments.randint(1, 2)))
    embedded.start()
    field.send(1)
    proven(field, embedded, embedded.kept())


def die_at(folder: Path, service: Service, field: Field, *step: str) -> None:
    """Run ingest until it dies at `step`, messages coming in one by one."""
    variables = {**environment(**service.variables), "PYTHONPATH": os.pathsep.join(sys.path)}
    dying = subprocess.Popen([sys.executable, "-m", "support.dying", *step], cwd=folder, env=variables)
    try:
        for _ in range(400):
            field.send(1 / field.count)
            with suppress(subprocess.TimeoutExpired):
                assert dying.wait(0.1) == -signal.SIGKILL
                return
        raise AssertionError(f"it does not die at {step}")
    finally:
        dying.kill()


def test_influxdb_killed(field: Field, service: Service, kept: Kept, influx: InfluxDB, moments: Random) -> None:
    """With kill -9, three times while readings are written."""
    for _ in range(3):
        flowing(field, service, kept, moments.uniform(0.05, 0.2))
        influx.kill()
        field.send(moments.uniform(0.05, 0.1))
        influx.start()
    field.send(1)
    proven(field, service, kept)


@pytest.mark.parametrize("status", [401, 503])
def test_influxdb_refuses_for_now(field: Field, service: Service, kept: Kept, influx: InfluxDB, status: int) -> None:
    """Nothing is split, nothing refused: it all waits."""
    flowing(field, service, kept, 0.2)
    influx.refuse = status
    field.send(0.6)
    wait_until(lambda: service.said("store of readings is away"), what=service.told)
    influx.refuse = None
    field.send(1)
    proven(field, service, kept)


@pytest.mark.parametrize("status", [400, 422])
def test_influxdb_will_never_take_one_reading(
    field: Field, service: Service, kept: Kept, influx: InfluxDB, moments: Random, status: int
) -> None:
    """The one is found and put into quarantine, and what came with it is stored."""
    field.send(0.1)
    number = len(field.sent)
    field.send(1 / field.count)
    influx.objects_to = (b"value=%s," % repr(1.0 + number / 8).encode(), status)
    field.send(1)
    kept.await_quiet(field, service)
    kept.prove(field, service, refused={field.sent[number][1]: "partly"})
    _, payload = field.sent[number]
    (culprit,) = (key for key in field.readings[payload] if key[0].parameter == "cod")
    kept.prove_readings({key: value for key, value in field.values().items() if key != culprit})


def test_influxdb_will_take_nothing_for_a_while(field: Field, service: Service, kept: Kept, influx: InfluxDB) -> None:
    """What it refused meanwhile is in quarantine, message by message, and nothing else is."""
    flowing(field, service, kept, 0.2)
    kept.await_quiet(field, service)
    influx.refuse = 422
    before = len(field.sent)
    field.send(0.05)
    refused = {payload: "quarantined" for _, payload in field.sent[before:]}
    kept.await_quiet(field, service)
    influx.refuse = None
    field.send(1)
    kept.await_quiet(field, service)
    kept.prove(field, service, refused=refused)
    kept.prove_readings(field.values(but=refused))


def test_influxdb_is_slow(field: Field, service: Service, kept: Kept, influx: InfluxDB) -> None:
    """What comes in meanwhile waits in the journal, not at the broker."""
    flowing(field, service, kept, 0.2)
    influx.seconds = 1.0
    field.send(0.7)
    field.await_acknowledged()
    wait_until(lambda: len(kept.copies()) >= len(field.sent), what=service.told)
    assert kept.judged() < len(field.sent)
    influx.seconds = 0.0
    field.send(1)
    proven(field, service, kept)


def test_influxdb_writes_and_does_not_say_so(field: Field, service: Service, kept: Kept, influx: InfluxDB) -> None:
    """Cut off before its answer: what was written is written again, and counted once."""
    flowing(field, service, kept, 0.2)
    influx.silent = True
    field.send(0.6)
    wait_until(lambda: service.said("store of readings is away"), what=service.told)
    influx.silent = False
    field.send(1)
    proven(field, service, kept)


def test_the_broker_restarted(field: Field, service: Service, kept: Kept, broker: Mosquitto, moments: Random) -> None:
    """Ended and started again twice, as an update does it, while it takes messages and hands them on."""
    for _ in range(2):
        flowing(field, service, kept, moments.uniform(0.1, 0.3))
        field.send(moments.uniform(0.1, 0.15))
        broker.restart()
    field.send(1)
    proven(field, service, kept)


def test_influxdb_away_for_a_day_of_data(service: Service, kept: Kept, broker: Mosquitto, influx: InfluxDB) -> None:
    """The day waits on disk: memory does not grow with it, and it is all stored when the database is back."""
    day = Field(broker.port, step=timedelta(days=1) / MESSAGES)
    flowing(day, service, kept, 0.1)
    influx.stop()
    before = service.memory()
    day.send(1)
    day.await_acknowledged()
    wait_until(lambda: len(kept.copies()) >= day.count, what=service.told)
    wait_until(lambda: service.said("store of readings is away"), what=service.told)
    assert service.memory() - before < 64 * 2**20
    influx.start()
    proven(day, service, kept)
    assert service.memory() - before < 64 * 2**20
    day.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which can be filled."""
    folder = tmp_path / "data"
    folder.mkdir()
    size = "512m" if MESSAGES > 1_000 else "64m"
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "quantrac-tests", folder], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Write until nothing more fits; return the file that holds the room."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def test_the_disk_is_full_and_then_is_not(small_disk: Path, embedded: Service, field: Field, moments: Random) -> None:
    """Twice: nothing is acknowledged that cannot be kept, and it all goes on once there is room."""
    embedded.start()
    kept = embedded.kept()
    trickle = field.trickle()
    for _ in range(2):
        flowing(field, embedded, kept, moments.uniform(0.1, 0.2))
        filler = fill(small_disk)
        refusals = embedded.told().count("journal unavailable")
        for _ in trickle:
            if embedded.told().count("journal unavailable") > refusals:
                break
        wait_until(lambda said=refusals: embedded.told().count("journal unavailable") > said, what=embedded.told)
        filler.unlink()
    field.send(1)
    proven(field, embedded, kept)
    assert "database or disk is full" in embedded.told()


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def test_the_clock_is_set_back_an_hour(tmp_path: Path, embedded: Service, field: Field, moments: Random) -> None:
    """And forward again, while it runs: numbers go on rising, and no reading is taken for one of the future."""
    if not FAKETIME.exists():
        pytest.skip(f"{FAKETIME} is not here (Debian's package faketime)")
    told = tmp_path / "clock"
    told.write_text("+0")
    embedded.start(
        LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(told), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    kept = embedded.kept()
    for offset in ("-1h", "+0", "-1h"):
        flowing(field, embedded, kept, moments.uniform(0.1, 0.2))
        told.write_text(offset)
    field.send(1)
    proven(field, embedded, kept)
    received = [one.received_at for one in kept.journal.read(0, 2 * field.count)]
    steps = [after - before for before, after in pairwise(received)]
    assert min(steps) < -timedelta(minutes=59) < timedelta(minutes=59) < max(steps)


def test_the_session_is_taken_over(embedded: Service, field: Field, broker: Mosquitto, moments: Random) -> None:
    """By a client of the same id, three times: we have it back at once, and say what has happened."""
    embedded.start()
    kept = embedded.kept()
    for _ in range(3):
        flowing(field, embedded, kept, moments.uniform(0.1, 0.2))
        field.send(moments.uniform(0.05, 0.1))
        thief = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            "quantrac-main",
            clean_session=False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        thief.connect("127.0.0.1", broker.port)
        thief.loop_start()
        wait_until(lambda thief=thief: not thief.is_connected() and thief.socket() is None, what=embedded.told)
        thief.loop_stop()
    field.send(1)
    proven(field, embedded, kept)
    assert embedded.said("another client seems to use our client id")
    wait_until(lambda: "QUANTRAC_WORKER" in str(embedded.status()["parts"]), what=lambda: str(embedded.status()))


def test_two_services_of_one_id_have_all_messages_between_them(
    tmp_path: Path, embedded: Service, field: Field, broker: Mosquitto
) -> None:
    """Each takes the session from the other all the time; what one has acknowledged it has, and both say what is wrong."""
    (tmp_path / "other").mkdir()
    other = Service(tmp_path / "other", broker)
    try:
        both = (embedded.start(), other.start())
        for _ in range(10):
            field.send(0.1)
            wait_until(lambda: len(field.sent) - field.acknowledged < 100)
        wait_until(lambda: all(one.said("another client seems to use our client id") for one in both))
        field.await_acknowledged()
        other.end()
        wait_until(lambda: union(both) == set(field.sent), what=embedded.told)
    finally:
        other.close()
    assert [one.kept().journal.check() for one in both] == [None, None]


def union(services: tuple[Service, Service]) -> set[tuple[str, bytes]]:
    return {message for one in services for message in one.kept().copies()}


def test_new_connections_leave_no_file_open(embedded: Service, broker: Mosquitto) -> None:
    """After eight restarts of the broker as many are open as after two."""
    embedded.start()
    kept = embedded.kept()
    held: list[int] = []
    for number in range(8):
        before = len(embedded.lines("subscribed"))
        broker.restart()
        wait_until(lambda before=before: len(embedded.lines("subscribed")) > before, what=embedded.told)
        publish(broker.port, [("quantrac/NT-DH1-03/water", b"%d" % number)])
        wait_until(lambda number=number: len(kept.copies()) == number + 1 and kept.is_idle(), what=embedded.told)
        held.append(embedded.open_files())
    assert max(held[5:]) <= max(held[:3]) + 3, held


def test_days_leave_no_file_open(embedded: Service, broker: Mosquitto) -> None:
    """Of a journal's files a few are open in each thread: no more after 45 days than after 30."""
    embedded.variables["CLOCK"] = "2026-03-01T12:00:00+00:00@864000"  # a tenth of a second is a day
    embedded.start()
    kept = embedded.kept()
    held: dict[int, int] = {}
    for number in range(2_000):
        publish(broker.port, [("quantrac/NT-DH1-03/water", b"%d" % number)])
        wait_until(lambda number=number: len(kept.copies()) == number + 1, what=embedded.told)
        days = len(kept.journal.files())
        held[days] = max(held.get(days, 0), embedded.open_files())
        if days >= 45:
            break
    early, late = (max(files for day, files in held.items() if first <= day < first + 15) for first in (15, 30))
    # One file more for each of these days would be 45 more: each has its write-ahead log and its index of that.
    assert late <= early + 24, held
