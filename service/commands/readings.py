"""import, replay, export, recompute: readings and figures as files."""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import paho.mqtt.client as mqtt
import typer
from paho.mqtt.enums import CallbackAPIVersion

from domain.text import QuantracError, Text
from domain.window import Window, WindowKind
from ingest.session import Broker
from present.words import say
from registry.faults import nearest
from service.catching_up import recompute
from service.commands.frame import Cli, Usage, choice, number
from service.commands.manual import Page
from service.importing import Importer
from service.stores import ServerAway, open_stores
from service.transfer import (
    ImportResult,
    Wanted,
    export_indices,
    export_readings,
    export_revisions,
    export_rollup_revisions,
    export_rollups,
    export_verifications,
    replay,
)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_WHAT = ("readings", "rollups", "indices", "revisions", "rollup-revisions", "verifications")
_STAMPS = ("start", "end")


def add_import(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `import` and `replay` to `app`, explained by `_`."""

    @app.command(
        "import", cls=Page,
        help=_("Take readings from CSV files, the same way as messages, and make the figures.\n\n"
               "Columns: time,station,parameter,value,unit,status; .csv and .csv.gz. Ends when readings, flags and\n"
               "figures have caught up, and says what became of the messages."),
        epilog="quantrac import readings.csv\nquantrac import 2025/*.csv.gz --stamp start",
    )  # fmt: skip
    def _import(
        ctx: typer.Context,
        files: Annotated[list[Path], typer.Argument(metavar="FILE", help=_("readings CSV, packed by gzip or not"))],
        stamp: Annotated[
            str,
            typer.Option(
                "--stamp", metavar="start|end", help=_("what the times are of what each value averages (end)")
            ),
        ] = "end",
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        return run_import(ctx.obj, files, choice(stamp, _STAMPS, "--stamp"), as_json=as_json)

    @app.command(
        "replay", cls=Page,
        help=_("Publish a readings CSV to the broker as the stations would.\n\n"
               "The broker is that of QUANTRAC_MQTT_URL. With --stamp now a reading is stamped with the moment at\n"
               "which it is published; with original the times stay."),
        epilog="quantrac replay readings.csv --speed 60 --stamp now",
    )  # fmt: skip
    def _replay(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("readings CSV, packed by gzip or not"))],
        speed: Annotated[
            str, typer.Option("--speed", metavar="N", help=_("how many times as fast as measured (1)"))
        ] = "1",
        stamp: Annotated[
            str, typer.Option("--stamp", metavar="original|now", help=_("which times the readings bear (original)"))
        ] = "original",
    ) -> None:
        run_replay(
            ctx.obj, file, number(speed, "--speed", least=0.001) or 1.0, choice(stamp, ("original", "now"), "--stamp")
        )


def run_import(cli: Cli, files: list[Path], stamp: str, *, as_json: bool) -> int:
    """Import files and say what came of it; 1 where lines could not be read."""
    stores = open_stores(cli.settings, cli.registry)
    try:
        with cli.progress(Text("importing")) as bar:
            importer = Importer(cli.settings, cli.registry, cli.clock, stores, bar.at)
            results, outcomes = importer.run(files, "start" if stamp == "start" else "end")
    finally:
        stores.close()
    found = [_result(file, result, cli.lang) for file, result in zip(files, results, strict=True)]
    if as_json:
        cli.put_json({"files": found, "outcomes": outcomes})
    else:
        _put_import(cli, found, outcomes)
        if importer.is_alone:
            cli.say(
                Text("The service does not run here: rules are judged, and people told, once it does (quantrac run).")
            )
    return 1 if any(result.bad for result in results) else 0


def _result(file: Path, result: ImportResult, lang: str) -> dict[str, Any]:
    return {
        "file": str(file), "rows": result.rows, "messages": result.messages, "bad": result.bad,
        "worst": [{"line": line, "why": say(why, lang)} for line, why in result.worst],
    }  # fmt: skip


def _put_import(cli: Cli, files: list[dict[str, Any]], outcomes: dict[str, int]) -> None:
    for one in files:
        cli.say(Text("{file}: {rows} lines, {messages} messages; {bad} lines cannot be read", one))
        for bad in one["worst"]:
            cli.say(Text("  line {line}: {why}", bad))
    all_of_them = dict.fromkeys(("stored", "partly", "repeated", "ignored", "quarantined"), 0)
    cli.say(Text("Messages: {stored} stored, {partly} partly, {repeated} repeated, {ignored} ignored, {quarantined} in "
                 "quarantine", {**all_of_them, **outcomes}))  # fmt: skip
    if outcomes.get("partly") or outcomes.get("quarantined"):
        cli.say(Text("What was refused, and why: quantrac quarantine list"))


def run_replay(cli: Cli, file: Path, speed: float, stamp: str) -> None:
    """Publish a file. Raises ServerAway where the broker does not answer."""
    client = _connect(cli)
    try:
        with cli.progress(Text("publishing")) as bar:
            result = replay(
                file, cli.registry, lambda topic, payload: _publish(client, topic, payload), _wait,
                speed=speed, clock=cli.clock if stamp == "now" else None, progress=bar.at,
            )  # fmt: skip
    finally:
        client.disconnect()
        client.loop_stop()
    cli.say(Text("{file}: {rows} lines, {messages} messages; {bad} lines cannot be read", {
        "file": str(file), "rows": result.rows, "messages": result.messages, "bad": result.bad,
    }))  # fmt: skip


def _connect(cli: Cli) -> mqtt.Client:
    broker = Broker.of(cli.settings.mqtt_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    if broker.user is not None:
        client.username_pw_set(broker.user, cli.settings.secret("mqtt_password_file"))
    if broker.tls:
        client.tls_set()
    try:
        client.connect(broker.host, broker.port)
    except OSError as error:
        values = {"url": cli.settings.mqtt_url, "why": error.strerror or str(error)}
        raise ServerAway(
            Text("The broker at {url} does not answer ({why}). QUANTRAC_MQTT_URL says where it is.", values)
        ) from error
    client.loop_start()
    return client


def _publish(client: mqtt.Client, topic: str, payload: bytes) -> None:
    sent = client.publish(topic, payload, qos=1)
    sent.wait_for_publish(30)
    if not sent.is_published():
        raise ServerAway(Text("The broker has not acknowledged a message within 30 s."))


def _wait(pause: timedelta) -> None:
    time.sleep(max(pause.total_seconds(), 0))


def add_export(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `export` to `app`, explained by `_`."""

    @app.command(
        "export", cls=Page,
        help=_("Write readings, rollups, indices, revisions of either, or verifications as CSV to standard output.\n\n"
               "An option left out means all; readings that are computed of others come where their parameter is named.\n"
               "Dates are local midnights: after --from, up to and including --to. Times carry the province's offset,\n"
               "values are not rounded. rollup-revisions: what figures were before they changed, when and why they did."),
        epilog="quantrac export readings --station NT-DH1-03 --parameter cod > cod.csv\n"
               "quantrac export rollups --window day --from 2026-03-01 --to 2026-04-01",
    )  # fmt: skip
    def _export(
        ctx: typer.Context,
        what: Annotated[
            str,
            typer.Argument(
                metavar="WHAT", help=_("readings, rollups, indices, revisions, rollup-revisions or verifications")
            ),
        ],
        station: Annotated[str | None, typer.Option("--station", help=_("only this station"))] = None,
        parameter: Annotated[str | None, typer.Option("--parameter", help=_("only this parameter"))] = None,
        begin: Annotated[
            str | None, typer.Option("--from", metavar="DATE", help=_("from this local midnight on"))
        ] = None,
        end: Annotated[str | None, typer.Option("--to", metavar="DATE", help=_("up to this local midnight"))] = None,
        window: Annotated[
            str | None,
            typer.Option(
                "--window",
                metavar="WINDOW",
                help=_(
                    "of rollups and their revisions: hour, hour8, hour24, day, month, season or year; of indices: hour or day"
                ),
            ),
        ] = None,
    ) -> None:
        cli: Cli = ctx.obj
        span = window_of(cli, begin, end)
        kind = None if window is None else WindowKind(choice(window, WindowKind, "--window"))
        known(station, cli.registry.stations, "--station")
        known(parameter, cli.registry.parameters, "--parameter")
        if kind is not None and what in {"readings", "revisions", "verifications"}:
            raise Usage(
                Text("--window is for rollups, their revisions and indices: leave it out with {what}.", {"what": what})
            )
        export(cli, choice(what, _WHAT, "WHAT"), Wanted(span, station, parameter, kind))


def window_of(cli: Cli, begin: str | None, end: str | None) -> Window:
    """Return the span that two options name; one left out is as early or as late as can be. Raises Usage."""
    start = _BEGINNING if begin is None else cli.moment(begin, "--from")
    stop = cli.clock.now() + timedelta(days=2) if end is None else cli.moment(end, "--to")
    if start >= stop:
        raise Usage(Text("--from must be before --to."))
    return Window(start.astimezone(UTC), stop.astimezone(UTC))


def known(wanted: str | None, ids: Any, option: str) -> None:
    """Raise QuantracError where `wanted` is not among `ids`."""
    if wanted is None or wanted in ids:
        return
    near = nearest(wanted, ids)
    if near is not None:
        raise Usage(Text("{option}: there is no {wanted}. Did you mean {near}?",
                         {"option": option, "wanted": wanted, "near": near}))  # fmt: skip
    raise Usage(Text("{option}: there is no {wanted} in the configuration.", {"option": option, "wanted": wanted}))


def export(cli: Cli, what: str, wanted: Wanted) -> None:
    """Write what is wanted to standard output."""
    registry, out = cli.registry, sys.stdout
    with cli.kept() as settings, closing(open_stores(settings, registry)) as stores:
        if what == "readings":
            export_readings(wanted, registry, stores.readings, out)
        elif what == "rollups":
            export_rollups(wanted, registry, stores.readings, out)
        elif what == "indices":
            export_indices(wanted, registry, stores.readings, out)
        elif what == "rollup-revisions":
            export_rollup_revisions(wanted, registry, stores.engine, out)
        elif what == "verifications":
            export_verifications(wanted, registry, stores.engine, out)
        else:
            export_revisions(wanted, registry, stores.engine, out)


def add_recompute(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add `recompute` to `app`, explained by `_`."""

    @app.command(
        "recompute", cls=Page,
        help=_("Make flags, rollups and indices once more from the readings, after the configuration was changed.\n\n"
               "What differs becomes a revision; the running service makes the figures, or this command where none\n"
               "runs."),
        epilog="quantrac recompute --from 2026-03-01 --to 2026-03-08\n"
               "quantrac recompute --from 2026-03-01 --to 2026-03-08 --station NT-DH1-03",
    )  # fmt: skip
    def _recompute(
        ctx: typer.Context,
        begin: Annotated[str, typer.Option("--from", metavar="DATE", help=_("from this local midnight on"))],
        end: Annotated[str, typer.Option("--to", metavar="DATE", help=_("up to this local midnight"))],
        station: Annotated[str | None, typer.Option("--station", help=_("only this station"))] = None,
    ) -> None:
        cli: Cli = ctx.obj
        known(station, cli.registry.stations, "--station")
        span = window_of(cli, begin, end)
        stores = open_stores(cli.settings, cli.registry)
        try:
            with cli.progress(Text("making figures")) as bar:
                count = recompute(cli.settings, cli.registry, cli.clock, stores, Wanted(span, station), bar.at)
        finally:
            stores.close()
        if not count:
            raise QuantracError(Text("There are no readings in this span; nothing was made."), exit_status=1)
        cli.say(Text("Made again: the figures of {count} series.", {"count": count}))
