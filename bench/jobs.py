"""The jobs behind the pipeline: figures of a month that arrives late, and rules over all series of twenty provinces."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from alerts.check import Judge
from alerts.links import LinkBase
from analysis.figures import STAGES, Figures
from bench.figures import Figure
from bench.past import Past
from bench.province import EIGHT, OtherThanSent, name, write_configuration
from bench.sizes import Size, Told
from domain.clock import SetClock
from domain.reading import SeriesKey
from domain.rollup import RollupPoint
from domain.window import HOUR, Window, WindowKind
from registry.load import load
from storage import spans
from storage.sqlite import SqliteReadings
from storage.state import open_state, writing
from storage.tables import alerts


def measure_late(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure once: figures are up to date, then days of a hundred stations come; until all their windows are made."""
    past = Past.made(folder)
    now, days = past.clock.now(), timedelta(days=size.late_days)
    figures = Figures(past.registry, past.store, past.engine, past.clock)
    past.arrive(now - HOUR, now)
    _make(figures, past)
    count = past.arrive(now - days - HOUR, now - HOUR, lambda share: told("days that come late", share * 0.8))
    told("figures of late days", 0.8)
    took = _make(figures, past)
    _check(past, Window(now - days - HOUR, now))
    past.close()
    return [Figure(f"{count:,} readings arrive late, until hours and days stand", "s", [took], 30.0)]


def _make(figures: Figures, past: Past) -> float:
    began = time.monotonic()
    while any(spans.take(past.engine, stage, 1) for stage in STAGES):
        figures.run()
    return time.monotonic() - began


def _check(past: Past, window: Window) -> None:
    found = past.store.read_rollups(WindowKind.HOUR, past.series, window)
    lacking = [key for key, points in found.items() if sum(point.valid for point in points) * 300 != _seconds(window)]
    if lacking:
        raise OtherThanSent(f"hours of {len(lacking)} series do not hold their readings, such as {lacking[0]}")


def _seconds(window: Window) -> float:
    return (window.end - window.start).total_seconds()


def measure_rules(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure, in each round: an hour of all series has been made, ten of them over; rules look at it."""
    write_configuration(folder / "config", stations=size.stations, parameters=EIGHT)
    (folder / "config" / "rules.yaml").write_text(_RULES, "utf-8")
    registry = load(folder / "config")
    keys = [SeriesKey(name(station), parameter) for station in range(size.stations) for parameter in EIGHT]
    over = set(keys[len(keys) // 10 - 1 :: len(keys) // 10])
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    store, engine = SqliteReadings(folder / "readings.sqlite"), open_state(f"sqlite:///{folder / 'state.sqlite'}")
    rounds = []
    for number in range(size.rounds + 1):
        told("rules", number / (size.rounds + 1))
        end = now + HOUR * number
        store.write_rollups([_hour(key, end, 5e5 if key in over else 7.0) for key in keys])
        with writing(engine) as connection:
            spans.mark(connection, "judge", ((key, end, end) for key in keys))
        judge = Judge(registry, store, engine, SetClock(end), LinkBase("http://127.0.0.1", "http://127.0.0.1"))
        began = time.monotonic()
        while spans.take(engine, "judge", 1):
            judge.run()
        rounds.append(time.monotonic() - began)
    with engine.connect() as connection:
        opened = {SeriesKey(*row) for row in connection.execute(sa.select(alerts.c.station, alerts.c.parameter))}
    if opened != over:
        raise OtherThanSent(f"alerts were opened for {sorted(opened)}, and these are over: {sorted(over)}")
    store.close()
    engine.dispose()
    # In its first hour a series is met for the first time, which happens once.
    return [Figure(f"rules over {len(keys):,} series, one hour of each", "s", rounds[1:], 1.0)]


def _hour(key: SeriesKey, end: datetime, value: float) -> RollupPoint:
    return RollupPoint(*key, WindowKind.HOUR, end, value=value, minimum=value, maximum=value, valid=60, expected=60)


_RULES = """
rules:
  - {id: water, names: {vi: Nước, en: Water}, kind: threshold, parameters: [cod, tss, ammonium_n, bod5, nitrate_n, phosphate_p],
     threshold: {at_most: 100, unit: mg/L}, team: everyone}
  - {id: ph, names: {vi: pH, en: pH}, kind: threshold, parameters: [ph], threshold: {at_most: 9, unit: ""}, team: everyone}
  - {id: flow, names: {vi: Lưu lượng, en: Flow}, kind: threshold, parameters: [flow],
     threshold: {at_most: 1000, unit: m3/h}, team: everyone}
"""
