"""A figure, what it is compared with in the same run, and whether it is what the design aims at."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_HEAD = ("figure", "ours", "compared with", "", "ratio", "aim", "met")
_MET = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `ours` and `theirs` have a value for each round; their medians count.

    `aim` is the least ratio where there is something to compare with (`against`), else the most that `ours` may be, or the
    least (`at_least`); None where there is none.
    """

    name: str
    unit: str
    ours: Sequence[float]
    aim: float | None
    against: str = ""
    theirs: Sequence[float] = ()
    at_least: bool = False

    @property
    def value(self) -> float:
        """Our median."""
        return median(self.ours)

    @property
    def compared(self) -> float | None:
        """The median of what it is compared with."""
        return median(self.theirs) if self.theirs else None

    @property
    def ratio(self) -> float | None:
        """How much of the comparison is reached: the median over the rounds, each of which compares its own two."""
        pairs = zip(self.ours, self.theirs, strict=True) if self.theirs else ()
        return median([mine / other for mine, other in pairs]) if self.theirs else None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached, None where there is none."""
        if self.aim is None:
            return None
        if self.ratio is not None:
            return self.ratio >= self.aim
        return self.value >= self.aim if self.at_least else self.value < self.aim


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that `share` per cent of all do not go beyond (nearest rank)."""
    return sorted(values)[math.ceil(len(values) * share / 100) - 1]


def as_json(figures: Sequence[Figure], about: dict[str, Any]) -> str:
    """Return the run and its figures as JSON, the single rounds included."""
    rows = [
        {
            "figure": one.name, "unit": one.unit, "ours": one.value, "compared_with": one.against or None,
            "compared": one.compared, "ratio": one.ratio, "aim": one.aim, "met": one.is_met,
            "rounds": {"ours": list(one.ours), "compared": list(one.theirs)},
        }
        for one in figures
    ]  # fmt: skip
    return json.dumps({"run": about, "figures": rows}, ensure_ascii=False, indent=2)


def as_table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines."""
    rows = [_HEAD, *(_cells(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    right = {1, 3, 4}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(one: Figure) -> tuple[str, ...]:
    against = "" if one.compared is None else _amount(one.compared, one.unit)
    # Rounded down, so that what misses its aim does not look as if it met it.
    ratio = "" if one.ratio is None else f"{math.floor(one.ratio * 100) / 100:.2f}"
    return one.name, _amount(one.value, one.unit), one.against, against, ratio, _aim(one), _MET[one.is_met]


def _aim(one: Figure) -> str:
    if one.aim is None:
        return ""
    if one.ratio is not None:
        return f"≥ {one.aim}"
    return f"{'≥' if one.at_least else '<'} {_amount(one.aim, one.unit)}"


def _amount(value: float, unit: str) -> str:
    return (f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}").rstrip()
