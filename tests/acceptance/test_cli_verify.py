"""`quantrac verify`, as the person types it who answers for the figures."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from domain.reading import SeriesKey
from storage import spans
from storage.state import open_state, writing
from support.alerting import Scene, cod_rule, made
from support.program import Done, call

HEADER = "time,station,parameter,value,unit,status\n"
WORD = ("--by", "Nguyễn Văn A", "--note", "Biên bản 12")


def take(folder: Path, *, days: int = 3, value: float = 20.0, status: str = "00") -> None:
    """Import hourly COD of the first days of February, and nothing of the rest."""
    lines = [
        f"2026-02-{day:02d}T{hour:02d}:{minute:02d}:00+07:00,NT-XA-01,cod,{value},mg/L,{status}\n"
        for day in range(1, days + 1)
        for hour in range(24)
        for minute in range(0, 60, 5)
        if (day, hour, minute) != (1, 0, 0)
    ]
    (folder / "in.csv").write_text(HEADER + "".join(lines))
    assert call("import", "in.csv", cwd=folder).returncode == 0


def verified(folder: Path, *what: str) -> Done:
    return call("verify", *(what or ("NT-XA-01", "cod", "2026-02")), *WORD, cwd=folder)


def states(folder: Path, window: str) -> set[str]:
    of = ("--station", "NT-XA-01", "--parameter", "cod", "--window", window)
    done = call("export", "rollups", *of, "--from", "2026-02-01", "--to", "2026-03-01", cwd=folder)
    return {row["state"] for row in csv.DictReader(StringIO(done.stdout))}


def listed(folder: Path, *what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call("verify", *what, "--list", "--json", cwd=folder).stdout)
    return found


def test_a_person_verifies_a_month_and_what_changes_it_takes_the_word_back(tmp_path: Path) -> None:
    """Said at once, with what is lacking; every export says it; a correction makes the whole month provisional."""
    take(tmp_path)
    done = verified(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NT-XA-01 cod 2026-02 is verified by Nguyễn Văn A.\n")
    assert "  spans of 1 hour, 672 in all: 600 without a value.\n" in done.stdout, "and nothing of what is not lacking"
    assert {window: states(tmp_path, window) for window in ("hour", "hour8", "hour24", "day")} == {
        "hour": {"verified"}, "hour8": {"verified"}, "hour24": {"verified"}, "day": {"verified"},
    }  # fmt: skip
    (tmp_path / "in.csv").write_text(f"{HEADER}2026-02-02T08:00:00+07:00,NT-XA-01,cod,999,mg/L,\n")
    call("import", "in.csv", cwd=tmp_path)
    assert states(tmp_path, "hour") == states(tmp_path, "day") == {"provisional"}
    one = listed(tmp_path)[0]
    assert (one["state"], one["verified_by"], one["note"]) == ("provisional", "Nguyễn Văn A", "Biên bản 12")
    assert (one["cause"], one["changed_end"][:16]) == ("revised", "2026-02-02T08:00")
    assert one["fallen_back_at"] >= one["verified_at"]
    shown = call("verify", "--list", "--lang", "vi", cwd=tmp_path).stdout
    assert "tạm thời" in shown
    assert json.loads(call("status", "--json", cwd=tmp_path).stdout)["verifications"] == {
        "verified": 0,
        "fallen_back": 1,
    }
    assert verified(tmp_path).returncode == 0, "whoever looked at it once more says so"


def test_a_month_is_refused_that_is_not_over_or_of_which_there_is_nothing(tmp_path: Path) -> None:
    """Said in a sentence, and nothing is on record."""
    take(tmp_path)
    this_month = verified(tmp_path, "NT-XA-01", "cod", "2199-03")
    assert this_month.returncode == 1
    assert "2199-03 is not over" in this_month.stderr
    nothing = verified(tmp_path, "NT-XA-01", "cod", "2025-01")
    assert nothing.returncode == 1
    assert nothing.stdout == "NT-XA-01 cod 2025-01 is not verified: there is no figure with a value.\n"
    assert listed(tmp_path) == []


def test_a_month_that_holds_is_not_verified_twice(tmp_path: Path) -> None:
    """The first word stands."""
    take(tmp_path)
    verified(tmp_path)
    again = verified(tmp_path, "NT-XA-*", "all", "2026-02")
    assert again.returncode == 1
    assert "it has been verified by Nguyễn Văn A" in again.stdout
    assert len(listed(tmp_path, "NT-XA-01")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("NT-XA-01", "cod", "03/2026", *WORD), "write a month such as 2026-03"),
        (("NT-XA-01", "cod", "2026-13", *WORD), "write a month such as 2026-03"),
        (("NT-XA-01", "cod", "2026-02", "--by", "A"), "--by and --note must say something"),
        (("NT-XA-01", "cod", "2026-02", "--by", " ", "--note", "x"), "--by and --note must say something"),
        (("NT-XA-02", "cod", "2026-02", *WORD), "Did you mean NT-XA-01?"),
        (("NT-XA-01", "pm25", "2026-02", *WORD), "No station that NT-XA-01 names measures pm25"),
        (("NT-XA-01", "cod", *WORD), "Say what is verified"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_would_be_right(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit status 2, and nothing is made."""
    done = call("verify", *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_verifications_are_exported_as_csv(tmp_path: Path) -> None:
    """One line for each month of a series, with whose word it is."""
    take(tmp_path)
    verified(tmp_path)
    done = call("export", "verifications", "--station", "NT-XA-01", cwd=tmp_path)
    (row,) = csv.DictReader(StringIO(done.stdout))
    assert (row["month"], row["station"], row["parameter"], row["state"]) == ("2026-02", "NT-XA-01", "cod", "verified")
    assert (row["verified_by"], row["note"], row["fallen_back_at"]) == ("Nguyễn Văn A", "Biên bản 12", "")
    assert call("export", "verifications", "--from", "2026-03-01", cwd=tmp_path).stdout.count("\n") == 1


def test_a_case_shows_all_that_its_alerts_rest_on(tmp_path: Path) -> None:
    """Levels, counts, row, arithmetic, conditions, instrument, versions: in sentences and as JSON."""
    Scene.open(tmp_path, made(cod_rule())).live(1, 148, 171, suspect=4, configuration=77)
    shown = call("alerts", "show", "VV-2026-0001", cwd=tmp_path, DATA=str(tmp_path)).stdout
    for said in (
        "VV-2026-0001: over, cod-hour, NT-1 cod", "12 of 12 values valid, 4 suspect",
        "row x-cod: QCVN X:2011, Bảng 1, column B: ≤ 150 mg/L",
        "limit = 150 × Kq 0.9 × Kf 1 mg/L", "confirmed by Trần Văn B, Tue 15 Sep 2026",
        "note: 4 of 12 values are suspect: check the instrument", "instrument: regulatory, certificate 1",
        f"{77:016x}",
    ):  # fmt: skip
        assert said in shown, shown
    (one,) = json.loads(call("alerts", "show", "VV-2026-0001", "--json", cwd=tmp_path, DATA=str(tmp_path)).stdout)
    assert (one["law"]["row"], one["figure"], one["factors"][0]["confirmed"]) == (
        "x-cod", 150, "Trần Văn B, 2026-09-15",
    )  # fmt: skip
    listed_too = json.loads(call("alerts", "list", "--json", cwd=tmp_path, DATA=str(tmp_path)).stdout)
    assert listed_too == [one]
    assert call("alerts", "show", "VV-1", cwd=tmp_path, DATA=str(tmp_path)).returncode == 2


def test_limits_of_a_station_are_listed_for_a_day(tmp_path: Path) -> None:
    """What is compared there, the factors multiplied."""
    done = call("limits", "list", "--on", "2026-03-01", "--station", "NT-XA-01", "--json", cwd=tmp_path)
    cod = next(one for one in json.loads(done.stdout) if one["parameter"] == "cod")
    assert (cod["high"], cod["level_high"], cod["windows"]) == (150.0, 135.0, ["hour"])
    text = call("limits", "list", "--on", "2026-03-01", "--station", "NT-XA-01", cwd=tmp_path).stdout
    assert "150 × Kq 0.9 × Kf 1" in text


def shares(folder: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call("status-share", "--json", *options, cwd=folder).stdout)
    return found


def test_the_share_of_time_in_calibration_and_at_fault_is_said_by_facility_and_month(tmp_path: Path) -> None:
    """Of 672 hours of February 6 in calibration and 12 at fault; of a facility the time of every parameter counts."""
    take(tmp_path, days=28)
    lines = [
        f"2026-02-{3 + hour // 24:02d}T{hour % 24:02d}:{minute:02d}:00+07:00,NT-XA-01,cod,20,mg/L,{'01' if hour < 6 else '02'}\n"
        for hour in range(18)
        for minute in range(0, 60, 5)
    ]
    (tmp_path / "in.csv").write_text(HEADER + "".join(lines))
    call("import", "in.csv", cwd=tmp_path)
    (one,) = shares(tmp_path, "--from", "2026-02", "--of", "NT-XA-01", "--by", "parameter")
    assert (one["month"], one["facility"], one["station"], one["parameter"]) == ("2026-02", "DN-09", "NT-XA-01", "cod")
    assert (one["hours"], one["calibrating_hours"], one["fault_hours"]) == (672, 6, 12)
    assert (one["calibrating_share"], one["fault_share"]) == (6 / 672, 12 / 672)
    (whole,) = shares(tmp_path, "--from", "2026-02", "--of", "DN-09")
    assert (whole["facility"], whole["station"], whole["fault_hours"]) == ("DN-09", None, 12)
    text = call("status-share", "--from", "2026-02", cwd=tmp_path).stdout
    assert "6.0 h, 0.9 %" in text.replace("\N{NO-BREAK SPACE}", " ")
    (row,) = csv.DictReader(StringIO(call("status-share", "--from", "2026-02", "--csv", cwd=tmp_path).stdout))
    assert float(row["fault_share"]) == 12 / 672
    assert shares(tmp_path, "--from", "2025-02") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2026-2"), "write a month such as 2026-03"),
        (("--from", "2026-03", "--to", "2026-02"), "--to must not be before --from"),
        (("--of", "DN-7"), "Did you mean DN-07?"),
        (("--csv", "--json"), "choose one of them"),
    ],
)  # fmt: skip
def test_a_share_that_cannot_be_meant_is_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """With what would be right."""
    done = call("status-share", *options, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_month_whose_figures_are_still_being_made_is_refused(tmp_path: Path) -> None:
    """Nobody has seen them yet; once they are made it can be verified."""
    take(tmp_path)
    engine = open_state(f"sqlite:///{tmp_path}/var/state.sqlite")
    at = datetime(2026, 2, 2, 3, tzinfo=UTC)
    with writing(engine) as connection:
        spans.mark(connection, "roll", [(SeriesKey("NT-XA-01", "cod"), at, at)])
    engine.dispose()
    refused = verified(tmp_path)
    assert (refused.returncode, listed(tmp_path)) == (1, [])
    assert "its figures are still being made" in refused.stdout
    call("recompute", "--from", "2026-02-01", "--to", "2026-02-05", cwd=tmp_path)
    assert verified(tmp_path).returncode == 0


def test_what_is_lacking_is_said_in_the_readers_words(tmp_path: Path) -> None:
    """No name of a window as the stores have it, no sentence about what is not the case."""
    take(tmp_path)
    said = call("verify", "NT-XA-01", "cod", "2026-02", *WORD, "--lang", "vi", cwd=tmp_path).stdout
    assert "  kỳ 1 giờ, tổng cộng 672: 600 không có giá trị." in said
    assert "hour" not in said
    assert "kiểm tra thiết bị" not in said


def test_an_unknown_id_is_refused_in_the_list_too(tmp_path: Path) -> None:
    """Not answered with "There is none"."""
    take(tmp_path)
    done = call("verify", "NT-XA-02", "--list", cwd=tmp_path)
    assert (done.returncode, "Did you mean NT-XA-01?" in done.stderr) == (2, True)
    assert call("verify", "NT-*", "--list", cwd=tmp_path).returncode == 0


def test_a_data_folder_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    """A slip of the pen in --data leaves no empty folder that looks like an old one afterwards."""
    done = call("verify", "NT-XA-01", "cod", "2026-02", *WORD, "--data", "dta", cwd=tmp_path)
    assert done.returncode == 1
    assert "Nothing was ever kept in" in done.stderr
    assert not (tmp_path / "dta").exists()


def test_a_share_of_a_month_to_come_is_refused_and_who_has_no_facility_is_shown_the_way(tmp_path: Path) -> None:
    """An empty answer would look like "nobody calibrated"."""
    take(tmp_path)
    future = call("status-share", "--from", "2199-01", cwd=tmp_path)
    assert (future.returncode, "2199-01: that has not begun" in future.stderr) == (2, True)
    none = call("status-share", "--from", "2020-01", cwd=tmp_path)
    assert (none.returncode, none.stdout) == (0, "There is none.\n")
    assert "--by station" in none.stderr
