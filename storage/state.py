"""The service's own state: one database, opened with its schema brought up to date."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url

from storage.tables import counters

# From so many rows on it pays to make a statement by hand.
_MANY = 100

# Alembic keeps what it works on in a global.
_ONE_AT_A_TIME = threading.Lock()
_MIGRATING = 7_182_026  # any number that all of us and nobody else locks


def open_state(url: str, password: str | None = None) -> Engine:
    """Return an engine on the state at the SQLAlchemy `url`, its tables made or migrated.

    Raises sqlalchemy.exc.OperationalError where a server does not answer.
    """
    address = make_url(url)
    if password is not None:
        address = address.set(password=password)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    # A server that was restarted is found so before a transaction begins, and not by its failing.
    engine = sa.create_engine(address, pool_pre_ping=address.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema up to the newest migration; does nothing where it is."""
    configuration = Config()
    configuration.set_main_option("script_location", "storage:migrations")
    with _ONE_AT_A_TIME, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            # Services that start together: the second finds the schema made. SQLite's writers wait anyway.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that writes: all of it happens, or nothing."""
    with engine.connect().execution_options(quantrac_writes=True) as connection, connection.begin():
        yield connection


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # SQLAlchemy begins transactions itself (below), so that a writer takes its lock at once and cannot be
    # refused halfway.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("quantrac_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def upsert(
    connection: Connection, table: sa.Table, rows: Iterable[dict[str, Any]], update: Any = None
) -> None:  # fmt: skip
    """Insert `rows` by the table's primary key; where one is there, leave it, or change it as `update` says.

    `update` is called with the row that was to be inserted (`excluded`) and returns the columns to set.
    """
    insert: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    statement = insert(table)
    key = list(table.primary_key.columns)
    if update is None:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    else:
        statement = statement.on_conflict_do_update(index_elements=key, set_=update(statement.excluded))
    remaining = iter(rows)
    while chunk := list(islice(remaining, 5_000)):
        _execute(connection, statement, chunk)


def _execute(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Execute for each row; many are handed to the driver as they are, since SQLAlchemy looks at each for longer."""
    if len(rows) < _MANY:
        connection.execute(statement, rows)
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    fixed = {name: value for name, value in compiled.params.items() if name not in rows[0]}
    filled = [{**fixed, **row} for row in rows] if fixed else rows
    names = compiled.positiontup
    connection.exec_driver_sql(str(compiled), filled if names is None else list(map(itemgetter(*names), filled)))


def next_number(connection: Connection, name: str) -> int:
    """Return the next number of the counter `name`, from 1; taken in the connection's transaction."""
    upsert(
        connection, counters, [{"name": name, "value": 1}],
        lambda _: {"value": counters.c.value + 1},
    )  # fmt: skip
    return int(connection.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar_one())
