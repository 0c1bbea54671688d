from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from storage.state import open_state


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    """The state, on each kind of database in turn."""
    opened = open_state(state_url)
    yield opened
    opened.dispose()
