"""A real Mosquitto on a free loopback port, as the shipped configuration has it: persistence on, a large queue."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from support.waiting import wait_until

# Started as root it would become the user mosquitto, who may not write here: hence `user root`.
_CONFIGURATION = """\
listener {port} 127.0.0.1
{listener}
allow_anonymous {anonymous}
persistence true
persistence_location {folder}/
autosave_interval {autosave}
autosave_on_changes false
max_inflight_messages {under_way}
max_queued_messages {queue}
max_queued_bytes 0
user root
log_dest file {folder}/mosquitto.log
"""


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def program() -> str:
    """Return where Mosquitto is; skip the test where it is not."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed")
    return found


SHIPPED = Path(__file__).resolve().parents[2] / "config" / "broker" / "mosquitto.conf"


def shipped_settings() -> dict[str, str]:
    """Return what the shipped configuration sets, but for its listeners, its log and its accounts."""
    lines = [line for line in SHIPPED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    of_machine = ("listener ", "use_username_as_clientid ", "log_", "password_", "acl_")
    return dict(line.split(maxsplit=1) for line in lines if not line.startswith(of_machine))


class Mosquitto:
    """A broker of its own, with its data in `folder`; a restart keeps port and data."""

    def __init__(
        self, folder: Path, *, anonymous: bool = True, listener: str = "", autosave: int = 1, queue: int = 2_000_000,
        under_way: int = 1_000,
    ) -> None:  # fmt: skip
        """Write the configuration, `listener` being further lines of its listener; nothing runs yet.

        `autosave`: seconds between two writes of its queues to disk; with a large queue each takes long. `queue`: how
        many messages may wait for a client. `under_way`: how many it sends unacknowledged to a client that does not say
        how many; one of MQTT 5 does.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.log = folder / "mosquitto.log"
        self.database = folder / "mosquitto.db"
        self._file = folder / "mosquitto.conf"
        settings = {
            "port": self.port, "folder": folder, "anonymous": str(anonymous).lower(), "listener": listener,
            "autosave": autosave, "queue": queue, "under_way": under_way,
        }  # fmt: skip
        self._file.write_text(_CONFIGURATION.format(**settings), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def shipped(cls, folder: Path, **changed: int) -> "Mosquitto":
        """Return one with the shipped configuration, but for addresses, paths, accounts and what is `changed`."""
        one = cls(folder)
        settings = shipped_settings()
        assert changed.keys() <= settings.keys()
        settings |= {name: str(value) for name, value in changed.items()}
        settings |= {
            "listener": f"{one.port} 127.0.0.1", "persistence_location": f"{folder}/", "allow_anonymous": "true",
            "user": "root", "log_dest": f"file {one.log}",
        }  # fmt: skip
        one._file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
        return one

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def saved_at(self) -> list[int]:
        """Return when it began to write its sessions and queues to disk, in seconds."""
        lines = self.log.read_text("utf-8").splitlines()
        return [int(line.partition(":")[0]) for line in lines if "Saving in-memory database" in line]

    def save(self) -> None:
        """Have it write its sessions and queues to disk, and return when that is done."""
        before = self._saved()
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(lambda: self._saved() != before, what="mosquitto saves")

    def await_save(self) -> None:
        """Return when it has written its sessions and queues to disk by itself."""
        before = self._saved()
        wait_until(lambda: self._saved() != before, what="mosquitto saves by itself")

    def _saved(self) -> int | None:
        return self.database.stat().st_ino if self.database.exists() else None

    def start(self) -> "Mosquitto":
        """Start it, and return once it takes connections."""
        self._process = subprocess.Popen([program(), "-c", str(self._file)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not take connections: {self.log.read_text()}")

    def stop(self) -> None:
        """End it cleanly: it writes its sessions and queues to disk."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(kill=True)

    def restart(self) -> None:
        """Stop and start it again; sessions and queues stay."""
        self.stop()
        self.start()

    def _end(self, *, kill: bool) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(10)
            self._process = None
