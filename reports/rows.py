"""Figures as rows: the same fields in the API, in a report and in the CSV exports; not rounded."""

from typing import Any

from domain.limit import Bound
from domain.rollup import RollupPoint, RollupState
from present.charts import is_sufficient
from registry.lookup import Registry


def rollup_row(registry: Registry, point: RollupPoint) -> dict[str, Any]:
    """Return a window as a row."""
    window = registry.window(point.kind, point.mark)
    return {
        "start": window.start.astimezone(registry.zone).isoformat(), "end": window.end.astimezone(registry.zone).isoformat(),
        "window": point.kind, "station": point.station, "parameter": point.parameter, "value": point.value,
        "unit": registry.parameters[point.parameter].unit, "valid": point.valid, "expected": point.expected,
        "suspect": point.suspect, "min": point.minimum, "max": point.maximum,
        "sufficient": "yes" if is_sufficient(point, registry.province.policies.capture) else "no",
        "state": RollupState(point.state).name.lower(), "revision": point.revision,
    }  # fmt: skip


def source(registry: Registry, station: str) -> dict[str, Any]:
    """Return, for every row of a file, that its data are invented or recorded elsewhere, and under which licence."""
    origin = registry.stations[station].origin
    if origin is None:
        return {}
    return {"origin": f"{origin.text.en} ({origin.licence})" if origin.licence else origin.text.en}


def bound_kind(bound: Bound) -> str | None:
    """Return how a bound is called in rows."""
    sides = (bound.low is not None, bound.high is not None)
    return {(True, True): "between", (True, False): "at_least", (False, True): "at_most"}.get(sides)
