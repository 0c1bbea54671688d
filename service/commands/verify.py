"""verify: a person's word that the figures of a month are right, and what has become of such words."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from analysis.verifying import Review
from domain.month import Month
from domain.reading import SeriesKey
from domain.text import Text
from domain.window import WindowKind
from present.words import say
from registry.lookup import Registry
from service.commands.frame import Cli, Usage
from service.commands.manual import Page
from service.commands.readings import known
from service.stores import open_stores
from service.verifying import Answer, Asked, Verifier
from storage import verifications
from storage.verifications import Verification

_LONGEST_NAME = 80
ALL = "all"
_NAMED = (ALL, ALL, ALL)  # station, parameter, month
_WINDOWS = {
    WindowKind.HOUR: Text("spans of 1 hour"), WindowKind.HOUR8: Text("spans of 8 hours"),
    WindowKind.HOUR24: Text("spans of 24 hours"), WindowKind.DAY: Text("days"), WindowKind.MONTH: Text("months"),
}  # fmt: skip
CAUSES = {
    "late": Text("readings came later"), "revised": Text("readings were corrected"),
    "configuration": Text("the configuration was changed"), "flags": Text("readings were flagged otherwise"),
    "calendar": Text("the calendar of maintenance was changed"), "override": Text("a person overrode flags"),
}  # fmt: skip


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""

    @app.command(
        "verify", cls=Page,
        help=_("Verify the figures of a station, parameter and month: they are provisional until a named person has.\n\n"
               "STATION and PARAMETER are an id, a pattern such as `KK-*`, or `all`; MONTH is written 2026-03. What is\n"
               "insufficient or suspect in the month is said. Where a figure changes afterwards the month falls back to\n"
               "provisional; --list says which are verified, which fell back, when and why."),
        epilog="quantrac verify KK-LA-01 pm25 2026-03 --by 'Nguyễn Văn A' --note 'Biên bản 12'\n"
               "quantrac verify KK-LA-01 all 2026-03 --by 'Nguyễn Văn A' --note 'Biên bản 12'\n"
               "quantrac verify --list --json",
    )  # fmt: skip
    def _verify(
        ctx: typer.Context,
        what: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="STATION PARAMETER MONTH",
                help=_("which figures; with --list all that is left out"),
            ),
        ] = None,
        by: Annotated[str | None, typer.Option("--by", metavar="NAME", help=_("who verifies"))] = None,
        note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help=_("on what ground"))] = None,
        listed: Annotated[bool, typer.Option("--list", help=_("list what was verified instead"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        cli: Cli = ctx.obj
        named = tuple(what or ())
        if len(named) > len(_NAMED) or (not listed and len(named) < len(_NAMED)):
            raise Usage(Text("Say what is verified: quantrac verify STATION PARAMETER MONTH --by NAME --note TEXT."))
        station, parameter, month = (*named, *_NAMED[len(named) :])
        if listed:
            _known(cli.registry, station, parameter)
            wanted = rows(cli, station, parameter, None if month == ALL else _month(month))
            return put_list(cli, list(wanted), _, as_json=as_json)
        asked = Asked(series_of(cli.registry, station, parameter), _month(month), *_said(by, note))
        return put_answer(cli, asked, verify(cli, asked), as_json=as_json)


def _month(written: str) -> Month:
    try:
        return Month.read(written)
    except ValueError as error:
        raise Usage(Text("MONTH is {written}: write a month such as 2026-03.", {"written": written})) from error


def _said(by: str | None, note: str | None) -> tuple[str, str]:
    who, ground = (by or "").strip(), (note or "").strip()
    if not who or not ground:
        raise Usage(Text("--by and --note must say something: a verification goes on record."))
    if len(who) > _LONGEST_NAME:
        values = {"count": len(who), "most": _LONGEST_NAME}
        raise Usage(Text("--by has {count} characters: write at most {most}.", values))
    return who, ground


def series_of(registry: Registry, station: str, parameter: str) -> list[SeriesKey]:
    """Return the series that ids, patterns or `all` name, in the order of the configuration. Raises Usage."""
    stations = [one for one in registry.stations.values() if _matches(one.id, station)]
    if not stations:
        known(station, registry.stations, "STATION")
    found = [SeriesKey(one.id, each) for one in stations for each in one.measures if _matches(each, parameter)]
    if not found:
        known(parameter, registry.parameters, "PARAMETER")
        values = {"station": station, "parameter": parameter}
        raise Usage(Text("No station that {station} names measures {parameter}.", values))
    return found


def _known(registry: Registry, station: str, parameter: str) -> None:
    """Raise Usage where a plain id is none; what was taken out of the configuration is still found by a pattern."""
    for wanted, ids, place in ((station, registry.stations, "STATION"), (parameter, registry.parameters, "PARAMETER")):
        if wanted != ALL and not set(wanted) & set("*?["):
            known(wanted, ids, place)


def _matches(identity: str, wanted: str) -> bool:
    return wanted == ALL or fnmatchcase(identity, wanted)


def verify(cli: Cli, asked: Asked) -> Answer:
    """Verify what is asked for. Raises QuantracError where the month is not over."""
    with (
        cli.kept() as settings,
        closing(open_stores(settings, cli.registry)) as stores,
        cli.progress(Text("verifying")) as bar,
    ):
        return Verifier(settings, cli.registry, cli.clock, stores).verify(asked, bar.at)


def put_answer(cli: Cli, asked: Asked, answer: Answer, *, as_json: bool) -> int:
    """Say what was verified and what was not; 1 where something was refused."""
    if as_json:
        cli.put_json([_answered(key, asked, answer, cli.lang) for key in asked.keys])
    else:
        for line in _lines(asked, answer):
            cli.say(line)
    return 1 if answer.refused else 0


def _answered(key: SeriesKey, asked: Asked, answer: Answer, lang: str) -> dict[str, Any]:
    refused = answer.refused.get(key)
    return {
        "station": key.station, "parameter": key.parameter, "month": str(asked.month),
        "state": "provisional" if refused else "verified", "verified_by": None if refused else asked.by,
        "refused": say(refused, lang) if refused else None,
        "windows": [
            {"window": one.kind.value, "windows": one.windows, "empty": one.empty,
             "insufficient": one.insufficient, "suspect": one.suspect}
            for one in answer.verified.get(key, ())
        ],
    }  # fmt: skip


def _lines(asked: Asked, answer: Answer) -> Iterator[Text]:
    for key in asked.keys:
        values = {"station": key.station, "parameter": key.parameter, "month": str(asked.month), "by": asked.by}
        if key in answer.refused:
            yield Text("{station} {parameter} {month} is not verified: {why}.", {**values, "why": answer.refused[key]})
        else:
            yield Text("{station} {parameter} {month} is verified by {by}.", values)
            yield from _lacking(answer.verified[key])


def _lacking(reviews: Iterable[Review]) -> Iterator[Text]:
    for one in reviews:
        if one.empty or one.insufficient or one.suspect:
            lacking = [
                *([Text("{count} without a value", {"count": one.empty})] if one.empty else []),
                *([Text("{count} with too few values", {"count": one.insufficient})] if one.insufficient else []),
                *([Text("{count} with too many suspect values (check the instrument)", {"count": one.suspect})]
                  if one.suspect else []),
            ]  # fmt: skip
            yield Text(
                "  {window}, {windows} in all: {lacking}.",
                {"window": _WINDOWS[one.kind], "windows": one.windows, "lacking": lacking},
            )


def rows(cli: Cli, station: str, parameter: str, month: Month | None) -> Iterator[dict[str, Any]]:
    """Yield the newest word on each month of each series that was ever verified."""
    with cli.state() as engine:
        found = verifications.read(engine, months=None if month is None else [month])
    for one in found:
        if _matches(one.series.station, station) and _matches(one.series.parameter, parameter):
            yield row_of(one, cli.registry)


def row_of(one: Verification, registry: Registry) -> dict[str, Any]:
    """Return a verification as lists have it."""
    kind, mark = one.fallen_kind, one.fallen_mark
    end = None if kind is None or mark is None else registry.window(kind, mark).end
    return {
        "station": one.series.station, "parameter": one.series.parameter, "month": str(one.month),
        "state": "verified" if one.holds else "provisional", "verified_by": one.verified_by,
        "verified_at": one.verified_at.astimezone(registry.zone), "note": one.note,
        "fallen_back_at": None if one.fallen_at is None else one.fallen_at.astimezone(registry.zone),
        "cause": one.cause, "changed_window": kind and kind.value,
        "changed_end": None if end is None else end.astimezone(registry.zone),
    }  # fmt: skip


def put_list(cli: Cli, found: list[dict[str, Any]], _: Callable[..., str], *, as_json: bool) -> int:
    """Write the list; 0."""
    headings = {"station": _("station"), "parameter": _("parameter"), "month": _("month"), "state": _("state"),
                "verified_by": _("verified by"), "verified_at": _("verified"), "fallen_back_at": _("fell back"),
                "cause": _("cause"), "note": _("note")}  # fmt: skip
    states = {"verified": Text("verified"), "provisional": Text("provisional")}
    shown = [{**one, "state": states[one["state"]], "cause": CAUSES.get(one["cause"] or "")} for one in found]
    cli.put_rows(found if as_json else shown, headings, as_json=as_json)
    return 0
