"""From the journal to the store, with real files: every message once, wherever the process is stopped."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.moment import micros
from domain.reading import Reading, SeriesKey
from ingest import pipeline as pipelines
from ingest.ways import IMPORTED
from storage import ledger as ledgers
from storage.readings import StoreRefused, StoreUnavailable
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes
from support.configured import native, registry, station
from support.rig import Onlooker, Rig, Stopped, Tripwire
from support.waiting import wait_until


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as one:
        yield one


def at(minute: float, **values: float | None) -> str:
    """Return a message of `minute` minutes before noon, local time."""
    moment = NOON - minutes(minute)
    return native(time=moment.isoformat(), **{name: (value, "ug/m3") for name, value in values.items()})


def test_every_message_comes_to_exactly_one_outcome(rig: Rig) -> None:
    """Stored, partly, repeated, ignored or quarantined; their sum is what was received."""
    first = at(10, pm25=1.0, pm10=2.0)
    seqs = rig.receive(
        first, at(5, pm25=3.0, cod=1.0), first, native(), b"", at(10, pm25=1.5, pm10=2.0), at(0, x=1.0)
    )  # fmt: skip
    rig.finish()
    assert [rig.outcome(seq) for seq in seqs] == [
        "stored", "partly", "repeated", "ignored", "quarantined", "stored", "quarantined",
    ]  # fmt: skip
    assert sum(rig.outcomes().values()) == rig.journal.count()
    assert rig.counts() == (3, 1)
    assert rig.values() == {("pm25", NOON - minutes(10)): 1.5, ("pm10", NOON - minutes(10)): 2.0,
                            ("pm25", NOON - minutes(5)): 3.0}  # fmt: skip


def test_a_refused_part_is_in_quarantine_with_its_message(rig: Rig) -> None:
    """Its reason in words, the message behind it to the byte."""
    (seq,) = rig.receive(at(5, pm25=3.0, cod=1.0))
    rig.finish()
    (row,) = rig.quarantine.list()
    assert (row.id, row.reason, row.station, row.topic) == (f"{seq}:cod", "not_at_station", "A-1", "quantrac/A-1/air")
    message = rig.journal.get(seq)
    assert message is not None and b'"cod"' in message.incoming.payload


def test_names_that_no_file_can_hold_are_refused_all_the_same(rig: Rig) -> None:
    """Half a character, a zero byte, a name of a hundred thousand letters: kept as far as they can be shown."""
    value = '{"value": "x", "unit": 7, "status": [1]}'
    names = [r"\ud800", r"a\u0000b", "x" * 100_000]
    seqs = rig.receive(*(f'{{"time": "2026-03-01T12:00:00+07:00", "values": {{"{name}": {value}}}}}' for name in names))
    rig.receive(r'{"time": "\ud800", "station": "\ud800", "values": {"pm25": {"value": 1, "unit": "\ud800"}}}')
    rig.receive(r'{"time": "2026-03-01T12:00:00+07:00", "values": {"pm25": {"value": 1, "unit": "\ud800"}}}')
    rig.receive(*(f'{{"time": "\\ud800", "values": {{"{name}": {{"value": 1, "unit": "m"}}}}}}' for name in names))
    rig.finish()
    assert rig.outcomes() == {"quarantined": rig.journal.count()}
    assert {row.seq for row in rig.quarantine.list()} >= set(seqs)
    assert max(len(str(row.message)) for row in rig.quarantine.list()) < 400


def test_another_value_is_a_revision_and_both_stay(rig: Rig) -> None:
    """The greater seq counts."""
    rig.receive(at(5, pm25=1.0))
    rig.finish()
    (seq,) = rig.receive(at(5, pm25=2.0))
    rig.finish()
    (stored,) = rig.readings().values()
    assert (stored.value, stored.seq) == (2.0, seq)
    with rig.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT value, old_value, seq FROM revisions").fetchall()
    assert [tuple(row) for row in rows] == [(2.0, 1.0, seq)]


def test_a_change_to_or_from_missing_is_a_revision_too(rig: Rig) -> None:
    """None is a value in this."""
    for value in (1.0, None, None, 1.0):
        rig.receive(at(5, pm25=value))
        rig.finish()
    assert rig.outcomes() == {"stored": 3, "repeated": 1}
    assert rig.counts() == (1, 2)


def test_an_older_message_never_replaces_a_newer_one(rig: Rig, tmp_path: Path) -> None:
    """Also where it comes to be read later, as from another worker or out of quarantine."""
    (older,) = rig.receive(at(5, pm25=1.0))
    (newer,) = rig.receive(at(5, pm25=2.0))
    series = SeriesKey("A-1", "pm25")
    rig.store.write([Reading(*series, NOON - minutes(5), 2.0, seq=newer)])
    rig.ledger.release(
        ledgers.BatchNotes(0, NOON, spans={(series, micros(NOON) // 86_400_000_000): (NOON - minutes(5),) * 2})
    )
    rig.finish(limit=1)
    (stored,) = rig.readings().values()
    assert (stored.value, stored.seq) == (2.0, newer)
    assert older < newer


def test_a_late_reading_is_new_and_marks_its_own_day(rig: Rig) -> None:
    """It must not widen the span of the live ones."""
    rig.receive(at(0, pm25=1.0))
    rig.finish()
    onlooker = Onlooker(rig)
    onlooker.run()
    rig.receive(at(3 * 24 * 60, pm25=2.0), at(-1, pm25=3.0))
    rig.finish()
    onlooker.run()
    assert rig.counts() == (3, 0)
    assert onlooker.knows() == {series_at: one.value for series_at, one in rig.readings().items()}


def test_a_station_is_heard_by_what_can_be_used_and_not_by_imports(rig: Rig) -> None:
    """Neither a file of old readings nor what nobody understands makes a silent station speak."""
    rig.receive(at(0, pm25=1.0), topic=f"{IMPORTED}quantrac/A-1/air", live=False)
    rig.finish()
    assert ledgers.all_heard(rig.engine) == {}
    rig.receive(b"garbage", topic="quantrac/W-1/water")
    rig.receive(at(0, cod=1.0))
    rig.finish()
    assert ledgers.all_heard(rig.engine) == {}
    rig.receive(native(), topic="quantrac/W-1/water")
    rig.receive(at(2, pm25=1.0))
    rig.finish()
    heard = ledgers.all_heard(rig.engine)
    assert heard.keys() == {"A-1", "W-1"}
    assert (heard["A-1"].measured_at, heard["A-1"].skew) == (NOON - minutes(2), minutes(2))
    assert (heard["W-1"].measured_at, heard["W-1"].skew) == (None, None)


STEPS = [("quarantine", "add"), ("ledger", "note"), ("store", "write"), ("ledger", "release")]


def stop(rig: Rig, part: str, method: str, when: str) -> None:
    """Begin a batch, and let the process end at one call."""
    wire = Tripwire(getattr(rig, part), method, when)
    with pytest.raises(Stopped):
        rig.pipeline(**{part: wire}).step()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("part", "method"), STEPS)
@pytest.mark.parametrize("batch", [0, 1])
def test_stopped_between_any_two_steps_it_ends_the_same(
    tmp_path: Path, batch: int, part: str, method: str, when: str
) -> None:
    """With a job that takes spans at that very moment: it sees in the end what is stored in the end."""
    batches = [
        [at(10, pm25=1.0, pm10=1.0), at(9, pm25=2.0, x=1.0), at(10, pm25=1.5), b"garbage"],
        [at(9, pm25=2.5), at(10, pm25=1.5), at(8, pm25=3.0), at(20, pm10=4.0), at(8, pm25=3.5), native()],
    ]
    with Rig(tmp_path / "straight") as straight:
        for one in batches:
            straight.receive(*one)
            straight.finish()
        wanted = (straight.values(), straight.outcomes(), straight.counts(), len(straight.quarantine.list()))
    with Rig(tmp_path / "stopped") as rig:
        onlooker = Onlooker(rig)
        for number, one in enumerate(batches):
            rig.receive(*one)
            if number == batch:
                stop(rig, part, method, when)
                onlooker.run()
            rig.finish()
            onlooker.run()
        assert (rig.values(), rig.outcomes(), rig.counts(), len(rig.quarantine.list())) == wanted
        assert onlooker.knows() == {series_at: stored.value for series_at, stored in rig.readings().items()}


def test_the_steps_come_in_their_order(rig: Rig) -> None:
    """Nothing is released before it is written, nothing written before it is noted."""
    (seq,) = rig.receive(at(5, pm25=1.0, x=1.0))
    done: list[str] = []
    for part, method in STEPS:
        stop(rig, part, method, "before")
        noted = int(rig.outcome(seq) is not None)
        done.append(f"{len(rig.quarantine.list())}{noted}{len(rig.values())}{rig.ledger.cursor() > 0}")
        assert rig.outcomes() == {}
    assert done == ["000False", "100False", "110False", "111False"]


class Picky(SqliteReadings):
    """A store that is away, or refuses what is beyond its retention, as InfluxDB does."""

    away = False
    oldest = NOON - timedelta(days=30)
    writes = 0

    def write(self, readings: Sequence[Reading]) -> None:
        self.writes += 1
        if self.away:
            raise StoreUnavailable("connection refused")
        if any(one.measured_at < self.oldest for one in readings):
            raise StoreRefused("points beyond retention policy")
        super().write(readings)


@pytest.fixture
def picky(tmp_path: Path) -> Iterator[Picky]:
    store = Picky(tmp_path / "picky.sqlite")
    yield store
    store.close()


def test_a_store_that_is_away_loses_nothing(rig: Rig, picky: Picky) -> None:
    """The same messages come again, and each is counted once."""
    rig.receive(at(10, pm25=1.0), at(9, pm25=2.0))
    pipeline = rig.pipeline(store=picky)
    picky.away = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            pipeline.step()
    assert (picky.count(), rig.ledger.cursor()) == (0, 0)
    picky.away = False
    assert (pipeline.step(), pipeline.step()) == (2, 0)
    assert (picky.count(), rig.outcomes(), rig.counts()) == (2, {"stored": 2}, (2, 0))


def test_only_the_culprit_is_refused(rig: Rig, picky: Picky) -> None:
    """A batch that the store refuses is split until the one reading is found; the message says so."""
    old = native(time="2025-01-01T00:00:00+07:00", pm25=(1.0, "ug/m3"))
    whole = rig.receive(*(at(number, pm25=1.0, pm10=2.0) for number in range(1, 50)))
    (alone,) = rig.receive(old)
    rig.pipeline(store=picky).step()
    assert picky.count() == 98
    assert rig.outcomes() == {"stored": 49, "quarantined": 1}
    assert (rig.outcome(alone), rig.outcome(whole[0]), rig.counts()) == ("quarantined", "stored", (98, 0))
    assert [(row.id, row.reason) for row in rig.quarantine.list()] == [(f"{alone}:pm25", "store_refused")]
    assert picky.writes < 30
    assert rig.ledger.cursor() == alone


def test_of_a_message_partly_refused_by_the_store_the_rest_counts(rig: Rig, picky: Picky) -> None:
    """Stamped at the start, one message holds two moments: one of them too old."""
    rig.registry = registry(station(stamp="start", interval="10 min",
                                    parameters=[{"id": "pm25"}, {"id": "pm10", "interval": "1 h"}]))  # fmt: skip
    picky.oldest = NOON - minutes(30)
    (seq,) = rig.receive(at(60, pm25=1.0, pm10=2.0))
    rig.pipeline(store=picky).step()
    assert (rig.outcome(seq), rig.counts(), picky.count()) == ("partly", (1, 0), 1)


def test_the_loop_outlives_whatever_fails(rig: Rig, picky: Picky) -> None:
    """It tries again by itself, and ends when told to."""
    picky.away = True
    rig.receive(at(10, pm25=1.0))
    end = Event()
    thread = Thread(target=pipelines.run, args=(rig.pipeline(store=picky), end), kwargs={"longest": 0.01})
    thread.start()
    wait_until(lambda: picky.writes >= 3)
    picky.away = False
    wait_until(lambda: picky.count() == 1)
    rig.receive(at(9, pm25=1.0))
    wait_until(lambda: picky.count() == 2)
    end.set()
    thread.join(5)
    assert not thread.is_alive()


MESSAGES = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["pm25", "pm10"]), st.sampled_from([None, 1.0, 2.0])),
    min_size=1, max_size=12,
)  # fmt: skip
folders = count()
quickly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quickly
@given(MESSAGES, st.integers(1, 4))
def test_where_batches_are_cut_does_not_matter(
    tmp_path: Path, messages: list[tuple[int, str, float | None]], limit: int
) -> None:
    """The same journal gives the same readings, revisions and counts."""
    found = []
    for size in (1_000, limit):
        with Rig(tmp_path / str(next(folders))) as rig:
            rig.receive(*(at(minute, **{name: value}) for minute, name, value in messages))
            rig.finish(size)
            found.append((rig.readings(), rig.outcomes(), rig.counts()))
    assert found[0] == found[1]
    assert sum(found[0][1].values()) == len(messages)


@quickly
@given(st.data(), st.sets(st.integers(0, 40), min_size=1, max_size=12))
def test_order_and_repetition_do_not_matter(tmp_path: Path, data: st.DataObject, moments: set[int]) -> None:
    """Loggers send again after an outage, oldest first; what is stored is what was measured."""
    bodies = [at(minute, pm25=float(minute)) for minute in sorted(moments)]
    sent = data.draw(st.permutations(bodies + data.draw(st.lists(st.sampled_from(bodies), max_size=8))))
    with Rig(tmp_path / str(next(folders))) as rig:
        rig.receive(*sent)
        rig.finish(data.draw(st.integers(1, 5)))
        assert rig.values() == {("pm25", NOON - minutes(minute)): float(minute) for minute in moments}
        assert rig.outcomes().get("repeated", 0) == len(sent) - len(moments)
        assert rig.counts() == (len(moments), 0)
