"""What an alert rests on, as its record keeps it: law and arithmetic, levels and counts, versions."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from alerts.lifecycle import Episode
from alerts.rules import Level, doubts, unmet_conditions
from domain.alert import AlertKind
from domain.version import software
from quality.assess import CHECKS_VERSION
from registry.limits import AppliedLimit, figure_of
from registry.schema import Factor, Policies, Station
from storage.alerting import AlertRow, EarlierLaw


def law_of(limit: AppliedLimit | None) -> dict[str, Any]:
    """Return what a record keeps of the limit: row, figure, dates, factors, and who confirmed each."""
    if limit is None:
        return {}
    row, regulation = limit.row, limit.regulation
    return {
        "row": row.row, "regulation": regulation.id, "document": regulation.document,
        "clause": row.clause, "column": row.column, "row_unit": row.unit, "row_figure": figure_of(row),
        "row_from": row.valid_from or regulation.valid_from, "row_to": row.valid_to or regulation.valid_to,
        "confidence": row.confidence, "averaging": row.averaging,
        "figures": tuple(limit.arithmetic), "factors": tuple(one.name for one in limit.factors),
        "factors_confirmed": tuple(_confirmed(one) for one in limit.factors),
        "confirmed_by": limit.confirmed_by, "confirmed_on": limit.confirmed_on, "limit_confirmed": limit.confirmed,
    }  # fmt: skip


def _confirmed(factor: Factor) -> str | None:
    return None if factor.confirmed_by is None else f"{factor.confirmed_by}, {factor.confirmed_on}"


def instrument_of(station: Station, on: date) -> dict[str, Any]:
    """Return what a record keeps of the instrument: its grade, and the certificate that held on the local date `on`."""
    held = next((one.number for one in station.certificates if one.holds_on(on)), None)
    return {"grade": station.grade, "certificate": held}


def shown(episode: Episode, policies: Policies, configuration: int) -> dict[str, Any]:
    """Return what a record keeps of its levels, and which versions they were made and judged by."""
    level = episode.levels[-1]
    return {
        "levels": tuple(_pairs(episode.levels)), "first_end": episode.first_end, "over": episode.over,
        "unbroken": episode.unbroken, "lapsed": episode.lapsed,
        "suspect": level.suspect, "calibrating": level.calibrating, "withdrawn": False, "part_of": None,
        "doubts": doubts(episode.levels, policies), "checks": CHECKS_VERSION, "software": software(),
        "configuration": configuration, "figures_by": level.configuration,
    }  # fmt: skip


def _pairs(levels: Sequence[Level]) -> Iterator[tuple[datetime, float]]:
    for level in levels:
        if level.value is not None:
            yield level.end, level.value


def superseded(alert: AlertRow, episode: Episode, limit: AppliedLimit | None, policies: Policies) -> dict[str, Any]:
    """Return what changes in a record where another limit is in force for the newest level over than for those before.

    What it was judged by until then stays beside it. An exceedance stays one; an advisory is one for what holds now.
    """
    record = alert.record
    before = (record.row, alert.limit_low, alert.limit_high)
    if limit is None or record.row is None or before == (limit.row.row, limit.low, limit.high):
        return {}
    until = record.levels[-1][0] if record.levels else alert.last_at
    earlier = EarlierLaw(
        row=record.row, document=record.document, clause=record.clause, low=alert.limit_low, high=alert.limit_high,
        until=until,
    )  # fmt: skip
    found = {**law_of(limit), "earlier": (*record.earlier, earlier)}
    if alert.kind is AlertKind.ADVISORY:
        found["unmet"] = unmet_conditions(limit, () if episode.sure else episode.levels, policies)
    return found
