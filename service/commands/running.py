"""run, demo, setup-influx: the service itself."""

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from domain.clock import SystemClock
from domain.text import QuantracError, Text, system_says
from service.build import Plan, build
from service.commands.frame import Cli, Usage, choice, number
from service.commands.manual import Page, PageWithVariables
from service.locks import Locks
from service.logs import log_to
from service.parts import PARTS, listen
from service.run import leave_now, suit_python, until_signalled
from service.settings import Settings, unknown_variables, variable
from service.stores import ServerAway, await_stores
from storage.influx_setup import setup
from storage.readings import StoreUnavailable


def add_run(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `run` to `app`, explained by `_`."""

    @app.command(
        "run", cls=PageWithVariables,
        help=_("Run the service, or the named parts of it, as one process in the foreground.\n\n"
               "ingest takes messages in; schedule makes figures, judges rules and delivers messages; public and\n"
               "staff serve pages. SIGTERM or Ctrl-C ends it cleanly. It waits for servers that are away."),
        epilog="quantrac run\nquantrac run ingest schedule\nQUANTRAC_MQTT_URL=mqtt://broker:1883 quantrac run",
    )  # fmt: skip
    def _run(
        ctx: typer.Context,
        parts: Annotated[
            list[str] | None, typer.Argument(metavar="PART", help=_("ingest, schedule, public, staff; none: all"))
        ] = None,
    ) -> int:
        return run_parts(ctx.obj, [choice(part, PARTS, "PART") for part in parts or PARTS])


def run_parts(cli: Cli, parts: list[str]) -> int:
    """Run `parts` until a signal comes; return the exit status."""
    settings, registry, clock = cli.settings, cli.registry, cli.clock
    for unknown in unknown_variables(cli.environment):
        cli.warn(unknown)
    log_to()
    if not isinstance(clock, SystemClock):
        cli.warn(Text("SIMULATED TIME: {now}, {speed} times as fast as the real one.",
                      {"now": clock.now().astimezone(registry.zone), "speed": clock.speed}))  # fmt: skip
    stop = Event()
    with Locks(settings.data) as locks, until_signalled(stop):
        locks.take(lock_names(parts, settings.worker))
        plan = Plan(parts, open_sockets(settings, parts))
        stores = await_stores(settings, registry, stop)
        if stores is None:
            return 0
        service = build(settings, registry, clock, stores, plan)
        for line in where_pages_are(settings, parts):
            cli.warn(line)
        suit_python()
        if not service.run(stop):
            leave_now()
    return 0


def where_pages_are(settings: Settings, parts: list[str]) -> list[Text]:
    """Return a sentence for each part with pages: somebody who has started it for the first time looks for them."""
    public = {"url": settings.public_address, "bind": settings.public_bind}
    staff = {"url": settings.staff_address, "bind": settings.staff_bind}
    said = {
        "public": Text("Public pages: {url} (listening on {bind})", public),
        "staff": Text("Staff pages: {url} (listening on {bind})", staff),
    }
    return [said[part] for part in said if part in parts]


def lock_names(parts: list[str], worker: str) -> list[str]:
    """Return the locks of `parts`; ingest may run once for each worker."""
    return [f"ingest-{worker}" if part == "ingest" else part for part in parts]


def open_sockets(settings: Settings, parts: list[str]) -> dict[str, socket.socket]:
    """Open the sockets of the parts with pages, before anything else begins. Raises QuantracError."""
    binds = {"public": settings.public_bind, "staff": settings.staff_bind}
    return {part: listen(bind, variable(f"{part}_bind")) for part, bind in binds.items() if part in parts}


def add_demo(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `demo` to `app`, explained by `_`."""

    @app.command(
        "demo", cls=Page,
        help=_("Run all of it on this machine with real recordings and an incident, on a clock of its own.\n\n"
               "Nothing needs to be installed or set up: broker, mail server and stores are built in. The terminal\n"
               "tells what is going on and where to look. Ctrl-C ends it; started again it goes on."),
        epilog="quantrac demo\nquantrac demo --speed 60 --data var/slow\nQUANTRAC_PUBLIC_BIND=127.0.0.1:9080 quantrac demo",
    )  # fmt: skip
    def _demo(
        ctx: typer.Context,
        speed: Annotated[
            str, typer.Option("--speed", metavar="N", help=_("how many times as fast as real time (240)"))
        ] = "240",
    ) -> int:
        try:
            from service.demo.show import run_demo  # noqa: PLC0415 - its broker and mail server are an extra
        except ModuleNotFoundError as error:
            raise Usage(
                Text("The demonstration needs {module}. Install it with: pip install 'quantrac[demo]'",
                     {"module": error.name})
            ) from error  # fmt: skip
        wanted = number(speed, "--speed", least=1)
        return run_demo(ctx.obj, 240.0 if wanted is None else wanted)


def add_setup_influx(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `setup-influx` to `app`, explained by `_`."""

    @app.command(
        "setup-influx", cls=Page,
        help=_("Make buckets, mappings and two scoped tokens on an InfluxDB 2.\n\n"
               "Needs QUANTRAC_INFLUX_URL, QUANTRAC_INFLUX_ORG and QUANTRAC_INFLUX_ADMIN_TOKEN_FILE. Writes\n"
               "service.token and grafana.token into the folder. Run again, it changes nothing."),
        epilog="QUANTRAC_INFLUX_URL=http://127.0.0.1:8086 QUANTRAC_INFLUX_ADMIN_TOKEN_FILE=admin.token \\\n"
               "  quantrac setup-influx --out secrets",
    )  # fmt: skip
    def _setup_influx(
        ctx: typer.Context,
        out: Annotated[Path, typer.Option("--out", metavar="DIR", help=_("folder for the two token files"))],
    ) -> None:
        cli: Cli = ctx.obj
        url, token = cli.settings.influx_url, cli.settings.secret("influx_admin_token_file")
        if url is None or token is None:
            raise QuantracError(
                Text("setup-influx needs QUANTRAC_INFLUX_URL (where InfluxDB is) and QUANTRAC_INFLUX_ADMIN_TOKEN_FILE "
                     "(a file with its admin token).")
            )  # fmt: skip
        _make_folder(out)
        try:
            for said in setup(url, cli.settings.influx_org, token, out):
                cli.say(said)
        except StoreUnavailable as error:
            raise ServerAway(
                Text("InfluxDB at {url} does not answer or refuses ({why}).", {"url": url, "why": str(error)})
            ) from error
        cli.say(Text("Done. The tokens are in {folder}.", {"folder": str(out)}))


def _make_folder(out: Path) -> None:
    """Make the folder of the tokens, before there is a token that could not be kept. Raises QuantracError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        values = {"path": str(error.filename or out), "why": system_says(error)}
        raise QuantracError(
            Text("{path} cannot be written ({why}). Name another folder with --out.", values)
        ) from error
