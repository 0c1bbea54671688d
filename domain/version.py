"""Which version of this program is at work, as it is kept beside what it decides."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def software() -> str:
    """Return the version that is installed; `unknown` where the program runs from a folder that nobody installed."""
    try:
        return version("quantrac")
    except PackageNotFoundError:
        return "unknown"
