"""What a decoder says of itself, so that the keys of a station's decoder can be checked against it.

The decoders are in `ingest`, which this package may not know: whoever loads a configuration hands their list in.
"""

from dataclasses import dataclass

from domain.text import Text


@dataclass(frozen=True, kw_only=True)
class Format:
    """A payload format. `reads` says which, to a person.

    `takes` are the keys of a station's decoder that it looks at (`name` apart): any other is a fault there. Of each
    group in `needs` at least one must be written.
    """

    reads: Text
    takes: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
