"""What several folders of tests start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.mosquitto import Mosquitto

# How long one example takes says nothing on a machine that does other things too.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own, on a free port."""
    one = Mosquitto(tmp_path / "broker").start()
    yield one
    one.stop()
