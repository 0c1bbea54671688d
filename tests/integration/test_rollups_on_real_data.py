"""The roller on recordings, against what an agency published and against plain loops over fractions."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from math import floor
from pathlib import Path

import pytest

from domain.reading import Reading, SeriesKey
from domain.window import WindowKind
from support.configured import station
from support.recorded import recorded
from support.rolled import HOUR, Bench, bench, configured, slow_figures


def test_running_24_hour_means_equal_what_singapore_published(tmp_path: Path) -> None:
    """NEA's own 24-hour PM2.5 at the same stamp: equal when rounded in 94 % of full hours, within 1 in 99 %."""
    readings = list(recorded("data/air-singapore-nea/sg_pm25_hourly_2016-12_2017-03.csv.gz", "pm25"))
    published = {
        (one.station, one.measured_at): one.value
        for one in recorded("data/air-singapore-nea/sg_published_2016-12_2017-03.csv.gz", "pm25_24h_mean")
    }
    names = sorted({one.station for one in readings})
    known = configured(*(station(name, interval="1 h") for name in names))
    made = bench(tmp_path, datetime(2017, 4, 1, tzinfo=UTC), known)
    made.feed(readings)
    made.roll()
    pairs = [
        (floor(point.value + 0.5), published.get((name, mark)))
        for name in names
        for mark, point in made.points(WindowKind.HOUR24, SeriesKey(name, "pm25")).items()
        if point.valid == 24 and point.value is not None
    ]
    apart = [abs(ours - theirs) for ours, theirs in pairs if theirs is not None]
    assert len(apart) > 7_000
    assert sum(one == 0 for one in apart) / len(apart) >= 0.94
    assert sum(one <= 1 for one in apart) / len(apart) >= 0.99


@pytest.mark.parametrize("place", [0, 5])
def test_every_window_of_a_winter_in_beijing(tmp_path: Path, place: int) -> None:
    """Two months of hourly PM2.5 with its gaps: hours, running means, days and all that they rest on."""
    source = list(recorded("data/air-beijing-prsa/beijing_6st_2016-03_2017-02.csv.gz", "pm25"))
    name = sorted({one.station for one in source})[place]
    start = datetime(2016, 11, 30, 17, tzinfo=UTC)
    readings = [one for one in source if one.station == name and start < one.measured_at <= start + timedelta(days=60)]
    known = configured(station(name, interval="1 h"))
    made = bench(tmp_path, readings[-1].measured_at + 2 * HOUR, known, key=SeriesKey(name, "pm25"))
    made.feed(readings)
    made.roll()
    expected, found = slow_figures(readings, made), made.figures()
    assert found.keys() == expected.keys()
    wrong = {
        mark: (found[mark], figures)
        for mark, figures in expected.items()
        if list(found[mark]) != [one if one is None else pytest.approx(one, rel=1e-14) for one in figures]
    }
    assert not wrong
    assert any(figures[3] < figures[4] for figures in found.values()), "the recording has gaps"


# The mean of each local day, month or season, and of how many of the level below.
Means = dict[tuple[int, ...], tuple[float, int]]


def means(values: dict[datetime, float], shift: timedelta, columns: int, least: float) -> Means:
    """Return means by the first `columns` of the local date, where there are at least `least` values; exact, then rounded."""

    def label(at: datetime) -> tuple[int, ...]:
        local = at + shift - timedelta(microseconds=1)
        return (local.year, local.month, local.day)[:columns]

    found = {}
    for name, group in groupby(sorted(values), key=label):
        inside = [Fraction(values[at]) for at in group]
        if len(inside) >= least:
            found[name] = (float(sum(inside) / len(inside)), len(inside))
    return found


def by_date(means: Means) -> dict[datetime, float]:
    """Return what is a mean of a day as a value in the middle of it."""
    return {datetime(year, month, day, 12, tzinfo=UTC): value for (year, month, day), (value, _) in means.items()}


def of_windows(made: Bench, kind: WindowKind, columns: int) -> Means:
    found = {}
    for mark, point in made.points(kind).items():
        local = mark.astimezone(made.registry.zone)
        if point.value is not None:
            found[(local.year, local.month, local.day)[:columns]] = (point.value, point.valid)
    return found


def near(expected: Means) -> Means:
    return {name: (pytest.approx(value, rel=1e-14), count) for name, (value, count) in expected.items()}


def counted(readings: list[Reading]) -> dict[datetime, float]:
    return {one.measured_at: one.value for one in readings if one.value is not None}


def test_months_seasons_and_a_year_of_pm25_in_beijing(tmp_path: Path) -> None:
    """From a year of hours with its gaps: days of 18 hours and more, and the means of these; December to April is one season."""
    source = list(recorded("data/air-beijing-prsa/beijing_6st_2016-03_2017-02.csv.gz", "pm25"))
    name = min(one.station for one in source)
    readings = [one for one in source if one.station == name]
    known = configured(station(name, interval="1 h"), zone="Asia/Shanghai")
    made = bench(tmp_path, datetime(2018, 1, 2, tzinfo=UTC), known, key=SeriesKey(name, "pm25"))
    made.feed(readings)
    while made.roll():
        pass
    days = means(counted(readings), 8 * HOUR, 3, least=18)
    assert 300 < len(days) < 366, "the recording has gaps"
    assert of_windows(made, WindowKind.DAY, 3).keys() >= days.keys()
    middays = by_date(days)
    assert of_windows(made, WindowKind.MONTH, 2) == near(means(middays, timedelta(0), 2, least=1))
    assert of_windows(made, WindowKind.YEAR, 1) == near(means(middays, timedelta(0), 1, least=1))
    dry = {at: value for at, value in middays.items() if at.date() < date(2016, 5, 1) or at.date() >= date(2016, 12, 1)}
    rainy = means({at: value for at, value in middays.items() if at not in dry}, timedelta(0), 1, least=1)
    seasons = of_windows(made, WindowKind.SEASON, 3)
    assert seasons[2016, 5, 1] == near(rainy)[2016,]
    assert seasons[2015, 12, 1][1] + seasons[2016, 12, 1][1] == len(dry)
    expected = {mark: point.expected for mark, point in made.points(WindowKind.YEAR).items()}
    assert sorted(expected.values()) == [365, 366], "2016 has a day more"


def test_months_of_a_treatment_plant_that_is_read_once_a_day(tmp_path: Path) -> None:
    """COD of 1990, with days left out and values missing: the days are the readings."""
    source = list(recorded("data/wastewater-uci-daily/wwtp_uci_1990.csv.gz", "dqo-s"))
    readings = [Reading("W-1", "cod", one.measured_at, one.value, flag=one.flag, seq=1) for one in source]
    plant = station("W-1", kind="outfall", parameters=[{"id": "cod", "interval": "1 d"}])
    made = bench(tmp_path, datetime(1991, 1, 3, tzinfo=UTC), configured(plant), key=SeriesKey("W-1", "cod"))
    made.feed(readings)
    while made.roll():
        pass
    values = counted(readings)
    assert 250 < len(values) < 300
    assert of_windows(made, WindowKind.DAY, 3) == near(means(values, 7 * HOUR, 3, least=1))
    assert of_windows(made, WindowKind.MONTH, 2) == near(means(values, 7 * HOUR, 2, least=1))
    assert of_windows(made, WindowKind.YEAR, 1) == near(means(values, 7 * HOUR, 1, least=1))


def test_months_of_an_estuary_that_is_read_every_quarter_of_an_hour(tmp_path: Path) -> None:
    """Water temperature of a year by New York's clock, with a day of 23 and one of 25 hours: hours, days, months, year."""
    source = list(recorded("data/water-nerrs-estuary/nerrs_apacp_2012.csv.gz", "water_temperature"))
    readings = [Reading("W-1", "water_temperature", one.measured_at, one.value, flag=one.flag, seq=1) for one in source]
    estuary = station("W-1", kind="surface_water", interval="15 min", parameters=[{"id": "water_temperature"}])
    known = configured(estuary, zone="America/New_York")
    made = bench(tmp_path, datetime(2013, 1, 2, tzinfo=UTC), known, key=SeriesKey("W-1", "water_temperature"))
    made.feed(readings)
    while made.roll():
        pass
    hours: dict[datetime, list[Fraction]] = {}
    for at, value in counted(readings).items():
        end = at if at.minute == 0 else at.replace(minute=0) + HOUR
        hours.setdefault(end, []).append(Fraction(value))
    whole = {end: float(sum(inside) / len(inside)) for end, inside in hours.items() if len(inside) >= 3}
    by_day: dict[date, list[float]] = {}
    for end, value in whole.items():
        local = (end - timedelta(microseconds=1)).astimezone(made.registry.zone)
        by_day.setdefault(local.date(), []).append(value)
    expected = {day: {3: 23, 11: 25}[day.month] if day in CHANGES else 24 for day in by_day}
    days = {
        datetime(day.year, day.month, day.day, 12, tzinfo=UTC): float(sum(map(Fraction, inside)) / len(inside))
        for day, inside in by_day.items()
        if len(inside) >= 0.75 * expected[day]
    }
    found = made.points(WindowKind.DAY)
    assert {mark.astimezone(made.registry.zone).date(): one.expected for mark, one in found.items()}.items() >= {
        day: expected[day] for day in CHANGES
    }.items()
    assert of_windows(made, WindowKind.MONTH, 2) == near(means(days, timedelta(0), 2, least=1))
    assert of_windows(made, WindowKind.YEAR, 1) == near(means(days, timedelta(0), 1, least=1))


CHANGES = (date(2012, 3, 11), date(2012, 11, 4))
