"""From the journal into a real InfluxDB, which is not there, refuses, goes away and comes back."""

import io
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest import pipeline as pipelines
from service.transfer import Wanted, export_readings
from storage.influx import InfluxReadings
from storage.readings import StoreUnavailable
from support.builders import NOON, minutes
from support.configured import native
from support.influxdb import InfluxDB
from support.rig import ALL_TIME, Rig
from support.waiting import wait_until


class InfluxRig(Rig):
    """The worker of the other tests, with InfluxDB as its store."""

    def __init__(self, folder: Path, influx: InfluxDB) -> None:
        super().__init__(folder)
        self.store.close()
        self.store = InfluxReadings(  # type: ignore[assignment]  # both keep the contract
            influx.url, influx.org, influx.token_file, medium_of=lambda station: self.registry.stations[station].medium
        )


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    server = InfluxDB(tmp_path_factory.mktemp("influxdb")).start()
    yield server
    server.close()


@pytest.fixture
def rig(tmp_path: Path, influx: InfluxDB) -> Iterator[InfluxRig]:
    influx.clear()
    with InfluxRig(tmp_path, influx) as one:
        yield one
    influx.refuse = influx.objects_to = None


def at(minute: float, value: float | None) -> str:
    """Return a message of `minute` minutes before noon."""
    return native(time=(NOON - minutes(minute)).isoformat(), pm25=(value, "ug/m3"), pm10=(value, "ug/m3"))


def test_new_repeated_and_changed_readings_are_told_apart(rig: InfluxRig) -> None:
    """By what InfluxDB itself has: the same value changes nothing, another is a revision, also to a missing one."""
    seqs = rig.receive(at(10, 1.0), at(5, 2.0), at(0, 3.0))
    rig.finish()
    seqs += rig.receive(at(10, 1.0), at(5, 2.5), at(0, None))
    rig.finish()
    assert [rig.outcome(seq) for seq in seqs] == ["stored"] * 3 + ["repeated"] + ["stored"] * 2
    assert rig.counts() == (6, 4)
    assert {value for (_, moment), value in rig.values().items() if moment == NOON} == {None}
    assert {value for (_, moment), value in rig.values().items() if moment == NOON - minutes(5)} == {2.5}


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_server_that_refuses_for_now_costs_nothing(rig: InfluxRig, influx: InfluxDB, status: int) -> None:
    """The batch waits in the journal, its outcomes stay as they are, and it goes through once."""
    rig.receive(at(10, 1.0), at(5, 2.0))
    pipeline = rig.pipeline()
    influx.refuse = status
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            pipeline.step()
    assert rig.ledger.cursor() == 0
    influx.refuse = None
    assert pipeline.step() == 2
    assert rig.outcomes() == {"stored": 2}
    assert len(rig.readings()) == rig.store.count() == 4


@pytest.mark.parametrize("status", [400, 422])
def test_a_question_that_the_server_will_never_answer_holds_up_nothing_else(
    rig: InfluxRig, influx: InfluxDB, status: int
) -> None:
    """The one reading that cannot be compared with what is stored is in quarantine; all others are stored."""
    rig.receive(at(0, 1.0), native(time=NOON.isoformat(), so2=(1.0, "ug/m3")))
    rig.finish()
    influx.objects_to = (b"so2", status)
    late = native(time=(NOON - minutes(30)).isoformat(), so2=(4.0, "ug/m3"), pm25=(5.0, "ug/m3"))
    seqs = rig.receive(*(at(number, float(number)) for number in range(1, 20)), late, at(40, 2.0))
    rig.finish()
    assert [rig.outcome(seq) for seq in seqs] == ["stored"] * 19 + ["partly", "stored"]
    assert [(row.id, row.reason) for row in rig.quarantine.list()] == [(f"{seqs[19]}:so2", "store_refused")]
    influx.objects_to = None
    assert rig.values()["pm25", NOON - minutes(30)] == 5.0
    assert sum(rig.outcomes().values()) == rig.journal.count()


def test_a_server_that_will_answer_no_question_is_away(rig: InfluxRig, influx: InfluxDB) -> None:
    """Then it is not the message's fault: it waits."""
    rig.receive(at(0, 1.0))
    rig.finish()
    rig.receive(at(5, 1.0))
    influx.objects_to = (b"SELECT", 400)
    with pytest.raises(StoreUnavailable):
        rig.finish()
    assert rig.outcomes() == {"stored": 1}
    influx.objects_to = None
    rig.finish()
    assert rig.outcomes() == {"stored": 2}


def test_a_database_that_goes_away_and_comes_back_gets_every_reading_once(rig: InfluxRig, influx: InfluxDB) -> None:
    """Messages keep coming meanwhile."""
    stop = Event()
    worker = Thread(target=pipelines.run, args=(rig.pipeline(), stop), kwargs={"longest": 0.2})
    worker.start()
    for number in range(60):
        rig.receive(at(60 - number, float(number)))
        if number == 20:
            influx.stop()
        if number == 40:
            influx.start()
    wait_until(lambda: rig.outcomes() == {"stored": 60}, what="all are stored")
    stop.set()
    worker.join(10)
    assert rig.store.count() == 120
    assert sorted(value for value in rig.values().values() if value is not None) == sorted(
        float(number) for number in range(60) for _ in range(2)
    )


def test_an_export_of_everything_asks_only_for_the_years_that_have_readings(rig: InfluxRig, influx: InfluxDB) -> None:
    """Two questions a medium say how far each series reaches; without them it is one for each year since 1970."""
    rig.receive(at(10, 1.0), at(0, 3.0))
    rig.finish()
    media = {station.medium for station in rig.registry.stations.values()}
    before, out = influx.asked.get("/query", 0), io.StringIO()
    assert export_readings(Wanted(ALL_TIME), rig.registry, rig.store, out) == 4
    assert influx.asked["/query"] - before == 2 * len(media) + 2
