"""qc: what the checks would flag, before anything depends on it."""

import csv
import gzip
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.flag import REASON_NAMES, Flag, reasons_in
from domain.text import QuantracError, Text, system_says
from present.reasons import REASONS
from present.words import number, say
from service.commands.frame import Cli
from service.commands.manual import Page
from service.qc import Judged, Share, judge, shares
from service.reading_file import ReadingFile, read_file

COLUMNS = ("time", "station", "parameter", "value", "flag", "reasons")


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""

    @app.command(
        "qc", cls=Page,
        help=_("Say what the configured checks make of a readings file, and which share of it they flag.\n\n"
               "Columns: time (or timestamp),station,parameter,value,unit and perhaps status; others are passed over.\n"
               "Nothing is kept: change the settings in a copy of the configuration, and look again. With --out every\n"
               "line gets its flag (1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing) and its reasons; time and\n"
               "value stay as they are written. Ends with 0, whatever is flagged."),
        epilog="quantrac qc readings.csv\nquantrac qc readings.csv.gz --out flags.csv\n"
               "quantrac qc readings.csv --config ../tried-settings --json",
    )  # fmt: skip
    def _qc(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("readings CSV, packed by gzip or not"))],
        out: Annotated[
            Path | None, typer.Option("--out", metavar="FLAGS.csv", help=_("where the flags go; .csv or .csv.gz"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        cli: Cli = ctx.obj
        registry = cli.registry
        with cli.progress(Text("reading the file")) as bar:
            found = read_file(file, bar.at)
        with cli.progress(Text("judging readings")) as bar:
            judged = judge(found, registry, bar.at)
        if out is not None:
            write_flags(out, found, judged)
        _answer(cli, file, found, judged, as_json=as_json)


def write_flags(path: Path, file: ReadingFile, judged: Judged) -> None:
    """Write the flag and the reasons of every line that could be read. Raises QuantracError."""
    try:
        with gzip.open(path, "wt", encoding="utf-8", newline="") if path.name.endswith(".gz") else path.open(
            "w", encoding="utf-8", newline=""
        ) as out:  # fmt: skip
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_lines(file, judged))
    except OSError as error:
        raise QuantracError(
            Text("{file} cannot be written: {why}", {"file": str(path), "why": system_says(error)})
        ) from error


def _lines(file: ReadingFile, judged: Judged) -> Iterator[tuple[Any, ...]]:
    for written, flag, reasons in zip(file.written, judged.flags.tolist(), judged.reasons.tolist(), strict=True):
        yield *written, flag, _named(reasons)


@cache
def _named(reasons: int) -> str:
    return " ".join(REASON_NAMES[one] for one in reasons_in(reasons))


def _answer(cli: Cli, path: Path, file: ReadingFile, judged: Judged, *, as_json: bool) -> None:
    found = shares(file, judged)
    if as_json:
        cli.put_json(_as_json(cli, path, file, judged, found))
        return
    cli.say(Text("{file}: {rows} lines; {bad} lines cannot be read",
                 {"file": str(path), "rows": file.result.rows, "bad": file.result.bad}))  # fmt: skip
    for line, why in file.result.worst:
        cli.say(Text("  line {line}: {why}", {"line": line, "why": why}))
    for remark in _remarks(file, judged):
        cli.say(remark)
    cli.put_rows([row for one in found for row in _rows(one, cli.lang)], _headings(cli), as_json=False)


def _remarks(file: ReadingFile, judged: Judged) -> Iterator[Text]:
    if file.ignored:
        yield Text("Columns passed over: {names}", {"names": ", ".join(file.ignored)})
    if judged.unknown_stations:
        names = {"names": ", ".join(judged.unknown_stations)}
        yield Text("Not in the configuration, judged by the defaults of their parameters: {names}", names)
    if judged.unknown_parameters:
        names = {"names": ", ".join(judged.unknown_parameters)}
        yield Text("No such parameters, not evaluated (flag 2): {names}", names)
    for parameter, unit in judged.foreign_units:
        values = {"parameter": parameter, "unit": unit or "–"}
        yield Text("{parameter} cannot come in `{unit}`: not evaluated (flag 2)", values)


def _headings(cli: Cli) -> dict[str, str]:
    _ = cli.translator
    return {"parameter": _("Parameter"), "check": _("Check"), "readings": _("Readings"), "share": _("Share")}


def _rows(one: Share, lang: str) -> Iterator[dict[str, Any]]:
    yield {"parameter": one.parameter, "check": say(Text("values"), lang), "readings": one.values, "share": None}
    for flag, what in ((Flag.FAIL, Text("fail")), (Flag.SUSPECT, Text("suspect")), (Flag.MISSING, Text("missing"))):
        if one.counts[flag]:
            yield _row(one, say(what, lang), one.counts[flag], lang if flag != Flag.MISSING else None)
    for reason, count in one.by_reason.items():
        yield _row(one, f"{say(REASONS[reason], lang)} ({REASON_NAMES[reason]})", count, lang)


def _row(one: Share, what: str, count: int, share_in: str | None) -> dict[str, Any]:
    """Return a line; its share is written as the language `share_in` writes numbers, if it is to have one."""
    share = f"{number(float(f'{100 * one.share(count):.3g}'), None, share_in)} %" if share_in else None
    return {"parameter": one.parameter, "check": what, "readings": count, "share": share}


def _as_json(cli: Cli, path: Path, file: ReadingFile, judged: Judged, found: list[Share]) -> dict[str, Any]:
    return {
        "file": str(path), "rows": file.result.rows, "bad": file.result.bad,
        "worst": [{"line": line, "why": say(why, cli.lang)} for line, why in file.result.worst],
        "ignored_columns": list(file.ignored), "unknown_stations": judged.unknown_stations,
        "unknown_parameters": judged.unknown_parameters,
        "unknown_units": [{"parameter": parameter, "unit": unit} for parameter, unit in judged.foreign_units],
        "parameters": [_of_parameter(one) for one in found],
    }  # fmt: skip


def _of_parameter(one: Share) -> dict[str, Any]:
    return {
        "parameter": one.parameter, "readings": sum(one.counts.values()),
        **{flag.name.lower(): one.counts[flag] for flag in Flag}, "share": one.share(one.flagged),
        "checks": {
            REASON_NAMES[reason]: {"readings": count, "share": one.share(count)} for reason, count in one.by_reason.items()
        },
    }  # fmt: skip
