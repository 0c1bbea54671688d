"""Loggers that send files by FTP, a real server that takes them, and the program that takes them from there."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.clock import SystemClock
from domain.reading import SeriesKey
from domain.window import Window
from ingest.ways import MOST_BYTES
from storage.journal import Journal
from storage.ledger import Ledger, outcome_counts, reading_counts
from storage.quarantine import Quarantine
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.ftp import FtpServer
from support.mosquitto import Mosquitto
from support.program import CONFIG, Running, call
from support.waiting import wait_until

STATIONS = 200
ROUNDS = 24 if os.environ.get("QUANTRAC_SOAK") else 2
FILES = STATIONS * ROUNDS
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_STATION = """\
  - id: NT-{number:03}
    names: {{vi: "Trạm {number}", en: "Station {number}"}}
    kind: outfall
    area: duc-hoa-1
    latitude: 10.82
    longitude: 106.46
    parameters: [{{id: cod}}, {{id: ph}}]
    decoder: {{name: circular10, files: [LA_NM{number:03}_NT01], folder: nm{number:03}}}
"""


def configured(folder: Path) -> Path:
    """Return the shipped configuration with 200 stations more, which send files."""
    shutil.copytree(CONFIG, folder)
    with (folder / "stations.yaml").open("a", encoding="utf-8") as file:
        file.writelines(_STATION.format(number=number) for number in range(STATIONS))
    return folder


def content(station: int, at: datetime) -> bytes:
    stamp = f"{at.astimezone(LOCAL):%Y%m%d%H%M%S}"
    return f"COD\t{station + at.minute / 100}\tmg/L\t{stamp}\t00\r\npH\t7.1\t-\t{stamp}\t01\r\n".encode()


def name(station: int, at: datetime) -> str:
    return f"LA_NM{station:03}_NT01_{at.astimezone(LOCAL):%Y%m%d%H%M%S}.txt"


class Province:
    """The data folder, and the watched one."""

    def __init__(self, data: Path, files: Path) -> None:
        self.files = files
        self.journal = Journal(data / "journal", worker="main", clock=SystemClock())
        self.engine = open_state(f"sqlite:///{data / 'state.sqlite'}")
        self.ledger = Ledger(self.engine, "main")
        self.quarantine = Quarantine(data / "quarantine" / "main.sqlite")
        self.readings = SqliteReadings(data / "readings.sqlite")

    def waiting(self) -> list[Path]:
        return [one for one in self.files.glob("*/*") if one.is_file() and not one.parent.name.startswith(".")]

    def is_settled(self) -> bool:
        return not self.waiting() and self.ledger.cursor() == self.journal.newest()

    def topics(self) -> list[str]:
        return [one.incoming.topic for one in self.journal.read(0, 1_000_000)]

    def values(self, begin: datetime) -> dict[tuple[str, datetime], float | None]:
        """Return all COD since `begin`, by station and moment."""
        window = Window(begin - timedelta(minutes=1), begin + timedelta(days=1))
        found = self.readings.find({SeriesKey(f"NT-{number:03}", "cod"): window for number in range(STATIONS)})
        return {(one.station, one.measured_at): one.value for one in found}

    def outcomes(self) -> dict[str, int]:
        return {outcome.value: count for outcome, count in outcome_counts(self.engine).items() if count}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The watched folder, with a folder for every account."""
    found = tmp_path / "files"
    for number in range(STATIONS):
        (found / f"nm{number:03}").mkdir(parents=True)
    return found


@pytest.fixture
def ftp(files: Path) -> Iterator[FtpServer]:
    """The FTP server of the province."""
    one = FtpServer(files)
    yield one
    one.close()


@pytest.fixture
def start(tmp_path: Path, files: Path, broker: Mosquitto, started: list[Running]) -> Callable[[], Running]:
    """Return what starts `quantrac run ingest` on one and the same data folder."""
    config = configured(tmp_path / "config")
    checked = call("check-config", cwd=tmp_path, CONFIG=str(config))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    variables = {
        "CONFIG": str(config), "DATA": str(tmp_path / "data"), "MQTT_URL": broker.url, "FILES": str(files), "LANG": "en",
    }  # fmt: skip

    def begin() -> Running:
        started.append(Running("run", "ingest", cwd=tmp_path, variables=variables))
        return started[-1]

    return begin


@dataclass
class Scene:
    """What happens at the FTP server while the program runs, dies and runs again."""

    ftp: FtpServer
    files: Path
    begin: datetime

    @property
    def moments(self) -> list[datetime]:
        return [self.begin + timedelta(minutes=5 * number) for number in range(ROUNDS)]

    @property
    def late(self) -> datetime:
        """When the slow station measured what it is sending."""
        return self.begin + timedelta(minutes=2)

    @contextmanager
    def one_sends_half(self) -> Iterator[None]:
        """Send half of a file before, and the other half behind; it is longer than what the server keeps in memory."""
        whole = content(7, self.late) * 500
        with self.ftp.login("nm007") as logger:
            sending = logger.transfercmd(f"STOR {name(7, self.late)}")
            sending.sendall(whole[:20_000])
            yield
            assert 0 < (self.files / "nm007" / name(7, self.late)).stat().st_size <= 20_000
            sending.sendall(whole[20_000:])
            sending.close()
            logger.voidresp()

    def one_lies_and_one_is_lost(self) -> None:
        with self.ftp.login("nm008") as liar:
            liar.storbinary(f"STOR {name(9, self.late)}", BytesIO(content(9, self.late)))
        with self.ftp.login("nm010") as lost:
            lost.storbinary("STOR readme.txt", BytesIO(b"hello"))

    def all_send(self) -> None:
        """Send the files of every station, oldest first, as loggers do after an outage."""
        for number in range(STATIONS):
            with self.ftp.login(f"nm{number:03}") as logger:
                for at in self.moments:
                    logger.storbinary(f"STOR {name(number, at)}", BytesIO(content(number, at)))

    def expected(self) -> dict[tuple[str, datetime], float]:
        sent = [(number, at) for number in range(STATIONS) for at in self.moments] + [(7, self.late)]
        return {(f"NT-{number:03}", at): number + at.minute / 100 for number, at in sent}


def test_status_says_what_keeps_files_from_being_taken(
    tmp_path: Path, files: Path, ftp: FtpServer, start: Callable[[], Running]
) -> None:
    """One that is too large stays and is named; without the folder the part is not ready."""
    with ftp.login("nm001") as logger:
        logger.storbinary("STOR huge.txt", BytesIO(b"x" * (MOST_BYTES + 1)))
    program = start()

    def ingest() -> str:
        done = call("status", cwd=tmp_path, CONFIG=str(tmp_path / "config"), DATA=str(tmp_path / "data"))
        return done.stdout

    wait_until(lambda: f"Files that stay in {files}: 1, since they are larger" in ingest(), what=ingest)
    assert "ingest (main): ready since" in ingest()
    files.rename(tmp_path / "away")
    wait_until(lambda: "ingest (main): not ready" in ingest() and f"The folder {files}" in ingest(), what=ingest)
    (tmp_path / "away").rename(files)
    wait_until(lambda: "ingest (main): ready since" in ingest(), what=ingest)
    assert program.status is None


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_files_of_a_province_become_readings_whatever_happens(
    tmp_path: Path, files: Path, ftp: FtpServer, start: Callable[[], Running]
) -> None:
    """200 stations, one that is slow, one that lies, all files twice, and kill -9 while they are taken."""
    begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5 * ROUNDS)
    scene, program = Scene(ftp, files, begin), start()
    wait_until((files / ".taken" / ".now").exists, what=program.told)
    province = Province(tmp_path / "data", files)
    with scene.one_sends_half():
        scene.one_lies_and_one_is_lost()
        scene.all_send()
        wait_until(lambda: province.journal.count() > 0, what=program.told)
        program.kill()
        before = province.journal.count()
        program = start()
        wait_until(lambda: len(set(province.topics())) == FILES + 2, seconds=300, what=program.told)
    scene.all_send()
    wait_until(lambda: province.journal.count() >= 2 * FILES + 3, seconds=300, what=program.told)
    wait_until(province.is_settled, seconds=300, what=program.told)
    program.kill()

    outcomes = province.outcomes()
    repeated = outcomes.pop("repeated")
    # Those sent again, and what was in the journal but not moved away when the program was killed.
    assert FILES <= repeated <= FILES + before
    assert outcomes == {"stored": FILES + 1, "quarantined": 2}
    assert sum(outcomes.values()) + repeated == province.journal.count()
    assert province.quarantine.counts() == {"station_mismatch": 1, "unknown_file": 1}
    assert reading_counts(province.engine) == (2 * (FILES + 1), 0)
    assert province.values(begin) == pytest.approx(scene.expected())
