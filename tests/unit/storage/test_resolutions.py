"""What a person asks to be done with refused messages is kept until it is done, on each kind of database."""

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.message import Outcome
from storage import resolutions
from storage.ledger import BatchNotes, Ledger, OutcomeRow, outcome_counts, reading_counts
from storage.resolutions import Act, Word
from storage.state import writing
from support.builders import NOON

DISCARD = Word(Act.DISCARD, NOON, "An", "a trial", "--reason not_json " + "x" * 200)


def next_of(engine: Engine, upto: int = 1_000) -> list[tuple[int, str]]:
    return [(one.seq, one.part) for one in resolutions.next_of(engine, "main", upto=upto, limit=10)]


def test_requests_are_done_in_their_order_each_by_its_worker(engine: Engine) -> None:
    """What is asked later waits; what another worker has to do is not ours, nor a message that has no outcome yet."""
    first = resolutions.ask(engine, {"main": [(128, ""), (64, "")], "w-2": [(66, "")]}, Word(Act.REPLAY, NOON))
    second = resolutions.ask(engine, {"main": [(64, "cod"), (64, "ph")]}, DISCARD)
    assert first < second
    assert next_of(engine) == [(64, ""), (128, "")]
    assert next_of(engine, upto=64) == [(64, "")]
    assert resolutions.waiting(engine, first) == {"main": 2, "w-2": 1}
    _close(engine, [])
    assert next_of(engine) == [(64, "cod"), (64, "ph")]
    assert resolutions.waiting(engine, first) == {"w-2": 1}


def test_a_message_that_waits_for_its_turn_has_it_first(engine: Engine) -> None:
    """The cursor is past it, but it has no outcome that could change."""
    ledger = Ledger(engine, "main")
    ledger.release(BatchNotes(128, NOON, deferred={64: "A-1"}))
    resolutions.ask(engine, {"main": [(64, ""), (128, "")]}, Word(Act.REPLAY, NOON))
    assert next_of(engine, upto=128) == [(128, "")]
    ledger.release(BatchNotes(128, NOON, caught_up=64))
    assert next_of(engine, upto=128) == [(64, ""), (128, "")]


def test_what_the_first_attempt_found_stays(engine: Engine) -> None:
    """The second sees what the first has written, and must not count by that."""
    resolutions.ask(engine, {"main": [(64, "")]}, Word(Act.REPLAY, NOON))
    for counts in ({64: (2, 1)}, {64: (3, 0)}):
        resolutions.note(engine, "main", resolutions.next_of(engine, "main", upto=64, limit=1), counts)
    (found,) = resolutions.next_of(engine, "main", upto=64, limit=1)
    assert (found.stored, found.revised) == (2, 1)


def test_an_outcome_changes_and_is_never_made(engine: Engine) -> None:
    """Of a message whose day went meanwhile nothing is counted twice."""
    ledger = Ledger(engine, "main")
    notes = BatchNotes(64, NOON, outcomes=[OutcomeRow(64, Outcome.QUARANTINED, 0, 0)])
    ledger.note(notes)
    ledger.release(notes)
    resolutions.ask(engine, {"main": [(32, ""), (64, "")]}, Word(Act.REPLAY, NOON))
    _close(engine, [OutcomeRow(seq, Outcome.STORED, 2, 0) for seq in (32, 64)])
    assert resolutions.counted(engine, [32, 64]) == {Outcome.STORED: 1}
    assert {one: count for one, count in outcome_counts(engine).items() if count} == {Outcome.STORED: 1}
    assert reading_counts(engine) == (2, 0)
    assert next_of(engine) == []


def test_what_is_given_up_is_in_the_audit(engine: Engine) -> None:
    """Who, why, and what was chosen."""
    resolutions.ask(engine, {"main": [(64, "cod")]}, DISCARD)
    resolutions.ask(engine, {"main": [(64, "")]}, Word(Act.REPLAY, NOON))
    with engine.connect() as connection:
        (row,) = connection.execute(sa.text("SELECT who, what, subject, note FROM audit")).all()
    assert (row.who, row.what, row.note) == ("An", "quarantine discarded", "a trial")
    assert row.subject.startswith("--reason not_json")


def _close(engine: Engine, changed: list[OutcomeRow]) -> None:
    found = resolutions.next_of(engine, "main", upto=1_000, limit=10)
    with writing(engine) as connection:
        resolutions.close(connection, "main", found, changed)
