"""How far a meter went between its readings: exchanged, begun at zero again, or a little back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.moment import micros
from registry.schema import StationParameter

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

# A step back by at most this share of what the meter showed is no new beginning: a register that wavers, rounding.
JITTER = 0.01


@dataclass(frozen=True, slots=True)
class Meter:
    """What is known of a meter. `replaced`: moment (µs), what the old one showed last, what the new one showed first."""

    maximum: float | None = None
    jitter: float | None = None
    replaced: tuple[tuple[int, float, float], ...] = ()


PLAIN = Meter()


def meter_of(measurings: Sequence[StationParameter]) -> Meter:
    """Return what the configuration says of a meter; its exchanges at any time, how it behaves by the newest entry."""
    said = [one.meter for one in measurings if one.meter is not None]
    replaced = sorted({(micros(one.at), one.old_final, one.new_initial) for entry in said for one in entry.replaced})
    return Meter(said[-1].maximum, said[-1].jitter, tuple(replaced)) if said else PLAIN


def steps(times: Ints, values: Floats, meter: Meter = PLAIN) -> Floats:
    """Return how far a meter went up to each reading, 0 with the first. Readings ascending in time, all of which count.

    A step back is, in this order: an exchange that is on record; a small one, which counts as it is, so that sums lose
    and double nothing; the way over the stated maximum, where that is the shorter half of the register; else a meter
    that has begun at zero.
    """
    found = np.diff(values, prepend=values[:1])
    back = np.flatnonzero(found < 0)
    for place in back.tolist():
        found[place] = _back(float(values[place - 1]), float(values[place]), meter)
    for at, _, _ in meter.replaced:
        place = int(np.searchsorted(times, at, side="right"))
        if 0 < place < len(values):
            found[place] = _exchanged(times, values, place, meter)
    return found


def _back(before: float, now: float, meter: Meter) -> float:
    jitter = abs(before) * JITTER if meter.jitter is None else meter.jitter
    if before - now <= jitter:
        return now - before
    if meter.maximum is not None and before <= meter.maximum:
        over = now + meter.maximum - before
        if 0 <= over < meter.maximum / 2:
            return over
    return now


def _exchanged(times: Ints, values: Floats, place: int, meter: Meter) -> float:
    """Return the step over every exchange between the reading before `place` and that one."""
    shown, total = float(values[place - 1]), 0.0
    for at, old_final, new_initial in meter.replaced:
        if times[place - 1] <= at < times[place]:
            total += _last(shown, old_final, meter)
            shown = new_initial
    return total + _step(shown, float(values[place]), meter)


def _last(shown: float, final: float, meter: Meter) -> float:
    """Return what an old meter still went: what was read off it counts, also where that is less than it had sent."""
    over = final - shown + (meter.maximum or 0)
    return over if meter.maximum is not None and final < shown and over < meter.maximum / 2 else final - shown


def _step(before: float, now: float, meter: Meter) -> float:
    return now - before if now >= before else _back(before, now, meter)
