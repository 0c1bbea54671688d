"""Charts as inline SVG, made by the server: every colour is a class, so that dark mode and print follow.

A chart is drawn twice, wide and narrow, and the style sheet shows one. Gaps are hatched and never bridged, values under
the capture policy are hollow, values over the limit are triangles: shape and word first, colour last.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from math import ceil, floor, inf, log10
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from domain.limit import Bound
from domain.rollup import LimitKind, RollupPoint
from domain.text import Text
from domain.window import WindowKind, next_midnight
from present.words import hour, number, say, shown, with_unit

# A limit further above the data than this is named, not drawn: it would press the data flat.
_LIMIT_IN_SIGHT = 4.0
_STEP = 24  # how far a label is moved on where it would cover values
_HAS_LIMIT = int(LimitKind.LOW | LimitKind.HIGH)  # a plain int: a page asks this thousands of times
_LETTER = 6.9  # the widest a letter of 12 units is on average, in any of the fonts


@dataclass(frozen=True, slots=True)
class Size:
    """How large a drawing is, in SVG units, and how much it says."""

    width: int
    height: int
    left: int = 46
    right: int = 62
    top: int = 26
    bottom: int = 52
    ticks: int = 5
    dots: bool = True  # marks every value, and names the peak and the newest
    strip: bool = True  # the completeness strip under the axis

    @property
    def floor(self) -> float:
        """The y of the axis."""
        return self.height - self.bottom

    @property
    def edge(self) -> float:
        """The x of the right edge of the plot."""
        return self.width - self.right


WIDE = Size(880, 336)
NARROW = Size(344, 292, left=40, right=40, ticks=4)
SMALL = Size(420, 196, left=46, right=14, bottom=46, ticks=3, dots=False)
SMALL_NARROW = Size(344, 196, left=42, right=12, bottom=46, ticks=3, dots=False)


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart of one series shows: its points between two moments, and how it is said.

    `marks` are the time marks of all windows that are shown, one slot each; a mark without a point is a gap.
    `label` is the limit's name without its figure. `badge` stands in the drawing ("DEMO").
    """

    key: str  # unique on its page
    title: str
    description: str
    kind: WindowKind
    marks: Sequence[datetime]
    points: Sequence[RollupPoint]
    zone: ZoneInfo
    lang: str
    unit: str
    precision: int
    capture: float
    suspect_share: float
    label: str = ""
    badge: str = ""
    from_zero: bool = True
    bars: bool = False  # sums rather than means


def marks_between(kind: WindowKind, last: datetime, count: int, zone: ZoneInfo) -> list[datetime]:
    """Return the marks of the `count` windows of `kind` up to and including the one marked `last`."""
    if kind is not WindowKind.DAY:
        return [last - timedelta(hours=back) for back in range(count - 1, -1, -1)]
    # 36 hours before a midnight is noon two days before, whatever the season's clock does.
    marks = [last]
    while len(marks) < count:
        marks.append(next_midnight(marks[-1] - timedelta(hours=36), zone))
    return marks[::-1]


def bound_of(point: RollupPoint) -> Bound | None:
    """Return the limit that a point carries, None if none."""
    return Bound(point.limit_low, point.limit_high) if int(point.limit_kind) & _HAS_LIMIT else None


def is_sufficient(point: RollupPoint, capture: float) -> bool:
    """Tell whether a point has a value that meets the capture policy; an irregular series has none to meet."""
    return point.value is not None and (point.capture is None or point.capture >= capture)


def is_over(point: RollupPoint) -> bool:
    """Tell whether a point's value is outside the limit that it carries, confirmed or not."""
    bound = bound_of(point)
    return bound is not None and point.value is not None and bound.is_exceeded(point.value)


def excess(point: RollupPoint) -> float:
    """Return how far a point's value is beyond the limit that it carries, above or below; negative within it."""
    bound, value = bound_of(point), point.value
    if bound is None or value is None:
        return -inf
    above = value - bound.high if bound.high is not None else -inf
    return max(above, bound.low - value) if bound.low is not None else above


def draw(chart: Chart, size: Size) -> Markup:
    """Draw the chart once, in `size`."""
    return _Drawing(chart, size).svg()


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` + 1 round numbers from at or below `low` to at or above `high`."""
    span = max(high - low, abs(high) * 1e-9, 1e-12)
    power = 10.0 ** floor(log10(span / count))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * count >= span * 0.999999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, max(last, first + 1) + 1)]


def _across(x: float, side: str, length: float) -> tuple[float, float]:
    return (x, x + length) if side == "start" else (x - length, x)


def written_ticks(ticks: Sequence[float], lang: str) -> list[str]:
    """Write ticks with as many decimals as their steps need."""
    places = max(0, -floor(log10(ticks[1] - ticks[0]) + 1e-9))
    if round((ticks[1] - ticks[0]) * 10**places, 6) % 1:
        places += 1  # steps of 2.5
    return [number(tick, places, lang) for tick in ticks]


class _Drawing:
    """One chart in one size: where each thing stands, then the things in the order in which they cover each other."""

    def __init__(self, chart: Chart, size: Size) -> None:
        self.chart = chart
        self.at = {mark: place for place, mark in enumerate(chart.marks)}
        self.points = {self.at[point.mark]: point for point in chart.points if point.mark in self.at}
        self.valued = [place for place, point in sorted(self.points.items()) if point.value is not None]
        self.ticks = nice_ticks(*self._range(), size.ticks)
        self.ticks_said = written_ticks(self.ticks, chart.lang)
        self.size = size = replace(size, left=max(size.left, 12 + round(max(map(len, self.ticks_said)) * _LETTER)))
        self.slot = (size.edge - size.left) / max(len(chart.marks), 1)
        self.labels: list[str] = []
        self.id = f"{chart.key}-{size.width}"

    def _range(self) -> tuple[float, float]:
        values = [self._value(place) for place in self.valued]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if self.chart.from_zero:
            low = min(low, 0.0)
        for bound in {bound_of(point) for point in self.points.values()} - {None}:
            low, high = self._with_limit(bound, low, high) if bound else (low, high)
        return (low, high) if high > low else (low - 0.5 * (not self.chart.from_zero), high + 0.5)

    @staticmethod
    def _with_limit(bound: Bound, low: float, high: float) -> tuple[float, float]:
        if bound.high is not None and bound.high <= _LIMIT_IN_SIGHT * max(high, 1e-12):
            high = max(high, bound.high * 1.04)
        return (low if bound.low is None else min(low, bound.low)), high

    def _value(self, place: int) -> float:
        value = self.points[place].value
        return 0.0 if value is None else value

    def x(self, place: float) -> float:
        """Return the x of the middle of a slot."""
        return self.size.left + (place + 0.5) * self.slot

    def y(self, value: float) -> float:
        """Return the y of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.size.floor - (value - low) / (high - low) * (self.size.floor - self.size.top)

    def svg(self) -> Markup:
        """Return the drawing."""
        size, key = self.size, self.id
        parts: tuple[Callable[[], Iterator[str]], ...] = (
            self._bands, self._grid, self._time_axis, self._over_areas, self._limits, self._values, self._marks,
            self._limit_labels, self._names, self._strip, self._badge,
        )  # fmt: skip
        inner = "".join(piece for part in parts for piece in part())
        return drawing(size, key, (self.chart.title, self.chart.description), inner)

    def _bands(self) -> Iterator[str]:
        size = self.size
        for name, run in groupby(range(len(self.chart.marks)), self._absence):
            places = list(run)
            if name:
                left, width = self.x(places[0] - 0.5), len(places) * self.slot
                yield (
                    f'<rect class="{name}" x="{left:.1f}" y="{size.top}" width="{width:.1f}" '
                    f'height="{size.floor - size.top:.1f}"/>'
                )

    def _absence(self, place: int) -> str:
        """Return the class of the band where there is no value: calibration or fault, or a gap; '' where there is."""
        point = self.points.get(place)
        if point is not None and point.value is not None:
            return ""
        return "c-cal" if point is not None and point.calibrating + point.fault else "c-gap"

    def _grid(self) -> Iterator[str]:
        size = self.size
        for tick, said in zip(self.ticks, self.ticks_said, strict=True):
            y = self.y(tick)
            yield f'<path class="c-grid" d="M{size.left} {y:.1f}H{size.edge}"/>'
            yield text_at(size.left - 6, y + 4, said, "t2 s12", "end")
        yield text_at(size.left, 14, with_unit("", self.chart.unit, self.chart.lang).strip(), "t2 s12")

    def _time_axis(self) -> Iterator[str]:
        yield f'<path class="c-axis" d="M{self.size.left} {self.size.floor:.1f}H{self.size.edge}"/>'
        daily = self.chart.kind is WindowKind.DAY
        yield from self._day_labels() if daily else self._hour_labels()

    def _hour_labels(self) -> Iterator[str]:
        size, y = self.size, self.size.floor + 17
        step = 6 if self.slot * 6 >= 60 else 12
        for place, mark in enumerate(self.chart.marks):
            local = mark.astimezone(self.chart.zone)
            if local.hour == 0 and place + 1 < len(self.chart.marks):
                x = self.x(place + 0.5)
                yield f'<path class="c-axis" d="M{x:.1f} {size.top}V{y + 3:.1f}"/>'
                if x + 44 <= size.edge + size.right:
                    yield text_at(x + 4, y, f"{local:%d/%m}", "tb s12")
            elif local.hour and local.hour % step == 0 and self.x(place) < size.edge - 8:
                yield text_at(self.x(place), y, hour(mark, self.chart.zone), "t2 s12", "middle")

    def _day_labels(self) -> Iterator[str]:
        every = max(1, ceil(58 / self.slot))
        for place in range(len(self.chart.marks) - 1, -1, -every):
            local = self.chart.marks[place].astimezone(self.chart.zone)
            yield text_at(self.x(place), self.size.floor + 17, f"{local:%d/%m}", "t2 s12", "middle")

    def _over_areas(self) -> Iterator[str]:
        """Tint what lies between the values and the limit, run by run."""
        if self.chart.bars:
            return
        for run in self._runs():
            for over, group in groupby(run, lambda place: is_over(self.points[place])):
                places = list(group)
                if over and len(places) > 1:
                    yield self._area(places)

    def _area(self, places: list[int]) -> str:
        first = self.points[places[0]]
        bound = bound_of(first)
        edge = bound.side(self._value(places[0])) if bound else None
        top = " L".join(f"{self.x(place):.1f} {self.y(self._value(place)):.1f}" for place in places)
        level = self.y(edge if edge is not None else self.ticks[0])
        tone = "" if first.limit_kind & LimitKind.CONFIRMED else " adv"
        return (
            f'<path class="c-overfill{tone}" d="M{self.x(places[0]):.1f} {level:.1f} L{top} '
            f'L{self.x(places[-1]):.1f} {level:.1f}Z"/>'
        )

    def _runs(self) -> Iterator[list[int]]:
        """Yield the stretches of values that follow each other without a gap."""
        run: list[int] = []
        for place in self.valued:
            if run and place != run[-1] + 1:
                yield run
                run = []
            run.append(place)
        if run:
            yield run

    def _limits(self) -> Iterator[str]:
        """Draw each side of the limit; a limit that changes with time steps."""
        for side in ("limit_high", "limit_low"):
            placed = [(place, getattr(point, side), point.limit_kind) for place, point in sorted(self.points.items())]
            known = [one for one in placed if one[1] is not None]
            runs = [
                list(group) for _, group in groupby(known, lambda one: (one[1], bool(one[2] & LimitKind.CONFIRMED)))
            ]
            for index, run in enumerate(runs):
                start = self.x(run[0][0] - 0.5) if index else self.size.left
                end = self.x(runs[index + 1][0][0] - 0.5) if index + 1 < len(runs) else self.size.edge
                yield from self._limit(
                    run[0][1], bool(run[0][2] & LimitKind.CONFIRMED), start, end, side == "limit_low"
                )

    def _limit(self, level: float, confirmed: bool, start: float, end: float, low: bool) -> Iterator[str]:
        chart, tone = self.chart, "" if confirmed else " adv"
        figure = with_unit(number(level, None, chart.lang), chart.unit, chart.lang)
        values = {"figure": figure}
        words = Text("Limit {figure}", values) if confirmed else Text("Reference {figure}, not confirmed", values)
        label = say(words, chart.lang)
        if level > self.ticks[-1]:
            above = Text("Limit {figure}: above this scale", values)
            beyond = say(above if confirmed else Text("Reference {figure}: above this scale", values), chart.lang)
            self._label([beyond], tone, (start, end), [self.size.top + 13])
            return
        full = [f"{label} ({chart.label})"] if chart.label and self.size.dots and self.size.width > 400 else []
        y = self.y(level)
        yield f'<path class="{"c-limit" if confirmed else "c-ref"}" d="M{start:.1f} {y:.1f}H{end:.1f}"/>'
        heights = [y + 14, y - 6] if low or y < self.size.top + 14 else [y - 6, y + 14]
        short = [] if confirmed else [say(Text("Reference {figure}", values), chart.lang)]
        self._label([*full, label, *short], tone, (start, end), [one for one in heights if one >= self.size.top + 8])

    def _label(self, words: Sequence[str], tone: str, between: tuple[float, float], heights: Sequence[float]) -> None:
        """Keep a limit's label for after the values: the longest of `words` that somewhere covers none of them."""
        clear = (
            (x, y, side, one)
            for one in words
            for y in heights
            for x, side in self._sides(between, len(one) * _LETTER)
            if not self._is_covered(_across(x, side, len(one) * _LETTER), (y - 13, y + 5))
        )
        x, y, side, said = next(clear, (between[0] + 4, heights[0], "start", words[-1]))
        self.labels.append(text_at(x, y, said, f"tk s12{tone}", side))

    @staticmethod
    def _sides(between: tuple[float, float], length: float) -> Iterator[tuple[float, str]]:
        """Yield where a label of `length` may begin or end: at either end, then ever further along."""
        start, end = between
        if length + 8 > end - start:
            return
        yield start + 4, "start"
        yield end - 4, "end"
        for step in range(1, int((end - start - length) / _STEP)):
            yield start + 4 + step * _STEP, "start"

    @cached_property
    def _pieces(self) -> list[tuple[float, float, float, float]]:
        """The boxes that the line lies in, between any two neighbours: left, right, top, bottom, marks included."""
        pieces = []
        for run in self._runs():
            at = [(self.x(place), self.y(self._value(place))) for place in run]
            for (left, one), (right, other) in zip(at, at[1:] or at, strict=False):
                pieces.append((left - 6, right + 6, min(one, other) - 6, max(one, other) + 6))
        return pieces

    def _is_covered(self, across: tuple[float, float], down: tuple[float, float]) -> bool:
        return any(
            left < across[1] and right > across[0] and top < down[1] and bottom > down[0]
            for left, right, top, bottom in self._pieces
        )

    def _limit_labels(self) -> Iterator[str]:
        yield from self.labels

    def _values(self) -> Iterator[str]:
        if self.chart.bars:
            width = max(self.slot - 2, 1)
            for place in self.valued:
                top = self.y(self._value(place))
                yield (
                    f'<rect class="c-bar" x="{self.x(place) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                    f'height="{max(self.y(0) - top, 0):.1f}"/>'
                )
            return
        for run in self._runs():
            if len(run) > 1:
                line = "L".join(f"{self.x(place):.1f} {self.y(self._value(place)):.1f}" for place in run)
                yield f'<path class="c-line" d="M{line}"/>'
            elif not self.size.dots:  # a lone value between two gaps must not vanish
                yield self._mark(run[0], force=True)

    def _marks(self) -> Iterator[str]:
        if not self.chart.bars:
            yield from (self._mark(place, force=self.size.dots) for place in self.valued)

    def _mark(self, place: int, *, force: bool) -> str:
        """Return the mark of one value: under the policy, over the limit, suspect, else a dot (with `force`)."""
        point, x, y = self.points[place], self.x(place), self.y(self._value(place))
        if not is_sufficient(point, self.chart.capture):
            return f'<circle class="c-hol" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        if is_over(point):
            if point.limit_kind & LimitKind.CONFIRMED:
                return f'<path class="c-over" d="M{x:.1f} {y - 6:.1f}l6 11h-12Z"/>'
            return f'<path class="c-adv" d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5Z"/>'
        if point.valid and point.suspect / point.valid > self.chart.suspect_share:
            return f'<path class="c-hol" d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5Z"/>'
        return f'<circle class="c-dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' if force else ""

    def _names(self) -> Iterator[str]:
        """Name the newest value, and the peak where it is another one."""
        if not self.valued or not self.size.dots or self.chart.bars:
            return
        newest, peak = self.valued[-1], max(self.valued, key=self._value)
        y = self.y(self._value(newest))
        if newest >= len(self.chart.marks) - 3:
            yield text_at(self.x(newest) + 8, y + 1, self._written(newest), "tb")
        if peak < newest - 2:
            end = self.x(peak) + 30 > self.size.edge
            yield text_at(
                self.x(peak), self.y(self._value(peak)) - 10, self._written(peak), "tb", "end" if end else "middle"
            )

    def _written(self, place: int) -> str:
        point = self.points[place]
        return shown(self._value(place), bound_of(point), self.chart.precision, self.chart.lang)

    def _strip(self) -> Iterator[str]:
        """Draw a cell per window, as full as valid / expected; lined where the policy is not met."""
        if not any(point.expected for point in self.points.values()):
            return
        top, height, width = self.size.floor + 26, 14.0, max(self.slot - 1.2, 1)
        # One path for all cells of a kind: a page of twelve charts has two thousand of them.
        cells: dict[str, list[str]] = {"c-cell": [], "c-fill": [], "c-fill low": []}
        for place in range(len(self.chart.marks)):
            left = f"{self.x(place) - width / 2:.1f}"
            cells["c-cell"].append(f"M{left} {top:.1f}h{width:.1f}v{height}h-{width:.1f}z")
            point = self.points.get(place)
            share = min((point.capture or 0.0) if point else 0.0, 1.0)
            if share > 0:
                fill, full = "c-fill low" if share < self.chart.capture else "c-fill", f"{height * share:.1f}"
                cells[fill].append(f"M{left} {top + height * (1 - share):.1f}h{width:.1f}v{full}h-{width:.1f}z")
        for of_class, paths in cells.items():
            if paths:
                yield f'<path class="{of_class}" d="{"".join(paths)}"/>'

    def _badge(self) -> Iterator[str]:
        if self.chart.badge:
            yield text_at(self.size.width - 6, 14, self.chart.badge, "tb s12", "end")


def drawing(size: Size, key: str, said: tuple[str, str], inner: str) -> Markup:
    """Return a whole drawing; `said` are its title and its description, `inner` what `text_at` and numbers made."""
    return Markup(  # noqa: S704 -- every piece of text in it has been escaped by `text_at` or `escape`
        f'<svg viewBox="0 0 {size.width} {size.height}" role="img" aria-labelledby="{key}t {key}d">'
        f'<title id="{key}t">{escape(said[0])}</title>'
        f'<desc id="{key}d">{escape(said[1])}</desc>{inner}</svg>'
    )


def text_at(x: float, y: float, words: str, of_class: str, anchor: str = "start") -> str:
    """Return `words` as SVG text, escaped."""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{of_class}" x="{x:.1f}" y="{y:.1f}"{place}>{escape(words)}</text>'


def bullet(level: float, bound: Bound, state: str) -> Markup:
    """Draw how a level stands to an upper limit: a bar, and a mark where the limit is."""
    if bound.high is None or bound.high <= 0:
        return Markup("")
    # The limit stands at 5/8, so that up to 1.6 times it can be seen.
    end = min(max(level / bound.high, 0) * 75, 120)
    return Markup(
        '<svg class="bullet" viewBox="0 0 120 14" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<path class="b-way" d="M0 7H120"/><path class="b-{state}" d="M0 7H{end}"/>'
        '<path class="b-limit" d="M75 0V14"/></svg>'
    ).format(state=state, end=f"{end:.1f}")
