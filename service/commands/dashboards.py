"""dashboards generate, check, push: Grafana's files, and what differs in a running Grafana."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboards.drift import Difference, Grafana
from dashboards.generate import generate, write
from domain.text import QuantracError, Text, system_says
from present.words import LANGUAGES, say
from service.commands.frame import Cli
from service.commands.manual import Contents, Page

_GENERATED = Path("dashboards/generated")
# The value of a whole panel would fill the screen and say little.
_MOST_SHOWN = 60


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    group = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("Dashboards: Grafana's files, made from the configuration."),
        epilog="quantrac dashboards generate\nquantrac dashboards check",
    )  # fmt: skip
    app.add_typer(group, name="dashboards")
    _add_generate(group, _)
    _add_check(group, _)
    _add_push(group, _)


def _add_generate(group: typer.Typer, _: Callable[..., str]) -> None:
    @group.command(
        "generate", cls=Page,
        help=_("Write the dashboards of every language for Grafana to read.\n\n"
               "They name the stations, parameters and policies of the configuration, so write them again after a\n"
               "change of it. Links to pages lead to QUANTRAC_PUBLIC_URL."),
        epilog="quantrac dashboards generate\nquantrac dashboards generate --out /etc/quantrac/dashboards",
    )  # fmt: skip
    def _generate(
        ctx: typer.Context,
        out: Annotated[
            Path, typer.Option("--out", metavar="DIR", help=_("folder to write into (dashboards/generated)"))
        ] = _GENERATED,
    ) -> None:
        cli: Cli = ctx.obj
        try:
            written = write(out, cli.registry, public_url=cli.settings.public_address)
        except OSError as error:
            values = {"path": str(error.filename or out), "why": system_says(error)}
            raise QuantracError(
                Text("{path} cannot be written ({why}). Name another folder with --out.", values)
            ) from error
        for path in written:
            cli.say(Text("written: {path}", {"path": str(path)}))


def _add_check(group: typer.Typer, _: Callable[..., str]) -> None:
    @group.command(
        "check", cls=Page,
        help=_("List what in a running Grafana is not as it is generated.\n\n"
               "Needs QUANTRAC_GRAFANA_URL and QUANTRAC_GRAFANA_TOKEN_FILE. Ends with 1 if anything differs."),
        epilog="QUANTRAC_GRAFANA_URL=http://127.0.0.1:3000 QUANTRAC_GRAFANA_TOKEN_FILE=grafana.token \\\n"
               "  quantrac dashboards check",
    )  # fmt: skip
    def _check(
        ctx: typer.Context,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        cli: Cli = ctx.obj
        found = _grafana(cli).check(_wanted(cli))
        rows = [_row(one, cli, as_json=as_json) for one in found]
        if found or as_json:
            headings = {"dashboard": _("dashboard"), "where": _("where"), "generated": _("generated"),
                        "running": _("running")}  # fmt: skip
            cli.put_rows(rows, headings, as_json=as_json)
        else:
            cli.say(Text("Every dashboard in Grafana is as it is generated."))
        return 1 if found else 0


def _add_push(group: typer.Typer, _: Callable[..., str]) -> None:
    @group.command(
        "push", cls=Page,
        help=_("Make the dashboards in a running Grafana as they are generated.\n\n"
               "For a Grafana that does not read the generated files itself. Needs QUANTRAC_GRAFANA_URL and\n"
               "QUANTRAC_GRAFANA_TOKEN_FILE, and data sources with the uids quantrac-rollups and quantrac-service."),
        epilog="quantrac dashboards push",
    )  # fmt: skip
    def _push(ctx: typer.Context) -> None:
        cli: Cli = ctx.obj
        changed = _grafana(cli).push(_wanted(cli))
        for uid in changed:
            cli.say(Text("changed: {dashboard}", {"dashboard": uid}))
        if not changed:
            cli.say(Text("Every dashboard in Grafana is as it is generated."))


def _wanted(cli: Cli) -> dict[str, str]:
    return {
        path: content
        for lang in LANGUAGES
        for path, content in generate(cli.registry, lang, public_url=cli.settings.public_address).items()
    }


def _grafana(cli: Cli) -> Grafana:
    url, token = cli.settings.grafana_url, cli.settings.secret("grafana_token_file")
    if url is None or token is None:
        raise QuantracError(
            Text("This needs QUANTRAC_GRAFANA_URL (where Grafana is) and QUANTRAC_GRAFANA_TOKEN_FILE (a file with the "
                 "token of a service account).")
        )  # fmt: skip
    return Grafana(url, token)


def _row(found: Difference, cli: Cli, *, as_json: bool) -> dict[str, Any]:
    values = {"generated": found.generated, "running": found.running}
    if not found.where and found.running is None:
        values["running"] = None if as_json else say(Text("not there"), cli.lang)
    if not as_json:
        values = {key: _short(value) for key, value in values.items()}
    return {"dashboard": found.dashboard, "where": found.where, **values}


def _short(value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _MOST_SHOWN else written[: _MOST_SHOWN - 1] + "…"
