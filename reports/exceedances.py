"""Exceedances as the public reads them: which there were, by which law, from which figures, and whether a person verified these."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine

from domain.month import Month
from domain.reading import SeriesKey
from domain.text import Text
from domain.window import HOUR
from present.words import LANGUAGES, say
from registry.lookup import Registry
from reports.facts import Episode
from reports.rows import bound_kind
from storage import verifications
from storage.verifications import SeriesMonth


class Exceedances:
    """Decides which exceedances are public, and says what each rests on."""

    def __init__(self, registry: Registry, engine: Engine, found: Sequence[Episode]) -> None:
        """Of those `found`, whatever they are of."""
        self._registry = registry
        self._found = [one for one in found if one.parameter and one.station in registry.stations]
        self._holding = self._verified(engine)

    def _verified(self, engine: Engine) -> set[SeriesMonth]:
        months = {month for one in self._found for month in self._months(one)}
        stations = {one.station for one in self._found}
        known = verifications.read(engine, stations=stations, months=months) if stations else []
        return {(one.series, one.month) for one in known if one.holds}

    def _months(self, one: Episode) -> list[Month]:
        """Return the months, ascending, in which windows of it were over."""
        zone = self._registry.zone
        first = Month.of(one.rests_on.first_end or one.crossed_at + HOUR, zone)
        last = Month.of(_last_over(one), zone)
        found = [first]
        while found[-1] < last:
            found.append(found[-1].after)
        return found

    def is_verified(self, one: Episode) -> bool:
        """Tell whether a person has verified the figures of every month in which it was over, and none changed since."""
        series = SeriesKey(one.station, one.parameter)
        return all((series, month) in self._holding for month in self._months(one))

    def rows(self) -> list[dict[str, Any]]:
        """Return what is public: exceedances of a confirmed limit, and those of any limit that are verified."""
        return [self._row(one) for one in self._found if not one.withdrawn and self._is_public(one)]

    def _is_public(self, one: Episode) -> bool:
        return one.confirmed or (one.rests_on.rule_kind == "limit" and self.is_verified(one))

    def _row(self, one: Episode) -> dict[str, Any]:
        rests, station = one.rests_on, self._registry.stations[one.station]
        return {
            "station": one.station, "area": station.area, "parameter": one.parameter,
            "unit": self._registry.parameters[one.parameter].unit, "kind": one.kind, "confirmed": one.confirmed,
            "window": rests.window or None, "bound": bound_kind(one.bound),
            "start": self._iso(one.crossed_at), "end": self._iso(one.over_until),
            "value": rests.levels[-1][1] if rests.levels else one.level, "peak": one.peak,
            "peak_at": self._iso(one.peak_at), "limit_low": one.bound.low, "limit_high": one.bound.high,
            "valid": one.valid, "expected": one.expected, "suspect": rests.suspect,
            "state": "verified" if self.is_verified(one) else "provisional",
            "check_instrument": bool(rests.doubts), **self._law(one), **_versions(one),
            "conditions": [self._said(text) for text in rests.unmet],
        }  # fmt: skip

    def _law(self, one: Episode) -> dict[str, Any]:
        rests = one.rests_on
        factors = zip(rests.factors, rests.figures[1:], strict=False)
        return {
            "row": rests.row, "regulation": rests.regulation, "document": rests.document, "clause": rests.clause,
            "column": rests.column, "figure": rests.figures[0] if rests.figures else None, "figure_unit": rests.row_unit,
            "factors": [{"name": name, "value": value} for name, value in factors],
            "limit_confirmed_by": rests.confirmed_by, "limit_confirmed_on": rests.confirmed_on,
            "earlier_limits": [{**each, "until": self._iso(each["until"])} for each in _earlier(one)],
        }  # fmt: skip

    def _said(self, text: Text) -> dict[str, str]:
        return {lang: say(text, lang, self._registry.zone) for lang in LANGUAGES}

    def _iso(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(self._registry.zone).isoformat()


def _last_over(one: Episode) -> datetime:
    levels = one.rests_on.levels
    return levels[-1][0] if levels else one.over_until or one.last_at


def _earlier(one: Episode) -> list[Mapping[str, Any]]:
    return [
        {"row": each.row, "document": each.document, "clause": each.clause, "limit_low": each.low,
         "limit_high": each.high, "until": each.until}
        for each in one.rests_on.earlier
    ]  # fmt: skip


def _versions(one: Episode) -> dict[str, Any]:
    rests = one.rests_on
    return {
        "versions": {
            "software": rests.software or None, "checks": rests.checks or None,
            "configuration": hashed(rests.configuration), "figures_configuration": hashed(rests.figures_by),
        }
    }  # fmt: skip


def hashed(configuration: int) -> str | None:
    """Write the hash of a configuration as people compare it; None where none is kept."""
    return f"{configuration:016x}" if configuration else None
