"""A mad logger cannot starve the rest: its excess waits in the journal, and comes to its outcome all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.message import Outcome
from domain.reading import SeriesKey
from storage.journal import READ_BYTES
from storage.ledger import outcome_counts
from support.builders import NOON, minutes
from support.configured import native, registry, station
from support.rig import Rig, Stopped, Tripwire

MAD, OTHERS = 80, ("B-1", "B-2", "B-3", "B-4")
STEPS = [("quarantine", "add"), ("ledger", "note"), ("store", "write"), ("ledger", "release")]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A hundred messages wait: eighty of one station, and behind them five of each of four others."""
    with Rig(tmp_path, registry(station("A-1"), *(station(one) for one in OTHERS))) as one:
        fill(one)
        yield one


def fill(rig: Rig) -> None:
    rig.receive(*(body(number) for number in range(MAD)))
    for name in OTHERS:
        rig.receive(*(body(number) for number in range(5)), topic=f"quantrac/{name}/air")


def body(number: int) -> str:
    return native(time=(NOON - minutes(number)).isoformat(), pm25=(float(number), "ug/m3"))


def stored(rig: Rig, name: str) -> int:
    return sum(series.station == name for series, _ in rig.readings())


def test_the_others_do_not_wait_for_it(rig: Rig) -> None:
    """After one batch all that the others sent can be read, and of the mad one its share; the rest is pending."""
    rig.pipeline().step(limit=100)
    assert [stored(rig, name) for name in OTHERS] == [5, 5, 5, 5]
    assert stored(rig, "A-1") == 25
    assert (sum(rig.outcomes().values()), len(rig.ledger.deferred(1_000))) == (45, 55)


def test_what_waited_comes_to_its_outcome_when_there_is_time(rig: Rig) -> None:
    """Nothing is lost by waiting."""
    rig.finish(limit=100)
    assert stored(rig, "A-1") == MAD
    assert rig.outcomes() == {"stored": 100}
    assert rig.ledger.deferred(10) == []


def test_new_messages_and_those_that_wait_take_turns(rig: Rig) -> None:
    """A station that never stops cannot keep its own excess waiting for ever."""
    pipeline = rig.pipeline()
    pipeline.step(limit=100)
    assert stored(rig, "A-1") == 25
    rig.receive(body(1_000), topic="quantrac/B-1/air")
    assert pipeline.step(limit=50) == 50
    rig.receive(body(1_001), topic="quantrac/B-1/air")
    assert pipeline.step(limit=50) == 2
    assert (pipeline.step(limit=50), pipeline.step(limit=50)) == (5, 0)
    assert rig.outcomes() == {"stored": 102}


def test_of_two_messages_of_one_moment_the_newer_wins_though_the_older_waits(rig: Rig) -> None:
    """Also over a restart: what a waiting station sends waits behind it."""
    rig.pipeline().step(limit=100)
    (seq,) = rig.receive(native(time=(NOON - minutes(MAD - 1)).isoformat(), pm25=(7.0, "ug/m3")))
    rig.finish(limit=20)
    newest = rig.readings()[SeriesKey("A-1", "pm25"), NOON - minutes(MAD - 1)]
    assert (newest.value, newest.seq) == (7.0, seq)
    assert rig.counts() == (100, 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("part", "method"), STEPS)
@pytest.mark.parametrize("batch", [0, 1])
def test_stopped_anywhere_each_is_counted_once(rig: Rig, batch: int, part: str, method: str, when: str) -> None:
    """Whether the batch that leaves some behind or the one that takes them up is stopped."""
    wire = Tripwire(getattr(rig, part), method, when)
    wire.armed = batch == 0
    pipeline = rig.pipeline(**{part: wire})
    for _ in range(batch):
        pipeline.step(limit=100)
    wire.armed = True
    with pytest.raises(Stopped):
        pipeline.step(limit=100)
    rig.finish(limit=100)
    assert outcome_counts(rig.engine)[Outcome.STORED] == 100
    assert rig.counts() == (100, 0)
    assert stored(rig, "A-1") == MAD
    assert rig.ledger.deferred(10) == []


def test_large_messages_are_taken_a_few_at_a_time(rig: Rig) -> None:
    """Thousands of them at once would be more than memory is for; a batch that large is full, and the excess waits."""
    large = b"x" * (2 * 1024 * 1024)
    rig.finish()
    for _ in range(3):
        rig.receive(*[large] * 10)
    rig.receive(*[body(number) for number in range(5)], topic="quantrac/B-1/air")
    first = rig.journal.read(rig.ledger.cursor(), 5_000)
    assert len(first) == READ_BYTES // len(large)
    rig.finish()
    assert rig.outcomes() == {"stored": 100, "repeated": 5, "quarantined": 30}
