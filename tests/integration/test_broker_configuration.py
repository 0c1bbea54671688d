"""The shipped configuration of Mosquitto, run by a real one: who may publish what, and what waits for the service."""

import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.clock import SystemClock
from ingest.broker_watch import TOPICS, BrokerWatch
from ingest.session import Broker
from storage import broker_figures
from storage.state import open_state
from support.mosquitto import free_port, program
from support.waiting import wait_until

BROKER = Path(__file__).resolve().parents[2] / "config" / "broker"
SERVICE, STATION, OTHER = "quantrac", "KK-1", "KK-2"
PASSWORD = "of-the-tests"


@dataclass
class Client:
    """A connection under one account; `received` are (topic, payload), `answers` whether the broker let it in."""

    name: str
    port: int
    client_id: str = ""
    password: str = PASSWORD
    received: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    granted: list[bool] = field(default_factory=list)
    gone: list[bool] = field(default_factory=list)

    def connect(self) -> "Client":
        """Connect, and return once the broker has answered; a session with an id of its own stays."""
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.client_id, clean_session=not self.client_id)
        self.mqtt.username_pw_set(self.name, self.password)
        self.mqtt.on_connect = lambda *said: self.answers.append(not said[3].is_failure)
        self.mqtt.on_subscribe = lambda *said: self.granted.extend(not code.is_failure for code in said[3])
        self.mqtt.on_disconnect = lambda *_: self.gone.append(True)
        self.mqtt.on_message = lambda _client, _data, message: self.received.append((message.topic, message.payload))
        self.mqtt.connect("127.0.0.1", self.port)
        self.mqtt.loop_start()
        wait_until(lambda: self.answers, what="the broker answers")
        return self

    def publish(self, topic: str, payload: bytes = b"1") -> None:
        """Publish with QoS 1, and return once the broker has acknowledged."""
        self.mqtt.publish(topic, payload, qos=1).wait_for_publish(10)

    def subscribe(self, topic: str) -> None:
        """Subscribe, and return once the broker has answered."""
        before = len(self.granted)
        self.mqtt.subscribe(topic, qos=1)
        wait_until(lambda: len(self.granted) > before, what="the broker answers the subscription")

    def close(self) -> None:
        """Say goodbye."""
        self.mqtt.disconnect()
        wait_until(lambda: self.gone, what="the broker lets go")
        self.mqtt.loop_stop()


@dataclass(frozen=True)
class Ports:
    """Where stations and where the service connect."""

    stations: int
    service: int


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Run Mosquitto with the shipped files; only addresses and paths are those of this machine."""
    folder = tmp_path_factory.mktemp("broker")
    free = Ports(free_port(), free_port())
    (folder / "acl").write_text((BROKER / "acl").read_text("utf-8"), "utf-8")
    (folder / "passwords").touch(mode=0o600)
    for name in (SERVICE, STATION, OTHER):
        subprocess.run(["mosquitto_passwd", "-b", str(folder / "passwords"), name, PASSWORD], check=True)
    shipped = (BROKER / "mosquitto.conf").read_text("utf-8")
    placed = shipped.replace("\nlistener 1883\n", f"\nlistener {free.service} 127.0.0.1\n")
    placed = placed.replace("\nlistener 1884\n", f"\nlistener {free.stations} 127.0.0.1\n")
    for place in ("accounts", "config", "data"):
        placed = placed.replace(f"/mosquitto/{place}", str(folder))
    (folder / "mosquitto.conf").write_text(placed + "user root\n", "utf-8")
    with (folder / "log").open("wb") as log:
        broker = subprocess.Popen([program(), "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    wait_until(lambda: _listens(free.stations) and _listens(free.service), what="mosquitto listens")
    yield free
    broker.terminate()
    broker.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def service(ports: Ports) -> Iterator[Client]:
    client = Client(SERVICE, ports.service).connect()
    client.subscribe("quantrac/+/+")
    yield client
    client.close()


def test_a_station_publishes_below_its_own_name(ports: Ports, service: Client) -> None:
    """What it measured reaches the service."""
    station = Client(STATION, ports.stations).connect()
    station.publish(f"quantrac/{STATION}/air", b"mine")
    station.close()
    wait_until(lambda: service.received, what="the message arrives")
    assert service.received == [(f"quantrac/{STATION}/air", b"mine")]


@pytest.mark.parametrize("topic", [f"quantrac/{OTHER}/air", "quantrac/air", "other"])
def test_a_station_cannot_speak_for_another(ports: Ports, service: Client, topic: str) -> None:
    """What it publishes elsewhere reaches nobody; what it then publishes at its own place does."""
    service.subscribe("#")
    station = Client(STATION, ports.stations).connect()
    station.publish(topic, b"forged")
    station.publish(f"quantrac/{STATION}/air", b"mine")
    station.close()
    wait_until(lambda: service.received, what="the message arrives")
    assert {payload for _, payload in service.received} == {b"mine"}


def test_a_station_reads_nothing(ports: Ports, service: Client) -> None:
    """Neither other stations' readings nor its own: it has no use for them."""
    station = Client(STATION, ports.stations).connect()
    station.subscribe(f"quantrac/{OTHER}/air")
    other = Client(OTHER, ports.stations).connect()
    other.publish(f"quantrac/{OTHER}/air", b"theirs")
    wait_until(lambda: service.received, what="the service has it")
    # The broker answers in order: had the message been for the station, it would be there before this answer.
    station.subscribe(f"quantrac/{OTHER}/water")
    assert station.received == []
    station.close()
    other.close()


@pytest.mark.parametrize(("name", "shown"), [(SERVICE, True), (STATION, False)])
def test_the_service_and_no_station_sees_what_the_broker_says_of_itself(
    ports: Ports, tmp_path: Path, name: str, shown: bool
) -> None:
    """How much waits, what was thrown away, how much memory it takes."""
    engine = open_state(f"sqlite:///{tmp_path}/state.sqlite")
    BrokerWatch(Broker("127.0.0.1", ports.service, name, tls=False), PASSWORD, "main", engine, SystemClock()).look()
    figures = broker_figures.read(engine)["main"].figures
    engine.dispose()
    assert set(figures) == (set(TOPICS.values()) if shown else set())


@pytest.mark.parametrize(("name", "password"), [("", ""), (STATION, "wrong"), ("KK-3", PASSWORD)])
def test_nobody_without_an_account_is_let_in(ports: Ports, name: str, password: str) -> None:
    """No name, a wrong password, a name that there is not."""
    stranger = Client(name, ports.stations, password=password).connect()
    stranger.mqtt.loop_stop()
    assert stranger.answers[0] is False


def test_more_than_the_default_waits_for_the_service(ports: Ports) -> None:
    """By default Mosquitto drops after 1,000 messages; here all of 3,000 are there when the service comes back."""
    first = Client(SERVICE, ports.service, "quantrac-main").connect()
    first.subscribe("quantrac/+/+")
    first.close()
    station = Client(STATION, ports.stations).connect()
    for number in range(3_000):
        sent = station.mqtt.publish(f"quantrac/{STATION}/air", str(number).encode(), qos=1)
    sent.wait_for_publish(30)
    station.close()
    again = Client(SERVICE, ports.service, "quantrac-main").connect()
    wait_until(lambda: len(again.received) >= 3_000, what="everything arrives")
    assert [int(payload) for _, payload in again.received] == list(range(3_000))
    again.close()


def test_no_station_can_take_what_waits_for_the_service(ports: Ports) -> None:
    """A session goes to whoever connects last under its client id, and a station gets no id but its own."""
    first = Client(SERVICE, ports.service, "quantrac-main").connect()
    first.subscribe("quantrac/+/+")
    first.close()
    station = Client(STATION, ports.stations).connect()
    station.publish(f"quantrac/{STATION}/air", b"waits")
    station.close()
    thief = Client(OTHER, ports.stations, "quantrac-main").connect()
    thief.subscribe("quantrac/+/+")
    thief.close()
    again = Client(SERVICE, ports.service, "quantrac-main").connect()
    wait_until(lambda: again.received, what="what waited arrives")
    assert (again.received, thief.received) == ([(f"quantrac/{STATION}/air", b"waits")], [])
    again.close()


def test_the_bounds_of_the_queue_are_those_that_were_computed() -> None:
    """500 stations, one message a minute, two days; the payloads of a usual message fit twice."""
    shipped = (BROKER / "mosquitto.conf").read_text("utf-8")
    settings = dict(re.findall(r"^(\w+) (\S+)$", shipped, re.MULTILINE))
    needed = 500 * 60 * 24 * 2
    assert needed <= int(settings["max_queued_messages"]) <= 1.1 * needed
    assert int(settings["max_queued_bytes"]) >= 2 * 324 * int(settings["max_queued_messages"])
    assert settings["max_inflight_messages"] == "1000"
    assert "persistent_client_expiration" not in settings
