"""The whole chain behind ingest in a folder: readings → flags → windows and indices → alerts, for tests of any order."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from alerts.check import CONSUMERS, Judge
from alerts.links import LinkBase
from analysis.figures import STAGES, Figures
from domain.clock import SetClock
from domain.moment import moment
from domain.reading import Reading, SeriesKey
from domain.window import Window, WindowKind
from registry.lookup import Registry
from registry.schema import Maintenance, Parameter, Rule, Team
from storage import alerting, spans
from storage.readings import ReadingStore, Series
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.configured import registry, station
from support.feeding import feed

ALL_TIME = Window(datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
STATIONS = ("KK-1", "KK-2", "KK-3", "KK-4")
LINKS = LinkBase("https://qt.example", "https://public.example")
# Short of any real figure, so that a handful of readings meets every check.
_CHECKS: dict[str, list[dict[str, Any]]] = {
    "pm25": [{
        "spike": {"suspect": 20, "fail": 60}, "rate": {"fail": 400, "per": "1 h"},
        "flat_line": {"suspect": "20 min", "fail": "40 min", "whole": True}, "gap": {"suspect": "30 min"},
        "pinned": {"hold": "15 min", "at": [7]}, "attenuated": {"over": "30 min", "suspect": 0.05},
        "neighbours": {"share": 0.5, "by": 10, "stations": 2}, "not_above": {"parameter": "pm10"},
    }],
}  # fmt: skip


def rule(identity: str, window: str, **changes: Any) -> Rule:
    """Return a threshold on PM2.5 that needs `windows` of `window`."""
    return Rule.model_validate({
        "id": identity, "names": {"vi": identity, "en": identity}, "kind": "threshold", "parameters": ["pm25"],
        "window": window, "threshold": {"at_most": 50, "unit": "ug/m3"}, "clear": {"share": 1.0, "windows": 1},
        "team": "team", **changes,
    })  # fmt: skip


RULES = (rule("reading", "reading"), rule("hour", "hour"), rule("held", "hour", windows=2))


def configured(*maintenance: dict[str, Any], rules: Sequence[Rule] = RULES, suspect: Any = None) -> Registry:
    """Return an area of four stations whose PM2.5 goes through every check, with rules on it."""
    parameters = [{"id": "pm25", "suspect": suspect}, {"id": "pm10"}]
    made = registry(*(station(name, interval="5 min", parameters=parameters) for name in STATIONS))
    checked = {
        name: Parameter.model_validate({**one.model_dump(by_alias=True), "checks": _CHECKS.get(name, [])})
        for name, one in made.parameters.items()
    }
    team = Team.model_validate({"id": "team", "names": {"vi": "Tổ", "en": "Team"}, "people": []})
    entries = tuple(Maintenance.model_validate({"who": "A", "why": "B", **one}) for one in maintenance)
    return replace(
        made, parameters=checked, rules={one.id: one for one in rules}, teams={"team": team}, maintenance=entries
    )


@dataclass
class Chain:
    """Stores in a folder, and the jobs over them as after a start of the process."""

    registry: Registry
    store: ReadingStore
    engine: Engine
    clock: SetClock
    figures: Figures
    judge: Judge

    @classmethod
    def open(cls, folder: Path, made: Registry, now: datetime, store: ReadingStore | None = None) -> "Chain":
        """Return a chain with empty stores in `folder`."""
        folder.mkdir(exist_ok=True)
        kept = store or SqliteReadings(folder / "readings.sqlite")
        engine, clock = open_state(f"sqlite:///{folder}/state.sqlite"), SetClock(now)
        return cls(made, kept, engine, clock, *_jobs(made, kept, engine, clock))

    def again(self, made: Registry | None = None) -> "Chain":
        """Start the process once more, with another configuration if one is given."""
        self.registry = made or self.registry
        self.figures, self.judge = _jobs(self.registry, self.store, self.engine, self.clock)
        return self

    def feed(self, readings: Iterable[Reading]) -> None:
        """Leave readings as the pipeline does."""
        feed(readings, self.store, self.engine, self.clock.now())

    def run(self) -> None:
        """Do what one waking of the schedule does."""
        self.figures.run()
        self.judge.run()

    def finish(self) -> "Chain":
        """Run until nothing waits."""
        while True:
            self.run()
            if not spans.waiting(self.engine).keys() & {*STAGES, *CONSUMERS}:
                return self

    @property
    def series(self) -> list[SeriesKey]:
        """Every series."""
        return [SeriesKey(one.id, name) for one in self.registry.stations.values() for name in one.measures]

    def flags(self) -> dict[tuple[SeriesKey, datetime], tuple[int, ...]]:
        """Return what is said of every reading: flag, reasons, version."""
        found = self.store.read_many(self.series, ALL_TIME)
        return {
            (key, moment(at)): tuple(said)
            for key, one in found.items()
            for at, *said in zip(*(column.tolist() for column in _said(one)), strict=True)
        }  # fmt: skip

    def windows(self) -> dict[Any, Any]:
        """Return what every window comes to, and the indices."""
        found: dict[Any, Any] = {}
        for kind in WindowKind:
            for points in self.store.read_rollups(kind, self.series, ALL_TIME).values():
                for one in points:
                    counts = (one.valid, one.expected, one.suspect, one.calibrating, one.fault)
                    extremes = (one.value, one.minimum, one.maximum)
                    found[kind, one.station, one.parameter, one.mark] = (*extremes, *counts)
        for one in self.store.read_indices("vn_aqi", WindowKind.HOUR, list(self.registry.stations), ALL_TIME):
            found["vn_aqi", one.station, one.mark] = (one.value, one.dominant, one.concentration)
        return found

    def exceedances(self) -> set[tuple[Any, ...]]:
        """Return every exceedance that stands: rule, series, from when to when."""
        return {
            (one.rule, one.series, one.crossed_at, one.closed_at, one.peak)
            for one in alerting.alert_history(self.engine)
            if not one.record.withdrawn
        }

    def close(self) -> None:
        """Let go of the files."""
        self.engine.dispose()
        self.store.close()


def _said(one: Series) -> tuple[Any, ...]:
    return one.times, one.flags, one.reasons, one.checks


def _jobs(made: Registry, store: ReadingStore, engine: Engine, clock: SetClock) -> tuple[Figures, Judge]:
    return Figures(made, store, engine, clock), Judge(made, store, engine, clock, LINKS)


def newest(readings: list[Reading]) -> list[Reading]:
    """Return what the store comes to: of readings with one identity that of the greatest number."""
    return list({(one.series, one.measured_at): one for one in sorted(readings, key=lambda one: one.seq)}.values())


def in_pieces(stream: Chain, everything: list[Reading], chance: random.Random, most: int) -> None:
    """Let readings arrive in any order; what is there already is left as the pipeline leaves it."""
    left, stored = list(everything), dict[object, int]()
    chance.shuffle(left)
    while left:
        size = chance.randint(1, most)
        some, left = left[:size], left[size:]
        # The greater number counts, whichever comes first.
        counts = [one for one in newest(some) if one.seq > stored.get((one.series, one.measured_at), 0)]
        stored.update({(one.series, one.measured_at): one.seq for one in counts})
        stream.clock.moment = max(
            stream.clock.moment, *(one.measured_at for one in some)
        ) + chance.random() * timedelta(hours=1)
        if counts:
            stream.feed(counts)
        if chance.random() < 0.6:
            stream.run()
        if chance.random() < 0.3:
            stream.again()
