"""Which checks run, in which version, and how their flags become one."""

from domain.flag import Flag, Reason

# Raised whenever a check changes what it says, so that a flag tells which checks made it.
CHECKS_VERSION = 1


def flag_at_the_door(value: float | None, plausible: tuple[float, float]) -> tuple[Flag, Reason]:
    """Return flag and reason of one value by the checks that need no neighbours; `plausible` includes its ends."""
    if value is None:
        return Flag.MISSING, Reason.NONE
    low, high = plausible
    return (Flag.GOOD, Reason.NONE) if low <= value <= high else (Flag.FAIL, Reason.RANGE)
