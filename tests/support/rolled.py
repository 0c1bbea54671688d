"""The real roller on real stores, and what it should come to: the same figures by plain loops over fractions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from analysis.roller import Roller
from domain.clock import SetClock
from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from registry.lookup import Registry
from registry.schema import Parameter, Season
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.configured import registry, station
from support.feeding import feed

HOUR = timedelta(hours=1)
KEY = SeriesKey("A-1", "pm25")
ALL_TIME = Window(datetime(1980, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
OTHERS: tuple[dict[str, Any], ...] = (
    {"id": "volume", "symbol": "V", "media": ["water"], "unit": "m3", "kind": "counter", "plausible": [0, 1e9]},
    {"id": "weight", "symbol": "m", "media": ["waste"], "unit": "t", "kind": "amount", "plausible": [0, 100]},
    {
        "id": "wind_direction",
        "symbol": "θ",
        "media": ["air"],
        "unit": "deg",
        "kind": "direction",
        "plausible": [0, 360],
    },
)

SEASONS = tuple(
    Season.model_validate({"id": name, "names": {"vi": name, "en": name}, "from": start})
    for name, start in (("dry", "12-01"), ("rainy", "05-01"))
)

# What is compared of a window: value, least, greatest, valid, expected, suspect, calibrating, fault.
Figures = tuple[Any, ...]


def configured(*stations: Any, zone: str = "Asia/Ho_Chi_Minh", **policies: Any) -> Registry:
    """Return a registry that also knows a meter (volume), a weighbridge (weight) and a wind vane."""
    made = registry(*stations, **policies)
    others = [Parameter.model_validate({"names": {"vi": one["id"], "en": one["id"]}, **one}) for one in OTHERS]
    parameters = {**made.parameters, **{one.id: one for one in others}}
    province = made.province.model_copy(update={"timezone": zone, "seasons": SEASONS})
    return replace(made, province=province, parameters=parameters)


@dataclass
class Bench:
    """Stores in a folder, a clock that stands, and one series `key` in front of the others."""

    registry: Registry
    store: ReadingStore
    engine: Engine
    clock: SetClock
    key: SeriesKey = KEY

    def feed(self, readings: Iterable[Reading]) -> None:
        """Write readings as the flagger leaves them: their flags are the test's own."""
        feed(readings, self.store, self.engine, self.clock.now(), flagged=True)

    def roll(self) -> int:
        """Let a roller of its own run once."""
        return Roller(self.registry, self.store, self.engine, self.clock).run()

    def points(self, kind: WindowKind = WindowKind.HOUR, key: SeriesKey | None = None) -> dict[datetime, RollupPoint]:
        """Return the stored windows by mark."""
        wanted = key or self.key
        return {point.mark: point for point in self.store.read_rollups(kind, [wanted], ALL_TIME)[wanted]}

    def values(self, kind: WindowKind = WindowKind.HOUR, key: SeriesKey | None = None) -> list[float | None]:
        """Return the stored values in the order of time."""
        return [point.value for point in self.points(kind, key).values()]

    def figures(self) -> dict[tuple[WindowKind, datetime], Figures]:
        """Return what all stored windows of `key` come to."""
        return {(kind, mark): _figures(point) for kind in WindowKind for mark, point in self.points(kind).items()}


def bench(folder: Path, now: datetime, made: Registry | None = None, **changes: Any) -> Bench:
    """Return a bench with stores in `folder`; without a registry, one of an air station A-1 that speaks every 5 min."""
    engine = open_state(f"sqlite:///{folder}/state.sqlite")
    known = made or configured(station("A-1", interval="5 min"))
    return Bench(known, SqliteReadings(folder / "readings.sqlite"), engine, SetClock(now), **changes)


def every(
    step: timedelta, start: datetime, values: Iterable[float | None], key: SeriesKey = KEY,
    **changes: Any,
) -> list[Reading]:  # fmt: skip
    """Return readings that follow one another; the first is one step after `start`."""
    return [
        Reading(
            key.station, key.parameter, start + step * place, value,
            **{"flag": Flag.MISSING if value is None else Flag.GOOD, "seq": place, **changes},
        )
        for place, value in enumerate(values, start=1)
    ]  # fmt: skip


def slow_figures(readings: Iterable[Reading], bench: Bench) -> dict[tuple[WindowKind, datetime], Figures]:
    """Return every window of a regular level that should be there now, computed one by one without arrays."""
    series = {one.measured_at: one for one in sorted(readings, key=lambda one: one.seq)}
    policies = bench.registry.province.policies
    interval = bench.registry.interval(*bench.key) or HOUR
    last, now = max(series), bench.clock.now()
    ready = max(_floor(last), _floor(now - max(policies.grace, interval)))
    end = _ceiling(min(series))
    hours: dict[datetime, Figures] = {}
    while end <= ready:
        if any(end - policies.expected_for <= at <= end for at in series):
            inside = [one for at, one in series.items() if end - HOUR < at <= end]
            hours[end] = _slow_window(inside, round(HOUR / interval))
        end += HOUR
    found = {(WindowKind.HOUR, end): figures for end, figures in hours.items()}
    for kind, length in ((WindowKind.HOUR8, 8), (WindowKind.HOUR24, 24)):
        for end in {end + age * HOUR for end in hours for age in range(length)}:
            if end <= ready:
                found[kind, end] = _slow_mean(hours, [end - age * HOUR for age in range(length)], bench)
    for day in {(end - timedelta(microseconds=1)).astimezone(bench.registry.zone).date() for end in hours}:
        start, stop = (_midnight(one, bench.registry.zone) for one in (day, day + timedelta(days=1)))
        if stop <= ready:
            ends = [start + HOUR * place for place in range(1, round((stop - start) / HOUR) + 1)]
            found[WindowKind.DAY, start] = _slow_mean(hours, ends, bench)
    return {**found, **_slow_long_windows(found, ready, bench)}


def slow_daily_figures(readings: Iterable[Reading], bench: Bench) -> dict[tuple[WindowKind, datetime], Figures]:
    """Return the same of a level that is read once a day: its days from readings, and what is made of these."""
    series = {one.measured_at: one for one in sorted(readings, key=lambda one: one.seq)}
    zone, policies = bench.registry.zone, bench.registry.province.policies
    ready = max(_floor(max(series)), _floor(bench.clock.now() - timedelta(days=1)))
    found: dict[tuple[WindowKind, datetime], Figures] = {}
    day = (min(series) - timedelta(microseconds=1)).astimezone(zone).date()
    while (stop := _midnight(day + timedelta(days=1), zone)) <= ready:
        start = _midnight(day, zone)
        # A day is expected as long as an hour of it is.
        if any(start + HOUR - policies.expected_for <= at <= stop for at in series):
            inside = [one for at, one in series.items() if start < at <= stop]
            found[WindowKind.DAY, start] = _slow_window(inside, 1)
        day += timedelta(days=1)
    return {**found, **_slow_long_windows(found, ready, bench)}


def _slow_long_windows(
    found: Mapping[tuple[WindowKind, datetime], Figures], ready: datetime, bench: Bench
) -> dict[tuple[WindowKind, datetime], Figures]:
    """Return the months, seasons and years that hold a day and are over, by walking from one local day to the next."""
    zone, begins = bench.registry.zone, _begins(bench.registry)
    days = {mark.astimezone(zone).date(): one for (kind, mark), one in found.items() if kind is WindowKind.DAY}
    made: dict[tuple[WindowKind, datetime], Figures] = {}
    for kind, is_first in begins.items():
        covered: set[date] = set()
        for day in (one for one in days if one not in covered):
            first = day
            while not is_first(first):
                first -= timedelta(days=1)
            inside = [first]
            while not is_first(inside[-1] + timedelta(days=1)):
                inside.append(inside[-1] + timedelta(days=1))
            covered.update(inside)
            if _midnight(inside[-1] + timedelta(days=1), zone) <= ready:
                made[kind, _midnight(first, zone)] = _slow_mean(days, inside, bench)
    return made


def _begins(known: Registry) -> dict[WindowKind, Callable[[date], bool]]:
    begins: dict[WindowKind, Callable[[date], bool]] = {
        WindowKind.MONTH: lambda day: day.day == 1,
        WindowKind.YEAR: lambda day: (day.month, day.day) == (1, 1),
    }
    if known.province.seasons:
        starts = {one.starts for one in known.province.seasons}
        begins[WindowKind.SEASON] = lambda day: day.strftime("%m-%d") in starts
    return begins


def _slow_window(inside: list[Reading], expected: int) -> Figures:
    counted = [
        one for one in inside
        if one.status is Status.MEASURING and one.value is not None
        and one.flag not in {Flag.FAIL, Flag.MISSING}
    ]  # fmt: skip
    values = [Fraction(one.value or 0) for one in counted]
    return (
        *_mean(values, values, values), len(values), expected,
        sum(one.flag is Flag.SUSPECT for one in counted),
        sum(one.status is Status.CALIBRATING for one in inside),
        sum(one.status is Status.FAULT for one in inside),
    )  # fmt: skip


def _slow_mean(hours: Mapping[Any, Figures], ends: Sequence[Any], bench: Bench) -> Figures:
    policies = bench.registry.province.policies
    inside = [hours[end] for end in ends if end in hours]
    enough = [one for one in inside if one[3] and one[3] >= policies.capture * one[4]]
    return (
        *_mean(*([one[column] for one in enough] for column in range(3))), len(enough), len(ends),
        sum(one[5] > policies.suspect_share * one[3] for one in enough),
        sum(one[6] > 0 for one in inside), sum(one[7] > 0 for one in inside),
    )  # fmt: skip


def _mean(values: list[Any], least: list[Any], greatest: list[Any]) -> tuple[Any, Any, Any]:
    if not values:
        return None, None, None
    # Each level's mean is a number of the machine before the next level takes it up.
    return float(sum(map(Fraction, values)) / len(values)), float(min(least)), float(max(greatest))


def _figures(point: RollupPoint) -> Figures:
    return (
        point.value, point.minimum, point.maximum, point.valid, point.expected,
        point.suspect, point.calibrating, point.fault,
    )  # fmt: skip


def _floor(at: datetime) -> datetime:
    return at - (at - datetime(1970, 1, 1, tzinfo=UTC)) % HOUR


def _ceiling(at: datetime) -> datetime:
    return _floor(at - timedelta(microseconds=1)) + HOUR


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
