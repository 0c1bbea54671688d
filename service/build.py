"""The one place where the service is wired together. It reads as the table of contents of what runs.

What is imported from a file goes its own way in: a worker of its own, with its own journal, quarantine and cursor, so
that only one process ever appends to a journal. Whether or not a service runs beside it, `quantrac import` takes these
messages to their end by itself with the same pipeline; the figures are then made by the running service's schedule,
and by the import itself where none runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from socket import socket
from urllib.parse import urlsplit

from alerts.cases import Takeovers
from alerts.channels import MailServer, Security
from alerts.channels.opening import open_channels
from alerts.check import Judge
from alerts.deliver import Deliverer
from alerts.links import LinkBase
from alerts.outbox import Outbox
from alerts.unresolved import UnresolvedCheck
from analysis.figures import Figures
from domain.clock import Clock
from domain.reading import SeriesKey
from domain.text import Text
from ingest.broker_watch import BrokerWatch
from ingest.pipeline import Books, Pipeline
from ingest.session import Broker
from registry.lookup import Registry
from reports.portal import Around
from reports.portal import make_app as make_public
from service.health import Health
from service.keeping import Keeper
from service.metrics import Watch
from service.parts import Ingest, Pages, Part, Scheduled
from service.receipt import ReceiptProcess, Wanted
from service.run import Service
from service.schedule import Job, Schedule
from service.settings import Settings, user_of
from service.stores import Folder, Stores
from staff.app import make_app as make_staff
from storage.journal import Journal
from storage.ledger import Ledger
from storage.published import Published
from storage.turn import Turn

# A minute of the machine's time: while messages wait longer, what stations say is not known and nobody is called silent.
BEHIND = timedelta(minutes=1)


@dataclass(frozen=True)
class Plan:
    """What a process is to run, and with what: `sockets` are open already, by the names of the parts with pages."""

    parts: Sequence[str]
    sockets: dict[str, socket]
    demo: bool = False
    mailbox: Path | None = None


def build(settings: Settings, registry: Registry, clock: Clock, stores: Stores, plan: Plan) -> Service:
    """Wire the parts that `plan` names; nothing connects or runs before the service is started."""
    folder = Folder(settings.data)
    health = Health(registry, folder, stores.engine, clock)
    wiring = Wiring(settings, registry, clock, stores, health, plan)
    return Service(list(wiring.parts()), stores, health, clock)


@dataclass(frozen=True)
class Wiring:
    """Makes each part from the same few things."""

    settings: Settings
    registry: Registry
    clock: Clock
    stores: Stores
    health: Health
    plan: Plan

    def parts(self) -> Iterator[Part]:
        """Yield the parts, in the order in which they start."""
        schedule = self._schedule() if "schedule" in self.plan.parts else None
        if "public" in self.plan.parts:
            yield self._public()
        if "staff" in self.plan.parts:
            yield self._staff()
        if schedule is not None:
            yield Scheduled(schedule)
        if "ingest" in self.plan.parts:
            yield self._ingest(schedule.wake if schedule else lambda: None)

    def _ingest(self, wake: Callable[[], object]) -> Ingest:
        worker = self.settings.worker
        journal = Folder(self.settings.data).open_journal(worker, self.clock)
        url, password = self.settings.mqtt_url, self.settings.secret("mqtt_password_file")
        wanted = Wanted(
            url, password, f"quantrac-{worker}", tuple(self.registry.topic_filters()), self.settings.files,
            Folder(self.settings.data).journals, worker, self.clock,
        )  # fmt: skip
        inlet = wanted.inlet(journal) if self.plan.demo else ReceiptProcess(wanted)
        pipeline = open_pipeline(self.settings, self.registry, self.clock, self.stores, journal, worker)
        watch = BrokerWatch(Broker.of(url), password, worker, self.stores.engine, self.clock)
        return Ingest(inlet, pipeline, journal, worker, wake, self._is_behind, watch)

    def _is_behind(self) -> bool:
        return self.health.lag(self.settings.worker) > BEHIND * max(self.clock.speed, 1.0)

    def _schedule(self) -> Schedule:
        registry, stores, clock = self.registry, self.stores, self.clock
        made = Figures(registry, stores.readings, stores.engine, clock)
        links = LinkBase(self.settings.staff_address, self.settings.public_address, self.plan.demo)
        judge = Judge(registry, stores.readings, stores.engine, clock, links)
        deliverer = Deliverer(stores.engine, open_channels(mail_server(self.settings)), clock)
        deliver = Job("deliver", [deliverer.run])
        figures = Job(
            "figures", [made.run, judge.run, lambda: schedule.wake(deliver.name)],
            hindered=lambda: _without_figures(made.troubles()),
        )  # fmt: skip
        keeper = Keeper(
            Folder(self.settings.data), stores.engine, stores.readings, clock, registry.province.policies.journal_kept
        )
        unresolved = UnresolvedCheck(
            registry, stores.engine, clock, Outbox(registry, links), Folder(self.settings.data).quarantines
        )
        journal = Job("journal", [keeper.run], on_end=keeper.stop)
        schedule = Schedule([figures, deliver, journal, Job("quarantine", [unresolved.run])])
        return schedule

    def _watch(self) -> Watch:
        return Watch(self.health, self.stores.readings)

    def _public(self) -> Pages:
        folder = Folder(self.settings.data)
        seals = Published(folder.journals, folder.keys)
        app = make_public(
            self.registry, self.stores.readings, self.stores.engine, self.clock,
            demo=self.plan.demo, around=Around(self.settings.public_address, self._watch().reasons, seals),
        )  # fmt: skip
        return Pages("public", app, self.plan.sockets["public"])

    def _staff(self) -> Pages:
        cases = Takeovers(self.registry, self.stores.engine, self.clock)
        app = make_staff(
            self.registry, cases, self._watch(), self.clock, demo=self.plan.demo, mailbox=self.plan.mailbox,
        )  # fmt: skip
        return Pages("staff", app, self.plan.sockets["staff"])


def _without_figures(troubles: Mapping[SeriesKey, str]) -> list[Text]:
    """Return a sentence about the series of which no figures can be made, if there are any: the first by name."""
    if not troubles:
        return []
    first = min(troubles)
    values = {"count": len(troubles), "station": first.station, "parameter": first.parameter, "why": troubles[first]}
    return [Text("No figures can be made of {count} series, such as {station} {parameter}: {why}.", values)]


def open_pipeline(
    settings: Settings, registry: Registry, clock: Clock, stores: Stores, journal: Journal, worker: str
) -> Pipeline:
    """Return the pipeline behind a worker's journal."""
    folder = Folder(settings.data)
    books = Books(
        folder.open_quarantine(worker), Ledger(stores.engine, worker), stores.readings, Turn(folder.turn)
    )  # fmt: skip
    return Pipeline(registry, journal, books, clock)


_MAIL: dict[str, tuple[Security, int]] = {
    "smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465),
}  # fmt: skip


def mail_server(settings: Settings) -> MailServer | None:
    """Return where mail leaves, None where no server is configured."""
    if settings.mail_url is None:
        return None
    parts = urlsplit(settings.mail_url)
    security, port = _MAIL[parts.scheme]
    return MailServer(
        parts.hostname or "", parts.port or port, settings.mail_from, security=security,
        user=user_of(settings.mail_url), password_file=settings.mail_password_file,
    )  # fmt: skip
