"""The channels that there are: one line each."""

from alerts.channels import Channels, MailServer
from alerts.channels.chat import AppriseChannel
from alerts.channels.mail import MailChannel


def open_channels(mail: MailServer | None) -> Channels:
    """Return all channels; `mail` is None where no server is configured."""
    return Channels({"mail": MailChannel(mail), "apprise": AppriseChannel()})
