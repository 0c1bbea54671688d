"""A report as data: JSON with everything that the page says, CSV with its windows; canonical units, not rounded."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

import msgspec

from domain.rollup import IndexPoint, LimitKind, RollupPoint
from domain.window import window_of_mark
from present.charts import bound_of, is_over
from present.words import LANGUAGES, say
from registry.lookup import Registry
from reports import trends
from reports.facts import Episode
from reports.periodic import AreaPeriod, IndexPeriod, Law, Outside, Report, SeriesPeriod
from reports.rows import bound_kind, rollup_row, source


def as_json(registry: Registry, report: Report, *, demo: bool = False) -> bytes:
    """Return the report as one JSON object."""
    province = registry.province
    return msgspec.json.format(msgspec.json.encode({
        **({"demo": "DEMO"} if demo else {}),
        "period": report.period.kind, "key": report.period.key, "first": report.period.first, "after": report.period.after,
        "timezone": province.timezone, "made_at": _iso(registry, report.made_at), "running": report.running,
        "state": "verified" if report.verified else "provisional", "configuration": f"{registry.hash:016x}",
        "department": province.department.model_dump(), "licence": None if demo else province.data_licence,
        "policies": {"capture": province.policies.capture, "suspect_share": province.policies.suspect_share},
        "note": {lang: say("Automatic readings, not a finding of a violation.", lang) for lang in LANGUAGES},
        "areas": [_area(registry, one) for one in report.areas],
    }), indent=2)  # fmt: skip


# As the rollups export, then what only a report knows.
COLUMNS = (
    "start", "end", "window", "station", "parameter", "value", "unit", "valid", "expected", "suspect", "min", "max",
    "sufficient", "state", "revision", "area", "limit_low", "limit_high", "limit_confirmed", "outside", "origin",
)  # fmt: skip


def as_csv(registry: Registry, report: Report, *, demo: bool = False) -> bytes:
    """Return the windows of the report as CSV; a demonstration says so in every row."""
    written = StringIO()
    lines = csv.DictWriter(written, [*COLUMNS, *(["demo"] if demo else [])], restval="DEMO", lineterminator="\n")
    lines.writeheader()
    lines.writerows(_windows(registry, report))
    return written.getvalue().encode()


def _windows(registry: Registry, report: Report) -> Iterator[dict[str, Any]]:
    for area in report.areas:
        for one in area.series:
            for point in one.windows:
                origin = source(registry, point.station).get("origin", "")
                yield {**rollup_row(registry, point), "area": area.area.id, **_limit(point), "origin": origin}


def _limit(point: RollupPoint) -> dict[str, Any]:
    bound = bound_of(point)
    return {
        "limit_low": bound.low if bound else None, "limit_high": bound.high if bound else None,
        "limit_confirmed": "yes" if bound and point.limit_kind & LimitKind.CONFIRMED else "no",
        "outside": "yes" if is_over(point) else "no",
    }  # fmt: skip


def _area(registry: Registry, one: AreaPeriod) -> dict[str, Any]:
    return {
        "id": one.area.id, "names": one.area.names.model_dump(), "kind": one.area.kind,
        "series": [_series(registry, series) for series in one.series],
        "indices": [_index(registry, index) for index in one.indices],
        "exceedances": one.exceedances, "alerts": [_episode(registry, episode) for episode in one.episodes],
        "trend": None if one.resolving is None else trends.rows(registry, one.resolving, "en"),
    }  # fmt: skip


def _series(registry: Registry, one: SeriesPeriod) -> dict[str, Any]:
    return {
        "station": one.series.station, "parameter": one.series.parameter,
        "unit": registry.parameters[one.series.parameter].unit, "value": one.value, "min": one.minimum,
        "max": one.maximum, "valid": one.valid, "expected": one.expected,
        "sufficient": "yes" if one.sufficient else "no", "state": "verified" if one.verified else "provisional",
        "outside": [_outside(registry, outside) for outside in one.outside],
        "limits": [_law(law) for law in one.laws],
        "not_compared": [str(limit.why) for limit in one.not_compared],
        "windows": [{**rollup_row(registry, point), **_limit(point)} for point in one.windows],
        **source(registry, one.series.station),
    }  # fmt: skip


def _outside(registry: Registry, one: Outside) -> dict[str, Any]:
    return {
        "window": one.kind, "count": one.count, "confirmed": one.confirmed,
        "worst": {**rollup_row(registry, one.worst), **_limit(one.worst)},
    }  # fmt: skip


def _law(one: Law) -> dict[str, Any]:
    applied = one.applied
    return {
        "window": one.kind, "first": one.first, "after": one.after, "row": applied.row.row,
        "regulation": applied.regulation.id, "document": applied.regulation.document, "clause": applied.row.clause,
        "averaging": applied.row.averaging, "bound": bound_kind(applied.bound), "low": applied.low, "high": applied.high,
        "arithmetic": applied.arithmetic, "confidence": applied.row.confidence, "confirmed": applied.confirmed,
        "confirmed_by": applied.confirmed_by, "confirmed_on": applied.confirmed_on,
        "unmet": [str(why) for why in applied.unmet], **({"fictional": True} if applied.regulation.fictional else {}),
    }  # fmt: skip


def _index(registry: Registry, one: IndexPeriod) -> dict[str, Any]:
    return {
        "station": one.station, "index": one.index, "computed": one.computed,
        "day": None if one.day is None else _index_point(registry, one.day),
        "highest": None if one.highest is None else _index_point(registry, one.highest),
        "points": [_index_point(registry, point) for point in one.points],
    }  # fmt: skip


def _index_point(registry: Registry, one: IndexPoint) -> dict[str, Any]:
    return {
        "end": _iso(registry, window_of_mark(one.kind, one.mark, registry.zone).end), "window": one.kind,
        "value": one.value, "level": one.level, "dominant": one.dominant, "concentration": one.concentration,
        "version": one.version, "missing": list(one.missing),
    }  # fmt: skip


def _episode(registry: Registry, one: Episode) -> dict[str, Any]:
    return {
        "station": one.station, "parameter": one.parameter, "kind": one.kind, "rule": one.rule, "case": one.case,
        "start": _iso(registry, one.crossed_at), "end": None if one.over_until is None else _iso(registry, one.over_until),
        "peak": one.peak, "limit_low": one.bound.low, "limit_high": one.bound.high, "valid": one.valid,
        "expected": one.expected, "confirmed": one.confirmed, "withdrawn": one.withdrawn,
    }  # fmt: skip


def _iso(registry: Registry, moment: datetime) -> str:
    return moment.astimezone(registry.zone).isoformat()
