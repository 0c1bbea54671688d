"""What the checks ask of the other items: which ids there are, and what stands behind one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import combinations
from typing import Any, TypeAlias

from domain.text import Text
from registry.contents import Contents
from registry.faults import nearest
from registry.formats import Format
from registry.partial import Unreadable
from registry.schema import AcceptedUnit, Box, GasState, IndexId, Policies
from registry.source import Place
from registry.units import NORMAL, Units

# Where inside the item it stands, what is wrong, what would be right.
Finding: TypeAlias = tuple[Place, Text, Text]
Findings: TypeAlias = Iterator[Finding]

WORLD = Box(south=-90, north=90, west=-180, east=180)
_FEW = 60
# How near a word must be to be taken for another without asking.
_SURELY = 0.8
_FOREVER = (date.min, date.max)
_FILES = {
    "areas": "areas.yaml", "facilities": "facilities.yaml", "parameters": "parameters.yaml",
    "stations": "stations.yaml", "regulations": "regulations/", "teams": "teams.yaml", "people": "teams.yaml",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """The whole configuration, as far as it can be read."""

    contents: Contents
    today: date | None = None  # None: nothing is judged by it
    formats: Mapping[str, Format] = field(default_factory=dict)  # empty: no decoder is judged by them

    def items(self, key: str) -> Mapping[str, Any]:
        """Return the items under a top key by id; those whose id cannot be read are left out."""
        return self._items[key]

    @cached_property
    def _items(self) -> Mapping[str, Mapping[str, Any]]:
        return {key: dict(_with_ids(self.contents, key)) for key in _FILES}

    @cached_property
    def _ids(self) -> Mapping[str, set[str] | None]:
        return {
            key: None if key in self.contents.unknown else set(self._items[key]) | set(_written_ids(self.contents, key))
            for key in _FILES
        }

    @cached_property
    def units(self) -> Mapping[str, Units]:
        """The units in which each parameter may come, by their normal spelling."""
        found: dict[str, Units] = {}
        for name, parameter in self._items["parameters"].items():
            with suppress(Unreadable):
                found[name] = Units(parameter, self.reference_state)
        return found

    def unit(self, parameter: str, written: str) -> AcceptedUnit | None:
        """Return the unit of a parameter that is written so, if there is one."""
        units = self.units.get(parameter)
        return None if units is None else units.find(written)

    @cached_property
    def reference_state(self) -> GasState | None:
        """What a Nm³ is now."""
        for one in self.contents.of("province"):
            with suppress(Unreadable):
                return one.item.reference_state[-1] if one.item.reference_state else None
        return NORMAL

    @cached_property
    def box(self) -> Box:
        """The province's box; the whole world where it is itself at fault."""
        for one in self.contents.of("province.box"):
            if isinstance(one.item, Box):
                return one.item
        return WORLD

    @cached_property
    def indices(self) -> tuple[IndexId, ...]:
        """The indices that are made."""
        for one in self.contents.of("province"):
            with suppress(Unreadable):
                return tuple(one.item.indices)
        return ()

    @cached_property
    def unstated(self) -> str:
        """With what a limit is compared whose text names no averaging."""
        for one in self.contents.of("province.policies"):
            with suppress(Unreadable):
                return str(one.item.unstated_averaging)
        return str(Policies().unstated_averaging)

    def limited_by(self, limit: Any) -> set[str]:
        """Return the parameters that are compared with a limit: its own, or those that hold it at a reference oxygen."""
        if not limit.needs_reference_o2:
            return {limit.parameter}
        found = self.items("parameters").items()
        return {limit.parameter, *(name for name, one in found if _corrects(one, limit.parameter))}

    def refer(self, key: str, target: str | None, *place: str | int) -> Findings:
        """Find fault with a reference to nothing; none if the file that would hold it cannot be read."""
        names = self._ids[key]
        if target is None or names is None or target in names:
            return
        if nearest(target, names - set(self._items[key]), _SURELY) is not None:
            return  # that id is at fault itself: mended, it may be the one
        file = _FILES[key]
        yield place, Text("there is no `{id}` in {file}", {"id": target, "file": file}), suggestion(target, names, file)


def _corrects(parameter: Any, of: str) -> bool:
    with suppress(Unreadable):
        return parameter.derived is not None and (parameter.derived.kind, parameter.derived.of) == ("corrected", of)
    return False


def suggestion(target: str, names: set[str], file: Text | str) -> Text:
    """Return what could have been meant by `target`."""
    near = nearest(target, names)
    if near is not None:
        return Text("did you mean `{near}`?", {"near": near})
    if 0 < len(names) <= _FEW:
        return Text("possible: {names}", {"names": ", ".join(sorted(names))})
    return Text("write it in {file}, or name one that is there", {"file": file})


def _with_ids(contents: Contents, key: str) -> Iterator[tuple[str, Any]]:
    for one in contents.of(key):
        with suppress(Unreadable):
            yield one.item.id, one.item


def _written_ids(contents: Contents, key: str) -> Iterator[str]:
    # An id that is itself at fault: referring to it is no second fault.
    for source in contents.sources:
        listed = source.content.get(key) if isinstance(source.content, dict) else None
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and "id" in one:
                yield str(one["id"])


def span(item: Any) -> tuple[date, date]:
    """Return first day and first day after; the ends of the calendar where they are open."""
    return item.valid_from or _FOREVER[0], item.valid_to or _FOREVER[1]


def overlap(*items: Any) -> bool:
    """Tell whether there is a day on which all of them hold."""
    starts, ends = zip(*(span(item) for item in items), strict=True)
    return bool(max(starts) < min(ends))


def pairs(items: Any, judge: Callable[[Any, Any, int], Findings]) -> Findings:
    """Find fault with pairs: `judge` gets two items and the place of the second. What cannot be read is passed over."""
    for (_, first), (index, second) in combinations(enumerate(items), 2):
        with suppress(Unreadable):
            yield from judge(first, second, index)


def plain(value: float) -> str:
    """Return a figure as it is written in a file: without a needless `.0`, and without what binary adds."""
    return str(int(value)) if value == int(value) else f"{value:.12g}"
