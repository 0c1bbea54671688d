"""What the acceptance tests start from."""

from collections.abc import Iterator

import pytest

from support.program import Running


@pytest.fixture
def started() -> Iterator[list[Running]]:
    """Every program that a test starts; none outlives it."""
    programs: list[Running] = []
    yield programs
    for one in programs:
        one.kill()
