"""What the demonstration publishes: understood by the real decoders, and nothing but the script makes the incident."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from domain.message import Incoming, JournalMessage
from domain.moment import micros
from domain.reading import Reading, SeriesKey
from ingest.understand import Reader, Understood
from registry.load import load
from registry.lookup import Registry
from service.demo.messages import Stations
from service.demo.recordings import PLAYED, recording_of
from service.demo.script import OUTFALL, QUIET_STATION, Script

BEGAN = datetime(2026, 11, 23, 23, tzinfo=UTC)
ANCHOR = date(2026, 11, 22)
DAY = timedelta(days=1)
CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(CONFIG)


@pytest.fixture(scope="module")
def day(registry: Registry) -> list[Understood]:
    """Everything that is sent on the first day, as ingest understands it."""
    stations, reader = Stations(registry, Script(BEGAN), ANCHOR), Reader(registry)
    return [
        reader.read(JournalMessage(micros(sent.at) * 64 + place, sent.at, Incoming(sent.topic, sent.payload)))
        for place, sent in enumerate(stations.between(BEGAN, BEGAN + DAY))
    ]


def readings(day: list[Understood], station: str, parameter: str) -> list[Reading]:
    found = [one for message in day for one in message.readings]
    return [one for one in found if (one.station, one.parameter) == (station, parameter)]


def test_every_station_of_the_configuration_is_heard(registry: Registry, day: list[Understood]) -> None:
    """A station that nobody plays would be silent for ever."""
    assert {message.station for message in day if message.readings} == set(registry.stations)


def test_every_parameter_of_every_station_has_readings(registry: Registry, day: list[Understood]) -> None:
    """A parameter without a shape would be an empty chart; what is computed here is sent by nobody."""
    found = {one.series for message in day for one in message.readings}
    every = {SeriesKey(station.id, one.id) for station in registry.stations.values() for one in station.parameters}
    assert found == {one for one in every if not registry.is_derived(one)}


def test_only_what_the_script_spoils_is_refused(day: list[Understood]) -> None:
    """A few messages in quarantine, so that one sees what that is."""
    refused = Counter(refusal.reason.value for message in day for refusal in message.refused)
    assert set(refused) == {"unknown_unit", "not_json"}
    assert 3 <= sum(refused.values()) <= 10


def test_the_incident_is_over_for_three_hours_and_under_otherwise(day: list[Understood]) -> None:
    """Two hours open the alert, two hours below 121.5 close it, within eight hours of the start."""
    cod = readings(day, OUTFALL, "cod")
    assert len(cod) == 24 * 12
    means = []
    for hour in range(24):
        start = BEGAN + timedelta(hours=hour)
        values = [one.value for one in cod if start < one.measured_at <= start + timedelta(hours=1)]
        means.append(sum(value for value in values if value is not None) / len(values))
    assert [hour for hour, mean in enumerate(means) if mean > 135] == [1, 2, 3]
    assert all(mean <= 121.5 for hour, mean in enumerate(means) if hour not in {1, 2, 3})


def test_before_the_script_begins_nothing_is_over() -> None:
    """The history must not hold an incident of its own."""
    script = Script(BEGAN)
    assert script.hour(BEGAN) is None
    assert script.cod(OUTFALL, BEGAN - timedelta(hours=22), 90.0) == 90.0


def test_the_incident_comes_again_a_day_later() -> None:
    """Whoever looks later sees one too."""
    script = Script(BEGAN)
    moment = BEGAN + timedelta(hours=1, minutes=30)
    assert script.cod(OUTFALL, moment, 90.0) == script.cod(OUTFALL, moment + DAY, 90.0) > 135


def test_a_line_that_was_down_loses_nothing(day: list[Understood]) -> None:
    """The logger sends what it kept, oldest first, in one go."""
    sent = [message for message in day if message.station == QUIET_STATION]
    received = [message.message.received_at for message in sent]
    assert max(after - before for before, after in pairwise(received)) > timedelta(hours=4)
    measured = [message.readings[0].measured_at for message in sent if message.readings]
    assert measured == sorted(measured)
    assert len(measured) == 24 * 4


def test_the_same_moment_is_always_published_the_same(registry: Registry) -> None:
    """What is sent again after a kill must be repeated, not revised."""
    first, second = (Stations(registry, Script(BEGAN), ANCHOR) for _ in range(2))
    span = (BEGAN + timedelta(hours=3), BEGAN + timedelta(hours=5))
    assert first.between(*span) == second.between(*span)


def test_a_stretch_is_the_same_in_pieces(registry: Registry) -> None:
    """The publisher walks in steps of whatever length."""
    stations = Stations(registry, Script(BEGAN), ANCHOR)
    steps = [BEGAN + timedelta(minutes=7 * step) for step in range(60)]
    pieces = [sent for after, until in pairwise(steps) for sent in stations.between(after, until)]
    assert sorted(pieces, key=repr) == sorted(stations.between(steps[0], steps[-1]), key=repr)


@pytest.mark.parametrize("station", PLAYED)
def test_a_recording_keeps_its_hour_of_day_and_comes_round(registry: Registry, station: str) -> None:
    """Whole days are moved: noon stays noon."""
    recording = recording_of(station)
    assert recording is not None
    noon = datetime(2026, 11, 22, 5, tzinfo=UTC)  # 12:00 in Viet Nam
    found = recording.at(noon, ANCHOR, registry.zone)
    assert found == recording.values[recording.days[0], time(12)]
    assert recording.at(noon + timedelta(days=len(recording.days)), ANCHOR, registry.zone) == found


@pytest.mark.parametrize("station", PLAYED)
def test_a_station_that_plays_a_recording_says_so(registry: Registry, station: str) -> None:
    """With its licence."""
    origin = registry.stations[station].origin
    assert origin is not None
    assert (origin.kind, bool(origin.licence)) == ("recording", True)


def test_every_other_station_is_marked_as_invented(registry: Registry) -> None:
    """Nobody may take it for a measurement."""
    others = [station for station in registry.stations.values() if station.id not in PLAYED]
    assert all(station.origin is not None and station.origin.kind == "invented" for station in others)
