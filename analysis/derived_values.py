"""What a derived series comes to, pair by pair: pure functions over arrays.

Each reading of the concentration gives one derived reading at its own moment. It takes the nearest reading of each other
source that has a value and lies no further away than the tolerance (of two as near, the earlier). Where one is missing
there is no value, and the reasons say for want of what. Status and flag are the worst of the sources'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.meters import Meter, steps
from domain.flag import COUNTED, Flag, Reason
from domain.reading import Status
from registry.schema import Derivation, GasState
from storage.readings import Series

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_ZERO_CELSIUS = 273.15
_US_PER_HOUR = 3_600_000_000
# Kilogrammes of one unit of concentration in one m³.
KG_PER_M3: Mapping[str, float] = {"mg/l": 1e-3, "mg/m3": 1e-6, "ug/m3": 1e-9}
_COUNTED = np.array(sorted(int(flag) for flag in COUNTED), np.int8)
# By flag: how bad it is, in the order of `domain.flag.worst`.
_RANK = np.zeros(10, np.int8)
_RANK[[Flag.NOT_EVALUATED, Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING]] = [0, 1, 2, 3, 4]
_FLAG_OF_RANK = np.array([Flag.NOT_EVALUATED, Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING], np.int8)


@dataclass(frozen=True, slots=True)
class Matched:
    """The reading of one source that belongs to each reading of the concentration; `there` where there is one."""

    there: NDArray[np.bool_]
    values: Floats
    status: NDArray[np.int8]
    flags: NDArray[np.int8]
    reasons: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sources:
    """The readings of the concentration, and by parameter those of the others around them."""

    of: Series
    others: Mapping[str, Series]
    tolerance: int  # µs

    def matched(self, parameter: str) -> Matched:
        """Return the readings of another parameter that make pairs with the concentration's."""
        other = self.others[parameter]
        return taken(other, nearest(self.of.times, other, self.tolerance))


@dataclass(frozen=True, slots=True)
class Correction:
    """How a concentration is corrected: to which oxygen (one for each reading, NaN: to none), above which not at all."""

    settings: Derivation
    reference_o2: Floats
    state: Sequence[GasState | None]  # what a Nm³ is, one for each reading
    oxygen_in_air: float
    cut_off: float


@dataclass(frozen=True, slots=True)
class Loading:
    """How a load is computed: kg of one unit of concentration in a m³, and for how long each reading stands (µs)."""

    settings: Derivation
    kg: float
    interval: int
    state: Sequence[GasState | None]
    meter: Meter | None = None  # None: the flow is a level in m³/h


def corrected(sources: Sources, how: Correction) -> Series:
    """Return C × (O₂ of air − reference) ÷ (O₂ of air − measured) of each pair, in dry gas at the reference state."""
    oxygen = sources.matched(how.settings.oxygen)
    gas = _Gas(sources, how.settings, how.state)
    measured = oxygen.values / gas.dry_share if how.settings.oxygen_wet else oxygen.values
    reasons = _where(~oxygen.there, Reason.NO_OXYGEN) | gas.reasons
    reasons |= _where(oxygen.there & (measured > how.cut_off), Reason.OXYGEN_CUT_OFF)
    reasons |= _where(np.isnan(how.reference_o2), Reason.NO_REFERENCE_O2)
    with np.errstate(all="ignore"):
        factor = (how.oxygen_in_air - how.reference_o2) / (how.oxygen_in_air - measured)
        values = sources.of.values * gas.expansion / gas.dry_share * factor
    return _series(sources.of, values, reasons, [oxygen, *gas.matched])


def load(sources: Sources, how: Loading) -> Series:
    """Return the kg of each pair: its concentration × what flowed in the interval that it stands for."""
    gas = _Gas(sources, how.settings, how.state)
    flows, volume = _volumes(sources, how)
    there = np.logical_and.reduce([one.there for one in flows])
    with np.errstate(all="ignore"):
        values = sources.of.values * how.kg * volume * gas.dry_share / gas.expansion
    return _series(sources.of, values, _where(~there, Reason.NO_FLOW) | gas.reasons, [*flows, *gas.matched])


def _volumes(sources: Sources, how: Loading) -> tuple[list[Matched], Floats]:
    """Return the readings of the flow, and the m³ that flowed in the interval that ends with each concentration."""
    if how.meter is None:
        flow = sources.matched(how.settings.flow)
        return [flow], flow.values * (how.interval / _US_PER_HOUR)
    counted = _counting(sources.others[how.settings.flow])
    total = np.cumsum(steps(counted.times, counted.values, how.meter))
    ends = nearest(sources.of.times, counted, sources.tolerance)
    starts = nearest(sources.of.times - how.interval, counted, sources.tolerance)
    if not len(total):
        return [taken(counted, ends)], np.full(len(ends), np.nan)
    return [taken(counted, starts), taken(counted, ends)], total[ends] - total[starts]


def nearest(times: Ints, other: Series, tolerance: int) -> Ints:
    """Return for each of `times` the place of the nearest reading of `other` that has a value; −1 beyond `tolerance`."""
    there = np.flatnonzero(np.isfinite(other.values))
    if not len(there):
        return np.full(len(times), -1, np.int64)
    known = other.times[there]
    after = np.clip(np.searchsorted(known, times, side="left"), 0, len(known) - 1)
    before = np.clip(np.searchsorted(known, times, side="right") - 1, 0, len(known) - 1)
    near = np.where(np.abs(known[after] - times) < np.abs(times - known[before]), after, before)
    return np.where(np.abs(known[near] - times) <= tolerance, there[near], -1)


def taken(other: Series, places: Ints) -> Matched:
    """Return the readings at `places`; none where the place is −1."""
    there = places >= 0
    if not len(other):
        none = np.zeros(len(places), np.int64)
        return Matched(
            there, np.full(len(places), np.nan), none.astype(np.int8), none.astype(np.int8) + Flag.NOT_EVALUATED,
            none.astype(np.int32),
        )  # fmt: skip
    return Matched(
        there,
        np.where(there, other.values[places], np.nan),
        np.where(there, other.status[places], Status.MEASURING).astype(np.int8),
        np.where(there, other.flags[places], Flag.NOT_EVALUATED).astype(np.int8),
        np.where(there, other.reasons[places], 0).astype(np.int32),
    )


class _Gas:
    """What brings gas as it is in the duct to dry gas at the reference state, for each reading of the concentration."""

    def __init__(self, sources: Sources, settings: Derivation, states: Sequence[GasState | None]) -> None:
        self.matched: list[Matched] = []
        self._sources = sources
        self._unknown = np.zeros(len(sources.of), np.bool_)
        gas = settings.gas
        self.dry_share = 1 - self._known(gas.moisture, 0.0) / 100
        self._unknown |= ~(self.dry_share > 0)
        self.expansion = self._expansion(settings, states)
        self.reasons = _where(self._unknown, Reason.NO_GAS_STATE)

    def _known(self, said: str | float | None, otherwise: float | Floats) -> Floats:
        """Return a stated number, or what is measured."""
        if isinstance(said, str):
            found = self._sources.matched(said)
            self.matched.append(found)
            self._unknown |= ~found.there
            return found.values
        return np.broadcast_to(np.asarray(otherwise if said is None else said, np.float64), self._unknown.shape)

    def _expansion(self, settings: Derivation, states: Sequence[GasState | None]) -> Floats:
        """Return by how much a concentration grows when its gas is brought to the reference state."""
        gas = settings.gas
        if gas.temperature is None:
            return np.ones(len(self._unknown))
        reference = [
            (np.nan, np.nan) if one is None else (one.temperature + _ZERO_CELSIUS, one.pressure) for one in states
        ]
        warmth, pressure = np.array(reference, np.float64).reshape(-1, 2).T
        self._unknown |= np.isnan(warmth)
        measured = self._known(gas.temperature, 0.0) + _ZERO_CELSIUS
        pressed = self._known(gas.pressure, pressure)
        self._unknown |= ~((measured > 0) & (pressed > 0))
        with np.errstate(all="ignore"):
            return np.asarray(measured / warmth * pressure / pressed, np.float64)


def _series(of: Series, values: Floats, reasons: NDArray[np.int32], others: Sequence[Matched]) -> Series:
    """Return derived readings: without a value where a reason speaks against it or the concentration has none."""
    missing = ~np.isfinite(values) | (reasons != 0)
    rank = reduce(np.maximum, (_RANK[one.flags] for one in others), _RANK[of.flags])
    flags = np.where(missing, Flag.MISSING, _FLAG_OF_RANK[rank]).astype(np.int8)
    return Series(
        of.times,
        np.where(missing, np.nan, values),
        reduce(np.maximum, (one.status for one in others), of.status),
        flags,
        reduce(np.bitwise_or, (one.reasons for one in others), of.reasons | reasons).astype(np.int32),
        of.checks,
    )


def _counting(meter: Series) -> Series:
    """Return the readings of a meter that count: a step to or from any other is none."""
    kept = np.isin(meter.flags, _COUNTED) & (meter.status == Status.MEASURING) & np.isfinite(meter.values)
    return Series(
        meter.times[kept], meter.values[kept], meter.status[kept], meter.flags[kept], meter.reasons[kept],
        meter.checks[kept],
    )  # fmt: skip


def _where(these: NDArray[np.bool_], reason: Reason) -> NDArray[np.int32]:
    return np.where(these, int(reason), 0).astype(np.int32)
