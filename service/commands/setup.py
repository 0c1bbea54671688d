"""init, check-config: a configuration to begin with, and what is wrong with one."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.schemes import listed
from domain.text import QuantracError, Text, system_says
from present.words import say
from registry.faults import ConfigurationError
from registry.lookup import PERMIT, Registry
from registry.starter import write_starter
from service.commands.frame import Cli, Usage, configuration
from service.commands.manual import Page


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""

    @app.command(
        "init", cls=Page,
        help=_("Write a starter configuration into a folder, each file explained.\n\n"
               "With a list of stations, your own stations and areas take the place of the examples. Files that are\n"
               "there already are never overwritten. The list is a CSV (.csv or .csv.gz, UTF-8) with the columns\n"
               "id,name_vi,name_en,kind,area,area_kind,latitude,longitude,interval_seconds,stamp,parameters;\n"
               "parameters are separated by spaces."),
        epilog="quantrac init my-province\nquantrac init my-province --stations stations.csv\n"
               "quantrac check-config --config my-province",
    )  # fmt: skip
    def _init(
        ctx: typer.Context,
        folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("folder to write into; made if there is none"))],
        stations: Annotated[
            Path | None, typer.Option("--stations", metavar="FILE.csv", help=_("your list of stations"))
        ] = None,
    ) -> None:  # fmt: skip
        cli: Cli = ctx.obj
        for path in _written(folder, stations):
            cli.say(Text("written: {path}", {"path": str(path)}))
        for line in _YOURS:
            cli.say(line)
        cli.say(Text("Next: quantrac check-config --config {folder}", {"folder": str(folder)}))

    @app.command(
        "check-config", cls=Page,
        help=_("Check the whole configuration and list every fault in one go.\n\n"
               "Each fault comes with its file, line and key, what is wrong and what would be right. Ends with 2 if\n"
               "there is any."),
        epilog="quantrac check-config --config config",
    )  # fmt: skip
    def _check_config(
        ctx: typer.Context,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        return check_config(ctx.obj, as_json=as_json)


def _written(folder: Path, stations: Path | None) -> list[Path]:
    if folder.exists() and not folder.is_dir():
        raise Usage(
            Text("{path} is a file. `init` writes into a folder: name a new or empty one. A list of stations is named by "
                 "--stations.", {"path": str(folder)})
        )  # fmt: skip
    try:
        return write_starter(folder, stations)
    except OSError as error:
        values = {"path": str(error.filename or folder), "why": system_says(error)}
        raise QuantracError(Text("{path} cannot be written ({why}). Name another folder.", values)) from error


# What a starter cannot know; none of it is a fault.
_YOURS = (
    Text("Only you can know the following:"),
    Text(
        "  province.yaml   the names of the province and the department; the box that a new station may lie outside of"
    ),
    Text("  areas.yaml      the names of the areas, as the public pages show them"),
    Text("  teams.yaml      who is told: nothing reaches an address at quantrac.example"),
    Text(
        "  facilities.yaml who discharges and under which regulation; without it no limit holds at outfalls and stacks"
    ),
    Text("  stations.yaml   grade and certificates, without which nothing is more than advisory"),
)


def check_config(cli: Cli, *, as_json: bool) -> int:
    """Say what is wrong with the configuration, or what it holds."""
    try:
        registry = configuration(cli.settings.config)
    except ConfigurationError as error:
        if as_json:
            cli.put_json([fault_row(fault, cli.lang) for fault in error.faults])
        else:
            put_faults(error, cli.lang, err=False)
        return error.exit_status
    if as_json:
        cli.put_json([])
    else:
        cli.say(Text("{folder}: no fault. {stations} stations, {areas} areas, {rules} rules.", {
            "folder": str(cli.settings.config), "stations": len(registry.stations), "areas": len(registry.areas),
            "rules": len(registry.rules),
        }))  # fmt: skip
        _put_unlimited(cli, registry)
        _put_unconfirmed(cli, registry)
    return 0


def _put_unlimited(cli: Cli, registry: Registry) -> None:
    """Name the discharges with which nothing can be compared, though that is no fault."""
    found = [one.id for one in registry.stations.values() if one.kind in PERMIT.kinds and one.facility is None]
    if found:
        cli.say(Text(
            "No limit holds at {stations}: regulation and licence are a facility's, and none is named there. Write "
            "`facility` in stations.yaml, and the facility in facilities.yaml.", {"stations": ", ".join(found)},
        ))  # fmt: skip


def _put_unconfirmed(cli: Cli, registry: Registry) -> None:
    """Name the indices that are made only once a person has confirmed them; whether one has is no part of the files."""
    for one in listed(registry):
        if one.unconfirmed is not None:
            values = {"index": one.id, "why": one.unconfirmed}
            cli.say(Text("{index} needs a person's confirmation; `quantrac indices list` says whether it has it. Without it: "
                         "{why}", values))  # fmt: skip


def put_faults(error: ConfigurationError, lang: str, *, err: bool = True) -> None:
    """Write every fault: where it is, what is wrong, what would be right."""
    for fault in error.faults:
        row = fault_row(fault, lang)
        place = ":".join(str(part) for part in (row["file"], row["line"]) if part is not None)
        where = ": ".join(part for part in (place, row["key"]) if part)
        typer.echo(f"{where}\n  {row['wrong']}\n  → {row['right']}", err=err)
    typer.echo(say(Text("Faults: {count}", {"count": len(error.faults)}), lang), err=err)


def fault_row(fault: Any, lang: str) -> dict[str, Any]:
    """Return a fault as JSON has it."""
    return {
        "file": fault.file, "line": fault.line, "key": fault.key,
        "wrong": say(fault.wrong, lang), "right": say(fault.right, lang),
    }  # fmt: skip
