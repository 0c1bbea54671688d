"""The calendar of maintenance: when which series do not measure, and what is wrong with an entry."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.flag import Reason
from domain.moment import micros
from domain.reading import SeriesKey, Status
from registry.calendar import Calendar, reason_at
from registry.faults import ConfigurationError
from registry.load import load
from registry.schema import Maintenance
from support.configured import station

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
STATIONS = {one.id: one for one in (station("A-1", facility="F-1"), station("A-2", facility="F-1"), station("A-3"))}


def calendar(*entries: dict[str, Any]) -> Calendar:
    defaults = {"from": "2026-03-01 08:00", "to": "2026-03-01 10:00", "status": "calibrating", "who": "A", "why": "B"}
    return Calendar.of([Maintenance.model_validate({**defaults, **one}) for one in entries], STATIONS, HANOI)


def at(hour: int, minute: int = 0) -> datetime:
    """Return a local time of the day."""
    return datetime(2026, 3, 1, hour, minute, tzinfo=HANOI).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "closed"), [(at(8), False), (at(8, 5), True), (at(10), True), (at(10, 5), False)],
)  # fmt: skip
def test_a_stamp_is_the_end_of_what_it_averages(moment: datetime, closed: bool) -> None:
    """A reading stamped with the beginning is before it, one stamped with the end is the last in it."""
    made = calendar({"stations": ["A-1"], "parameters": ["pm25"]})
    key = SeriesKey("A-1", "pm25")
    expected = Reason.MAINTENANCE if closed else Reason.NONE
    assert reason_at(made.of_series(key), moment) == expected
    assert made.reasons(key, np.array([micros(moment)])).tolist() == [expected]
    assert made.of_series(SeriesKey("A-1", "so2")) == ()


def test_a_facility_is_all_its_stations_and_no_parameter_is_all() -> None:
    """Whoever names a plant that stands still need not list its instruments."""
    made = calendar({"facility": "F-1", "status": "fault"})
    assert {one.station for one in made.spans} == {"A-1", "A-2"}
    assert {one.parameter for one in made.spans} == {"pm25", "pm10", "so2"}
    assert made.of_series(SeriesKey("A-2", "so2"))[0].status is Status.FAULT


def test_times_are_of_the_zone_that_an_entry_names() -> None:
    """Without one, of the province."""
    (local,), (named,) = (
        calendar({"stations": ["A-1"], "parameters": ["so2"], **zone}).of_series(SeriesKey("A-1", "so2"))
        for zone in ({}, {"timezone": "UTC"})
    )
    assert local.after == micros(at(8))
    assert named.after - local.after == timedelta(hours=7) // timedelta(microseconds=1)


def test_where_two_entries_meet_the_fault_counts() -> None:
    """Whichever is written first."""
    entries = ({"stations": ["A-1"]}, {"stations": ["A-1"], "status": "fault", "to": "2026-03-01 09:00"})
    key, times = SeriesKey("A-1", "pm25"), np.array([micros(at(9)), micros(at(9, 5))])
    for made in (calendar(*entries), calendar(*reversed(entries))):
        assert made.reasons(key, times).tolist() == [Reason.FAULT_CALENDAR, Reason.MAINTENANCE]


ENTRY = "stations: [NT-DH1-03], status: fault, who: A, why: B"


@pytest.mark.parametrize(
    ("entry", "key", "wrong"),
    [
        (f"{{from: 2026-10-25 02:30, to: 2026-11-01 00:00, timezone: Europe/Berlin, {ENTRY}}}", "from", "is there twice"),
        (f"{{from: 2026-03-01 00:00, to: 2026-03-29 02:30, timezone: Europe/Berlin, {ENTRY}}}", "to", "is not there"),
        (f"{{from: 2026-03-01 10:00, to: 2026-03-01 08:00, {ENTRY}}}", "to", "ends before"),
        (f"{{from: 2026-03-01T08:00+07:00, to: 2026-03-02 00:00, {ENTRY}}}", "from", "a local date and time"),
        (f"{{from: 2026-03-01 24:00, to: 2026-03-02 08:00, {ENTRY}}}", "from", "a local date and time"),
        (f"{{from: 2026-03-01 08:00, to: 2026-03-02 08:00, parameters: [pm25], {ENTRY}}}", "parameters[0]", "not measured there"),
        ("{from: 2026-03-01 08:00, to: 2026-03-02 08:00, stations: [NT-LBN-01], parameters: [cod_load], status: fault, who: A, why: B}",
         "parameters[0]", "not measured there"),
        (f"{{from: 2026-03-01 08:00, to: 2026-03-02 08:00, facility: DN-07, {ENTRY}}}", "", "both stations and a facility"),
        (f"{{from: 2026-03-01 08:00, to: 2026-03-02 08:00, timezone: Hanoi, {ENTRY}}}", "timezone", "no time zone"),
        ("{from: 2026-03-01 08:00, to: 2026-03-02 08:00, status: fault, who: A, why: B}", "", "names no station"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_said_with_line_and_key(
    tmp_path: Path, entry: str, key: str, wrong: str
) -> None:
    """One fault each, and none besides."""
    folder = shutil.copytree("config", tmp_path / "config")
    (folder / "maintenance.yaml").write_text(f"maintenance:\n  - {entry}\n", "utf-8")
    with pytest.raises(ConfigurationError) as found:
        load(folder)
    (fault,) = found.value.faults
    assert (fault.file, fault.line) == ("maintenance.yaml", 2)
    assert fault.key == f"maintenance[0]{'.' if key else ''}{key}"
    assert wrong in str(fault.wrong)


def test_no_calendar_is_needed(tmp_path: Path) -> None:
    """The file may be missing."""
    folder = shutil.copytree("config", tmp_path / "config")
    (folder / "maintenance.yaml").unlink()
    assert load(folder).maintenance == ()
