"""Open data on whether pollution of an area is being resolved: `/api/v1/areas/{area}/trend`."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from analysis.resolved import Month
from analysis.trend import Trend
from domain.text import Text
from registry.lookup import Registry
from reports.answers import Refused, answer, language
from reports.resolving import Against, AreaResolving, Capacity, Resolving
from reports.verdicts import sentence


def make_router(registry: Registry, resolved: Callable[[str], AreaResolving], *, demo: bool) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/api/v1")
    mark = {"demo": "DEMO"} if demo else {}

    def trend(request: Request, area: str) -> Response:
        """Each parameter of the area: verdict, trend, months with hours and days outside the limit, repeated causes."""
        if area not in registry.areas:
            raise Refused(404, Text("There is no area “{area}”; the list is at /api/v1/areas.", {"area": area[:60]}))
        return answer(request, [{**one, **mark} for one in rows(registry, resolved(area), language(request))])

    router.add_api_route("/areas/{area}/trend", trend, methods=["GET", "HEAD"], response_model=None)
    return router


def rows(registry: Registry, found: AreaResolving, lang: str) -> list[dict[str, Any]]:
    """Return an object for each parameter of an area; figures in canonical units, not rounded."""
    return [_row(registry, found, one, lang) for one in found.parameters]


def _row(registry: Registry, found: AreaResolving, one: Resolving, lang: str) -> dict[str, Any]:
    policies = registry.province.policies
    last = one.months.last_outside
    return {
        "area": found.area, "parameter": one.parameter.id, "unit": one.parameter.unit, "kind": one.kind,
        "stations": list(one.stations), "verdict": one.verdict, "sentence": sentence(registry, one, lang),
        "against": one.against, "limit_confirmed": one.confirmed if one.against is Against.LIMIT else None,
        "falling_is_better": one.falling_is_better,
        "trend_of": "share_outside" if one.of_share else "monthly_figure",
        "trend": None if one.trend is None else _trend(one.trend),
        "months_with_enough_data": one.months.enough, "months_needed": policies.trend_months,
        "significance": policies.trend_significance,
        "last_outside": None if last is None else last.isoformat(), "full_months_since": one.months.full_months_since,
        "unknown_months_since": None if last is None else one.months.unknown_since,
        "months": [_month(one, month) for month in one.months.months],
        "capacity": [_capacity(month) for month in one.capacity],
        "repeated_causes": [
            {"station": cause.station, "rule": cause.rule, "alerts": cause.count}
            for cause in found.causes if cause.parameter == one.parameter.id and cause.station in one.stations
        ],
        "made_at": found.made_at.astimezone(registry.zone).isoformat(),
    }  # fmt: skip


def _trend(one: Trend) -> dict[str, Any]:
    return {
        "slope_per_year": one.slope, "p": one.p, "score": one.score, "variance": one.variance,
        "autocorrelation": one.autocorrelation, "months": one.months, "pairs": one.pairs,
        "method": "seasonal Theil-Sen, seasonal Mann-Kendall",
    }  # fmt: skip


def _month(one: Resolving, month: Month) -> dict[str, Any]:
    compared = one.against not in {Against.NOTHING, Against.CAPACITY} and month.is_known
    return {
        "month": f"{month.first:%Y-%m}", "value": month.value, "valid": month.valid, "expected": month.expected,
        "share": month.share, "days_outside": month.days_over if compared else None,
        "hours_outside": month.hours_over if compared else None,
        "station_hours_outside": month.station_hours_over if compared else None, "running": month.running,
    }  # fmt: skip


def _capacity(month: Capacity) -> dict[str, Any]:
    return {"month": f"{month.first:%Y-%m}", "tonnes": month.tonnes, "allowed": month.allowed}
