"""How much is measured, and who hears how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# Called with what is being done, and the share of the round that is done.
Told: TypeAlias = Callable[[str, float], object]


@dataclass(frozen=True, slots=True)
class Size:
    """`messages` wait at the broker in each of `rounds`; `live` messages are followed one by one."""

    rounds: int
    messages: int
    live: int


FULL = Size(rounds=3, messages=100_000, live=400)
QUICK = Size(rounds=1, messages=2_000, live=20)
