"""`quantrac flags`: a person's word on readings, from the command line to the CSV and back."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.program import CONFIG, Done, call

START = datetime(2026, 3, 1, 1, tzinfo=UTC)  # 08:00 in Viet Nam
SPAN = ("--from", "2026-03-01T09:00+07:00", "--to", "2026-03-01T10:00+07:00")
WORD = ("--by", "Nguyễn Văn A", "--note", "Biên bản 12")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with three hours of COD, of which the second is high."""
    lines = ["time,station,parameter,value,unit,status"]
    for place in range(1, 37):
        value = 400 + place % 3 if 12 < place <= 24 else 60 + place % 3
        lines.append(f"{(START + timedelta(minutes=5 * place)).isoformat()},NT-DH1-03,cod,{value},mg/L,00")
    (tmp_path / "cod.csv").write_text("\n".join(lines), "utf-8")
    assert quantrac(tmp_path, "import", "cod.csv").returncode == 0
    return tmp_path


def quantrac(folder: Path, *arguments: str, lang: str = "en") -> Done:
    return call(*arguments, "--config", str(CONFIG), "--data", "data", "--lang", lang, cwd=folder)


def hours(folder: Path) -> list[tuple[str, str]]:
    """Return value and valid count of each hour."""
    done = quantrac(folder, "export", "rollups", "--window", "hour", "--station", "NT-DH1-03", "--from", "2026-03-01",
                    "--to", "2026-03-02")  # fmt: skip
    return [(row["value"], row["valid"]) for row in csv.DictReader(io.StringIO(done.stdout))][:3]


def test_an_override_changes_the_figures_and_its_withdrawal_brings_them_back(folder: Path) -> None:
    """Recomputed they stay; on record it stays for ever."""
    before = hours(folder)
    done = quantrac(folder, "flags", "override", "NT-DH1-03", "cod", *SPAN, "--flag", "fail", *WORD)
    assert (done.returncode, "12 readings have the flag fail" in done.stdout) == (0, True)
    assert hours(folder) == [before[0], ("", "0"), before[2]]
    assert quantrac(folder, "recompute", "--from", "2026-03-01", "--to", "2026-03-02").returncode == 0
    assert hours(folder)[1] == ("", "0")
    (one,) = json.loads(quantrac(folder, "flags", "list", "--json").stdout)
    assert (one["id"], one["flag"], one["by"], one["note"]) == (1, "fail", "Nguyễn Văn A", "Biên bản 12")
    assert quantrac(folder, "flags", "withdraw", "1", "--by", "B", "--note", "Nhầm").returncode == 0
    assert hours(folder) == before
    assert json.loads(quantrac(folder, "flags", "list", "--json").stdout) == []
    (one,) = json.loads(quantrac(folder, "flags", "list", "--all", "--json").stdout)
    assert (one["withdrawn_by"], one["withdrawn_note"]) == ("B", "Nhầm")
    done = quantrac(folder, "flags", "withdraw", "1", "--by", "B", "--note", "Nhầm", lang="vi")
    assert (done.returncode, done.stderr) == (1, "Lần đặt cờ 1 đã được rút lại trước đó.\n")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("NT-DH1-03", "cod", *SPAN, "--flag", "fail", "--by", " ", "--note", "x"), 2, "must say something"),
        (("NT-DH1-03", "cod", *SPAN, "--flag", "bad", *WORD), 2, "good, suspect, fail"),
        (("NT-DH1-3", "cod", *SPAN, "--flag", "fail", *WORD), 2, "Did you mean NT-DH1-03"),
        (("NT-LBN-01", "cod_load", *SPAN, "--flag", "fail", *WORD), 2, "computed of (cod, flow)"),
        (("NT-DH1-03", "pm25", *SPAN, "--flag", "fail", *WORD), 2, "NT-DH1-03 does not measure pm25"),
        (("NT-DH1-03", "cod", "--from", "2026-03-02", "--to", "2026-03-01", "--flag", "fail", *WORD), 2, "--from must be"),
        (("NT-DH1-03", "cod", "--from", "2026-04-01", "--to", "2026-04-02", "--flag", "fail", *WORD), 1, "no readings"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_would_be_right(
    folder: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    """And nothing is kept."""
    done = quantrac(folder, "flags", "override", *arguments)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert json.loads(quantrac(folder, "flags", "list", "--all", "--json").stdout) == []


def test_a_parameter_that_the_station_does_not_measure_is_told_so(folder: Path) -> None:
    """It is in the configuration; another one that is spelt alike is no remedy."""
    done = quantrac(folder, "flags", "override", "NT-DH1-03", "co", *SPAN, "--flag", "fail", *WORD)
    assert done.returncode == 2
    assert "NT-DH1-03 does not measure co. It measures: " in done.stderr


def test_no_override_makes_a_data_folder(folder: Path) -> None:
    """Neither does a withdrawal."""
    for asked in (("override", "NT-DH1-03", "cod", *SPAN, "--flag", "fail"), ("withdraw", "1")):
        done = call("flags", *asked, *WORD, "--config", str(CONFIG), "--data", "dta", "--lang", "en", cwd=folder)
        assert done.returncode != 0
        assert "Nothing was ever kept in" in done.stderr
    assert not (folder / "dta").exists()
