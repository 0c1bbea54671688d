"""Trend: against pymannkendall, against figures worked out by hand, and by what must hold for any months."""

import numpy as np
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.trend import Floats, Trend, Verdict, seasonal_trend, verdict

SEASON = 20 * np.cos(np.arange(12) / 12 * 2 * np.pi)
MONTH = st.one_of(st.none(), st.integers(-50, 50))
MONTHS = st.lists(MONTH, min_size=13, max_size=72)
WHOLE_YEARS = st.integers(2, 6).flatmap(lambda years: st.lists(MONTH, min_size=12 * years, max_size=12 * years))


def months(years: int, yearly: float, noise: float = 0.0, seed: int = 1) -> Floats:
    """Return months with a season, a change in a year, and noise."""
    places = np.arange(years * 12)
    return (
        np.tile(SEASON, years) + yearly * (places // 12) + noise * np.random.default_rng(seed).normal(size=len(places))
    )


def found(*series: Floats) -> Trend:
    trend = seasonal_trend(series)
    assert trend is not None
    return trend


def array(values: list[int | None]) -> Floats:
    return np.array([np.nan if one is None else float(one) for one in values])


def test_three_years_by_hand() -> None:
    """January 1, 3, 2 and February 5, 5, 8: two pairs of each rise, one January falls, one February is level."""
    values = np.full(36, np.nan)
    values[[0, 12, 24]], values[[1, 13, 25]] = (1, 3, 2), (5, 5, 8)
    trend = found(values)
    assert trend.score == (2 - 1) + 2
    # Slopes: 2, 0.5, -1 and 0, 1.5, 3; the middle of the six.
    assert trend.slope == pytest.approx((0.5 + 1.5) / 2)
    # n(n-1)(2n+5)/18 = 66/18 for January; for February 2·1·9/18 = 1 less.
    spread = trend.variance * (1 - trend.autocorrelation) / (1 + trend.autocorrelation)
    assert spread == pytest.approx(66 / 18 + 66 / 18 - 1)
    assert trend.months == 6


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_pymannkendall(seed: int) -> None:
    """Score, slope and (where a month says nothing of the next) probability, with ties and missing months."""
    chance = np.random.default_rng(seed)
    values = np.round(months(3 + seed % 4, chance.normal(), noise=4, seed=seed))
    values[chance.random(len(values)) < 0.15] = np.nan
    trend, known = found(values), pymannkendall.seasonal_test(values, period=12)
    assert trend.score == known.s
    assert trend.slope == pytest.approx(known.slope)
    widened = (1 + trend.autocorrelation) / (1 - trend.autocorrelation)
    assert trend.variance == pytest.approx(known.var_s * widened)
    if trend.autocorrelation == 0:
        assert trend.p == pytest.approx(known.p)
    else:
        assert trend.p > known.p


def test_the_season_is_no_trend() -> None:
    """Two years and a half that begin low and end high: Mann–Kendall without season would call it a rise."""
    values = np.tile(np.arange(12.0), 3)[:30] + np.random.default_rng(3).normal(size=30) * 0.5
    assert pymannkendall.original_test(values[6:24]).s != 0
    assert verdict(found(values), falling_is_better=True, significance=0.05, least_months=24) is Verdict.UNCLEAR


@given(MONTHS)
def test_a_level_that_only_changes_scale_has_the_same_score(values: list[int | None]) -> None:
    """Kendall's score knows order only; ties stay ties."""
    first, second = seasonal_trend([array(values)]), seasonal_trend([array(values) ** 3 + array(values) * 5 + 7])
    assert (first is None) == (second is None)
    if first and second:
        assert (first.score, first.months, first.pairs) == (second.score, second.months, second.pairs)


@given(WHOLE_YEARS)
def test_time_turned_round_turns_the_sign(values: list[int | None]) -> None:
    """And nothing else."""
    first, second = seasonal_trend([array(values)]), seasonal_trend([array(values)[::-1].copy()])
    assert (first is None) == (second is None)
    if first and second:
        assert (first.score, first.slope) == (-second.score, pytest.approx(-second.slope))
        assert first.p == pytest.approx(second.p)


@given(st.integers(-5, 5), st.integers(24, 60))
def test_what_never_changes_has_no_trend(level: int, count: int) -> None:
    """All ties: score 0, certain of nothing."""
    trend = found(np.full(count, float(level)))
    assert (trend.score, trend.slope, trend.p) == (0, 0.0, 1.0)


@settings(max_examples=30)
@given(MONTHS, st.integers(1, 4))
def test_the_same_series_again_makes_nothing_more_certain(values: list[int | None], count: int) -> None:
    """Stations of one area measure the same air."""
    one, many = seasonal_trend([array(values)]), seasonal_trend([array(values)] * count)
    assert (one is None) == (many is None)
    if one and many:
        assert many.slope == pytest.approx(one.slope)
        assert many.months == one.months
        # But for the correction by one, which weighs less in a greater score.
        assert abs(many.score) / np.sqrt(max(many.variance, 1e-9)) == pytest.approx(
            abs(one.score) / np.sqrt(max(one.variance, 1e-9))
        )


def test_a_station_that_joins_is_no_change() -> None:
    """Its own months are compared with its own; the mean of both would jump."""
    first, second = months(3, 0.0), months(3, 0.0) + 80
    second[:18] = np.nan
    trend = found(first, second)
    assert (trend.score, trend.slope) == (0, 0.0)


def test_chance_is_rarely_called_a_trend_though_months_go_together() -> None:
    """A month that takes half of what the one before had too much: 5 % are allowed, without care it would be 20 %."""
    chance, called, careless = np.random.default_rng(7), 0, 0
    for _ in range(400):
        noise = chance.normal(size=48)
        for place in range(1, 48):
            noise[place] += 0.5 * noise[place - 1]
        trend = found(np.tile(SEASON, 4) + noise)
        called += trend.p < 0.05
        careless += pymannkendall.seasonal_test(np.tile(SEASON, 4) + noise, period=12).p < 0.05
    assert called <= 0.09 * 400
    assert careless > 0.12 * 400


@pytest.mark.parametrize(
    ("yearly", "falling_is_better", "said"),
    [(3.0, True, Verdict.WORSE), (-3.0, True, Verdict.BETTER), (3.0, False, Verdict.BETTER), (-3.0, False, Verdict.WORSE),
     (0.0, True, Verdict.UNCLEAR)],
)  # fmt: skip
def test_a_clear_change_is_said(yearly: float, falling_is_better: bool, said: Verdict) -> None:
    """For oxygen to rise is good, for all else to fall."""
    trend = found(months(4, yearly, noise=1.0))
    assert verdict(trend, falling_is_better=falling_is_better, significance=0.05, least_months=24) is said


@pytest.mark.parametrize(("count", "enough"), [(23, False), (24, True)])
def test_too_few_months_are_not_judged(count: int, enough: bool) -> None:
    """However clear they seem."""
    trend = seasonal_trend([months(2, 9.0)[:count]])
    said = verdict(trend, falling_is_better=True, significance=0.05, least_months=24)
    assert (said is not Verdict.NOT_ENOUGH) == enough


def test_less_than_a_year_has_no_trend() -> None:
    """No month has another of its name."""
    assert seasonal_trend([np.arange(12.0)]) is None
    assert seasonal_trend([]) is None
