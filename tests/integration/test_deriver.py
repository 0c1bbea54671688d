"""The deriver on real stores: whatever order data arrive in, and wherever it is stopped."""

import random
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from analysis.deriving import Deriver
from analysis.roller import Roller
from domain.clock import SetClock
from domain.flag import Flag, Reason
from domain.reading import Reading, SeriesKey, Status
from domain.window import Window, WindowKind
from registry.limits import Lacking
from registry.lookup import Registry
from storage import spans
from storage.readings import ReadingStore
from storage.sqlite import SqliteReadings
from storage.state import open_state, writing
from support.feeding import feed
from support.rig import Stopped, Tripwire
from support.stacks import facility, outfall, stack, with_stacks

START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight of the 2nd in Viet Nam
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
ALL_TIME = Window(datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
SO2, O2, CORRECTED = (SeriesKey("S-1", name) for name in ("so2", "o2", "so2_corrected"))

Found = dict[datetime, tuple[float | None, Status, Flag, Reason]]


@dataclass
class Plant:
    """Real stores, a clock that stands, and what is configured."""

    registry: Registry
    store: ReadingStore
    engine: Engine
    clock: SetClock

    def feed(self, readings: Iterable[Reading]) -> None:
        feed(readings, self.store, self.engine, self.clock.now(), flagged=True)

    def derive(self) -> int:
        """Let a deriver of its own run, as after a restart."""
        return Deriver(self.registry, self.store, self.engine, self.clock).run()

    def found(self, series: SeriesKey = CORRECTED) -> Found:
        return {
            one.measured_at: (one.value, one.status, one.flag, one.reasons)
            for one in self.store.find({series: ALL_TIME})
        }

    def values(self, series: SeriesKey = CORRECTED) -> list[float | None]:
        return [value for _, (value, *_) in sorted(self.found(series).items())]


def plant(folder: Path, registry: Registry | None = None) -> Plant:
    engine = open_state(f"sqlite:///{folder}/state.sqlite")
    return Plant(
        registry or with_stacks(), SqliteReadings(folder / "readings.sqlite"), engine, SetClock(START + timedelta(days=3))
    )  # fmt: skip


def at(place: float, series: SeriesKey, value: float | None, seq: int = 1, **changes: Any) -> Reading:
    flag = Flag.MISSING if value is None else Flag.GOOD
    return Reading(*series, START + place * MINUTES, value, **{"flag": flag, "seq": seq, **changes})


def test_a_reading_is_corrected_once_its_oxygen_is_there(tmp_path: Path) -> None:
    """First it says that the oxygen is missing; whatever comes first, the pair is made."""
    made = plant(tmp_path)
    made.feed([at(1, SO2, 112_000)])
    assert made.derive() == 1
    assert made.found() == {START + MINUTES: (None, Status.MEASURING, Flag.MISSING, Reason.NO_OXYGEN)}
    made.feed([at(1, O2, 18.7)])
    assert made.derive() == 1
    assert made.values() == [pytest.approx(112_000 * 13.9 / 2.2)]
    assert made.derive() == 0


def test_a_pair_that_is_no_more_becomes_a_missing_reading(tmp_path: Path) -> None:
    """Nothing is deleted: what was computed would otherwise stay for ever."""
    made = plant(tmp_path)
    made.feed([at(1, SO2, 100.0), at(1, O2, 7.0)])
    made.derive()
    made.feed([at(1, O2, None, seq=2)])
    assert made.derive() == 1
    assert made.found()[START + MINUTES] == (None, Status.MEASURING, Flag.MISSING, Reason.NO_OXYGEN)


def test_what_is_derived_goes_on_to_windows_and_rules_but_is_not_counted_as_received(tmp_path: Path) -> None:
    """The roller makes hours of it as of any series."""
    made = plant(tmp_path)
    made.feed([at(place, SO2, 100_000.0) for place in range(1, 13)] + [at(place, O2, 14.0) for place in range(1, 13)])
    assert made.derive() == 12
    assert "deriving" not in spans.waiting(made.engine)
    assert {one.series for one in spans.take(made.engine, "watch")} == {SO2, O2, CORRECTED}
    Roller(made.registry, made.store, made.engine, made.clock).run()
    hour = made.store.read_rollups(WindowKind.HOUR, [CORRECTED], Window(START, START + HOUR))[CORRECTED][0]
    assert (hour.value, hour.valid, hour.expected) == (pytest.approx(100_000 * 13.9 / 6.9), 12, 12)
    assert hour.limit_high == 200_000


def test_an_average_is_of_corrected_values_and_not_a_corrected_average(tmp_path: Path) -> None:
    """Pair by pair, then the mean: 2 × 13.9/11.9 and 1 × 13.9/1.9, not the mean of both with the mean oxygen."""
    made = plant(tmp_path)
    pairs = [(200.0, 9.0), (100.0, 19.0)] * 6
    made.feed([at(place, SO2, pair[0]) for place, pair in enumerate(pairs, 1)])
    made.feed([at(place, O2, pair[1]) for place, pair in enumerate(pairs, 1)])
    made.derive()
    Roller(made.registry, made.store, made.engine, made.clock).run()
    hour = made.store.read_rollups(WindowKind.HOUR, [CORRECTED], Window(START, START + HOUR))[CORRECTED][0]
    assert hour.value == pytest.approx((200 * 13.9 / 11.9 + 100 * 13.9 / 1.9) / 2)


def test_a_load_sums_up_over_the_hour(tmp_path: Path) -> None:
    """120 mg/L in 60 m³/h: 7.2 kg an hour."""
    made = plant(tmp_path)
    cod, flow, mass = (SeriesKey("W-1", name) for name in ("cod", "flow", "cod_load"))
    made.feed(
        [at(place, cod, 120.0) for place in range(1, 13)] + [at(place + 0.4, flow, 60.0) for place in range(1, 13)]
    )
    made.derive()
    Roller(made.registry, made.store, made.engine, made.clock).run()
    hour = made.store.read_rollups(WindowKind.HOUR, [mass], Window(START, START + HOUR))[mass][0]
    assert (hour.value, hour.valid, hour.expected) == (pytest.approx(7.2), 12, 12)


def test_a_meter_reading_changes_both_intervals_that_it_ends_and_begins(tmp_path: Path) -> None:
    """Late or revised, the loads around it follow."""
    made = plant(tmp_path, with_stacks(outfall({"id": "volume"}, {"id": "cod_load", "derived": {"flow": "volume"}})))
    cod, volume, mass = (SeriesKey("W-1", name) for name in ("cod", "volume", "cod_load"))
    made.feed([at(place, cod, 1000.0) for place in (1, 2)])
    made.feed([at(place, volume, 10.0 * place) for place in (0, 2)])
    made.derive()
    assert made.values(mass) == [None, None]
    made.feed([at(1, volume, 12.0)])
    made.derive()
    assert made.values(mass) == [pytest.approx(12.0), pytest.approx(8.0)]


READINGS = st.lists(
    st.builds(
        Reading,
        st.just("S-1"), st.sampled_from(["so2", "so2", "o2"]),
        st.integers(1, 2 * 60).map(lambda minute: START + timedelta(minutes=minute)),
        st.one_of(st.none(), st.floats(0, 21), st.just(20.0)),
        st.sampled_from([Status.MEASURING] * 4 + [Status.CALIBRATING, Status.FAULT]),
        st.sampled_from([Flag.GOOD] * 3 + [Flag.SUSPECT, Flag.FAIL]),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=15)
@given(READINGS, st.randoms(use_true_random=False))
def test_derived_readings_are_the_same_whatever_the_order_of_arrival(
    readings: list[Reading], chance: random.Random
) -> None:
    """Shuffled, split, sent twice, the deriver running between any two: in the end what all at once give."""
    newest: dict[tuple[str, datetime], Reading] = {}
    for place, one in enumerate(readings, 1):
        flag = Flag.MISSING if one.value is None else one.flag
        newest[one.parameter, one.measured_at] = Reading(
            *one.series, one.measured_at, one.value, one.status, flag, seq=place
        )
    arriving = list(newest.values())
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        at_once = plant(Path(other))
        at_once.feed(arriving)
        at_once.derive()
        made = plant(Path(folder))
        chance.shuffle(arriving)
        while arriving:
            size = chance.randint(1, 20)
            batch, arriving = arriving[:size], arriving[size:]
            made.feed([*batch, *batch[:2]])
            if chance.random() < 0.6:
                made.derive()
        made.derive()
        assert made.found() == at_once.found()
        assert {one.measured_at for one in newest.values() if one.parameter == "so2"} == set(made.found())
        assert made.derive() == 0, "once more changes nothing"


@pytest.mark.parametrize("after", [False, True])
def test_a_deriver_that_is_stopped_at_its_writing_goes_on_where_it_was(tmp_path: Path, *, after: bool) -> None:
    """Nobody looks at what may not be written yet; after the restart all of it is there and handed over."""
    made = plant(tmp_path)
    made.feed([at(1, SO2, 100.0), at(1, O2, 7.0)])
    stopping: Any = Tripwire(made.store, "write", "after" if after else "before")
    with pytest.raises(Stopped):
        Deriver(made.registry, stopping, made.engine, made.clock).run()
    assert not [one for one in spans.take(made.engine, "roll") if one.series == CORRECTED]
    made.derive()
    assert made.values() == [100.0]
    assert [one.series for one in spans.take(made.engine, "roll") if one.series == CORRECTED] == [CORRECTED]
    assert spans.waiting(made.engine).get("derive") is None


def test_a_series_that_is_configured_later_gets_its_past(tmp_path: Path) -> None:
    """The stack was measured before anybody asked for its corrected values."""
    before = plant(tmp_path, with_stacks(stack({"id": "flow"}, measures=("so2", "o2"))))
    before.feed([at(place, key, 10.0) for place in (1, 2, 600) for key in (SO2, O2)])
    assert before.derive() == 0
    now = Plant(with_stacks(), before.store, before.engine, before.clock)
    assert now.derive() == 3
    assert now.values() == [pytest.approx(10 * 13.9 / 10.9)] * 3


def test_the_reference_oxygen_is_that_of_the_day(tmp_path: Path) -> None:
    """The licence named 7 % up to the 2nd, 11 % from the 3rd, and nothing from the 4th."""
    licence = facility(
        {"regulation": "LAW", "reference_o2": 7, "to": "2026-03-03"},
        {"regulation": "LAW", "reference_o2": 11, "from": "2026-03-03", "to": "2026-03-04"},
        {"regulation": "LAW", "from": "2026-03-04"},
    )
    made = plant(tmp_path, with_stacks(plant=licence))
    day = 24 * 12
    made.feed([at(place, key, 10.0) for place in (day, day + 1, 2 * day, 2 * day + 1) for key in (SO2, O2)])
    made.derive()
    seven, eleven = (pytest.approx(10 * (20.9 - one) / 10.9) for one in (7, 11))
    assert made.values() == [seven, eleven, eleven, None]
    assert made.found()[START + (2 * day + 1) * MINUTES][3] == Reason.NO_REFERENCE_O2


def test_a_law_at_a_reference_oxygen_is_compared_with_the_corrected_series_only() -> None:
    """Where there is no such series, or no reference, nothing is compared and that is said."""
    day = START.date()
    made = with_stacks()
    assert made.limit_for(SO2, WindowKind.HOUR, day, {}) is None
    found = made.limit_for(CORRECTED, WindowKind.HOUR, day, {})
    assert found is not None
    assert (found.row.row, found.high) == ("law-so2", 200_000)
    assert made.not_compared(SO2, day) == made.not_compared(CORRECTED, day) == ()
    plain = with_stacks(stack({"id": "flow"}, measures=("so2", "o2")))
    assert [one.lacking for one in plain.not_compared(SO2, day)] == [Lacking.CORRECTED]
    unnamed = with_stacks(plant=facility({"regulation": "LAW"}))
    assert unnamed.limit_for(CORRECTED, WindowKind.HOUR, day, {}) is None
    assert [one.lacking for one in unnamed.not_compared(CORRECTED, day)] == [Lacking.REFERENCE]


def test_what_is_no_longer_computed_on_a_day_is_taken_back(tmp_path: Path) -> None:
    """The configuration ends it earlier than it was computed: made once more, those readings have no value."""
    made = plant(tmp_path)
    made.feed([at(place, key, 10.0) for place in (1, 24 * 12 + 1) for key in (SO2, O2)])
    made.derive()
    ended = Plant(with_stacks(stack({"id": "so2_corrected", "to": "2026-03-03"})), made.store, made.engine, made.clock)
    with writing(made.engine) as connection:
        spans.mark(connection, "derive", [(SO2, START, START + timedelta(days=2))])
    assert ended.derive() == 1
    assert ended.values() == [pytest.approx(10 * 13.9 / 10.9), None]


def test_a_speed_that_comes_late_takes_the_directions_of_a_calm_out_of_their_hour(tmp_path: Path) -> None:
    """The direction itself has not changed: that its hour is made again is owed to the speed."""
    made = plant(tmp_path, with_stacks(stack({"id": "wind_speed"}, {"id": "wind_direction"})))
    speed, direction = (SeriesKey("S-1", name) for name in ("wind_speed", "wind_direction"))

    def hour() -> tuple[float | None, int]:
        made.derive()
        Roller(made.registry, made.store, made.engine, made.clock).run()
        point = made.store.read_rollups(WindowKind.HOUR, [direction], Window(START, START + HOUR))[direction][0]
        return point.value, point.valid

    made.feed([at(place, direction, 90.0 if place <= 6 else 180.0) for place in range(1, 13)])
    assert hour() == (pytest.approx(135.0), 12)
    made.feed([at(place, speed, 3.0 if place <= 6 else 0.1, seq=2) for place in range(1, 13)])
    assert hour() == (pytest.approx(90.0), 6)
