"""alerts list, cases list: what is open, what was, and who has taken it over."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from domain.limit import Bound
from domain.text import QuantracError, Text
from present import words
from registry.lookup import Registry
from service.commands.frame import Cli, number
from service.commands.grounds import grounds, grounds_said
from service.commands.manual import Contents, Page
from service.commands.readings import known
from storage.alerting import AlertRow, alert_history, alerts_of_case, case_list, open_alerts


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    _add_alerts(app, _)
    _add_cases(app, _)


def _add_alerts(app: typer.Typer, _: Callable[..., str]) -> None:
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Alerts: what is over a limit or a threshold, or silent."),
        epilog="quantrac alerts list",
    )  # fmt: skip
    app.add_typer(group, name="alerts")

    @group.command(
        "list", cls=Page, help=_("List the alerts that are open, with --all the closed ones too, newest first."),
        epilog="quantrac alerts list\nquantrac alerts list --all --station NT-DH1-03 --json",
    )  # fmt: skip
    def _list(
        ctx: typer.Context,
        closed: Annotated[bool, typer.Option("--all", help=_("closed ones too"))] = False,
        station: Annotated[str | None, typer.Option("--station", help=_("only those of this station"))] = None,
        limit: Annotated[str, typer.Option("--limit", metavar="N", help=_("at most so many (100)"))] = "100",
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON; with all that each rests on"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        rows = alerts(cli, closed=closed, station=station, most=int(number(limit, "--limit", least=1) or 1))
        if not rows:
            known(station, cli.registry.stations, "--station")
        headings = {"case": _("case"), "kind": _("kind"), "rule": _("rule"), "station": _("station"),
                    "parameter": _("parameter"), "level": _("level"), "limit": _("limit"), "since": _("since"),
                    "closed": _("closed"), "taken_by": _("taken over by")}  # fmt: skip
        cli.put_rows(rows if as_json else [_shown(one, cli) for one in rows], headings, as_json=as_json)

    @group.command(
        "show", cls=Page,
        help=_("Show all that the alerts of a case rest on: levels, counts, law and arithmetic, conditions, versions."),
        epilog="quantrac alerts show VV-2026-0147\nquantrac alerts show VV-2026-0147 --json",
    )  # fmt: skip
    def _show(
        ctx: typer.Context,
        case: Annotated[str, typer.Argument(metavar="CASE", help=_("case, as `quantrac alerts list` shows it"))],
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        found = of_case(cli, case)
        if as_json:
            cli.put_json(found)
            return
        for line in (line for one in found for line in grounds_said(one, cli.registry, cli.lang)):
            cli.say(line)


def of_case(cli: Cli, case: str) -> list[dict[str, Any]]:
    """Return the alerts of a case, the oldest first. Raises QuantracError where there is none."""
    with cli.state() as engine:
        found = alerts_of_case(engine, case)
    if not found:
        values = {"case": case}
        raise QuantracError(Text("There is no case {case}. `quantrac cases list` lists them.", values))
    return [_alert(one, cli) for one in found]


def _add_cases(app: typer.Typer, _: Callable[..., str]) -> None:
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Cases: what becomes of alerts."), epilog="quantrac cases list"
    )
    app.add_typer(group, name="cases")

    @group.command(
        "list", cls=Page, help=_("List the cases, newest first."), epilog="quantrac cases list --json",
    )  # fmt: skip
    def _list(
        ctx: typer.Context,
        limit: Annotated[str, typer.Option("--limit", metavar="N", help=_("at most so many (100)"))] = "100",
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        rows = cases(cli, int(number(limit, "--limit", least=1) or 1))
        headings = {"number": _("case"), "station": _("station"), "opened": _("opened"),
                    "messages": _("messages"), "taken_by": _("taken over by"), "taken": _("taken over")}  # fmt: skip
        cli.put_rows(rows, headings, as_json=as_json)


def alerts(cli: Cli, *, closed: bool, station: str | None, most: int) -> list[dict[str, Any]]:
    """Return the alerts as JSON has them."""
    with cli.state() as engine:
        found = alert_history(engine, station=station, limit=most) if closed else open_alerts(engine)
    wanted = [one for one in found if station in {None, one.series.station}]
    return [_alert(one, cli) for one in wanted[:most]]


def _alert(one: AlertRow, cli: Cli) -> dict[str, Any]:
    registry = cli.registry
    return {
        "case": one.case, "kind": one.kind.value, "rule": one.rule, "station": one.series.station,
        "parameter": one.series.parameter or None, "level": one.level, "peak": one.peak,
        "limit_low": one.limit_low, "limit_high": one.limit_high, "since": one.since, "opened": one.opened_at,
        "closed": one.closed_at, "withdrawn": one.record.withdrawn, "taken_by": _person(one.taken_by, registry), "taken": one.taken_at,
        "peak_at": one.peak_at, "valid": one.valid, "expected": one.expected, **grounds(one, cli.lang),
    }  # fmt: skip


def _shown(row: dict[str, Any], cli: Cli) -> dict[str, Any]:
    """Return an alert as a person reads it: level and limit with their unit, written as everywhere."""
    parameter, bound = cli.registry.parameters.get(row["parameter"] or ""), Bound(row["limit_low"], row["limit_high"])
    if parameter is None or row["level"] is None:
        return row
    written = words.shown(row["level"], bound, parameter.precision, cli.lang)
    return {
        **row,
        "level": words.with_unit(written, parameter.unit, cli.lang),
        "limit": words.bound_text(bound, cli.lang),
    }


def _person(identity: str | None, registry: Registry) -> str | None:
    found = registry.people.get(identity or "")
    return found.name if found else identity


def cases(cli: Cli, most: int) -> list[dict[str, Any]]:
    """Return the cases as JSON has them."""
    with cli.state() as engine:
        found = case_list(engine, limit=most)
    return [
        {
            "number": one.number, "station": one.station, "opened": one.opened_at, "messages": one.messages,
            "taken_by": _person(one.taken_by, cli.registry), "taken": one.taken_at,
        }
        for one in found
    ]  # fmt: skip
