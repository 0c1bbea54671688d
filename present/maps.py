"""A schematic map of areas from their coordinates: no borders, no tiles from elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, floor, hypot

from markupsafe import Markup, escape

from present.charts import text_at
from present.words import number


@dataclass(frozen=True, slots=True)
class MapMark:
    """One area on the map. `shape`: square, circle, diamond. `fill`: a level's class (`a1`–`a6`) or `none`."""

    number: int
    latitude: float
    longitude: float
    shape: str
    fill: str
    label: str  # beside the mark
    full: str  # for a screen reader
    href: str
    over: bool = False
    silent: bool = False


_Box = tuple[float, float, float, float]
_OFF_MIDDLE = (0, 0.25, -0.25, 0.5, -0.5)  # of a label's length
_ROUNDS = 60  # of pushing neighbours apart; a dozen areas settle in ten


def area_map(marks: Sequence[MapMark], *, width: int, title: str, lang: str, badge: str = "") -> Markup:
    """Draw a schematic map from coordinates: no borders, a grid of degrees, a scale; a label where there is room.

    `badge` stands in the drawing ("DEMO").
    """
    frame = _Frame.around(marks, width)
    marks = _apart(frame, marks)
    taken = [_box(frame, mark) for mark in marks]
    if badge:
        taken.append((width - 6 - 7.2 * len(badge), 0, width, 20))
    inner = "".join([*_graticule(frame, lang), *(_area(frame, mark, taken) for mark in marks), *_scale(frame)])
    inner += text_at(width - 6, 14, badge, "tb s12", "end") if badge else ""
    return Markup(  # noqa: S704 -- every piece of text in it has been escaped by `text_at` or `escape`
        f'<svg viewBox="0 0 {width} {frame.height:.0f}" role="group" aria-labelledby="map{width}t">'
        f'<title id="map{width}t">{escape(title)}</title>{inner}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    west: float
    north: float
    per_degree: float  # SVG units of one degree of longitude
    stretch: float  # a degree of latitude in degrees of longitude
    width: int
    height: float

    @classmethod
    def around(cls, marks: Sequence[MapMark], width: int) -> "_Frame":
        """Return the frame that holds all marks with a margin for their labels."""
        longitudes, latitudes = [one.longitude for one in marks], [one.latitude for one in marks]
        # One degree of longitude is cos(latitude) of a degree of latitude; at 10.7° that is 0.983.
        stretch = 1 / 0.983
        span = max(max(longitudes) - min(longitudes), 0.1)
        margin = 0.12 * span
        per_degree = width / (span + 2 * margin)
        north, south = max(latitudes) + margin, min(latitudes) - margin
        return cls(min(longitudes) - margin, north, per_degree, stretch, width, (north - south) * per_degree * stretch)

    def xy(self, latitude: float, longitude: float) -> tuple[float, float]:
        return (longitude - self.west) * self.per_degree, (self.north - latitude) * self.per_degree * self.stretch

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.north - y / (self.per_degree * self.stretch), self.west + x / self.per_degree

    @property
    def radius(self) -> int:
        return 17 if self.width > 400 else 14


def _apart(frame: _Frame, marks: Sequence[MapMark]) -> list[MapMark]:
    """Return the marks moved just so far that none covers another: the map is schematic, a number must be readable."""
    places = [list(frame.xy(one.latitude, one.longitude)) for one in marks]
    near = 2 * frame.radius + 6
    for _ in range(_ROUNDS):
        settled = True
        for one, other in combinations(places, 2):
            across, down = other[0] - one[0], other[1] - one[1]
            distance = hypot(across, down)
            if distance < near:
                settled = False
                push = (near - distance) / 2 + 0.1
                right, low = (across / distance, down / distance) if distance else (1.0, 0.0)
                one[0], one[1] = one[0] - right * push, one[1] - low * push
                other[0], other[1] = other[0] + right * push, other[1] + low * push
        if settled:
            break
    return [
        replace(mark, latitude=latitude, longitude=longitude)
        for mark, (latitude, longitude) in zip(marks, (frame.place(*one) for one in places), strict=True)
    ]


def _box(frame: _Frame, mark: MapMark) -> _Box:
    x, y = frame.xy(mark.latitude, mark.longitude)
    reach = frame.radius + 3
    return x - reach, y - reach, x + reach, y + reach


def _graticule(frame: _Frame, lang: str) -> Iterator[str]:
    east, north = ("Đ", "B") if lang == "vi" else ("E", "N")
    for tenth in range(ceil(frame.west * 10), floor((frame.west + frame.width / frame.per_degree) * 10) + 1):
        x, _ = frame.xy(frame.north, tenth / 10)
        if tenth % 2 == 0:
            yield f'<path class="c-grid" d="M{x:.1f} 0V{frame.height:.0f}"/>'
            yield text_at(x + 3, frame.height - 5, f"{number(tenth / 10, 1, lang)}° {east}", "t2 s12")
    south = frame.north - frame.height / (frame.per_degree * frame.stretch)
    for tenth in range(ceil(south * 10), floor(frame.north * 10) + 1):
        _, y = frame.xy(tenth / 10, frame.west)
        if tenth % 2 == 0:
            yield f'<path class="c-grid" d="M0 {y:.1f}H{frame.width}"/>'
            yield text_at(3, y - 4, f"{number(tenth / 10, 1, lang)}° {north}", "t2 s12")


def _area(frame: _Frame, mark: MapMark, taken: list[_Box]) -> str:
    x, y = frame.xy(mark.latitude, mark.longitude)
    pieces = [_shape(mark, x, y, frame.radius)]
    pieces.append(text_at(x, y + 5, str(mark.number), "in inv" if mark.fill == "none" else "in"))
    if mark.over:
        pieces.append(f'<path class="m-over" d="M{x + 17:.1f} {y - 30:.1f}l9 16h-18Z"/>')
    elif mark.silent:
        pieces.append(
            f'<g class="m-silent" transform="translate({x + 8:.1f} {y - 30:.1f})"><circle cx="8" cy="8" r="10"/>'
            '<use href="#i-silent" width="16" height="16"/></g>'
        )
    if frame.width > 400:
        pieces.append(_label(frame, mark, (x, y), taken))
    return f'<a href="{escape(mark.href)}" aria-label="{escape(mark.full)}">{"".join(pieces)}</a>'


def _shape(mark: MapMark, x: float, y: float, radius: float) -> str:
    def one(of_class: str, reach: float) -> str:
        if mark.shape == "circle":
            return f'<circle class="{of_class}" cx="{x:.1f}" cy="{y:.1f}" r="{reach}"/>'
        if mark.shape == "diamond":
            far = reach + 3
            return f'<path class="{of_class}" d="M{x:.1f} {y - far:.1f}l{far} {far}-{far} {far}-{far}-{far}Z"/>'
        side = 2 * reach
        return f'<rect class="{of_class}" x="{x - reach:.1f}" y="{y - reach:.1f}" width="{side}" height="{side}"/>'

    return (
        one("m-halo", radius + 2)
        + (one("m-mark m-blank", radius) if mark.fill == "none" else "")
        + one(f"m-mark {mark.fill}", radius)
    )


def _label(frame: _Frame, mark: MapMark, at: tuple[float, float], taken: list[_Box]) -> str:
    """Return the label at the first side where it covers nothing; none where there is no room."""
    (x, y), length = at, 7.2 * len(mark.label)
    # Below and above, a label may stand off the middle, and near the edge it is moved inwards.
    middles = [min(max(x + length * off, length / 2 + 2), frame.width - length / 2 - 2) - x for off in _OFF_MIDDLE]
    around = [(left, dy, "middle") for dy in (36, -26) for left in middles]
    for left, dy, anchor in [(24, 5, "start"), (-24, 5, "end"), *around]:
        start = x + left - {"start": 0.0, "end": length, "middle": length / 2}[anchor]
        box = (start, y + dy - 13, start + length, y + dy + 4)
        inside = box[0] >= 0 and box[2] <= frame.width and box[1] >= 0 and box[3] <= frame.height - 16
        if inside and not any(_meet(box, other) for other in taken):
            taken.append(box)
            return text_at(x + left, y + dy, mark.label, "lab", anchor)
    return ""


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale(frame: _Frame) -> Iterator[str]:
    # One degree of longitude at this latitude is 109.4 km.
    length = next((km for km in (10, 5, 2) if km / 109.4 * frame.per_degree < frame.width / 4), 1)
    width, y = length / 109.4 * frame.per_degree, frame.height - 22
    yield f'<path class="m-scale" d="M{frame.width - 12 - width:.1f} {y:.1f}v5h{width:.1f}v-5"/>'
    yield text_at(frame.width - 12 - width / 2, y - 3, f"{length} km", "s12", "middle")
