import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.lifecycle import Course, Hold, Why, fold, settled_from, step
from alerts.rules import Level
from domain.alert import AlertState
from domain.limit import Bound
from domain.window import HOUR
from registry.schema import Policies
from support.builders import NOON

AT_MOST, AT_LEAST, BETWEEN = Bound(None, 100.0), Bound(4.0, None), Bound(5.5, 9.0)
POLICIES = Policies()


def level(number: int, value: float | None, bound: Bound | None = AT_MOST, **counts: int) -> Level:
    end = NOON + number * HOUR
    valid = 0 if value is None else 12
    return Level(end - HOUR, end, value, bound, **{"valid": valid, "expected": 12, **counts})


def levels(*values: float | None, bound: Bound | None = AT_MOST) -> list[Level]:
    return [level(number, value, bound) for number, value in enumerate(values)]


def hold(windows: int = 2, clear: int = 2, share: float = 0.9) -> Hold:
    return Hold(windows, share, clear, POLICIES, (windows + 1) * HOUR)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ((101,), AlertState.PENDING),
        ((101, 101), AlertState.FIRING),
        ((100, 100), AlertState.NORMAL),  # equality is not over
        ((101, 100, 101), AlertState.PENDING),  # within the limit breaks the run
        ((101, 95, 101), AlertState.PENDING),  # so does what lies between limit and clear level
        ((101, None, 101), AlertState.FIRING),  # no value neither extends nor breaks it
        ((101, None, None), AlertState.PENDING),
        ((101, None, None, 101), AlertState.FIRING),
        ((101, None, None, None, 101), AlertState.PENDING),  # but what is far apart is no hold
        ((101, None, None, None, 101, 101), AlertState.FIRING),
        ((101, 101, 90), AlertState.FIRING),
        ((101, 101, 90, 90), AlertState.NORMAL),  # the clear level itself is clear
        ((101, 101, 90.1, 90.1, 90.1), AlertState.FIRING),  # between: the alert stays open
        ((101, 101, 90, 95, 90), AlertState.FIRING),  # between breaks the return
        ((101, 101, 90, 101, 90), AlertState.FIRING),
        ((101, 101, 90, None, 90), AlertState.NORMAL),
    ],
)
def test_an_alert_waits_out_its_hold_and_its_return(values: tuple[float | None, ...], state: AlertState) -> None:
    """Two windows in a row open it, two in a row at the clear level close it; what is in between does neither."""
    assert fold(Course(), levels(*values), hold()).course.state is state


@pytest.mark.parametrize(
    ("bound", "over", "within", "clear"),
    [
        (AT_LEAST, 3.9, 4.0, 4.45),  # dissolved oxygen: 4 / 0.9 = 4.44…
        (BETWEEN, 5.4, 5.5, 6.2),  # pH, too low: 5.5 / 0.9 = 6.11…
        (BETWEEN, 9.1, 9.0, 8.1),  # pH, too high: 9 × 0.9
    ],
)
def test_lower_and_two_sided_limits_open_and_close_too(bound: Bound, over: float, within: float, clear: float) -> None:
    """A level at the limit is within it; it is clear from the reciprocal of the share of a lower limit on."""
    one = hold(windows=1, clear=1)
    assert fold(Course(), levels(within, bound=bound), one).course.state is AlertState.NORMAL
    assert fold(Course(), levels(over, within, bound=bound), one).course.state is AlertState.FIRING
    assert fold(Course(), levels(over, clear, bound=bound), one).course.state is AlertState.NORMAL


def test_every_step_says_why() -> None:
    """A decision returns its reason, not only where it led."""
    course, reasons = Course(), []
    for one in levels(95, 101, 95, 101, None, 101, 103, 95, 90, 90):
        decision = step(course, one, hold())
        course = decision.course
        reasons.append(decision.why)
    assert reasons == [
        Why.WITHIN, Why.HOLDING, Why.BROKEN, Why.HOLDING, Why.NO_VALUE, Why.FIRED, Why.STILL_OVER, Why.NOT_CLEAR,
        Why.CLEARING, Why.CLEARED,
    ]  # fmt: skip


def test_an_episode_knows_when_it_began_how_bad_it_was_and_when_it_ended() -> None:
    """It begins with the first window of its hold and ends with the window that completed the return."""
    (episode,) = fold(Course(), levels(80, 101, 102, 130, 120, 90, 88), hold()).closed
    assert (episode.crossed_at, episode.first_end) == (NOON, NOON + HOUR)
    assert (episode.opened_at, episode.closed_at) == (NOON + 2 * HOUR, NOON + 6 * HOUR)
    assert (episode.peak.value, episode.over, episode.last.value) == (130, 4, 88)
    assert [one.value for one in episode.levels] == [101, 102, 130, 120]


def test_the_peak_is_what_lies_farthest_outside_on_either_side() -> None:
    """Of a pH of 9.2 and one of 4.0 the lower is the worse: 1.5 below its limit against 0.2 above."""
    one = fold(Course(), levels(9.2, 4.0, 9.5, bound=BETWEEN), hold(windows=1)).course.episode
    assert one is not None
    assert one.peak.value == 4.0


def test_an_alert_is_sure_only_when_its_hold_had_enough_data_in_a_row() -> None:
    """Windows below the capture policy open it all the same; it becomes sure when enough good ones follow."""
    poor, good = level(0, 101, valid=8), [level(number, 101) for number in (1, 2)]
    opened = fold(Course(), [poor, good[0]], hold()).course.episode
    later = fold(Course(), [poor, *good], hold()).course.episode
    assert opened is not None and later is not None
    assert (opened.sure, later.sure) == (False, True)


def test_where_no_limit_is_in_force_any_more_an_alert_ends() -> None:
    """A regulation that has run out leaves nothing to be over; the level has not come down, and nobody may say so."""
    found = fold(Course(), [*levels(101, 101), level(2, 500, None)], hold())
    (episode,) = found.closed
    assert found.course.state is AlertState.NORMAL
    assert (episode.lapsed, episode.closed_at, episode.last.value) == (True, NOON + 3 * HOUR - HOUR, 101)
    (recovered,) = fold(Course(), levels(101, 101, 90, 90), hold()).closed
    assert not recovered.lapsed


def test_hours_of_too_few_values_neither_end_an_alert_nor_break_its_hold() -> None:
    """An instrument that is calibrated most of the hour says nothing of what flows past it."""
    poor = [level(number, 10, valid=1) for number in (2, 3, 4)]
    found = fold(Course(), [*levels(101, 101), *poor], hold())
    assert found.course.state is AlertState.FIRING
    assert fold(Course(), [level(0, 101), level(1, 10, valid=1), level(2, 101)], hold()).course.episode is not None


@pytest.mark.parametrize(
    ("values", "unbroken"),
    [((101, 101), True), ((101, None, 101), False), ((101, 101, 101), True), ((101, 101, None, 101), False),
     ((101, 101, 95, 101), False), ((101, 95, 101, 101), True), ((101, 101, 95), True)],
)  # fmt: skip
def test_an_episode_knows_whether_its_windows_follow_one_another(
    values: tuple[float | None, ...], unbroken: bool
) -> None:
    """Only then they may be called so."""
    episode = fold(Course(), levels(*values), hold()).course.episode
    assert episode is not None
    assert episode.unbroken is unbroken


_VALUES = st.lists(st.none() | st.sampled_from([50.0, 90.0, 95.0, 100.0, 101.0, 140.0]), max_size=40)
_HOLDS = st.builds(hold, windows=st.integers(1, 3), clear=st.integers(1, 3), share=st.sampled_from([0.5, 0.9, 1.0]))


@given(values=_VALUES, cut=st.integers(0, 40), held=_HOLDS)
def test_folding_in_pieces_gives_what_folding_at_once_gives(values: list[float | None], cut: int, held: Hold) -> None:
    """Whenever the judge looks, the same episodes come of the same levels."""
    all_levels = levels(*values)
    whole = fold(Course(), all_levels, held)
    first = fold(Course(), all_levels[:cut], held)
    second = fold(first.course, all_levels[cut:], held)
    assert (second.course, (*first.closed, *second.closed)) == (whole.course, whole.closed)


@given(values=_VALUES, held=_HOLDS, start=st.integers(0, 40))
def test_from_a_settled_stretch_on_the_past_does_not_matter(values: list[float | None], held: Hold, start: int) -> None:
    """A fold that begins at a settled stretch ends where the fold from the very beginning does."""
    found = levels(*values)
    before = NOON + start * HOUR
    settled = settled_from(found, held, before)
    if settled is None:
        return
    assert found[settled].end < before
    assert fold(Course(), found[settled:], held).course == fold(Course(), found, held).course


def test_a_stretch_is_settled_only_by_as_many_clear_levels_as_end_an_alert() -> None:
    """One clear window is not enough where two are asked for, and a window without a value is passed over."""
    found = levels(101, 101, 80, None, 80, 80, 101)
    assert settled_from(found, hold(), NOON + 6 * HOUR) == 4
    assert settled_from(found, hold(), NOON + 5 * HOUR) == 2
    assert settled_from(found, hold(), NOON + 4 * HOUR) is None
