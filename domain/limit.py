"""Bounds: what a level is compared with, unrounded, and by how much it is exceeded."""

from dataclasses import dataclass

# A mean of means has been rounded twice: what differs from a bound in the 13th digit only is equal to it.
_EQUAL = 1e-12


@dataclass(frozen=True, slots=True)
class Bound:
    """A level's allowed range, in the parameter's canonical unit; an open side is None.

    `low` alone is at_least, `high` alone at_most, both between.
    """

    low: float | None
    high: float | None

    def is_exceeded(self, level: float) -> bool:
        """Tell whether `level` is outside; a level equal to a bound is within it."""
        return _is_above(level, self.high) or _is_below(level, self.low)

    def side(self, level: float) -> float | None:
        """Return the bound that `level` is held against: the one exceeded, else the nearer one."""
        if self.low is None or self.high is None:
            return self.high if self.low is None else self.low
        return self.low if level < (self.low + self.high) / 2 else self.high


@dataclass(frozen=True, slots=True)
class Clear:
    """Where an exceedance ends: at or inside these levels; an open side is None."""

    low: float | None
    high: float | None

    def is_reached(self, level: float) -> bool:
        """Tell whether `level` is back inside; the clear level itself counts as back."""
        return not _is_above(level, self.high) and not _is_below(level, self.low)


def _is_above(level: float, bound: float | None) -> bool:
    return bound is not None and level > bound + _EQUAL * abs(bound)


def _is_below(level: float, bound: float | None) -> bool:
    return bound is not None and level < bound - _EQUAL * abs(bound)
