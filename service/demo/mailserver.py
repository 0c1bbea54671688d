"""The demonstration's mail server: takes every message and puts it into a Maildir, where the staff pages show it."""

from mailbox import Maildir, MaildirMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._box = Maildir(folder)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._box.add(MaildirMessage(envelope.content))
        return "250 OK"


class MailServer:
    """An SMTP server on the loopback interface."""

    def __init__(self, folder: Path, port: int) -> None:
        """Nothing listens before `start`."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.url = f"smtp://127.0.0.1:{port}"
        self._controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=port)

    def start(self) -> None:
        """Return once it takes connections."""
        self._controller.start()

    def stop(self) -> None:
        """Take no more."""
        self._controller.stop()
