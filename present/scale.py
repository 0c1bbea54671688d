"""The unit in which people read a figure: the law writes what leaves a stack in mg/m³, whatever unit is stored."""

from dataclasses import dataclass

import msgspec

from domain.limit import Bound
from domain.rollup import RollupPoint
from registry.schema import Parameter
from registry.values import StationKind

_UG_IN_MG = 1000.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How a parameter of one kind of station is shown: `parameter` has the shown unit, of which `per` make one."""

    parameter: Parameter
    per: float = 1.0

    def value(self, canonical: float | None) -> float | None:
        """Return a canonical value in the shown unit."""
        return None if canonical is None else canonical / self.per

    def bound(self, canonical: Bound) -> Bound:
        """Return a bound in the shown unit."""
        return Bound(self.value(canonical.low), self.value(canonical.high))

    def point(self, canonical: RollupPoint) -> RollupPoint:
        """Return a window in the shown unit, with its limits."""
        return msgspec.structs.replace(
            canonical, value=self.value(canonical.value), minimum=self.value(canonical.minimum),
            maximum=self.value(canonical.maximum), limit_low=self.value(canonical.limit_low),
            limit_high=self.value(canonical.limit_high),
        )  # fmt: skip


def scale_of(parameter: Parameter, kind: StationKind) -> Scale:
    """Return how `parameter` is shown at stations of `kind`."""
    if kind != "stack" or parameter.unit != "ug/m3":
        return Scale(parameter)
    shown = parameter.model_copy(update={"unit": "mg/m3", "precision": max(parameter.precision, 1)})
    return Scale(shown, _UG_IN_MG)
