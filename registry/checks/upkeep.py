"""The calendar of maintenance: where, what, and times that there were once."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.text import Text
from registry.checks.known import Findings, Known
from registry.checks.places import zone_findings
from registry.contents import Found
from registry.partial import Unreadable


def somewhere(one: Found, _: Known) -> Findings:
    """It names stations or a facility, not both."""
    if bool(one.item.stations) == (one.item.facility is not None):
        wrong = Text("it names both stations and a facility") if one.item.stations else Text("it names no station")
        yield (), wrong, Text("write either `stations: [id, …]` or `facility: id`")


def stations(one: Found, known: Known) -> Findings:
    """Stations that there are."""
    for index, station in enumerate(one.item.stations):
        yield from known.refer("stations", station, "stations", index)


def facility(one: Found, known: Known) -> Findings:
    """A facility that there is."""
    yield from known.refer("facilities", one.item.facility, "facility")


def parameters(one: Found, known: Known) -> Findings:
    """Parameters that there are."""
    for index, parameter in enumerate(one.item.parameters):
        yield from known.refer("parameters", parameter, "parameters", index)


def measured(one: Found, known: Known) -> Findings:
    """A parameter that none of its stations measures would be closed nowhere, nor one that is computed of others."""
    there = [known.items("stations")[name] for name in one.item.stations if name in known.items("stations")]
    there += [
        here for here in known.items("stations").values() if one.item.facility and _is_of(here, one.item.facility)
    ]
    names = {parameter for station in there for parameter in station.measures if not _is_derived(parameter, known)}
    for index, parameter in enumerate(one.item.parameters):
        if there and parameter in known.items("parameters") and parameter not in names:
            yield (
                ("parameters", index), Text("`{id}` is not measured there", {"id": parameter}),
                Text("possible: {names}", {"names": ", ".join(sorted(names))}),
            )  # fmt: skip


def _is_derived(parameter: str, known: Known) -> bool:
    found = known.items("parameters").get(parameter)
    try:
        return found is not None and found.derived is not None
    except Unreadable:
        return False


def _is_of(station: Any, facility: str) -> bool:
    try:
        return bool(station.facility == facility)
    except Unreadable:
        return False


def timezone(one: Found, _: Known) -> Findings:
    """One that exists."""
    yield from zone_findings(one.item.timezone, "timezone")


def once(one: Found, known: Known) -> Findings:
    """Where clocks are set back a local time is there twice, where they are set forward it is not there at all."""
    zone = _zone(one, known)
    for key, name in (("from", "start"), ("to", "end")):
        with suppress(Unreadable):
            yield from _once(key, getattr(one.item, name), zone)


def _once(key: str, local: datetime, zone: ZoneInfo) -> Findings:
    early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return
    values = {"time": _written(local), "zone": zone.key, "early": _written(early), "late": _written(late)}
    if early < late:
        wrong = Text("{time} is there twice in {zone}: the clock is set back", values)
        right = Text("write this entry with `timezone: UTC`; it is {early} or {late} there", values)
    else:
        wrong = Text("{time} is not there in {zone}: the clock is set forward past it", values)
        right = Text("write a time before or after that, or the entry with `timezone: UTC`", values)
    yield (key,), wrong, right


def ordered(one: Found, known: Known) -> Findings:
    """It begins before it ends."""
    zone = _zone(one, known)
    if one.item.start.replace(tzinfo=zone).astimezone(UTC) >= one.item.end.replace(tzinfo=zone).astimezone(UTC):
        yield ("to",), Text("it ends before it begins"), Text("`from` is the earlier, `to` the later time")


def _zone(one: Found, known: Known) -> ZoneInfo:
    """Return the zone in which an entry is written. Raises Unreadable where it is at fault itself."""
    name = one.item.timezone
    for province in known.contents.of("province"):
        name = name or province.item.timezone
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        raise Unreadable from None


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
