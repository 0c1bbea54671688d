"""Which months of a station a person has verified, for its page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.month import Month
from registry.lookup import Registry
from registry.schema import Parameter
from storage.verifications import Verification

# So many of the newest are shown; the API lists them all.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class VerifiedMonth:
    """A month of a station: what is verified of it and by whom, and what is provisional again since a figure changed."""

    month: Month
    verified: tuple[Parameter, ...]
    by: tuple[str, ...]
    fallen: tuple[Parameter, ...]


def verified_months(found: Iterable[Verification], registry: Registry) -> list[VerifiedMonth]:
    """Return the newest months of which anything was ever verified, the newest first."""
    by_month: dict[Month, list[Verification]] = {}
    for one in found:
        if one.series.parameter in registry.parameters:
            by_month.setdefault(one.month, []).append(one)
    return [_month(month, by_month[month], registry) for month in sorted(by_month, reverse=True)[:_SHOWN]]


def _month(month: Month, found: list[Verification], registry: Registry) -> VerifiedMonth:
    def parameters(*, hold: bool) -> Iterator[Parameter]:
        return (registry.parameters[one.series.parameter] for one in found if one.holds is hold)

    by = tuple(dict.fromkeys(one.verified_by for one in found if one.holds))
    return VerifiedMonth(month, tuple(parameters(hold=True)), by, tuple(parameters(hold=False)))
