"""The one-shot commands, as people and scripts call them."""

import csv
import json
import shlex
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from support.influxdb_v2 import ADMIN, ManagedInflux
from support.mosquitto import Mosquitto
from support.program import COMMAND, CONFIG, call, environment, pages
from support.sealed import SealedJournal

HEADER = "time,station,parameter,value,unit,status\n"


def readings(path: Path, *, hours: int = 3) -> Path:
    """Write a reading every five minutes of whole hours, each value a tenth of its minute of the day."""
    lines = [
        f"2026-03-02T{minute // 60:02d}:{minute % 60:02d}:00+07:00,NT-XA-01,cod,{minute / 10},mg/L,\n"
        for minute in range(5, hours * 60 + 1, 5)
    ]
    path.write_text(HEADER + "".join(lines))
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def whole_hours(cwd: Path) -> list[dict[str, str]]:
    out = call("export", "rollups", "--window", "hour", "--to", "2026-03-03", cwd=cwd).stdout
    return [row for row in rows(out) if row["valid"] == "12"]


def test_the_shipped_configuration_has_no_fault(tmp_path: Path) -> None:
    """`make check` relies on it."""
    done = call("check-config", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_starter_is_a_configuration_without_a_fault(tmp_path: Path) -> None:
    """What `init` writes, `check-config` accepts; a second `init` overwrites nothing."""
    begun = call("init", "mine", cwd=tmp_path)
    assert (begun.returncode, "nothing reaches an address at quantrac.example" in begun.stdout) == (0, True)
    checked = call("check-config", "--config", "mine", cwd=tmp_path)
    assert checked.returncode == 0
    assert "No limit holds at OUT-1" in checked.stdout, "an outfall without a facility has none, and nobody would know"
    again = call("init", "mine", cwd=tmp_path)
    assert again.returncode == 2
    assert "mine" in again.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("init", "{place}"),
        ("run", "--data", "{place}"),
        ("import", "in.csv", "--data", "{place}"),
        ("demo", "--data", "{place}"),
        ("dashboards", "generate", "--out", "{place}"),
        ("setup-influx", "--out", "{place}"),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("place", ["list.csv", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(
    tmp_path: Path, command: tuple[str, ...], place: str
) -> None:
    """A file in its place, or a place where nothing can be: no error of ours, and nothing to report."""
    (tmp_path / "list.csv").write_text("a list of stations\n")
    (tmp_path / "admin.token").write_text(ADMIN)
    readings(tmp_path / "in.csv", hours=1)
    influx = {"INFLUX_URL": "http://127.0.0.1:9", "INFLUX_ADMIN_TOKEN_FILE": "admin.token"}
    variables = influx if command[0] == "setup-influx" else pages()
    done = call(*(part.format(place=place) for part in command), cwd=tmp_path, **variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert place in done.stderr
    assert "ame another" in done.stderr or "name a new or empty one" in done.stderr
    assert "errors.log" not in done.stderr


def test_looking_for_data_where_a_file_is_says_so(tmp_path: Path) -> None:
    """Nothing can be kept in a file."""
    (tmp_path / "list.csv").write_text("a list of stations\n")
    done = call("status", "--data", "list.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "list.csv" in done.stderr
    assert "errors.log" not in done.stderr


@pytest.mark.parametrize("name", ["folder", "folder.csv.gz", "missing.csv"])
@pytest.mark.parametrize("command", ["import", "replay"])
def test_readings_that_cannot_be_read_are_named(tmp_path: Path, broker: Mosquitto, command: str, name: str) -> None:
    """A folder instead of a file is a slip of the hand."""
    if name != "missing.csv":
        (tmp_path / name).mkdir()
    done = call(command, name, cwd=tmp_path, MQTT_URL=broker.url)
    assert done.returncode == 2
    assert name in done.stderr
    assert "errors.log" not in done.stderr


def test_every_fault_of_a_broken_configuration_comes_at_once(tmp_path: Path) -> None:
    """With file, line, key, what is wrong, and what would be right."""
    broken = shutil.copytree(CONFIG, tmp_path / "broken")
    stations = broken / "stations.yaml"
    written = stations.read_text().replace("kind: air\n", "kind: ait\n", 1).replace("facility:", "facilty:", 1)
    stations.write_text(written)
    done = call("check-config", "--config", broken, "--json", cwd=tmp_path)
    faults: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == 2
    assert {fault["file"] for fault in faults} == {"stations.yaml"}
    assert all(fault["line"] and fault["wrong"] and fault["right"] for fault in faults)
    assert any("facility" in fault["right"] for fault in faults)
    assert any("kind" in fault["key"] for fault in faults)


def test_other_commands_say_the_faults_too(tmp_path: Path) -> None:
    """Nobody has to know of check-config first."""
    done = call("run", "--config", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_status_has_the_shape_that_scripts_rely_on(tmp_path: Path) -> None:
    """Even before anything has run."""
    found = json.loads(call("status", "--json", cwd=tmp_path).stdout)
    assert list(found["messages"]) == [
        "received", "stored", "partly", "repeated", "ignored", "quarantined", "discarded", "pending",
    ]  # fmt: skip
    assert found["readings"] == {"stored": 0, "revised": 0}
    assert found["lag_seconds"] == 0.0
    assert found["stations"]["expected"] == len(found["stations"]["silent"]) > 24
    assert found["jobs"]["rollups"].keys() == {"watermark", "late_seconds"}
    assert found["alerts"] == {"open": 0, "unacknowledged": 0}
    assert found["outbox"] == {"due": 0, "sent": 0, "given_up": 0}
    assert found["parts"] == []


@pytest.mark.parametrize(
    "command", [("status",), ("alerts", "list"), ("cases", "list"), ("limits", "list"), ("export", "rollups")]
)
def test_looking_into_a_mistyped_folder_says_so_and_makes_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The list is empty, but nobody is left to believe that it is that of the service."""
    done = call(*command, "--data", tmp_path / "vra", cwd=tmp_path)
    assert done.returncode == 0
    assert str(tmp_path / "vra") in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_does_not_run_is_not_ready(tmp_path: Path) -> None:
    """Container and systemd checks read the exit status."""
    assert call("status", "--part", "ingest", cwd=tmp_path).returncode == 1


def test_what_is_imported_comes_out_again_with_its_figures(tmp_path: Path) -> None:
    """By itself where no service runs: readings and hours have caught up when the command ends."""
    file = readings(tmp_path / "in.csv")
    done = call("import", file, "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcomes"] == {"stored": 36}
    out = rows(call("export", "readings", "--station", "NT-XA-01", cwd=tmp_path).stdout)
    given = rows(file.read_text())
    assert [(row["time"], float(row["value"]), row["status"]) for row in out] == [
        (row["time"], float(row["value"]), "00") for row in given
    ]
    hours = whole_hours(tmp_path)
    assert [row["end"][11:16] for row in hours] == ["01:00", "02:00", "03:00"]
    assert [round(float(row["value"]), 6) for row in hours] == [3.25, 9.25, 15.25]
    assert {row["sufficient"] for row in hours} == {"yes"}


def test_figures_made_once_more_are_those_that_were_made(tmp_path: Path) -> None:
    """A silence of more than sixty days has no windows, whoever asks for them."""
    file = tmp_path / "in.csv"
    days = [f"2025-{month}-{day:02d}T12:00:00+07:00" for month in ("01", "06") for day in (1, 2)]
    file.write_text(HEADER + "".join(f"{day},NT-XA-01,cod,50,mg/L,\n" for day in days))
    call("import", file, cwd=tmp_path)
    before = call("export", "rollups", cwd=tmp_path).stdout
    assert call("recompute", "--from", "2024-12-01", "--to", "2025-12-01", cwd=tmp_path).returncode == 0
    assert call("export", "rollups", cwd=tmp_path).stdout == before


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    """Every message of it is repeated, and the sum of outcomes still holds."""
    file = readings(tmp_path / "in.csv", hours=1)
    call("import", file, cwd=tmp_path)
    assert json.loads(call("import", file, "--json", cwd=tmp_path).stdout)["outcomes"] == {"repeated": 12}
    messages = json.loads(call("status", "--json", cwd=tmp_path).stdout)["messages"]
    assert (messages["received"], messages["stored"], messages["repeated"], messages["pending"]) == (24, 12, 12, 0)


def test_a_changed_value_is_a_revision(tmp_path: Path) -> None:
    """Both values stay, and the figure follows."""
    file = readings(tmp_path / "in.csv", hours=1)
    call("import", file, cwd=tmp_path)
    file.write_text(file.read_text().replace(",6.0,", ",600.0,"))
    call("import", file, cwd=tmp_path)
    (revision,) = rows(call("export", "revisions", cwd=tmp_path).stdout)
    assert (float(revision["old_value"]), float(revision["value"])) == (6.0, 600.0)
    (hour,) = whole_hours(tmp_path)
    assert (hour["revision"], round(float(hour["value"]), 6)) == ("1", 52.75)
    (old,) = rows(call("export", "rollup-revisions", "--window", "hour", cwd=tmp_path).stdout)
    assert (old["revision"], float(old["old_value"]), old["old_valid"], old["cause"]) == ("1", 3.25, "12", "revised")
    assert old["end"] == hour["end"]


def test_lines_that_say_nothing_are_named_and_the_others_taken(tmp_path: Path) -> None:
    """Status 1: somebody should look."""
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "yesterday,NT-XA-01,cod,1,mg/L,\n2026-03-02T00:05:00+07:00,NT-XA-01,cod,1,mg/L,\n")
    done = call("import", file, cwd=tmp_path)
    assert done.returncode == 1
    assert "line 2" in done.stdout
    assert "1 stored" in done.stdout
    assert "rules are judged, and people told, once it does" in done.stdout
    assert "quarantine list" not in done.stdout


def test_a_full_disk_under_an_import_is_said_with_what_to_do(tmp_path: Path) -> None:
    """A file may grow to 1.5 MB here, and no further."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    times = ((begin + timedelta(minutes=5 * number)).isoformat() for number in range(30_000))
    (tmp_path / "in.csv").write_text(HEADER + "".join(f"{time},NT-XA-01,cod,1,mg/L,\n" for time in times))
    command = f"ulimit -f 1500; exec {shlex.join([*COMMAND, 'import', 'in.csv'])}"
    variables = environment(CONFIG=str(CONFIG), DATA=str(tmp_path / "var"), LANG="en")
    done = subprocess.run(
        ["bash", "-c", command], check=False, cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert (done.returncode, "Make room" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-03-02T00:05:00+07:00,NT-XA-01,cod,1,mg/kg,", "unknown_unit"),
        ("2026-03-02T00:05:00+07:00,NOWHERE,cod,1,mg/L,", "unknown_station"),
    ],
)
def test_what_is_not_understood_is_listed_and_shown(tmp_path: Path, line: str, reason: str) -> None:
    """With its reason, and the message as it came."""
    file = tmp_path / "in.csv"
    file.write_text(f"{HEADER}{line}\n")
    assert "quantrac quarantine list" in call("import", file, cwd=tmp_path).stdout
    (refused,) = json.loads(call("quarantine", "list", "--json", cwd=tmp_path).stdout)
    assert refused.keys() >= {"id", "reason", "message", "topic", "station", "received_at"}
    assert refused["reason"] == reason
    shown = json.loads(call("quarantine", "show", refused["id"], "--json", cwd=tmp_path).stdout)
    assert json.loads(shown["payload"])["values"]["cod"]["value"] == 1
    assert call("quarantine", "show", "12", cwd=tmp_path).returncode == 1


def test_the_time_of_a_refusal_is_local(tmp_path: Path) -> None:
    """As all other times are; in JSON it carries its offset."""
    file = tmp_path / "in.csv"
    file.write_text(f"{HEADER}2026-03-02T00:05:00+07:00,NOWHERE,cod,1,mg/L,\n")
    call("import", file, cwd=tmp_path)
    (refused,) = json.loads(call("quarantine", "list", "--json", cwd=tmp_path).stdout)
    received = datetime.fromisoformat(refused["received_at"])
    assert received.utcoffset() == timedelta(hours=7)
    assert f"{received:%Y-%m-%d %H:%M:%S}" in call("quarantine", "list", cwd=tmp_path).stdout


def test_status_says_that_there_are_no_figures_yet(tmp_path: Path) -> None:
    """An hour that nobody measured is no figure; with the first readings there is one."""
    assert "Figures: none yet" in call("status", cwd=tmp_path).stdout
    call("import", readings(tmp_path / "in.csv", hours=1), cwd=tmp_path)
    assert "Figures up to: " in call("status", cwd=tmp_path).stdout


def test_unknown_columns_are_refused_by_name(tmp_path: Path) -> None:
    """Nothing of the file is taken."""
    file = tmp_path / "in.csv"
    file.write_text("time,station,parameter,value,unit,colour\n")
    done = call("import", file, cwd=tmp_path)
    assert done.returncode == 2
    assert "colour" in done.stderr


def test_figures_can_be_made_again(tmp_path: Path) -> None:
    """After a change of the configuration; a span without readings is said."""
    call("import", readings(tmp_path / "in.csv", hours=1), cwd=tmp_path)
    done = call("recompute", "--from", "2026-03-02", "--to", "2026-03-03", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert call("recompute", "--from", "2025-03-02", "--to", "2025-03-03", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "readings", "--window", "hour"), "--window is for rollups, their revisions and indices"),
        (("export", "rollups", "--from", "0001-01-01"), "a year from 1900 to 2200"),
        (("recompute", "--from", "2026-01-01", "--to", "9999-12-31"), "a year from 1900 to 2200"),
        (("alerts", "list", "--station", "ZZ"), "there is no ZZ"),
        (("quarantine", "list", "--station", "ZZ"), "there is no ZZ"),
        (("quarantine", "list", "--reason", "foo"), "it must be one of"),
        (("status", "--lang", "fr"), "it must be one of vi, en"),
        (("check-config", "foo"), "than the command takes: foo"),
    ],
)
def test_what_was_meant_otherwise_is_said_and_not_passed_over(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Nothing is left out without a word, and nothing fails that was only typed wrong."""
    done = call(*arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_limits_are_listed_and_confirmed(tmp_path: Path) -> None:
    """The confirmation goes on record with name and ground; a row whose text names no averaging needs one."""
    before = {row["row"]: row for row in json.loads(call("limits", "list", "--json", cwd=tmp_path).stdout)}
    assert before["DEMO-cod"]["confirmed_by"] == "Người mẫu"
    assert set(before["DEMO-cod"]) == {
        "row", "regulation", "clause", "parameter", "averaging", "bound", "low", "high", "unit", "valid_from",
        "valid_to", "confidence", "confirmed_by", "confirmed_on",
    }  # fmt: skip
    stated = next(row["row"] for row in before.values() if row["averaging"] == "hour" and not row["confirmed_by"])
    unstated = next(row["row"] for row in before.values() if row["averaging"] == "unstated" and row["high"])
    assert before["qcvn05-2013-so2-1h"]["valid_to"] == "2023-09-12", "as the API says: with its regulation"
    word = ("--by", "Nguyễn Văn A", "--note", "Công văn 12")
    assert call("limits", "confirm", stated, *word, cwd=tmp_path).returncode == 0
    assert call("limits", "confirm", unstated, *word, cwd=tmp_path).returncode == 2
    assert call("limits", "confirm", unstated, *word, "--averaging", "hour", cwd=tmp_path).returncode == 0
    assert call("limits", "confirm", "nowhere", *word, cwd=tmp_path).returncode == 2
    assert call("limits", "confirm", stated, *word, "--averaging", "hour24", cwd=tmp_path).returncode == 2
    assert call("limits", "confirm", unstated, *word, "--averaging", "hour8", cwd=tmp_path).returncode == 2
    nothing = next(row["row"] for row in before.values() if row["confidence"] == "MISSING")
    refused = call("limits", "confirm", nothing, *word, "--averaging", "hour", cwd=tmp_path)
    assert (refused.returncode, "no figure to confirm" in refused.stderr) == (2, True)
    assert call("limits", "confirm", stated, "--by", "x" * 81, "--note", "n", cwd=tmp_path).returncode == 2
    after = json.loads(call("limits", "list", "--json", cwd=tmp_path).stdout)
    confirmed = {row["row"] for row in after if row["confirmed_by"] == "Nguyễn Văn A"}
    assert confirmed == {stated, unstated}


def test_a_changed_byte_in_the_journal_is_named(tmp_path: Path) -> None:
    """Status 1, with the record that does not hold."""
    call("import", readings(tmp_path / "in.csv", hours=1), cwd=tmp_path)
    assert call("journal", "check", cwd=tmp_path).returncode == 0
    (day,) = (tmp_path / "var" / "journal" / "import-63").glob("*.sqlite")
    with sqlite3.connect(day) as journal:
        changed = journal.execute(
            "UPDATE messages SET payload = CAST(replace(CAST(payload AS TEXT), ':6.0', ':6.1') AS BLOB) "
            "WHERE CAST(payload AS TEXT) LIKE '%:6.0%'"
        )
        assert changed.rowcount == 1
    checked = call("journal", "check", "--json", cwd=tmp_path)
    assert checked.returncode == 1
    assert json.loads(checked.stdout)[0]["record"]


def sealed_folder(folder: Path) -> SealedJournal:
    sealed = SealedJournal(folder / "var")
    sealed.seal()
    sealed.journal.close()
    return sealed


def test_a_journal_that_holds_is_summed_up(tmp_path: Path) -> None:
    """Messages, days, up to where it is sealed; of all workers, or of the one that is asked for."""
    sealed_folder(tmp_path)
    done = call("journal", "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        0, "main: 20 messages of 4 days hold; sealed up to 2026-03-03, 0 days pruned\n",
    )  # fmt: skip
    (row,) = json.loads(call("journal", "check", "--worker", "main", "--json", cwd=tmp_path).stdout)
    assert row == {
        "worker": "main", "messages": 20, "days": 4, "pruned": 0, "sealed_to": "2026-03-03", "holds": True,
    }  # fmt: skip
    unknown = call("journal", "check", "--worker", "w2", cwd=tmp_path)
    assert (unknown.returncode, "main" in unknown.stderr) == (2, True)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_record_that_does_not_hold_is_named_with_file_time_and_reason(tmp_path: Path, lang: str) -> None:
    """In the reader's language."""
    sealed = sealed_folder(tmp_path)
    with sqlite3.connect(sealed.file(1)) as journal:
        journal.execute("UPDATE messages SET payload = x'00' WHERE position = 3")
    done = call("journal", "check", "--lang", lang, cwd=tmp_path)
    assert done.returncode == 1
    seq = sealed.seqs[1][2]
    wrong = {"en": "this record was changed", "vi": "bản ghi này đã bị sửa"}[lang]
    assert all(one in done.stdout for one in (str(seq), "2026-03-02T06:00:00+00:00", "main/2026-03-02.sqlite", wrong))
    (row,) = json.loads(call("journal", "check", "--lang", lang, "--json", cwd=tmp_path).stdout)
    assert (row["record"], row["holds"], wrong in row["wrong"]) == (seq, False, True)
    assert row["time"].startswith("2026-03-02T06:00:00")


def test_a_folder_without_a_journal_is_the_wrong_folder(tmp_path: Path) -> None:
    """Status 2 and a sentence; nothing is made there."""
    done = call("journal", "check", "--data", "nowhere", cwd=tmp_path)
    assert (done.returncode, "no journal in" in done.stderr, done.stdout) == (2, True, "")
    assert not (tmp_path / "nowhere").exists()


def test_records_cut_off_the_end_of_the_journal_are_missed(tmp_path: Path) -> None:
    """No chain breaks by that, and no seal tells; but they have been processed."""
    call("import", readings(tmp_path / "in.csv", hours=1), cwd=tmp_path)
    (day,) = (tmp_path / "var" / "journal" / "import-63").glob("*.sqlite")
    with sqlite3.connect(day) as journal:
        (last,) = journal.execute("SELECT max(seq) FROM messages").fetchone()
        journal.execute("DELETE FROM messages WHERE seq = ?", (last,))
    done = call("journal", "check", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["record"] == last


def test_a_new_key_is_made_only_where_the_old_one_is_lost(tmp_path: Path) -> None:
    """A key is never overwritten."""
    sealed_folder(tmp_path)
    key = tmp_path / "var" / "keys" / "seal.key"
    before = key.read_bytes()
    refused = call("journal", "new-key", cwd=tmp_path)
    assert (refused.returncode, "never overwritten" in refused.stderr) == (2, True)
    assert key.read_bytes() == before
    key.write_bytes(b"")
    assert "Move it away first" in call("journal", "new-key", cwd=tmp_path).stderr
    key.unlink()
    made = call("journal", "new-key", cwd=tmp_path)
    published = (tmp_path / "var" / "keys" / "seal.pub").read_text().split()
    assert (made.returncode, len(published), published[-1] in made.stdout) == (0, 2, True)
    assert call("journal", "check", cwd=tmp_path).returncode == 0


def test_status_says_what_of_the_journal_is_kept_and_sealed(tmp_path: Path) -> None:
    """And what is due to be pruned."""
    sealed_folder(tmp_path)
    said = call("status", cwd=tmp_path).stdout
    assert "Journal (main): 4 days since 2026-03-01" in said
    assert "sealed up to 2026-03-03" in said
    assert "3 days are older than policy keeps them" in said
    (row,) = json.loads(call("status", "--json", cwd=tmp_path).stdout)["journal"]
    assert (row["days"], row["to_prune"], row["sealed_to"]) == (4, 3, "2026-03-03")


@pytest.mark.parametrize("command", [("alerts", "list"), ("cases", "list"), ("quarantine", "list")])
def test_lists_are_empty_lists_before_anything_happened(tmp_path: Path, command: tuple[str, ...]) -> None:
    """JSON that scripts can read, not a sentence."""
    assert json.loads(call(*command, "--json", cwd=tmp_path).stdout) == []


def test_a_broker_that_is_away_ends_a_replay_with_three(tmp_path: Path) -> None:
    """A one-shot command does not wait; it says where it looked."""
    file = readings(tmp_path / "in.csv", hours=1)
    done = call("replay", file, cwd=tmp_path, MQTT_URL="mqtt://127.0.0.1:9")
    assert done.returncode == 3
    assert "QUANTRAC_MQTT_URL" in done.stderr


@pytest.mark.parametrize("what", ["readings", "rollups", "indices"])
def test_an_influxdb_that_is_away_ends_an_export_with_three(tmp_path: Path, what: str) -> None:
    """It is no fault of ours and nothing to report: the sentence says where nobody answered."""
    (tmp_path / "service.token").write_text("token")
    done = call(
        "export", what, "--from", "2026-03-01", cwd=tmp_path,
        INFLUX_URL="http://127.0.0.1:9", INFLUX_TOKEN_FILE="service.token",
    )  # fmt: skip
    assert done.returncode == 3
    assert "http://127.0.0.1:9" in done.stderr
    assert "errors.log" not in done.stderr


def test_status_says_why_readings_wait_for_influxdb(tmp_path: Path) -> None:
    """A lag that grows has a reason: the server that does not answer, or the token that it refuses."""
    (tmp_path / "service.token").write_text("token")
    influx = {"INFLUX_URL": "http://127.0.0.1:9", "INFLUX_TOKEN_FILE": "service.token"}
    assert "http://127.0.0.1:9 does not answer" in call("status", cwd=tmp_path, **influx).stdout
    assert "store of readings" not in call("status", cwd=tmp_path).stdout


def test_an_error_of_our_own_is_a_sentence_and_a_file(tmp_path: Path) -> None:
    """No traceback reaches a reader: it is in the log of the data folder."""
    (tmp_path / "var" / "journal" / "main").mkdir(parents=True)
    (tmp_path / "var" / "journal" / "main" / "2026-03-01.sqlite").write_text("this is no database, and never was one")
    done = call("status", cwd=tmp_path)
    assert done.returncode not in {0, 1}
    assert "Traceback" not in done.stderr + done.stdout
    assert "errors.log" in done.stderr
    assert "Traceback" in (tmp_path / "var" / "log" / "errors.log").read_text()


def test_the_data_folder_is_made_where_it_is_named(tmp_path: Path) -> None:
    """Wherever that is."""
    call("import", readings(tmp_path / "in.csv", hours=1), "--data", "deep/er", cwd=tmp_path)
    assert (tmp_path / "deep" / "er" / "journal").is_dir()


def test_setup_influx_says_all_that_it_did_and_all_that_it_found_otherwise(tmp_path: Path) -> None:
    """Each bucket, mapping and token; a bucket with other settings comes with the command that would mend it."""
    influx = ManagedInflux()
    influx.add_bucket("readings", 0, 604_800)
    (tmp_path / "admin.token").write_text(ADMIN)
    done = call(
        "setup-influx", "--out", "tokens", cwd=tmp_path, INFLUX_URL=influx.url, INFLUX_ADMIN_TOKEN_FILE="admin.token"
    )
    influx.close()
    assert (done.returncode, done.stderr) == (0, "")
    assert "influx bucket update" in done.stdout
    for name in ("rollups", "events", "service"):
        assert f"Made the bucket {name}." in done.stdout
    for name in ("service", "grafana"):
        assert f"Wrote a new token to tokens/{name}.token." in done.stdout
