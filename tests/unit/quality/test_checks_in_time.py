"""Spike, rate of change, flat line, attenuated signal, gap, climatology and pinned values, each at its edges."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from domain.flag import Flag
from quality import checks, in_time
from quality.in_time import Paced
from quality.trace import trace_of
from registry.check_settings import (
    AttenuatedCheck,
    ClimatologyCheck,
    FlatLineCheck,
    GapCheck,
    PinnedCheck,
    RateCheck,
    SpikeCheck,
)
from support.shared import shared

MINUTE = 60_000_000
QUARTER = timedelta(minutes=15)


def paced(values: Sequence[float | None], minutes: Sequence[int] | None = None, every: timedelta = QUARTER) -> Paced:
    times = (
        [15 * MINUTE * place for place in range(len(values))] if minutes is None else [at * MINUTE for at in minutes]
    )
    trace = trace_of(times, values)
    return Paced(trace.times, trace.values, every)


def vectors(name: str) -> list[Any]:
    found: list[Any] = json.loads(shared("data/reference-vectors/qartod_qc.json").read_text())[name]
    return found


def test_the_gross_range_is_that_of_the_reference() -> None:
    """Both ends are inside, fail before suspect, missing before both."""
    for one in vectors("gross_range"):
        values = np.array(one["in"], np.float64)
        flags = checks.range_flag(values, one["fail_span"])
        usual = checks.suspect_range_flag(values, one["suspect_span"])
        assert np.where((flags == Flag.GOOD) & (usual == Flag.SUSPECT), Flag.SUSPECT, flags).tolist() == one["flags"]


def test_a_spike_is_that_of_the_reference() -> None:
    """The first and the last value have no two neighbours."""
    for one in vectors("spike"):
        settings = SpikeCheck(suspect=one["suspect"], fail=one["fail"])
        assert in_time.spike_flag(paced(one["in"]), settings).tolist() == one["flags"]


def test_a_rate_is_that_of_the_reference() -> None:
    """All but the first, of whose change nothing is known (ioos_qc calls it good)."""
    for one in vectors("rate_of_change"):
        settings = RateCheck(suspect=one["suspect_per_step"], per=timedelta(seconds=one["step_s"]))
        found = in_time.rate_flag(paced(one["in"]), settings).tolist()
        assert found[0] == Flag.NOT_EVALUATED
        assert found[1:] == one["flags"][1:]


def test_a_flat_line_is_that_of_the_reference() -> None:
    """After so long, not after so many."""
    for one in vectors("flat_line"):
        settings = FlatLineCheck(
            suspect=timedelta(seconds=one["suspect_s"]),
            fail=timedelta(seconds=one["fail_s"]),
            tolerance=one["tolerance"],
        )
        assert in_time.flat_line_flag(paced(one["in"]), settings).tolist() == one["flags"]


def test_a_spike_between_good_values_alone_is_found_by_its_differences() -> None:
    """`average` speaks against the neighbours of a great spike too; `differential` does not."""
    settings = SpikeCheck(suspect=25, method="differential")
    assert in_time.spike_flag(paced([10, 12, 1000, 13, 15]), settings).tolist() == [2, 1, 3, 1, 2]
    assert in_time.spike_flag(paced([10, 12, 1000, 1001, 15]), settings).tolist() == [2, 1, 1, 1, 2]


def test_what_is_far_away_is_no_neighbour() -> None:
    """Two intervals are near, more are not; a value beside a missing one is not judged."""
    spike, rate = SpikeCheck(suspect=5), RateCheck(suspect=1, per=QUARTER)
    near, far = paced([1, 50, 1], [0, 30, 60]), paced([1, 50, 1], [0, 31, 60])
    assert in_time.spike_flag(near, spike).tolist() == [2, 3, 2]
    assert in_time.spike_flag(far, spike).tolist() == [2, 2, 2]
    assert in_time.rate_flag(near, rate).tolist() == [2, 3, 3]
    assert in_time.rate_flag(far, rate).tolist() == [2, 2, 3]
    assert in_time.spike_flag(paced([1, None, 50, 1]), spike).tolist() == [2, 2, 2, 2]


def test_a_flat_stretch_can_be_flagged_from_its_beginning() -> None:
    """Whoever is told after six hours that it is stuck knows that it was from the first on."""
    values = [1.0, 2.0, *[3.0] * 5, 4.0]
    after = FlatLineCheck(suspect=timedelta(hours=1))
    assert in_time.flat_line_flag(paced(values), after).tolist() == [1, 1, 1, 1, 1, 1, 3, 1]
    assert in_time.flat_line_flag(paced(values), after.model_copy(update={"whole": True})).tolist() == [
        1, 1, 3, 3, 3, 3, 3, 1,
    ]  # fmt: skip


def test_a_flat_line_is_the_same_at_another_interval() -> None:
    """One hour is one hour at 15 and at 5 minutes."""
    settings = FlatLineCheck(suspect=timedelta(hours=1))
    every = timedelta(minutes=5)
    found = in_time.flat_line_flag(paced([7.0] * 20, range(0, 100, 5), every), settings)
    assert found.tolist() == [1] * 12 + [3] * 8


def test_two_equal_values_around_a_long_gap_are_not_flat() -> None:
    """What was not there did not stand still."""
    settings = FlatLineCheck(suspect=timedelta(hours=6))
    assert Flag.SUSPECT not in in_time.flat_line_flag(paced([7.0] * 4, [0, 15, 345, 360]), settings)


def test_a_flat_line_survives_a_jitter_of_the_interval() -> None:
    """A low-cost sensor sends every 147 s, more or less, and is stuck all the same."""
    generator = np.random.default_rng(1)
    times = np.cumsum(147_000_000 + generator.integers(-9_000_000, 9_000_000, 200))
    series = Paced(times, np.full(200, 3.0), timedelta(seconds=147))
    found = in_time.flat_line_flag(series, FlatLineCheck(suspect=timedelta(hours=1)))
    assert set(found[26:].tolist()) == {Flag.SUSPECT}


def test_too_little_variation_is_suspect_and_less_fails() -> None:
    """Over the time up to a reading; where half of the readings are missing nothing is said."""
    settings = AttenuatedCheck(over=timedelta(hours=1), suspect=1.0, fail=0.2, measure="range", present=0.75)
    lively, weak, dead = [0.0, 2.0, 0.0, 2.0], [2.0, 2.5, 2.0, 2.5], [2.5, 2.6, 2.5, 2.6]
    found = in_time.attenuated_flag(paced([*lively, *weak, *dead]), settings).tolist()
    assert found == [2, 2, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4]
    assert in_time.attenuated_flag(paced([1, None, None, 1]), settings).tolist() == [2, 2, 2, 2]


def test_the_first_reading_after_a_gap_is_flagged() -> None:
    """A gap is longer than the setting, not as long; before the first of all nothing is known but that it is the first."""
    trace = trace_of([0, 60 * MINUTE, 121 * MINUTE, 400 * MINUTE], [1.0] * 4)
    settings = GapCheck(suspect=timedelta(hours=1), fail=timedelta(hours=3))
    assert in_time.gap_flag(trace.times, settings).tolist() == [4, 1, 3, 4]


def test_what_is_usual_depends_on_the_month() -> None:
    """The last entry that names a month counts; a month without one is not evaluated."""
    times = np.array(["2025-01-31T23:59", "2025-02-01T00:00", "2025-03-01", "1969-12-31"], "datetime64[us]").astype(
        np.int64
    )
    usual = (
        ClimatologyCheck(months=(1, 12), suspect=(10.0, 20.0)),
        ClimatologyCheck(months=(2,), suspect=(0.0, 5.0), fail=(0.0, 8.0)),
    )
    assert checks.climatology_flag(times, np.array([9.0, 9.0, 9.0, 10.0]), usual).tolist() == [3, 4, 2, 1]


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ([99.0, 100.0, 100.0, 100.0, 100.0, 100.0, 90.0], [1, 3, 3, 3, 3, 3, 1]),  # at the end of the range
        ([49.5, 49.1, 49.9, 50.0, 49.0, 51.0, 49.5], [3, 3, 3, 3, 3, 1, 1]),  # just below the limit of 50
        ([49.5, 49.1, 50.1, 50.0, 49.0, 49.5, 49.5], [1, 1, 1, 1, 1, 1, 1]),  # over it: not cut off
        ([100.0, 50.0, 100.0, 50.0, 100.0, 50.0, 100.0], [1, 1, 1, 1, 1, 1, 1]),  # neither for long
    ],
)
def test_values_that_keep_to_an_end_or_just_below_a_limit_are_suspect(values: list[float], flags: list[int]) -> None:
    """For an hour at least; then the whole stretch."""
    settings = PinnedCheck(hold=timedelta(hours=1), limits=True, share=0.02)
    assert in_time.pinned_flag(paced(values), settings, (0.0, 100.0), (50.0,)).tolist() == flags
