"""indices list, confirm: which indices are made, by which reading of their text, and who says that it is the right one."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from analysis.schemes import SCHEMES, VERSIONS, Scheme, listed
from domain.text import Text
from domain.window import WindowKind
from present.words import say
from registry.limits import Confirmation
from registry.lookup import Registry
from service.commands.frame import Cli, Usage, choice
from service.commands.limits import said_by
from service.commands.manual import Contents, Page
from service.stores import open_engine
from storage import confirmations


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Indices: which are made, by which text, and their confirmation."),
        epilog="quantrac indices list\nquantrac indices confirm vn_wqi --by 'Nguyễn Văn A' --note '…'",
    )  # fmt: skip
    app.add_typer(group, name="indices")

    @group.command(
        "list", cls=Page,
        help=_("List the indices that province.yaml names: scheme and version, whether they are made, and if not, why."),
        epilog="quantrac indices list\nquantrac indices list --json",
    )  # fmt: skip
    def _list(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False) -> None:
        headings = {"index": _("index"), "scheme": _("scheme"), "made": _("made"), "why": _("why not"),
                    "confirmed_by": _("confirmed by"), "confirmed_on": _("confirmed on")}  # fmt: skip
        put(ctx.obj, headings, as_json=as_json)

    @group.command(
        "confirm", cls=Page,
        help=_("Record that a person has read an index's text and confirms the version that is made of it.\n\n"
               "Only vn_wqi needs that: our sources do not agree on its aggregation. A later version needs another word."),
        epilog="quantrac indices confirm vn_wqi --by 'Nguyễn Văn A' --note 'QĐ 1460, mục 3.2'",
    )  # fmt: skip
    def _confirm(
        ctx: typer.Context,
        index: Annotated[str, typer.Argument(metavar="INDEX", help=_("index, as `quantrac indices list` shows it"))],
        by: Annotated[str, typer.Option("--by", metavar="NAME", help=_("who confirms it"))],
        note: Annotated[str, typer.Option("--note", metavar="TEXT", help=_("on what ground"))],
    ) -> None:
        confirm(ctx.obj, index, (by, note))


def rows(registry: Registry, said: Mapping[str, Confirmation]) -> list[dict[str, Any]]:
    """Return the indices that are listed, each with whether it is made."""
    return [_row(one, registry, said) for one in listed(registry)]


def _row(scheme: Scheme, registry: Registry, said: Mapping[str, Confirmation]) -> dict[str, Any]:
    word, why = scheme.confirmation(said, registry), scheme.withheld(registry, said)
    versions = {kind: scheme.version(kind, registry) for kind in scheme.kinds}
    return {
        "index": scheme.id, "scheme": [VERSIONS[one] for one in versions.values()], "versions": list(versions.values()),
        "made": why is None, "why": why, "confirmed_by": word.confirmed_by if word else None,
        "confirmed_on": word.confirmed_on if word else None,
    }  # fmt: skip


def put(cli: Cli, headings: Mapping[str, str], *, as_json: bool) -> None:
    """Write the list."""
    with cli.state() as engine:
        found = rows(cli.registry, confirmations.read(engine))
    for row in found:
        schemes = [say(one, cli.lang) for one in row["scheme"]]
        row["scheme"] = schemes if as_json else "; ".join(schemes)
        row["why"] = None if row["why"] is None else say(row["why"], cli.lang)
        if not as_json:
            row["made"] = Text("yes") if row["made"] else Text("no")
    cli.put_rows(found, headings, as_json=as_json)


def confirm(cli: Cli, wanted: str, word: tuple[str, str]) -> None:
    """Keep a person's confirmation of an index. Raises Usage where it needs none."""
    by, note = said_by(*word)
    choice(wanted, SCHEMES, "INDEX")
    scheme = next(one for one in SCHEMES.values() if one.id == wanted)
    if scheme.unconfirmed is None:
        raise Usage(Text("{index} needs no confirmation.", {"index": scheme.id}))
    version, now = scheme.version(WindowKind.DAY, cli.registry), cli.clock.now()
    today = now.astimezone(cli.registry.zone).date()
    engine = open_engine(cli.settings)
    try:
        found = Confirmation(scheme.row, by, today, None, version)
        confirmations.add(engine, found, note=note, at=now, what="index confirmed")
    finally:
        engine.dispose()
    values = {"index": scheme.id, "scheme": VERSIONS[version], "by": by, "on": today}
    cli.say(Text("{index} ({scheme}) is confirmed by {by}, {on}.", values))
    if scheme not in listed(cli.registry):
        cli.say(Text("It is made once `indices` in province.yaml lists {index}.", {"index": scheme.id}))
    cli.say(Text("Of days that are over it is made by `quantrac recompute`."))
