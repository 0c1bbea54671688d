"""What InfluxDB is asked: InfluxQL that 1.x, 2.x and openGemini answer alike, one statement at a time."""

from collections.abc import Iterable, Sequence

from domain.moment import micros
from domain.window import Window

# InfluxDB counts nanoseconds from 1970 in 64 bits, with a few at both ends for itself.
_EARLIEST, _LATEST = -9_223_372_036_854_775, 9_223_372_036_854_775


# What leaves one row of each series.
OLDEST, NEWEST = "ORDER BY time ASC LIMIT 1", "ORDER BY time DESC LIMIT 1"


def select(fields: Sequence[str], measurement: str, conditions: Iterable[str], *, only: str = "") -> str:
    """Return the question for `fields`, one series for each station and parameter; `only` is OLDEST or NEWEST."""
    parts = ["SELECT", ", ".join(name(one) for one in fields), "FROM", name(measurement)]
    parts += ["WHERE", " AND ".join(one for one in conditions if one), 'GROUP BY "station", "parameter"']
    return " ".join([*parts, only] if only else parts)


def count(field: str, measurement: str) -> str:
    """Return the question for how many points have `field`."""
    return " ".join(["SELECT", f"count({name(field)})", "FROM", name(measurement)])


def within(window: Window) -> str:
    """Return the condition that the time is in `window`: after its start, up to and including its end."""
    start, end = (min(max(micros(one), _EARLIEST), _LATEST) for one in (window.start, window.end))
    return f"time > {start}u AND time <= {end}u"


def one_of(tag: str, values: Iterable[str]) -> str:
    """Return the condition that `tag` has one of `values`."""
    return f"({' OR '.join(f'{name(tag)} = {text(one)}' for one in sorted(set(values)))})"


def name(identifier: str) -> str:
    """Return an identifier, quoted."""
    return '"' + _escaped(identifier).replace('"', '\\"') + '"'


def text(value: str) -> str:
    """Return a string, quoted."""
    return "'" + _escaped(value).replace("'", "\\'") + "'"


def _escaped(raw: str) -> str:
    return raw.replace("\\", "\\\\").replace("\n", "\\n")
