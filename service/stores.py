"""Where the stores of a data folder are, and how they are opened."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from domain.clock import Clock
from domain.text import QuantracError, Text
from registry.lookup import Registry
from service.data_folder import make_data_folder
from service.settings import Settings
from storage.influx import InfluxReadings
from storage.journal import Journal
from storage.quarantine import Quarantine
from storage.readings import ReadingStore, StoreUnavailable
from storage.sqlite import SqliteReadings
from storage.state import open_state

log = structlog.get_logger(__name__)


class ServerAway(QuantracError):
    """A server that a one-shot command needs did not answer."""

    exit_status = 3


def readings_away(error: StoreUnavailable) -> ServerAway:
    """Return what a one-shot command says where the store of readings did not answer."""
    return ServerAway(
        Text("The store of readings does not answer ({why}). Nothing is lost; try again when it does.",
             {"why": str(error)})
    )  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """What stands where in a data folder."""

    path: Path

    @property
    def journals(self) -> Path:
        """The journals, a folder for each ingest worker."""
        return self.path / "journal"

    @property
    def readings(self) -> Path:
        """The embedded store of readings."""
        return self.path / "readings.sqlite"

    @property
    def state_url(self) -> str:
        """The embedded state, as SQLAlchemy writes it."""
        return f"sqlite:///{self.path / 'state.sqlite'}"

    @property
    def mailbox(self) -> Path:
        """The Maildir of the demonstration's mail server."""
        return self.path / "mail"

    @property
    def keys(self) -> Path:
        """The key that signs the seals, and its public half."""
        return self.path / "keys"

    def hold(self, worker: str) -> Path:
        """Messages behind an exceedance, with their proofs; they outlive the journal's days."""
        return self.path / "hold" / worker

    @property
    def turn(self) -> Path:
        """The lock of whoever changes readings."""
        return self.path / "locks" / "readings.lock"

    def quarantine(self, worker: str) -> Path:
        """The refusals of an ingest worker."""
        return self.path / "quarantine" / f"{worker}.sqlite"

    def workers(self) -> list[str]:
        """Return the ingest workers that ever kept a journal here."""
        return sorted(one.name for one in self.journals.glob("*") if one.is_dir())

    def open_journal(self, worker: str, clock: Clock) -> Journal:
        """Open a worker's journal, making it if there is none."""
        return Journal(self.journals, worker=worker, clock=clock)

    def open_quarantine(self, worker: str) -> Quarantine:
        """Open a worker's quarantine, making it if there is none."""
        return Quarantine(self.quarantine(worker))

    @contextmanager
    def quarantines(self) -> Iterator[dict[str, Quarantine]]:
        """Open the quarantine of every worker that has one, for as long as the block lasts."""
        there = [worker for worker in self.workers() if self.quarantine(worker).exists()]
        with ExitStack() as stack:
            yield {worker: stack.enter_context(closing(self.open_quarantine(worker))) for worker in there}


@dataclass(frozen=True)
class Stores:
    """The state and the readings, opened."""

    engine: Engine
    readings: ReadingStore

    def close(self) -> None:
        """Let go of both."""
        self.readings.close()
        self.engine.dispose()


def open_readings(settings: Settings, registry: Registry) -> ReadingStore:
    """Open the store of readings that the environment names; nothing is asked of a server yet."""
    if settings.influx_url is None:
        folder = Folder(settings.data)
        make_data_folder(folder.path)
        return SqliteReadings(folder.readings)
    if settings.influx_token_file is None:
        raise QuantracError(
            Text("QUANTRAC_INFLUX_URL is set, but QUANTRAC_INFLUX_TOKEN_FILE is not: name the file that holds the "
                 "service's token; `quantrac setup-influx` writes one.")
        )  # fmt: skip
    settings.secret("influx_token_file")  # said now rather than at the first write
    return InfluxReadings(
        settings.influx_url, settings.influx_org, settings.influx_token_file,
        medium_of=lambda station: registry.stations[station].medium,
    )  # fmt: skip


def open_engine(settings: Settings) -> Engine:
    """Open the state, its tables made or migrated. Raises ServerAway where a server does not answer."""
    folder = Folder(settings.data)
    make_data_folder(folder.path)
    try:
        return open_state(settings.state_url or folder.state_url, settings.secret("state_password_file"))
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        raise ServerAway(
            Text("The state's database does not answer ({why}). QUANTRAC_STATE_URL says where it is.", {"why": why})
        ) from error


def open_stores(settings: Settings, registry: Registry) -> Stores:
    """Open state and readings for a one-shot command. Raises ServerAway."""
    return Stores(open_engine(settings), open_readings(settings, registry))


def await_stores(settings: Settings, registry: Registry, stop: Event) -> Stores | None:
    """Open state and readings, waiting for the state's server as long as it takes; None where `stop` was quicker."""
    readings = open_readings(settings, registry)
    wait = 0.5
    while not stop.is_set():
        try:
            return Stores(open_engine(settings), readings)
        except ServerAway as error:
            log.warning("state is away", why=str(error), again_in=wait)
            stop.wait(wait)
            wait = min(wait * 2, 15.0)
    return None
