"""The unit in which people read a figure: the law writes what leaves a stack in mg/m³, whatever unit is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from domain.limit import Bound
from domain.rollup import RollupPoint
from registry.schema import Parameter, StationKind

_UG_IN_MG = 1000.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How a parameter of one kind of station is shown: `parameter` has the shown unit, of which `per` make one."""

    parameter: Parameter
    per: float = 1.0

    def value(self, canonical: float | None) -> float | None:
        """Return a canonical value in the shown unit."""
        return canonical if canonical is None or self.per == 1 else canonical / self.per

    def bound(self, canonical: Bound) -> Bound:
        """Return a bound in the shown unit."""
        return Bound(self.value(canonical.low), self.value(canonical.high))

    def points(self, canonical: Iterable[RollupPoint]) -> tuple[RollupPoint, ...]:
        """Return windows in the shown unit, with their limits."""
        if self.per == 1:
            return tuple(canonical)
        return tuple(
            msgspec.structs.replace(
                one, value=self.value(one.value), minimum=self.value(one.minimum), maximum=self.value(one.maximum),
                limit_low=self.value(one.limit_low), limit_high=self.value(one.limit_high),
            )
            for one in canonical
        )  # fmt: skip


def scale_of(parameter: Parameter, kind: StationKind) -> Scale:
    """Return how `parameter` is shown at stations of `kind`."""
    if kind != "stack" or parameter.unit != "ug/m3":
        return Scale(parameter)
    shown = parameter.model_copy(update={"unit": "mg/m3", "precision": max(parameter.precision, 1)})
    return Scale(shown, _UG_IN_MG)
