"""What is wrong with a configuration: every fault with its file, line and key, and what would be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from domain.text import QuantracError, Text


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `key` is where it stands: `stations[NT-DH1-03].parameters[0].id`."""

    file: str
    line: int | None
    key: str
    wrong: Text
    right: Text


class ConfigurationError(QuantracError):
    """A configuration with faults; all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults, in the order of files and lines."""
        self.faults = tuple(sorted(faults, key=lambda one: (one.file, one.line or 0, one.key)))
        super().__init__(
            Text("The configuration has {count} faults; `quantrac check-config` lists them.", {"count": len(faults)})
        )


class Wrong(ValueError):
    """A value that cannot stand where it does, with what would be right."""

    def __init__(self, wrong: Text, right: Text) -> None:
        """Keep both sentences."""
        super().__init__(str(wrong))
        self.wrong, self.right = wrong, right


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that `word` was probably meant to be, whatever the case."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None
