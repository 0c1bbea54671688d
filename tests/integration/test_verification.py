"""A month that a person has verified says so everywhere, until a figure of it changes."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.causes import Causes
from analysis.verifying import MonthStates, let_fall, mark
from domain.flag import Flag
from domain.month import Month
from domain.reading import Reading, SeriesKey
from domain.rollup import RollupPoint, RollupState
from domain.window import LENGTHS, Window, WindowKind
from storage import spans, verifications
from storage.ledger import BatchNotes, Ledger
from storage.state import writing
from storage.verifications import Verification
from support.configured import station
from support.rolled import Bench, bench, configured, every

ZONE = configured(station()).zone
KEY = SeriesKey("A-1", "pm25")
MARCH, APRIL = Month(2026, 3), Month(2026, 4)
START = MARCH.window(ZONE).start
HOUR = timedelta(hours=1)
LATER = datetime(2026, 5, 20, 3, tzinfo=UTC)


def month_of(point: RollupPoint) -> Month:
    """Return the month in which a window ends."""
    return Month.of(point.mark if point.kind in LENGTHS else point.mark + HOUR, ZONE)


def hourly(start: datetime, hours: int, value: float = 20.0, **changes: Any) -> list[Reading]:
    return every(HOUR, start, [value] * hours, **changes)


def opened(folder: Path) -> Bench:
    """Return a bench with readings of every hour from the middle of March to the middle of April, rolled."""
    made = bench(folder, LATER, configured(station("A-1", interval="1 h")))
    made.feed(hourly(START + timedelta(days=15), 31 * 24))
    roll(made)
    return made


def roll(made: Bench) -> None:
    """Do the steps in their order until nothing is left."""
    while made.roll() + MonthStates(made.registry, made.store, made.engine).run():
        pass


def verify(made: Bench, month: Month = MARCH, key: SeriesKey = KEY) -> None:
    with writing(made.engine) as connection:
        verifications.add(connection, [Verification(key, month, "Nguyễn Văn A", "Biên bản 12", made.clock.now())])
        mark(connection, [(key, month)], ZONE)
    roll(made)


def states(made: Bench) -> dict[Month, set[RollupState]]:
    """Return the states of the stored windows of all kinds, by month."""
    found: dict[Month, set[RollupState]] = {}
    for kind in WindowKind:
        if kind.value not in {"season", "year"}:
            for point in made.points(kind).values():
                found.setdefault(month_of(point), set()).add(point.state)
    return found


def newest(made: Bench, month: Month = MARCH) -> Verification:
    return next(one for one in verifications.read(made.engine) if one.month == month)


def test_every_window_that_ends_in_a_verified_month_says_so(tmp_path: Path) -> None:
    """Hour, 8 and 24 hours and day; the windows that end at midnight of the first belong to the month before."""
    made = opened(tmp_path)
    verify(made)
    assert states(made)[MARCH] == {RollupState.VERIFIED}
    assert states(made)[APRIL] == {RollupState.PROVISIONAL}
    midnight = MARCH.window(ZONE).end
    for kind in (WindowKind.HOUR, WindowKind.HOUR24):
        assert made.points(kind)[midnight].state is RollupState.VERIFIED
        assert made.points(kind)[midnight + HOUR].state is RollupState.PROVISIONAL
    assert made.points(WindowKind.DAY)[midnight].state is RollupState.PROVISIONAL, "the day that begins then"


def corrected(made: Bench) -> None:
    made.feed(hourly(START + timedelta(days=20), 1, 99.0, seq=999))


def failed(made: Bench) -> None:
    made.feed(hourly(START + timedelta(days=20), 1, flag=Flag.FAIL, seq=999))


def of_before(made: Bench) -> None:
    made.feed(hourly(START + timedelta(days=2), 1))


@pytest.mark.parametrize(
    ("change", "cause"), [(corrected, "revised"), (failed, "revised"), (of_before, "late")],
)  # fmt: skip
def test_a_verified_month_in_which_a_figure_changes_falls_back_whole_and_says_so(
    tmp_path: Path, change: Callable[[Bench], None], cause: str
) -> None:
    """A corrected reading, one that counts no more, a first one in an hour without: each takes the word away."""
    made = opened(tmp_path)
    verify(made)
    verify(made, APRIL)
    change(made)
    made.clock.moment += HOUR
    roll(made)
    assert states(made)[MARCH] == {RollupState.PROVISIONAL}
    fallen = newest(made)
    assert (fallen.verified_by, fallen.fallen_at, fallen.cause) == ("Nguyễn Văn A", made.clock.now(), cause)
    assert fallen.fallen_mark is not None
    assert states(made)[APRIL] == {RollupState.VERIFIED}
    assert newest(made, APRIL).holds


def test_what_changes_on_the_last_day_also_takes_down_the_windows_of_the_next_month(tmp_path: Path) -> None:
    """A 24-hour window that ends on the first rests on hours of the month before."""
    made = opened(tmp_path)
    verify(made)
    verify(made, APRIL)
    made.feed([Reading(*KEY, MARCH.window(ZONE).end, 99.0, seq=999)])
    roll(made)
    assert (newest(made).holds, newest(made, APRIL).holds) == (False, False)
    assert set().union(*states(made).values()) == {RollupState.PROVISIONAL}


def test_the_same_readings_again_change_nothing(tmp_path: Path) -> None:
    """Computed once more, a month stays verified: there is nothing that its person has not seen."""
    made = opened(tmp_path)
    verify(made)
    made.feed(hourly(START + timedelta(days=20), 48))
    roll(made)
    assert states(made)[MARCH] == {RollupState.VERIFIED}
    assert newest(made).holds


def test_another_limit_is_no_other_figure(tmp_path: Path) -> None:
    """What the law says of a figure changes nothing of it, so the word for it stands."""
    made = opened(tmp_path)
    verify(made)
    point = made.points()[START + timedelta(days=20)]
    made.store.write_rollups([replace_limit(point)])
    made.feed(hourly(START + timedelta(days=19, hours=23), 1))
    roll(made)
    assert made.points()[point.mark].limit_high is None, "it was written again"
    assert newest(made).holds
    assert states(made)[MARCH] == {RollupState.VERIFIED}


def replace_limit(point: Any) -> Any:
    return msgspec.structs.replace(point, limit_high=12.0)


def test_a_month_can_be_verified_again(tmp_path: Path) -> None:
    """Both words stay on record; the newest counts."""
    made = opened(tmp_path)
    verify(made)
    corrected(made)
    roll(made)
    verify(made)
    assert states(made)[MARCH] == {RollupState.VERIFIED}
    assert newest(made).holds


class Stopped(Exception):
    """The process ended here."""


def stopping(store: Any, after: int) -> Any:
    """Return a store before which the process ends when windows are written for the `after`-th time."""

    class Stopping:
        def __init__(self) -> None:
            self.left = after

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def write_windows(self, some: Any) -> None:
            if self.left == 0:
                raise Stopped
            self.left -= 1
            store.write_windows(some)

    return Stopping()


@pytest.mark.parametrize("writes", [0, 1])
def test_a_stop_anywhere_leaves_no_window_of_a_fallen_month_verified(tmp_path: Path, writes: int) -> None:
    """Before the changed windows are written, or before the others of the month are: the next start does it."""
    made = opened(tmp_path)
    verify(made)
    corrected(made)
    dying = replace(made, store=stopping(made.store, writes))
    with pytest.raises(Stopped):
        roll(dying)
    roll(made)
    assert states(made)[MARCH] == {RollupState.PROVISIONAL}
    assert not newest(made).holds


OFFSETS = st.lists(st.integers(1, 45 * 24), min_size=1, max_size=12, unique=True)


@settings(max_examples=8)
@given(OFFSETS, st.randoms(use_true_random=False))
def test_a_verified_month_has_only_figures_that_its_person_saw(hours: list[int], chance: random.Random) -> None:
    """Whatever comes when: where the word still holds, every window of the month is as it was when it was given."""
    with tempfile.TemporaryDirectory() as folder:
        made = bench(Path(folder), LATER, configured(station("A-1", interval="1 h")))
        made.feed(hourly(START, 20 * 24))
        roll(made)
        verify(made)
        seen = figures(made)
        for hour in hours:
            value = 20.0 if chance.random() < 0.3 else 33.0
            made.feed([Reading(*KEY, START + hour * HOUR, value, seq=1000 + hour)])
            if chance.random() < 0.5:
                made.roll()
        roll(made)
        holds = newest(made).holds
        assert states(made)[MARCH] == {RollupState.VERIFIED if holds else RollupState.PROVISIONAL}
        assert holds == (figures(made) == seen)


def figures(made: Bench) -> dict[Any, Any]:
    return {
        (kind, at): (point.value, point.valid)
        for kind in WindowKind
        for at, point in made.points(kind).items()
        if month_of(point) == MARCH
    }


def test_a_day_that_changes_by_itself_takes_down_the_month_that_begins_with_it(tmp_path: Path) -> None:
    """It is marked by its beginning, at which the month before ends."""
    made = opened(tmp_path)
    verify(made)
    verify(made, APRIL)
    midnight = MARCH.window(ZONE).end
    (day,) = made.store.read_windows(WindowKind.DAY, [KEY], Window(midnight - HOUR, midnight)).values()
    changed = replace(day, state=np.full(len(day), RollupState.PROVISIONAL, np.int64))
    with writing(made.engine) as connection:
        let_fall(connection, [changed], [], Causes([], made.registry), ZONE, made.clock.now())
    assert (len(day), newest(made).holds, newest(made, APRIL).holds) == (1, True, False)


def test_readings_that_are_being_written_leave_their_month_unsettled(tmp_path: Path) -> None:
    """They are held until they are in the store: neither flagger nor roller has seen them, nor has the person."""
    made = opened(tmp_path)
    whole, late = MARCH.window(ZONE), START + timedelta(days=20)
    notes = BatchNotes(cursor=2_000, at=made.clock.now(), spans={(KEY, spans.day_number(late)): (late, late)})
    with writing(made.engine) as connection:
        spans.clear(connection, spans.take(made.engine, "derive"))
        assert verifications.unsettled(connection, whole) == set()
    Ledger(made.engine, "main").note(notes)
    with made.engine.connect() as connection:
        assert verifications.unsettled(connection, whole) == {KEY}
        assert verifications.unsettled(connection, APRIL.window(ZONE)) == set()
