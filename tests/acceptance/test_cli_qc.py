"""`quantrac qc`: what the checks would flag, before anything depends on it."""

import csv
import gzip
import json
import random
import shutil
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from support.program import CONFIG, call
from support.shared import shared

HEADING = "time,station,parameter,value,unit,status"


def written(path: Path, *lines: str, heading: str = HEADING) -> Path:
    path.write_text("\n".join((heading, *lines, "")), "utf-8")
    return path


def at(minute: int, rest: str) -> str:
    return f"2026-03-02T{minute // 60:02d}:{minute % 60:02d}:00+07:00,{rest}"


def flags(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode()
    return list(csv.DictReader(StringIO(text)))


def pairs(path: Path) -> list[tuple[str, str]]:
    return [(row["flag"], row["reasons"]) for row in flags(path)]


def configured(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """Return a copy of the shipped configuration in which pieces of files are others."""
    shutil.copytree(CONFIG, folder)
    for file, old, new in changes:
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_every_line_gets_its_flag_and_reasons(tmp_path: Path) -> None:
    """In the order of the file, time and value as they are written; missing 9, an impossible one 4, an unknown parameter 2."""
    file = written(
        tmp_path / "readings.csv",
        at(5, "X-9,turbidity,12.50,NTU,"),
        at(10, "X-9,turbidity,-9999,NTU,00"),
        at(15, "X-9,turbidity,,NTU,"),
        at(5, "X-9,phlogiston,1,mg/L,"),
        at(10, "X-9,phlogiston,,mg/L,"),
        at(5, "X-9,pm25,2.1,mg/m3,"),
        at(10, "X-9,pm25,0.1,mg/m3,01"),
        at(5, "X-9,ph,7,parsec,"),
    )
    done = call("qc", file, "--out", "flags.csv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "flags.csv").read_text().splitlines() == [
        "time,station,parameter,value,flag,reasons",
        at(5, "X-9,turbidity,12.50,1,"),
        at(10, "X-9,turbidity,-9999,4,range"),
        at(15, "X-9,turbidity,,9,"),
        at(5, "X-9,phlogiston,1,2,"),
        at(10, "X-9,phlogiston,,9,"),
        at(5, "X-9,pm25,2.1,4,range"),
        at(10, "X-9,pm25,0.1,1,"),
        at(5, "X-9,ph,7,2,"),
    ]
    for said in ("X-9", "phlogiston", "ph cannot come in `parsec`"):
        assert said in done.stdout


def test_a_suspect_limit_for_one_station_shows_before_it_is_used(tmp_path: Path) -> None:
    """One line in a copy of the configuration; the share of what it would flag is said."""
    file = written(
        tmp_path / "readings.csv",
        *(at(5 * one, f"NT-XA-01,ph,{6.45 if one == 7 else 7.4 + one / 100:.2f},,") for one in range(1, 21)),
        *(at(5 * one, f"NT-LH-01,ph,{6.45 if one == 7 else 7.4 + one / 100:.2f},,") for one in range(1, 21)),
    )
    station = "  - id: NT-XA-01\n"
    text = (CONFIG / "stations.yaml").read_text("utf-8")
    entry = station + text.partition(station)[2].partition("- {id: ph}")[0]
    config = configured(
        tmp_path / "tried", ("stations.yaml", entry + "- {id: ph}", entry + "- {id: ph, suspect: [6.5, 8.5]}")
    )
    asked = json.loads(call("qc", file, "--json", "--config", config, "--out", "tried.csv", cwd=tmp_path).stdout)
    ranged = [row for row in flags(tmp_path / "tried.csv") if "suspect_range" in row["reasons"]]
    assert [(row["station"], row["value"], row["flag"]) for row in ranged] == [("NT-XA-01", "6.45", "3")]
    (found,) = asked["parameters"]
    assert found["checks"]["suspect_range"] == {"readings": 1, "share": 1 / 40}
    assert (asked["unknown_stations"], asked["rows"], asked["bad"]) == ([], 40, 0)
    assert call("qc", file, "--json", cwd=tmp_path).returncode == 0
    plain = json.loads(call("qc", file, "--json", cwd=tmp_path).stdout)
    assert "suspect_range" not in plain["parameters"][0]["checks"]


def test_the_share_is_that_of_the_lines(tmp_path: Path) -> None:
    """What is said is what stands in the file, reason by reason."""
    file = shared("data/water-logan-river-lro/lro_franklinbasin_2014.csv.gz")
    said = json.loads(call("qc", file, "--json", "--out", "flags.csv.gz", cwd=tmp_path).stdout)
    rows = flags(tmp_path / "flags.csv.gz")
    assert len(rows) == said["rows"] == 112_008
    assert said["ignored_columns"] == ["value_corrected", "label", "qualifier"]
    for one in said["parameters"]:
        mine = [row for row in rows if row["parameter"] == one["parameter"]]
        values = len(mine) - _count(mine, "9")
        assert [one["fail"], one["suspect"], one["missing"]] == [_count(mine, flag) for flag in "439"]
        assert one["share"] == pytest.approx((_count(mine, "4") + _count(mine, "3")) / values)
        for name, found in one["checks"].items():
            assert found["readings"] == sum(name in row["reasons"].split() for row in mine)


def _count(rows: Iterable[dict[str, str]], flag: str) -> int:
    return sum(row["flag"] == flag for row in rows)


def test_the_order_of_lines_changes_no_flag_and_of_one_moment_the_last_line_counts(tmp_path: Path) -> None:
    """As it is on import; a value that was replaced is judged by itself."""
    lines = [at(5 * one, f"X-1,water_temperature,{20 + one % 3},degC,") for one in range(1, 80)]
    lines[30] = at(5 * 31, "X-1,water_temperature,39,degC,")
    shuffled = [*lines]
    random.Random(4).shuffle(shuffled)
    call("qc", written(tmp_path / "a.csv", *lines), "--out", "a.out.csv", cwd=tmp_path)
    call(
        "qc",
        written(tmp_path / "b.csv", at(155, "X-1,water_temperature,99,degC,"), *shuffled),
        "--out",
        "b.out.csv",
        cwd=tmp_path,
    )
    first, *others = flags(tmp_path / "b.out.csv")
    assert (first["value"], first["flag"], first["reasons"]) == ("99", "4", "range")
    assert sorted(map(str, others)) == sorted(map(str, flags(tmp_path / "a.out.csv")))
    assert {row["value"]: row["flag"] for row in others}["39"] == "3"


def test_settings_of_a_station_hold_from_their_day(tmp_path: Path) -> None:
    """The value of midnight belongs to the day that ends."""
    station = "  - id: NT-XA-01\n"
    text = (CONFIG / "stations.yaml").read_text("utf-8")
    entry = station + text.partition(station)[2].partition("- {id: ph}")[0]
    dated = "- {id: cod, to: 2026-03-02, plausible: [0, 50]}\n      - {id: cod, from: 2026-03-02, plausible: [0, 80]}"
    config = configured(tmp_path / "dated", ("stations.yaml", entry + "- {id: ph}\n      - {id: cod}", entry + dated))
    file = written(
        tmp_path / "readings.csv",
        at(0, "NT-XA-01,cod,60,mg/L,"),
        at(5, "NT-XA-01,cod,60,mg/L,"),
        at(10, "NT-XA-01,cod,90,mg/L,"),
    )
    call("qc", file, "--config", config, "--out", "flags.csv", cwd=tmp_path)
    assert [flag for flag, _ in pairs(tmp_path / "flags.csv")] == ["4", "1", "4"]


def test_a_station_is_held_against_the_others_of_its_area_in_the_file(tmp_path: Path) -> None:
    """As the service does with what is stored."""
    check = "- {id: pm25, checks: {neighbours: {by: 20, stations: 3}}}"
    text = (CONFIG / "stations.yaml").read_text("utf-8").replace("- {id: pm25}", check)
    config = configured(tmp_path / "compared")
    moved = ("KK-DH1-01", "KK-XA-01", "KK-LH-01")
    for station in moved:
        head, _, rest = text.partition(f"  - id: {station}\n")
        before, _, after = rest.partition("    area: ")
        text = f"{head}  - id: {station}\n{before}    area: hau-nghia\n{after.partition(chr(10))[2]}"
    (config / "stations.yaml").write_text(text, "utf-8")
    hours = [(station, hour) for station in (*moved, "KK-HN-01") for hour in range(1, 6)]
    file = written(
        tmp_path / "readings.csv",
        *(
            at(60 * hour, f"{station},pm25,{90 if (station, hour) == ('KK-XA-01', 3) else 30 + hour},ug/m3,")
            for station, hour in hours
        ),
    )
    done = call("qc", file, "--config", config, "--out", "flags.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [(row["station"], row["value"]) for row in flags(tmp_path / "flags.csv") if "neighbours" in row["reasons"]]
    assert found == [("KK-XA-01", "90")]


def test_what_it_says_is_what_the_service_says_once_the_file_is_imported(tmp_path: Path) -> None:
    """Lines in any order, a calendar, a calibration, learned checks and a change of settings within the file."""
    station = "  - id: NT-XA-01\n"
    text = (CONFIG / "stations.yaml").read_text("utf-8")
    entry = station + text.partition(station)[2].partition("- {id: ph}")[0]
    dated = "- {id: ph, to: 2026-03-08, suspect: [6.5, 8.5]}\n      - {id: ph, from: 2026-03-08, suspect: [7, 8.5]}"
    config = configured(tmp_path / "tried", ("stations.yaml", entry + "- {id: ph}", entry + dated))
    closed = "{stations: [NT-XA-01], from: 2026-03-07 10:00, to: 2026-03-07 12:00, status: calibrating, who: N. Mai, why: record 12}"
    with (config / "maintenance.yaml").open("w", encoding="utf-8") as calendar:
        calendar.write(f"maintenance:\n  - {closed}\n")
    chance = random.Random(7)
    lines = [line for minute in range(5, 9 * 1440, 5) for line in _at_the_outfall(chance, minute)]
    chance.shuffle(lines)
    file = written(tmp_path / "readings.csv", *lines)
    for arguments in (("qc", file, "--out", "flags.csv"), ("import", file)):
        done = call(*arguments, "--config", config, "--data", "data", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    export = call("export", "readings", "--config", config, "--data", "data", cwd=tmp_path).stdout
    stored = {(row["time"], row["parameter"]): row["flag"] for row in csv.DictReader(StringIO(export))}
    judged = {(row["time"], row["parameter"]): row["flag"] for row in flags(tmp_path / "flags.csv")}
    assert judged == stored
    said = {reason for row in flags(tmp_path / "flags.csv") for reason in row["reasons"].split()}
    assert {"range", "suspect_range", "flat", "own_step", "maintenance"} <= said


def _at_the_outfall(chance: random.Random, minute: int) -> list[str]:
    """Return what an outfall says every five minutes of nine days: sentinels, a spike, a stuck sensor, a calibration."""
    day, rest = divmod(minute, 1440)
    when = f"2026-03-{day + 1:02d}T{rest // 60:02d}:{rest % 60:02d}:00+07:00,NT-XA-01"
    ph = 6.9 + chance.random() / 5
    if day == 6 and rest == 300:
        ph = 12.5
    if day >= 7:
        ph = 7.33
    cod = -9999.0 if chance.random() < 0.01 else 40 + 5 * chance.random()
    status = "01" if day == 5 and 600 < rest < 700 else ""
    return [
        f"{when},ph,{ph:.2f},,{status}",
        f"{when},cod,{cod:.1f},mg/L,",
        f"{when},water_temperature,{28 + chance.random():.1f},degC,",
    ]


def test_names_of_other_sources_are_judged_by_the_parameter_that_has_them_as_aliases(tmp_path: Path) -> None:
    """`timestamp` is taken for `time`, and what nobody needs is passed over; each name is a series of its own."""
    lines = ["2026-03-02T00:05:00Z,gw,flow_1,-5,m3/h,1", "2026-03-02T00:05:00Z,gw,flow_2,5,m3/h,0"]
    with gzip.open(tmp_path / "readings.csv.gz", "wt") as file:
        file.write("\n".join(("timestamp,station,parameter,value,unit,label", *lines, "")))
    done = call("qc", "readings.csv.gz", "--out", "flags.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert pairs(tmp_path / "flags.csv") == [("4", "range"), ("1", "")]
    assert "label" in done.stdout


@pytest.mark.parametrize(
    ("heading", "said"),
    [("time,station,value,unit", "parameter"), ("time,timestamp,station,parameter,value,unit", "time"), ("", "time")],
)
def test_a_file_without_the_columns_is_refused_by_name(tmp_path: Path, heading: str, said: str) -> None:
    """Wrong use, and no flags file."""
    file = written(tmp_path / "readings.csv", heading=heading)
    done = call("qc", file, "--out", "flags.csv", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "flags.csv").exists()) == (2, False)
    assert said in done.stderr


def test_lines_that_cannot_be_read_are_counted_and_named(tmp_path: Path) -> None:
    """The others are judged all the same; a file with nothing but its heading has nothing to say."""
    file = written(
        tmp_path / "readings.csv",
        at(5, "X-1,ph,7,,"),
        "yesterday,X-1,ph,7,,",
        at(10, "X-1,ph,seven,,"),
        at(15, "X-1,ph"),
    )
    said: dict[str, Any] = json.loads(call("qc", file, "--json", "--out", "flags.csv", cwd=tmp_path).stdout)
    assert (said["rows"], said["bad"], [one["line"] for one in said["worst"]]) == (4, 3, [3, 4, 5])
    assert len(flags(tmp_path / "flags.csv")) == 1
    empty = call("qc", written(tmp_path / "empty.csv"), cwd=tmp_path)
    assert (empty.returncode, "0 lines" in empty.stdout) == (0, True)


def test_shares_and_what_the_system_says_are_in_the_readers_language(tmp_path: Path) -> None:
    """A decimal comma in Vietnamese, and no English sentence of the operating system."""
    lines = [at(5 * place, f"NT-XA-01,ph,{7 if place % 3 else 99},,") for place in range(1, 13)]
    file = written(tmp_path / "readings.csv", *lines)
    assert "33,3 %" in call("qc", file, "--lang", "vi", cwd=tmp_path).stdout
    assert "33.3 %" in call("qc", file, cwd=tmp_path).stdout
    missing = call("qc", "none.csv", "--lang", "vi", cwd=tmp_path)
    assert (missing.returncode, missing.stderr) == (2, "Không đọc được none.csv: không có tệp hoặc thư mục này\n")
