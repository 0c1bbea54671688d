"""`quantrac quarantine` with real processes: what was refused for two days is as if it had always been understood."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.message import Outcome
from storage import resolutions
from storage.ledger import outcome_counts, reading_counts
from storage.resolutions import Act, Word
from storage.state import open_state
from support.configured import native
from support.mosquitto import Mosquitto
from support.program import CONFIG, Running, call, pages
from support.publishing import publish
from support.waiting import wait_until

STATION = "NT-DH1-03"
TOPIC = f"quantrac/{STATION}/water"
WRONG, RIGHT = "symbol: COD, ", "symbol: COD, accepts: [{unit: mg/kg, factor: 1}], "
HEADER = "time,station,parameter,value,unit,status\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped configuration, which does not know the unit mg/kg."""
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


def fix(config: Path) -> None:
    """Have COD accept mg/kg."""
    file = config / "parameters.yaml"
    before = file.read_text()
    assert WRONG in before
    file.write_text(before.replace(WRONG, RIGHT))


def two_days(end: datetime) -> list[tuple[str, bytes]]:
    """Return two days of 5-minute COD up to `end`: over the limit from the tenth to the fifteenth hour."""
    times = [end - timedelta(hours=48) + timedelta(minutes=5 * number) for number in range(1, 577)]
    begin = times[0]
    levels = [200.0 + one.minute if timedelta(hours=10) < one - begin < timedelta(hours=15) else 90.0 for one in times]
    return [
        (TOPIC, native(time=one.isoformat(), cod=(level, "mg/kg"), ph=(7.1, "")).encode())
        for one, level in zip(times, levels, strict=True)
    ]


class Province:
    """A service on a data folder of its own, and what it says of the outfall."""

    def __init__(self, folder: Path, variables: dict[str, str], started: list[Running]) -> None:
        self.folder = folder
        self.variables = {**variables, "DATA": str(folder)}
        self.started = started

    def start(self) -> Running:
        self.started.append(Running("run", "ingest", "schedule", cwd=self.folder.parent, variables=self.variables))
        self.started[-1].await_line("subscribed")
        return self.started[-1]

    def call(self, *arguments: str) -> Any:
        done = call(*arguments, "--json", cwd=self.folder.parent, **self.variables)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def count(self, outcome: str) -> int:
        return int(self.call("status")["messages"][outcome])

    def figures(self, end: datetime) -> tuple[list[list[str]], list[Any]]:
        """Return the rollups of COD up to `end`, without how often each was made again, and all alerts on it."""
        asked = ("export", "rollups", "--station", STATION, "--parameter", "cod")
        rows = list(csv.reader(io.StringIO(call(*asked, cwd=self.folder.parent, **self.variables).stdout)))
        ended = rows[0].index("end")
        rollups = [row[:-1] for row in rows[1:] if datetime.fromisoformat(row[ended]) <= end]
        return rollups, sorted((one["rule"], one["since"], one["closed"], one["peak"]) for one in self.alerts())

    def alerts(self) -> list[Any]:
        return [one for one in self.call("alerts", "list", "--all") if one["parameter"] == "cod"]


@pytest.mark.timeout(300)
def test_two_days_of_an_unknown_unit_become_what_they_would_have_been(
    started: list[Running], config: Path, broker: Mosquitto, tmp_path: Path
) -> None:
    """Figures and alerts are those of a service that knew the unit from the beginning; twice changes nothing."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    variables = {**pages(), "CONFIG": str(config), "LANG": "en", "MQTT_URL": broker.url}
    late = Province(tmp_path / "late", variables, started)
    _refuse_two_days(late, broker, end)
    fix(config)
    done = call("quarantine", "replay", "--all", cwd=tmp_path, **late.variables)
    assert (done.returncode, "Restart it" in done.stderr) == (2, True), done.stderr
    assert started[-1].end() == 0

    late.start()
    asked = ("quarantine", "replay", "--reason", "unknown_unit")
    assert late.call(*asked) == {"messages": 576, "outcomes": {"stored": 576}, "refused": []}
    found = late.figures(end)
    assert [one["kind"] for one in late.alerts()] == ["late"]
    assert late.call("quarantine", "replay", "--all")["messages"] == 0
    assert late.figures(end) == found
    assert started[-1].end() == 0

    always = Province(tmp_path / "always", variables, started)
    always.start()
    publish(broker.port, two_days(end))
    wait_until(lambda: always.count("stored") == 576, what=started[-1].told)
    wait_until(lambda: always.figures(end) == found)
    assert len(found[0]) > 48
    assert started[-1].end() == 0


def _refuse_two_days(late: Province, broker: Mosquitto, end: datetime) -> None:
    service = late.start()
    publish(broker.port, two_days(end))
    wait_until(lambda: late.count("partly") == 576, what=service.told)
    (cause,) = late.call("quarantine", "list", "--grouped")
    assert (cause["reason"], cause["part"], cause["messages"]) == ("unknown_unit", "cod", 576)


@pytest.fixture
def quantrac(config: Path, tmp_path: Path) -> Callable[..., Any]:
    """Return what calls the program on one data folder."""
    return lambda *arguments: call(*arguments, cwd=tmp_path, CONFIG=str(config))


def test_where_no_service_runs_the_command_does_it_itself(
    quantrac: Callable[..., Any], config: Path, tmp_path: Path
) -> None:
    """Readings and figures; and says that nobody is told before the service runs."""
    lines = [f"2026-03-02T00:{minute:02}:00+07:00,{STATION},cod,{minute},mg/kg,\n" for minute in range(5, 60, 5)]
    (tmp_path / "in.csv").write_text(HEADER + "".join(lines) + f"2026-03-02T01:00:00+07:00,{STATION},cod,1,ppm_w,\n")
    quantrac("import", "in.csv")
    assert quantrac("quarantine", "replay", "--all").stdout.count("Still refused") == 2
    fix(config)
    done = quantrac("quarantine", "replay", "--all")
    assert done.returncode == 0
    assert "12 messages: 11 stored, 0 partly, 0 repeated, 0 ignored, 1 in quarantine, 0 discarded" in done.stdout
    assert "Still refused: 1 of NT-DH1-03: cod is not measured in ppm_w here" in done.stdout
    assert "once it does (quantrac run)" in done.stdout
    rows = list(csv.DictReader(io.StringIO(quantrac("export", "rollups", "--window", "hour").stdout)))
    assert [(row["value"], row["valid"]) for row in rows if row["valid"] != "0"] == [("30.0", "11")]


def test_what_is_given_up_says_who_and_why_and_can_be_fetched_back(
    quantrac: Callable[..., Any], config: Path, tmp_path: Path
) -> None:
    """Only by its id; it stays on record meanwhile."""
    (tmp_path / "in.csv").write_text(f"{HEADER}2026-03-02T00:05:00+07:00,{STATION},cod,1,mg/kg,\n")
    quantrac("import", "in.csv")
    done = quantrac("quarantine", "discard", "--reason", "unknown_unit", "--because", "bench test", "--by", "An")
    assert (done.returncode, done.stderr) == (0, "")
    assert quantrac("quarantine", "list", "--json").stdout.strip() == "[]"
    (row,) = json.loads(quantrac("quarantine", "list", "--all", "--json").stdout)
    assert (row["state"], row["settled_by"], row["because"]) == ("discarded", "An", "bench test")
    assert json.loads(quantrac("status", "--json").stdout)["messages"]["discarded"] == 1
    fix(config)
    assert "There is none" in quantrac("quarantine", "replay", "--all").stdout
    assert "1 stored" in quantrac("quarantine", "replay", row["id"]).stdout
    (row,) = json.loads(quantrac("quarantine", "list", "--all", "--json").stdout)
    assert row["state"] == "replayed"


def test_what_claims_to_be_another_is_a_security_event(quantrac: Callable[..., Any], tmp_path: Path) -> None:
    """Marked in the list, and counted in status."""
    lines = f"2026-03-02T00:05:00+07:00,NOWHERE,cod,1,mg/L,\n2026-03-02T00:05:00+07:00,{STATION},cod,1,mg/kg,\n"
    (tmp_path / "in.csv").write_text(HEADER + lines)
    quantrac("import", "in.csv")
    (row,) = json.loads(quantrac("quarantine", "list", "--security", "--json").stdout)
    assert (row["reason"], row["security"]) == ("unknown_station", True)
    assert len(json.loads(quantrac("quarantine", "list", "--json").stdout)) == 2
    assert json.loads(quantrac("status", "--json").stdout)["security_events"] == 1
    assert "Security events in quarantine: 1" in quantrac("status").stdout


def test_what_a_command_that_was_killed_has_asked_for_is_done_by_the_next(
    quantrac: Callable[..., Any], config: Path, tmp_path: Path
) -> None:
    """Nobody has to know of it."""
    lines = [f"2026-03-02T00:{minute:02}:00+07:00,{STATION},cod,1,mg/kg,\n" for minute in (5, 10)]
    (tmp_path / "in.csv").write_text(HEADER + "".join(lines))
    quantrac("import", "in.csv")
    first, second = (row["id"] for row in json.loads(quantrac("quarantine", "list", "--json").stdout))
    engine = open_state(f"sqlite:///{tmp_path}/var/state.sqlite")
    asked = Word(Act.REPLAY, datetime.now(UTC))
    resolutions.ask(engine, {"import-63": [(int(first.partition(":")[0]), "")]}, asked)
    engine.dispose()
    fix(config)
    quantrac("quarantine", "replay", second)
    assert json.loads(quantrac("status", "--json").stdout)["messages"]["stored"] == 2


@pytest.mark.parametrize("when", ["asked", "some is stored"])
def test_a_replay_that_is_killed_is_finished_by_the_next(
    quantrac: Callable[..., Any], config: Path, started: list[Running], tmp_path: Path, when: str
) -> None:
    """With kill -9: every message is stored once, and counted once."""
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    times = ((begin + timedelta(minutes=number)).isoformat() for number in range(6_000))
    (tmp_path / "in.csv").write_text(HEADER + "".join(f"{time},{STATION},cod,1,mg/kg,\n" for time in times))
    quantrac("import", "in.csv")
    fix(config)
    engine = open_state(f"sqlite:///{tmp_path}/var/state.sqlite")
    reached: Callable[[], object] = {
        "asked": lambda: resolutions.waiting(engine, 1),
        "some is stored": lambda: outcome_counts(engine)[Outcome.STORED],
    }[when]
    variables = {"CONFIG": str(config), "DATA": str(tmp_path / "var"), "LANG": "en"}
    started.append(Running("quarantine", "replay", "--all", cwd=tmp_path, variables=variables))
    wait_until(reached, what=started[-1].told)
    started[-1].kill()
    assert resolutions.waiting(engine, 1)
    assert "0 in quarantine" in quantrac("quarantine", "replay", "--all").stdout
    assert outcome_counts(engine)[Outcome.STORED] == 6_000
    assert (reading_counts(engine), resolutions.waiting(engine, 1)) == ((6_000, 0), {})
    engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay",), "Say which"),
        (("replay", "12", "--all"), "not both"),
        (("replay", "--reason", "foo"), "it must be one of"),
        (("discard", "--because", "x", "--by", "y"), "Say which"),
        (("discard", "12", "--because", " ", "--by", "y"), "--because needs a value"),
        (("discard", "12", "--by", "y"), "--because"),
    ],
)
def test_what_cannot_be_meant_is_said(quantrac: Callable[..., Any], arguments: tuple[str, ...], said: str) -> None:
    """Nothing is done by halves."""
    done = quantrac("quarantine", *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_an_id_of_nothing_ends_with_one(quantrac: Callable[..., Any]) -> None:
    """As `show` does."""
    assert quantrac("quarantine", "replay", "12").returncode == 1
