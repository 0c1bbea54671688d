"""How a derived series is computed: from which others of its station, and by which settings, from when to when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from domain.reading import SeriesKey
from registry.schema import Derivation, StationParameter


@dataclass(frozen=True, slots=True)
class Recipe:
    """One derived series for as long as it is computed so (`measuring`: its dates)."""

    series: SeriesKey
    kind: Literal["corrected", "load"]
    of: str
    measuring: StationParameter
    interval: timedelta | None

    @property
    def settings(self) -> Derivation:
        """What the station says of it."""
        return self.measuring.derived or Derivation()

    @property
    def tolerance(self) -> timedelta:
        """How far apart readings of one pair may be."""
        return self.settings.tolerance or (self.interval or timedelta(0)) / 2

    @property
    def partner(self) -> str:
        """The parameter without which there is no pair: oxygen or flow."""
        return self.settings.oxygen if self.kind == "corrected" else self.settings.flow

    @property
    def sources(self) -> tuple[str, ...]:
        """Every parameter from which it is computed, the concentration first."""
        return tuple(dict.fromkeys((self.of, self.partner, *gas_sources(self.settings))))


def gas_sources(settings: Derivation) -> Iterator[str]:
    """Yield the parameters that measure the state of the gas."""
    for one in (settings.gas.temperature, settings.gas.pressure, settings.gas.moisture):
        if isinstance(one, str):
            yield one


def spread(derived: StationParameter, source: StationParameter) -> Iterator[StationParameter]:
    """Yield a derived parameter for the days on which its source is measured so, with the source's interval."""
    starts = [one for one in (derived.valid_from, source.valid_from) if one is not None]
    ends = [one for one in (derived.valid_to, source.valid_to) if one is not None]
    start, end = max(starts, default=None), min(ends, default=None)
    if start is None or end is None or start < end:
        inherited = {"interval": source.interval, "irregular": source.irregular}
        yield derived.model_copy(update={"valid_from": start, "valid_to": end, **inherited})
