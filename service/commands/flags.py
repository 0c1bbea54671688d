"""flags list, override, withdraw: what persons say of readings against the checks."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from typing import Annotated, Any

import typer

from domain.flag import Flag
from domain.reading import SeriesKey
from domain.text import QuantracError, Text
from domain.window import Window
from service.commands.frame import Cli, Usage, choice
from service.commands.manual import Contents, Page
from service.commands.readings import known
from service.overriding import Overriding
from service.stores import open_stores
from storage import overrides
from storage.overrides import Override

_FLAGS = {"good": Flag.GOOD, "suspect": Flag.SUSPECT, "fail": Flag.FAIL}
_LONGEST_NAME = 80


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Flags of readings: what a person says against the checks."),
        epilog="quantrac flags list\n"
               "quantrac flags override NT-DH1-03 cod --from 2026-03-01T08:00+07:00 --to 2026-03-01T10:00+07:00 "
               "--flag fail --by 'Nguyễn Văn A' --note '…'",
    )  # fmt: skip
    app.add_typer(group, name="flags")
    by_help, note_help = _("who says so"), _("on what ground")

    @group.command(
        "list", cls=Page,
        help=_("List what persons have said of readings, the newest first.\n\n"
               "What was withdrawn counts no more, and is listed with --all."),
        epilog="quantrac flags list\nquantrac flags list --station NT-DH1-03 --all --json",
    )  # fmt: skip
    def _list(
        ctx: typer.Context,
        station: Annotated[str | None, typer.Option("--station", help=_("only this station"))] = None,
        every: Annotated[bool, typer.Option("--all", help=_("also what was withdrawn"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:  # fmt: skip
        headings = {"id": _("id"), "station": _("station"), "parameter": _("parameter"), "from": _("from"),
                    "to": _("to"), "flag": _("flag"), "by": _("by"), "note": _("note"),
                    "withdrawn_by": _("withdrawn by")}  # fmt: skip
        cli: Cli = ctx.obj
        known(station, cli.registry.stations, "--station")
        cli.put_rows(rows(cli, station, every=every), headings, as_json=as_json)

    @group.command(
        "override", cls=Page,
        help=_("Say that the checks are wrong about the readings of a span: they then have this flag.\n\n"
               "good and suspect count in averages, fail does not. Only so a suspect reading is excluded. The values\n"
               "stay as they were measured; windows, indices and alerts are made again, and what changes becomes a\n"
               "revision. It holds through every recomputation until it is withdrawn, and stays on record then too.\n"
               "Of two that meet the later counts. Readings stamped after --from, up to and including --to."),
        epilog="quantrac flags override NT-DH1-03 cod --from 2026-03-01T08:00+07:00 --to 2026-03-01T10:00+07:00 "
               "--flag fail --by 'Nguyễn Văn A' --note 'Biên bản 12'",
    )  # fmt: skip
    def _override(
        ctx: typer.Context,
        series: Annotated[
            tuple[str, str], typer.Argument(metavar="STATION PARAMETER", help=_("ids of a station and a parameter"))
        ],
        begin: Annotated[str, typer.Option("--from", metavar="TIME", help=_("after this moment, or local midnight"))],
        end: Annotated[str, typer.Option("--to", metavar="TIME", help=_("up to this moment, or local midnight"))],
        flag: Annotated[str, typer.Option("--flag", metavar="FLAG", help=_("good, suspect or fail"))],
        by: Annotated[str, typer.Option("--by", metavar="NAME", help=by_help)],
        note: Annotated[str, typer.Option("--note", metavar="TEXT", help=note_help)],
    ) -> None:  # fmt: skip
        cli: Cli = ctx.obj
        said = _said(by, note)
        window = Window(cli.moment(begin, "--from").astimezone(UTC), cli.moment(end, "--to").astimezone(UTC))
        if window.start >= window.end:
            raise Usage(Text("--from must be before --to."))
        named = _FLAGS[choice(flag, _FLAGS, "--flag")]
        override(cli, Override(_series(cli, *series), window, named, *said, cli.clock.now()))

    @group.command(
        "withdraw", cls=Page,
        help=_("Let an override count no more: the checks' own flags come back, and what is made of them.\n\n"
               "It stays on record with who withdrew it, and why."),
        epilog="quantrac flags withdraw 3 --by 'Nguyễn Văn A' --note 'Nhầm trạm'",
    )  # fmt: skip
    def _withdraw(
        ctx: typer.Context,
        number: Annotated[str, typer.Argument(metavar="ID", help=_("id, as `quantrac flags list` shows it"))],
        by: Annotated[str, typer.Option("--by", metavar="NAME", help=by_help)],
        note: Annotated[str, typer.Option("--note", metavar="TEXT", help=note_help)],
    ) -> None:
        withdraw(ctx.obj, number, _said(by, note))


def rows(cli: Cli, station: str | None, *, every: bool) -> list[dict[str, Any]]:
    """Return the overrides, the newest first; those that were withdrawn too if `every`."""
    with cli.state() as engine:
        found = overrides.read(engine)
    wanted = [one for one in found if station in {None, one.series.station} and (every or one.withdrawn_at is None)]
    return [_row(one) for one in reversed(wanted)]


def _row(one: Override) -> dict[str, Any]:
    return {
        "id": one.id, "station": one.series.station, "parameter": one.series.parameter,
        "from": one.window.start, "to": one.window.end, "flag": one.flag.name.lower(), "by": one.by, "note": one.note,
        "made_at": one.made_at, "withdrawn_by": one.withdrawn_by, "withdrawn_note": one.withdrawn_note,
        "withdrawn_at": one.withdrawn_at,
    }  # fmt: skip


def override(cli: Cli, word: Override) -> None:
    """Keep a person's word on readings and make what follows from it. Raises QuantracError where there are none."""
    with (
        cli.kept() as settings,
        closing(open_stores(settings, cli.registry)) as stores,
        cli.progress(Text("making figures")) as bar,
    ):
        overriding = Overriding(settings, cli.registry, cli.clock, stores, bar.at)
        number, count = overriding.add(word)
    values = {"id": number, "count": count, "flag": word.flag.name.lower(), "by": word.by}
    cli.say(Text("Override {id}: {count} readings have the flag {flag}, by {by}. Withdraw it by its id.", values))


def withdraw(cli: Cli, written: str, said: tuple[str, str]) -> None:
    """Withdraw an override. Raises QuantracError where there is none, or it is withdrawn already."""
    with (
        cli.kept() as settings,
        closing(open_stores(settings, cli.registry)) as stores,
        cli.progress(Text("making figures")) as bar,
    ):
        word = next((one for one in overrides.read(stores.engine) if str(one.id) == written.strip()), None)
        if word is None:
            raise QuantracError(Text("There is no override {id}. `quantrac flags list` lists them.", {"id": written}))
        overriding = Overriding(settings, cli.registry, cli.clock, stores, bar.at)
        if not overriding.withdraw(word, *said):
            raise QuantracError(Text("The override {id} has been withdrawn already.", {"id": word.id}), exit_status=1)
    values = {"id": word.id, "by": said[0]}
    cli.say(Text("The override {id} counts no more, withdrawn by {by}; it stays on record.", values))


def _series(cli: Cli, station: str, parameter: str) -> SeriesKey:
    known(station, cli.registry.stations, "STATION")
    measured = cli.registry.stations[station].measures
    if parameter not in measured:
        known(parameter, cli.registry.parameters, "PARAMETER")
        values = {"station": station, "parameter": parameter, "measured": ", ".join(measured)}
        raise Usage(Text("PARAMETER: {station} does not measure {parameter}. It measures: {measured}.", values))
    series = SeriesKey(station, parameter)
    sources = [one.sources for one in cli.registry.recipes(station) if one.series == series]
    if sources:
        values = {"parameter": parameter, "sources": ", ".join(sources[-1])}
        raise Usage(
            Text("{parameter} is computed of others: override the flag of what it is computed of ({sources}).", values)
        )
    return series


def _said(by: str, note: str) -> tuple[str, str]:
    by, note = by.strip(), note.strip()
    if not by or not note:
        raise Usage(Text("--by and --note must say something: they go on record."))
    if len(by) > _LONGEST_NAME:
        values = {"count": len(by), "most": _LONGEST_NAME}
        raise Usage(Text("--by has {count} characters: write at most {most}.", values))
    return by, note
