"""Figures, their units and whether an instrument can show them."""

from collections.abc import Collection
from typing import Any, get_args

from domain.text import Text
from registry.checks.known import Findings, Known, plain
from registry.contents import Found
from registry.index_units import GASES_IN_PPB, INDEX_UNITS
from registry.units import normal
from registry.values import StationKind


def parameter(one: Found, known: Known) -> Findings:
    """It is one of those that are described."""
    yield from known.refer("parameters", one.item.parameter, "parameter")


def unit(one: Found, known: Known) -> Findings:
    """A unit is one in which its parameter can come."""
    yield from fits(known, one.item.parameter, one.item.unit, "unit")


def unit_at_station(one: Found, known: Known) -> Findings:
    """A unit is one in which its parameter can come."""
    yield from fits(known, one.item.id, one.item.unit, "unit")


def fits(known: Known, name: str, written: str | None, *place: str | int) -> Findings:
    """Find fault with a unit in which the parameter `name` cannot come."""
    units = known.units.get(name)
    if units is not None and written is not None and units.find(written) is None:
        names = ", ".join(sorted(one.unit or "–" for one in units.values()))
        yield (
            place, Text("`{unit}` is no unit of `{id}`", {"unit": written, "id": name}),
            Text("possible: {names} (`accepts` in parameters.yaml)", {"names": names}),
        )  # fmt: skip


def has_figure(one: Found, _: Known) -> Findings:
    """A bound without a figure bounds nothing."""
    if one.item.at_most is None and one.item.at_least is None:
        yield (), Text("there is no figure"), Text("write `at_most`, `at_least` or both")


def missing_or_figure(one: Found, _: Known) -> Findings:
    """A row without a figure says so, and only such a row."""
    none = one.item.at_most is None and one.item.at_least is None
    if none and one.item.confidence != "MISSING":
        yield (
            (), Text("there is no figure"),
            Text("write `at_most`, `at_least` or both; if it has not been obtained, `confidence: MISSING`"),
        )  # fmt: skip
    if not none and one.item.confidence == "MISSING":
        yield (
            ("confidence",), Text("it is MISSING, and has a figure"),
            Text("say where the figure comes from (V2, S1, MEM), or remove it"),
        )  # fmt: skip


def rising(one: Found, _: Known) -> Findings:
    """Something lies between the bounds."""
    low, high = one.item.at_least, one.item.at_most
    if low is not None and high is not None and low >= high:
        yield (
            ("at_least",), Text("`at_least` {low} is not below `at_most` {high}", {"low": plain(low), "high": plain(high)}),
            Text("exchange them, or keep one"),
        )  # fmt: skip


def plausible(one: Found, known: Known) -> Findings:
    """A limit beyond what an instrument can show is never exceeded."""
    yield from beyond(known, one.item, one.item.parameter, one.around.kinds)


def plausible_permit(one: Found, known: Known) -> Findings:
    """The same, at the stations of the facility."""
    stations = known.items("stations").values()
    kinds = {station.kind for station in stations if station.facility == one.around.id}
    yield from beyond(known, one.item, one.item.parameter, kinds)


def beyond(known: Known, bound: Any, name: str, kinds: Collection[Any], *place: str | int) -> Findings:
    """Find fault with figures beyond what is plausible at each of `kinds` of station (empty: at every kind)."""
    found, into = known.items("parameters").get(name), known.unit(name, bound.unit)
    if found is None or into is None:
        return
    ranges = [found.plausible_for(kind) for kind in kinds or get_args(StationKind)]
    low, high = min(one[0] for one in ranges), max(one[1] for one in ranges)
    for key in ("at_most", "at_least"):
        written = getattr(bound, key)
        if written is not None and not low <= into.into(written) <= high:
            least, most = into.back(low), into.back(high)
            yield (
                (*place, key), Text("{value} {unit} lies beyond what is plausible for `{id}`",
                                    {"value": plain(written), "unit": bound.unit, "id": name}),
                Text("between {low} and {high} {unit} (`plausible` in parameters.yaml)",
                     {"low": plain(least), "high": plain(most), "unit": bound.unit}),
            )  # fmt: skip


def molar_mass(one: Found, _: Known) -> Findings:
    """Only a gas has parts per billion, and what its formula says is not said again."""
    if one.item.molar_mass is None:
        return
    if normal(one.item.unit) not in {"ug/m3", "mg/m3"}:
        yield (
            ("molar_mass",), Text("a molar mass belongs to a gas in ug/m3 or mg/m3"),
            Text("change the unit, or remove molar_mass"),
        )  # fmt: skip
    elif one.item.formula is not None:
        yield ("molar_mass",), Text("the molar mass follows from `formula`"), Text("keep one of the two")


def reckoned(one: Found, _: Known) -> Findings:
    """What a unit is reckoned as is told apart from what the parameter is."""
    for index, unit in enumerate(one.item.accepts):
        if unit.formula is not None and one.item.formula is None:
            yield (
                ("accepts", index, "formula"), Text("`{key}` of the parameter itself is missing", {"key": "formula"}),
                Text("write as what the parameter is reckoned, such as `formula: N`"),
            )  # fmt: skip


def state(one: Found, known: Known) -> Findings:
    """Only a gas is more or less by its temperature."""
    units = known.units.get(one.item.id)
    if one.item.state is None or units is None:
        return
    if one.around.medium != "air" or not any("nm3" in name for name in units):
        yield (
            ("state",), Text("`{id}` has no state: it is no gas by volume", {"id": one.item.id}),
            Text("remove it"),
        )  # fmt: skip


def index_unit(one: Found, known: Known) -> Findings:
    """An index reads its parameters in the unit of its scale: another would be taken for it."""
    for index in known.indices:
        unit = INDEX_UNITS[index].get(one.item.id)
        if unit is not None and normal(one.item.unit) != normal(unit):
            values = {"index": index, "id": one.item.id, "unit": unit or "–"}
            yield (
                ("unit",),
                Text("the index {index} reads `{id}` in {unit}", values),
                Text("write {unit}", {"unit": unit or '""'}),
            )


def index_molar_mass(one: Found, known: Known) -> Findings:
    """The US AQI takes gases in ppb."""
    if "us_aqi" in known.indices and one.item.id in GASES_IN_PPB and not (one.item.molar_mass or one.item.formula):
        yield (
            (), Text("the index us_aqi takes `{id}` in ppb, for which its molar mass is missing", {"id": one.item.id}),
            Text("write its `formula`, or molar_mass in g/mol"),
        )  # fmt: skip


def accepted_units(one: Found, _: Known) -> Findings:
    """No unit means two things."""
    seen: dict[str, tuple[float, str | None]] = {normal(one.item.unit): (1.0, None)}
    for index, unit in enumerate(one.item.accepts):
        means = (unit.factor, None if unit.formula == one.item.formula else unit.formula)
        if seen.setdefault(normal(unit.unit), means) != means:
            yield (
                ("accepts", index), Text("`{unit}` has another factor already", {"unit": unit.unit}),
                Text("keep one; the canonical unit has the factor 1"),
            )  # fmt: skip
