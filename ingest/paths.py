"""What a path of the configuration leads to in a JSON value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.paths import Step, Where, steps


@dataclass(frozen=True, slots=True)
class Found:
    """A value at the end of a path; `at` are the places in lists that its `[*]` and `[key=value]` stood for.

    By them a value is matched with its time.
    """

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
    if step is None or isinstance(step, Where):
        yield from _among(value, step, rest, at)
    elif isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _walk(value[step], rest, at)
    elif isinstance(value, list) and step < len(value):
        yield from _walk(value[step], rest, at)


def _among(value: Any, where: Where | None, rest: tuple[Step, ...], at: tuple[int, ...]) -> Iterator[Found]:
    if isinstance(value, list):
        for place, one in enumerate(value):
            if where is None or _is_such(one, where):
                yield from _walk(one, rest, (*at, place))
    elif where is not None and _is_such(value, where):
        yield from _walk(value, rest, at)


def _is_such(value: Any, where: Where) -> bool:
    found = value.get(where.key) if isinstance(value, dict) else None
    if isinstance(found, bool):
        found = str(found).lower()
    return isinstance(found, str | int | float) and str(found) == where.value
