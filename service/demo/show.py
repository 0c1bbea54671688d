"""All of it in one process: broker, mail server, stations, and the service itself, on a clock of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import typer

from domain.clock import SimulatedClock
from domain.reading import SeriesKey
from domain.text import QuantracError, Text
from domain.window import hour_end
from present.words import say
from registry.lookup import Registry
from service.build import Plan, build
from service.clock import ClockChoice, note_origin
from service.commands.frame import Cli, Usage
from service.data_folder import DEMO_MEMORY, is_demonstration
from service.demo.broker import EmbeddedBroker, free_port
from service.demo.mailserver import MailServer
from service.demo.messages import Stations
from service.demo.officer import follow, link_in
from service.demo.publisher import Memory, Publisher
from service.demo.script import OUTFALL, Script
from service.demo.story import Story, is_last_minute
from service.locks import Locks
from service.logs import log_to
from service.parts import PARTS, Ingest, listen
from service.run import Service, leave_now, until_signalled
from service.settings import Settings, variable
from service.stores import Folder, await_stores
from storage import alerting
from storage.journal_day import received_at

# The first start begins here, whatever the machine's clock says: the shipped certificates and limits hold then.
BEGINS = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # 06:00 in Viet Nam
HISTORY = timedelta(hours=48)
BACKLOG = timedelta(hours=24)


def run_demo(cli: Cli, speed: float) -> int:
    """Run the demonstration until a signal comes; return the exit status."""
    settings = _settings(cli)
    registry = cli.registry
    _check(registry, settings.data)
    stop = Event()
    with ExitStack() as stack:
        locks = stack.enter_context(Locks(settings.data))
        locks.take(["ingest-main", "schedule", "public", "staff"])
        sockets = {
            name: listen(getattr(settings, f"{name}_bind"), variable(f"{name}_bind")) for name in ("public", "staff")
        }
        stack.enter_context(_log_file(settings.data))
        stack.enter_context(until_signalled(stop, lambda: cli.say(Text("Ending …"))))
        broker = stack.enter_context(_broker())
        mail = stack.enter_context(_mail(Folder(settings.data)))
        settings = settings.model_copy(
            update={"mqtt_url": broker.url, "mail_url": mail.url, "mail_from": "quantrac-demo@quantrac.example"}
        )
        memory = Memory(settings.data / DEMO_MEMORY)
        clock, sent_to = _begin(settings.data, memory, speed)
        stores = await_stores(settings, registry, stop)
        if stores is None:
            return 0
        plan = Plan(PARTS, sockets, demo=True, mailbox=Folder(settings.data).mailbox)
        service = build(settings, registry, clock, stores, plan)
        show = Show(cli, settings, registry, clock, service, broker, memory, stop)
        clean = show.run(sent_to)
    if not clean:
        leave_now()
    return 0


def _settings(cli: Cli) -> Settings:
    settings = cli.settings
    if settings.clock is not None:
        raise Usage(Text("The demonstration has a clock of its own. Unset QUANTRAC_CLOCK, and use --speed."))
    chosen = "data" in cli.given or "QUANTRAC_DATA" in cli.environment
    return settings.model_copy(update={
        "data": settings.data if chosen else Path("var") / "demo", "worker": "main",
        "influx_url": None, "state_url": None, "mqtt_password_file": None, "mail_password_file": None,
    })  # fmt: skip


def _check(registry: Registry, data: Path) -> None:
    if (data / "journal").exists() and not is_demonstration(data):
        raise QuantracError(
            Text("The data folder {folder} is not one of the demonstration; it is left alone. Name another by --data.",
                 {"folder": str(data)})
        )  # fmt: skip
    if not registry.measurings(OUTFALL, "cod"):
        raise QuantracError(
            Text("The demonstration needs the shipped configuration: {station} is missing. Name it by --config.",
                 {"station": OUTFALL})
        )  # fmt: skip


def _begin(data: Path, memory: Memory, speed: float) -> tuple[SimulatedClock, datetime]:
    """Return the clock, started now at a full hour, and up to when the stations have published.

    Time stands still while the demonstration is off: it goes on at the next full hour.
    """
    sent_to = memory.read()
    if sent_to is None:
        begins, sent_to = BEGINS, BEGINS - HISTORY
        memory.path.parent.mkdir(parents=True, exist_ok=True)
        memory.write(sent_to)  # before the first message: the folder is ours
    else:
        begins = max(BEGINS, hour_end(max(sent_to, _last_receipt(data))))
        sent_to = sent_to if sent_to < BEGINS else max(sent_to, begins - BACKLOG)
    clock = SimulatedClock(datetime.now(UTC), begins, speed)
    note_origin(data, clock, ClockChoice(begins, speed), again=True)
    return clock, sent_to


def _last_receipt(data: Path) -> datetime:
    folder = Folder(data)
    newest = [folder.open_journal(one, SimulatedClock(BEGINS, BEGINS, 1.0)).newest() for one in folder.workers()]
    return received_at(max(newest, default=0))


@contextmanager
def _broker() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(free_port(1883))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def _mail(folder: Folder) -> Iterator[MailServer]:
    mail = MailServer(folder.mailbox, free_port(2525))
    mail.start()
    try:
        yield mail
    finally:
        mail.stop()


@contextmanager
def _log_file(data: Path) -> Iterator[None]:
    """Log into a file: the terminal is for the story."""
    path = data / "log" / "demo.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", buffering=1) as file:
        log_to(file)
        try:
            yield
        finally:
            log_to()


@dataclass
class Show:
    """The demonstration once everything is wired."""

    cli: Cli
    settings: Settings
    registry: Registry
    clock: SimulatedClock
    service: Service
    broker: EmbeddedBroker
    memory: Memory
    stop: Event
    _taken: set[str] = field(default_factory=set)

    def run(self, sent_to: datetime) -> bool:
        """Start everything, tell what happens, and end it with nothing lost; False where something did not end."""
        script = Script(self.clock.simulated)
        stations = Stations(self.registry, script, _anchor(self.registry))
        ingest = next(part for part in self.service.parts if isinstance(part, Ingest))
        publisher = Publisher(self.broker.port, stations, ingest.journal, self.memory, self.clock)
        self.service.start()
        self._welcome()
        self._await(lambda: ingest.inlet.state().broker.connected)
        publisher.start(sent_to)
        self._tell(self.clock.now(), Text("The stations publish over MQTT; first what their loggers have kept since "
                                          "{moment}.", {"moment": sent_to}))  # fmt: skip
        story = Story(
            self.registry, self.service.stores.engine, self.service.health, script,
            f"{self.settings.staff_address}/mailbox", self.cli.lang, self.clock.speed, self._tell,
        )  # fmt: skip
        story.begin()
        self._watch(story, script, publisher)
        return self._end(publisher)

    def _watch(self, story: Story, script: Script, publisher: Publisher) -> None:
        ticked, live = 0.0, False
        while not self.stop.wait(0.25):
            now = self.clock.now()
            if not live and publisher.sent_to is not None and publisher.sent_to >= self.clock.simulated:
                live = True
                self._tell(now, Text("The stations have caught up, and publish what they measure now."))
            story.look(now)
            if is_last_minute(script, now):
                self._take_over(now)
            if time.monotonic() - ticked >= 1.0:
                ticked = time.monotonic()
                self.service.tick()

    def _take_over(self, now: datetime) -> None:
        """Have the officer on duty take over what no reader has: the last that can be shown of an alert's life."""
        for alert in alerting.open_alerts(self.service.stores.engine):
            if alert.series != SeriesKey(OUTFALL, "cod") or alert.taken_by is not None or alert.short in self._taken:
                continue
            path = link_in(Folder(self.settings.data).mailbox, alert.short)
            if path is not None:
                self._tell(now, Text("Nobody has followed the link, so the demonstration's officer does."))
                self._taken.add(alert.short)
                follow(self.settings.staff_address, path)

    def _end(self, publisher: Publisher) -> bool:
        publisher.stop(1.5)
        clean = self.service.stop_parts()
        status = self.service.health.messages()
        # Called by make, the program is in no path that the reader knows.
        again = "make demo" if "MAKELEVEL" in self.cli.environment else f"quantrac demo --data {self.settings.data}"
        self.cli.say(Text("Ended. {received} messages received, {pending} pending; nothing is lost. "
                          "`{again}` goes on from here.", {**status, "again": again}))  # fmt: skip
        if clean:
            self.service.close()
        return clean

    def _welcome(self) -> None:
        settings = self.settings
        lines = (
            Text("DEMONSTRATION. Facilities are invented, recordings come from elsewhere, one hour takes {seconds} s.",
                 {"seconds": round(3600 / self.clock.speed, 1)}),
            Text("  Public pages   {url}", {"url": settings.public_address}),
            Text("  Staff          {url}", {"url": settings.staff_address}),
            Text("  Mailbox        {url}", {"url": f"{settings.staff_address}/mailbox"}),
            Text("  Log            {file}", {"file": str(settings.data / "log" / "demo.log")}),
            Text("Ctrl-C ends it; started again it goes on."),
        )  # fmt: skip
        for line in lines:
            self.cli.say(line)

    def _tell(self, moment: datetime, text: Text) -> None:
        local = moment.astimezone(self.registry.zone)
        typer.echo(f"[{local:%d/%m %H:%M}] {say(text, self.cli.lang, self.registry.zone)}")

    def _await(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self.stop.wait(0.05):
            self.service.tick()


def _anchor(registry: Registry) -> date:
    return (BEGINS - HISTORY).astimezone(registry.zone).date()
