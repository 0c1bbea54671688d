"""The subscriber against a real Mosquitto, and a real journal on disk."""

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from amqtt.broker import Broker
from structlog.testing import capture_logs

from domain.clock import SetClock, SystemClock
from domain.message import Incoming, JournalMessage
from domain.text import QuantracError
from ingest.session import GROUP_MESSAGES
from ingest.subscriber import Subscriber
from storage.journal import Journal, JournalUnavailable
from support.mosquitto import Mosquitto, free_port
from support.publishing import publish
from support.waiting import wait_until

TOPIC = "quantrac/A-1/air"


class WatchedJournal(Journal):
    """A journal that tells the sizes of its commits, and can be made to refuse like a full disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, worker="main", clock=SystemClock())
        self.groups: list[int] = []
        self.full = False
        self.refused = 0

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        if self.full:
            self.refused += 1
            raise JournalUnavailable("database or disk is full")
        numbers = super().append(batch)
        self.groups.append(len(batch))
        return numbers

    def messages(self) -> list[JournalMessage]:
        return self.read(0, 1_000_000)

    def payloads(self) -> list[bytes]:
        return [one.incoming.payload for one in self.messages()]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[WatchedJournal]:
    one = WatchedJournal(tmp_path / "journal")
    yield one
    one.close()


Subscribe = Callable[..., Subscriber]


@pytest.fixture
def subscribe(journal: WatchedJournal) -> Iterator[Subscribe]:
    """Start a subscriber on the journal; stop all of them at the end."""
    started: list[Subscriber] = []

    def start(url: str, filters: Sequence[str] = ("quantrac/+/+",), password: str | None = None) -> Subscriber:
        one = Subscriber(url, password, client_id="quantrac-test", filters=filters, journal=journal)
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def connected(subscriber: Subscriber) -> Subscriber:
    wait_until(lambda: subscriber.connected, what=lambda: str(subscriber.state()))
    return subscriber


def caught_up(subscriber: Subscriber) -> Subscriber:
    wait_until(lambda: subscriber.state().backlog_done, what=lambda: str(subscriber.state()))
    return subscriber


def test_a_message_is_kept_with_its_topic_and_bytes(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """What the journal has is what the station sent, to the byte."""
    caught_up(subscribe(broker.url))
    publish(broker.port, [(TOPIC, b"\xff\x00 not for us to judge")])
    wait_until(journal.count)
    assert [one.incoming for one in journal.messages()] == [
        Incoming(TOPIC, b"\xff\x00 not for us to judge", qos=1, retained=False, redelivered=False, live=True)
    ]


def test_a_message_of_a_megabyte_and_an_empty_one_come_through(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """The door takes everything; what it means is decided later."""
    connected(subscribe(broker.url))
    payloads = [os.urandom(1_000_000), b"", b"after"]
    publish(broker.port, [(TOPIC, one) for one in payloads])
    wait_until(lambda: journal.count() == 3)
    assert journal.payloads() == payloads


def test_the_session_lasts_and_speaks_version_5(broker: Mosquitto, subscribe: Subscribe) -> None:
    """Nothing is lost while we are away: the broker is asked to keep the session."""
    connected(subscribe(broker.url))
    assert "as quantrac-test (p5, c0, k60" in broker.log.read_text()


def test_what_came_while_we_were_away_waits_and_is_not_live(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """The time of receipt of what waited at the broker says nothing; that of the next message does."""
    caught_up(subscribe(broker.url)).stop()
    publish(broker.port, [(TOPIC, b"waited %d" % number) for number in range(2_500)])
    caught_up(subscribe(broker.url))
    publish(broker.port, [(TOPIC, b"fresh")])
    wait_until(lambda: journal.count() == 2_501)
    assert [one.incoming.live for one in journal.messages()] == [False] * 2_500 + [True]


def test_a_retained_message_is_never_live(broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe) -> None:
    """The broker keeps it for whoever subscribes: it may be from any time."""
    publish(broker.port, [(TOPIC, b"kept")], retain=True)
    connected(subscribe(broker.url))
    wait_until(journal.count)
    found = journal.messages()[0].incoming
    assert (found.retained, found.live) == (True, False)


def test_a_backlog_is_committed_in_groups(broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe) -> None:
    """One fsync serves hundreds of messages."""
    connected(subscribe(broker.url)).stop()
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(5_000)])
    connected(subscribe(broker.url))
    wait_until(lambda: journal.count() == 5_000)
    assert journal.payloads() == [b"%d" % number for number in range(5_000)]
    assert max(journal.groups) <= GROUP_MESSAGES
    assert len(journal.groups) < 200


def test_what_was_acknowledged_does_not_come_again(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """A clean stop commits and acknowledges what it has taken."""
    first = connected(subscribe(broker.url))
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(100)])
    wait_until(lambda: journal.count() == 100)
    first.stop()
    broker.restart()
    connected(subscribe(broker.url))
    publish(broker.port, [(TOPIC, b"last")])
    wait_until(lambda: journal.payloads()[-1] == b"last")
    assert journal.count() == 101


def test_nothing_is_acknowledged_that_is_not_on_disk(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """While the disk is full the broker keeps the messages, even across its own restart."""
    connected(subscribe(broker.url))
    journal.full = True
    publish(broker.port, [(TOPIC, b"%d" % number) for number in range(10)])
    wait_until(lambda: journal.refused >= 3, what="tries again")
    broker.restart()
    assert journal.count() == 0
    journal.full = False
    wait_until(lambda: set(journal.payloads()) == {b"%d" % number for number in range(10)})


def test_stopping_on_a_full_disk_leaves_everything_at_the_broker(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """Giving up means disconnecting, never acknowledging."""
    first = connected(subscribe(broker.url))
    journal.full = True
    publish(broker.port, [(TOPIC, b"kept by the broker")])
    wait_until(lambda: journal.refused)
    error = first.state().error
    assert error is not None and "disk is full" in str(error)
    first.stop()
    journal.full = False
    connected(subscribe(broker.url))
    wait_until(journal.count)
    found = journal.messages()[0].incoming
    assert (found.payload, found.redelivered, found.live) == (b"kept by the broker", True, False)


def test_the_broker_may_come_later(tmp_path: Path, journal: WatchedJournal, subscribe: Subscribe) -> None:
    """A broker that is not there at the start is waited for, and said to be missing."""
    broker = Mosquitto(tmp_path / "later")
    subscriber = subscribe(broker.url)
    wait_until(lambda: subscriber.state().error)
    assert not subscriber.connected
    broker.start()
    try:
        caught_up(subscriber)
        publish(broker.port, [(TOPIC, b"at last")])
        wait_until(journal.count)
        assert subscriber.state().error is None
    finally:
        broker.stop()


def test_the_broker_may_go_away(broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe) -> None:
    """The connection is made again, and what was published meanwhile arrives."""
    subscriber = connected(subscribe(broker.url))
    broker.stop()
    wait_until(lambda: not subscriber.connected)
    broker.start()
    publish(broker.port, [(TOPIC, b"back")])
    wait_until(lambda: journal.payloads() == [b"back"])


def test_a_broker_that_has_forgotten_our_session_is_named(
    tmp_path: Path, broker: Mosquitto, subscribe: Subscribe
) -> None:
    """What it held for us is gone, and nobody else can know; one that was only restarted keeps it."""
    with capture_logs() as said:
        subscriber = connected(subscribe(broker.url))
        broker.stop()
        wait_until(lambda: not subscriber.connected)
        broker.start()
        connected(subscriber).stop()
        assert not any("forgotten" in one["event"] for one in said)
        broker.stop()
        (tmp_path / "broker" / "mosquitto.db").unlink()
        broker.start()
        connected(subscribe(broker.url))
    assert any("forgotten our session" in one["event"] for one in said)


def test_a_filter_that_is_no_longer_wanted_is_unsubscribed(
    broker: Mosquitto, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """The broker keeps the subscriptions of a lasting session; a station that was removed must not go on."""
    connected(subscribe(broker.url, ["quantrac/+/+", "tele/old/SENSOR"])).stop()
    connected(subscribe(broker.url, ["quantrac/+/+"]))
    publish(broker.port, [("tele/old/SENSOR", b"old"), (TOPIC, b"new")])
    wait_until(journal.count)
    assert journal.payloads() == [b"new"]


def test_a_refusal_is_said(tmp_path: Path, subscribe: Subscribe) -> None:
    """Wrong credentials are no reason to stop trying, and no secret."""
    broker = Mosquitto(tmp_path / "closed", anonymous=False).start()
    try:
        subscriber = subscribe(broker.url, password="wrong")
        wait_until(lambda: subscriber.state().error)
        assert "Not authorized" in str(subscriber.state().error)
    finally:
        broker.stop()


@pytest.mark.parametrize("url", ["http://broker:1883", "mqtt://", "broker"])
def test_an_address_that_is_none_is_refused(url: str, journal: WatchedJournal) -> None:
    """With exit status 2: it is the environment that is wrong."""
    with pytest.raises(QuantracError) as refused:
        Subscriber(url, None, client_id="x", filters=[], journal=journal)
    assert refused.value.exit_status == 2


def test_tls_is_checked_against_the_systems_authorities(
    tmp_path: Path, journal: WatchedJournal, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mqtts:// takes a certificate only from an authority that the system trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate,
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    broker = Mosquitto(tmp_path / "tls", listener=f"certfile {certificate}\nkeyfile {key}").start()
    url = f"mqtts://localhost:{broker.port}"
    try:
        stranger = subscribe(url)
        wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in str(stranger.state().error))
        stranger.stop()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        caught_up(subscribe(url))
    finally:
        broker.stop()


@pytest.fixture
def embedded() -> Iterator[str]:
    """The demo's broker, which speaks 3.1.1 only, in a thread of its own."""
    port = free_port()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def started() -> Broker:
        plugin = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        one = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugin})
        await one.start()
        return one

    broker = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    yield f"mqtt://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_broker_of_the_older_version_is_spoken_to_in_it(
    embedded: str, journal: WatchedJournal, subscribe: Subscribe
) -> None:
    """The demo's broker does not even answer a CONNECT of version 5."""
    subscriber = caught_up(subscribe(embedded))
    publish(int(embedded.rsplit(":", 1)[1]), [(TOPIC, b"%d" % number) for number in range(50)])
    wait_until(lambda: journal.count() == 50)
    subscriber.stop()
    assert sorted(journal.payloads()) == sorted(b"%d" % number for number in range(50))


def test_the_state_says_since_when(tmp_path: Path, broker: Mosquitto) -> None:
    """Shown with the service's clock, which need not be the machine's."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    journal = Journal(tmp_path / "other", worker="main", clock=SetClock(moment))
    subscriber = Subscriber(broker.url, None, client_id="clock", filters=["a"], journal=journal, clock=SetClock(moment))
    subscriber.start()
    connected(subscriber)
    assert subscriber.state().since == moment
    subscriber.stop()
    assert not subscriber.connected
