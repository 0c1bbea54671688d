"""A PostgreSQL of its own (Debian's) on a free loopback port; as root it runs as another user: it refuses root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from support.mosquitto import free_port
from support.waiting import wait_until


def program(name: str) -> str:
    """Return where one of its programs is; skip the test where it is not."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        pytest.skip("postgresql is not installed")
    return found


class PostgreSQL:
    """A cluster in a folder of its own below the system's temporary one, where another user may go too."""

    def __init__(self) -> None:
        """Make the cluster; nothing runs yet."""
        self._user = _other_user()
        self._folder = Path(tempfile.mkdtemp(prefix="quantrac-postgresql-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._data = self._folder / "data"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        arguments = ["-D", str(self._data), "-U", "quantrac", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run([program("initdb"), *arguments], check=True, capture_output=True, cwd="/", **self._as_user())

    def start(self) -> "PostgreSQL":
        """Start it, and return once it answers."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder), "fsync": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [program("postgres"), "-D", str(self._data), "-p", str(self._port), *settings],
            stderr=subprocess.DEVNULL, cwd="/", **self._as_user(),
        )  # fmt: skip
        wait_until(self._answers, what="postgres answers")
        return self

    def stop(self) -> None:
        """End it: what is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(2)  # SIGINT is its fast shutdown
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """End it, and forget its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        self._made += 1
        self._execute(f'CREATE DATABASE "state{self._made}"')
        return self._url(f"state{self._made}")

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://quantrac@127.0.0.1:{self._port}/{database}"

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except OperationalError:
            return False
        return True

    def _as_user(self) -> dict[str, str]:
        return {} if self._user is None else {"user": self._user, "group": self._user}


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return pytest.skip("PostgreSQL refuses root, and there is no user postgres")
