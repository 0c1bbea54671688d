"""The roller on recordings, against what an agency published and against plain loops over fractions."""

from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path

import pytest

from domain.reading import SeriesKey
from domain.window import WindowKind
from support.configured import station
from support.recorded import recorded
from support.rolled import HOUR, bench, configured, slow_figures


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
