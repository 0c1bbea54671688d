"""SMS gateways, chat and push through apprise; its URL, a secret, stands in a file."""

from pathlib import Path

from alerts.channels import DeliveryError, is_short
from storage.alerting import OutboxRow


class AppriseChannel:
    """One call for each person and row. apprise answers yes or no only, so a no is tried again."""

    def send(self, message: OutboxRow) -> None:
        """Send a row of the outbox; its address is the file that holds the URL. Raises DeliveryError."""
        # A second of loading that only those pay who use it.
        from apprise import Apprise  # noqa: PLC0415

        sender = Apprise()
        # The file may be put right while we wait, so what is wrong with it is tried again too.
        if not sender.add(_url(message.address)):
            raise DeliveryError(f"{message.address} holds no URL that apprise understands", retry=True)
        title = "" if is_short(message) else message.subject
        if not sender.notify(title=title, body=message.short if is_short(message) else message.body):
            raise DeliveryError("the channel did not take the message", retry=True)


def _url(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DeliveryError(f"the file of the channel's URL cannot be read: {error}", retry=True) from error
