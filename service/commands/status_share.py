"""status-share: how much time of a month instruments were calibrating or at fault."""

import csv
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any

import typer

from domain.month import Month
from domain.text import Text
from present.words import number, say
from service.commands.frame import Cli, Usage, choice
from service.commands.manual import Page
from service.commands.readings import known
from service.status_share import BY, COLUMNS, Wanted, rows
from service.stores import open_stores

_MOST = 120  # ten years


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""

    @app.command(
        "status-share", cls=Page,
        help=_("Say how much of a month instruments were calibrating (status 01) or at fault (02), by facility.\n\n"
               "From the counts of the hours, a calendar of maintenance included. The time of every parameter counts;\n"
               "--by parameter shows each. Of several months each has its own lines. Without --from: the last month\n"
               "that is over."),
        epilog="quantrac status-share\nquantrac status-share --from 2026-01 --to 2026-03 --by station --csv\n"
               "quantrac status-share --from 2026-03 --of DN-07 --by parameter",
    )  # fmt: skip
    def _status_share(
        ctx: typer.Context,
        begin: Annotated[
            str | None, typer.Option("--from", metavar="MONTH", help=_("first month, such as 2026-03"))
        ] = None,
        end: Annotated[str | None, typer.Option("--to", metavar="MONTH", help=_("last month (the first)"))] = None,
        by: Annotated[str, typer.Option("--by", help=_("facility, station or parameter"))] = "facility",
        only: Annotated[str | None, typer.Option("--of", metavar="ID", help=_("only this facility or station"))] = None,
        as_csv: Annotated[bool, typer.Option("--csv", help=_("as CSV"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        if as_csv and as_json:
            raise Usage(Text("--csv and --json: choose one of them."))
        found = shares(cli, wanted(cli, (begin, end), choice(by, BY, "--by"), only))
        if as_json:
            cli.put_json(found)
        elif as_csv:
            put_csv(found)
        else:
            if not found and by == "facility" and any(one.facility is None for one in cli.registry.stations.values()):
                cli.warn(Text("Stations that belong to no facility are shown by: --by station."))
            put_table(cli, found)


def wanted(cli: Cli, months: tuple[str | None, str | None], by: str, only: str | None) -> Wanted:
    """Return what options ask for. Raises Usage."""
    registry = cli.registry
    known(only, [*registry.facilities, *registry.stations], "--of")
    facility = only if only in registry.facilities else None
    return Wanted(_months(cli, *months), by, facility, None if facility else only)


def _months(cli: Cli, begin: str | None, end: str | None) -> list[Month]:
    now = Month.of(cli.clock.now(), cli.registry.zone)
    first = now.before if begin is None else _month(begin, "--from")
    last = first if end is None else _month(end, "--to")
    found = [first]
    while found[-1] < last and len(found) <= _MOST:
        found.append(found[-1].after)
    if first > now:
        raise Usage(Text("--from is {month}: that has not begun.", {"month": str(first)}))
    if last < first or len(found) > _MOST:
        raise Usage(Text("--to must not be before --from, and at most {months} months in all.", {"months": _MOST}))
    return found


def _month(written: str, option: str) -> Month:
    try:
        return Month.read(written)
    except ValueError as error:
        values = {"option": option, "written": written}
        raise Usage(Text("{option} is {written}: write a month such as 2026-03.", values)) from error


def shares(cli: Cli, asked: Wanted) -> list[dict[str, Any]]:
    """Return the rows."""
    with (
        cli.kept() as settings,
        closing(open_stores(settings, cli.registry)) as stores,
        cli.progress(Text("looking through the hours")) as bar,
    ):
        return list(rows(asked, cli.registry, stores.readings, bar.at))


def put_csv(found: list[dict[str, Any]]) -> None:
    """Write the rows to standard output, not rounded."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if one[column] is None else one[column] for column in COLUMNS] for one in found)


def put_table(cli: Cli, found: list[dict[str, Any]]) -> None:
    """Write the rows as people read them: hours, and shares in percent."""
    headings = {
        "month": Text("month"), "facility": Text("facility"), "station": Text("station"),
        "parameter": Text("parameter"), "hours": Text("hours"), "calibrating": Text("calibrating (01)"),
        "fault": Text("at fault (02)"),
    }  # fmt: skip
    shown = [
        {**one, "hours": number(one["hours"], 1, cli.lang), "calibrating": _said(one, "calibrating", cli.lang),
         "fault": _said(one, "fault", cli.lang)}
        for one in found
    ]  # fmt: skip
    kept = {key: say(text, cli.lang) for key, text in headings.items() if any(one.get(key) for one in shown)}
    cli.put_rows(shown, kept, as_json=False)


def _said(one: dict[str, Any], what: str, lang: str) -> Text:
    share, hours = one[f"{what}_share"] * 100, one[f"{what}_hours"]
    return Text("{hours} h, {share} %", {"hours": number(hours, 1, lang), "share": number(share, 1, lang)})
