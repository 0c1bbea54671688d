from collections.abc import Iterator
from pathlib import Path

import pytest
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    """Every reading store in turn, empty."""
    made = SqliteReadings(tmp_path / "readings.sqlite")
    yield made
    made.close()
