"""Which moment a message speaks of: the rules about time, one by one, each with the edge at which it turns."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.window import Window as Span
from domain.window import WindowKind, windows_touched
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from support.builders import NOON
from support.configured import message, native, registry, station

TOPIC = "tele/7"


def local(zone: str = "Europe/Berlin") -> Registry:
    """Return a registry whose one station sends local times of `zone` without an offset."""
    fields = [{"path": "pm", "parameter": "pm25", "unit": "ug/m3"}]
    decoder = {"name": "fields", "topic": TOPIC, "time": "t", "timezone": zone, "fields": fields}
    return registry(station(decoder=decoder))


def read(payload: str, of: Registry | None = None, topic: str = "quantrac/A-1/air", **how: Any) -> Understood:
    return Reader(of or registry()).read(message(payload, topic, **how))


def moments(found: Understood) -> list[datetime]:
    return [one.measured_at for one in found.readings]


def reasons(found: Understood) -> list[str]:
    return [one.reason.value for one in found.refused]


def sent(time: str) -> str:
    return native(time=time, pm25=(1.0, "ug/m3"))


def at(time: str) -> list[datetime]:
    return [datetime.fromisoformat(time).astimezone(UTC)]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-02-28T24:00:00+07:00", "2026-03-01T00:00:00+07:00"),
        ("2026-02-28T24:00+07:00", "2026-03-01T00:00:00+07:00"),
        ("2025-12-31 24:00:00.000Z", "2026-01-01T00:00:00+00:00"),
        ("2026-02-28T23:59:59+07:00", "2026-02-28T23:59:59+07:00"),  # stays: nothing is rounded
        ("2026-02-28T23:59:59.999999+07:00", "2026-02-28T23:59:59.999999+07:00"),
    ],
)
def test_the_24th_hour_is_the_midnight_that_follows(written: str, moment: str) -> None:
    """As the day's last hour is named in the regulations; a second of 59 is a second of 59."""
    assert moments(read(sent(written))) == at(moment)


@pytest.mark.parametrize("written", ["2026-02-28T24:00:01+07:00", "2026-02-28T24:01+07:00", "2026-02-28T24:00:00.5+07:00",
 "2026-02-28T24:00:00.001Z", "2026-02-28T25:00+07:00",
                                     "2026-02-28T23:59:60+07:00", "24:00", "2026-02-28T24+07:00"])  # fmt: skip
def test_nothing_comes_after_the_24th_hour(written: str) -> None:
    """Nor is a leap second a time that a logger means."""
    assert reasons(read(sent(written))) == ["unreadable_time"]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-07-01T12:00:00", "2025-07-01T12:00:00+02:00"),
        ("2025-12-01T12:00:00", "2025-12-01T12:00:00+01:00"),
        ("2025-10-26T01:59:59", "2025-10-26T01:59:59+02:00"),
        ("2025-10-26T03:00:00", "2025-10-26T03:00:00+01:00"),
        ("2025-10-25T24:00:00", "2025-10-26T00:00:00+02:00"),
        ("2025-10-26T02:30:00+01:00", "2025-10-26T02:30:00+01:00"),  # says itself which one it is
    ],
)
def test_a_time_without_offset_is_in_the_zone_that_is_configured(written: str, moment: str) -> None:
    """By the offset of that day; one that is written goes before it."""
    assert moments(read(f'{{"t": "{written}", "pm": 1}}', local(), TOPIC)) == at(moment)


@pytest.mark.parametrize("written", ["2025-10-26T02:00:00", "2025-10-26T02:59:59", "2026-03-29T02:00:00",
                                     "2025-03-30T02:30:00"])  # fmt: skip
def test_a_time_that_clocks_show_twice_or_never_is_not_guessed(written: str) -> None:
    """The second 02:30 of that night would take the place of the first."""
    assert reasons(read(f'{{"t": "{written}", "pm": 1}}', local(), TOPIC)) == ["time_without_zone"]


def test_so_it_is_with_the_text_of_the_circular() -> None:
    """Which never has an offset."""
    of = registry(station("W-1", kind="outfall", parameters=[{"id": "cod"}],
                          decoder={"name": "circular10", "timezone": "Europe/Berlin"}))  # fmt: skip
    found = read("COD\t84\tmg/L\t20251026023000\t00\r\n", of, "quantrac/W-1/water")
    assert reasons(found) == ["time_without_zone"]
    found = read("COD\t84\tmg/L\t20251026033000\t00\r\n", of, "quantrac/W-1/water")
    assert moments(found) == at("2025-10-26T03:30:00+01:00")


@given(st.integers(0, 45 * 365 * 86_400))
def test_in_viet_nam_every_local_time_is_one_moment(seconds: int) -> None:
    """Its clocks have not changed since 1975."""
    moment = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    wall = (moment + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M:%S")
    assert moments(read(f'{{"t": "{wall}", "pm": 1}}', local("Asia/Ho_Chi_Minh"), TOPIC)) == [moment]


def test_two_zones_in_one_payload_are_two_ways_to_write_one_moment() -> None:
    """Each time is read by itself."""
    body = (
        '[{"time": "2026-03-01T11:55:00+07:00", "values": {"pm25": {"value": 1, "unit": "ug/m3"}}},'
        ' {"time": "2026-03-01T04:55:00Z", "values": {"pm10": {"value": 2, "unit": "ug/m3"}}}]'
    )
    fields = [{"path": "[*].values.pm25.value", "parameter": "pm25", "unit": "ug/m3"},
              {"path": "[*].values.pm10.value", "parameter": "pm10", "unit": "ug/m3"}]  # fmt: skip
    decoder = {"name": "fields", "topic": TOPIC, "time": "[*].time", "fields": fields}
    found = read(body, registry(station(decoder=decoder)), TOPIC)
    assert set(moments(found)) == {NOON - timedelta(minutes=5)}


@pytest.mark.parametrize(
    ("stamp", "time", "day"),
    [("start", "2026-01-31T23:55:00+07:00", "2026-01-31"), ("end", "2026-02-01T00:00:00+07:00", "2026-01-31"),
     ("start", "2026-02-01T00:00:00+07:00", "2026-02-01"), ("end", "2026-02-01T00:05:00+07:00", "2026-02-01")],
)  # fmt: skip
def test_the_last_five_minutes_of_a_month_belong_to_it(stamp: str, time: str, day: str) -> None:
    """Stamped by their start or their end, it is the same window of the same day and month."""
    of = registry(station(stamp=stamp, interval="5 min"))
    (moment,) = moments(read(sent(time), of))
    (window,) = windows_touched(WindowKind.DAY, Span(moment - timedelta(microseconds=1), moment), of.zone)
    assert window.start.astimezone(of.zone).date() == date.fromisoformat(day)


def test_a_start_is_shifted_before_it_is_held_against_the_clock() -> None:
    """Its end is what may not lie in the future: received at 12:00:01, an hour that began at 11:05 ends too late."""
    of = registry(station(stamp="start", interval="1 h"))
    assert reasons(read(sent("2026-03-01T11:05:02+07:00"), of)) == ["in_future"]
    assert moments(read(sent("2026-03-01T11:05:01+07:00"), of)) == at("2026-03-01T12:05:01+07:00")


def test_the_day_before_which_a_station_was_not_there_is_local() -> None:
    """Midnight of the province, not of Greenwich."""
    of = registry(station(**{"from": date(2026, 2, 1)}))
    midnight = datetime(2026, 2, 1, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert moments(read(sent(midnight.isoformat()), of)) == [midnight.astimezone(UTC)]
    assert reasons(read(sent((midnight - timedelta(seconds=1)).isoformat()), of)) == ["before_start"]


@pytest.mark.parametrize("ahead", ["5 min", "0 s", "1 h"])
def test_how_far_ahead_a_clock_may_be_is_the_policy(ahead: str) -> None:
    """To the microsecond."""
    of = registry(future=ahead)
    received = NOON + timedelta(seconds=1)
    last = received + of.province.policies.future
    assert moments(read(sent(last.isoformat()), of)) == [last]
    assert reasons(read(sent((last + timedelta(microseconds=1)).isoformat()), of)) == ["in_future"]


@pytest.mark.parametrize(
    "how", [{"live": False}, {"retained": True}, {"redelivered": True}], ids=["backlog", "retained", "redelivered"]
)
def test_what_names_its_time_is_taken_however_it_came(how: dict[str, bool]) -> None:
    """Only a message that would take the time of its receipt must be of now."""
    assert moments(read(sent("2026-03-01T11:55:00+07:00"), **how)) == [NOON - timedelta(minutes=5)]
    without = '{"values": {"pm25": {"value": 1, "unit": "ug/m3"}}}'
    allowed = registry(station(decoder={"receipt_time": True}))
    assert reasons(read(without, allowed, **how)) == ["not_live"]
    assert reasons(read(without)) == ["no_time"]
