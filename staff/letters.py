"""The demonstration's mailbox: the mails that the service has sent, read from a Maildir."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `number` counts from 1 in the order of arrival and stays."""

    number: int
    subject: str
    sender: str
    to: str
    at: datetime | None
    body: str
    headers: Sequence[tuple[str, str]]

    @property
    def html(self) -> Markup:
        """Return the body with its links to click, everything else as it was written."""
        pieces, end = [], 0
        for found in _LINK.finditer(self.body):
            address = escape(found[0])
            pieces += [escape(self.body[end : found.start()]), Markup('<a href="{0}">{0}</a>').format(address)]
            end = found.end()
        return Markup("").join([*pieces, escape(self.body[end:])])


def letters(mailbox: Path) -> list[Letter]:
    """Return all mails of a Maildir, newest first; empty where there is none yet."""
    files = sorted((one for folder in ("new", "cur") for one in (mailbox / folder).glob("*")), key=_arrival)
    return [_letter(number, file) for number, file in enumerate(files, start=1)][::-1]


def _arrival(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def _letter(number: int, file: Path) -> Letter:
    message = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=default)
    text = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    return Letter(
        number=number,
        subject=str(message["subject"] or ""),
        sender=str(message["from"] or ""),
        to=str(message["to"] or ""),
        at=_date(message["date"]),
        body=str(text.get_content()) if text is not None else "",
        headers=[(name, str(value)) for name, value in message.items()],
    )


def _date(written: object) -> datetime | None:
    try:
        return parsedate_to_datetime(str(written)) if written else None
    except ValueError:
        return None
