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


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be."""
    found = get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return found[0] if found else None
