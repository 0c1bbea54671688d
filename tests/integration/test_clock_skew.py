"""By how much a station's clock is off, as its live messages show it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.message import Incoming
from ingest.understand import IMPORTED
from storage import ledger as ledgers
from storage.readings import StoreUnavailable
from support.builders import NOON, minutes
from support.configured import native, registry, station
from support.rig import Rig, Stopped, Tripwire


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as one:
        yield one


def send(rig: Rig, received: datetime, behind: timedelta, **incoming: Any) -> None:
    """Have a message of A-1 come in at `received` whose stamp is `behind` that."""
    rig.clock.moment = received
    body = native(time=(received - behind).isoformat(), pm25=(1.0, "ug/m3")).encode()
    rig.journal.append([Incoming(**{"topic": "quantrac/A-1/air", "payload": body, **incoming})])


def skew(rig: Rig) -> timedelta | None:
    heard = ledgers.all_heard(rig.engine).get("A-1")
    return heard.skew if heard else None


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize("batch", [1, 3, 1_000])
def test_the_skew_is_the_median_of_what_came_live(rig: Rig, batch: int) -> None:
    """One that was held up for two hours does not move it; where batches are cut does not matter."""
    for place, behind in enumerate([2.0, 3.0, 7_200.0, 1.0, 2.5]):
        send(rig, NOON + minutes(5 * place), seconds(behind))
    rig.finish(batch)
    assert skew(rig) == seconds(2.5)


def test_a_start_of_the_process_forgets_nothing(rig: Rig) -> None:
    """The median goes on from what was kept."""
    for place, behind in enumerate([10.0, 10.0, 10.0, 500.0, 500.0]):
        send(rig, NOON + minutes(place), seconds(behind))
        rig.finish()  # each with a pipeline of its own
    assert skew(rig) == seconds(10)


def test_only_the_last_half_hour_of_speaking_counts(rig: Rig) -> None:
    """A clock that was set right is right once more than half of the last 31 minutes say so."""
    for place in range(40):
        send(rig, NOON + minutes(place), seconds(3_600))
    for place in range(15):
        send(rig, NOON + minutes(40 + place), seconds(1))
    rig.finish()
    assert skew(rig) == seconds(3_600)
    send(rig, NOON + minutes(55), seconds(1))
    rig.finish()
    assert skew(rig) == seconds(1)


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_a_logger_sends_again_is_no_clock_that_is_behind(rig: Rig, newest_first: bool) -> None:
    """After an outage it sends two days at once: that is one minute of receipt, and the freshest of it counts."""
    for place in range(3):
        send(rig, NOON + minutes(5 * place), seconds(2))
    ages = [place * minutes(14) for place in range(200)]
    for place, age in enumerate(ages if newest_first else reversed(ages)):
        send(rig, NOON + minutes(20) + seconds(place / 10), age + seconds(4))
    rig.finish(7)
    assert skew(rig) == seconds(2)
    assert rig.ledger.samples()["A-1"][-1][1] == 4_000_000


@pytest.mark.parametrize(
    "incoming",
    [{"retained": True}, {"redelivered": True}, {"live": False}, {"topic": f"{IMPORTED}quantrac/A-1/air"}],
    ids=["retained", "redelivered", "backlog", "imported"],
)
def test_what_did_not_come_as_it_was_measured_says_nothing_of_the_clock(rig: Rig, incoming: dict[str, Any]) -> None:
    """Retained, delivered again, piled up at the broker, or from a file."""
    send(rig, NOON, seconds(3_600), **incoming)
    rig.finish()
    assert skew(rig) is None
    send(rig, NOON + minutes(5), seconds(2))
    send(rig, NOON + minutes(10), seconds(3_600), **incoming)
    rig.finish()
    assert skew(rig) == seconds(2)


def test_a_station_that_stamps_the_start_has_no_skew_of_an_interval(tmp_path: Path) -> None:
    """What counts is the end of what is averaged; one that is not configured so shows a skew of its interval."""
    for stamp, expected in (("start", seconds(3)), ("end", minutes(5) + seconds(3))):
        with Rig(tmp_path / stamp, registry(station(stamp=stamp, interval="5 min"))) as rig:
            send(rig, NOON, minutes(5) + seconds(3))
            rig.finish()
            assert skew(rig) == expected


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_batch_that_is_done_again_counts_once(rig: Rig, when: str) -> None:
    """Whether the store was away, or the process ended at its last step."""

    class Away:
        tries = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(rig.store, name)

        def write(self, readings: Any) -> None:
            self.tries += 1
            if self.tries < 4:
                raise StoreUnavailable("connection refused")
            rig.store.write(readings)

    for place, behind in enumerate([2.0, 2.0, 60.0]):
        send(rig, NOON + minutes(place), seconds(behind))
    pipeline = rig.pipeline(store=Away())
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            pipeline.step()
    pipeline.step()
    send(rig, NOON + minutes(9), seconds(60))
    with pytest.raises(Stopped):
        rig.pipeline(ledger=Tripwire(rig.ledger, "release", when)).step()
    rig.finish()
    assert rig.ledger.samples()["A-1"] == tuple(
        (int((NOON + minutes(at)).timestamp()) // 60, behind * 1_000_000)
        for at, behind in [(0, 2), (1, 2), (2, 60), (9, 60)]
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-299, 86_400).map(round), min_size=1, max_size=45), st.integers(1, 9))
def test_where_batches_are_cut_the_skew_is_the_same(tmp_path_factory: Any, behind: list[int], batch: int) -> None:
    """And it is one of the last 31 that there are, or between two of them."""
    found = []
    for size in (1_000, batch):
        with Rig(tmp_path_factory.mktemp("skew")) as rig:
            for place, one in enumerate(behind):
                send(rig, NOON + minutes(place), seconds(one))
            rig.finish(size)
            found.append(skew(rig))
    last = sorted(behind[-31:])
    assert found[0] == found[1]
    assert found[0] == seconds((last[(len(last) - 1) // 2] + last[len(last) // 2]) / 2)
