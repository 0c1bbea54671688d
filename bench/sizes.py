"""How much is measured, and who hears how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# Called with what is being done, and which share of the measurement is done.
Told: TypeAlias = Callable[[str, float], object]


def in_round(told: Told, number: int, rounds: int) -> Told:
    """Return what one of `rounds` (from 0) tells of its own share."""
    return lambda what, share: told(f"{what}, round {number + 1} of {rounds}", (number + share) / rounds)


@dataclass(frozen=True, slots=True)
class Size:
    """`messages` wait at the broker in each of `rounds`; `live` messages are followed one by one.

    So many stations have short `spikes`; `pending` messages wait in the journal. `late_days` of a hundred stations arrive
    late; rules look at the series of `stations` with eight values each; every visitor asks for `visits` pages.
    """

    rounds: int
    messages: int
    live: int
    spikes: int
    pending: int
    late_days: int
    stations: int
    visits: int


FULL = Size(rounds=3, messages=100_000, live=400, spikes=40, pending=1_000_000, late_days=30, stations=1_250, visits=40)
QUICK = Size(rounds=1, messages=2_000, live=20, spikes=4, pending=20_000, late_days=1, stations=20, visits=4)
