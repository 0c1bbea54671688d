"""What the shipped broker may lose, and what it may not: the bounds that docs/explanation/broker-queue.md states."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from support.field import MESSAGES, Field, chance
from support.mosquitto import Mosquitto, shipped_settings
from support.proven import Kept, Service
from support.waiting import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_700)]

AUTOSAVE_SECONDS = 1  # 60 as shipped
CONNECTED_SECONDS = 1.0
SHARE = 10 if MESSAGES > 1_000 else 100  # of the shipped queue, and of two days


@dataclass
class Province:
    """Stations, the shipped broker, and the service, which is connected and has a session on the broker's disk."""

    field: Field
    broker: Mosquitto
    service: Service
    kept: Kept

    def go_on(self, *, service_is_away: bool = False) -> set[bytes]:
        """Have the broker start after its death and the rest come; return which messages never do, all others proven."""
        connections = len(self.service.lines("subscribed"))
        self.broker.start()
        if service_is_away:
            self.service.start()
        wait_until(lambda: len(self.service.lines("subscribed")) > connections, what=self.service.told)
        self.field.send(1)
        self.field.await_acknowledged()
        newest = set(self.field.sent[-4:])
        wait_until(lambda: newest <= self.kept.copies().keys(), what=self.service.told)
        wait_until(self.kept.is_idle, what=self.service.told)
        lost = {payload for topic, payload in self.field.sent if (topic, payload) not in self.kept.copies()}
        self.kept.prove(self.field, self.service, lost=lost)
        self.kept.prove_readings(self.field.values(but=lost))
        return lost

    def publish_until(self, share: float) -> None:
        """Publish message by message, each soon after the broker has taken the one before, up to so much of all."""
        for _ in self.field.trickle():
            wait_until(lambda: len(self.field.sent) - self.field.acknowledged < 3)
            if len(self.field.sent) >= share * self.field.count:
                return


@pytest.fixture
def moments() -> Random:
    return chance()


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    broker = Mosquitto.shipped(tmp_path / "broker", autosave_interval=AUTOSAVE_SECONDS).start()
    service = Service(tmp_path, broker).start()
    broker.save()
    field = Field(broker.port)
    yield Province(field, broker, service, service.kept())
    field.close()
    service.close()
    broker.stop()


def test_killed_while_the_service_is_connected_it_loses_the_last_second_at_most(
    province: Province, moments: Random
) -> None:
    """What it has acknowledged and not yet handed over; whatever was acknowledged before is stored."""
    province.publish_until(moments.uniform(0.3, 0.9))
    province.broker.kill()
    at = time.monotonic()
    lost = province.go_on()
    print(f"lost {len(lost)} of {MESSAGES}")  # noqa: T201
    assert all(at - province.field.acknowledged_at(one) < CONNECTED_SECONDS for one in lost)


@pytest.mark.parametrize("since", [0.0, 0.2])
def test_killed_while_the_service_is_away_it_loses_what_came_since_it_last_saved(
    province: Province, since: float, moments: Random
) -> None:
    """Nothing where it has just saved; and it saves by itself, as often as it is configured to."""
    field, broker = province.field, province.broker
    province.service.end()
    for _ in range(2):
        field.send(moments.uniform(0.1, 0.3))
        field.await_acknowledged()
        broker.await_save()
    safe = len(field.sent)
    field.send(since)
    field.await_acknowledged()
    broker.kill()
    lost = province.go_on(service_is_away=True)
    print(f"lost {len(lost)} of {MESSAGES}")  # noqa: T201
    assert lost <= {payload for _, payload in field.sent[safe : safe + round(since * field.count)]}
    saved = broker.saved_at()
    assert max(after - before for before, after in pairwise(saved)) <= AUTOSAVE_SECONDS + 1


def test_a_session_that_was_never_saved_is_had_again_at_once(province: Province, tmp_path: Path) -> None:
    """Killed in the first minute of a new session, the broker has forgotten it: we subscribe again, and say so."""
    province.broker.kill()
    province.broker.database.unlink()
    province.go_on()
    assert province.service.said("forgotten our session")


def test_two_days_without_the_service_lose_nothing(tmp_path: Path, moments: Random) -> None:
    """500 stations, one message a minute, in the shipped queue; here a hundredth of both (in the soak a tenth)."""
    shipped = shipped_settings()
    bounds = {name: int(shipped[name]) // SHARE for name in ("max_queued_messages", "max_queued_bytes")}
    broker = Mosquitto.shipped(tmp_path / "broker", **bounds).start()
    service = Service(tmp_path, broker).start()
    service.end()
    field = Field(broker.port, messages=500 * 60 * 24 * 2 // SHARE, size=324)
    try:
        field.send(moments.uniform(0.3, 0.7))
        field.await_acknowledged(seconds=600)
        broker.restart()
        field.send(1)
        field.await_acknowledged(seconds=600)
        service.start()
        kept = service.kept()
        kept.await_quiet(field, service, seconds=900)
        kept.prove(field, service)
        kept.prove_readings(field.values())
    finally:
        field.close()
        service.close()
        broker.stop()
