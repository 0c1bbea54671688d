"""report: the public report of a day, month or year."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from domain.text import QuantracError, Text, system_says
from reports.periodic import make_report
from reports.periods import Period, PeriodKind
from reports.render import FORMATS, SAID, Format, Renderer
from service.commands.frame import Cli, Usage, choice
from service.commands.manual import Page
from service.commands.readings import known
from service.data_folder import is_demonstration
from service.stores import open_stores
from storage.durable import replace_file

_EXAMPLE = {PeriodKind.DAY: "2026-03-01", PeriodKind.MONTH: "2026-03", PeriodKind.YEAR: "2026"}


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""

    @app.command(
        "report", cls=Page,
        help=_("Write the public report of a day, a month or a year, made from averages, limits and alerts on record.\n\n"
               "HTML and PDF are in the language of --lang; CSV and JSON have the same figures, not rounded. A period\n"
               "that is not over says so. A file is there whole or not at all."),
        epilog="quantrac report day --area duc-hoa-1 --date 2026-03-01\n"
               "quantrac report month --date 2026-03 --format pdf,csv --out reports --lang vi\n"
               "quantrac report year --area duc-hoa-1 --date 2026 --format html",
    )  # fmt: skip
    def _report(
        ctx: typer.Context,
        what: Annotated[str, typer.Argument(metavar="PERIOD", help=_("day, month or year"))],
        on: Annotated[str, typer.Option("--date", metavar="DATE", help=_("a local date in it; of a month also 2026-03, of a year 2026"))],
        area: Annotated[str | None, typer.Option("--area", help=_("only this area; left out: the whole province in one report"))] = None,
        formats: Annotated[str, typer.Option("--format", metavar="LIST", help=_("html, pdf, csv, json; several with commas between them"))] = "html",
        out: Annotated[Path, typer.Option("--out", metavar="DIR", help=_("folder for the files, made if it is not there"))] = Path(),
    ) -> None:  # fmt: skip
        cli: Cli = ctx.obj
        kind = PeriodKind(choice(what, PeriodKind, "PERIOD"))
        wanted = _formats(formats)
        known(area, cli.registry.areas, "--area")
        period = _period(cli, kind, on)
        written = write_reports(cli, period, [area] if area else list(cli.registry.areas), wanted, out)
        for path in written:
            cli.say(str(path))


def _formats(written: str) -> list[Format]:
    given = [one.strip() for one in written.split(",")]
    for one in given:
        choice(one, FORMATS, "--format")
    return [one for one in FORMATS if one in given]


def _period(cli: Cli, kind: PeriodKind, written: str) -> Period:
    """Return the period that an option names. Raises Usage where there is none, or it has not begun."""
    values = {"written": written, "example": _EXAMPLE[kind]}
    try:
        period = Period.read(kind, written)
    except (ValueError, OverflowError) as error:
        raise Usage(Text("--date is {written}: write a date such as {example}.", values)) from error
    today = cli.clock.now().astimezone(cli.registry.zone).date()
    if period.first > today:
        raise Usage(Text("--date is {written}: that has not begun; today is {today}.", {**values, "today": str(today)}))
    return period


def write_reports(cli: Cli, period: Period, areas: Sequence[str], formats: Sequence[Format], out: Path) -> list[Path]:
    """Write the report in each format; return the files."""
    registry = cli.registry
    with (
        cli.kept() as settings,
        closing(open_stores(settings, registry)) as stores,
        cli.progress(Text("reading figures")) as bar,
    ):
        report = make_report(registry, stores.readings, stores.engine, cli.clock.now(), period, areas, bar.at)
    renderer = Renderer(registry, demo=is_demonstration(cli.settings.data))
    with cli.progress(Text("writing the report")) as bar:
        contents = []
        for place, form in enumerate(formats):
            bar.at(place, len(formats))
            contents.append((form, renderer.write(report, form, cli.lang)))
    try:
        out.mkdir(parents=True, exist_ok=True)
        return list(
            _put(
                out,
                f"{period.kind}-{period.key}-{areas[0] if len(areas) == 1 else registry.province.id}",
                cli.lang,
                contents,
            )
        )
    except OSError as error:
        raise QuantracError(
            Text("The report cannot be written to {path} ({why}).", {"path": str(out), "why": system_says(error)})
        ) from error  # fmt: skip


def _put(out: Path, name: str, lang: str, contents: Sequence[tuple[Format, bytes]]) -> Iterator[Path]:
    for form, content in contents:
        path = out / (f"{name}.{lang}.{form}" if form in SAID else f"{name}.{form}")
        replace_file(path, content)
        yield path
