"""`quantrac run` with a real broker and a real mail server: from the message to the mail, and to a clean end."""

import json
import signal
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.configured import native
from support.mail import Smtp
from support.mosquitto import Mosquitto, free_port
from support.program import CONFIG, Running, call, pages
from support.publishing import publish
from support.waiting import wait_until

OUTFALL = "quantrac/NT-DH1-03/water"
HEADER = "time,station,parameter,value,unit,status\n"


@pytest.fixture
def variables(tmp_path: Path, broker: Mosquitto) -> dict[str, str]:
    return {
        **pages(), "CONFIG": str(CONFIG), "DATA": str(tmp_path / "var"), "LANG": "en", "MQTT_URL": broker.url,
    }  # fmt: skip


def start(started: list[Running], variables: dict[str, str], cwd: Path, *parts: str) -> Running:
    started.append(Running("run", *parts, cwd=cwd, variables=variables))
    return started[-1]


def reading(at: datetime, **values: tuple[float, str]) -> tuple[str, bytes]:
    return OUTFALL, native(time=at.isoformat(timespec="seconds"), **values).encode()


def minutes_ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def answer(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as found:
            return int(found.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError):
        return 0


def metrics(variables: dict[str, str]) -> str:
    with urllib.request.urlopen(f"http://{variables['STAFF_BIND']}/metrics", timeout=10) as found:
        text: str = found.read().decode()
        return text


def status(cwd: Path, variables: dict[str, str]) -> Any:
    return json.loads(call("status", "--json", cwd=cwd, **variables).stdout)


def test_it_is_ready_when_it_is_subscribed_and_ends_cleanly_on_sigterm(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """Both addresses say so, `status --part` too; every message received before the end is kept."""
    service = start(started, variables, tmp_path)
    public, staff = f"http://{variables['PUBLIC_BIND']}", f"http://{variables['STAFF_BIND']}"
    wait_until(lambda: answer(f"{staff}/readyz") == 200, what=service.told)
    wait_until(lambda: answer(f"{public}/readyz") == 200)
    assert call("status", "--part", "ingest", cwd=tmp_path, **variables).returncode == 0
    assert [one["ready"] for one in status(tmp_path, variables)["parts"]] == [True] * 4
    publish(broker.port, [reading(minutes_ago(one), cod=(90.0, "mg/L")) for one in range(60, 0, -5)])
    wait_until(lambda: status(tmp_path, variables)["messages"]["received"] == 12)
    assert service.end(signal.SIGTERM) == 0
    messages = status(tmp_path, variables)["messages"]
    assert (messages["received"], messages["stored"], messages["pending"]) == (12, 12, 0)
    assert call("status", "--part", "ingest", cwd=tmp_path, **variables).returncode == 1
    assert "DOES NOT RUN" in call("status", cwd=tmp_path, **variables).stdout


@pytest.mark.parametrize(("lang", "words"), [("en", "Public pages"), ("vi", "Trang công khai")])
def test_it_says_where_its_pages_are(
    started: list[Running], variables: dict[str, str], tmp_path: Path, lang: str, words: str
) -> None:
    """The address can be followed as it is written; of a part that does not run none is named."""
    service = start(started, {**variables, "LANG": lang}, tmp_path, "public")
    service.await_line(f"^{words}: http://{variables['PUBLIC_BIND']} ")
    service.await_line("started")
    assert answer(f"http://{variables['PUBLIC_BIND']}/") == 200
    assert not service.said(variables["STAFF_BIND"])
    assert service.end() == 0


def test_its_figures_can_be_read_by_prometheus(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """They are the stored facts that `status` gives, with units in their names."""
    service = start(started, variables, tmp_path, "ingest", "staff")
    service.await_line("subscribed")
    other = OUTFALL.replace("water", "air")
    publish(broker.port, [reading(minutes_ago(1), cod=(90.0, "mg/L")), (OUTFALL, b"garbage"), (other, b"{}")])
    wait_until(lambda: status(tmp_path, variables)["messages"]["quarantined"] == 2)
    wait_until(lambda: 'quantrac_ready{part="ingest",worker="main"} 1.0' in metrics(variables))
    text = metrics(variables)
    assert 'quantrac_messages{outcome="stored"} 1.0' in text
    assert 'quantrac_quarantine{reason="not_json",worker="main"} 1.0' in text
    assert 'quantrac_station_skew_seconds{station="' in text
    wait_until(lambda: 'quantrac_broker{figure="queued"}' in metrics(variables))
    assert status(tmp_path, variables)["broker"]["dropped"] == 0
    assert "quantrac_security_events 1.0" in text
    assert "quantrac_unresolved_lost 0.0" in text
    assert service.end() == 0


def test_a_reading_outside_its_threshold_is_mailed_though_the_mail_server_was_away_at_first(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """The message waits in the outbox, and is sent once to each person.

    On a clock that runs twenty times as fast, so that the pause before the second try is short.
    """
    port = free_port()
    quick = {"MAIL_URL": f"smtp://127.0.0.1:{port}", "CLOCK": f"{datetime.now(UTC).isoformat()}@20"}
    service = start(started, {**variables, **quick}, tmp_path)
    service.await_line("subscribed")
    publish(broker.port, [reading(minutes_ago(0), ph=(3.1, ""))])
    wait_until(lambda: status(tmp_path, variables)["outbox"]["due"] > 0, what=service.told)
    with Smtp(port).running() as smtp:
        wait_until(lambda: status(tmp_path, variables)["outbox"]["due"] == 0, seconds=100)
        recipients = [str(mail["to"]) for mail in smtp.mailbox.mails]
    assert recipients
    assert len(recipients) == len(set(recipients))
    assert service.end() == 0


def test_a_part_that_waits_for_its_broker_runs_though_it_is_not_ready(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """Alone as it is, nobody is told that the service does not run."""
    broker.stop()
    service = start(started, variables, tmp_path, "ingest")
    wait_until(lambda: status(tmp_path, variables)["parts"], what=service.told)
    (ingest,) = status(tmp_path, variables)["parts"]
    assert (ingest["part"], ingest["runs"], ingest["ready"]) == ("ingest", True, False)
    assert "DOES NOT RUN" not in call("status", cwd=tmp_path, **variables).stdout
    assert service.end() == 0
    assert not status(tmp_path, variables)["parts"][0]["runs"]


def test_a_broker_that_is_away_is_waited_for(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """It never exits, says that it is not ready, and goes on when the broker is there."""
    broker.stop()
    service = start(started, variables, tmp_path)
    staff = f"http://{variables['STAFF_BIND']}"
    wait_until(lambda: answer(f"{staff}/readyz") == 503, what=service.told)
    assert answer(f"{staff}/healthz") == 200
    broker.start()
    wait_until(lambda: answer(f"{staff}/readyz") == 200, what=service.told)
    assert service.status is None
    assert service.end() == 0


def test_a_second_service_on_the_same_folder_is_refused(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """The sentence names the part and the folder; another part may run beside it."""
    first = start(started, variables, tmp_path, "ingest")
    first.await_line("subscribed")
    second = start(started, variables, tmp_path, "ingest")
    second.await_line("ingest-main already runs")
    wait_until(lambda: second.status == 2)
    third = start(started, variables, tmp_path, "schedule")
    third.await_line("event=started")
    assert third.end() == 0
    assert first.end() == 0


def test_another_clock_is_marked_and_outlives_a_restart(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """It says so on the terminal and in `status`; with another clock the folder is refused."""
    simulated = {**variables, "CLOCK": "2026-03-01T00:00+07:00@60"}
    service = start(started, simulated, tmp_path, "schedule")
    service.await_line("SIMULATED TIME")
    service.await_line("event=started")
    assert service.end() == 0
    assert status(tmp_path, variables)["clock"]["speed"] == 60
    refused = call("status", cwd=tmp_path, **{**simulated, "CLOCK": "2026-03-01T00:00+07:00@61"})
    assert refused.returncode == 2
    assert "@60" in refused.stderr


def test_an_import_beside_a_running_service_returns_when_its_figures_are_made(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """By the service's own schedule: the command itself makes none while that runs."""
    service = start(started, variables, tmp_path)
    service.await_line("subscribed")
    lines = "".join(f"2026-03-02T00:{minute:02d}:00+07:00,NT-XA-01,cod,{minute},mg/L,\n" for minute in range(5, 60, 5))
    (tmp_path / "in.csv").write_text(HEADER + lines)
    done = call("import", "in.csv", cwd=tmp_path, **variables)
    assert "The service does not run here" not in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    hours = call("export", "rollups", "--window", "hour", "--to", "2026-03-03", cwd=tmp_path, **variables).stdout
    assert any(",cod,30.0,mg/L,11,12," in line for line in hours.splitlines()), hours
    assert service.end() == 0


def test_what_was_imported_and_then_comes_over_mqtt_is_repeated(
    started: list[Running], variables: dict[str, str], broker: Mosquitto, tmp_path: Path
) -> None:
    """The running service learns what the import has brought."""
    service = start(started, variables, tmp_path, "ingest")
    service.await_line("subscribed")
    publish(broker.port, [reading(minutes_ago(120), ph=(7.0, ""))])
    at = minutes_ago(60).replace(microsecond=0)
    (tmp_path / "in.csv").write_text(f"{HEADER}{at.isoformat()},NT-DH1-03,cod,90.0,mg/L,\n")
    assert call("import", "in.csv", cwd=tmp_path, **variables).returncode == 0
    publish(broker.port, [reading(at, cod=(90.0, "mg/L"))])
    wait_until(lambda: status(tmp_path, variables)["messages"]["repeated"] == 1)
    assert status(tmp_path, variables)["readings"] == {"stored": 2, "revised": 0}
    assert service.end() == 0


def test_a_replay_is_taken_in_like_the_stations_own_messages(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """Published to the broker, received, stored."""
    service = start(started, variables, tmp_path, "ingest")
    service.await_line("subscribed")
    lines = "".join(f"2026-03-02T00:{minute:02d}:00+07:00,NT-XA-01,cod,{minute},mg/L,\n" for minute in (5, 10))
    (tmp_path / "in.csv").write_text(HEADER + lines)
    assert call("replay", "in.csv", "--speed", "100000", cwd=tmp_path, **variables).returncode == 0
    wait_until(lambda: status(tmp_path, variables)["readings"]["stored"] == 2)
    assert service.end() == 0


def test_a_mistyped_variable_is_said_at_the_start(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """It runs all the same: an older unit file may carry variables of a newer version."""
    service = start(started, {**variables, "MQT_URL": "x"}, tmp_path, "schedule")
    service.await_line("QUANTRAC_MQT_URL is not known")
    service.await_line("event=started")
    assert service.end() == 0


def test_a_port_that_is_taken_ends_it_with_the_name_of_the_variable(
    started: list[Running], variables: dict[str, str], tmp_path: Path
) -> None:
    """A configuration that cannot work is said at once, not waited for."""
    first = start(started, variables, tmp_path, "public")
    first.await_line("event=started")
    second = start(started, {**variables, "DATA": str(tmp_path / "other")}, tmp_path, "public")
    second.await_line("QUANTRAC_PUBLIC_BIND")
    wait_until(lambda: second.status == 2)
    assert first.end() == 0
