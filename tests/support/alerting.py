"""A small province whose rules are judged in tests: real stores, a clock that stands still until it is set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from alerts.check import Judge
from alerts.links import LinkBase
from domain.clock import SetClock
from domain.reading import Reading, SeriesKey
from domain.rollup import RollupPoint
from domain.window import HOUR, Window, WindowKind, mark_of
from registry.lookup import Registry
from registry.schema import Facility, Person, Regulation, Rule, Team
from storage import alerting, heartbeats, spans
from storage.alerting import AlertRow, OutboxRow
from storage.heartbeats import Heartbeat
from storage.ledger import BatchNotes, Heard, Ledger
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from storage.state import open_state, writing
from support.configured import registry, station

T0 = datetime(2026, 11, 23, 17, tzinfo=UTC)  # midnight in Viet Nam: hour n of the day is T0 + n h
COD = SeriesKey("NT-1", "cod")
PH = SeriesKey("NT-1", "ph")
LINKS = LinkBase("https://qt.example", "https://public.example")

_CONFIRMED = {"confirmed_by": "Trần Văn B", "confirmed_on": "2026-09-15"}
_ROWS: list[dict[str, Any]] = [
    {"row": "x-cod", "clause": "Bảng 1", "column": "B", "parameter": "cod", "averaging": "hour", "at_most": 150,
     "unit": "mg/L", "factors": ["Kq", "Kf"], "confidence": "V2", **_CONFIRMED},
    {"row": "x-ph", "clause": "Bảng 1", "column": "B", "parameter": "ph", "averaging": "hour", "at_least": 5.5,
     "at_most": 9, "unit": "", "confidence": "V2", **_CONFIRMED},
]  # fmt: skip


def hour(number: float) -> datetime:
    """Return the end of the `number`-th hour of the day."""
    return T0 + number * HOUR


def cod_rule(**changes: Any) -> Rule:
    """Return the rule most tests are about: COD, hourly, two hours in a row, clear at 90 % for two hours."""
    return Rule.model_validate({
        "id": "cod-hour", "names": {"vi": "COD giờ", "en": "COD hourly"}, "kind": "limit", "parameters": ["cod"],
        "window": "hour", "windows": 2, "clear": {"share": 0.9, "windows": 2}, "severity": "critical",
        "team": "team", **changes,
    })  # fmt: skip


def ph_rule(**changes: Any) -> Rule:
    """Return a rule on every reading: the department's own range for pH."""
    return Rule.model_validate({
        "id": "ph-reading", "names": {"vi": "pH vận hành", "en": "Operating pH"}, "kind": "threshold",
        "parameters": ["ph"], "window": "reading", "threshold": {"at_least": 5.5, "at_most": 9, "unit": ""},
        "clear": {"share": 1.0, "windows": 1}, "severity": "warning", "team": "team", **changes,
    })  # fmt: skip


def silent_rule(**changes: Any) -> Rule:
    return Rule.model_validate({
        "id": "silent", "names": {"vi": "Mất tín hiệu", "en": "Silent"}, "kind": "silent", "severity": "information",
        "team": "team", **changes,
    })  # fmt: skip


def person(identity: str = "officer", language: str = "vi", **changes: Any) -> Person:
    channels = [{"kind": "mail", "address": f"{identity}@dept.example"}]
    return Person.model_validate({
        "id": identity,
        "name": identity.title(),
        "language": language,
        "channels": channels,
        **changes,
    })


def made(
    *rules: Rule, people: Sequence[Person] = (), confirmed: bool = True, grade: str = "regulatory",
    invented: bool = False,
) -> Registry:  # fmt: skip
    """Return a configuration: an outfall NT-1 with COD and pH under QCVN X, and a second station of the same area."""
    told = people or (person(), person("lead", "en"))
    outfall = station(
        "NT-1", kind="outfall", facility="F-1", grade=grade, parameters=[{"id": "cod"}, {"id": "ph"}],
        names={"vi": "Cửa xả 1", "en": "Outfall 1"}, certificates=[{"number": "1", "from": "2026-01-01"}],
    )  # fmt: skip
    bare = registry(outfall, station("NT-2", kind="outfall", parameters=[{"id": "cod"}]))
    factors = [{"name": name, "value": value, **(_CONFIRMED if confirmed else {})} for name, value in _FACTORS]
    facility = Facility.model_validate({
        "id": "F-1", "names": {"vi": "Nhà máy 1", "en": "Plant 1"}, "area": "area", "sector": "industry",
        "applies": [{"regulation": "X", "column": "B", "factors": factors}], "invented": invented,
        "contacts": [{"name": "Trực", "role": {"vi": "Trực", "en": "On duty"}, "phone": "0123 456 789"}],
    })  # fmt: skip
    rows = [{**one, **({} if confirmed else {"confirmed_by": None, "confirmed_on": None})} for one in _ROWS]
    regulation = Regulation.model_validate({
        "id": "X", "names": {"vi": "Nước thải", "en": "Wastewater"}, "document": "QCVN X:2011", "kinds": ["outfall"],
        "rows": rows,
    })  # fmt: skip
    team = Team.model_validate({"id": "team", "names": {"vi": "Tổ", "en": "Team"}, "people": [one.id for one in told]})
    return replace(
        bare, facilities={"F-1": facility}, regulations={"X": regulation}, teams={"team": team},
        rules={one.id: one for one in rules}, people={one.id: one for one in told},
    )  # fmt: skip


_FACTORS = (("Kq", 0.9), ("Kf", 1.0))  # 150 × 0.9 × 1.0 = 135


@dataclass
class Scene:
    """Stores, clock and judge around one configuration. Levels come as the roller and the pipeline would leave them."""

    registry: Registry
    store: SqliteReadings
    engine: Engine
    clock: SetClock
    judge: Judge

    @classmethod
    def open(cls, folder: Path, configured: Registry, links: LinkBase = LINKS, state_url: str | None = None) -> "Scene":
        """Return a new scene; its state is SQLite in `folder`, or at `state_url`."""
        store = SqliteReadings(folder / "readings.sqlite")
        engine = open_state(state_url or f"sqlite:///{folder}/state.sqlite")
        clock = SetClock(T0)
        return cls(configured, store, engine, clock, Judge(configured, store, engine, clock, links))

    def again(self, store: ReadingStore | None = None, configured: Registry | None = None) -> "Scene":
        """Return the scene after a restart: nothing in memory, the stores as they are."""
        chosen = configured or self.registry
        self.judge = Judge(chosen, store or self.store, self.engine, self.clock, LINKS)
        return self

    def hours(self, first: int, *levels: float | None, series: SeriesKey = COD, **changes: Any) -> None:
        """Leave hourly levels from hour `first` on, as the roller does."""
        points = [hourly(first + place, level, series, **changes) for place, level in enumerate(levels)]
        self.store.write_rollups(points)
        with writing(self.engine) as connection:
            spans.mark(connection, "judge", [(series, points[0].mark, points[-1].mark)])

    def readings(self, *values: tuple[float, float | None], series: SeriesKey = PH, **changes: Any) -> None:
        """Leave readings as (hour of the day, value), as the pipeline does."""
        found = [
            Reading(series.station, series.parameter, hour(at), value, **{"seq": 64, **changes}) for at, value in values
        ]
        self.store.write(found)
        at = [one.measured_at for one in found]
        with writing(self.engine) as connection:
            spans.mark(connection, "watch", [(series, min(at), max(at))])

    def run(self, at: float) -> int:
        """Judge at an hour of the day."""
        self.clock.moment = hour(at)
        return self.judge.run()

    def live(self, first: int, *levels: float | None, **changes: Any) -> None:
        """Leave hourly levels one by one, each judged a minute after its end."""
        for place, level in enumerate(levels):
            self.hours(first + place, level, **changes)
            self.run(first + place + 1 / 60)

    def listens(self, at: float, *, ready: bool = True, since: float = 0) -> None:
        """Have ingest say that it listens."""
        heartbeats.beat(self.engine, Heartbeat("ingest", "main", hour(at), hour(since), ready, {"reasons": []}))

    def heard(self, station_: str, at: float) -> None:
        """Have a station be heard."""
        Ledger(self.engine, "main").release(BatchNotes(1, hour(at), heard={station_: Heard(hour(at), None, None)}))

    @property
    def alerts(self) -> list[AlertRow]:
        """All alerts, the oldest first."""
        return list(reversed(alerting.alert_history(self.engine)))

    @property
    def messages(self) -> list[OutboxRow]:
        """All messages, the oldest first."""
        return list(reversed(alerting.messages_of(self.engine, limit=10_000)))

    def told(self, to: str = "officer") -> list[str]:
        """Return which notices a person got, in order."""
        return [one.notice.value for one in self.messages if one.person == to]


def hourly(number: int, level: float | None, series: SeriesKey = COD, **changes: Any) -> RollupPoint:
    window = Window(hour(number - 1), hour(number))
    valid = 0 if level is None else 12
    defaults: dict[str, Any] = {
        "station": series.station, "parameter": series.parameter, "kind": WindowKind.HOUR,
        "mark": mark_of(WindowKind.HOUR, window), "value": level, "minimum": level, "maximum": level, "valid": valid,
        "expected": 12,
    }  # fmt: skip
    return RollupPoint(**{**defaults, **changes})
