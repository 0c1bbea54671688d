"""Our checks against ioos_qc, the reference implementation of QARTOD, check by check on real series.

Where ours depart on purpose the test says where, and why: ioos_qc counts readings where we measure time.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest
from ioos_qc import qartod
from numpy.typing import NDArray

from domain.flag import Flag
from quality import checks, in_time
from quality.in_time import Paced
from quality.trace import Trace, trace_of
from registry.check_settings import (
    AttenuatedCheck,
    ClimatologyCheck,
    FlatLineCheck,
    GapCheck,
    RateCheck,
    SpikeCheck,
)
from support.shared import shared

FILES = {
    "logan": "water-logan-river-lro/lro_mainstreet_2019.csv.gz",
    "franklin": "water-logan-river-lro/lro_franklinbasin_2014.csv.gz",
    "nerrs": "water-nerrs-estuary/nerrs_apacp_2012.csv.gz",
    "queensland": "water-queensland-labelled/qld_sandy_creek_2017_2018.csv.gz",
    "gecco": "water-gecco2018-minute/gecco2018_train_2016-08-03_2016-09-03.csv.gz",
    "citizens": "air-sensor-community/sc_healthy_2019.csv.gz",
}
SERIES = [
    *(("logan", one) for one in ("ph", "water_temperature", "specific_conductance", "turbidity")),
    *(("franklin", one) for one in ("dissolved_oxygen", "stage")),
    *(("nerrs", one) for one in ("salinity", "depth", "dissolved_oxygen", "turbidity")),
    *(("queensland", one) for one in ("turbidity", "level")),
    *(("gecco", one) for one in ("ph", "turbidity", "chlorine_dioxide_1")),
    *(("citizens", one) for one in ("pm25", "air_temperature")),
]


@cache
def traces_of(name: str) -> dict[tuple[str, str], Trace]:
    found: dict[tuple[str, str], dict[int, float | None]] = defaultdict(dict)
    with gzip.open(shared(f"data/{FILES[name]}"), "rt") as file:
        for row in csv.DictReader(file):
            at = int(datetime.fromisoformat(row["timestamp"]).timestamp()) * 1_000_000
            found[row["station"], row["parameter"]][at] = float(row["value"]) if row["value"] else None
    return {key: trace_of(list(one), list(one.values())) for key, one in found.items()}


class Real:
    """A real series, as both see it."""

    def __init__(self, name: str, parameter: str) -> None:
        trace = max((one for key, one in traces_of(name).items() if key[1] == parameter), key=len)
        self.times, self.values = trace.times, trace.values
        self.seconds = self.times.astype("datetime64[us]").astype("datetime64[s]")
        # ioos_qc takes the middle step for the interval; so may whoever configures ours.
        self.step = timedelta(seconds=int(np.median(np.diff(self.times)) // 1_000_000))
        self.paced = Paced(self.times, self.values, self.step)
        self.spread = float(np.nanpercentile(np.abs(np.diff(self.values)), 99)) or 0.01

    @property
    def known(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.values)

    def steady(self, intervals: float) -> NDArray[np.bool_]:
        """Tell where the last `intervals` steps took each exactly one interval, and none was without a value."""
        apart = np.diff(self.times, prepend=self.times[0]) == self.step // timedelta(microseconds=1)
        fine = apart & self.known & np.concatenate(([False], self.known[:-1]))
        count = int(intervals) + 1
        run = np.cumsum(fine)
        return np.array(run - np.concatenate((np.zeros(count, np.int64), run[:-count])) >= count)

    def complete(self, over: timedelta) -> NDArray[np.bool_]:
        """Tell where no value of the time before is missing."""
        first = np.searchsorted(self.times, self.times - over // timedelta(microseconds=1), side="right")
        missing = np.concatenate(([0], np.cumsum(~self.known)))
        return np.array(missing[1:] == missing[first])


@pytest.fixture(params=SERIES, ids=lambda one: f"{one[0]}-{one[1]}")
def real(request: pytest.FixtureRequest) -> Real:
    return Real(*request.param)


def theirs(flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.ma.filled(flags, 0).astype(np.int64)


def same(ours: NDArray[np.int8], other: NDArray[np.int64], where: NDArray[np.bool_]) -> None:
    """Compare with what ioos_qc says, and see to it that there was something to say."""
    assert where.any()
    differing = np.flatnonzero(where & (ours != other))
    assert differing.tolist() == [], [(int(ours[one]), int(other[one])) for one in differing[:5]]


def test_the_range_is_theirs(real: Real) -> None:
    """On every row, missing ones included."""
    low, high = (float(one) for one in np.nanpercentile(real.values, (2, 98)))
    usual = (low + (high - low) / 10, high - (high - low) / 10)
    flags, suspect = checks.range_flag(real.values, (low, high)), checks.suspect_range_flag(real.values, usual)
    ours = np.where((flags == Flag.GOOD) & (suspect == Flag.SUSPECT), Flag.SUSPECT, flags)
    expected = theirs(qartod.gross_range_test(real.values, (low, high), usual))
    same(ours, expected, np.full(len(ours), True))


@pytest.mark.parametrize("method", ["average", "differential"])
def test_a_spike_is_theirs_where_its_neighbours_are_near(real: Real, method: str) -> None:
    """ioos_qc compares across a gap of any length; ours are neighbours up to two intervals apart."""
    settings = SpikeCheck(suspect=real.spread / 2, fail=2 * real.spread, method=method)
    ours = in_time.spike_flag(real.paced, settings)
    expected = theirs(qartod.spike_test(real.values, settings.suspect, settings.fail, method))
    apart = np.diff(real.times)
    far = np.concatenate(([0], apart)) > real.paced.near
    far |= np.concatenate((apart, [0])) > real.paced.near
    same(ours, expected, real.known & ~far)
    assert set(ours[far].tolist()) <= {Flag.NOT_EVALUATED}
    assert (ours[real.known] >= Flag.SUSPECT).any()


def test_a_rate_is_theirs_where_the_value_before_is_near(real: Real) -> None:
    """Where nothing is before it, ioos_qc calls a value good; ours is not evaluated."""
    per_second = real.spread / real.step.total_seconds()
    settings = RateCheck(suspect=real.spread / 2, fail=2 * real.spread, per=real.step)
    ours = in_time.rate_flag(real.paced, settings)
    expected = theirs(qartod.rate_of_change_test(real.values, real.seconds, per_second / 2, 2 * per_second))
    same(ours, expected, real.known & (ours != Flag.NOT_EVALUATED))
    alone = np.concatenate(([True], (np.diff(real.times) > real.paced.near) | ~real.known[:-1]))
    assert (real.known & (ours == Flag.NOT_EVALUATED)).tolist() == (real.known & alone).tolist()
    assert (ours[real.known] >= Flag.SUSPECT).any()


def test_a_flat_line_is_theirs_where_the_interval_is_kept(real: Real) -> None:
    """Elsewhere ioos_qc counts as many readings as would fit into the time, however far apart they are."""
    suspect, fail = 3.5 * real.step, 9 * real.step
    tolerance = max(real.spread / 20, 1e-9)
    ours = in_time.flat_line_flag(real.paced, FlatLineCheck(suspect=suspect, fail=fail, tolerance=tolerance))
    expected = theirs(
        qartod.flat_line_test(
            real.values, real.seconds, int(suspect.total_seconds()), int(fail.total_seconds()), tolerance
        )
    )
    where = real.steady(9)
    if not where.any():
        pytest.skip("the series never keeps its interval")
    same(ours, expected, where)
    assert (ours[where] >= Flag.SUSPECT).any() or where.mean() < 0.5


@pytest.mark.parametrize("measure", ["std", "range"])
def test_an_attenuated_signal_is_theirs(real: Real, measure: str) -> None:
    """Over a time in both, so on every row, whatever the interval does."""
    over = 20 * real.step
    # No simple share: values in steps of 0.01 would lie on it.
    suspect, fail = 0.4871 * real.spread, 0.0973 * real.spread
    settings = AttenuatedCheck(over=over, suspect=suspect, fail=fail, measure=measure, present=0.5)
    ours = in_time.attenuated_flag(real.paced, settings)
    expected = theirs(
        qartod.attenuated_signal_test(
            real.values,
            real.seconds,
            suspect,
            fail,
            test_period=int(over.total_seconds()),
            min_obs=10,
            check_type=measure,
        )
    )
    # Their standard deviation runs through the whole series and gathers its rounding: near a threshold it may be either.
    near = _near_a_threshold(real, over, (suspect, fail)) if measure == "std" else np.zeros(len(ours), bool)
    # A window with a missing value has no range there, a standard deviation though; ours leave it out of both.
    whole = real.complete(over) if measure == "range" else np.ones(len(ours), bool)
    same(ours, expected, real.known & ~near & whole)
    assert near.mean() < 0.01


def _near_a_threshold(real: Real, over: timedelta, thresholds: tuple[float, float]) -> NDArray[np.bool_]:
    found = np.zeros(len(real.times), bool)
    for one in thresholds:
        lower, upper = (
            in_time.attenuated_flag(real.paced, AttenuatedCheck(over=over, suspect=edge, present=0.5))
            for edge in (one * (1 - 1e-6), one * (1 + 1e-6))
        )
        found |= lower != upper
    return found


def test_what_comes_after_a_gap_is_theirs(real: Real) -> None:
    """All but the first of all, of which ioos_qc says what it says of the second."""
    hours = 3 * real.step / timedelta(hours=1)
    ours = in_time.gap_flag(real.times, GapCheck(fail=timedelta(seconds=int(hours * 3600))))
    expected = theirs(qartod.time_gap_test(real.seconds, fail_span=hours))
    same(ours[1:], expected[1:], np.full(len(ours) - 1, True))


def test_what_is_usual_in_a_month_is_theirs(real: Real) -> None:
    """A month of which nothing is said is not evaluated."""
    low, high = (float(one) for one in np.nanpercentile(real.values, (10, 90)))
    config = [
        {"tspan": (6, 9), "vspan": (low, high), "fspan": (low - 1, high + 1), "period": "month"},
        {"tspan": (3, 5), "vspan": (low / 2, high), "period": "month"},
    ]
    ours = checks.climatology_flag(
        real.times, real.values,
        (
            ClimatologyCheck(months=(6, 7, 8, 9), suspect=(low, high), fail=(low - 1, high + 1)),
            ClimatologyCheck(months=(3, 4, 5), suspect=(low / 2, high)),
        ),
    )  # fmt: skip
    expected = theirs(qartod.climatology_test(config, real.values, real.seconds, np.full(len(ours), np.nan)))
    same(ours, expected, real.known)


@pytest.mark.parametrize(
    "judge", [lambda one: in_time.flat_line_flag(one, FlatLineCheck(suspect=timedelta(hours=6), tolerance=0.5))]
)
def test_a_flat_line_of_an_irregular_series_is_measured_in_time(judge: Callable[[Paced], NDArray[np.int8]]) -> None:
    """Queensland's rivers, 10 minutes to 4 hours apart: each flag says that six hours of values lie within the tolerance."""
    real = Real("queensland", "level")
    flags = judge(real.paced)
    for place in np.flatnonzero(flags == Flag.SUSPECT)[::50]:
        inside = (real.times >= real.times[place] - 6 * 3_600_000_000) & (real.times <= real.times[place])
        assert np.ptp(real.values[inside]) < 0.5
    assert (flags == Flag.SUSPECT).any()
