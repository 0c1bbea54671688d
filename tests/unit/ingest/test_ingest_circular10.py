"""The text of Circular 10/2021, from bytes to readings: beside its cases in tests/payloads, what holds of all texts."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reading import Status
from ingest.decoders import circular10
from ingest.refusals import Refusal
from ingest.understand import MOST_PARTS, Reader, Understood
from registry.lookup import Registry
from registry.schema import Station
from support.builders import NOON
from support.configured import message, registry, station

STAMP = "20260301120000"  # NOON in Viet Nam
PARAMETERS = [{"id": "cod"}, {"id": "ph"}, {"id": "water_temperature"}]


def outfall(**decoder: Any) -> Station:
    return station("W-1", kind="outfall", parameters=PARAMETERS, decoder={"name": "circular10", **decoder})


def read(payload: str | bytes, topic: str = "quantrac/W-1/water", *, of: Registry | None = None) -> Understood:
    return Reader(of or registry(outfall())).read(message(payload, topic, live=not topic.startswith("$")))


def refused(found: Understood) -> list[tuple[str, str]]:
    return [(one.part, one.reason.value) for one in found.refused]


def line(name: str = "COD", value: str = "84", unit: str = "mg/L", at: str = STAMP, status: str = "00") -> str:
    return "\t".join((name, value, unit, at, status)) + "\r\n"


def test_a_line_becomes_a_reading() -> None:
    """Value, end of what it averages, status."""
    (found,) = read(line(status="01")).readings
    assert (found.parameter, found.value, found.measured_at, found.status) == ("cod", 84.0, NOON, Status.CALIBRATING)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("COD", unit="furlong"), "unknown_unit"),
        (line("COD", unit=""), "no_unit"),
        (line("COD", status="03"), "unknown_status"),
        (line("COD", status="-1"), "unknown_status"),
        (line("COD", status=""), "wrong_shape"),
        (line("COD", at="20260301130000"), "in_future"),
        (line("COD", at="19700101000000"), "before_start"),
    ],
)
def test_what_is_refused_at_the_door_is_named_by_its_line(bad: str, reason: str) -> None:
    """So that two bad lines of one parameter are two entries, and the others are stored."""
    found = read(line("pH", "7", "-") + bad + bad)
    assert [one.parameter for one in found.readings] == ["ph"]
    assert refused(found) == [("2:COD", reason), ("3:COD", reason)]


def test_one_wrong_clock_is_said_once() -> None:
    """A logger whose clock is wrong is not a fault of every line."""
    found = read(line("pH", "7", "-", at="20270101000000") + line(at="20270101000000"))
    assert refused(found) == [("", "in_future")]


def test_a_text_of_nonsense_does_not_fill_the_quarantine() -> None:
    """The bytes are in the journal anyway."""
    assert len(read("nonsense\n" * 1000).refused) == MOST_PARTS


@given(
    st.integers(0, 50 * 365 * 86_400),
    st.floats(-4, 60).map(lambda one: f"{one:.3f}"),
    st.sampled_from(["00", "01", "02"]),
    st.booleans(),
    st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_what_a_logger_writes_is_what_is_read(
    seconds_ago: int, value: str, status: str, has_comma: bool, end: str
) -> None:
    """Whatever moment, value, status, decimal mark and line end; the time is that of Viet Nam."""
    written = value.replace(".", ",") if has_comma else value
    at = NOON - timedelta(seconds=seconds_ago)
    (found,) = read(
        "\t".join(("Nhiệt độ", written, "oC", f"{at + timedelta(hours=7):%Y%m%d%H%M%S}", status)) + end
    ).readings
    assert (found.value, found.status) == (pytest.approx(float(value)), Status(int(status)))
    assert found.measured_at == at


@given(st.permutations(["COD\t84\tmg/L", "pH\t7.1\t-", "Temp\t28\toC", "XYZ\t1\tmg/L", "TSS\t1\tmg/L"]))
def test_the_order_of_lines_means_nothing(lines: list[str]) -> None:
    """The same readings, the same refusals."""
    found = read("".join(f"{one}\t{STAMP}\t00\n" for one in lines))
    assert {one.parameter: one.value for one in found.readings} == {"cod": 84.0, "ph": 7.1, "water_temperature": 28.0}
    assert {one.part.partition(":")[2] for one in found.refused} == {"XYZ", "TSS"}


@given(st.integers(0, 200))
def test_a_text_that_is_cut_off_says_nothing_that_the_whole_does_not(length: int) -> None:
    """A half-written file may lack readings; it has no wrong ones."""
    whole = line("COD", "84", status="01") + line("pH", "7.31", "-", status="02") + line("Temp", "28.5", "oC")
    cut = read(whole[:length])
    assert set(map(str, cut.readings)) <= set(map(str, read(whole).readings))


BYTES = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from([
            b"\t", b"\r\n", b"\n", b"COD", b"pH", b"84", b"7,3", b"1e999", b"-", b"mg/L", STAMP.encode(), b"20260301240000",
            b"99991231240000", b"00010101000000", b"00", b"0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0", b"\0", "Nhiệt độ".encode(),
        ]),
        max_size=60,
    ).map(b"".join),
)  # fmt: skip


@given(BYTES)
def test_no_bytes_raise_anything_but_a_refusal(payload: bytes) -> None:
    """Whatever a line may bring: values or refusals, and never nothing without a word."""
    try:
        found = circular10.decode(message(payload, "quantrac/W-1/water"), outfall())
    except Refusal:
        return
    assert found.values or found.refused


@given(BYTES)
def test_no_bytes_are_an_error_of_ours(payload: bytes) -> None:
    """Nor on the whole way to readings."""
    assert "decoder_failed" not in {reason for _, reason in refused(read(payload))}
