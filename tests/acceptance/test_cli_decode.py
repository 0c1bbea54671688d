"""`quantrac decode`: what a message would become, before it is sent or after it was refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.program import CONFIG, Done, call

TASMOTA = {"Time": "2026-03-01T12:00:00", "SDS0X1": {"PM2.5": 11.8, "PM10": 5.8}, "BME280": {"Temperature": 20.5}}
PACK = [{"bn": "dev1:", "n": "t", "u": "Cel", "v": 23.1}, {"n": "h", "u": "furlongs", "v": 61}]
SENML = """
decoder:
  name: senml
  receipt_time: true
  device_id: dev1
  records:
    - {name: t, parameter: air_temperature}
    - {name: h, parameter: relative_humidity}
"""


def decode(folder: Path, body: Any, *options: object) -> Done:
    (folder / "message").write_text(body if isinstance(body, str) else json.dumps(body), "utf-8")
    return call("decode", "message", *options, cwd=folder)


def test_a_stations_message_is_read_with_its_decoder(tmp_path: Path) -> None:
    """Time in the registry's zone, value in the canonical unit."""
    done = decode(tmp_path, TASMOTA, "--station", "KK-CG-01", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["readings"][0] == {
        "station": "KK-CG-01", "parameter": "pm25", "time": "2026-03-01T12:00:00+07:00", "value": 11.8, "unit": "ug/m3",
        "status": "00", "flag": 1,
    }  # fmt: skip
    assert (found["refused"], found["ignored"], found["topic"]) == ([], False, "tele/can-giuoc-01/SENSOR")


def test_a_topic_alone_says_whose_message_it_is(tmp_path: Path) -> None:
    """As it does for the service; one that is nobody's is refused as there."""
    body = {"time": "2026-03-01T12:00:00+07:00", "values": {"pm25": {"value": 0.05, "unit": "mg/m3"}}}
    done = decode(tmp_path, body, "--topic", "quantrac/KK-DH1-01/air")
    assert done.returncode == 0
    assert "KK-DH1-01  pm25       2026-03-01 12:00:00  50.0   ug/m3  00      1" in done.stdout
    done = decode(tmp_path, body, "--topic", "quantrac/KK-DH1-01/water")
    assert (done.returncode, "medium_mismatch" in done.stdout) == (1, True)


def test_a_decoder_is_tried_before_there_is_a_station(tmp_path: Path) -> None:
    """From a file; what is read and what is refused are both shown, and the exit says that something was."""
    (tmp_path / "mine.yaml").write_text(SENML, "utf-8")
    done = decode(tmp_path, PACK, "--decoder", "mine.yaml", "--received", "2026-03-01T12:00:00+07:00", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    (one,) = found["readings"]
    assert (one["station"], one["parameter"], one["time"]) == (None, "air_temperature", "2026-03-01T12:00:00+07:00")
    assert [(each["part"], each["reason"]) for each in found["refused"]] == [("relative_humidity", "unknown_unit")]
    assert "furlongs" in found["refused"][0]["message"]


def test_a_decoder_is_tried_at_a_station(tmp_path: Path) -> None:
    """Then only what that station measures can be filled."""
    options = "{name: fields, receipt_time: true, fields: [{path: p, parameter: pm25, unit: ug/m3}]}"
    done = decode(tmp_path, {"p": 3}, "--decoder", options, "--station", "KK-CG-01")
    assert (done.returncode, "KK-CG-01" in done.stdout) == (0, True)
    done = decode(tmp_path, {"p": 3}, "--decoder", options.replace("pm25", "cod"), "--station", "KK-CG-01")
    assert (done.returncode, "there is no `cod`" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("decoder", "said"),
    [
        ("{name: feilds}", "did you mean `fields`?"),
        ("{name: scalar, fields: []}", "`topics` is missing"),
        ("{name: senml, records: [{name: x, parameter: pm25}], device: id}", "the decoder `senml` has no `device`"),
        ("{name: fields, fields: [{path: x, parameter: pm25}]}", "nothing says when"),
        ("{name: fields, feilds: []}", "did you mean `fields`?"),
        ("{name: [", "not YAML"),
        ("nowhere.yaml", "the file is missing"),
    ],
)
def test_faults_of_a_decoder_are_named(tmp_path: Path, decoder: str, said: str) -> None:
    """As check-config names them."""
    done = decode(tmp_path, "{}", "--decoder", decoder)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_the_line_of_a_fault_is_that_of_the_file(tmp_path: Path) -> None:
    """With or without the line `decoder:`."""
    for text in (SENML, SENML.replace("decoder:\n", "# mine\n").replace("\n  ", "\n")):
        (tmp_path / "mine.yaml").write_text(text.replace("air_temperature", "air_temperatur"), "utf-8")
        done = decode(tmp_path, PACK, "--decoder", "mine.yaml")
        assert "mine.yaml:7: decoder.records[0].parameter" in done.stderr


def test_what_is_known_to_be_no_reading_is_said(tmp_path: Path) -> None:
    """And is no fault."""
    options = "{name: scalar, receipt_time: true, topics: [{topic: a/b, parameter: pm25, unit: ug/m3}]}"
    done = decode(tmp_path, "nan", "--decoder", options)
    assert (done.returncode, "no reading" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--station ID"),
        (("--station", "KK-CG-1"), "KK-CG-01"),
        (("--decoder", "{name: scalar, receipt_time: true, topics: [{topic: a/b, parameter: pm25}, "
                       "{topic: a/c, parameter: pm10}]}"), "a/b, a/c"),
        (("--station", "KK-CG-01", "--received", "noon"), "--received"),
    ],
)  # fmt: skip
def test_what_is_missing_is_asked_for(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """With what would be right."""
    done = decode(tmp_path, "1", *options)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_nothing_is_written(tmp_path: Path) -> None:
    """Not even a data folder."""
    shutil.copytree(CONFIG, tmp_path / "config")
    before = sorted(tmp_path.rglob("*"))
    decode(tmp_path, TASMOTA, "--station", "KK-CG-01", "--config", "config")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == [tmp_path / "message"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """And nothing is guessed in its place."""
    done = call("decode", "nowhere.json", "--station", "KK-CG-01", cwd=tmp_path)
    assert (done.returncode, "nowhere.json" in done.stderr) == (2, True)
