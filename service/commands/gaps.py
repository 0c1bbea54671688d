"""gaps: what loggers are to send again."""

import csv
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from domain.text import Text
from domain.window import Window, local_midnight
from present.words import say
from service.commands.frame import Cli, Usage
from service.commands.manual import Page
from service.commands.readings import known
from service.gaps import COLUMNS, Asked, find_gaps, row
from service.health import Health
from service.stores import Folder, open_stores

_DAYS = timedelta(days=7)
_PATIENCE = timedelta(minutes=1)


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""

    @app.command(
        "gaps", cls=Page,
        help=_("List what is missing of each station, so that its logger can send it again.\n\n"
               "A span is after its start, up to and including its end. Without --from and --to: the last seven days.\n"
               "What has not had time to come yet is not listed, nor is what has no interval. A message in quarantine\n"
               "is missing too: see there first. Ends with 0, whether or not something is missing."),
        epilog="quantrac gaps\nquantrac gaps --station NT-DH1-03 --from 2026-03-01 --to 2026-03-08\n"
               "quantrac gaps --from 2026-03-01 --to 2026-04-01 --csv > gaps.csv",
    )  # fmt: skip
    def _gaps(
        ctx: typer.Context,
        begin: Annotated[
            str | None, typer.Option("--from", metavar="DATE", help=_("from this local midnight on"))
        ] = None,
        end: Annotated[str | None, typer.Option("--to", metavar="DATE", help=_("up to this local midnight"))] = None,
        station: Annotated[str | None, typer.Option("--station", help=_("only this station"))] = None,
        as_csv: Annotated[bool, typer.Option("--csv", help=_("as CSV"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        if as_csv and as_json:
            raise Usage(Text("--csv and --json: choose one of them."))
        window = span(cli, begin, end)
        known(station, cli.registry.stations, "--station")
        rows = missing(cli, window, list(cli.registry.stations) if station is None else [station])
        if as_json:
            cli.put_json(rows)
        elif as_csv:
            put_csv(rows)
        else:
            put_table(cli, rows, window)


def span(cli: Cli, begin: str | None, end: str | None) -> Window:
    """Return what two options name, up to now and seven days if they are left out. Raises Usage."""
    stop = (cli.clock.now() if end is None else cli.moment(end, "--to")).astimezone(UTC)
    start = local_midnight(stop - _DAYS, cli.registry.zone) if begin is None else cli.moment(begin, "--from")
    if start >= stop:
        raise Usage(Text("--from must be before --to."))
    return Window(start.astimezone(UTC), stop)


def missing(cli: Cli, window: Window, stations: list[str]) -> list[dict[str, Any]]:
    """Return the gaps of `stations`; say so where messages wait that may fill them."""
    registry, found = cli.registry, []
    with cli.kept() as settings, closing(open_stores(settings, registry)) as stores:
        waits = Health(registry, Folder(settings.data), stores.engine, cli.clock).lag()
        if waits > _PATIENCE:
            cli.warn(Text("Messages wait to be understood, the oldest for {minutes} min; what they hold is listed as "
                          "missing.", {"minutes": waits // _PATIENCE}))  # fmt: skip
        with cli.progress(Text("looking for gaps")) as bar:
            asked = Asked(window, cli.clock.now())
            for station, gap in find_gaps(asked, stations, registry, stores.readings, bar.at):
                found.append(row(station, gap, registry))
    return found


def put_csv(rows: list[dict[str, Any]]) -> None:
    """Write gaps to standard output; parameters are separated by spaces."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow([_plain(one[column]) for column in COLUMNS])


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return " ".join(value) if isinstance(value, list) else value


def put_table(cli: Cli, rows: list[dict[str, Any]], window: Window) -> None:
    """Write gaps as somebody mails them to those who look after a logger."""
    if not rows:
        cli.say(Text("Nothing is missing between {start} and {end}.", {"start": window.start, "end": window.end}))
        return
    cli.say(Text("Missing between {start} and {end}; a span is after its start, up to and including its end.",
                 {"start": window.start, "end": window.end}))  # fmt: skip
    headings = {"station": Text("Station"), "start": Text("nothing after"), "end": Text("up to"),
                "missing": Text("intervals missing"), "what": Text("what is missing")}  # fmt: skip
    shown = [{**one, "what": _what(one)} for one in rows]
    cli.put_rows(shown, {key: say(text, cli.lang) for key, text in headings.items()}, as_json=False)
    cli.say(Text("Gaps: {gaps}; stations: {stations}; readings that are missing in all: {readings}", {
        "gaps": len(rows), "stations": len({one["station"] for one in rows}),
        "readings": sum(one["readings"] for one in rows),
    }))  # fmt: skip


def _what(one: dict[str, Any]) -> Text | str:
    return Text("the whole station") if one["scope"] == "station" else ", ".join(one["parameters"])
