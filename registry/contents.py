"""What was read from the files: every item with where it stands, a faulty one with what of it can be read."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from registry.faults import Fault
from registry.partial import Unreadable
from registry.source import Place, Source


@dataclass(frozen=True, slots=True)
class Found:
    """One item (a Partial if it is not right by itself), where it stands, and what it is a part of."""

    item: Any
    source: Source
    place: Place
    inside: "Found | None" = None

    @property
    def around(self) -> Any:
        """The item of which it is a part. Raises Unreadable where it is none."""
        if self.inside is None:
            raise Unreadable
        return self.inside.item


class Contents:
    """Everything that was read, by top key, in the order of the files."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.found: dict[str, list[Found]] = {}
        self.sources: list[Source] = []
        # Top keys of which a file could not be read, so that nobody can say what it holds.
        self.unknown: set[str] = set()

    def of(self, path: str) -> Iterator[Found]:
        """Yield the items under `path`: a top key, or parts of its items (`stations.parameters`)."""
        key, *below = path.split(".")
        found: Iterable[Found] = self.found.get(key, ())
        for part in below:
            found = _parts(found, part)
        yield from found

    @property
    def faults(self) -> list[Fault]:
        """Return every fault noted so far."""
        return [fault for source in self.sources for fault in source.faults]


def _parts(found: Iterable[Found], key: str) -> Iterator[Found]:
    for one in found:
        parts: Any = ()
        with suppress(Unreadable):
            parts = getattr(one.item, key)
        if isinstance(parts, tuple):
            for index, part in enumerate(parts):
                yield Found(part, one.source, (*one.place, key, index), one)
        elif parts is not None:
            yield Found(parts, one.source, (*one.place, key), one)
