"""decode: what a message would become."""

import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from domain.reading import Reading
from domain.text import QuantracError, Text, system_says
from ingest.decoders import DECODERS
from ingest.understand import Understood
from present.words import say
from registry.trial import TRIAL
from service.commands.frame import Cli
from service.commands.manual import Page
from service.commands.readings import known
from service.trying import Trial


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the command to `app`, explained by `_`."""
    help_text = _(
        "Show what a message would become, and write nothing.\n\n"
        "The file holds one message as it comes over MQTT; - reads standard input. Say whose it is: --station reads it\n"
        "with that station's decoder, --topic alone with that of whichever station speaks there. --decoder tries one\n"
        "that you are writing: a name ({names}), a YAML file with what stands below\n"
        "`decoder:` in stations.yaml, or that text itself; with --station at that station, else at one that measures\n"
        "every parameter. Faults of it are named as check-config names them.\n\n"
        "The message counts as live, received now or at --received. Shown are the readings (in canonical units, with\n"
        "status and quality flag) and what is refused, with its reason. Ends with 1 if anything is refused."
    ).format(names=", ".join(DECODERS))

    @app.command(
        "decode", cls=Page, help=help_text,
        epilog="quantrac decode message.json --station KK-CG-01\n"
               "quantrac decode uplink.json --decoder lorawan.yaml --topic application/17c8/device/0101/event/up\n"
               "quantrac decode pack.json --decoder '{name: senml, records: [{name: \"dev1:t\", parameter: air_temperature}]}'",
    )  # fmt: skip
    def _decode(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("the message; - for standard input"))],
        station: Annotated[str | None, typer.Option("--station", metavar="ID", help=_("the station whose it is"))] = None,
        decoder: Annotated[
            str | None, typer.Option("--decoder", metavar="NAME|FILE|YAML", help=_("the decoder to try"))
        ] = None,
        topic: Annotated[
            str | None, typer.Option("--topic", help=_("on which it came (the station's, if it has only one)"))
        ] = None,
        received: Annotated[
            str | None, typer.Option("--received", metavar="MOMENT", help=_("when it was received (now)"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:  # fmt: skip
        cli: Cli = ctx.obj
        known(station, cli.registry.stations, "--station")
        trial = Trial(cli.registry.stations[station] if station else None, decoder, topic)
        received_at = cli.moment(received, "--received") if received else SystemClock().now()
        found = trial.read(_payload(file), received_at.astimezone(UTC), cli.registry)
        _put_json(cli, found) if as_json else _put(cli, found)
        return 1 if found.refused else 0


def _payload(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        values = {"path": str(file), "why": system_says(error)}
        raise QuantracError(Text("{path} cannot be read ({why}).", values)) from error


def _put_json(cli: Cli, found: Understood) -> None:
    cli.put_json({
        "topic": found.message.incoming.topic,
        "station": _station(found.station),
        "readings": [_row(cli, one) for one in found.readings],
        "refused": [
            {"reason": one.reason.value, "part": one.part, "message": say(one.message, cli.lang, cli.registry.zone)}
            for one in found.refused
        ],
        "ignored": _is_ignored(found),
    })


def _put(cli: Cli, found: Understood) -> None:
    _ = cli.translator
    if found.readings:
        headings = {"station": _("station"), "parameter": _("parameter"), "time": _("time"), "value": _("value"),
                    "unit": _("unit"), "status": _("status"), "flag": _("flag")}  # fmt: skip
        cli.put_rows([_row(cli, one) for one in found.readings], headings, as_json=False)
    for one in found.refused:
        cli.say(Text("refused{part}: {reason}: {why}", {
            "part": f" ({one.part})" if one.part else "", "reason": one.reason.value, "why": one.message,
        }))  # fmt: skip
    if _is_ignored(found):
        cli.say(Text("Ignored: the message is known to hold no reading."))


def _is_ignored(found: Understood) -> bool:
    return not found.readings and not found.refused


def _row(cli: Cli, one: Reading) -> dict[str, Any]:
    return {
        "station": _station(one.station), "parameter": one.parameter, "time": one.measured_at.astimezone(cli.registry.zone),
        "value": one.value, "unit": cli.registry.parameters[one.parameter].unit, "status": f"{one.status:02d}",
        "flag": int(one.flag),
    }  # fmt: skip


def _station(station: str | None) -> str | None:
    return None if station == TRIAL else station
