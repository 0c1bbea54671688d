"""SQL stands apart: each `.sql` file holds named statements, a name and a sentence above each."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- ([a-z_]+)$", re.MULTILINE)


@cache
def statements(file: str) -> dict[str, str]:
    """Return the statements of `storage/<file>` by their names."""
    parts = _NAME.split((files("storage") / file).read_text("utf-8"))
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
