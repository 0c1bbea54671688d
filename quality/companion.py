"""What the other parameters of the same instrument say: if they are missing or fail, this one is hardly better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.flag import Flag
from quality.learned import FLAT_OVER
from quality.trace import Flags, Mask, Times, micros_of
from registry.learned_settings import CompanionCheck


@dataclass(frozen=True, slots=True)
class Condition:
    """How another parameter is, reading by reading."""

    times: Times
    every: int
    """the interval between its readings, in µs; 0 for an irregular series"""
    gone: Mask
    """missing, or out of the plausible range"""
    doubtful: Mask
    """gone, or suspect by its range"""


def companion_flag(times: Times, others: Mapping[str, Condition], settings: CompanionCheck) -> Flags:
    """Return as SUSPECT the moments at which the others are missing or fail."""
    present = [others[name] for name in settings.others if name in others]
    flags = np.full(times.shape, Flag.GOOD if present else Flag.NOT_EVALUATED, np.int8)
    if settings.any_missing:
        flags[_count(times, [(one, one.gone) for one in present]) > 0] = Flag.SUSPECT
    doubtful = _count(times, [(one, one.doubtful) for one in present])
    flags[(3 * doubtful > 2 * len(present)) & (doubtful > 1)] = Flag.SUSPECT
    guides = [others[name] for name in settings.rests_on if name in others]
    lasting = [(one, _lasting(one, micros_of(settings.lasting))) for one in guides]
    flags[_count(times, lasting) > 0] = Flag.SUSPECT
    return flags


def _count(times: Times, conditions: Sequence[tuple[Condition, Mask]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return of how many conditions each moment has a reading that is in their mask."""
    counts = np.zeros(len(times), np.int64)
    for one, mask in conditions:
        counts += np.isin(times, one.times[mask])
    return counts


def _lasting(guide: Condition, length: int) -> Mask:
    """Return the moments up to which it has been so for so long, without long gaps."""
    found = np.zeros(len(guide.doubtful), np.bool_)
    places = np.flatnonzero(guide.doubtful)
    apart = (np.diff(places) > 1) | (np.diff(guide.times[places]) > FLAT_OVER * guide.every)
    for stretch in np.split(places, np.flatnonzero(apart) + 1):
        if len(stretch):
            found[stretch] = guide.times[stretch] - guide.times[stretch[0]] >= length
    return found
