"""Mail by SMTP: text and HTML, 4xx told from 5xx."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from alerts.channels import DeliveryError, MailServer
from domain.moment import moment

TIMEOUT_SECONDS = 20
# "Service closing" and "authentication needed" are the server's trouble, not the recipient's.
_SERVER_TROUBLE = frozenset({421, 450, 451, 452, 454, 530, 535})


class MailChannel:
    """Sends each message in a session of its own."""

    def __init__(self, server: MailServer | None) -> None:
        """Without a server every message fails, to be tried again when one is configured."""
        self._server = server

    def send(self, message: Any) -> None:
        """Send a row of the outbox. Raises DeliveryError; it can be tried again unless its address was refused."""
        if self._server is None:
            raise DeliveryError("no mail server: set QUANTRAC_MAIL_URL", retry=True)
        try:
            self._deliver(self._server, _mail(message, self._server.sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise DeliveryError(f"{code} {said.decode(errors='replace')}", retry=code < 500) from error
        except smtplib.SMTPResponseException as error:
            retry = error.smtp_code < 500 or error.smtp_code in _SERVER_TROUBLE
            raise DeliveryError(f"{error.smtp_code} {_text(error.smtp_error)}", retry=retry) from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"mail server {self._server.host}:{self._server.port}: {error}", retry=True) from error

    def _deliver(self, server: MailServer, mail: EmailMessage) -> None:
        context = ssl.create_default_context()
        session: smtplib.SMTP
        if server.security == "tls":
            session = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        with session:
            if server.security == "starttls":
                session.starttls(context=context)
            if server.user is not None and server.password_file is not None:
                session.login(server.user, server.password_file.read_text("utf-8").strip())
            session.send_message(mail)


def _mail(message: Any, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.address
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(moment(message.made_at))
    # The same message sent again has the same number and the same id.
    mail["Message-ID"] = f"<{message.number.lstrip('#')}.{message.id}@{sender.rpartition('@')[2] or 'quantrac'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
