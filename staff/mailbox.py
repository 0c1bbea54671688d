"""The mails that the demonstration's mail server took, read from its Maildir."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `parts` is its text cut at links: (text, whether it is a link)."""

    key: str
    subject: str
    sender: str
    recipient: str
    date: str
    parts: tuple[tuple[str, bool], ...]


def list_mails(folder: Path, most: int = 200) -> list[Mail]:
    """Return the newest mails first."""
    found = sorted((one for one in folder.glob("*/*") if one.parent.name in {"new", "cur"}), key=_age, reverse=True)
    return [_mail(one) for one in found[:most]]


def find_mail(folder: Path, key: str) -> Mail | None:
    """Return the mail that `list_mails` named `key`."""
    return next((one for one in list_mails(folder) if one.key == key), None)


def _age(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def _mail(file: Path) -> Mail:
    message = message_from_bytes(file.read_bytes(), policy=default)
    body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    text = str(body.get_content()) if body is not None else ""
    named = {name: str(message[name] or "") for name in ("Subject", "From", "To", "Date")}
    return Mail(_key(file), named["Subject"], named["From"], named["To"], named["Date"], _parts(text))


def _key(file: Path) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", file.name)


def _parts(text: str) -> tuple[tuple[str, bool], ...]:
    parts: list[tuple[str, bool]] = []
    end = 0
    for found in _LINK.finditer(text):
        parts += [(text[end : found.start()], False), (found[0], True)]
        end = found.end()
    return (*parts, (text[end:], False))
