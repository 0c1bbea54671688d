"""What is written where new windows meet stored ones, and what of it is a revision."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.meeting import meet
from domain.reading import SeriesKey
from domain.window import WindowKind
from storage.windows import COLUMNS, Windows, joined, windows

KEY = SeriesKey("A-1", "pm25")
ROW = {
    "marks": 0, "values": 1.5, "minima": 1.0, "maxima": 2.0, "valid": 12, "expected": 12, "suspect": 0, "calibrating": 0,
    "fault": 0, "limit_low": None, "limit_high": 50.0, "limit_kind": 2, "state": 0, "revision": 0, "configuration": 7,
}  # fmt: skip
NONE = {"values": None, "minima": None, "maxima": None, "valid": 0}


def some(*rows: dict[str, Any]) -> Windows:
    return windows(
        KEY, WindowKind.HOUR, zip(*([{**ROW, **row}[name] for name in COLUMNS] for row in rows), strict=True)
    )


def test_new_windows_are_written_and_unchanged_ones_are_not() -> None:
    """Also where neither has a value, and where another configuration made the same."""
    stored = some({"marks": 1}, {"marks": 3, **NONE}, {"marks": 4})
    made = some(*({"marks": mark, "configuration": 8, **(NONE if mark == 3 else {})} for mark in (0, 1, 2, 3, 5)))
    written, changes = meet(made, stored)
    assert (written.marks.tolist(), changes) == ([0, 2, 5], [])


@pytest.mark.parametrize(
    "change", [{"values": 1.6}, {"valid": 11}, {"suspect": 1}, {"fault": 1}, {"expected": 6}, NONE]
)
def test_a_changed_figure_is_the_next_revision(change: dict[str, Any]) -> None:
    """Its value or a count; the old figure goes with it."""
    written, changes = meet(some({"marks": 1}, {"marks": 2, **change}), some({"marks": 1}, {"marks": 2, "revision": 4}))
    assert (written.marks.tolist(), written.revision.tolist()) == ([2], [5])
    assert [(old.value, old.revision, new.revision) for old, new in changes] == [(1.5, 4, 5)]


@pytest.mark.parametrize(
    "change", [{"limit_high": 45.0}, {"limit_kind": 6}, {"maxima": 3.0}, {"limit_low": 5.5, "limit_kind": 3}]
)
def test_another_limit_or_extreme_is_written_without_a_revision(change: dict[str, Any]) -> None:
    """What a person has said of the figure stays with it."""
    written, changes = meet(some(change), some({"revision": 2, "state": 1}))
    assert (written.revision.tolist(), written.state.tolist(), changes) == ([2], [1], [])


def test_a_window_that_gets_a_value_is_a_revision() -> None:
    written, changes = meet(some({}), some(NONE))
    assert (written.values.tolist(), changes[0][0].value) == ([1.5], None)


def test_of_windows_with_one_mark_the_last_counts() -> None:
    """What was just made goes before what was stored; the order of time is kept."""
    both = joined([some({"marks": 1}, {"marks": 5}), some({"marks": 3}, {"marks": 5, "values": 9.0})])
    assert (both.marks.tolist(), both.values.tolist()) == ([1, 3, 5], [1.5, 1.5, 9.0])


def test_a_state_that_nobody_knows_is_refused() -> None:
    """A newer service has written it: it must not be carried on as if it were known."""
    with pytest.raises(KeyError):
        some({"state": 99})
    assert np.isnan(replace(some(NONE)).values).all()
