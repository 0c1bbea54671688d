"""A parameter's months as inline SVG: the monthly figure above, the days outside the limit below, drawn like the charts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from markupsafe import Markup

from present.charts import SMALL_NARROW, Size, drawing, nice_ticks, text_at, written_ticks

_BARS = 34.0  # height of the bars of days
_LETTER = 6.9
_LEAST_SCALE = 10  # days: one alone is no tall bar
PAGE = Size(880, 240, bottom=46, right=14, ticks=3)
PAPER = Size(640, 196, bottom=46, right=14, ticks=3)
PHONE = SMALL_NARROW


@dataclass(frozen=True, slots=True)
class MonthBar:
    """One month: its figure (None: none), whether it rests on enough, and how many days were outside (None: unknown)."""

    first: date
    value: float | None
    enough: bool
    days_over: int | None


@dataclass(frozen=True, slots=True)
class MonthChart:
    """What a chart of months shows, and how it is said; `key` is unique on its page."""

    key: str
    title: str
    description: str
    months: Sequence[MonthBar]
    unit: str
    lang: str
    days_word: str  # what the bars are
    badge: str = ""
    from_zero: bool = True


def draw_months(chart: MonthChart, size: Size) -> Markup:
    """Draw the chart once, in `size`."""
    return _Months(chart, size).svg()


class _Months:
    def __init__(self, chart: MonthChart, size: Size) -> None:
        self._chart, self._size = chart, size
        self._known = [place for place, one in enumerate(chart.months) if one.value is not None]
        values = [self._value(place) for place in self._known]
        self._ticks = nice_ticks(*self._range(values), size.ticks)
        self._said = written_ticks(self._ticks, chart.lang)
        self._left = max(size.left, 12 + round(max(map(len, self._said)) * _LETTER))
        self._has_days = any(one.days_over is not None for one in chart.months)
        self._floor = size.floor - (_BARS + 8 if self._has_days else 0)
        self._slot = (size.edge - self._left) / max(len(chart.months), 1)

    def _range(self, values: Sequence[float]) -> tuple[float, float]:
        low, high = min(values, default=0.0), max(values, default=1.0)
        if self._chart.from_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        return (low, high) if high > low else (low - 0.5 * (not self._chart.from_zero), high + 0.5)

    def _value(self, place: int) -> float:
        value = self._chart.months[place].value
        return 0.0 if value is None else value

    def _x(self, place: float) -> float:
        return self._left + (place + 0.5) * self._slot

    def _y(self, value: float) -> float:
        low, high = self._ticks[0], self._ticks[-1]
        return self._floor - (value - low) / (high - low) * (self._floor - self._size.top)

    def svg(self) -> Markup:
        size, key = self._size, f"{self._chart.key}-{self._size.width}"
        parts: tuple[Callable[[], Iterator[str]], ...] = (self._gaps, self._grid, self._axis, self._line, self._bars)
        inner = "".join(piece for part in parts for piece in part())
        return drawing(size, key, (self._chart.title, self._chart.description), inner)

    def _gaps(self) -> Iterator[str]:
        for missing, run in groupby(
            range(len(self._chart.months)), lambda place: self._chart.months[place].value is None
        ):
            places = list(run)
            if missing:
                left, width = self._x(places[0] - 0.5), len(places) * self._slot
                yield (
                    f'<rect class="c-gap" x="{left:.1f}" y="{self._size.top}" width="{width:.1f}" '
                    f'height="{self._floor - self._size.top:.1f}"/>'
                )

    def _grid(self) -> Iterator[str]:
        for tick, said in zip(self._ticks, self._said, strict=True):
            y = self._y(tick)
            yield f'<path class="c-grid" d="M{self._left} {y:.1f}H{self._size.edge}"/>'
            yield text_at(self._left - 6, y + 4, said, "t2 s12", "end")
        yield text_at(self._left, 14, self._chart.unit, "t2 s12")
        if self._chart.badge:
            yield text_at(self._size.width - 6, 14, self._chart.badge, "tb s12", "end")

    def _axis(self) -> Iterator[str]:
        yield f'<path class="c-axis" d="M{self._left} {self._floor:.1f}H{self._size.edge}"/>'
        y = self._size.floor + 17
        free = float(self._left)
        for place, one in enumerate(self._chart.months):
            left = self._x(place - 0.5)
            if one.first.month == 1 and place:
                yield f'<path class="c-axis" d="M{left:.1f} {self._size.top}V{self._size.floor + 4:.1f}"/>'
            # The first month and every January, where there is room for them.
            if (one.first.month == 1 or not place) and left >= free and left + 52 <= self._size.width:
                yield text_at(left + 2, y, f"{one.first:%m/%Y}", "t2 s12")
                free = left + 56

    def _line(self) -> Iterator[str]:
        for _, run in groupby(enumerate(self._known), lambda one: one[1] - one[0]):
            places = [place for _, place in run]
            if len(places) > 1:
                points = "L".join(f"{self._x(place):.1f} {self._y(self._value(place)):.1f}" for place in places)
                yield f'<path class="c-line" d="M{points}"/>'
        for place in self._known:
            style, radius = ("c-dot", 2.2) if self._chart.months[place].enough else ("c-hol", 3.2)
            yield f'<circle class="{style}" cx="{self._x(place):.1f}" cy="{self._y(self._value(place)):.1f}" r="{radius}"/>'

    def _bars(self) -> Iterator[str]:
        if not self._has_days:
            return
        floor, width = self._size.floor, max(self._slot - 1.2, 1.0)
        most = max(_LEAST_SCALE, *(one.days_over or 0 for one in self._chart.months))
        yield f'<path class="c-axis" d="M{self._left} {floor:.1f}H{self._size.edge}"/>'
        for place, one in enumerate(self._chart.months):
            if one.days_over:
                height = _BARS * one.days_over / most
                yield (
                    f'<rect class="c-bar" x="{self._x(place) - width / 2:.1f}" y="{floor - height:.1f}" '
                    f'width="{width:.1f}" height="{height:.1f}"/>'
                )
        yield text_at(self._left, self._size.height - 8, self._chart.days_word, "t2 s12")
