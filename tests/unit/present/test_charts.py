import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rollup import LimitKind, RollupPoint
from domain.window import HOUR, WindowKind
from present.charts import NARROW, SMALL, WIDE, Chart, draw, marks_between, nice_ticks
from support.builders import NOON, point

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OVER_135 = {"limit_high": 135.0, "limit_kind": LimitKind.HIGH | LimitKind.CONFIRMED}
UNCONFIRMED = {"limit_high": 135.0, "limit_kind": LimitKind.HIGH}


def hours(*values: float | None, **changes: Any) -> list[RollupPoint]:
    """Return hours that end with NOON."""
    first = NOON - (len(values) - 1) * HOUR
    return [point(first + place * HOUR, value, **changes) for place, value in enumerate(values)]


def svg(points: Sequence[RollupPoint], size: Any = WIDE, **changes: Any) -> str:
    """Draw `points`; the slots are the eight hours that end with NOON."""
    chart: dict[str, Any] = {
        "key": "k", "title": "COD", "description": "what it shows", "kind": WindowKind.HOUR,
        "marks": marks_between(WindowKind.HOUR, NOON, 8, ZONE), "points": points, "zone": ZONE, "lang": "en",
        "unit": "mg/L", "precision": 0, "capture": 0.75, "suspect_share": 0.25,
    }  # fmt: skip
    return str(draw(Chart(**{**chart, **changes}), size))


def count(drawing: str, of_class: str) -> int:
    return len(re.findall(rf'class="{of_class}"', drawing))


def test_a_gap_is_hatched_and_never_bridged() -> None:
    """Two runs around a missing hour are two lines with one band between."""
    drawing = svg(hours(1, 2, 3, None, 5, 6, 7, 8))
    assert (count(drawing, "c-line"), count(drawing, "c-gap")) == (2, 1)


def test_an_hour_without_a_point_is_a_gap_as_well() -> None:
    """What was never computed is not drawn as if it were there."""
    assert count(svg(hours(1, 2, 3)), "c-gap") == 1


def test_calibration_is_not_drawn_as_a_gap() -> None:
    """The instrument was there, it did not measure."""
    drawing = svg([*hours(1, 2, 3, 4, 5, 6, 7, 8)[:-1], point(NOON, None, calibrating=12)])
    assert (count(drawing, "c-cal"), count(drawing, "c-gap")) == (1, 0)


def test_confirmed_and_unconfirmed_limits_never_look_alike() -> None:
    """A solid line and triangles, or a dashed line and diamonds."""
    confirmed = svg(hours(100, 140, 150, 160, 100, 100, 100, 100, **OVER_135))
    assert [count(confirmed, name) for name in ("c-limit", "c-over", "c-ref", "c-adv")] == [1, 3, 0, 0]
    advisory = svg(hours(100, 140, 150, 160, 100, 100, 100, 100, **UNCONFIRMED))
    assert [count(advisory, name) for name in ("c-limit", "c-over", "c-ref", "c-adv")] == [0, 0, 1, 3]
    assert "not confirmed" in advisory


def test_a_level_at_its_limit_is_not_marked() -> None:
    """Equal is within."""
    assert count(svg(hours(135, 135, 135, 135, 135, 135, 135, 135, **OVER_135)), "c-over") == 0


def test_a_poor_hour_over_the_limit_is_hollow_and_no_triangle() -> None:
    """Under the capture policy a value is shown and confirms nothing."""
    poor = point(NOON, 200.0, valid=8, **OVER_135)
    drawing = svg([*hours(1, 2, 3, 4, 5, 6, 7)[:-1], poor])
    assert (count(drawing, "c-over"), count(drawing, "c-hol")) == (0, 1)


def test_a_limit_far_above_the_values_is_named_and_does_not_press_them_flat() -> None:
    """A scale to 30,000 would show 900 as nothing."""
    drawing = svg(hours(900, 910, 905, 900, 900, 900, 900, 900, limit_high=30000.0, limit_kind=LimitKind.HIGH))
    assert "30,000\u00a0mg/L: above this scale" in drawing
    assert count(drawing, "c-ref") == 0


def test_a_limit_that_changes_with_time_steps() -> None:
    """Each stretch has its own line."""
    old = hours(1, 2, 3, 4, **{**OVER_135, "limit_high": 10.0})
    points = [*[point(one.mark - 4 * HOUR, one.value, **{**OVER_135, "limit_high": 10.0}) for one in old],
              *hours(1, 2, 3, 4, **{**OVER_135, "limit_high": 8.0})]  # fmt: skip
    assert count(svg(points), "c-limit") == 2


def test_the_words_of_a_chart_are_escaped() -> None:
    """Names come from files that people write."""
    drawing = svg(hours(1, 2), title="<script>", label='"&', badge="<b>", **{})
    assert "<script>" not in drawing
    assert "&lt;script&gt;" in drawing


def test_every_drawing_says_what_it_shows_and_carries_its_badge() -> None:
    """role=img with title and description; DEMO stands in the drawing itself."""
    for size in (WIDE, NARROW, SMALL):
        drawing = svg(hours(1, 2, 3), size, badge="DEMO")
        assert 'role="img"' in drawing
        assert "<title" in drawing
        assert "<desc" in drawing
        assert ">DEMO</text>" in drawing


def test_nothing_to_draw_is_all_gap() -> None:
    """A silent station's chart is hatched from edge to edge."""
    drawing = svg([])
    assert (count(drawing, "c-gap"), count(drawing, "c-line")) == (1, 0)


def test_a_lone_value_between_gaps_is_seen_in_a_small_chart() -> None:
    """A line needs two values; one is a dot."""
    assert count(svg([point(NOON - 3 * HOUR, 5.0)], SMALL), "c-dot") == 1


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(2, 6))
def test_ticks_are_round_and_hold_the_range(one: float, other: float, wanted: int) -> None:
    """Rising, from at or below the least to at or above the greatest, not many more than asked for."""
    low, high = min(one, other), max(one, other)
    ticks = nice_ticks(low, high, wanted)
    assert ticks == sorted(set(ticks))
    span = max(high - low, abs(high) * 1e-9, 1e-12)
    assert ticks[0] <= low + span * 1e-6
    assert ticks[-1] >= high - span * 1e-6
    assert 2 <= len(ticks) <= wanted + 3


@pytest.mark.parametrize(("kind", "step"), [(WindowKind.HOUR, HOUR), (WindowKind.DAY, timedelta(days=1))])
def test_slots_follow_each_other_up_to_the_last(kind: WindowKind, step: timedelta) -> None:
    """Hours by their end, days by the midnight at which they begin."""
    last = NOON.replace(hour=17, minute=0)
    assert marks_between(kind, last, 4, ZONE) == [last - back * step for back in (3, 2, 1, 0)]


def test_days_follow_the_local_calendar_when_the_clocks_change() -> None:
    """A day of 23 hours is one day."""
    berlin = ZoneInfo("Europe/Berlin")
    marks = marks_between(WindowKind.DAY, NOON.replace(month=3, day=30, hour=22), 3, berlin)
    assert [f"{mark.astimezone(berlin):%d %H}" for mark in marks] == ["29 00", "30 00", "31 00"]


def places(drawing: str, words: str) -> list[tuple[float, float, str]]:
    """Return x, y and anchor of every text that contains `words`."""
    found = re.findall(r'<text class="[^"]*" x="([\d.-]+)" y="([\d.-]+)"(?: text-anchor="(\w+)")?>([^<]*)', drawing)
    return [(float(x), float(y), anchor or "start") for x, y, anchor, written in found if words in written]


@pytest.mark.parametrize("size", [WIDE, NARROW, SMALL])
def test_the_longest_figure_of_the_axis_is_not_cut_off(size: Any) -> None:
    """A stack's CO goes to a million: the plot begins further right."""
    drawing = svg(hours(*[270_000.0] * 8, limit_high=900_000.0, limit_kind=LimitKind.HIGH), size)
    ((x, _, anchor), *_) = places(drawing, "1,000,000") or places(drawing, "800,000")
    assert anchor == "end"
    assert x >= 9 * 6.5


def test_the_name_of_a_limit_does_not_cover_the_values() -> None:
    """Values that cross the limit at the left push its name to the right."""
    ((x, _, anchor),) = places(svg(hours(150, 160, 150, 90, 90, 90, 90, 90, **OVER_135)), "Limit 135")
    assert (x > WIDE.width / 2, anchor) == (True, "end")
    ((x, _, anchor),) = places(svg(hours(90, 90, 90, 90, 90, 150, 160, 150, **OVER_135)), "Limit 135")
    assert (x < WIDE.width / 2, anchor) == (True, "start")
