"""Settings of the quality checks: what could never be found, and what contradicts itself."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile
from typing import Any, get_args

from domain.text import Text
from registry.check_settings import CheckSettings
from registry.checks.known import Findings, Known, plain
from registry.contents import Found
from registry.schema import Parameter
from registry.values import StationKind

_OXYGEN = "dissolved_oxygen"
# Checks that look over a time, and where it stands.
_TIMES = (
    ("flat_line", "suspect"), ("flat_line", "fail"), ("attenuated", "over"), ("pinned", "hold"), ("own_step", "back_in"),
    ("own_flat", "suspect"), ("own_flat", "fail"), ("unsteady", "over"), ("stuck", "over"),
)  # fmt: skip
# Checks that need to know how far apart readings are meant to be.
_PACED = (
    "spike", "rate", "flat_line", "attenuated", "pinned", "neighbours", "own_step", "own_level", "own_flat", "unsteady",
    "stuck",
)  # fmt: skip


def suspect_in_plausible(one: Found, _: Known) -> Findings:
    """What is usual is plausible too; else nothing would be suspect on that side."""
    yield from _inside(one.item.suspect, one.item.plausible, "suspect")
    for kind in get_args(StationKind):
        found = getattr(one.item.suspect_at, kind)
        if found is not None:
            yield from _inside(found, one.item.plausible_for(kind), "suspect_at", kind)


def suspect_at_station(one: Found, known: Known) -> Findings:
    """The same at a station, with what is plausible there."""
    parameter = known.items("parameters").get(one.item.id)
    if one.item.suspect is not None and parameter is not None:
        plausible = one.item.plausible or parameter.plausible_for(one.around.kind)
        yield from _inside(one.item.suspect, plausible, "suspect")


def _inside(suspect: Any, plausible: Any, *place: str) -> Findings:
    if suspect is not None and not plausible[0] <= suspect[0] < suspect[1] <= plausible[1]:
        low, high = plain(plausible[0]), plain(plausible[1])
        yield (
            place, Text("it goes beyond `plausible`, outside which a value fails anyway"),
            Text("between {low} and {high}", {"low": low, "high": high}),
        )  # fmt: skip


def aliases(one: Found, known: Known) -> Findings:
    """A name in files is that of one parameter."""
    parameters = known.items("parameters")
    # Of two that claim a name, the second is at fault.
    before = takewhile(lambda other: other is not one.item, parameters.values())
    taken = {alias: other.id for other in before if isinstance(other, Parameter) for alias in other.aliases}
    for index, alias in enumerate(one.item.aliases):
        owner = alias if alias in parameters else taken.get(alias)
        if owner is not None:
            yield (
                ("aliases", index), Text("`{id}` is called so already", {"id": owner}),
                Text("remove it here or there"),
            )  # fmt: skip


def whole(one: Found, known: Known) -> Findings:
    """A part is compared with another parameter."""
    yield from _whole(one.item, one.around.id, known)


def whole_at_station(one: Found, known: Known) -> Findings:
    """A part is compared with another parameter, and one that is measured here."""
    yield from _whole(one.item.checks, one.item.id, known, "checks")
    settings = one.item.checks.not_above
    if settings is not None and settings.parameter not in one.around.measures:
        yield (
            ("checks", "not_above", "parameter"), Text("`{id}` is not measured at this station", {"id": settings.parameter}),
            Text("possible: {names}", {"names": ", ".join(one.around.measures)}),
        )  # fmt: skip


def _whole(settings: CheckSettings, parameter: str, known: Known, *place: str) -> Findings:
    if settings.not_above is None:
        return
    yield from known.refer("parameters", settings.not_above.parameter, *place, "not_above", "parameter")
    if settings.not_above.parameter == parameter:
        yield (
            (*place, "not_above", "parameter"), Text("it is compared with itself"),
            Text("name the parameter of which this one is a part"),
        )  # fmt: skip


def companions(one: Found, known: Known) -> Findings:
    """Companions are parameters; which of them a station has does not matter."""
    yield from _companions(one.item, known)


def companions_at_station(one: Found, known: Known) -> Findings:
    """The same for one of a station."""
    yield from _companions(one.item.checks, known, "checks")


def _companions(settings: CheckSettings, known: Known, *place: str) -> Findings:
    for key in ("others", "rests_on"):
        for index, name in enumerate(getattr(settings.companion, key, ())):
            yield from known.refer("parameters", name, *place, "companion", key, index)


def oxygen(one: Found, _: Known) -> Findings:
    """Only dissolved oxygen has a saturation."""
    yield from _oxygen(one.item, one.around.id)


def oxygen_at_station(one: Found, _: Known) -> Findings:
    """Only dissolved oxygen has a saturation."""
    yield from _oxygen(one.item.checks, one.item.id, "checks")


def _oxygen(settings: CheckSettings, parameter: str, *place: str) -> Findings:
    if settings.oxygen is not None and parameter != _OXYGEN:
        yield (
            (*place, "oxygen"), Text("this check is for `{id}`", {"id": _OXYGEN}),
            Text("remove it here"),
        )  # fmt: skip


def long_enough(one: Found, _: Known) -> Findings:
    """Over less than one interval there is nothing to see."""
    if one.item.interval is not None:
        yield from _long_enough(one.item, one.item.interval[1])


def long_enough_at_station(one: Found, _: Known) -> Findings:
    """The same with the station's own interval; a series without one has no neighbours in time."""
    if not one.item.irregular:
        yield from _long_enough(one.item.checks, one.item.interval or one.around.interval, "checks")
        return
    for name in _PACED:
        if getattr(one.item.checks, name) is not None:
            yield (
                ("checks", name), Text("it needs an interval, and this parameter has none here (`irregular`)"),
                Text("remove it, or write an `interval` instead of `irregular`"),
            )  # fmt: skip


def _long_enough(settings: CheckSettings, interval: timedelta, *place: str) -> Findings:
    for name, key, length in _lengths(settings):
        if length < interval:
            yield (
                (*place, name, key), Text("it is shorter than the interval of {interval}", {"interval": interval}),
                Text("write a longer time, or remove the check"),
            )  # fmt: skip


def _lengths(settings: CheckSettings) -> Iterator[tuple[str, str, timedelta]]:
    for name, key in _TIMES:
        length = getattr(getattr(settings, name), key, None)
        if length is not None:
            yield name, key, length


def either_set_or_off(one: Found, _: Known) -> Findings:
    """A check is run or it is not."""
    for index, name in enumerate(one.item.checks.off):
        if getattr(one.item.checks, name):
            yield (
                ("checks", "off", index), Text("`{name}` is set here, and off", {"name": name}),
                Text("remove one of the two"),
            )  # fmt: skip
