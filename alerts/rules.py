"""What a rule says of one level: is it over, is it clear, and what keeps it from being more than advisory. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache

from domain.alert import AlertKind
from domain.limit import Bound, Clear
from domain.text import Text
from registry.limits import AppliedLimit
from registry.schema import Policies


@dataclass(frozen=True, slots=True)
class Level:
    """What a window (or a single reading, then `start == end`) comes to, and what it is held against.

    `value` is None where nothing counted. `bound` is None where no limit is in force. `valid`, `expected` and
    `suspect` count the level below, as in a rollup; `calibrating` counts what the instrument was calibrated in.
    `configuration` is the hash of the one that made the figure; 0 of a reading.
    """

    start: datetime
    end: datetime
    value: float | None
    bound: Bound | None
    valid: int = 1
    expected: int = 1
    suspect: int = 0
    calibrating: int = 0
    configuration: int = 0


class Standing(StrEnum):
    """How a level stands to its bound."""

    OVER = "over"
    BETWEEN = "between"  # within the limit, but not yet at the clear level
    CLEAR = "clear"
    UNKNOWN = "unknown"  # no value, or too few to say that it is within the limit
    FREE = "free"  # no limit is in force: nothing can be over


def standing(level: Level, share: float, policies: Policies) -> Standing:
    """Tell how `level` stands; one that equals the limit is not over, one that equals the clear level is clear.

    A level of too few values can be over (and is advisory), but it confirms nothing: not that an exceedance is past
    either.
    """
    if level.bound is None:
        return Standing.FREE
    if level.value is None:
        return Standing.UNKNOWN
    if level.bound.is_exceeded(level.value):
        return Standing.OVER
    if not is_captured(level, policies):
        return Standing.UNKNOWN
    return Standing.CLEAR if clear_level(level.bound, share).is_reached(level.value) else Standing.BETWEEN


@cache
def clear_level(bound: Bound, share: float) -> Clear:
    """Return where an exceedance of `bound` ends: `share` of an upper limit, its reciprocal of a lower one.

    A negative limit is moved inwards too. Two sides that would cross leave nothing in between to come back to, so
    the limit itself is the clear level then.
    """
    part = Decimal(repr(share))
    low = None if bound.low is None else _inwards(bound.low, part, upwards=True)
    high = None if bound.high is None else _inwards(bound.high, part, upwards=False)
    if low is not None and high is not None and low > high:
        return Clear(bound.low, bound.high)
    return Clear(low, high)


def _inwards(limit: float, share: Decimal, *, upwards: bool) -> float:
    # In decimals: 90 % of 135 is 121.5, and a level of exactly that is clear.
    exact = Decimal(repr(limit))
    grows = upwards == (limit > 0)
    return float(exact / share if grows else exact * share)


def excess(level: Level) -> float:
    """Return by how much a level is beyond its bound, in its unit; below 0 within it."""
    if level.value is None or level.bound is None:
        return float("-inf")
    above = float("-inf") if level.bound.high is None else level.value - level.bound.high
    below = float("-inf") if level.bound.low is None else level.bound.low - level.value
    return max(above, below)


def has_enough_data(level: Level, policies: Policies) -> bool:
    """Tell whether the data behind a level are enough to confirm an exceedance."""
    return not any(data_conditions(level, policies))


def is_captured(level: Level, policies: Policies) -> bool:
    """Tell whether as many values are valid as the department's policy asks for."""
    # An irregular series expects nothing, so nothing can be missing of it.
    return not level.expected or level.valid / level.expected >= policies.capture


def data_conditions(level: Level, policies: Policies) -> Iterator[Text]:
    """Yield each of the department's conditions on data that the level does not meet."""
    if not is_captured(level, policies):
        yield Text(
            "only {valid} of {expected} values are valid, the department's policy asks for {share} %",
            {"valid": level.valid, "expected": level.expected, "share": round(policies.capture * 100, 1)},
        )


def doubts(levels: Iterable[Level], policies: Policies) -> tuple[Text, ...]:
    """Return what speaks against the instrument in the newest of `levels` in which anything does.

    It keeps no exceedance from being one: a real discharge looks like a spike. A person has to look at it.
    """
    found = [one for one in levels if one.valid and one.suspect / one.valid > policies.suspect_share]
    return tuple(
        Text("{suspect} of {valid} values are suspect: check the instrument",
             {"suspect": one.suspect, "valid": one.valid})
        for one in found[-1:]
    )  # fmt: skip


def unmet_conditions(limit: AppliedLimit | None, levels: Iterable[Level], policies: Policies) -> tuple[Text, ...]:
    """Return everything that keeps an exceedance from being one of a confirmed limit, in words; () where nothing does.

    `limit` is None for the department's own threshold, which is always advisory. `levels` are the windows that made
    the alert fire.
    """
    if limit is None:
        return (Text("it is the department's own threshold, not a limit of a regulation"),)
    # Of several poor windows the last is named: one sentence is enough to say what is lacking.
    lacking = [tuple(data_conditions(level, policies)) for level in levels]
    return (*limit.unmet, *next((found for found in reversed(lacking) if found), ()))


def kind_of(limit: AppliedLimit | None, *, sure: bool) -> AlertKind:
    """Return whether an alert may be called an exceedance; `sure`: the windows of its hold had enough data."""
    return AlertKind.OVER if limit is not None and limit.confirmed and sure else AlertKind.ADVISORY
