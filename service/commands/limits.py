"""limits list, confirm: what the law says, and who says that it is so."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

import typer

from domain.text import QuantracError, Text
from domain.window import local_day
from present.words import say
from registry.faults import nearest
from registry.limits import Confirmation, Held, confirmation_of, figure_of
from registry.schema import LimitRow, Regulation
from service.commands.frame import Cli, Usage, choice
from service.commands.manual import Contents, Page
from service.commands.readings import known
from service.stores import open_engine
from storage import confirmations

_AVERAGINGS = ("hour", "hour8", "hour24", "day")
_LONGEST_NAME = 80


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Limits: the rows of the regulations, and their confirmation."),
        epilog="quantrac limits list\nquantrac limits confirm ROW --by 'Nguyễn Văn A' --note '…'",
    )  # fmt: skip
    app.add_typer(group, name="limits")

    @group.command(
        "list", cls=Page,
        help=_("List every row of every regulation and licence with its figure, confidence and confirmation.\n\n"
               "Confidence: V2 and more, so many sources agree; S1, one source; MEM, from memory; MISSING, not obtained.\n"
               "`to` is the first day on which a row holds no more. What superseded rows limited is left out with --on."),
        epilog="quantrac limits list\nquantrac limits list --on 2026-03-01 --json\n"
               "quantrac limits list --on 2026-03-01 --station NT-DH1-03",
    )  # fmt: skip
    def _list(
        ctx: typer.Context,
        on: Annotated[str | None, typer.Option("--on", metavar="DATE", help=_("only rows in force on this day"))] = None,
        station: Annotated[
            str | None, typer.Option("--station", help=_("only what holds there (today without --on), factors multiplied"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:  # fmt: skip
        headings = {"row": _("row"), "parameter": _("parameter"), "averaging": _("averaging"), "low": _("low"),
                    "high": _("high"), "unit": _("unit"), "clause": _("clause"), "valid_from": _("from"),
                    "valid_to": _("to"), "confidence": _("confidence"),
                    "confirmed_by": _("confirmed by"), "confirmed_on": _("confirmed on")}  # fmt: skip
        cli: Cli = ctx.obj
        if station is None:
            cli.put_rows(rows(cli, on), headings, as_json=as_json)
            return
        there = {"row": _("row"), "parameter": _("parameter"), "windows": _("compared windows"), "low": _("low"),
                 "high": _("high"), "unit": _("unit"), "level_low": _("low there"), "level_high": _("high there"),
                 "arithmetic": _("arithmetic"), "unmet": _("advisory, because")}  # fmt: skip
        found = rows_at(cli, station, on)
        cli.put_rows(found if as_json else [_shown(one) for one in found], there, as_json=as_json)

    @group.command(
        "confirm", cls=Page,
        help=_("Record that a person confirms a row: exceedances of it then count as of a confirmed limit.\n\n"
               "A row whose text names no averaging is confirmed together with the averaging (--averaging)."),
        epilog="quantrac limits confirm qcvn05-2023-so2-1h --by 'Nguyễn Văn A' --note 'Công văn 12/SNNMT'",
    )  # fmt: skip
    def _confirm(
        ctx: typer.Context,
        row: Annotated[str, typer.Argument(metavar="ROW", help=_("row, as `quantrac limits list` shows it"))],
        by: Annotated[str, typer.Option("--by", metavar="NAME", help=_("who confirms it"))],
        note: Annotated[str, typer.Option("--note", metavar="TEXT", help=_("on what ground"))],
        averaging: Annotated[
            str | None,
            typer.Option("--averaging", metavar="WINDOW", help=_("hour, hour8, hour24, day, month, season or year")),
        ] = None,
    ) -> None:
        confirm(ctx.obj, row, (by, note), averaging)


def rows(cli: Cli, on: str | None) -> list[dict[str, Any]]:
    """Return the rows, those in force on a date if one is given."""
    day = None if on is None else _day(on)
    with cli.state() as engine:
        said = confirmations.read(engine)
    found = [*cli.registry.limits(day), *cli.registry.permits(day)]
    return [_row(regulation, row, confirmation_of(row, said)) for regulation, row in found]


def rows_at(cli: Cli, station: str, on: str | None) -> list[dict[str, Any]]:
    """Return what holds for a station on a date, or today: each row as it is, and as it is compared there."""
    known(station, cli.registry.stations, "--station")
    day = local_day(cli.clock.now(), cli.registry.zone) if on is None else _day(on)
    with cli.state() as engine:
        said = confirmations.read(engine)
    return [_held(cli, one, said) for one in cli.registry.holding(station, day, said)]


def _held(cli: Cli, one: Held, said: Mapping[str, Confirmation]) -> dict[str, Any]:
    applied = one.applied
    return {
        **_row(one.regulation, one.row, confirmation_of(one.row, said)), "windows": list(one.windows),
        "level_low": applied.low if applied else None, "level_high": applied.high if applied else None,
        "level_unit": cli.registry.parameters[one.row.parameter].unit,
        "factors": [{"name": each.name, "value": each.value} for each in one.factors],
        "confirmed": bool(applied and applied.confirmed),
        "unmet": [say(text, cli.lang) for text in applied.unmet] if applied else [],
    }  # fmt: skip


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    factors = " × ".join(f"{one['name']} {one['value']:g}" for one in row["factors"])
    figure = row["low"] if row["high"] is None else row["high"]
    return {
        **row, "windows": ", ".join(row["windows"]), "unmet": "; ".join(row["unmet"]),
        "arithmetic": f"{figure:g} × {factors}" if factors and figure is not None else None,
    }  # fmt: skip


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        values = {"option": "--on", "written": written}
        raise Usage(Text("{option} is {written}: write a date such as 2026-03-01.", values)) from error


def _row(regulation: Regulation, row: LimitRow, said: Confirmation | None) -> dict[str, Any]:
    return {
        "row": row.row, "regulation": regulation.id, "clause": row.clause, "parameter": row.parameter,
        "averaging": row.averaging, "bound": _bound(row), "low": row.at_least, "high": row.at_most, "unit": row.unit,
        "valid_from": row.valid_from or regulation.valid_from, "valid_to": row.valid_to or regulation.valid_to,
        "confidence": row.confidence, "confirmed_by": said.confirmed_by if said else None,
        "confirmed_on": said.confirmed_on if said else None,
    }  # fmt: skip


def _bound(row: LimitRow) -> str | None:
    if row.class_name is not None:
        return "class"
    names = {(True, True): "between", (True, False): "at_least", (False, True): "at_most"}
    return names.get((row.at_least is not None, row.at_most is not None))


def confirm(cli: Cli, wanted: str, word: tuple[str, str], averaging: str | None) -> None:
    """Keep a person's confirmation of a row. Raises QuantracError where that cannot be."""
    by, note = said_by(*word)
    row = _find(cli, wanted)
    figure = figure_of(row)
    if figure is None:
        raise Usage(Text("{row} has no figure to confirm: write it into its file first.", {"row": row.row}))
    named = _averaging(row, averaging, cli.registry.province.policies.unstated_averaging)
    engine = open_engine(cli.settings)
    now = cli.clock.now()
    today = now.astimezone(cli.registry.zone).date()
    try:
        before = confirmation_of(row, confirmations.read(engine))
        confirmations.add(engine, Confirmation(row.row, by, today, named, figure), note=note, at=now)
    finally:
        engine.dispose()
    values = {"row": row.row, "figure": figure, "by": by, "on": today}
    cli.say(Text("{row} ({figure}) is confirmed by {by}, {on}.", values))
    if before is not None:
        earlier = {"by": before.confirmed_by, "on": before.confirmed_on}
        cli.say(Text("It had been confirmed by {by}, {on}; that stays on record.", earlier))


def _averaging(row: LimitRow, written: str | None, policy: str) -> str | None:
    """Return the averaging that is confirmed with `row`, None where its text names one. Raises Usage."""
    named = None if written is None else choice(written, _AVERAGINGS, "--averaging")
    if row.averaging != "unstated":
        if named not in {None, row.averaging}:
            values = {"row": row.row, "averaging": row.averaging, "written": named}
            raise Usage(Text("The text of {row} names its averaging, {averaging}: it cannot be {written}.", values))
        return None
    if named is None:
        raise Usage(
            Text("The text of {row} names no averaging: confirm it together with --averaging.", {"row": row.row})
        )
    if named != policy:
        values = {"row": row.row, "written": named, "policy": policy}
        raise Usage(Text(
            "{row} is compared with averages of {policy} (unstated_averaging in province.yaml), so {written} would never "
            "count: confirm {policy}, or change the policy.", values,
        ))  # fmt: skip
    return named


def said_by(by: str, note: str) -> tuple[str, str]:
    """Return who confirms, and on what ground. Raises Usage where one of them says nothing."""
    by, note = by.strip(), note.strip()
    if not by or not note:
        raise Usage(Text("--by and --note must say something: the confirmation goes on record."))
    if len(by) > _LONGEST_NAME:
        values = {"count": len(by), "most": _LONGEST_NAME}
        raise Usage(Text("--by has {count} characters: write at most {most}.", values))
    return by, note


def _find(cli: Cli, wanted: str) -> LimitRow:
    known = {row.row: row for _, row in (*cli.registry.limits(None), *cli.registry.permits())}
    if wanted in known:
        return known[wanted]
    near = nearest(wanted, known)
    if near is not None:
        raise QuantracError(Text("There is no row {row}. Did you mean {near}?", {"row": wanted, "near": near}))
    raise QuantracError(Text("There is no row {row}. `quantrac limits list` lists them.", {"row": wanted}))
