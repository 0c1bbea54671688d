"""No two processes do the same part on one data folder."""

from pathlib import Path

import pytest

from service.locks import AlreadyRunning, Locks


def test_a_part_that_runs_cannot_be_started_again(tmp_path: Path) -> None:
    """The sentence names part, folder and process."""
    with Locks(tmp_path) as first, Locks(tmp_path) as second:
        first.take(["schedule"])
        with pytest.raises(AlreadyRunning, match="schedule") as raised:
            second.take(["public", "schedule"])
    assert str(tmp_path) in str(raised.value)


def test_of_several_parts_all_are_taken_or_none(tmp_path: Path) -> None:
    """Who was refused holds nothing."""
    with Locks(tmp_path) as first, Locks(tmp_path) as second, Locks(tmp_path) as third:
        first.take(["schedule"])
        with pytest.raises(AlreadyRunning):
            second.take(["public", "schedule"])
        third.take(["public"])


def test_other_parts_run_beside_it(tmp_path: Path) -> None:
    """Each part has its own lock."""
    with Locks(tmp_path) as first, Locks(tmp_path) as second:
        first.take(["ingest-main"])
        second.take(["ingest-w2", "schedule"])


def test_a_part_that_has_ended_can_be_started_again(tmp_path: Path) -> None:
    """However it ended."""
    with Locks(tmp_path) as first:
        first.take(["schedule"])
    with Locks(tmp_path) as second:
        second.take(["schedule"])
