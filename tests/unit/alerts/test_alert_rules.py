from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules import Level, Standing, clear_level, data_conditions, doubts, kind_of, standing, unmet_conditions
from domain.alert import AlertKind
from domain.limit import Bound, Clear
from domain.reading import SeriesKey
from domain.window import HOUR, WindowKind
from registry.schema import Policies
from support.alerting import cod_rule, made
from support.builders import NOON

POLICIES = Policies()
AT_MOST = Bound(None, 135.0)
LIMIT = made(cod_rule()).limit_for(SeriesKey("NT-1", "cod"), WindowKind.HOUR, date(2026, 11, 24), {})


def level(value: float | None = 171, bound: Bound | None = AT_MOST, **counts: int) -> Level:
    return Level(NOON - HOUR, NOON, value, bound, **{"valid": 12, "expected": 12, **counts})


@pytest.mark.parametrize(
    ("bound", "share", "clear"),
    [
        (Bound(None, 135.0), 0.9, Clear(None, 121.5)),
        (Bound(5.0, None), 0.8, Clear(6.25, None)),
        (Bound(5.5, 9.0), 1.0, Clear(5.5, 9.0)),
        (Bound(6.0, 9.0), 0.5, Clear(6.0, 9.0)),  # 12 and 4.5 would cross, and the alert could never end
        (Bound(None, -10.0), 0.5, Clear(None, -20.0)),  # inwards is downwards for an upper limit, whatever its sign
        (Bound(None, 0.0), 0.9, Clear(None, 0.0)),
    ],
)
def test_the_clear_level_lies_inside_the_limit(bound: Bound, share: float, clear: Clear) -> None:
    """The share of an upper limit, the reciprocal share of a lower one, and never outside."""
    assert clear_level(bound, share) == clear


@given(high=st.floats(-1e6, 1e6), share=st.floats(0.01, 1.0))
def test_what_is_clear_is_never_over(high: float, share: float) -> None:
    """However the limit is signed, its clear level is within it."""
    clear = clear_level(Bound(None, high), share)
    assert clear.high is not None
    assert not Bound(None, high).is_exceeded(clear.high)


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, Standing.UNKNOWN), (135.0, Standing.BETWEEN), (135.0001, Standing.OVER), (121.5, Standing.CLEAR)],
)
def test_a_level_is_compared_unrounded(value: float | None, found: Standing) -> None:
    """135.0001 is over 135; 135 is not."""
    assert standing(level(value), 0.9, POLICIES) is found


@pytest.mark.parametrize(("value", "found"), [(171, Standing.OVER), (10, Standing.UNKNOWN), (130, Standing.UNKNOWN)])
def test_too_few_values_can_be_over_but_never_clear(value: float, found: Standing) -> None:
    """Below the capture policy a value confirms nothing: neither that it is past, nor that it never was."""
    assert standing(level(value, valid=8), 0.9, POLICIES) is found


def test_where_no_limit_is_in_force_nothing_is_over() -> None:
    """Nor clear: that would mean that a level came down."""
    assert standing(level(500, None), 0.9, POLICIES) is Standing.FREE


@pytest.mark.parametrize(
    ("counts", "lacking"),
    [
        ({"valid": 9}, 0),  # 9 of 12 is 75 %, and the policy is met
        ({"valid": 8}, 1),
        ({"suspect": 12}, 0),  # suspect is not invalid
        ({"valid": 8, "suspect": 4}, 1),
        ({"valid": 1, "expected": 0}, 0),  # an irregular series expects nothing
    ],
)
def test_data_that_confirm_nothing_are_named(counts: dict[str, int], lacking: int) -> None:
    """Each of the department's conditions on data that is not met is one sentence."""
    assert len(list(data_conditions(level(**counts), POLICIES))) == lacking


@pytest.mark.parametrize(("suspect", "doubted"), [(3, False), (4, True)])
def test_more_than_a_quarter_of_suspect_values_speaks_against_the_instrument(suspect: int, doubted: bool) -> None:
    """25 % is not above 25 %; a window without a value says nothing."""
    assert bool(doubts([level(suspect=suspect)], POLICIES)) is doubted
    assert doubts([level(None, valid=0, suspect=0)], POLICIES) == ()


def test_only_a_confirmed_limit_with_enough_data_is_called_over() -> None:
    """An own threshold never is, nor a limit with a condition unmet, nor one whose windows lack data."""
    assert LIMIT is not None
    unconfirmed = made(cod_rule(), confirmed=False)
    limit = unconfirmed.limit_for(SeriesKey("NT-1", "cod"), WindowKind.HOUR, date(2026, 11, 24), {})
    assert kind_of(LIMIT, sure=True) is AlertKind.OVER
    assert kind_of(LIMIT, sure=False) is AlertKind.ADVISORY
    assert kind_of(limit, sure=True) is AlertKind.ADVISORY
    assert kind_of(None, sure=True) is AlertKind.ADVISORY


def test_every_condition_that_is_not_met_is_said() -> None:
    """Row, two factors, grade and data: five reasons, each by itself."""
    indicative = made(cod_rule(), confirmed=False, grade="indicative")
    limit = indicative.limit_for(SeriesKey("NT-1", "cod"), WindowKind.HOUR, date(2026, 11, 24), {})
    assert limit is not None
    said = [str(one) for one in unmet_conditions(limit, [level(valid=6)], POLICIES)]
    assert len(said) == 5
    assert "only 6 of 12 values are valid" in said[-1]
    assert unmet_conditions(replace(limit, unmet=()), [level()], POLICIES) == ()


def test_an_own_threshold_says_so() -> None:
    """It is the department's, not the law's."""
    (said,) = unmet_conditions(None, [level()], POLICIES)
    assert "own threshold" in str(said)


@pytest.mark.parametrize(("value", "is_exceeded"), [(98.03750000000001, False), (98.0375, False), (98.0376, True)])
def test_a_mean_on_the_limit_is_within_it_though_its_last_digit_was_rounded(value: float, is_exceeded: bool) -> None:
    """Hours are rounded to what a float can say before they are averaged: that alone makes nobody a polluter."""
    assert Bound(None, 98.0375).is_exceeded(value) is is_exceeded
    assert Clear(None, 98.0375).is_reached(value) is not is_exceeded
    assert Bound(-98.0375, None).is_exceeded(-value) is is_exceeded
