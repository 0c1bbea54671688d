"""What values of the configuration are made of: names, durations, spans, and the frozen, closed model of them all."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from domain.text import Text
from registry.faults import Wrong

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
StationKind = Literal["air", "stack", "outfall", "surface_water", "waste"]

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*$")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def duration(written: object) -> timedelta:
    """Return the duration that `written` (`5 min`, `1 h`, `60 d`) names. Raises Wrong."""
    if isinstance(written, timedelta):
        return written
    found = _DURATION.match(written) if isinstance(written, str) else None
    if found is None:
        raise Wrong(
            Text("a duration is expected, this is `{found}`", {"found": str(written)}),
            Text("a duration is a number and s, min, h or d, such as `5 min`"),
        )
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def _some_time(found: timedelta) -> timedelta:
    if found <= timedelta(0):
        raise Wrong(Text("it must be longer than nothing"), Text("such as `5 min`"))
    return found


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise Wrong(
            Text("the first number must be below the second"),
            Text("write [lowest, highest]"),
        )
    return pair


def _lengthening(pair: tuple[timedelta, timedelta]) -> tuple[timedelta, timedelta]:
    if pair[0] > pair[1]:
        raise Wrong(Text("the first duration is longer than the second"), Text("write [shortest, longest]"))
    return pair


Duration = Annotated[timedelta, BeforeValidator(duration)]
# A check that looks over no time looks at nothing.
SomeTime = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_some_time)]
Span = Annotated[tuple[float, float], AfterValidator(_rising)]
DurationSpan = Annotated[tuple[Duration, Duration], AfterValidator(_lengthening)]


class Strict(BaseModel):
    """Frozen and closed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False, use_attribute_docstrings=True
    )
