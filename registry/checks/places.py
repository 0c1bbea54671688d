"""Where things are and what is measured there."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.text import Text
from registry.checks.known import WORLD, Findings, Known, overlap, pairs, plain
from registry.contents import Found


def zone_findings(name: str | None, *place: str | int) -> Findings:
    """Find fault with a time zone that there is not."""
    try:
        if name is not None:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield (
            place, Text("`{found}` is no time zone", {"found": name}),
            Text("write a name of the tz database, such as Asia/Ho_Chi_Minh"),
        )  # fmt: skip


def timezone(one: Found, _: Known) -> Findings:
    """Days and hours need one that exists."""
    yield from zone_findings(one.item.timezone, "timezone")


def policies(one: Found, _: Known) -> Findings:
    """What would do nothing if it took no time."""
    yield from _longer_than_nothing("expected_for", one.item.expected_for)
    yield from _longer_than_nothing("link_valid", one.item.link_valid)


def one_state_at_a_time(one: Found, _: Known) -> Findings:
    """A Nm³ is one thing on one day; the newest stands last."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        if overlap(first, second):
            yield (
                ("reference_state", index), Text("Nm³ would mean two things on the same days"),
                Text("let one end (`to`) where the other begins (`from`)"),
            )  # fmt: skip

    yield from pairs(one.item.reference_state, judge)


def seasons(one: Found, _: Known) -> Findings:
    """Each is one season, and begins on a day of its own."""

    def twice(first: Any, second: Any, index: int) -> Findings:
        for key, found in (("id", first.id == second.id), ("from", first.starts == second.starts)):
            if found:
                yield (
                    ("seasons", index, key), Text("the same stands twice among the seasons"), Text("keep one of them"),
                )  # fmt: skip

    yield from pairs(one.item.seasons, twice)


def latitude(one: Found, known: Known) -> Findings:
    """Within the box; without a box, on the earth."""
    yield from _inside(known, one.item.latitude, "latitude", known.box.south, known.box.north)


def longitude(one: Found, known: Known) -> Findings:
    """Within the box; without a box, on the earth."""
    yield from _inside(known, one.item.longitude, "longitude", known.box.west, known.box.east)


def _inside(known: Known, value: float, key: str, low: float, high: float) -> Findings:
    if low <= value <= high:
        return
    values = {"low": plain(low), "high": plain(high)}
    if known.box is WORLD:
        wrong = Text("{value} is nowhere on earth", {"value": plain(value)})
        right = Text("between {low} and {high}; are latitude and longitude exchanged?", values)
    else:
        wrong = Text("{value} is outside the province", {"value": plain(value)})
        right = Text("between {low} and {high} (`box` in province.yaml); are latitude and longitude exchanged?", values)
    yield (key,), wrong, right


def area(one: Found, known: Known) -> Findings:
    """It lies in an area that there is."""
    yield from known.refer("areas", one.item.area, "area")


def facility(one: Found, known: Known) -> Findings:
    """It belongs to a facility that there is."""
    yield from known.refer("facilities", one.item.facility, "facility")


def area_of_facility(one: Found, known: Known) -> Findings:
    """A station stands where its facility is."""
    found = known.items("facilities").get(one.item.facility or "")
    if found is not None and found.area != one.item.area:
        yield (
            ("area",), Text("its facility `{id}` is in another area, `{area}`", {"id": found.id, "area": found.area}),
            Text("station and facility lie in one area"),
        )  # fmt: skip


def interval(one: Found, _: Known) -> Findings:
    """Also of a parameter at a station."""
    yield from _longer_than_nothing("interval", one.item.interval)


def silence(one: Found, _: Known) -> Findings:
    """A station that may say nothing for less than its interval would always be silent."""
    after, every = one.item.silent_after, one.item.interval
    yield from _longer_than_nothing("silent_after", after)
    if after is not None and timedelta(0) < after < every:
        yield (
            ("silent_after",), Text("it is shorter than the interval: the station would always be silent"),
            Text("leave it out (three intervals, at least 15 min), or write a longer time"),
        )  # fmt: skip


def _longer_than_nothing(key: str, value: timedelta | None) -> Findings:
    if value is not None and value <= timedelta(0):
        yield (key,), Text("it must be longer than nothing"), Text("such as `5 min`")


def measured_once(one: Found, _: Known) -> Findings:
    """No parameter stands twice for the same days."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        if first.id == second.id and overlap(first, second):
            yield (
                ("parameters", index), Text("`{id}` stands twice at this station", {"id": second.id}),
                Text("keep one of them"),
            )  # fmt: skip

    yield from pairs(one.item.parameters, judge)


def measured_parameter(one: Found, known: Known) -> Findings:
    """It is one of those that are described."""
    yield from known.refer("parameters", one.item.id, "id")


def measured_medium(one: Found, known: Known) -> Findings:
    """Air is not measured in water."""
    parameter, medium = known.items("parameters").get(one.item.id), one.around.medium
    if parameter is not None and medium not in parameter.media:
        yield (
            ("id",), Text("`{id}` is not measured in {medium}", {"id": one.item.id, "medium": medium}),
            Text("possible: {names}", {"names": ", ".join(parameter.media)}),
        )  # fmt: skip
