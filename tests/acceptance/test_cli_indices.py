"""`quantrac indices`, and what check-config, status and export say of indices."""

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest

from support.program import CONFIG, call

WORD = ("--by", "Nguyễn Văn A", "--note", "QĐ 1460, mục 3")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    path = folder / "province.yaml"
    text = path.read_text("utf-8").replace("indices: [vn_aqi]", "indices: [vn_aqi, us_aqi, vn_wqi]")
    path.write_text(text, "utf-8")
    return folder


def listed(config: Path, cwd: Path) -> dict[str, dict[str, object]]:
    done = call("indices", "list", "--json", "--config", config, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return {one["index"]: one for one in json.loads(done.stdout)}


def test_an_index_that_needs_a_persons_word_is_withheld_until_then(config: Path, tmp_path: Path) -> None:
    """Why is said by check-config, status and the list; the word goes on record, and only an index that needs one takes it."""
    before = listed(config, tmp_path)
    assert {key: one["made"] for key, one in before.items()} == {"vn_aqi": True, "us_aqi": True, "vn_wqi": False}
    assert "quantrac indices confirm vn_wqi" in str(before["vn_wqi"]["why"])
    checked = call("check-config", "--config", config, cwd=tmp_path)
    assert (checked.returncode, "vn_wqi needs a person's confirmation" in checked.stdout) == (0, True)
    assert "VN_WQI is not made" in call("status", "--config", config, cwd=tmp_path).stdout
    refused = call("indices", "confirm", "vn_aqi", *WORD, "--config", config, cwd=tmp_path)
    assert (refused.returncode, "needs no confirmation" in refused.stderr) == (2, True)
    assert (
        call("indices", "confirm", "vn_wqi", "--by", " ", "--note", "x", "--config", config, cwd=tmp_path).returncode
        == 2
    )
    done = call("indices", "confirm", "vn_wqi", *WORD, "--config", config, cwd=tmp_path)
    assert (done.returncode, "form A" in done.stdout, "quantrac recompute" in done.stdout) == (0, True, True)
    after = listed(config, tmp_path)["vn_wqi"]
    assert (after["made"], after["why"], after["confirmed_by"]) == (True, None, "Nguyễn Văn A")
    assert json.loads(call("status", "--json", "--config", config, cwd=tmp_path).stdout)["indices_withheld"] == []
    rows = json.loads(call("limits", "list", "--json", "--config", config, cwd=tmp_path).stdout)
    assert not any("index" in row["row"] for row in rows), "it is no limit"


def test_indices_come_out_by_the_hour_and_the_day(config: Path, tmp_path: Path) -> None:
    """What is imported has them when the command ends; the day stands under its end, with its text and what is missing."""
    lines = [
        f"2026-03-0{1 + minute // 1440}T{minute // 60 % 24:02d}:{minute % 60:02d}:00+07:00,KK-DH1-01,pm25,55.7,ug/m3,"
        for minute in range(5, 30 * 60 + 1, 5)
    ]
    file = tmp_path / "in.csv"
    file.write_text("\n".join(["time,station,parameter,value,unit,status", *lines, ""]))
    done = call("import", file, "--config", config, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = call(
        "export", "indices", "--station", "KK-DH1-01", "--to", "2026-03-02", "--config", config, cwd=tmp_path
    ).stdout
    assert out.startswith("end,window,station,index,value,level,dominant,concentration,missing,scheme\n")
    rows = list(csv.DictReader(StringIO(out)))
    days = {row["index"]: row for row in rows if row["window"] == "day"}
    assert days["vn_aqi"]["end"] == "2026-03-02T00:00:00+07:00"
    assert (days["vn_aqi"]["value"], days["vn_aqi"]["level"], days["vn_aqi"]["dominant"]) == ("110", "3", "pm25")
    assert (days["us_aqi"]["value"], days["us_aqi"]["scheme"]) == ("151", "US AQI, EPA 2024, daily")
    assert days["vn_aqi"]["missing"] == "pm10 so2 no2 co o3"
    hours = [row for row in rows if row["window"] == "hour" and row["index"] == "vn_aqi" and row["value"]]
    assert {row["scheme"] for row in hours} == {"VN_AQI, Decision 1459/QĐ-TCMT of 2019, hourly, NowCast normalised"}
    only = call("export", "indices", "--window", "day", "--to", "2026-03-02", "--config", config, cwd=tmp_path).stdout
    assert {row["window"] for row in csv.DictReader(StringIO(only))} == {"day"}
