"""The flagger comes to the same flags whatever store is behind it, and changes nothing else of a reading."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.flag import Flag, Reason
from domain.reading import Reading, SeriesKey, Status
from quality.assess import CHECKS_VERSION, flag_at_the_door
from storage.readings import ReadingStore
from support.chain import ALL_TIME, STATIONS, Chain, configured

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
MINUTES = timedelta(minutes=5)
CALIBRATION = {"stations": ["KK-2"], "from": "2026-03-02 01:00", "to": "2026-03-02 02:00", "status": "calibrating"}


def readings() -> list[Reading]:
    found = []
    for number, station in enumerate(STATIONS):
        for place in range(1, 60):
            value = None if place % 13 == 0 else (400.0 if place == 42 and number == 0 else 20.0 + place % 5 + number)
            flag, reasons = flag_at_the_door(value, (0, 1000))
            status = Status.FAULT if place == 50 else Status.MEASURING
            key = SeriesKey(station, "pm25")
            found.append(
                Reading(*key, START + place * MINUTES, value, status, flag, reasons, CHECKS_VERSION, place * 64)
            )
    return found


def test_flags_change_and_nothing_else(store: ReadingStore, tmp_path: Path) -> None:
    """Spike, neighbours and calendar, with missing values among them; once more changes nothing."""
    chain = Chain.open(tmp_path, configured(CALIBRATION), START + timedelta(hours=6), store)
    fed = readings()
    chain.feed(fed)
    chain.finish()
    flags = chain.flags()
    spike, closed = (
        flags[SeriesKey("KK-1", "pm25"), START + 42 * MINUTES],
        flags[SeriesKey("KK-2", "pm25"), START + 15 * MINUTES],
    )
    assert spike[0] == Flag.FAIL
    assert Reason.SPIKE | Reason.NEIGHBOURS in Reason(spike[1])
    assert (closed[0], Reason(closed[1])) == (Flag.FAIL, Reason.MAINTENANCE)
    found = {(one.series, one.measured_at): one for one in store.find(dict.fromkeys(chain.series, ALL_TIME))}
    assert len(found) == len(fed)
    for one in fed:
        now = found[one.series, one.measured_at]
        assert (now.value, now.status, now.seq) == (one.value, one.status, one.seq)
        assert (now.flag, now.reasons, now.checks) == flags[one.series, one.measured_at]
    assert chain.figures.flagger.run() == 0
