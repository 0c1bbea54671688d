"""All that comes in: the session with the broker and the watched folder, into one journal."""

from dataclasses import dataclass
from typing import Protocol

from ingest.subscriber import Subscriber, SubscriberState
from ingest.watched_folder import FolderState, WatchedFolder


@dataclass(frozen=True, slots=True)
class InletState:
    """How receipt stands; `files` is None where no folder is watched."""

    broker: SubscriberState
    files: FolderState | None


class Receiving(Protocol):
    """What takes messages in, in this process or in another."""

    def start(self) -> None:
        """Begin to receive, and return at once."""
        ...

    def stop(self) -> None:
        """Keep and acknowledge what has been taken, take no more, and return when that is done."""
        ...

    def state(self) -> InletState:
        """Return how it stands; may be asked from any thread."""
        ...


class Inlet:
    """Receives in threads of this process."""

    def __init__(self, subscriber: Subscriber, files: WatchedFolder | None) -> None:
        """Nothing is taken before `start`."""
        self._subscriber = subscriber
        self._files = files

    def start(self) -> None:
        """Begin to receive."""
        self._subscriber.start()
        if self._files is not None:
            self._files.start()

    def stop(self) -> None:
        """Keep and acknowledge what has been taken, and take no more."""
        self._subscriber.stop()
        if self._files is not None:
            self._files.stop()

    def state(self) -> InletState:
        """Return how both stand."""
        return InletState(self._subscriber.state(), self._files.state() if self._files is not None else None)
