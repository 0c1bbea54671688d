from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.influx import InfluxReadings
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from support.influxdb import InfluxDB


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """A real InfluxDB for all tests of this folder."""
    influx = InfluxDB(tmp_path_factory.mktemp("influxdb")).start()
    yield influx
    influx.close()


@pytest.fixture(params=["sqlite", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    """Every reading store in turn, empty."""
    made = _influx(request) if request.param == "influxdb" else SqliteReadings(tmp_path / "readings.sqlite")
    yield made
    made.close()


def _influx(request: pytest.FixtureRequest) -> ReadingStore:
    influx: InfluxDB = request.getfixturevalue("influxdb")
    influx.clear()
    return InfluxReadings(influx.url, influx.org, influx.token_file, medium_of=medium_of)


def medium_of(station: str) -> str:
    """Return the medium of the suite's stations: those whose name begins with KK measure air, the others water."""
    return "air" if station.startswith("KK") else "water"
