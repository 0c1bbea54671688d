"""What a message may say: taken, or refused with which reason; the others of the message are kept."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.flag import Flag, Reason
from domain.reading import Reading, Status
from ingest.refusals import RefusalReason
from ingest.understand import MOST_PARTS, Reader, Understood
from ingest.ways import IMPORTED, MOST_BYTES
from registry.lookup import Registry
from support.builders import NOON
from support.configured import message, native, registry, station

PM25 = native(pm25=(41.2, "ug/m3"))
PPB_SO2 = 64.066 / (8.314462618 * 298.15 / 101.325)


def read(
    payload: bytes | str, topic: str = "quantrac/A-1/air", *, of: Registry | None = None, **how: Any
) -> Understood:
    return Reader(of or registry()).read(message(payload, topic, **how))


def refused(found: Understood) -> list[tuple[str, str]]:
    return [(one.part, one.reason.value) for one in found.refused]


def values(found: Understood) -> dict[str, float | None]:
    return {one.parameter: one.value for one in found.readings}


def one_value(value: str, time: str = '"2026-03-01T12:00:00+07:00"') -> str:
    return f'{{"time": {time}, "values": {{"pm25": {value}, "pm10": {{"value": 5, "unit": "ug/m3"}}}}}}'


def test_a_reading_carries_what_it_rests_on() -> None:
    """Canonical value, end of what it averages, status, flag, and the number of its message."""
    sent = message(
        '{"time": "2026-03-01T12:00:00+07:00", "values": {"so2": {"value": 12, "unit": "ppb", "status": "01"}}}'
    )
    (found,) = Reader(registry()).read(sent).readings
    assert found == Reading(
        "A-1",
        "so2",
        NOON,
        pytest.approx(12 * PPB_SO2),
        Status.CALIBRATING,
        Flag.GOOD,
        Reason.NONE,
        found.checks,
        sent.seq,
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('{"value": "41.2", "unit": "ug/m3"}', "number_as_text"),
        ('{"value": "high", "unit": "ug/m3"}', "not_a_number"),
        ('{"value": NaN, "unit": "ug/m3"}', "not_a_number"),
        ('{"value": Infinity, "unit": "ug/m3"}', "not_a_number"),
        ('{"value": 1e999, "unit": "ug/m3"}', "not_a_number"),
        ('{"value": 1e306, "unit": "mg/m3"}', "not_a_number"),  # finite as written, not in the canonical unit
        ('{"value": true, "unit": "ug/m3"}', "not_a_number"),
        ('{"value": 41.2}', "no_unit"),
        ('{"value": 41.2, "unit": ""}', "no_unit"),
        ('{"value": 41.2, "unit": "furlongs"}', "unknown_unit"),
        ('{"value": 41.2, "unit": "ppb"}', "unknown_unit"),  # particles have no molar mass
        ('{"value": 41.2, "unit": "ug/m3", "status": "03"}', "unknown_status"),
        ('{"value": 41.2, "unit": "ug/m3", "status": "1.0"}', "unknown_status"),
        ('{"value": 41.2, "unit": "ug/m3", "status": -1}', "unknown_status"),
        ('{"unit": "ug/m3"}', "wrong_shape"),
        ("41.2", "wrong_shape"),
    ],
)
def test_one_bad_value_is_refused_and_the_others_are_kept(value: str, reason: str) -> None:
    """What is wrong with one value is no reason to lose another."""
    found = read(one_value(value))
    assert (refused(found), values(found)) == ([("pm25", reason)], {"pm10": 5.0})


@pytest.mark.parametrize(
    ("written", "status"),
    [('"00"', 0), ('"01"', 1), ('"02"', 2), ('"0"', 0), ('"2"', 2), ("0", 0), ("1", 1), ("2", 2), ("null", 0)],
)
def test_a_status_is_written_as_in_the_circular_or_as_a_number(written: str, status: int) -> None:
    """00–02 or 0–2; none means measuring."""
    found = read(one_value(f'{{"value": 1, "unit": "ug/m3", "status": {written}}}'))
    assert [one.status for one in found.readings] == [Status(status), Status.MEASURING]


@pytest.mark.parametrize("unit", ["ug/m3", "µg/m³", "μg/m3", "ug/m³", " UG/M3 "])
def test_a_unit_may_be_spelled_in_the_usual_ways(unit: str) -> None:
    """Loggers write the micro sign and the cube in their own ways."""
    assert values(read(native(pm25=(41.2, unit)))) == {"pm25": 41.2}


def test_a_value_is_converted_to_the_canonical_unit() -> None:
    """With factor and offset, from the registry."""
    of = registry(station("W-1", kind="surface_water", parameters=[{"id": "water_temperature"}]))
    found = read(native(water_temperature=(212, "°F")), "quantrac/W-1/water", of=of)
    assert values(found) == {"water_temperature": pytest.approx(100.0)}


def test_a_parameter_without_dimension_needs_no_unit() -> None:
    """None, an empty one and pH say the same."""
    for unit in (None, "", "pH"):
        body = json.dumps({"time": "2026-03-01T12:00:00+07:00", "values": {"ph": {"value": 7.1, "unit": unit}}})
        assert values(read(body, "quantrac/W-1/water")) == {"ph": 7.1}


def test_a_missing_unit_is_the_one_that_the_station_states() -> None:
    """Only where the configuration says so."""
    of = registry(station(parameters=[{"id": "pm25", "unit": "mg/m3"}, {"id": "pm10"}]))
    found = read(
        '{"time": "2026-03-01T12:00:00+07:00", "values": {"pm25": {"value": 0.5}, "pm10": {"value": 1}}}', of=of
    )
    assert (values(found), refused(found)) == ({"pm25": 500.0}, [("pm10", "no_unit")])


def test_null_is_a_missing_reading() -> None:
    """Not a fault of the message: it is stored, flagged as missing."""
    (found,) = read(native(pm25=(None, "ug/m3"))).readings
    assert (found.value, found.flag) == (None, Flag.MISSING)


@pytest.mark.parametrize(("value", "flag"), [(-0.1, 4), (0.0, 1), (1000.0, 1), (1000.1, 4)])
def test_a_value_out_of_range_is_stored_and_marked(value: float, flag: int) -> None:
    """Quality judges and never removes."""
    (found,) = read(native(pm25=(value, "ug/m3"))).readings
    assert (found.value, found.flag) == (value, Flag(flag))


def test_a_value_out_of_what_is_usual_at_its_station_is_suspect_at_the_door() -> None:
    """A live alert must not wait for the checks that look around."""
    usual = station(parameters=[{"id": "pm25", "suspect": (1, 250)}, {"id": "pm10"}, {"id": "so2"}])
    found = read(native(pm25=(250.1, "ug/m3"), pm10=(250.1, "ug/m3")), of=registry(usual)).readings
    assert [(one.flag, one.reasons) for one in found] == [
        (Flag.SUSPECT, Reason.SUSPECT_RANGE),
        (Flag.GOOD, Reason.NONE),
    ]


def test_an_unknown_parameter_is_refused_and_the_others_are_kept() -> None:
    """So is one that exists, but not at this station."""
    found = read(native(pm25=(1, "ug/m3"), cod=(1, "mg/L"), PM25=(1, "ug/m3")))
    assert values(found) == {"pm25": 1.0}
    assert refused(found) == [("cod", "not_at_station"), ("PM25", "unknown_parameter")]


def test_each_day_is_judged_by_the_instrument_of_that_day() -> None:
    """Since March it speaks of the past hour, names no unit, and measures up to 500 only."""
    measured = [
        {"id": "pm25", "interval": "5 min", "unit": "ug/m3", "to": date(2026, 3, 1)},
        {"id": "pm25", "interval": "1 h", "unit": "mg/m3", "plausible": [0, 500], "from": date(2026, 3, 1)},
    ]
    of = registry(station(stamp="start", parameters=measured))

    def ended(stamp: str, value: float) -> tuple[str, float | None, Flag]:
        (found,) = read(native(pm25=(value, ""), time=f"{stamp}+07:00"), of=of).readings
        local = found.measured_at.astimezone(of.zone)
        return f"{local:%m-%d %H:%M}", found.value, found.flag

    assert ended("2026-02-28T23:55:00", 600) == ("03-01 00:00", 600.0, Flag.GOOD)
    assert ended("2026-03-01T00:00:00", 0.6) == ("03-01 01:00", 600.0, Flag.FAIL)


def test_a_parameter_counts_only_while_it_is_measured() -> None:
    """A day of the registry is `midnight < moment ≤ next midnight`, by local time."""
    of = registry(station(parameters=[{"id": "pm25", "from": date(2026, 2, 1), "to": date(2026, 3, 1)}]))
    midnights = {"2026-02-01T00:00:00+07:00": 0, "2026-02-01T00:00:01+07:00": 1,
                 "2026-03-01T00:00:00+07:00": 1, "2026-03-01T00:00:01+07:00": 0}  # fmt: skip
    found = {time: len(read(native(time=time, pm25=(1, "ug/m3")), of=of).readings) for time in midnights}
    assert found == midnights


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty_message"),
        (b"\xef\xbb\xbf", "empty_message"),
        (b"not json", "not_json"),
        (b"\xff\xfe{\x00}\x00", "not_utf8"),
        (b'{"time": "2026-03-01T12:00:00+07:00", "values": {"pm\xff": {"value": 1, "unit": "x"}}}', "not_utf8"),
        (b"[]", "wrong_shape"),
        (b"null", "wrong_shape"),
        (b"41.2", "wrong_shape"),
        (b'{"time": "2026-03-01T12:00:00+07:00"}', "wrong_shape"),
        (b'{"values": {"pm25": {"value": 1, "unit": "ug/m3"}}}', "no_time"),
        (PM25[:-1].encode() + b', "station": "W-1"}', "station_mismatch"),
        (PM25[:-1].encode() + b', "station": 17}', "station_mismatch"),
        (PM25.encode() + b" " * MOST_BYTES, "too_large"),
        (b"1" * 1_000_000, "too_large"),
        (b"[" * 100_000, "wrong_shape"),
        (b"1" * 5_000, "wrong_shape"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused_whole(payload: bytes, reason: str) -> None:
    """With its reason, and attributed to the station whose topic it came on."""
    found = read(payload)
    assert (found.readings, refused(found), found.station) == ([], [("", reason)], "A-1")


def test_no_values_are_no_readings() -> None:
    """A station may say that it is there."""
    found = read(native())
    assert (found.readings, found.refused) == ([], [])


def test_a_byte_order_mark_is_forgiven() -> None:
    """Windows loggers write one."""
    assert values(read(b"\xef\xbb\xbf" + PM25.encode())) == {"pm25": 41.2}


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("quantrac/A-1/water", "medium_mismatch"),
        ("quantrac/A-2/air", "unknown_station"),
        ("quantrac/A-1", "unknown_topic"),
        ("quantrac/A-1/air/more", "unknown_topic"),
        ("quantrac//air", "unknown_topic"),
        ("tele/A-1/SENSOR", "unknown_topic"),
        ("", "unknown_topic"),
    ],
)
def test_a_topic_that_does_not_match_is_refused(topic: str, reason: str) -> None:
    """What it claims is not believed: the message is attributed to nobody."""
    found = read(PM25, topic)
    assert (refused(found), found.station, found.readings) == ([("", reason)], None, [])


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-03-01T12:05:01+07:00", None),  # 5 min after its receipt at 12:00:01
        ("2026-03-01T12:05:01.000001+07:00", "in_future"),
        ("2030-01-01T00:00:00+07:00", "in_future"),
        ("1970-01-01T00:00:00Z", "before_start"),
        ("1970-12-31T15:59:59Z", "before_start"),  # Saigon's clocks were 8 h ahead of UTC then
        ("1970-12-31T16:00:00Z", None),
        ("0001-01-01T00:00:00+00:00", "before_start"),
        ("2026-03-01T12:00:00", "time_without_zone"),
        ("2026-03-01", "time_without_zone"),
        ("yesterday", "unreadable_time"),
        ("2026-02-30T12:00:00+07:00", "unreadable_time"),
    ],
)
def test_a_time_is_taken_if_it_can_be(time: str, reason: str | None) -> None:
    """Not from the future, not from before the station was there; said once for the whole message."""
    found = read(native(time=time, pm25=(1, "ug/m3"), pm10=(1, "ug/m3")))
    assert refused(found) == ([("", reason)] if reason else [])
    assert len(found.readings) == (0 if reason else 2)


@pytest.mark.parametrize(("back", "taken"), [(1.0, True), (1.9, True), (2.1, False)])
def test_a_clock_that_was_set_back_makes_no_reading_one_of_the_future(back: float, taken: bool) -> None:
    """The message's number tells that it was later already; of more than two hours that is not believed."""
    sent = message(native(time="2026-03-01T12:00:00+07:00", pm25=(1, "ug/m3")))
    found = Reader(registry()).read(msgspec.structs.replace(sent, received_at=sent.received_at - timedelta(hours=back)))
    assert bool(found.readings) == taken


def test_a_station_has_a_first_day() -> None:
    """What is older cannot be its own."""
    of = registry(station(**{"from": date(2026, 3, 1)}))
    assert refused(read(native(time="2026-02-28T23:59:59+07:00", pm25=(1, "ug/m3")), of=of)) == [("", "before_start")]
    assert values(read(native(time="2026-03-01T00:00:00+07:00", pm25=(1, "ug/m3")), of=of)) == {"pm25": 1.0}


def test_a_stamp_of_the_start_becomes_one_of_the_end() -> None:
    """Shifted by the parameter's interval; a series without one stays where it is."""
    of = registry(station(
        stamp="start", interval="10 min",
        parameters=[{"id": "pm25"}, {"id": "pm10", "interval": "1 h"}, {"id": "so2", "irregular": True}],
    ))  # fmt: skip
    body = native(time="2026-03-01T10:00:00+07:00", pm25=(1, "ug/m3"), pm10=(1, "ug/m3"), so2=(1, "ppb"))
    moments = {one.parameter: one.measured_at for one in read(body, of=of).readings}
    start = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert moments == {"pm25": start + timedelta(minutes=10), "pm10": start + timedelta(hours=1), "so2": start}


@pytest.mark.parametrize(
    ("how", "reason"),
    [({}, None), ({"live": False}, "not_live"), ({"retained": True}, "not_live"), ({"redelivered": True}, "not_live")],
)
def test_the_time_of_receipt_counts_only_for_a_live_message(how: dict[str, bool], reason: str | None) -> None:
    """And only where the station's configuration allows it."""
    body = '{"values": {"pm25": {"value": 1, "unit": "ug/m3"}}}'
    found = read(body, of=registry(station(decoder={"receipt_time": True})), **how)
    assert refused(found) == ([("", reason)] if reason else [])
    assert [one.measured_at for one in found.readings] == ([] if reason else [NOON + timedelta(seconds=1)])


OWN = {"name": "fields", "topic": "tele/7/SENSOR", "receipt_time": True,
       "fields": [{"path": "pm", "parameter": "pm25", "unit": "ug/m3"}]}  # fmt: skip


def test_a_station_with_a_topic_of_its_own_speaks_its_format_there_and_ours_here() -> None:
    """So that readings which are replayed find their way."""
    of = registry(station(decoder=OWN))
    assert values(read('{"pm": 7}', "tele/7/SENSOR", of=of)) == {"pm25": 7.0}
    assert values(read(PM25, of=of)) == {"pm25": 41.2}


def test_what_is_imported_is_native_whatever_the_station_speaks() -> None:
    """A file of readings goes the same way as a message, also past a decoder on the station's usual topic."""
    of = registry(station(decoder={**OWN, "topic": None}))
    found = read(PM25, f"{IMPORTED}quantrac/A-1/air", of=of)
    assert (values(found), found.imported) == ({"pm25": 41.2}, True)
    assert refused(read(PM25, of=of)) == [("", "nothing_found")]
    assert refused(read(PM25, f"{IMPORTED}quantrac/A-2/air", of=of)) == [("", "unknown_station")]


def test_of_one_moment_twice_in_a_message_the_last_counts() -> None:
    """A list may hold the same moment more than once."""
    decoder = {"name": "fields", "topic": "t", "time": "l[*].t",
               "fields": [{"path": "l[*].v", "parameter": "pm25", "unit": "ug/m3"}]}  # fmt: skip
    moment = "2026-03-01T12:00:00+07:00"
    body = json.dumps({"l": [{"t": moment, "v": 1}, {"t": moment, "v": 2}]})
    assert values(read(body, "t", of=registry(station(decoder=decoder)))) == {"pm25": 2.0}


def test_one_message_of_garbage_does_not_fill_the_quarantine() -> None:
    """Its bytes are in the journal; a hundred parts say enough."""
    body = native(**{f"x{number}": (1.0, "m") for number in range(1_000)})
    assert len(read(body).refused) == MOST_PARTS


def test_every_refusal_says_what_to_do() -> None:
    """Two sentences at least: what is wrong, and how to put it right."""
    bad = [
        read(b""), read("x"), read(PM25, "x"), read(PM25, "quantrac/B/air"), read(PM25, "quantrac/A-1/water"),
        read(one_value('{"value": 1}')), read(one_value('{"value": 1, "unit": "x"}')), read(one_value('"x"')),
        read(native(cod=(1, "mg/L"))), read(native(x=(1, "mg/L"))),
        read(native(time="1970-01-01T00:00:00Z", pm25=(1, "ug/m3"))),
    ]  # fmt: skip
    for found in bad:
        for refusal in found.refused:
            said = str(refusal.message)
            assert said.count(". ") >= 1 and said.endswith("."), said
            assert "{" not in said.replace('{"', ""), said
            assert refusal.reason in RefusalReason


@pytest.mark.parametrize("stamp", ["12:00:00.1234567", "12:00:00.9999999", "12:00:00.000000499", "12:00:00.5"])
def test_a_moment_is_the_same_whichever_way_it_was_read(stamp: str) -> None:
    """A value beside it that has to be looked at closely does not move it."""
    time = f"2026-03-01T{stamp}+07:00"
    (plain,) = read(native(time=time, pm25=(1, "ug/m3"))).readings
    closely = read(one_value('{"value": "x", "unit": "ug/m3"}', json.dumps(time))).readings[0]
    assert plain.measured_at == closely.measured_at


def test_all_topics_of_a_station_are_one_senders() -> None:
    """Also before the first of its messages, so that its excess waits and that of its neighbours below it does not."""
    decoder = {
        "name": "lorawan",
        "topic": "application/a/device/01/event/#",
        "fields": [{"path": "x", "parameter": "pm25"}],
    }
    reader = Reader(registry(station("L-1", decoder=decoder)))
    assert (
        reader.sender("application/a/device/01/event/up")
        == reader.sender("application/a/device/01/event/join")
        == "L-1"
    )
    assert reader.sender("application/a/device/02/event/up") == "application/a"


@given(st.binary(max_size=400))
def test_any_bytes_come_to_something(payload: bytes) -> None:
    """Nothing that arrives can stop the service, and nothing is dropped without a word."""
    found = read(payload)
    assert found.readings or found.refused


KEYS = st.sampled_from(["time", "values", "pm25", "value", "unit", "status", "station"]) | st.text(max_size=4)
WORDS = st.sampled_from(["pm25", "ug/m3", "01", "2026-03-01T12:00:00+07:00"]) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["quantrac/A-1/air", "tele/7/SENSOR"]))
def test_any_json_comes_to_something(body: Any, topic: str) -> None:
    """Of whatever shape, and whatever stands where a value is expected; never by an error of ours."""
    found = read(json.dumps(body), topic, of=registry(station(), station("B-7", decoder=OWN)))
    assert RefusalReason.DECODER_FAILED not in {one.reason for one in found.refused}
    assert found.readings or found.refused or (isinstance(body, dict) and body.get("values") == {})


@given(
    st.dictionaries(st.sampled_from(["value", "unit", "status", "x"]), JSON), st.one_of(JSON, st.datetimes().map(str))
)
def test_any_value_and_time_come_to_something(value: Any, time: Any) -> None:
    """The two places where most can be wrong."""
    found = read(json.dumps({"time": time, "values": {"pm25": value}}))
    assert RefusalReason.DECODER_FAILED not in {one.reason for one in found.refused}
    assert bool(found.readings) != bool(found.refused)


@given(st.text(max_size=60))
def test_any_topic_comes_to_something(topic: str) -> None:
    """Also one that no broker should let through."""
    found = read(PM25, topic)
    assert found.readings or found.refused


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"no JSON", "quantrac/A-1/air"),
        (native(pm25=(1.0, "lux")), "quantrac/A-1/air"),
        (native(cod=(1.0, "mg/L")), "quantrac/A-1/air"),
        (PM25, "quantrac/nobody/air"),
        (PM25, "quantrac/A-1/water"),
    ],
)
def test_a_refusal_keeps_nothing_of_where_it_was_raised(payload: bytes | str, topic: str) -> None:
    """Else each refused message would keep its batch, its pipeline and all their files for as long as the program runs."""
    (refusal,) = read(payload, topic).refused
    assert (refusal.__traceback__, refusal.__context__, refusal.__cause__) == (None, None, None)
