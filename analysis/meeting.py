"""The one place where new windows meet those that are stored: what is written, and what of it is a revision."""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.rollup import RollupPoint
from storage.windows import Windows

# A figure as it was and as it is.
Change: TypeAlias = tuple[RollupPoint, RollupPoint]

_COUNTS = ("valid", "expected", "suspect", "calibrating", "fault")
_REVISED = ("values", *_COUNTS)
# What may change without a revision: the extremes follow the value, and a limit is not of the figure.
_REWRITTEN = ("minima", "maxima", "limit_low", "limit_high", "limit_kind")


def meet(made: Windows, stored: Windows) -> tuple[Windows, list[Change]]:
    """Return those of `made` that are new or changed, with their history, and the changes of figures among them.

    `stored` are windows of the same kind and series: those with the same marks, and maybe others. A changed figure gets
    the next revision. What a person has said of a window (`state`) stays with it until its figure changes.
    """
    if not len(stored):
        return made, []
    before = stored.at(np.searchsorted(stored.marks, made.marks).clip(max=len(stored) - 1))
    there = before.marks == made.marks
    revised = there & _differ(before, made, _REVISED)
    written = ~there | revised | _differ(before, made, _REWRITTEN)
    after = replace(
        made,
        revision=np.where(there, before.revision + revised, made.revision),
        state=np.where(there & ~revised, before.state, made.state),
    )
    return after.at(written), list(zip(before.at(revised).points(), after.at(revised).points(), strict=True))


def _differ(one: Windows, other: Windows, names: tuple[str, ...]) -> NDArray[np.bool_]:
    different = np.zeros(len(one), np.bool_)
    for name in names:
        ours, theirs = getattr(one, name), getattr(other, name)
        different |= (ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs))
    return different
