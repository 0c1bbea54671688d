"""How the configuration names a place in a JSON body: `a.b`, `a[0].b`, `a[*].b`, `"PM2.5".value`."""

import re
from functools import lru_cache
from typing import TypeAlias

_STEP = re.compile(r'(?:^|\.)(?:"(?P<quoted>[^"]*)"|(?P<key>[^.\[\]"]+))|\[(?P<index>\d+|\*)\]')

# A key, a place in a list, or (None) every place in a list.
Step: TypeAlias = str | int | None


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of `path`. Raises ValueError where it is no path."""
    found: list[Step] = []
    position = 0
    while (match := _STEP.match(path, position)) is not None:
        found.append(_step(match))
        position = match.end()
    if not found or position < len(path):
        raise ValueError(
            'a path is keys with dots between them, [0] or [*] for places in a list, "…" around a key with a dot'
        )
    return tuple(found)


def _step(found: re.Match[str]) -> Step:
    if (index := found["index"]) is not None:
        return None if index == "*" else int(index)
    return found["quoted"] if found["quoted"] is not None else found["key"]


def checked(path: str) -> str:
    """Return `path` as it is. Raises ValueError where it is no path."""
    steps(path)
    return path
