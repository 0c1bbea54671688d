"""Whose a file is, by its folder and name; the folder goes before the name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.file_names import called
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from registry.schema import Station
from support.configured import message, registry, station

TEXT = "COD\t84\tmg/L\t20260301120000\t00\r\n"


def outfall(identity: str, **decoder: Any) -> Station:
    return station(
        identity, kind="outfall", parameters=[{"id": "cod"}], decoder={"name": "circular10", **decoder}
    )  # fmt: skip


def three() -> Registry:
    """NM1: by name. NM2: by name, from its own folder only. NM3: whatever lies in its folder."""
    return registry(
        outfall("NM1", files=["LA_NM1_NT01", "TN_NM1_NT01"]),
        outfall("NM2", files=["LA_NM2_NT01"], folder="nhamay2"),
        outfall("NM3"),
    )


def read(path: str) -> Understood:
    return Reader(three()).read(message(TEXT, f"$files/{path}", live=False))


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("LA_NM1_NT01_20260301120000.txt", "NM1"),
        ("TN_NM1_NT01_20260301120000.txt", "NM1"),  # the province has another name since the merger
        ("LA_NM1_NT01_20260301120000 (1).TXT", "NM1"),
        ("LA_NM1_NT01.txt", "NM1"),
        ("2026/03/01/LA_NM1_NT01_20260301120000.txt", "NM1"),  # folders that are nobody's say nothing
        ("NM1/LA_NM1_NT01_20260301120000.txt", "NM1"),
        ("nhamay2/LA_NM2_NT01_20260301120000.txt", "NM2"),
        ("nhamay2/2026/LA_NM2_NT01_20260301120000.txt", "NM2"),
        ("NM3/LA_NM3_NT01_20260301120000.txt", "NM3"),
        ("NM3/x.txt", "NM3"),
    ],
)
def test_a_file_is_of_the_station_whose_name_or_folder_it_has(path: str, whose: str) -> None:
    """Its readings are that station's."""
    found = read(path)
    assert (found.station, [one.station for one in found.readings]) == (whose, [whose])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("LA_NM9_NT01_20260301120000.txt", "unknown_file"),
        ("la_nm1_nt01_20260301120000.txt", "unknown_file"),
        ("LA_NM1_NT01_2026030112000.txt", "unknown_file"),  # 13 digits are no time but part of the name
        ("LA_NM3_NT01_20260301120000.txt", "unknown_file"),
        ("NM1/LA_NM9_NT01_20260301120000.txt", "unknown_file"),
        ("NM3/LA_NM1_NT01_20260301120000.txt", "station_mismatch"),  # NM3's account says that it is NM1
        ("NM1/LA_NM2_NT01_20260301120000.txt", "station_mismatch"),
        ("LA_NM2_NT01_20260301120000.txt", "station_mismatch"),  # not from NM2's own folder
        ("2026/LA_NM2_NT01_20260301120000.txt", "station_mismatch"),
        ("NM2/LA_NM2_NT01_20260301120000.txt", "station_mismatch"),  # its folder is called otherwise
        ("", "unknown_file"),
        ("\n", "unknown_file"),
    ],
)
def test_a_file_of_nobody_or_of_another_is_refused(path: str, reason: str) -> None:
    """And nothing of it is taken."""
    found = read(path)
    assert ([one.reason.value for one in found.refused], found.readings) == ([reason], [])


def test_what_is_refused_is_attributed_to_the_account_that_sent_it() -> None:
    """The folder's, not the one that the name claims; nobody's where it lies in no station's folder."""
    paths = ["NM3/LA_NM1_NT01_20260301120000.txt", "NM1/x.txt", "LA_NM2_NT01_20260301120000.txt", "x.txt"]
    assert [read(path).station for path in paths] == ["NM3", "NM1", None, None]


def test_the_files_of_one_sender_are_known_to_be_of_one() -> None:
    """However he calls them: so that his excess can wait, and that of a strange one too."""
    reader = Reader(three())
    paths = ["NM3/a.txt", "NM3/b.txt", "LA_NM1_NT01_20260301120000.txt", "2026/TN_NM1_NT01_20260301120500.txt",
             "x_20260301120000.txt", "x_20260301120500.txt"]  # fmt: skip
    assert [reader.sender(f"$files/{path}") for path in paths] == ["NM3", "NM3", "NM1", "NM1", "x", "x"]


def test_the_sentence_says_what_to_write() -> None:
    """The name as it belongs into the configuration."""
    (refusal,) = read("LA_NM9_NT01_20260301120000.txt").refused
    assert "Write LA_NM9_NT01 below files" in str(refusal.message)


def test_the_time_in_the_name_is_not_looked_at() -> None:
    """It is when the file was made, if the logger's programmer thought so."""
    (found,) = read("LA_NM1_NT01_19700101000000.txt").readings
    assert found.value == 84.0


def test_a_file_is_read_as_its_station_speaks() -> None:
    """Also one that is not the Circular's: the folder is a way in, not a format."""
    body = '{"time": "2026-03-01T12:00:00+07:00", "values": {"pm25": {"value": 41.2, "unit": "ug/m3"}}}'
    found = Reader(registry()).read(message(body, "$files/A-1/x.json", live=False))
    assert [one.value for one in found.readings] == [41.2]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("A_B_C_20260301120000.txt", "A_B_C"),
        ("A_20260301120000_C_20260301120500.txt", "A_20260301120000_C"),
        ("A_B.C_20260301120000", "A_B.C"),
        ("A.B.txt", "A.B"),
        ("A", "A"),
        (".txt", ".txt"),
    ],
)
def test_a_file_is_called_what_stands_before_its_time(name: str, short: str) -> None:
    """The last time, if several stand there; without one, before its ending."""
    assert called(name) == short


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["NM1", "NM2", "nhamay2", "/", "LA_NM1_NT01", "_20260301120000", ".txt", "\n", ""])).map(
        "".join
    )
)
def test_no_path_is_an_error_of_ours(path: str) -> None:
    """Whatever a sender calls his folders and files."""
    found = read(path)
    assert found.readings or found.refused
