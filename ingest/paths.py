"""Paths into a JSON value: dots between keys, `[n]` and `[*]` for arrays, quotes around a key that holds a dot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

_STEP = re.compile(r'(?:^|\.)(?:"(?P<quoted>[^"]*)"|(?P<key>[^.\[\]"]+))|\[(?P<index>\d+|\*)\]')
_EVERY = None

Step: TypeAlias = str | int | None  # a key, a place in an array, every place in an array


@dataclass(frozen=True, slots=True)
class Found:
    """A value at the end of a path; `at` are the places that its `[*]` stood for, so that what belongs together is."""

    at: tuple[int, ...]
    value: Any


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    """Return the steps of `path`. Raises ValueError where it is not a path."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None or found.end() == position:
            raise ValueError(f"not a path from character {position + 1}: {path}")
        steps.append(_step(found))
        position = found.end()
    if not steps:
        raise ValueError("an empty path")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if (index := found["index"]) is not None:
        return _EVERY if index == "*" else int(index)
    return found["quoted"] if found["quoted"] is not None else found["key"]


def find(value: Any, path: str) -> Iterator[Found]:
    """Yield all that `path` leads to in `value`; nothing where it leads nowhere."""
    yield from _walk(value, parse(path), ())


def _walk(value: Any, steps: tuple[Step, ...], at: tuple[int, ...]) -> Iterator[Found]:
    if not steps:
        yield Found(at, value)
        return
    step, rest = steps[0], steps[1:]
    if step is _EVERY:
        for place, one in enumerate(value if isinstance(value, list) else ()):
            yield from _walk(one, rest, (*at, place))
    elif isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _walk(value[step], rest, at)
    elif isinstance(value, list) and step < len(value):
        yield from _walk(value[step], rest, at)
