"""What a server that is away, or refuses, looks like to those who use the store."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import IndexPoint
from domain.window import Window, WindowKind
from storage.influx import InfluxReadings
from storage.readings import StoreRefused, StoreUnavailable
from support.builders import NOON, minutes, reading
from support.influxdb import InfluxDB
from support.mosquitto import free_port

KEY = SeriesKey("NT-1", "cod")
AROUND = Window(NOON - minutes(1), NOON + minutes(1))


@pytest.fixture
def store(influxdb: InfluxDB) -> Iterator[InfluxReadings]:
    influxdb.clear()
    made = connect(influxdb)
    yield made
    made.close()
    influxdb.refuse = None


def connect(influxdb: InfluxDB, *, token_file: Path | None = None) -> InfluxReadings:
    file = token_file or influxdb.token_file
    return InfluxReadings(influxdb.url, influxdb.org, file, medium_of=lambda _: "water")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_server_that_refuses_for_now_may_be_tried_again(
    store: InfluxReadings, influxdb: InfluxDB, status: int
) -> None:
    """Writing and reading alike; and once it takes us again, all goes on with the same store."""
    influxdb.refuse = status
    with pytest.raises(StoreUnavailable, match=str(status)):
        store.write([reading()])
    with pytest.raises(StoreUnavailable, match=str(status)):
        store.read(KEY, AROUND)
    influxdb.refuse = None
    store.write([reading()])
    assert store.find({KEY: AROUND}) == [reading()]


@pytest.mark.parametrize("status", [400, 422])
def test_what_the_server_will_never_take_is_refused(store: InfluxReadings, influxdb: InfluxDB, status: int) -> None:
    """Only these two make the pipeline look for the culprit."""
    influxdb.refuse = status
    with pytest.raises(StoreRefused, match="told to refuse"):
        store.write([reading()])


def test_a_line_that_cannot_be_parsed_is_refused_by_the_server_itself(store: InfluxReadings) -> None:
    """And what stood beside it can be written once it is taken out."""
    with pytest.raises(StoreRefused, match="invalid number"):
        store.write([reading(), reading(value=float("nan"), station="NT-2")])
    store.write([reading()])
    assert store.find({KEY: AROUND}) == [reading()]


def test_a_wrong_token_is_named_by_its_file_and_never_by_its_words(influxdb: InfluxDB, tmp_path: Path) -> None:
    """A token is a secret: it stands in no message and no log."""
    file = tmp_path / "wrong.token"
    file.write_text("not-the-token")
    store = connect(influxdb, token_file=file)
    with pytest.raises(StoreUnavailable, match=r"wrong\.token") as caught:
        store.ping()
    assert "not-the-token" not in str(caught.value)
    store.close()


def test_a_token_that_was_replaced_is_taken_up_without_a_restart(influxdb: InfluxDB, tmp_path: Path) -> None:
    """It is read again at each connect, and a refusal ends the connection."""
    file = tmp_path / "service.token"
    file.write_text("old")
    store = connect(influxdb, token_file=file)
    with pytest.raises(StoreUnavailable):
        store.write([reading()])
    file.write_text(influxdb.token)
    store.write([reading()])
    store.close()


def test_a_token_file_that_is_not_there_says_so(influxdb: InfluxDB, tmp_path: Path) -> None:
    """A server that cannot be spoken to is one that is away: the service waits for it."""
    store = connect(influxdb, token_file=tmp_path / "none.token")
    with pytest.raises(StoreUnavailable, match=r"none\.token"):
        store.ping()


def test_a_server_that_is_not_there_is_away(influxdb: InfluxDB) -> None:
    """Opening a store asks for nothing; using it says where nobody answered."""
    port = free_port()
    store = InfluxReadings(f"http://127.0.0.1:{port}", "quantrac", influxdb.token_file, medium_of=lambda _: "water")
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port}"):
        store.write([reading()])
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port}"):
        store.ping()


def test_a_database_that_comes_back_has_what_it_had(tmp_path: Path) -> None:
    """Away between two writes: the second is told so, and goes through afterwards."""
    influx = InfluxDB(tmp_path / "influxdb").start()
    store = connect(influx)
    store.write([reading()])
    influx.stop()
    with pytest.raises(StoreUnavailable):
        store.write([reading(NOON + minutes(1))])
    influx.start()
    store.write([reading(NOON + minutes(1))])
    assert store.count() == 2
    store.close()
    influx.close()


def test_a_bucket_that_is_not_there_is_away(store: InfluxReadings, influxdb: InfluxDB) -> None:
    """Somebody has yet to run setup-influx; the readings wait in the journal until then."""
    influxdb.query("", 'DROP DATABASE "readings"')
    with pytest.raises(StoreUnavailable, match="readings"):
        store.write([reading()])
    with pytest.raises(StoreUnavailable, match="readings"):
        store.ping()
    influxdb.clear()


def test_lines_go_in_batches(store: InfluxReadings, influxdb: InfluxDB) -> None:
    """5,000 a request: large enough to pay, small enough for any server's bound."""
    before = influxdb.asked.get("/api/v2/write", 0)
    store.write([reading(NOON + minutes(number)) for number in range(10_001)])
    assert influxdb.asked["/api/v2/write"] - before == 3


def test_series_with_like_windows_are_found_with_one_question(store: InfluxReadings, influxdb: InfluxDB) -> None:
    """And a series whose window is far away with another, so that the time between is not read."""
    keys = [SeriesKey(f"NT-{number}", "cod") for number in range(20)]
    store.write([reading(station=key.station) for key in keys])
    wanted = {key: Window(NOON - minutes(number + 1), NOON) for number, key in enumerate(keys)}
    wanted[SeriesKey("NT-1", "ph")] = Window(NOON - minutes(900_000), NOON - minutes(899_999))
    before = influxdb.asked.get("/query", 0)
    assert len(store.find(wanted)) == 20
    assert influxdb.asked["/query"] - before == 2


def test_one_store_serves_many_threads(store: InfluxReadings) -> None:
    """The pipeline writes while jobs and pages read."""
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            for minute in range(10):
                store.write([reading(NOON + minutes(minute), station=f"NT-{number}")])
                store.read(SeriesKey(f"NT-{number}", "cod"), AROUND)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert store.count() == 80


def test_an_index_of_an_older_service_is_read_without_what_it_did_not_note(
    store: InfluxReadings, influxdb: InfluxDB
) -> None:
    """Neither its version nor what was missing; beside a newer one of the same station."""
    old = f'index,station=KK-1,parameter=vn_aqi,window=hour value=50.0,valid=1i,level=1i,dominant="pm25",concentration=25.0 {micros(NOON)}'
    status, answer = influxdb.forward("POST", "/write?db=rollups&precision=u", old.encode(), {})
    assert status == 204, answer
    before = IndexPoint("KK-1", "vn_aqi", WindowKind.HOUR, NOON, 50, 1, "pm25", 25.0)
    assert store.read_indices("vn_aqi", WindowKind.HOUR, ["KK-1"], AROUND) == [before]
    after = IndexPoint("KK-1", "vn_aqi", WindowKind.HOUR, NOON + minutes(1), 60, 2, "pm25", 30.0, ("o3",), "x", 7)
    store.write_indices([after])
    assert store.read_indices("vn_aqi", WindowKind.HOUR, ["KK-1"], AROUND) == [before, after]
