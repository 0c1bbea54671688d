from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from storage.state import open_state
from support.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL for all tests of this folder."""
    server = PostgreSQL().start()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty state is, on each kind of database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.sqlite"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    """The state, on each kind of database in turn."""
    opened = open_state(state_url)
    yield opened
    opened.dispose()
