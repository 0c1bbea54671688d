"""A calibration that is known is known at the door: a live reading in it counts for nothing from the beginning."""

from dataclasses import replace
from pathlib import Path

from domain.flag import Flag, Reason
from domain.reading import Status
from registry.schema import Maintenance
from support.configured import native, registry
from support.rig import Rig

ENTRY = Maintenance.model_validate({
    "stations": ["A-1"], "parameters": ["pm25"], "from": "2026-03-01 11:30", "to": "2026-03-01 12:00",
    "status": "calibrating", "who": "A", "why": "B",
})  # fmt: skip


def test_a_reading_in_a_known_calibration_fails_at_once_and_keeps_its_value(tmp_path: Path) -> None:
    """Another parameter, and what comes after it, is measured; a missing value stays missing."""
    with Rig(tmp_path, replace(registry(), maintenance=(ENTRY,))) as rig:
        rig.receive(
            native(time="2026-03-01T11:55:00+07:00", pm25=(None, "ug/m3")),
            native(time="2026-03-01T12:00:00+07:00", pm25=(900.0, "ug/m3"), so2=(3.0, "ug/m3")),
            native(time="2026-03-01T12:01:00+07:00", pm25=(12.0, "ug/m3")),
        )
        rig.finish()
        found = {(series.parameter, at.minute): one for (series, at), one in rig.readings().items()}
    said = {place: (one.value, one.status, one.flag, one.reasons) for place, one in found.items()}
    measuring = Status.MEASURING
    assert said == {
        ("pm25", 55): (None, measuring, Flag.MISSING, Reason.MAINTENANCE),
        ("pm25", 0): (900.0, measuring, Flag.FAIL, Reason.MAINTENANCE),
        ("so2", 0): (3.0, measuring, Flag.GOOD, Reason.NONE),
        ("pm25", 1): (12.0, measuring, Flag.GOOD, Reason.NONE),
    }
