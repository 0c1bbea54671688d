"""What the staff's pages need of the rest; `service` hands it in, since these packages do not know each other."""

from typing import Protocol

from domain.takeover import TakeView
from domain.text import Text


class Takeovers(Protocol):
    """Answers for a link's token."""

    def look(self, token: str) -> TakeView:
        """Return what the link shows; has no effect."""
        ...

    def take(self, token: str) -> TakeView:
        """Take the case over for the link's person if nobody has; return what the link shows then."""
        ...


class Watch(Protocol):
    """What the service says of itself."""

    def reasons(self) -> list[Text]:
        """Return why it is not ready; empty where it is."""
        ...

    def metrics(self) -> bytes:
        """Return its figures as Prometheus reads them."""
        ...
