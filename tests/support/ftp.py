"""A real FTP server in a process of its own: an account for each station, closed into its own folder."""

import subprocess
import sys
from ftplib import FTP
from pathlib import Path

from support.mosquitto import free_port

PASSWORD = "only-for-tests"
_SERVER = """
import sys
from pathlib import Path
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

port, folder, password = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
accounts = DummyAuthorizer()
for home in sorted(folder.iterdir()):
    if not home.name.startswith("."):
        accounts.add_user(home.name, password, str(home), perm="elradfmwMT")
FTPHandler.authorizer = accounts
server = FTPServer(("127.0.0.1", port), FTPHandler)
print("listening", flush=True)
server.serve_forever(handle_exit=False)
"""


class FtpServer:
    """Serves the folders in `folder`, each to the account of its name."""

    def __init__(self, folder: Path) -> None:
        """Start it, and return once it listens."""
        self._port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(self._port), str(folder), PASSWORD],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def login(self, account: str) -> FTP:
        """Return a connection as a logger has one."""
        client = FTP(timeout=30, encoding="utf-8")
        client.connect("127.0.0.1", self._port)
        client.login(account, PASSWORD)
        return client

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)
