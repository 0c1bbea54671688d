"""Indices through the roller: hours and days, late data, what is ready, and every figure once more by plain loops."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.indices import indices
from analysis.schemes import SCHEMES, VERSIONS
from analysis.series_windows import Stretch
from domain.reading import Reading, SeriesKey
from domain.rollup import IndexPoint
from domain.window import HOUR, WindowKind
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import Parameter
from storage import confirmations
from storage.sqlite import SqliteReadings
from support.configured import station
from support.rolled import ALL_TIME, Bench, bench, configured, every
from support.slow_indices import exact, half_up, slow_us_hour, slow_vn, slow_vn_hour

MIDNIGHT = datetime(2026, 3, 1, 17, tzinfo=UTC)  # in Viet Nam
AIR = ("pm25", "pm10", "so2", "no2", "co", "o3")
MASSES = {"so2": 64.064, "no2": 46.0055, "co": 28.0101, "o3": 47.9982}
E1 = (15.7, 14.2, 17.7, 18.9, 19.3, 15.7, 19.7, 22.6, 27.1, 29.0, 31.9, 25.3, 34.7, 35.2, 41.6, 45.7, 49.2, 55.8, 69.6,
      78.3, 91.5, 97.7, 81.2, 71.8, 43.5, 34.3, 21.5, 20.5, 19.4, 20.4, 21.3)  # fmt: skip


def airy(*names: str, indices_: tuple[str, ...] = ("vn_aqi", "us_aqi"), **changes: Any) -> Registry:
    """Return stations that measure all six every hour, and a province that makes these indices."""
    parameters = [{"id": one} for one in AIR]
    made = configured(*(station(one, interval="1 h", parameters=parameters) for one in names), **changes)
    return with_parameters(made, {one: ("ug/m3", MASSES.get(one)) for one in AIR}, indices_)


def with_parameters(
    made: Registry,
    units: dict[str, tuple[str, float | None]],
    indices_: tuple[str, ...],
    zone: str = "Asia/Ho_Chi_Minh",
) -> Registry:
    known = {
        name: Parameter.model_validate({
            "id": name, "symbol": name, "names": {"vi": name, "en": name}, "media": ["air", "water"], "unit": unit,
            "molar_mass": mass, "plausible": [-1e6, 1e6],
        })
        for name, (unit, mass) in units.items()
    }  # fmt: skip
    province = made.province.model_copy(update={"indices": indices_, "timezone": zone})
    return replace(made, province=province, parameters={**made.parameters, **known})


def hourly(values: dict[str, list[float | None]], name: str = "A-1", start: datetime = MIDNIGHT) -> list[Reading]:
    return [one for parameter, line in values.items() for one in every(HOUR, start, line, SeriesKey(name, parameter))]


def found(made: Bench, index: str, kind: WindowKind, name: str = "A-1") -> dict[datetime, IndexPoint]:
    return {one.mark: one for one in made.store.read_indices(index, kind, [name], ALL_TIME)}


def test_the_day_of_the_decision(tmp_path: Path) -> None:
    """Example E4: PM2.5 55.7, NO2 130.8, O3 114.6 by the hour; the index is 110, and it says by what and without what."""
    made = bench(tmp_path, MIDNIGHT + 26 * HOUR, airy("A-1"))
    no2 = [*[20.0] * 12, 130.8, *[20.0] * 11]
    made.feed(hourly({"pm25": [55.7] * 24, "no2": list(no2), "o3": [*[60.0] * 20, 114.6, *[60.0] * 3]}))
    made.roll()
    (day,) = found(made, "vn_aqi", WindowKind.DAY).values()
    assert day == IndexPoint(
        "A-1", "vn_aqi", WindowKind.DAY, MIDNIGHT, 110, 3, "pm25", day.concentration,
        missing=("pm10", "so2", "co"), version="qd1459-2019-day", configuration=1,
    )  # fmt: skip
    assert day.concentration == pytest.approx(55.7)
    (us,) = found(made, "us_aqi", WindowKind.DAY).values()
    assert (us.value, us.level, us.dominant, us.version) == (151, 4, "pm25", "epa-2024-day")


def test_the_8_hours_of_a_day_reach_back_into_the_day_before(tmp_path: Path) -> None:
    """Example E1: the highest 8-hour mean, 74.4 at 17:00, decides; the label 1:00 is the mean from 18:00 of the day before."""
    made = bench(tmp_path, MIDNIGHT + 26 * HOUR, airy("A-1"))
    made.feed(hourly({"o3": list(E1)}, start=MIDNIGHT - 7 * HOUR))
    made.feed(hourly({"pm25": [1.0] * 24}))
    made.roll()
    day = found(made, "vn_aqi", WindowKind.DAY)[MIDNIGHT]
    # 97.7 by the hour is 30.5, 74.4 by 8 hours is 37.2.
    assert (day.value, day.dominant) == (37, "o3")
    assert day.concentration == pytest.approx(74.4, abs=0.05)


def test_an_evening_counts_in_the_8_hours_of_the_next_day(tmp_path: Path) -> None:
    """A late reading of 20:00 changes the day that it is in and the next one, whose first windows reach back to it."""
    made = bench(tmp_path, MIDNIGHT + 50 * HOUR, airy("A-1"))
    line = [10.0] * 48
    made.feed(hourly({"pm25": [1.0] * 48, "o3": [*line[:19], None, *line[20:]]}))
    made.roll()
    assert [one.value for one in found(made, "vn_aqi", WindowKind.DAY).values()] == [5, 5]
    made.feed(every(HOUR, MIDNIGHT + 19 * HOUR, [330.0], SeriesKey("A-1", "o3"), seq=99))
    made.roll()
    first, second = found(made, "vn_aqi", WindowKind.DAY).values()
    assert (first.value, first.dominant) == (165, "o3")
    assert (second.value, second.concentration) == (25, 50.0)


def test_a_day_that_is_not_over_has_no_index(tmp_path: Path) -> None:
    """And one of which too little is known has one without a value, which says what is missing."""
    made = bench(tmp_path, MIDNIGHT + 44 * HOUR, airy("A-1"))
    made.feed(hourly({"pm25": [*[20.0] * 17, *[None] * 7, *[20.0] * 19]}))
    made.roll()
    (day,) = found(made, "vn_aqi", WindowKind.DAY).values()
    assert (day.mark, day.value, day.missing) == (MIDNIGHT, None, AIR)
    made.feed(every(HOUR, MIDNIGHT + 17 * HOUR, [20.0], SeriesKey("A-1", "pm25"), seq=99))
    made.roll()
    assert found(made, "vn_aqi", WindowKind.DAY)[MIDNIGHT].value == 40, "18 of 24 hours"


def test_hours_below_the_capture_policy_do_not_enter(tmp_path: Path) -> None:
    """Of twelve readings nine make an hour; eight do not, however high they are."""
    made = bench(tmp_path, MIDNIGHT + 26 * HOUR, configured(station("A-1", interval="5 min")))
    five = timedelta(minutes=5)
    made.feed(every(five, MIDNIGHT, [20.0] * 288))
    so2 = SeriesKey("A-1", "so2")
    made.feed(every(five, MIDNIGHT, [*[1500.0] * 8, *[None] * 4, *[10.0] * 12, *[800.0] * 9, *[None] * 3], so2))
    made.roll()
    day = found(made, "vn_aqi", WindowKind.DAY)[MIDNIGHT]
    assert (day.value, day.dominant, day.concentration) == (200, "so2", 800.0)
    hours = found(made, "vn_aqi", WindowKind.HOUR)
    assert "so2" in hours[MIDNIGHT + 1 * HOUR].missing
    assert (hours[MIDNIGHT + 3 * HOUR].value, hours[MIDNIGHT + 3 * HOUR].dominant) == (200, "so2")


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 30, tzinfo=UTC), 24),
    ],
)
def test_days_are_those_of_the_province(tmp_path: Path, zone: str, start: datetime, hours: int) -> None:
    """Of 23 or 25 hours where clocks are changed, and from the hours that end in them where no hour ends at midnight."""
    made = airy("A-1")
    made = with_parameters(made, {}, ("vn_aqi",), zone)
    rig = bench(tmp_path, start + 60 * HOUR, made)
    first = start.replace(minute=0)
    no2 = [20.0] * (hours + 10)
    no2[hours - 1], no2[hours] = 150.0, 190.0  # the last hour of the day, and the first of the next
    rig.feed(hourly({"pm25": [1.0] * (hours + 10), "no2": list(no2)}, start=first))
    rig.roll()
    day = found(rig, "vn_aqi", WindowKind.DAY)[start]
    assert (day.value, day.concentration) == (75, 150.0)


VALUES = st.none() | st.integers(0, 5000).map(lambda tenths: tenths / 10)
LINES = st.fixed_dictionaries({name: st.lists(VALUES, min_size=60, max_size=60) for name in ("pm25", "o3", "so2")})


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_index(values: dict[str, list[float | None]], shuffle: Any) -> None:
    """Hours come shuffled and in pieces, the roller runs between them: every index is that of one run over all."""
    readings = hourly(values)
    pieces = shuffle.sample(readings, len(readings))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        now, known = MIDNIGHT + 62 * HOUR, airy("A-1")
        whole, parts = bench(Path(one), now, known), bench(Path(other), now, known)
        whole.feed(readings)
        whole.roll()
        for begin in range(0, len(pieces), 60):
            parts.feed(pieces[begin : begin + 60])
            parts.roll()
        for index, kind in product(("vn_aqi", "us_aqi"), (WindowKind.HOUR, WindowKind.DAY)):
            ours = found(whole, index, kind)
            assert ours
            assert found(parts, index, kind) == ours
        check_by_loops(values, whole)


def check_by_loops(values: dict[str, list[float | None]], made: Bench) -> None:
    """Hold every hourly index, and every daily VN_AQI, against plain loops over the hourly values."""
    lines: dict[str, list[float | None]] = {name: [None] * 60 for name in AIR} | values
    vn, us = found(made, "vn_aqi", WindowKind.HOUR), found(made, "us_aqi", WindowKind.HOUR)
    for place in range(60):
        mark = MIDNIGHT + (place + 1) * HOUR
        hours = {
            name: [*line[max(place - 11, 0) : place + 1][::-1], *[None] * (11 - place)] for name, line in lines.items()
        }
        if mark in vn:
            value, missing = slow_vn_hour(hours)
            assert (vn[mark].value, list(vn[mark].missing)) == (value, missing)
        if mark in us:
            assert us[mark].value == slow_us_hour(hours)
    for mark, day in found(made, "vn_aqi", WindowKind.DAY).items():
        assert day.value == slow_day(lines, (mark - MIDNIGHT) // HOUR)


def slow_day(lines: dict[str, list[float | None]], first: int) -> int | None:
    """Return the daily VN_AQI of hourly values with PM2.5, SO2 and ozone, capture 75 %."""
    pm25 = [exact(one) for one in lines["pm25"][first : first + 24] if one is not None]
    if len(pm25) < 18:
        return None
    index = [slow_vn("pm25", sum(pm25) / len(pm25))]
    for name in ("so2", "o3"):
        index += [slow_vn(name, exact(one)) for one in lines[name][first : first + 24] if one is not None]
    means = []
    for last in range(first, first + 24):
        eight = [exact(one) for one in lines["o3"][max(last - 7, 0) : last + 1] if one is not None]
        if len(eight) >= 6:
            means.append(sum(eight) / len(eight))
    if means and max(means) <= 400:
        index.append(slow_vn("o3_8h", max(means)))
    # A mean is a number of the machine, so that a half may come out on either side.
    return half_up(max(index) + Fraction(1, 10**9))


def watery() -> Registry:
    """Return a surface water station that measures enough for VN_WQI, once a day."""
    units: dict[str, tuple[str, float | None]] = {
        "ph": ("", None), "dissolved_oxygen": ("mg/L", None), "water_temperature": ("degC", None), "cod": ("mg/L", None),
        "toc": ("mg/L", None), "copper": ("mg/L", None), "coliform": ("MPN/100mL", None),
    }  # fmt: skip
    made = configured(station("W-1", kind="surface_water", interval="1 h", parameters=[{"id": one} for one in units]))
    return with_parameters(made, units, ("vn_aqi", "vn_wqi"))


def test_vn_wqi_is_made_only_once_a_person_has_confirmed_it(tmp_path: Path) -> None:
    """Listed alone it makes nothing; a word on another version does not count; then it says by which form it is made."""
    made = bench(tmp_path, MIDNIGHT + 26 * HOUR, watery(), key=SeriesKey("W-1", "ph"))
    values = {"ph": 7.0, "dissolved_oxygen": 5.0, "water_temperature": 29.0, "cod": 18.0, "toc": 5.0, "copper": 0.1,
              "coliform": 2500.0}  # fmt: skip
    readings = hourly({name: [one] * 24 for name, one in values.items()}, "W-1")
    made.feed(readings)
    made.roll()
    assert found(made, "vn_wqi", WindowKind.DAY, "W-1") == {}
    wqi, on = SCHEMES["vn_wqi"], date(2026, 3, 3)
    for version in ("qd1460-2019-day-form-c", "qd1460-2019-day-form-a"):
        confirmations.add(
            made.engine, Confirmation(wqi.row, "Người thử", on, None, version), note="QĐ 1460", at=made.clock.now()
        )
        made.feed(readings)
        made.roll()
        days = found(made, "vn_wqi", WindowKind.DAY, "W-1")
        assert len(days) == (0 if version.endswith("c") else 1)
    (day,) = days.values()
    # IV: oxygen 65.97, COD 70, TOC 87.5 → 74.49; V 100; I and III 100: √(74.49 × 100) = 86.3
    assert (day.value, day.level, day.dominant, day.concentration) == (86, 2, "dissolved_oxygen", 5.0)
    assert day.version == "qd1460-2019-day-form-a"
    assert {"arsenic", "bod5", "e_coli"} <= set(day.missing)
    assert found(made, "vn_aqi", WindowKind.DAY, "W-1") == {}, "a river has no air"


def test_nothing_is_made_of_an_index_that_is_not_listed(tmp_path: Path) -> None:
    """`indices:` in province.yaml decides."""
    made = bench(tmp_path, MIDNIGHT + 26 * HOUR, airy("A-1", indices_=("us_aqi",)))
    made.feed(hourly({"pm25": [20.0] * 24}))
    made.roll()
    assert found(made, "vn_aqi", WindowKind.HOUR) == {}
    assert {one.version for one in found(made, "us_aqi", WindowKind.HOUR).values()} == {"epa-2024-nowcast-pm"}


def test_the_form_of_the_nowcast_is_said_with_every_figure(tmp_path: Path) -> None:
    """As printed the same hours give 129 instead of 157."""
    line = [*[40.0] * 9, 100.0, None, 100.0]
    for form, value in (("as_printed", 129), ("normalised", 157)):
        known = airy("A-1")
        known = replace(known, province=known.province.model_copy(update={"nowcast": form}))
        folder = tmp_path / form
        folder.mkdir()
        made = bench(folder, MIDNIGHT + 13 * HOUR, known)
        made.feed(hourly({"pm25": list(line)}))
        made.roll()
        last = found(made, "vn_aqi", WindowKind.HOUR)[MIDNIGHT + 12 * HOUR]
        assert last.value == value
        assert VERSIONS[last.version].message.endswith(form.replace("_", " "))


def test_nothing_is_made_beyond_what_is_ready(tmp_path: Path) -> None:
    """An hour enters into the eleven after it, as far as they are to be judged already."""
    known = airy("A-1")
    store = SqliteReadings(tmp_path / "readings.sqlite")
    first = MIDNIGHT + HOUR
    stretch = Stretch(SeriesKey("A-1", "pm25"), first, first, first + 3 * HOUR)
    marks = [one.mark for one in indices([stretch], known, store) if one.index == "vn_aqi"]
    assert marks == [first + age * HOUR for age in range(4)]
    assert indices([Stretch(stretch.series, first, first, first - HOUR)], known, store) == []


def test_a_file_of_an_older_service_gets_what_it_lacks(tmp_path: Path) -> None:
    """Its indices stay, without version; new ones are kept beside them. A second opening finds nothing to do."""
    path = tmp_path / "readings.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE indices (name TEXT NOT NULL, kind TEXT NOT NULL, station TEXT NOT NULL, at INTEGER NOT NULL, "
            "value INTEGER, level INTEGER, dominant TEXT, concentration REAL, PRIMARY KEY (name, kind, station, at)) "
            "WITHOUT ROWID"
        )
        at = int(MIDNIGHT.timestamp() * 1e6)
        old.execute("INSERT INTO indices VALUES ('vn_aqi', 'hour', 'A-1', ?, 50, 1, 'pm25', 25.0)", (at,))
    new = IndexPoint("A-1", "vn_aqi", WindowKind.HOUR, MIDNIGHT + HOUR, 60, 2, "pm25", 30.0, ("o3",), "x", 7)
    for _ in range(2):
        store = SqliteReadings(path)
        store.write_indices([new])
        kept = IndexPoint("A-1", "vn_aqi", WindowKind.HOUR, MIDNIGHT, 50, 1, "pm25", 25.0)
        assert store.read_indices("vn_aqi", WindowKind.HOUR, ["A-1"], ALL_TIME) == [kept, new]
        store.close()


def test_many_spans_are_worked_on_together(tmp_path: Path) -> None:
    """Spans of a station that meet are one; each hour and day is made once, whichever series touched it."""
    known = airy("A-1", "A-2")
    store = SqliteReadings(tmp_path / "readings.sqlite")
    ready = MIDNIGHT + 100 * HOUR
    touched = [
        Stretch(SeriesKey(name, parameter), MIDNIGHT + hour * HOUR, MIDNIGHT + hour * HOUR, ready)
        for name in ("A-1", "A-2") for parameter in ("pm25", "so2") for hour in (1, 5, 60)
    ]  # fmt: skip
    made = [(one.station, one.kind, one.mark) for one in indices(touched, known, store) if one.index == "vn_aqi"]
    assert len(made) == len(set(made)) == 2 * (16 + 12 + 2)
