import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.channels import Channels, DeliveryError, MailServer
from alerts.channels.mail import mail_of
from alerts.channels.opening import open_channels
from domain.alert import Notice
from storage.alerting import OutboxRow
from support.builders import NOON
from support.mail import Smtp
from support.mosquitto import free_port

MESSAGE = OutboxRow(
    key="k", number="#0147-1", case_id=1, alert=1, notice=Notice.FIRST, person="officer", channel="mail",
    address="officer@dept.example", language="vi", subject="Vượt giới hạn: COD 1,27 lần", body="COD 171 mg/L\n",
    html="<p>COD 171 mg/L</p>", short="VUOT GIOI HAN: COD 171 mg/L", made_at=NOON, due_at=NOON, id=352, attempts=0,
    state="due", sent_at=None, error=None,
)  # fmt: skip


@dataclass
class Receiver:
    """A server at the other end of a channel: a message for it, what it got, and what it is told to answer."""

    channels: Channels
    message: OutboxRow
    got: Callable[[], list[str]]
    answer: Callable[[bool], None]


@contextmanager
def mail(_folder: Path) -> Iterator[Receiver]:
    with Smtp().running() as smtp:
        server = MailServer("127.0.0.1", smtp.port, "quantrac@dept.example")

        def answer(well: bool) -> None:
            smtp.mailbox.data = None if well else "451 try again later"

        yield Receiver(open_channels(server), MESSAGE, lambda: [_plain(one) for one in smtp.mailbox.mails], answer)


def _plain(one: EmailMessage) -> str:
    part = one.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


@contextmanager
def push(folder: Path) -> Iterator[Receiver]:
    got: list[str] = []
    codes = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if codes[0] == 200:
                got.append(body["message"] + "\n")
            self.send_response(codes[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", free_port()), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = folder / "url"
    url.write_text(f"json://127.0.0.1:{server.server_port}/\n")

    def answer(well: bool) -> None:
        codes[0] = 200 if well else 503

    try:
        message = replace(MESSAGE, channel="apprise", address=str(url))
        yield Receiver(open_channels(None), message, lambda: got, answer)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=[mail, push])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    """Every kind of channel, with a real server at its other end."""
    with request.param(tmp_path) as made:
        yield made


def test_a_message_arrives_as_it_was_written(receiver: Receiver) -> None:
    """The body reaches the other end, once."""
    receiver.channels.send(receiver.message)
    assert receiver.got() == [MESSAGE.body]


def test_the_short_form_goes_to_who_asks_for_it(receiver: Receiver) -> None:
    """A channel marked short gets the one line and nothing else."""
    receiver.channels.send(replace(receiver.message, channel=f"{receiver.message.channel}/short"))
    assert receiver.got() == [f"{MESSAGE.short}\n"]


def test_what_fails_for_now_may_be_tried_again(receiver: Receiver) -> None:
    """A server that cannot take the message at the moment is asked again, and then takes it."""
    receiver.answer(False)
    with pytest.raises(DeliveryError) as error:
        receiver.channels.send(receiver.message)
    assert error.value.retry
    receiver.answer(True)
    receiver.channels.send(receiver.message)
    assert len(receiver.got()) == 1


def test_a_server_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    """Nobody listens on either port: both failures can be repeated."""
    url = tmp_path / "url"
    url.write_text(f"json://127.0.0.1:{free_port()}/")
    channels = open_channels(MailServer("127.0.0.1", free_port(), "quantrac@dept.example"))
    for message in (MESSAGE, replace(MESSAGE, channel="apprise", address=str(url))):
        with pytest.raises(DeliveryError) as error:
            channels.send(message)
        assert error.value.retry


@pytest.mark.parametrize(
    ("recipient", "data", "retry"),
    [
        ("550 no such user", None, False),
        ("450 mailbox busy", None, True),
        (None, "554 refused as spam", False),
        (None, "452 disk full", True),
        ("421 closing", None, True),
        ("530 log in first", None, True),  # the recipient is not at fault
    ],
)
def test_mail_tells_what_is_final_from_what_is_not(recipient: str | None, data: str | None, retry: bool) -> None:
    """5xx for the recipient or the message ends it; 4xx, and what is the server's trouble, is tried again."""
    with Smtp().running() as smtp:
        smtp.mailbox.recipient, smtp.mailbox.data = recipient, data
        channels = open_channels(MailServer("127.0.0.1", smtp.port, "quantrac@dept.example"))
        with pytest.raises(DeliveryError) as error:
            channels.send(MESSAGE)
    assert error.value.retry is retry
    assert (recipient or data or "")[:3] in str(error.value)


def test_a_server_that_hangs_up_is_asked_again() -> None:
    """A connection lost in the middle says nothing of the recipient."""
    with Smtp().running() as smtp:
        smtp.mailbox.hang_up = True
        channels = open_channels(MailServer("127.0.0.1", smtp.port, "quantrac@dept.example"))
        with pytest.raises(DeliveryError) as error:
            channels.send(MESSAGE)
    assert error.value.retry


@pytest.mark.parametrize("address", ["officer", "a b@c.example", "a@b.example\nBcc: x@y.example", ""])
def test_what_is_no_address_is_given_up_before_it_is_sent(address: str) -> None:
    """No server is asked, and no second header smuggled in."""
    channels = open_channels(MailServer("127.0.0.1", free_port(), "quantrac@dept.example"))
    with pytest.raises(DeliveryError) as error:
        channels.send(replace(MESSAGE, address=address))
    assert not error.value.retry


@pytest.mark.parametrize("content", [None, "", "nonsense://x"])
def test_a_url_file_that_is_missing_or_wrong_may_be_put_right(tmp_path: Path, content: str | None) -> None:
    """The file is read at the moment of sending, so the next attempt may succeed; the URL is never in the reason."""
    url = tmp_path / "url"
    if content is not None:
        url.write_text(content)
    with pytest.raises(DeliveryError) as error:
        open_channels(None).send(replace(MESSAGE, channel="apprise", address=str(url)))
    assert error.value.retry
    assert "nonsense" not in str(error.value)


def test_without_a_mail_server_mail_waits() -> None:
    """The reason names the variable that is missing."""
    with pytest.raises(DeliveryError, match="QUANTRAC_MAIL_URL") as error:
        open_channels(None).send(MESSAGE)
    assert error.value.retry


def test_an_unknown_channel_is_given_up() -> None:
    """Nobody will ever take it."""
    with pytest.raises(DeliveryError) as error:
        open_channels(None).send(replace(MESSAGE, channel="pigeon"))
    assert not error.value.retry


def test_a_mail_says_that_a_machine_wrote_it_and_is_the_same_when_sent_again() -> None:
    """Its id is made of the message's number and row, so a reader who gets it twice sees that it is one."""
    once, again = (mail_of(MESSAGE, "Quan trắc <quantrac@dept.example>") for _ in range(2))
    assert once["Message-ID"] == again["Message-ID"] == "<0147-1.352@dept.example>"
    assert once["Auto-Submitted"] == "auto-generated"
    assert str(make_header(decode_header(once["Subject"]))) == MESSAGE.subject
    assert [part.get_content_type() for part in once.walk()][1:] == ["text/plain", "text/html"]
