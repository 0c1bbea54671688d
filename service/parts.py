"""The parts that `quantrac run` can run: each starts, stops, and says why it is not ready."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from domain.text import QuantracError, Text, pack
from ingest import pipeline
from ingest.broker_watch import BrokerWatch
from ingest.inlet import Receiving
from ingest.pipeline import Pipeline
from ingest.watched_folder import FolderState
from service.schedule import Schedule
from service.settings import Address, address
from storage.heartbeats import BACKLOG_DONE, REMARKS
from storage.journal import Journal

log = structlog.get_logger(__name__)

PARTS = ("ingest", "schedule", "public", "staff")


class Part(Protocol):
    """One part. `worker` tells apart those of which there may be several."""

    name: str
    worker: str

    def start(self) -> None:
        """Begin, and return at once."""
        ...

    def stop(self, seconds: float) -> bool:
        """End what is at hand and return within `seconds`; False where something could not be ended."""
        ...

    def since(self) -> datetime | None:
        """Return since when it does its work without a break; None: since it was started."""
        ...

    def reasons(self) -> list[Text]:
        """Return why it is not ready."""
        ...

    def detail(self) -> dict[str, Any]:
        """Return what else others need to know of it."""
        ...


@dataclass(slots=True)
class Ingest:
    """Messages in, readings out: the session with the broker, the watched folder, the pipeline behind the journal."""

    inlet: Receiving
    pipeline: Pipeline
    journal: Journal
    worker: str
    done: Callable[[], object]
    is_behind: Callable[[], bool]
    watch: BrokerWatch
    name: str = "ingest"
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self._thread = threading.Thread(
            target=pipeline.run, args=(self.pipeline, self._stop), name="pipeline", daemon=True,
            kwargs={"done": self.done},
        )  # fmt: skip

    def start(self) -> None:
        """Begin to receive and to process."""
        self._thread.start()
        self.inlet.start()
        self.watch.start()

    def stop(self, seconds: float) -> bool:
        """Receive no more; finish the batch at hand and the next. What is behind it waits for the next start."""
        ended = _within(self.inlet.stop, seconds)
        _within(self.watch.stop, seconds)  # what it still waits for is nothing that must be kept
        self._stop.set()
        self._thread.join(seconds)
        return ended and not self._thread.is_alive() and _within(self._last_step, seconds)

    def _last_step(self) -> None:
        try:
            self.pipeline.step()
        except Exception as error:  # the messages are in the journal, and the next start takes them up
            log.warning("last batch left for the next start", why=str(error))

    def since(self) -> datetime | None:
        """Return when the broker last accepted us: before that, a station may have spoken unheard."""
        return self.inlet.state().broker.since

    def detail(self) -> dict[str, Any]:
        """Return whether what is received is of now and not what piled up before we connected, and which files are left."""
        state = self.inlet.state()
        left = state.files.left if state.files is not None else ()
        return {BACKLOG_DONE: state.broker.backlog_done, REMARKS: [pack(one) for one in left]}

    def reasons(self) -> list[Text]:
        """Return why nothing is received."""
        return list(self._reasons())

    def _reasons(self) -> Iterator[Text]:
        state = self.inlet.state()
        if state.broker.error is not None:
            yield state.broker.error
        elif not state.broker.connected:
            yield Text("The broker has not yet accepted the subscription.")
        elif self.is_behind():
            yield Text("Messages wait longer than a minute to be understood.")
        if state.files is not None:
            yield from _of_files(state.files)


def _of_files(state: FolderState) -> Iterator[Text]:
    if state.error is not None:
        yield state.error
    elif state.overdue:
        waiting = {"count": state.overdue, "oldest": state.oldest}
        yield Text("{count} files wait longer than a minute to be taken, the oldest since {oldest}.", waiting)


@dataclass(slots=True)
class Scheduled:
    """Figures, rules, delivery."""

    schedule: Schedule
    name: str = "schedule"
    worker: str = "main"

    def start(self) -> None:
        """Begin to look for what is due."""
        self.schedule.start()

    def stop(self, seconds: float) -> bool:
        """Let the runs at hand end."""
        return _within(self.schedule.stop, seconds)

    def since(self) -> datetime | None:
        """Return None: since the start."""
        return None

    def detail(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def reasons(self) -> list[Text]:
        """Return what the jobs are troubled by."""
        failing = [
            Text("The job {job} fails: {why}.", {"job": job.name, "why": job.trouble})
            for job in self.schedule.jobs
            if job.trouble is not None
        ]
        return failing + [reason for job in self.schedule.jobs for reason in job.hindered()]


class Pages:
    """A web application on a socket that is open already."""

    worker = "main"

    def __init__(self, name: str, app: FastAPI, listening: socket.socket) -> None:
        """Nothing is served before `start`."""
        self.name = name
        self._socket = listening
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="off")
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name=f"pages-{name}", daemon=True
        )  # fmt: skip

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Answer what has been asked, and no more."""
        self._server.should_exit = True
        self._thread.join(seconds)
        self._socket.close()
        return not self._thread.is_alive()

    def since(self) -> datetime | None:
        """Return None: since the start."""
        return None

    def detail(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def reasons(self) -> list[Text]:
        """Return why nothing is served."""
        return [] if self._server.started else [Text("The pages are not served yet.")]


def listen(written: str, variable: str) -> socket.socket:
    """Open the socket for pages at `host:port`, as `variable` asks. Raises QuantracError where it cannot be had."""
    wanted = address(written)
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named; else each answer on a kept connection waits 40 ms.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((wanted.host, wanted.port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise QuantracError(_cannot_listen(error, wanted, variable)) from error
    return found


def _cannot_listen(error: OSError, wanted: Address, variable: str) -> Text:
    values: dict[str, Any] = {"address": str(wanted), "variable": variable, "why": error.strerror or str(error)}
    if error.errno == errno.EADDRINUSE:
        return Text("Another program listens on {address}. End it, or set {variable} to another address, such as "
                    "127.0.0.1:9080.", values)  # fmt: skip
    return Text("{address} cannot be listened on ({why}). Set {variable} to another address.", values)


def _within(act: Callable[[], object], seconds: float) -> bool:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
