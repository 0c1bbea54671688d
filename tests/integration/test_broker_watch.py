"""What a real Mosquitto says of itself, and what of it is kept."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy.engine import Engine

from domain.clock import SetClock
from ingest.broker_watch import BrokerWatch
from ingest.session import Broker
from storage import broker_figures
from storage.broker_figures import BrokerFigures
from storage.state import open_state
from support.builders import NOON, minutes
from support.mosquitto import Mosquitto, free_port
from support.waiting import wait_until

# Mosquitto counts once in so many seconds; 1 is the least.
OFTEN = "sys_interval 1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_state(f"sqlite:///{tmp_path}/state.sqlite")
    yield found
    found.dispose()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that keeps no more than ten messages for a client."""
    one = Mosquitto(tmp_path / "small", listener=OFTEN, queue=10).start()
    yield one
    one.stop()


def watch(url: str, engine: Engine) -> BrokerWatch:
    return BrokerWatch(Broker.of(url), None, "main", engine, SetClock(NOON))


def kept(engine: Engine) -> BrokerFigures | None:
    return broker_figures.read(engine).get("main")


def leave_a_session(broker: Mosquitto) -> None:
    """Subscribe as the service does, and go away."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "quantrac-main", clean_session=False)
    granted: list[bool] = []
    client.on_subscribe = lambda *_: granted.append(True)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe("quantrac/+/+", qos=1)
    wait_until(lambda: granted)
    client.disconnect()
    client.loop_stop()


def publish(broker: Mosquitto, count: int) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for _ in range(count):
        client.publish("quantrac/A-1/air", b"{}", qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def figures(engine: Engine) -> dict[str, int]:
    found = kept(engine)
    return found.figures if found else {}


def thrown(engine: Engine) -> int:
    found = kept(engine)
    return sum(count for _, count in found.thrown_away) if found else 0


def test_what_the_broker_holds_and_throws_away_is_known(small: Mosquitto, engine: Engine) -> None:
    """Ten of 25 wait for the service; that the others are gone only the broker can say."""
    looks = watch(small.url, engine)
    leave_a_session(small)
    looks.look()
    publish(small, 25)

    def seen() -> bool:
        looks.look()
        return thrown(engine) > 0 and figures(engine)["stored"] - figures(engine)["retained"] >= 10

    wait_until(seen)
    assert (thrown(engine), figures(engine)["dropped"]) == (15, 15)
    assert figures(engine)["stored"] - figures(engine)["retained"] == 10
    assert figures(engine).keys() == {
        "stored", "stored_bytes", "retained", "dropped", "heap_bytes", "heap_most_bytes", "connected", "clients",
    }  # fmt: skip


def test_what_was_thrown_away_while_we_were_gone_is_found_at_the_next_start(small: Mosquitto, engine: Engine) -> None:
    """Another process looks; what is known stands in the state."""
    leave_a_session(small)
    watch(small.url, engine).look()
    publish(small, 12)

    def seen() -> bool:
        watch(small.url, engine).look()
        return thrown(engine) > 0

    wait_until(seen)
    assert thrown(engine) == 2


def test_looking_leaves_no_session_behind(broker: Mosquitto, engine: Engine) -> None:
    """Or the broker would keep its own figures for us for ever."""
    watch(broker.url, engine).look()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "quantrac-main-sys", clean_session=False)
    present: list[bool] = []
    client.on_connect = lambda *said: present.append(said[2].session_present)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(lambda: present)
    client.disconnect()
    client.loop_stop()
    assert present == [False]


def test_a_broker_that_shows_nothing_is_looked_at_all_the_same(tmp_path: Path, engine: Engine) -> None:
    """As Mosquitto does whose access list does not let the account read $SYS."""
    (tmp_path / "acl").write_text("topic read quantrac/#\n", "utf-8")
    broker = Mosquitto(tmp_path / "closed", listener=f"{OFTEN}\nacl_file {tmp_path / 'acl'}").start()
    try:
        watch(broker.url, engine).look()
    finally:
        broker.stop()
    found = kept(engine)
    assert found is not None
    assert found.figures == {}


def test_a_broker_that_is_away_leaves_what_was_known(engine: Engine) -> None:
    """With the moment at which it was known."""
    broker_figures.keep(engine, "main", BrokerFigures(NOON - minutes(9), {"stored": 7}))
    with pytest.raises(OSError, match="refused"):
        watch(f"mqtt://127.0.0.1:{free_port()}", engine).look()
    assert kept(engine) == BrokerFigures(NOON - minutes(9), {"stored": 7})


def test_the_watch_begins_and_ends(broker: Mosquitto, engine: Engine) -> None:
    """And need not be waited for."""
    looks = BrokerWatch(Broker.of(broker.url), None, "main", engine, SetClock(NOON), every=0.01)
    looks.start()
    wait_until(lambda: kept(engine) is not None)
    looks.stop()


@given(st.lists(st.none() | st.integers(0, 5), max_size=20))
def test_every_message_that_was_thrown_away_after_the_first_look_counts_once(shown: list[int | None]) -> None:
    """A count that is lower is that of a broker started anew; a look at which none is shown changes nothing."""
    found = BrokerFigures(NOON, {"dropped": 3}).after(None)
    for place, count in enumerate(shown):
        found = BrokerFigures(NOON + minutes(place + 1), {} if count is None else {"dropped": count}).after(found)
    counts = [3, *(count for count in shown if count is not None)]
    expected = sum(now - before if now >= before else now for before, now in pairwise(counts))
    assert sum(one for _, one in found.thrown_away) == expected


def test_what_was_thrown_away_long_ago_is_no_longer_said() -> None:
    """After the seven days for which gaps are listed by default."""
    first = BrokerFigures(NOON, {"dropped": 3}).after(None)
    risen = BrokerFigures(NOON + minutes(1), {"dropped": 8}).after(first)
    later = BrokerFigures(NOON + timedelta(days=8), {"dropped": 8}).after(risen)
    assert ([count for _, count in risen.thrown_away], later.thrown_away) == ([5], ())
