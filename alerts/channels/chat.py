"""SMS gateways, chat and push through apprise; its URL, a secret, stands in a file."""

from pathlib import Path
from typing import Any

from alerts.channels import DeliveryError


class AppriseChannel:
    """One call for each person and row. apprise answers yes or no only, so a no is tried again."""

    def send(self, message: Any) -> None:
        """Send a row of the outbox; its address is the file that holds the URL. Raises DeliveryError."""
        from apprise import Apprise  # noqa: PLC0415 - a second of loading that only who uses it pays

        try:
            url = Path(message.address).read_text("utf-8").strip()
        except OSError as error:
            raise DeliveryError(f"the file of the channel's URL cannot be read: {error}", retry=True) from error
        sender = Apprise()
        if not sender.add(url):
            raise DeliveryError(f"{message.address} holds no URL that apprise understands", retry=False)
        if not sender.notify(title=message.subject, body=message.body):
            raise DeliveryError("the channel did not take the message", retry=True)
