"""Refused messages once more: after the configuration is fixed all is as if it had always been right."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.message import Outcome
from registry.lookup import Registry
from storage import ledger as ledgers
from storage import resolutions
from storage.quarantine import RefusalState, Wanted
from storage.readings import QuestionRefused, StoreRefused, StoreUnavailable
from storage.resolutions import Act, Word
from storage.sqlite import SqliteReadings
from support.builders import NOON, minutes
from support.configured import native, registry, station
from support.rig import Onlooker, Rig, Stopped, Tripwire

EVERYTHING = Wanted(state=None)
WATER = "quantrac/W-1/water"


def bare() -> Registry:
    """Return a configuration in which A-1 measures PM2.5 only, and W-1 is not known."""
    return registry(station(parameters=[{"id": "pm25"}]))


def full() -> Registry:
    """Return the one that is right."""
    outfall = station("W-1", kind="outfall", parameters=[{"id": "cod"}, {"id": "ph"}])
    return registry(station(), outfall)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, bare()) as one:
        yield one


def at(minute: float, **values: float | None) -> str:
    """Return a message of `minute` minutes before noon, local time."""
    moment = NOON - minutes(minute)
    return native(time=moment.isoformat(), **{name: (value, "ug/m3") for name, value in values.items()})


def water(minute: float, unit: str = "mg/L", **values: float) -> str:
    moment = NOON - minutes(minute)
    return native(time=moment.isoformat(), **{name: (value, unit) for name, value in values.items()})


def ask(rig: Rig, act: Act, *ids: int | str) -> int:
    """Ask for something to be done with messages (or with all that is open), as the commands do."""
    named = ids or tuple({one.seq: one.id for one in rig.quarantine.list()}.values())
    pairs = (str(one).partition(":") for one in named)
    chosen = {(int(seq), part if act is Act.DISCARD else "") for seq, _, part in pairs}
    return resolutions.ask(rig.engine, {"main": sorted(chosen)}, Word(act, rig.clock.now(), "An", "a trial"))


def replay(rig: Rig, *ids: int | str) -> None:
    ask(rig, Act.REPLAY, *ids)
    rig.finish()


def all_of(rig: Rig) -> Any:
    """Return everything that is kept of readings and messages."""
    with rig.engine.connect() as connection:
        outcomes = connection.exec_driver_sql("SELECT seq, outcome, stored, revised FROM outcomes ORDER BY seq").all()
        changed = connection.exec_driver_sql("SELECT * FROM revisions ORDER BY 1, 2, 3, 4").all()
        heard = connection.exec_driver_sql("SELECT station, heard_at, measured_at FROM stations_heard ORDER BY 1").all()
    return rig.readings(), outcomes, [row[:-1] for row in changed], heard, rig.quarantine.list()


def test_after_the_fix_a_replay_gives_what_was_meant(rig: Rig) -> None:
    """Whole messages and parts, readings as the right configuration would have stored them."""
    whole, part = rig.receive(water(10, cod=5.0), topic=WATER) + rig.receive(at(9, pm25=1.0, pm10=2.0))
    rig.finish()
    assert (rig.outcome(whole), rig.outcome(part)) == ("quarantined", "partly")
    rig.registry = full()
    replay(rig)
    assert (rig.outcome(whole), rig.outcome(part), rig.counts()) == ("stored", "stored", (3, 0))
    assert rig.values() == {("cod", NOON - minutes(10)): 5.0, ("pm25", NOON - minutes(9)): 1.0,
                            ("pm10", NOON - minutes(9)): 2.0}  # fmt: skip
    assert rig.quarantine.list() == []
    assert {one.state for one in rig.quarantine.list(EVERYTHING)} == {RefusalState.REPLAYED}
    assert resolutions.next_of(rig.engine, "main", upto=2**62, limit=9) == []


def test_a_second_replay_changes_nothing(rig: Rig) -> None:
    """Nor does one of a message in which nothing is refused."""
    seqs = rig.receive(at(9, pm25=1.0, pm10=2.0), at(9, pm25=1.5), at(8, pm10=3.0), at(7, so2="x"))
    rig.finish()
    rig.registry = full()
    replay(rig)
    once = all_of(rig)
    replay(rig, *seqs)
    replay(rig)
    assert all_of(rig) == once


def test_what_is_still_wrong_is_said_as_it_is_now(rig: Rig) -> None:
    """The station is known since, but not the unit: the refusal of the whole gives way to that of the part."""
    (seq,) = rig.receive(water(10, unit="mg/kg", cod=5.0), topic=WATER)
    rig.finish()
    assert [one.reason for one in rig.quarantine.list()] == ["unknown_station"]
    rig.registry = full()
    replay(rig)
    assert [(one.id, one.reason, one.station) for one in rig.quarantine.list()] == [
        (f"{seq}:cod", "unknown_unit", "W-1")
    ]
    assert rig.outcome(seq) == "quarantined"


def test_an_older_message_out_of_quarantine_never_replaces_a_newer_reading(rig: Rig) -> None:
    """The correction that was sent since counts; the older value is on record as revised."""
    (older,) = rig.receive(at(5, pm10=1.0))
    rig.finish()
    rig.registry = full()
    (newer,) = rig.receive(at(5, pm10=2.0))
    rig.finish()
    replay(rig, older)
    (stored,) = rig.readings().values()
    assert (stored.value, stored.seq, rig.outcome(older)) == (2.0, newer, "stored")
    with rig.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT value, old_value, seq, old_seq FROM revisions").all()
    assert [tuple(row) for row in rows] == [(2.0, 1.0, newer, older)]


def test_what_a_message_gave_before_is_not_touched(rig: Rig) -> None:
    """The configuration would read it otherwise now; a value never changes without a revision."""
    (seq,) = rig.receive(at(5, pm25=1.0, pm10=2.0))
    rig.finish()
    rig.registry = registry(station(stamp="start", interval="5 min"))
    replay(rig)
    assert rig.values() == {("pm25", NOON - minutes(5)): 1.0, ("pm10", NOON): 2.0}
    assert (rig.outcome(seq), rig.counts()) == ("stored", (2, 0))


def test_a_station_whose_messages_are_understood_at_last_has_been_heard(rig: Rig) -> None:
    """When its message came, not when it was replayed."""
    rig.receive(water(10, cod=5.0), topic=WATER)
    rig.finish()
    rig.registry = full()
    received = rig.clock.now()
    rig.clock.moment += minutes(60)
    replay(rig)
    heard = ledgers.all_heard(rig.engine)["W-1"]
    assert (heard.heard_at, heard.measured_at) == (received, NOON - minutes(10))


def test_what_is_given_up_is_counted_as_discarded_with_who_and_why(rig: Rig) -> None:
    """Of a message of which a part was taken the rest stays: it is partly."""
    whole, part = rig.receive(b"garbage", at(9, pm25=1.0, pm10=2.0))
    rig.finish()
    ask(rig, Act.DISCARD, whole, f"{part}:pm10")
    rig.finish()
    assert (rig.outcome(whole), rig.outcome(part)) == ("discarded", "partly")
    found = rig.quarantine.list(EVERYTHING)
    assert [(one.settled.by, one.settled.because) for one in found if one.settled] == [("An", "a trial")] * 2
    assert rig.quarantine.list() == []
    with rig.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT who, what, note FROM audit")).all()
    assert [tuple(row) for row in rows] == [("An", "quarantine discarded", "a trial")]


def test_one_part_given_up_leaves_the_other_open(rig: Rig) -> None:
    """The message is in quarantine until nobody waits for any of it."""
    (seq,) = rig.receive(at(9, x=1.0, y=2.0))
    rig.finish()
    ask(rig, Act.DISCARD, f"{seq}:x")
    rig.finish()
    assert (rig.outcome(seq), [one.part for one in rig.quarantine.list()]) == ("quarantined", ["y"])
    ask(rig, Act.DISCARD, f"{seq}:y")
    rig.finish()
    assert rig.outcome(seq) == "discarded"


def test_what_was_given_up_comes_back_only_where_it_is_asked_for(rig: Rig) -> None:
    """A replay of everything passes it by; one that names it does not."""
    (seq,) = rig.receive(at(9, pm10=2.0))
    rig.finish()
    ask(rig, Act.DISCARD, f"{seq}:pm10")
    rig.finish()
    rig.registry = full()
    replay(rig, seq)
    assert (rig.outcome(seq), rig.counts()) == ("discarded", (0, 0))
    ask(rig, Act.REOPEN, seq)
    rig.finish()
    assert (rig.outcome(seq), rig.counts()) == ("stored", (1, 0))


def test_messages_that_wait_go_first(rig: Rig) -> None:
    """What is asked of a message that has no outcome yet waits for it."""
    (seq,) = rig.receive(at(9, pm10=2.0))
    ask(rig, Act.REPLAY, seq)
    rig.registry = full()
    assert rig.pipeline().step() == 1
    assert rig.outcome(seq) == "stored"
    rig.finish()
    assert resolutions.waiting(rig.engine, 1) == {}


class Picky(SqliteReadings):
    """A store that is away, or refuses one parameter."""

    away = False
    refuses = ""

    def write(self, readings: Any) -> None:
        if self.away:
            raise StoreUnavailable("connection refused")
        if any(one.parameter == self.refuses for one in readings):
            raise StoreRefused("points beyond retention policy")
        super().write(readings)


class Silent(SqliteReadings):
    """A store that answers no question about a series."""

    def find(self, wanted: Any) -> Any:
        raise QuestionRefused("cannot parse")


def test_what_the_store_answers_no_question_about_is_not_said_to_be_stored(rig: Rig, tmp_path: Path) -> None:
    """It stays refused, by its own reason, until it can be compared with what is there."""
    rig.registry = full()
    rig.receive(water(0, cod=1.0), topic=WATER)
    rig.finish()
    rig.registry = bare()
    (seq,) = rig.receive(water(9, cod=2.0), topic=WATER)
    rig.finish()
    rig.registry = full()
    ask(rig, Act.REPLAY, seq)
    silent = Silent(tmp_path / "readings.sqlite")
    rig.pipeline(store=silent).step()
    silent.close()
    assert (rig.outcome(seq), len(rig.readings())) == ("quarantined", 1)
    assert [(one.part, one.reason) for one in rig.quarantine.list()] == [("cod", "store_refused")]
    replay(rig, seq)
    assert (rig.outcome(seq), len(rig.readings()), rig.quarantine.list()) == ("stored", 2, [])


def test_a_partly_taken_message_about_which_the_store_answers_nothing_holds_up_no_other(
    rig: Rig, tmp_path: Path
) -> None:
    """It stays refused where it was, and what was asked of the next is done."""
    rig.registry = full()
    rig.receive(at(0, pm25=1.0, so2=1.0))
    rig.finish()
    rig.registry = bare()
    (partly,) = rig.receive(at(9, pm25=2.0, so2=3.0))
    (garbage,) = rig.receive(b"garbage")
    rig.finish()
    rig.registry = full()
    ask(rig, Act.REPLAY, partly, garbage)
    silent = Silent(tmp_path / "readings.sqlite")
    pipeline = rig.pipeline(store=silent)
    assert (pipeline.step(), pipeline.step()) == (2, 0)
    silent.close()
    assert {row.seq for row in rig.quarantine.list()} == {partly, garbage}
    replay(rig, partly)
    assert rig.outcome(partly) == "stored"


def test_a_store_that_is_away_or_refuses_loses_nothing(rig: Rig, tmp_path: Path) -> None:
    """What is asked is kept until it answers; what it will not have is refused by its own reason."""
    (seq,) = rig.receive(at(9, pm10=2.0, so2=3.0))
    rig.finish()
    rig.registry = full()
    ask(rig, Act.REPLAY, seq)
    picky = Picky(tmp_path / "picky.sqlite")
    pipeline = rig.pipeline(store=picky)
    picky.away, picky.refuses = True, "so2"
    with pytest.raises(StoreUnavailable):
        pipeline.step()
    assert (rig.outcome(seq), len(rig.quarantine.list())) == ("quarantined", 2)
    picky.away = False
    assert (pipeline.step(), picky.count()) == (1, 1)
    assert (rig.outcome(seq), rig.counts()) == ("partly", (1, 0))
    assert [(one.part, one.reason) for one in rig.quarantine.list()] == [("so2", "store_refused")]
    picky.close()


STEPS = [("ledger", "note"), ("store", "write"), ("quarantine", "settle"), ("ledger", "release")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("part", "method"), STEPS)
def test_stopped_between_any_two_steps_it_ends_the_same(tmp_path: Path, part: str, method: str, when: str) -> None:
    """With a job that takes spans at that very moment: it sees in the end what is stored in the end."""
    found = []
    for name in ("straight", "stopped"):
        with Rig(tmp_path / name, bare()) as rig:
            onlooker = Onlooker(rig)
            first = rig.receive(at(10, pm25=1.0, pm10=1.0), at(9, pm10=2.0, x=1.0), b"garbage", at(9, pm10=2.0))
            rig.receive(water(8, cod=5.0), water(8, unit="mg/kg", cod=5.0, ph=7.0), topic=WATER)
            rig.finish()
            rig.registry = full()
            rig.receive(at(10, pm10=1.5), at(9, pm10=2.5))
            rig.finish()
            rig.clock.moment += minutes(60)
            ask(rig, Act.REPLAY)
            ask(rig, Act.DISCARD, first[2], f"{first[1]}:x")
            if name == "stopped":
                _stop(rig, part, method, when)
                onlooker.run()
            rig.receive(at(5, pm25=9.0))
            rig.finish()
            onlooker.run()
            readings = [(series.parameter, moment, one.value) for (series, moment), one in rig.readings().items()]
            refused = [(one.part, one.reason, one.state) for one in rig.quarantine.list(EVERYTHING)]
            seqs = [one.seq for one in rig.journal.read(0, 99)]
            found.append((readings, [rig.outcome(seq) for seq in seqs], rig.counts(), refused))
            assert onlooker.knows() == {series_at: stored.value for series_at, stored in rig.readings().items()}
    assert found[0] == found[1]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("part", "method"), [("quarantine", "settle"), ("ledger", "release")])
def test_giving_up_that_was_stopped_is_done_in_the_end(rig: Rig, part: str, method: str, when: str) -> None:
    """The two databases agree again by themselves."""
    seqs = rig.receive(b"garbage", at(9, pm25=1.0, pm10=2.0))
    rig.finish()
    ask(rig, Act.DISCARD, *(one.id for one in rig.quarantine.list()))
    _stop(rig, part, method, when)
    rig.finish()
    assert [rig.outcome(seq) for seq in seqs] == ["discarded", "partly"]
    assert rig.quarantine.list() == []
    assert resolutions.waiting(rig.engine, 1) == {}


def _stop(rig: Rig, part: str, method: str, when: str) -> None:
    wire = Tripwire(getattr(rig, part), method, when)
    with pytest.raises(Stopped):
        rig.pipeline(**{part: wire}).step()


BODIES = (
    at(10, pm25=1.0, pm10=1.0), at(10, pm10=2.0), at(9, pm10=2.0, x=1.0), b"garbage", native(), at(9, x=1.0, y=1.0),
    at(9, pm10=2.0), at(10, pm25=1.0, pm10=2.0),
)  # fmt: skip
ACTS = st.tuples(st.sampled_from([*Act]), st.integers(0, 7), st.booleans(), st.sampled_from([bare, full]))
folders = count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(BODIES), min_size=1, max_size=8), st.lists(ACTS, max_size=8))
def test_the_sum_always_holds(tmp_path: Path, bodies: list[str | bytes], acts: list[tuple[Any, ...]]) -> None:
    """Whatever is replayed, given up and fetched back: one outcome for each message, as its refusals and readings say."""
    with Rig(tmp_path / str(next(folders)), bare()) as rig:
        seqs = rig.receive(*bodies)
        rig.finish()
        for act, place, stopped, configured in acts:
            rig.registry = configured()
            seq = seqs[place % len(seqs)]
            ids = [one.id for one in rig.quarantine.list(EVERYTHING) if one.seq == seq] or [seq]
            ask(rig, act, *ids)
            if stopped:
                wire = Tripwire(rig.quarantine, "settle", "after")
                with pytest.raises(Stopped):
                    rig.pipeline(quarantine=wire).step()
            rig.finish(3)
            _agrees(rig, seqs)
        rig.registry = full()
        ask(rig, Act.REOPEN, *seqs)
        rig.finish()
        ends = all_of(rig)
        assert {one.part for one in rig.quarantine.list()} <= {"", "x", "y"}
    with Rig(tmp_path / str(next(folders)), full()) as always:
        always.receive(*bodies)
        always.finish()
        assert {key: one.value for key, one in always.readings().items()} == {
            key: one.value for key, one in ends[0].items()
        }


def _agrees(rig: Rig, seqs: list[int]) -> None:
    assert rig.outcomes() == Counter(rig.outcome(seq) for seq in seqs)
    states = {seq: {one.state for one in rig.quarantine.of([seq])} for seq in seqs}
    for seq in seqs:
        if rig.outcome(seq) in {Outcome.STORED, Outcome.REPEATED, Outcome.IGNORED}:
            assert states[seq] <= {RefusalState.REPLAYED}
        elif rig.outcome(seq) == Outcome.DISCARDED:
            assert RefusalState.OPEN not in states[seq]
        else:
            assert states[seq] - {RefusalState.REPLAYED}
    stored = {one.seq for one in rig.readings().values()}
    assert stored <= {seq for seq in seqs if rig.outcome(seq) in {"stored", "partly"}}
