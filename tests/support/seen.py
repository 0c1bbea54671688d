"""A province with readings, alerts and silent stations, in real stores: what the pages' tests look at."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.clock import SetClock
from domain.moment import micros
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, LimitKind, RollupPoint
from domain.window import HOUR, WindowKind, local_midnight, mark_of, windows_touched
from domain.window import Window as Span
from registry.load import load
from registry.lookup import Registry
from reports.facts import windows_of
from storage.sqlite import SqliteReadings
from storage.state import open_state, writing
from storage.tables import alerts, cases, stations_heard

NOW = datetime(2026, 11, 24, 2, 7, tzinfo=UTC)  # 09:07 in Viet Nam
NEWEST = datetime(2026, 11, 24, 2, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config"
AMBIENT = {"ph": 7.3, "pm25": 42.0, "pm10": 60.0, "water_temperature": 28.0, "co": 900.0}
STACK = {"so2": 112_700.0, "nox": 222_750.0, "co": 280_000.0, "flow": 19_200.0}  # figures that need room
COD = (129.0, 148.0, 171.0, 196.0, 207.0, 212.0, 189.0, 171.0, 158.0)  # mg/L, the newest hours


@dataclass(frozen=True)
class Seen:
    registry: Registry
    store: SqliteReadings
    engine: Engine
    clock: SetClock
    outfall: str
    silent: str


def province(folder: Path, *, with_data: bool = True, config: Path = CONFIG) -> Seen:
    """Return the shipped configuration with two days of figures: one outfall over the limit, one station silent."""
    registry = load(config)
    store, engine = SqliteReadings(folder / "readings.sqlite"), open_state(f"sqlite:///{folder}/state.sqlite")
    outfall = next(one for one in registry.stations.values() if one.kind == "outfall" and one.facility == "DN-07")
    silent = next(one for one in registry.stations.values() if one.kind == "surface_water")
    seen = Seen(registry, store, engine, SetClock(NOW), outfall.id, silent.id)
    if with_data:
        _fill(seen)
    return seen


def _fill(seen: Seen) -> None:
    points = [point for one in seen.registry.stations for point in station_points(seen, one)]
    seen.store.write_rollups(points)
    seen.store.write_indices([
        _index(one) for one in seen.registry.stations if seen.registry.stations[one].kind == "air"
    ])
    with writing(seen.engine) as connection:
        for one in seen.registry.stations:
            at = NOW - (timedelta(hours=11) if one == seen.silent else timedelta(minutes=3))
            heard = {"station": one, "heard_at": micros(at), "measured_at": micros(at), "skew_us": 0}
            connection.execute(sa.insert(stations_heard), heard)
    add_alert(seen)


def _index(station: str) -> IndexPoint:
    value = 35 + 90 * (sum(station.encode()) % 10) // 9
    level = 1 if value <= 50 else 2 if value <= 100 else 3
    return IndexPoint(station, "vn_aqi", WindowKind.HOUR, NEWEST, value, level, "pm25", 40.0)


def add_alert(seen: Seen, **changes: Any) -> None:
    """Add an open alert: the outfall's COD, over since 02:00 by the name of the first hour."""
    number = changes.pop("number", "VV-2026-0147")
    row = {
        "rule": "cod-hour", "station": seen.outfall, "parameter": "cod", "kind": "over",
        "crossed_at": micros(NEWEST - 8 * HOUR), "opened_at": micros(NEWEST - 6 * HOUR),
        "noticed_at": micros(NEWEST - 6 * HOUR), "closed_at": None, "last_at": micros(NEWEST), "level": 158.0,
        "peak": 212.0, "peak_at": micros(NEWEST - 3 * HOUR), "limit_low": None, "limit_high": 135.0, "valid": 12,
        "expected": 12, "record": json.dumps({"window": "hour", "first_end": (NEWEST - 7 * HOUR).isoformat()}), **changes,
    }  # fmt: skip
    case = {"number": number, "short": number[-4:], "station": row["station"], "opened_at": 0, "messages": 1}
    with writing(seen.engine) as connection:
        key = connection.execute(sa.insert(cases), case).inserted_primary_key
        connection.execute(sa.insert(alerts), {"case_id": key[0] if key else 0, **row})


def station_points(seen: Seen, station: str, hours: int = 50) -> list[RollupPoint]:
    """Return every window of the station's series in the last hours, with a gap, a poor hour and a calibration."""
    found: list[RollupPoint] = []
    for parameter in seen.registry.stations[station].parameters:
        series = SeriesKey(station, parameter.id)
        for kind in windows_of(seen.registry, series, NOW, {}):
            found += _series(seen, series, kind, hours)
    return found


def _series(seen: Seen, series: SeriesKey, kind: WindowKind, hours: int) -> list[RollupPoint]:
    start = NEWEST - (hours * HOUR if kind is not WindowKind.DAY else timedelta(days=25))
    end = NEWEST if kind is not WindowKind.DAY else local_midnight(NEWEST, seen.registry.zone)
    windows = [one for one in windows_touched(kind, Span(start, end), seen.registry.zone) if one.end <= end]
    return [_point(seen, series, kind, window, len(windows) - place) for place, window in enumerate(windows)]


def _point(seen: Seen, series: SeriesKey, kind: WindowKind, window: Span, back: int) -> RollupPoint:
    expected = 12 if kind is WindowKind.HOUR else {WindowKind.HOUR8: 8}.get(kind, 24)
    valid, calibrating = _counts(seen, series, kind, back, expected)
    value = _value(seen, series, kind, back) if valid else None
    bound = seen.registry.limit_for(series, kind, window.end.date(), {})
    bits = LimitKind.NONE
    if bound is not None:
        bits |= LimitKind.LOW if bound.low is not None else LimitKind.NONE
        bits |= LimitKind.HIGH if bound.high is not None else LimitKind.NONE
        bits |= LimitKind.CONFIRMED if bound.confirmed else LimitKind.NONE
    return RollupPoint(
        series.station, series.parameter, kind, mark_of(kind, window), value, value, value, valid, expected,
        suspect=valid if back in {30, 31} and value is not None else 0, calibrating=calibrating,
        limit_low=bound.low if bound else None, limit_high=bound.high if bound else None, limit_kind=bits,
    )  # fmt: skip


def _counts(seen: Seen, series: SeriesKey, kind: WindowKind, back: int, expected: int) -> tuple[int, int]:
    if series.station == seen.silent and back < 11:
        return 0, 0
    if kind is not WindowKind.HOUR:
        return expected, 0
    return {15: (0, 0), 16: (0, 0), 17: (0, 0), 14: (expected // 2, 0), 23: (0, expected), 24: (0, expected)}.get(
        back, (expected, 0)
    )


def _value(seen: Seen, series: SeriesKey, kind: WindowKind, back: int) -> float:
    low, high = seen.registry.plausible(series.station, seen.registry.measuring(series))
    if series == SeriesKey(seen.outfall, "cod"):
        return COD[-back] if back <= len(COD) else 95 + 12 * sin(back / 3)
    typical = STACK if seen.registry.stations[series.station].kind == "stack" else AMBIENT
    middle = typical.get(series.parameter, min((low + high) / 2, 8.0))
    return middle * (1 + 0.08 * sin(back / 4 + len(series.station)))


def marks(points: Sequence[RollupPoint]) -> list[datetime]:
    """Return the time marks of points."""
    return [point.mark for point in points]
