"""Mail by SMTP: text and HTML, 4xx told from 5xx."""

import re
import smtplib
import ssl
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

from alerts.channels import DeliveryError, MailServer, is_short
from storage.alerting import OutboxRow

TIMEOUT_SECONDS = 15
# The server's trouble or ours, not the recipient's: closing, mailbox busy, wrong or missing login.
_SERVER_TROUBLE = frozenset({421, 530, 534, 535, 538})
_ADDRESS = re.compile(r"^[^\s@<>,;:\\\"()\[\]]+@[^\s@<>,;:\\\"()\[\]]+$")


class MailChannel:
    """Sends each message in a session of its own."""

    def __init__(self, server: MailServer | None) -> None:
        """Without a server every message fails, to be tried again when one is configured."""
        self._server = server

    def send(self, message: OutboxRow) -> None:
        """Send a row of the outbox. Raises DeliveryError; it can be tried again unless the message was refused."""
        server = self._server
        if server is None:
            raise DeliveryError("no mail server: set QUANTRAC_MAIL_URL", retry=True)
        if not _ADDRESS.match(message.address):
            raise DeliveryError(f"{message.address!r} is no mail address", retry=False)
        try:
            self._deliver(server, mail_of(message, server.sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise DeliveryError(f"{code} {_text(said)}", retry=not _is_final(code)) from error
        except smtplib.SMTPSenderRefused as error:
            # That our own address is refused is for the operator to put right; the recipient is not at fault.
            raise DeliveryError(f"{error.smtp_code} {_text(error.smtp_error)}", retry=True) from error
        except smtplib.SMTPResponseException as error:
            # What is refused before the message is the server's trouble; the message itself may be refused for good.
            final = isinstance(error, smtplib.SMTPDataError) and _is_final(error.smtp_code)
            raise DeliveryError(f"{error.smtp_code} {_text(error.smtp_error)}", retry=not final) from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"mail server {server.host}:{server.port}: {error}", retry=True) from error

    def _deliver(self, server: MailServer, mail: Message) -> None:
        with self._session(server) as session:
            if server.security == "starttls":
                session.starttls(context=ssl.create_default_context())
            if server.user is not None and server.password_file is not None:
                session.login(server.user, server.password_file.read_text("utf-8").strip())
            session.send_message(mail)

    @staticmethod
    def _session(server: MailServer) -> smtplib.SMTP:
        if server.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)


def mail_of(message: OutboxRow, sender: str) -> Message:
    """Return the mail of a row of the outbox. Sent again it has the same Message-ID, so that readers see one."""
    mail = MIMEText(message.short, "plain", "utf-8") if is_short(message) else MIMEMultipart("alternative")
    mail["From"] = sender
    mail["To"] = message.address
    # EmailMessage, folding a subject that is not ASCII, loses spaces between its words; Header keeps them.
    mail["Subject"] = Header(message.subject, "utf-8", header_name="Subject").encode()
    mail["Date"] = format_datetime(message.made_at)
    mail["Message-ID"] = f"<{message.number.lstrip('#')}.{message.id}@{sender.rpartition('@')[2].strip('<> ')}>"
    mail["Auto-Submitted"] = "auto-generated"
    if is_short(message):
        return mail
    mail.attach(MIMEText(message.body, "plain", "utf-8"))
    if message.html:
        mail.attach(MIMEText(message.html, "html", "utf-8"))
    return mail


def _is_final(code: int) -> bool:
    return code >= 500 and code not in _SERVER_TROUBLE


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
