"""What is computed rather than measured, and meters: whether everything that it needs is there."""

from collections.abc import Iterator
from typing import Any

from domain.text import Text
from registry.checks.known import Findings, Known
from registry.contents import Found
from registry.schema import Derivation, ParameterKind
from registry.units import normal

_MASSES = frozenset({"mg/l", "mg/m3", "ug/m3"})


def source(one: Found, known: Known) -> Findings:
    """What it is computed from is described, and measured itself."""
    derived = one.item.derived
    if derived is None:
        return
    yield from known.refer("parameters", derived.of, "derived", "of")
    of = known.items("parameters").get(derived.of)
    if of is not None and of.derived is not None:
        yield (
            ("derived", "of"), Text("`{id}` is itself computed", {"id": derived.of}),
            Text("name the parameter that is measured"),
        )  # fmt: skip
    elif of is not None:
        yield from _unit(one.item, of)


def _unit(item: Any, of: Any) -> Findings:
    if item.derived.kind == "corrected" and (normal(item.unit), item.kind) != (normal(of.unit), ParameterKind.LEVEL):
        yield (
            ("unit",), Text("a corrected value is a level in the unit of what it is computed from"),
            Text("write `unit: {unit}`", {"unit": of.unit}),
        )  # fmt: skip
    if item.derived.kind == "load" and (normal(item.unit), item.kind) != ("kg", ParameterKind.AMOUNT):
        yield ("unit",), Text("a load is an amount in kg"), Text("write `unit: kg` and `kind: amount`")
    if item.derived.kind == "load" and normal(of.unit) not in _MASSES:
        yield (
            ("derived", "of"), Text("`{id}` is no mass by volume, so there is no load of it", {"id": of.id}),
            Text("possible: {names}", {"names": "mg/L, mg/m3, ug/m3"}),
        )  # fmt: skip


def speed(one: Found, known: Known) -> Findings:
    """Only a direction depends on a speed, and that is described."""
    if one.item.speed is not None and one.item.kind is not ParameterKind.DIRECTION:
        yield ("speed",), Text("`{id}` is no direction", {"id": one.item.id}), Text("remove it")
    yield from known.refer("parameters", one.item.speed, "speed")


def at_station(one: Found, known: Known) -> Findings:
    """The station measures all that it is computed from, and says nothing of it that only what is measured has."""
    parameter = known.items("parameters").get(one.item.id)
    if parameter is None:
        return
    if parameter.derived is None:
        if one.item.derived is not None:
            yield (
                ("derived",), Text("`{id}` is measured, not computed", {"id": one.item.id}),
                Text("remove it; `derived` in parameters.yaml says what is computed"),
            )  # fmt: skip
        return
    yield from _only_measured(one.item)
    there = {measured.id: measured for measured in one.around.parameters}
    settings = one.item.derived or Derivation()
    for name, units, place in _needed(parameter, settings):
        yield from _is_there(one, known, there, (name, units, place))
    of = there.get(parameter.derived.of)
    if of is not None and of.irregular and parameter.derived.kind == "load":
        yield (
            (), Text("`{id}` has no interval, so nobody knows for how long its flow is meant", {"id": of.id}),
            Text("remove it, or give `{id}` an interval", {"id": of.id}),
        )  # fmt: skip
    if parameter.derived.kind == "corrected":
        yield from _correction(one, known, settings)


def _only_measured(item: Any) -> Findings:
    for key, unset in (("interval", None), ("irregular", False), ("unit", None), ("state", None)):
        if getattr(item, key) != unset:
            yield (
                (key,), Text("`{id}` is computed: it has no `{key}` of its own", {"id": item.id, "key": key}),
                Text("remove it"),
            )  # fmt: skip


def _needed(parameter: Any, settings: Derivation) -> Iterator[tuple[str, frozenset[str], tuple[str, ...]]]:
    """Yield each parameter that is needed, the units that it may have (none: any), and the key that names it."""
    yield parameter.derived.of, frozenset(), ()
    if parameter.derived.kind == "corrected":
        yield settings.oxygen, frozenset({"%"}), ("derived", "oxygen")
    else:
        yield settings.flow, frozenset({"m3/h", "m3"}), ("derived", "flow")
    units = {"temperature": "degc", "pressure": "hpa", "moisture": "%"}
    for key, unit in units.items():
        name = getattr(settings.gas, key)
        if isinstance(name, str):
            yield name, frozenset({unit}), ("derived", "gas", key)


def _is_there(
    one: Found, known: Known, there: dict[str, Any], needed: tuple[str, frozenset[str], tuple[str, ...]]
) -> Findings:
    name, units, place = needed
    found = known.items("parameters").get(name)
    written = one.item.derived.model_fields_set if one.item.derived is not None else set()
    where = place if set(place[1:2]) & written else ()
    if name not in there:
        yield (
            where, Text("`{id}` is computed from `{name}`, which the station does not measure",
                        {"id": one.item.id, "name": name}),
            Text("add `{name}` to its parameters, or remove `{id}`", {"id": one.item.id, "name": name}),
        )  # fmt: skip
    elif found is not None and units and normal(found.unit) not in units:
        yield (
            where, Text("`{name}` is kept in {unit}, which does not fit", {"name": name, "unit": found.unit}),
            Text("possible: {names}", {"names": ", ".join(sorted(units))}),
        )  # fmt: skip


def _correction(one: Found, known: Known, settings: Derivation) -> Findings:
    if settings.oxygen_wet and settings.gas.moisture is None:
        yield (
            ("derived", "oxygen_wet"), Text("oxygen in wet gas cannot be brought to dry gas without its moisture"),
            Text("write `moisture` below `gas:`, a number or the parameter that measures it"),
        )  # fmt: skip
    if settings.gas.pressure is not None and settings.gas.temperature is None:
        yield (
            ("derived", "gas", "pressure"), Text("`{key}` is missing", {"key": "temperature"}),
            Text("write both, or neither"),
        )  # fmt: skip
    plant = known.items("facilities").get(one.around.facility or "")
    stated = plant is not None and any(applies.reference_o2 is not None for applies in plant.applies)
    if one.around.kind != "stack" or not (stated or "facilities" in known.contents.unknown):
        yield (
            (), Text("there is no reference oxygen to which `{id}` could be corrected", {"id": one.item.id}),
            Text("write `reference_o2` of the licence below `applies` of the stack's facility, or remove `{id}`",
                 {"id": one.item.id}),
        )  # fmt: skip


def meter(one: Found, known: Known) -> Findings:
    """Only a meter is exchanged, and what it shows lies within what it can show."""
    parameter = known.items("parameters").get(one.item.id)
    if one.item.meter is None or parameter is None:
        return
    if parameter.kind is not ParameterKind.COUNTER:
        yield ("meter",), Text("`{id}` is no meter", {"id": one.item.id}), Text("remove it, or write `kind: counter`")
    moments = [entry.at for entry in one.item.meter.replaced]
    for index, entry in enumerate(one.item.meter.replaced):
        place = ("meter", "replaced", index, "at")
        if entry.at.tzinfo is None:
            yield place, Text("a moment needs its offset"), Text("such as `2026-03-01T08:00:00+07:00`")
        elif entry.at in moments[:index]:
            yield place, Text("the meter was exchanged twice at one moment"), Text("keep one of them")
