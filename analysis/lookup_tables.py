"""Tables of indices, as data with their source."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def table(name: str) -> dict[str, Any]:
    """Return the table `analysis/tables/<name>.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load((files("analysis") / "tables" / f"{name}.yaml").read_text("utf-8"))
    return loaded
