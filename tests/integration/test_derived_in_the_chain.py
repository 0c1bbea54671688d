"""Derived series, calms and pH through flags, windows and pages, as the service makes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from analysis.figures import Figures
from domain.clock import SetClock
from domain.flag import Flag, Reason
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind
from registry.lookup import Registry
from registry.schema import Maintenance, Parameter
from reports.facts import gather
from reports.summary import station as station_view
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.configured import station
from support.feeding import feed
from support.rolled import configured
from support.stacks import with_stacks

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
MINUTES = timedelta(minutes=5)
SO2, O2, CORRECTED = (SeriesKey("S-1", name) for name in ("so2", "o2", "so2_corrected"))


class Service:
    """All that stands between readings and rules, over stores in a folder."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.registry = registry
        self.store: ReadingStore = SqliteReadings(folder / "readings.sqlite")
        self.engine: Engine = open_state(f"sqlite:///{folder}/state.sqlite")
        self.clock = SetClock(START + timedelta(hours=3))

    def take(self, *readings: Reading) -> None:
        feed(readings, self.store, self.engine, self.clock.now())
        Figures(self.registry, self.store, self.engine, self.clock).run()

    def hour(self, series: SeriesKey) -> RollupPoint:
        window = Window(START, START + timedelta(hours=1))
        return self.store.read_rollups(WindowKind.HOUR, [series], window)[series][0]


def every(series: SeriesKey, *values: float, **changes: Any) -> list[Reading]:
    return [
        Reading(*series, START + place * MINUTES, value, flag=Flag.GOOD, seq=1, **changes)
        for place, value in enumerate(values, 1)
    ]


def test_maintenance_of_a_source_by_the_calendar_is_maintenance_of_what_is_computed(tmp_path: Path) -> None:
    """An entry for the oxygen alone: no corrected value of that time counts, and the hour says why."""
    entry = Maintenance.model_validate({
        "stations": ["S-1"], "parameters": ["o2"], "from": "2026-03-02 00:00", "to": "2026-03-02 00:30",
        "status": "calibrating", "who": "A", "why": "B",
    })  # fmt: skip
    made = Service(tmp_path, replace(with_stacks(), maintenance=(entry,)))
    made.take(*every(SO2, *[100.0] * 12), *every(O2, *[7.0] * 12))
    found = made.store.read(CORRECTED, Window(START, START + timedelta(hours=1)))
    assert found.flags.tolist() == [Flag.FAIL] * 6 + [Flag.GOOD] * 6
    assert set(found.reasons[:6].tolist()) == {Reason.MAINTENANCE}
    hour = made.hour(CORRECTED)
    assert (hour.value, hour.valid, hour.calibrating) == (100.0, 6, 6)


def test_a_calibration_raises_nothing_by_way_of_a_corrected_value(tmp_path: Path) -> None:
    """Status 01 of the oxygen's instrument is that of the pair."""
    made = Service(tmp_path, with_stacks())
    made.take(*every(SO2, *[100.0] * 12), *every(O2, *[20.0] * 12, status=Status.CALIBRATING))
    hour = made.hour(CORRECTED)
    assert (hour.value, hour.valid, hour.calibrating) == (None, 0, 12)


@pytest.mark.parametrize(
    ("oxygen", "said"),
    [
        ([20.5] * 12, ["not computed: oxygen is above the cut-off"]),
        ([], ["not computed: oxygen is missing"]),
        ([7.0] * 12, []),
    ],
)
def test_a_station_page_says_why_a_value_was_not_computed(tmp_path: Path, oxygen: list[float], said: list[str]) -> None:
    """Beside the row that has no value, and nowhere else."""
    made = Service(tmp_path, with_stacks())
    made.clock.moment = START + timedelta(hours=1, minutes=1)
    made.take(*every(SO2, *[100.0] * 12), *every(O2, *oxygen))
    facts = gather(made.registry, made.store, made.engine, made.clock.now(), ["S-1"], 6)
    rows = {one.series.parameter: one for one in station_view(made.registry, facts, "S-1").rows}
    assert [str(one) for one in rows["so2_corrected"].left_out] == said
    assert rows["so2"].left_out == ()


def test_a_speed_that_comes_late_takes_its_calms_out_of_the_direction(tmp_path: Path) -> None:
    """The hour of a vane is made again when it turns out that there was no wind."""
    vane = station("A-1", interval="5 min", parameters=[{"id": "wind_direction"}, {"id": "wind_speed"}])
    made = configured(vane)
    speed = Parameter.model_validate({
        "id": "wind_speed", "names": {"vi": "u", "en": "u"}, "symbol": "u", "media": ["air"], "unit": "m/s", "plausible": [0, 75],
    })  # fmt: skip
    direction = made.parameters["wind_direction"].model_copy(update={"speed": "wind_speed"})
    service = Service(
        tmp_path, replace(made, parameters={**made.parameters, "wind_speed": speed, direction.id: direction})
    )
    wind, calm = SeriesKey("A-1", "wind_direction"), SeriesKey("A-1", "wind_speed")
    service.take(*every(wind, *[90.0] * 6, *[180.0] * 6))
    assert service.hour(wind).value == pytest.approx(135)
    service.take(*every(calm, *[2.0] * 6, *[0.3] * 6))
    hour = service.hour(wind)
    assert (hour.value, hour.valid) == (pytest.approx(90), 6)


@pytest.mark.parametrize(("rule", "value"), [("arithmetic", 7.0), ("hydrogen", 5.300986568387)])
def test_ph_is_averaged_as_the_department_has_decided(tmp_path: Path, rule: str, value: float) -> None:
    """Hours and days alike."""
    made = configured(station("W-1", kind="outfall", interval="5 min", parameters=[{"id": "ph"}]), ph_mean=rule)
    ph = made.parameters["ph"].model_copy(update={"scale": "ph"})
    service = Service(tmp_path, replace(made, parameters={**made.parameters, "ph": ph}))
    service.take(*every(SeriesKey("W-1", "ph"), *[5.0, 9.0] * 6))
    assert service.hour(SeriesKey("W-1", "ph")).value == pytest.approx(value, abs=1e-11)
