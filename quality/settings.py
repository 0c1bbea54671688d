"""The checks of one series, looked up in the configuration."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from domain.reading import SeriesKey
from domain.window import WindowKind
from registry.check_settings import NO_CHECKS, CheckSettings, layered
from registry.lookup import Registry
from registry.schema import Parameter, StationParameter

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked of one series. Without an interval, checks that look at neighbours in time say nothing.

    `limits`: the upper limits in force, below which values may be pinned.
    """

    plausible: Range | None = None
    suspect: Range | None = None
    interval: timedelta | None = None
    settings: CheckSettings = NO_CHECKS
    limits: tuple[float, ...] = ()


# Of what nothing is known, nothing is judged.
UNKNOWN = Checks()


def checks_of(registry: Registry, station: str, parameter: str, on: date | None = None) -> Checks:
    """Return the checks of a series on the local date `on` (None: the newest settings)."""
    series = SeriesKey(station, parameter)
    return checks_of_measuring(registry, station, registry.measuring(series, on), on)


def checks_of_measuring(
    registry: Registry, station: str, measuring: StationParameter, on: date | None = None
) -> Checks:
    """Return the checks of a parameter as it is measured at a station; limits are those of the local date `on`."""
    settings = registry.check_settings(station, measuring)
    wants_limits = on is not None and settings.pinned is not None and settings.pinned.limits
    return Checks(
        registry.plausible(station, measuring),
        registry.suspect(station, measuring),
        registry.interval_of(station, measuring),
        settings,
        tuple(_limits(registry, SeriesKey(station, measuring.id), on)) if wants_limits and on is not None else (),
    )


def default_checks(parameter: Parameter, interval: timedelta | None) -> Checks:
    """Return the checks that a parameter has at a station of which nothing is known, at that interval."""
    settings = layered(one for one in parameter.checks if one.hold_for(None, interval))
    return Checks(parameter.plausible, parameter.suspect, interval, settings)


def _limits(registry: Registry, series: SeriesKey, on: date) -> Iterator[float]:
    found = (
        registry.limit_for(series, kind, on, {}) for kind in (WindowKind.HOUR, WindowKind.HOUR8, WindowKind.HOUR24)
    )
    yield from sorted({one.high for one in found if one is not None and one.high is not None})
