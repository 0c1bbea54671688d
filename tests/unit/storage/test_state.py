"""The state is one database of either kind, whose schema is brought up to date by whoever opens it first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from domain.flag import Flag
from domain.moment import micros
from domain.reading import SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from registry.limits import Confirmation
from storage import confirmations, heartbeats, reading_revisions, rollup_history
from storage.ledger import BatchNotes, Ledger, RevisionRow
from storage.spans import DAY_US, clear, mark, set_watermark, take, watermark
from storage.state import next_number, open_state, writing
from support.builders import NOON, minutes, reading
from support.mosquitto import free_port
from support.postgresql import PostgreSQL

KEY = SeriesKey("NT-1", "cod")


def test_opened_again_it_has_what_it_had(state_url: str) -> None:
    """Migrating what is up to date changes nothing."""
    first = open_state(state_url)
    with writing(first) as connection:
        set_watermark(connection, "rollups", NOON)
    first.dispose()
    again = open_state(state_url)
    assert watermark(again, "rollups") == NOON
    again.dispose()


def test_processes_that_start_together_make_one_schema(state_url: str) -> None:
    """Neither fails because the other was quicker."""
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_state, [state_url] * 4))
    assert {tuple(sorted(sa.inspect(engine).get_table_names())) for engine in engines} != {()}
    for engine in engines:
        engine.dispose()


def test_a_server_that_is_not_there_is_an_operational_error() -> None:
    """Whoever opens it waits, or says so."""
    with pytest.raises(OperationalError):
        open_state(f"postgresql://quantrac@127.0.0.1:{free_port()}/state", "secret")


def test_a_server_that_was_restarted_is_spoken_to_again(postgresql: PostgreSQL) -> None:
    """Connections that broke meanwhile are replaced before they are used."""
    engine = open_state(postgresql.new_database())
    assert watermark(engine, "rollups") is None
    postgresql.stop()
    postgresql.start()
    assert watermark(engine, "rollups") is None
    engine.dispose()


def test_sqlite_keeps_every_commit_on_disk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Write-ahead log, synchronous FULL, and writers that wait for each other."""
    engine = open_state(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.sqlite")
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
    engine.dispose()


def test_numbers_rise_whoever_takes_them(engine: Engine) -> None:
    """Many threads at once; each number is given once."""
    taken: list[int] = []

    def work() -> None:
        for _ in range(10):
            with writing(engine) as connection:
                taken.append(next_number(connection, "dirty"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))


def test_readers_see_nothing_of_an_unfinished_transaction(engine: Engine) -> None:
    """And do not wait for it."""
    with writing(engine) as connection:
        set_watermark(connection, "rollups", NOON)
        assert watermark(engine, "rollups") is None
    assert watermark(engine, "rollups") == NOON


@given(
    spans=st.lists(st.tuples(st.integers(0, 4 * 1440), st.integers(0, 2 * 1440)), min_size=1, max_size=6),
    taken_after=st.integers(0, 6),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_marked_is_taken_at_last(engine: Engine, spans: list[tuple[int, int]], taken_after: int) -> None:
    """Any spans in any order, a job clearing what it took somewhere between: no minute of them is lost."""
    seen: set[int] = set()
    for number, (first, length) in enumerate(spans):
        if number == taken_after:
            seen |= _taken_minutes(engine)
        with writing(engine) as connection:
            mark(connection, "judge", [(KEY, NOON + minutes(first), NOON + minutes(first + length))])
    seen |= _taken_minutes(engine)
    assert seen >= {minute for first, length in spans for minute in range(first, first + length + 1)}
    assert take(engine, "judge") == []


def _taken_minutes(engine: Engine) -> set[int]:
    taken = take(engine, "judge")
    assert all(micros(one.first_at) // DAY_US == micros(one.last_at) // DAY_US == one.day for one in taken)
    with writing(engine) as connection:
        clear(connection, taken)
    return {
        minute
        for one in taken
        for minute in range(-((NOON - one.first_at) // minutes(1)), (one.last_at - NOON) // minutes(1) + 1)
    }


def test_a_part_s_last_word_counts(engine: Engine) -> None:
    """One row a part and worker, with what it says of itself."""
    first = heartbeats.Heartbeat("ingest", "main", NOON, NOON, ready=False, detail={"reasons": ["broker is away"]})
    second = heartbeats.Heartbeat("ingest", "main", NOON + minutes(1), NOON, ready=True, detail={"backlog": 0})
    other = heartbeats.Heartbeat("ingest", "edge-1", NOON, NOON, ready=True, detail={})
    for one in (first, second, other):
        heartbeats.beat(engine, one)
    assert heartbeats.read(engine) == [other, second]


def test_the_newest_word_on_a_limit_counts(engine: Engine) -> None:
    """All of them stay on record."""
    first = Confirmation("QCVN-1", "Lan", date(2026, 1, 5), None, "≤ 1 mg/L")
    second = Confirmation("QCVN-1", "Minh", date(2026, 2, 5), "hour", "≤ 2 mg/L")
    for one in (first, second):
        confirmations.add(engine, one, note="đã đối chiếu bản gốc", at=NOON)
    assert confirmations.read(engine) == {"QCVN-1": second}
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM audit")).scalar() == 2


def test_a_figure_s_changes_are_kept_once(engine: Engine) -> None:
    """What it was, from which revision on, and why."""
    old = RollupPoint("NT-1", "cod", WindowKind.HOUR, NOON, 5.0, 5.0, 5.0, 10, 12)
    new = RollupPoint("NT-1", "cod", WindowKind.HOUR, NOON, None, None, None, 0, 12, revision=1)
    for _ in range(2):
        with writing(engine) as connection:
            rollup_history.keep(connection, [(old, new)], cause="late", at=NOON + minutes(90))
    found = rollup_history.read(engine, "NT-1", "cod")
    assert [(one.revision, one.value, one.valid, one.cause) for one in found] == [(1, 5.0, 10, "late")]


def test_revised_readings_are_found_by_series_and_time(engine: Engine) -> None:
    """Both values stay, with the messages that brought them; the window is of the time measured."""
    changes = [
        RevisionRow(
            reading(NOON + timedelta(days=day), None, flag=Flag.MISSING, station=station, seq=128),
            reading(NOON + timedelta(days=day), 3.5, station=station, status=Status.CALIBRATING),
        )
        for station in ("NT-2", "NT-1")
        for day in (1, 0)
    ]
    Ledger(engine, "main").note(BatchNotes(cursor=128, at=NOON + minutes(3), revisions=changes))
    assert [(one.station, one.measured_at) for one in reading_revisions.read(engine)] == [
        (station, NOON + timedelta(days=day)) for station in ("NT-1", "NT-2") for day in (0, 1)
    ]
    (found,) = reading_revisions.read(
        engine, station="NT-1", parameter="cod", window=Window(NOON, NOON + timedelta(days=1))
    )
    assert (found.old_value, found.old_status, found.old_seq) == (3.5, Status.CALIBRATING, 64)
    assert (found.value, found.status, found.seq) == (None, Status.MEASURING, 128)
    assert found.noticed_at == NOON + minutes(3)
    assert list(reading_revisions.read(engine, parameter="ph")) == []
