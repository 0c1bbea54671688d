"""What was read from the files: items that are right by themselves, and where each stands."""

from dataclasses import dataclass
from typing import Any

from registry.faults import Fault
from registry.schema import Province
from registry.source import Place, Source


@dataclass(frozen=True, slots=True)
class Found:
    """One item that is right by itself, and where it stands."""

    item: Any
    source: Source
    place: Place


class Contents:
    """Everything that was read, by top key, in the order of the files."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.province: Province | None = None
        self.province_source: Source | None = None
        self.found: dict[str, list[Found]] = {}
        self.sources: list[Source] = []

    def of(self, key: str) -> list[Found]:
        """Return the items under `key`."""
        return self.found.get(key, [])

    @property
    def faults(self) -> list[Fault]:
        """Return every fault noted so far."""
        return [fault for source in self.sources for fault in source.faults]
