"""quarantine list, show: what could not be understood, and why."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from domain.text import QuantracError, Text
from ingest.refusals import RefusalReason
from present.words import say
from service.commands.frame import Cli, choice, number
from service.commands.manual import Contents, Page
from service.commands.readings import known
from service.stores import Folder
from storage.quarantine import Quarantine, Refused


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("What could not be understood; the messages stay in the journal."),
        epilog="quantrac quarantine list\nquantrac quarantine show 114688000000000064",
    )  # fmt: skip
    app.add_typer(group, name="quarantine")

    @group.command(
        "list", cls=Page,
        help=_("List refused messages and parts of messages, newest first, each with its reason."),
        epilog="quantrac quarantine list\nquantrac quarantine list --reason unknown_unit --station NT-DH1-03",
    )  # fmt: skip
    def _list(
        ctx: typer.Context,
        reason: Annotated[str | None, typer.Option("--reason", help=_("only those refused for this reason"))] = None,
        station: Annotated[str | None, typer.Option("--station", help=_("only those of this station"))] = None,
        limit: Annotated[str, typer.Option("--limit", metavar="N", help=_("at most so many (1000)"))] = "1000",
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        most = int(number(limit, "--limit", least=1) or 1)
        if reason is not None:
            choice(reason, RefusalReason, "--reason")
        rows = [row(one, cli) for one in refusals(cli, reason, station, most)]
        if not rows:
            known(station, cli.registry.stations, "--station")
        headings = {"id": _("id"), "reason": _("reason"), "message": _("message"), "topic": _("topic"),
                    "station": _("station"), "received_at": _("received")}  # fmt: skip
        cli.put_rows(rows, headings, as_json=as_json)

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


def refusals(cli: Cli, reason: str | None, station: str | None, most: int) -> list[Refused]:
    """Return the newest refusals of all workers."""
    found = [one for _, store in _stores(cli) for one in store.list(reason, station, most)]
    return sorted(found, key=lambda one: one.seq, reverse=True)[:most]


def _stores(cli: Cli) -> list[tuple[str, Quarantine]]:
    folder = Folder(cli.settings.data)
    return [
        (worker, folder.open_quarantine(worker)) for worker in folder.workers() if folder.quarantine(worker).exists()
    ]


def row(one: Refused, cli: Cli) -> dict[str, Any]:
    """Return a refusal as JSON has it."""
    return {
        "id": one.id, "reason": one.reason, "message": say(one.message, cli.lang), "topic": one.topic,
        "station": one.station, "received_at": one.received_at.astimezone(cli.registry.zone),
    }  # fmt: skip


def show(cli: Cli, refusal: str, *, as_json: bool) -> None:
    """Write a refusal and its message. Raises QuantracError where there is none with that id."""
    for worker, store in _stores(cli):
        found = store.get(refusal)
        if found is not None:
            message = Folder(cli.settings.data).open_journal(worker, cli.clock).get(found.seq)
            payload = message.incoming.payload if message else b""
            _put(cli, row(found, cli), payload, as_json=as_json)
            return
    raise QuantracError(
        Text("Nothing in quarantine has the id {id}. `quantrac quarantine list` shows the ids.", {"id": refusal}),
        exit_status=1,
    )


def _put(cli: Cli, one: dict[str, Any], payload: bytes, *, as_json: bool) -> None:
    if as_json:
        cli.put_json({**one, "payload": payload.decode("utf-8", "replace"), "bytes": len(payload)})
        return
    for key, value in one.items():
        cli.say(Text("{key}: {value}", {"key": key, "value": value or "–"}))
    typer.echo(payload.decode("utf-8", "backslashreplace"))
