"""Spans that wait: with their cause, by station, and through a migration, on each kind of database."""

from datetime import UTC, datetime, timedelta

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

from domain.cause import Cause
from domain.reading import SeriesKey
from storage import spans
from storage.spans import DirtySpan
from storage.state import writing

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
COD, PH = SeriesKey("A", "cod"), SeriesKey("B", "ph")


def leave(
    engine: Engine, series: SeriesKey, at: datetime, cause: Cause = Cause.READINGS, consumer: str = "flag"
) -> None:
    with writing(engine) as connection:
        spans.mark(connection, consumer, [(series, at, at)], cause)


def test_causes_wait_apart_and_go_on_apart(engine: Engine) -> None:
    """A figure that a late reading changed is not said to be changed by the calendar, hours away on the same day."""
    leave(engine, COD, NOON, consumer="held")
    leave(engine, COD, NOON + timedelta(hours=3), Cause.CALENDAR, "held")
    leave(engine, COD, NOON + timedelta(hours=4), Cause.CALENDAR, "held")
    with writing(engine) as connection:
        spans.hand_over(connection, "held", "one", "two")
    for consumer in ("one", "two"):
        found = {(span.cause, span.first_at, span.last_at) for span in spans.take(engine, consumer)}
        assert found == {
            (Cause.READINGS, NOON, NOON),
            (Cause.CALENDAR, NOON + timedelta(hours=3), NOON + timedelta(hours=4)),
        }
    assert spans.take(engine, "held") == []


def test_what_is_cleared_is_what_was_taken(engine: Engine) -> None:
    """The same day with another cause stays."""
    leave(engine, COD, NOON)
    taken = spans.take(engine, "flag")
    leave(engine, COD, NOON, Cause.OVERRIDE)
    with writing(engine) as connection:
        spans.clear(connection, taken)
    assert [span.cause for span in spans.take(engine, "flag")] == [Cause.OVERRIDE]


def test_stations_with_news_come_whole_and_before_those_with_a_past(engine: Engine) -> None:
    """All days of one station together; one that is too much for the limit with its newest days."""
    for age in range(3):
        leave(engine, COD, NOON - (age + 1) * DAY)
    leave(engine, PH, NOON)
    leave(engine, PH, NOON - 9 * DAY)

    def taken(limit: int, *but: str) -> list[tuple[str, datetime]]:
        found: list[DirtySpan] = spans.take_by_station(engine, "flag", limit, but=but)
        return [(one.series.station, one.first_at) for one in found]

    assert taken(4) == [("B", NOON), ("B", NOON - 9 * DAY)]
    assert [station for station, _ in taken(5)] == ["B", "A", "A", "A", "B"]
    assert taken(2, "B") == [("A", NOON - DAY), ("A", NOON - 2 * DAY)]


def test_what_waits_outlives_a_migration_there_and_back(engine: Engine) -> None:
    """What waits for both at once is one again afterwards, and wide enough for both."""
    leave(engine, COD, NOON)
    leave(engine, COD, NOON + timedelta(hours=2), Cause.CALENDAR, "roll")
    leave(engine, PH, NOON, consumer="judge")
    with writing(engine) as connection:
        configuration = Config()
        configuration.set_main_option("script_location", "storage:migrations")
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0006")
        command.upgrade(configuration, "head")
    (cod,) = spans.take(engine, "flag")
    assert (cod.series, cod.first_at, cod.last_at, cod.cause) == (COD, NOON, NOON + timedelta(hours=2), Cause.NONE)
    assert [span.series for span in spans.take(engine, "judge")] == [PH]
    assert spans.take(engine, "roll") == []
