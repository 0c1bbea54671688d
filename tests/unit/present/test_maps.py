import re

from present.maps import MapMark, area_map


def mark(number: int, latitude: float, longitude: float, **changes: object) -> MapMark:
    values = {
        "shape": "circle",
        "fill": "a2",
        "label": f"Area {number}",
        "full": f"{number}. Area",
        "href": f"#kv-{number}",
    }
    return MapMark(number, latitude, longitude, **{**values, **changes})  # type: ignore[arg-type]  # defaults of one type


def test_areas_at_one_place_are_drawn_apart() -> None:
    """A number that is covered cannot be found in the table."""
    drawing = str(
        area_map([mark(1, 10.6, 106.5), mark(2, 10.6, 106.5), mark(3, 10.9, 106.7)], width=640, title="t", lang="en")
    )
    places = [
        tuple(map(float, found)) for found in re.findall(r'class="m-mark a2" cx="([\d.]+)" cy="([\d.]+)"', drawing)
    ]
    (ax, ay), (bx, by) = places[0], places[1]
    assert ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5 >= 34


def test_every_mark_is_a_link_with_its_full_name() -> None:
    """Nothing on the map needs a pointer or eyes."""
    drawing = str(area_map([mark(1, 10.6, 106.5, full="1. <Khu>")], width=340, title="t", lang="vi"))
    assert 'href="#kv-1" aria-label="1. &lt;Khu&gt;"' in drawing


def test_a_map_of_a_demonstration_says_so() -> None:
    """A picture that is cut out of the page still says it."""
    assert ">DEMO</text>" in str(area_map([mark(1, 10.6, 106.5)], width=340, title="t", lang="vi", badge="DEMO"))
