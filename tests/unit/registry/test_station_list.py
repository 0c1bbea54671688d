"""A department's own list of stations: every bad line is named, and a good list becomes a configuration."""

import gzip
from pathlib import Path

import pytest

from registry.faults import ConfigurationError, Fault
from registry.load import load
from registry.starter import write_starter

HEADER = "id,name_vi,name_en,kind,area,area_kind,latitude,longitude,interval_seconds,stamp,parameters"
GOOD = (
    "A-1,Không khí,Air,air,park-1,industrial,10.82,106.46,300,end,pm25 so2",
    "T-1,Ống khói,Stack,stack,park-1,industrial,10.83,106.47,300,end,so2 dust",
    '"O-1","Cửa xả, số 1",Outfall,outfall,park-1,industrial,10.84,106.48,900,start,ph cod tss',
    "S-1,Nước mặt,Surface,surface_water,farm-1,agricultural,10.54,106.41,900.5,end,ph dissolved_oxygen",
    "W-1,Rác,Waste,waste,town-1,residential,10.55,106.42,3600,end,leachate_level fill_level",
)


def written(folder: Path, *lines: str, header: str = HEADER, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    raw = "\n".join([header, *lines, ""]).encode(encoding)
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def faults(folder: Path, path: Path) -> tuple[Fault, ...]:
    """Return what is wrong with the list; nothing may have been written then."""
    with pytest.raises(ConfigurationError) as caught:
        write_starter(folder / "config", path)
    assert not (folder / "config").exists()
    return caught.value.faults


@pytest.mark.parametrize(
    ("name", "encoding", "separator"),
    [
        ("list.csv", "utf-8", ","),
        ("list.csv", "utf-8-sig", ";"),
        ("list.csv", "utf-8", "\t"),
        ("list.csv.gz", "utf-8", ","),
    ],
)
def test_a_good_list_becomes_a_configuration_without_a_fault(
    tmp_path: Path, name: str, encoding: str, separator: str
) -> None:
    """Also as Excel saves it (a byte order mark, semicolons), and packed."""
    lines = [line.replace("xả, số", "xả số").replace(",", separator) for line in (HEADER, *GOOD)]
    write_starter(tmp_path / "config", written(tmp_path, *lines[1:], header=lines[0], name=name, encoding=encoding))
    registry = load(tmp_path / "config")
    assert list(registry.stations) == ["A-1", "T-1", "O-1", "S-1", "W-1"]
    assert {area.id: area.kind for area in registry.areas.values()} == {
        "park-1": "industrial", "farm-1": "agricultural", "town-1": "residential",
    }  # fmt: skip
    assert registry.stations["O-1"].stamp == "start"


@pytest.mark.parametrize(
    ("line", "column", "wrong", "right"),
    [
        ("A 1,x,x,air,park-1,industrial,10,106,300,end,pm25", "id", "`A 1` cannot stand here", "letters"),
        ("B-1,x,x,ari,park-1,industrial,10,106,300,end,pm25", "kind", "`ari` is not known", "did you mean `air`?"),
        ("B-1,x,x,air,park 1,industrial,10,106,300,end,pm25", "area", "`park 1` cannot stand here", "letters"),
        ("B-1,x,x,air,new,industry,10,106,300,end,pm25", "area_kind", "`industry` is not known", "`industrial`"),
        ("B-1,x,x,air,park-1,residential,10,106,300,end,pm25", "area_kind", "another kind in line 2", "the same"),
        ("B-1,x,x,air,park-1,industrial,108,106,300,end,pm25", "latitude", "108 is nowhere on earth", "exchanged"),
        ("B-1,x,x,air,park-1,industrial,north,106,300,end,pm25", "latitude", "a number is expected", "with a point"),
        ('B-1,x,x,air,park-1,industrial,"10,8",106,300,end,pm25', "latitude", "this is `10,8`", "with a point"),
        ("B-1,x,x,air,park-1,industrial,10,186,300,end,pm25", "longitude", "186 is nowhere on earth", "-180"),
        ("B-1,x,x,air,park-1,industrial,10,106,0,end,pm25", "interval_seconds", "this is `0`", "300"),
        ("B-1,x,x,air,park-1,industrial,10,106,-5,end,pm25", "interval_seconds", "this is `-5`", "300"),
        ("B-1,x,x,air,park-1,industrial,10,106,5 min,end,pm25", "interval_seconds", "this is `5 min`", "300"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,middle,pm25", "stamp", "`middle` is not known", "start, end"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end,pm2.5", "parameters", "`pm2.5` cannot stand", "letters"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end,pm52", "parameters", "there is no `pm52`", "`pm25`"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end,cod", "parameters", "`cod` is not measured in air", "water"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end,pm25 pm25", "parameters", "stands twice", "keep one"),
        ("A-1,x,x,air,park-1,industrial,10,106,300,end,pm25", "id", "stands twice, first in", "another id"),
        ("B-1,,x,air,park-1,industrial,10,106,300,end,pm25", "name_vi", "the value is missing", "write it"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end", "parameters", "the value is missing", "write it"),
        ("B-1,x,x,air,park-1,industrial,10,106,300,end,pm25,so2", "", "more values than columns", "double quotes"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_its_column(tmp_path: Path, line: str, column: str, wrong: str, right: str) -> None:
    """Once, with what would be right."""
    path = written(tmp_path, GOOD[0], "", line)
    found = faults(tmp_path, path)
    assert [(one.file, one.line, one.key) for one in found] == [(str(path), 4, column)], found
    assert wrong in str(found[0].wrong)
    assert right in str(found[0].right)


def test_all_bad_lines_come_at_once(tmp_path: Path) -> None:
    """In the order of the lines."""
    bad = ("A-1,x,x,air,park-1,industrial,108,106,0,end,pm25", "C-1,x,x,ari,park-1,industrial,10,106,300,begin,cod")
    found = faults(tmp_path, written(tmp_path, GOOD[0], *bad))
    assert [(one.line, one.key) for one in found] == [
        (3, "id"), (3, "interval_seconds"), (3, "latitude"), (4, "kind"), (4, "stamp"),
    ]  # fmt: skip


def test_a_column_that_is_missing_is_told_the_nearest_that_is_there(tmp_path: Path) -> None:
    """And the lines are judged by the others all the same."""
    header = HEADER.replace("latitude", "lat").replace(",stamp", ",colour")
    found = faults(tmp_path, written(tmp_path, GOOD[0].replace("300", "0"), header=header))
    said = {one.key: (one.line, f"{one.wrong} {one.right}") for one in found}
    assert set(said) == {"lat", "colour", "stamp", "interval_seconds"}
    assert "did you mean `latitude`?" in said["lat"][1]
    assert "the column is missing" in said["stamp"][1]
    assert said["interval_seconds"][0] == 2


@pytest.mark.parametrize(
    ("raw", "line", "wrong"),
    [
        ("id,name\nA,Đà\n".encode("cp1258"), 2, "not UTF-8"),
        (HEADER.encode("utf-16"), 1, "not UTF-8"),
        (b"PK\x03\x04 a spreadsheet", None, "a spreadsheet"),
        (b"", 1, "the file is empty"),
        (HEADER.encode() + b"\n", 1, "no stations"),
    ],
)
def test_a_file_that_is_no_list_is_explained(tmp_path: Path, raw: bytes, line: int | None, wrong: str) -> None:
    """As spreadsheets and old editors save it."""
    path = tmp_path / "list.csv"
    path.write_bytes(raw)
    found = faults(tmp_path, path)
    assert found[0].line == line
    assert wrong in str(found[0].wrong)


def test_a_list_that_is_not_there_or_not_packed_is_said_to_be_so(tmp_path: Path) -> None:
    """With its name."""
    assert "the file is missing" in str(faults(tmp_path, tmp_path / "none.csv")[0].wrong)
    (tmp_path / "list.csv.gz").write_bytes(b"id,name")
    assert "cannot be read" in str(faults(tmp_path, tmp_path / "list.csv.gz")[0].wrong)
