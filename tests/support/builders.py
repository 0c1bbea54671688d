"""Short makers of the nouns, with defaults that mean nothing in particular."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.reading import Reading
from domain.rollup import RollupPoint
from domain.window import WindowKind

NOON = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)  # 12:00 in Viet Nam


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def reading(at: datetime = NOON, value: float | None = 1.5, **changes: Any) -> Reading:
    return Reading(**{"station": "NT-1", "parameter": "cod", "measured_at": at, "value": value, "seq": 64, **changes})


def point(mark: datetime = NOON, value: float | None = 1.5, **changes: Any) -> RollupPoint:
    valid = 0 if value is None else 12
    defaults: dict[str, Any] = {
        "station": "NT-1", "parameter": "cod", "kind": WindowKind.HOUR, "mark": mark,
        "value": value, "minimum": value, "maximum": value, "valid": valid, "expected": 12,
    }  # fmt: skip
    return RollupPoint(**{**defaults, **changes})
