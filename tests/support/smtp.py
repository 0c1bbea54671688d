"""A real SMTP server on loopback that keeps what it is given, and can be told to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import socket
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """What arrived, and what to answer: None takes a mail, else the reply, such as "451 try later"."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer: str | None = None
        self.recipient_answer: str | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.recipient_answer is not None:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer is not None:
            return self.answer
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"


@contextmanager
def smtp_server(port: int = 0) -> Iterator[tuple[Mailbox, int]]:
    """Run a server on `port`, a free one if it is 0; yield its mailbox and the port."""
    mailbox = Mailbox()
    with socket() as probe:
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()
