"""What a path of the configuration leads to in a JSON value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.paths import Step, steps


@dataclass(frozen=True, slots=True)
class Found:
    """A value at the end of a path; `at` are the places that its `[*]` stood for, so that what belongs together is."""

    at: tuple[int, ...]
    value: Any


def find(value: Any, path: str) -> Iterator[Found]:
    """Yield all that `path` leads to in `value`; nothing where it leads nowhere."""
    yield from _walk(value, steps(path), ())


def _walk(value: Any, left: tuple[Step, ...], at: tuple[int, ...]) -> Iterator[Found]:
    if not left:
        yield Found(at, value)
        return
    step, rest = left[0], left[1:]
    if step is None:
        for place, one in enumerate(value if isinstance(value, list) else ()):
            yield from _walk(one, rest, (*at, place))
    elif isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _walk(value[step], rest, at)
    elif isinstance(value, list) and step < len(value):
        yield from _walk(value[step], rest, at)
