"""quarantine list, show: what could not be understood, and why."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any

import typer

from domain.text import Text
from ingest.refusals import SECURITY
from service.commands import resolving
from service.commands.frame import Cli, number
from service.commands.manual import Contents, Page
from service.commands.readings import known
from service.commands.refused import Alike, cause, in_common, none_with, row
from service.stores import Folder
from storage.quarantine import Wanted


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("What could not be understood; the messages stay in the journal."),
        epilog="quantrac quarantine list --grouped\nquantrac quarantine show 114688000000000064\n"
               "quantrac quarantine replay --reason unknown_unit --station NT-DH1-03",
    )  # fmt: skip
    app.add_typer(group, name="quarantine")

    def _list(
        ctx: typer.Context,
        alike: Alike,
        security: Annotated[bool, typer.Option("--security", help=_("only security events"))] = False,
        grouped: Annotated[bool, typer.Option("--grouped", help=_("by cause, the most frequent first"))] = False,
        every: Annotated[
            bool, typer.Option("--all", help=_("those that were resolved, too: how, when and by whom"))
        ] = False,
        limit: Annotated[str, typer.Option("--limit", metavar="N", help=_("at most so many (1000)"))] = "1000",
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        most = int(number(limit, "--limit", least=1) or 1)
        wanted = alike.wanted()
        if security:
            wanted = replace(wanted, reasons=SECURITY & set(wanted.reasons or SECURITY))
        if every:
            wanted = replace(wanted, state=None)
        rows = _grouped(cli, wanted, most) if grouped else _single(cli, wanted, most)
        if not rows:
            known(alike.station, cli.registry.stations, "--station")
        if as_json:
            cli.put_json(rows)
        else:
            _put_list(cli, rows, _, is_grouped=grouped, is_every=every)

    group.command(
        "list", cls=Page,
        help=_("List refused messages and parts of messages, newest first, each with its reason.\n\n"
               "With --grouped by cause: what one change puts right, how often it came, when first and last.\n"
               "What claims to be from another than it came from is marked as a security event."),
        epilog="quantrac quarantine list --grouped\n"
               "quantrac quarantine list --reason unknown_unit --station NT-DH1-03\n"
               "quantrac quarantine list --security --all",
    )(in_common(_list, _))  # fmt: skip

    @group.command(
        "show", cls=Page,
        help=_("Show one refusal: what was wrong, and the message as it came."),
        epilog="quantrac quarantine show 114688000000000064",
    )  # fmt: skip
    def _show(
        ctx: typer.Context,
        refusal: Annotated[str, typer.Argument(metavar="ID", help=_("id, as `quantrac quarantine list` shows it"))],
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        show(ctx.obj, refusal, as_json=as_json)

    resolving.add(group, _)


def _put_list(
    cli: Cli, rows: list[dict[str, Any]], _: Callable[..., str], *, is_grouped: bool, is_every: bool
) -> None:  # fmt: skip
    headings = {"reason": _("reason"), "message": _("message"), "topic": _("topic"), "station": _("station")}
    if is_grouped:
        headings = {"messages": _("messages"), **headings, "part": _("part"), "first": _("first"), "last": _("last")}
    else:
        headings = {"id": _("id"), **headings, "received_at": _("received")}
    if any(one["security"] for one in rows):
        headings["marked"] = _("security event")
    if is_every and not is_grouped:
        headings |= {"state": _("state"), "settled_at": _("resolved"), "settled_by": _("by"), "because": _("because")}
    marked = [{**one, "marked": Text("yes") if one["security"] else ""} for one in rows]
    cli.put_rows(marked, headings, as_json=False)


def _single(cli: Cli, wanted: Wanted, most: int) -> list[dict[str, Any]]:
    """Return the newest refusals of all workers."""
    with Folder(cli.settings.data).quarantines() as opened:
        found = [one for store in opened.values() for one in store.list(wanted, most)]
    return [row(one, cli) for one in sorted(found, key=lambda one: one.seq, reverse=True)[:most]]


def _grouped(cli: Cli, wanted: Wanted, most: int) -> list[dict[str, Any]]:
    """Return the causes of all workers, the most frequent first."""
    with Folder(cli.settings.data).quarantines() as opened:
        found = [one for store in opened.values() for one in store.causes(wanted, limit=most)]
    return [cause(one, cli) for one in sorted(found, key=lambda one: one.messages, reverse=True)[:most]]


def show(cli: Cli, refusal: str, *, as_json: bool) -> None:
    """Write a refusal and its message. Raises QuantracError where there is none with that id."""
    with Folder(cli.settings.data).quarantines() as opened:
        for worker, store in opened.items():
            found = store.get(refusal)
            if found is not None:
                with closing(Folder(cli.settings.data).open_journal(worker, cli.clock)) as journal:
                    message = journal.get(found.seq)
                _put(cli, row(found, cli), message.incoming.payload if message else b"", as_json=as_json)
                return
    raise none_with(refusal)


def _put(cli: Cli, one: dict[str, Any], payload: bytes, *, as_json: bool) -> None:
    if as_json:
        cli.put_json({**one, "payload": payload.decode("utf-8", "replace"), "bytes": len(payload)})
        return
    for key in ("id", "reason", "message", "topic", "station", "received_at", "state"):
        cli.say(Text("{key}: {value}", {"key": key, "value": one[key] or "–"}))
    if one["security"]:
        cli.say(Text("A security event: it claims to be from another than it came from."))
    if one["settled_at"]:
        cli.say(Text("Resolved {settled_at} by {settled_by}: {because}", {
            key: one[key] or "–" for key in ("settled_at", "settled_by", "because")
        }))  # fmt: skip
    typer.echo(payload.decode("utf-8", "backslashreplace"))
