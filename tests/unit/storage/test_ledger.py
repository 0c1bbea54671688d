"""Every step between the stores can be repeated, and a job never sees readings before they are written."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from domain.message import Outcome
from domain.reading import SeriesKey
from storage.ledger import BatchNotes, Heard, Ledger, OutcomeRow, RevisionRow, all_heard, outcome_counts, reading_counts
from storage.spans import clear, day_number, mark, take, waiting
from storage.state import writing
from storage.tables import metadata, outcomes
from support.builders import NOON, minutes, reading

KEY = SeriesKey("NT-1", "cod")


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, "main")


def notes(cursor: int = 128, first: float = 0, last: float = 5) -> BatchNotes:
    return BatchNotes(
        cursor=cursor,
        at=NOON,
        outcomes=[OutcomeRow(cursor, Outcome.STORED, 4, 1)],
        revisions=[RevisionRow(reading(seq=cursor), reading(value=1.0))],
        spans={(KEY, day_number(NOON)): (NOON + minutes(first), NOON + minutes(last))},
        heard={"NT-1": Heard(NOON, NOON, timedelta(seconds=2))},
    )


def test_a_new_ledger_has_done_nothing(ledger: Ledger, engine: Engine) -> None:
    """Cursor 0, no series, every outcome named with 0."""
    assert ledger.cursor() == 0
    assert ledger.series() == {}
    assert outcome_counts(engine) == dict.fromkeys(Outcome, 0)


def test_spans_are_held_until_the_readings_are_written(ledger: Ledger, engine: Engine) -> None:
    """A job that runs between the two sees nothing; after the release both consumers do."""
    ledger.note(notes())
    assert take(engine, "flag") == []
    assert ledger.cursor() == 0
    ledger.release(notes())
    assert [(one.series, one.first_at, one.last_at) for one in take(engine, "flag")] == [(KEY, NOON, NOON + minutes(5))]
    assert waiting(engine) == {"flag": 1, "watch": 1}
    assert ledger.cursor() == 128
    assert ledger.series() == {KEY: (NOON, NOON + minutes(5))}


def test_every_step_can_be_repeated(ledger: Ledger, engine: Engine) -> None:
    """Outcomes and revisions are counted once, whatever is done again."""
    for _ in range(2):
        ledger.note(notes())
    for _ in range(2):
        ledger.release(notes())
    assert outcome_counts(engine)[Outcome.STORED] == 1
    assert reading_counts(engine) == (4, 1)


def test_a_batch_cut_differently_after_a_crash_loses_no_span(ledger: Ledger, engine: Engine) -> None:
    """What the stopped batch held is released with the next."""
    ledger.note(notes(first=0, last=5))
    ledger.note(notes(cursor=192, first=10, last=20))
    ledger.release(notes(cursor=192, first=10, last=20))
    assert [(one.first_at, one.last_at) for one in take(engine, "flag")] == [(NOON, NOON + minutes(20))]


def test_a_job_clears_only_what_it_took(ledger: Ledger, engine: Engine) -> None:
    """What came meanwhile has another number, and stays."""
    ledger.note(notes())
    ledger.release(notes())
    taken = take(engine, "flag")
    later = notes(cursor=192, first=7, last=7)
    ledger.note(later)
    ledger.release(later)
    with writing(engine) as connection:
        clear(connection, taken)
    assert [one.number for one in take(engine, "flag")] != [one.number for one in taken]
    with writing(engine) as connection:
        clear(connection, take(engine, "flag"))
    assert take(engine, "flag") == []


def test_a_long_span_is_kept_by_day(engine: Engine) -> None:
    """So that one late reading does not widen what is live."""
    with writing(engine) as connection:
        mark(connection, "judge", [(KEY, NOON, NOON + timedelta(days=2))])
    found = take(engine, "judge")
    assert len(found) == 3
    assert (found[0].first_at, found[-1].last_at) == (NOON, NOON + timedelta(days=2))


def test_what_is_not_all_written_is_not_written_at_all(engine: Engine) -> None:
    """A transaction that fails leaves nothing."""
    with pytest.raises(RuntimeError), writing(engine) as connection:
        mark(connection, "judge", [(KEY, NOON, NOON)])
        raise RuntimeError("stopped")
    assert take(engine, "judge") == []


def test_the_newest_word_of_a_station_counts(ledger: Ledger, engine: Engine) -> None:
    """An older batch done again does not set it back; a skew is kept until there is a newer one."""
    ledger.release(notes())
    older = BatchNotes(cursor=64, at=NOON, heard={"NT-1": Heard(NOON - minutes(9), None, None)})
    ledger.release(older)
    assert all_heard(engine) == {"NT-1": Heard(NOON, NOON, timedelta(seconds=2))}


def test_what_became_of_a_days_messages_is_forgotten_and_its_totals_stay(ledger: Ledger, engine: Engine) -> None:
    """In pieces, on either database; another worker's and another day's rows are left alone."""
    rows = [OutcomeRow(seq, Outcome.STORED, 1, 0) for seq in range(64, 64 * 12_001, 64)]
    ledger.note(BatchNotes(cursor=rows[-1].seq, at=NOON, outcomes=rows))
    ledger.release(BatchNotes(cursor=rows[-1].seq, at=NOON))
    Ledger(engine, "w1").note(BatchNotes(cursor=65, at=NOON, outcomes=[OutcomeRow(65, Outcome.STORED, 1, 0)]))
    before = outcome_counts(engine)
    ledger.forget(64, rows[-1].seq)
    with engine.connect() as connection:
        left = connection.execute(sa.select(outcomes.c.seq).order_by(outcomes.c.seq)).scalars().all()
    assert left == [65, rows[-1].seq]
    assert outcome_counts(engine) == before


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    """Whoever changes a table writes the migration too."""
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
