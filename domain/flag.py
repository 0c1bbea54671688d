"""QARTOD flags, and which one wins.

Source: U.S. IOOS, Manual for the Use of Real-Time Oceanographic Data Quality Control Flags, v1.2.
"""

from collections.abc import Iterable
from enum import IntEnum, IntFlag


class Flag(IntEnum):
    """What quality control says of a reading; the numbers are QARTOD's."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Reason(IntFlag):
    """Which checks, calendars and people spoke of a reading; kept as bits beside its flag, never renumbered."""

    NONE = 0
    RANGE = 1
    SUSPECT_RANGE = 2
    SPIKE = 4
    RATE = 8
    FLAT = 16
    ATTENUATED = 32
    GAP = 64
    CLIMATOLOGY = 128
    CROSS = 256
    NEIGHBOURS = 512
    PINNED = 1024
    OWN_STEP = 2048
    COMPANION = 4096
    MAINTENANCE = 8192
    FAULT_CALENDAR = 16384
    OVERRIDE = 32768
    OWN_LEVEL = 65536
    UNSTEADY = 131072
    STUCK = 262144
    # Why a derived value was not computed; apart from the checks, which may become more.
    NO_OXYGEN = 16777216
    OXYGEN_CUT_OFF = 33554432
    NO_REFERENCE_O2 = 67108864
    NO_FLOW = 134217728
    NO_GAS_STATE = 268435456


NOT_COMPUTED = (
    Reason.NO_OXYGEN | Reason.OXYGEN_CUT_OFF | Reason.NO_REFERENCE_O2 | Reason.NO_FLOW | Reason.NO_GAS_STATE
)  # fmt: skip


# A real discharge looks like a spike: what a check suspects still counts, what it failed does not.
COUNTED = frozenset({Flag.GOOD, Flag.NOT_EVALUATED, Flag.SUSPECT})

_WORST_FIRST = (Flag.MISSING, Flag.FAIL, Flag.SUSPECT, Flag.GOOD, Flag.NOT_EVALUATED)


# Each bit alone, with the name that it has in files.
REASON_NAMES = {reason: str(reason.name).lower() for reason in Reason}


def reasons_in(bits: int) -> list[Reason]:
    """Return the reasons that `bits` hold, in the order of their numbers; bits of a newer version are passed over."""
    return [reason for reason in Reason if bits & reason]


def worst(flags: Iterable[Flag]) -> Flag:
    """Return the flag that wins: missing, fail, suspect, good, not evaluated, in this order."""
    found = set(flags)
    return next((flag for flag in _WORST_FIRST if flag in found), Flag.NOT_EVALUATED)
