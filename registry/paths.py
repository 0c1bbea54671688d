"""How the configuration names a place in a JSON body: `a.b`, `a[0].b`, `a[*].b`, `"PM2.5".value`, `a[type=P1].value`."""

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

_STEP = re.compile(
    r"""(?:^|\.)(?:"(?P<quoted_key>[^"]*)"|(?P<key>[^.\[\]"]+))
    |\[(?P<index>\d+|\*)\]
    |\[(?:"(?P<quoted_where>[^"]*)"|(?P<where>[^=\[\]"]+))=(?:"(?P<quoted_value>[^"]*)"|(?P<value>[^=\[\]"]*))\]""",
    re.VERBOSE,
)


class Where(NamedTuple):
    """Goes on where `key` has the value `value`: in each such place of a list, or in an object that is such."""

    key: str
    value: str


# A key, a place in a list, what has a certain value, or (None) every place in a list.
Step: TypeAlias = str | int | Where | None


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
            "a path is keys with dots between them, [0] or [*] for places in a list, [key=value] for those with that "
            'value, "…" around a key with a dot'
        )
    return tuple(found)


def _step(found: re.Match[str]) -> Step:
    if (index := found["index"]) is not None:
        return None if index == "*" else int(index)
    if (where := _word(found, "where")) is not None:
        return Where(where, _word(found, "value") or "")
    return _word(found, "key")


def _word(found: re.Match[str], name: str) -> str | None:
    quoted: str | None = found[f"quoted_{name}"]
    return quoted if quoted is not None else found[name]


def checked(path: str) -> str:
    """Return `path` as it is. Raises ValueError where it is no path."""
    steps(path)
    return path
