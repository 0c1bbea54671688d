"""However a message comes, it has one outcome; the real program, a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.configured import native
from support.field import Field
from support.mosquitto import Mosquitto
from support.proven import Kept, Service
from support.publishing import publish
from support.raw_broker import RawBroker
from support.waiting import wait_until

STATION = "NT-DH1-03"
TOPIC = f"quantrac/{STATION}/water"


@pytest.fixture
def service(tmp_path: Path, broker: Mosquitto) -> Iterator[Service]:
    program = Service(tmp_path, broker)
    yield program
    program.close()


def at(minute: int, cod: float, *, size: int = 0) -> bytes:
    """Return a message of the first of March, of so many bytes at least."""
    return native(time=f"2026-03-01T12:{minute:02}:00+07:00", cod=(cod, "mg/L")).encode().ljust(size)


def ends(kept: Kept) -> dict[bytes, list[str]]:
    """Return what became of every message, by its payload, in the order of their coming."""
    outcomes = kept.outcomes()
    return {
        payload: [outcomes.get(seq, "pending") for seq in sorted(seqs)]
        for (_, payload), seqs in kept.copies().items()
    }  # fmt: skip


def test_each_has_one_outcome(broker: Mosquitto, service: Service) -> None:
    """Retained, unacknowledged, twice, empty, large, too large for a reading, not for us, not to be read."""
    publish(broker.port, [(TOPIC, at(1, 1.0))], retain=True)
    service.start()
    kept, field = service.kept(), Field(broker.port)
    wait_until(kept.judged, what=service.told)
    large, larger = at(2, 2.0, size=256_000), b"[" * 300_000
    field.say(at(3, 3.0), qos=0)
    field.say(at(4, 4.0))
    field.say(at(4, 4.0))
    field.say(b"")
    field.say(large)
    field.say(larger)
    field.say(b"\xff\xfe\x00")
    field.say(at(5, 5.0), topic="quantrac/nobody/water")
    field.say(at(6, 6.0), topic=f"quantrac/{STATION}/air")
    field.say(at(7, 4.0), qos=2)
    field.await_acknowledged()
    wait_until(lambda: kept.is_idle() and kept.journal.count() == 11, what=service.told)
    assert ends(kept) == {
        at(1, 1.0): ["stored"], at(3, 3.0): ["stored"], at(4, 4.0): ["stored", "repeated"], b"": ["quarantined"],
        large: ["stored"], larger: ["quarantined"], b"\xff\xfe\x00": ["quarantined"], at(5, 5.0): ["quarantined"],
        at(6, 6.0): ["quarantined"], at(7, 4.0): ["stored"],
    }  # fmt: skip
    counted = service.status()["messages"]
    assert isinstance(counted, dict)
    assert (counted["received"], counted["stored"], counted["repeated"], counted["quarantined"]) == (11, 5, 1, 5)
    assert kept.journal.check() is None
    field.close()


def test_a_retained_message_comes_again_and_changes_nothing(broker: Mosquitto, service: Service) -> None:
    """The broker hands it over as often as we subscribe."""
    publish(broker.port, [(TOPIC, at(1, 1.0))], retain=True)
    kept = service.start().kept()
    wait_until(kept.judged, what=service.told)
    service.kill()
    service.start()
    wait_until(lambda: kept.is_idle() and kept.journal.count() >= 2, what=service.told)
    first, *others = ends(kept)[at(1, 1.0)]
    assert (first, set(others)) == ("stored", {"repeated"})
    assert kept.readings.count() == 1


def test_a_topic_that_is_no_text_holds_up_nothing(tmp_path: Path, service: Service) -> None:
    """No real broker lets it pass; one that does gets its acknowledgement, and the message is in quarantine."""
    broker = RawBroker(b"quantrac/\xff\xfe/water", b"{}")
    service.variables["MQTT_URL"] = broker.url
    service.start()
    kept = service.kept()
    wait_until(broker.acknowledged.is_set, what=service.told)
    wait_until(lambda: kept.is_idle() and kept.journal.count() > 0, what=service.told)
    assert {one for ways in ends(kept).values() for one in ways} == {"quarantined"}
    broker.close()
