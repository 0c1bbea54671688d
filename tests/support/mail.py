"""A real SMTP server on a free loopback port, which can be told to refuse, to put off or to hang up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from support.mosquitto import free_port


class Mailbox:
    """What arrived, and when (monotonic); `recipient`, `data`: what is answered instead of 250, None for 250; `hang_up`: close instead.

    An address in `unknown` is refused for good.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.taken_at: list[float] = []
        self.recipient: str | None = None
        self.data: str | None = None
        self.hang_up = False
        self.unknown: set[str] = set()

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.hang_up:
            server.transport.close()
        if address in self.unknown:
            return "550 no such user"
        if self.recipient is not None:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.data is not None:
            return self.data
        self.taken_at.append(time.monotonic())
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


class Smtp:
    """A running server: `port`, a free one unless given, and its `mailbox`."""

    def __init__(self, port: int | None = None) -> None:
        self.mailbox = Mailbox()
        self.port = port or free_port()
        self._controller = Controller(self.mailbox, hostname="127.0.0.1", port=self.port)

    @contextmanager
    def running(self) -> Iterator["Smtp"]:
        self._controller.start()
        try:
            yield self
        finally:
            self._controller.stop()
