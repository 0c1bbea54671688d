"""status: how the service stands."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from sqlalchemy.engine import Engine

from domain.text import QuantracError, Text
from present.words import say
from service.commands.frame import Cli, choice
from service.commands.manual import Page
from service.health import Health, is_part_ready
from service.parts import PARTS
from service.stores import Folder, open_readings
from storage.readings import StoreUnavailable

# What lasts longer than ten years nobody need plan for.
_DAYS_WORTH_SAYING = 3_650


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""

    @app.command(
        "status", cls=Page,
        help=_("Say how the service stands: messages and what became of them, stations, figures, alerts, outbox.\n\n"
               "With --part it says only whether that part runs and is ready, and ends with 0 or 1. With --stations it\n"
               "lists when each station was last heard, and by how much its clock is off."),
        epilog="quantrac status\nquantrac status --json\nquantrac status --part ingest\nquantrac status --stations",
    )  # fmt: skip
    def _status(
        ctx: typer.Context,
        part: Annotated[
            str | None, typer.Option("--part", metavar="PART", help=_("ingest, schedule, public or staff"))
        ] = None,
        stations: Annotated[bool, typer.Option("--stations", help=_("list the stations instead"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        if part is not None:
            return part_status(ctx.obj, choice(part, PARTS, "--part"))
        if stations:
            return put_stations(ctx.obj, as_json=as_json)
        return put_status(ctx.obj, as_json=as_json)


def put_status(cli: Cli, *, as_json: bool) -> int:
    """Write the state of the service."""
    with cli.state() as engine:
        status = _health(cli, engine).status()
    if as_json:
        cli.put_json(status)
        return 0
    for line in [*_sentences(status), *_store_away(cli)]:
        cli.say(line)
    return 0


def put_stations(cli: Cli, *, as_json: bool) -> int:
    """List the stations, each with its last message and its clock."""
    with cli.state() as engine:
        rows = [one.said() for one in _health(cli, engine).stations()]
    if not as_json:
        rows = [
            {
                **one, "last_message": _moment(one["last_message"]),
                "skew_seconds": None if one["skew_seconds"] is None else f"{one['skew_seconds']:.1f}",
                "silent": Text("Silent") if one["silent"] else Text("reports"),
            }
            for one in rows
        ]  # fmt: skip
    heads = {"station": Text("Station"), "last_message": Text("Last message"), "silent": Text("Signal"),
             "skew_seconds": Text("received after measured, s")}  # fmt: skip
    cli.put_rows(rows, {key: say(text, cli.lang) for key, text in heads.items()}, as_json=as_json)
    return 0


def _store_away(cli: Cli) -> list[Text]:
    """Return why the server of readings takes none, if there is one and it does not: the lag alone says no reason."""
    if cli.settings.influx_url is None:
        return []
    try:
        store = open_readings(cli.settings, cli.registry)
    except QuantracError as error:
        return [error.text]
    try:
        store.ping()
    except StoreUnavailable as error:
        return [Text("The store of readings does not answer ({why}).", {"why": str(error)})]
    finally:
        store.close()
    return []


def part_status(cli: Cli, part: str) -> int:
    """Say whether `part` runs and is ready; 1 where it is not."""
    with cli.state() as engine:
        ready = is_part_ready(_health(cli, engine), part)
    said = Text("{part} is ready.", {"part": part}) if ready else Text("{part} is not ready.", {"part": part})
    cli.say(said)
    return 0 if ready else 1


def _health(cli: Cli, engine: Engine) -> Health:
    return Health(cli.registry, Folder(cli.settings.data), engine, cli.clock)


def _sentences(status: dict[str, Any]) -> list[Text]:
    return [*_on_top(status), *_figures(status)]


def _on_top(status: dict[str, Any]) -> Iterator[Text]:
    if "clock" in status:
        yield Text("SIMULATED TIME: {now}, {speed} times as fast as the real one.", {
            **status["clock"], "now": _moment(status["clock"]["now"]),
        })  # fmt: skip
    if not any(part["runs"] for part in status["parts"]):
        yield Text("THE SERVICE DOES NOT RUN on these data.")
    for part in status["parts"]:
        if part["ready"]:
            yield Text("{part} ({worker}): ready since {since}", part)
        elif part["reasons"]:
            yield Text("{part} ({worker}): not ready, last heard of {last_word}: {reasons}", part)
        else:
            yield Text("{part} ({worker}): not heard of since {last_word}", part)
        yield from part["remarks"]


def _figures(status: dict[str, Any]) -> Iterator[Text]:
    stations, rollups = status["stations"], status["jobs"]["rollups"]
    yield Text("Messages: {received} = {stored} stored + {partly} partly + {repeated} repeated + {ignored} ignored + "
               "{quarantined} in quarantine + {discarded} discarded + {pending} pending", status["messages"])  # fmt: skip
    yield Text("Messages a second, over the last minute: {rate}", {"rate": round(status["messages_per_second"], 1)})
    yield from _refused(status["quarantine"])
    yield Text("Readings: {stored} stored, {revised} revised", status["readings"])
    yield Text("Lag: {seconds} s", {"seconds": round(status["lag_seconds"], 1)})
    yield Text("Stations: {reporting} of {expected} report", stations)
    if stations["silent"]:
        yield Text("Silent: {stations}", {"stations": ", ".join(stations["silent"])})
    yield from _clocks(stations)
    yield _made_up_to(rollups, readings=status["readings"]["stored"])
    yield from (one["why"] for one in status["indices_withheld"])
    yield Text("Alerts: {open} open, {unacknowledged} not taken over", status["alerts"])
    yield Text("Messages to people: {due} due, {sent} sent, {given_up} given up", status["outbox"])
    if any(status["verifications"].values()):
        yield Text("Months of series verified: {verified}; fallen back since: {fallen_back} (quantrac verify --list)",
                   status["verifications"])  # fmt: skip
    yield from _journals(status["journal"])
    if status["security_events"]:
        yield Text("Security events in quarantine: {count} (quantrac quarantine list --security)",
                   {"count": status["security_events"]})  # fmt: skip
    if status["unresolved_lost"]:
        yield Text("Lost from quarantine, since nobody resolved them in time: {count} messages",
                   {"count": status["unresolved_lost"]})  # fmt: skip
    yield from _room(status["disk"])
    yield from _broker(status["broker"])


def _refused(refused: list[dict[str, Any]]) -> Iterator[Text]:
    for one in refused:
        yield Text("  in quarantine: {count} {reason} ({worker})", one)


def _clocks(stations: dict[str, Any]) -> Iterator[Text]:
    """Name the clocks that are off, and by how much."""
    for one in stations["each"]:
        if one["station"] in stations["clocks_off"]:
            values = {"station": one["station"], "skew": timedelta(seconds=abs(round(one["skew_seconds"])))}
            if one["skew_seconds"] > 0:
                yield Text("Clock of {station}: its messages come {skew} after their time", values)
            else:
                yield Text("Clock of {station}: its messages come {skew} before their time", values)


def _room(disk: dict[str, Any]) -> Iterator[Text]:
    values = {"free": _gigabytes(disk["free_bytes"]), "kept": _gigabytes(disk["kept_bytes"]),
              "journal": _gigabytes(disk["journal_bytes"])}  # fmt: skip
    yield Text("Disk: {free} GB free; kept here: {kept} GB, of it in the journal: {journal} GB", values)
    if disk["days_until_full"] is not None and disk["days_until_full"] < _DAYS_WORTH_SAYING:
        yield Text("The disk is full in {days} days at the rate of the last 24 hours.",
                   {"days": int(disk["days_until_full"])})  # fmt: skip


def _gigabytes(count: int) -> float:
    return round(count / 1e9, 2)


def _broker(broker: dict[str, Any]) -> Iterator[Text]:
    if broker["at"] is None:
        return  # nobody has asked it yet
    if not broker["shown"]:
        yield Text("Broker: it does not show us its figures ($SYS).")
        return
    values = {"queued": broker.get("queued", "–"), "memory": _megabytes(broker.get("heap_bytes")),
              "at": _moment(broker["at"])}  # fmt: skip
    yield Text("Broker: {queued} messages wait there, {memory} MB of memory in use ({at})", values)
    if broker["thrown_away"]:
        values = {"count": broker["thrown_away"], "since": _moment(broker["thrown_away_since"])}
        yield Text("THE BROKER THREW AWAY {count} MESSAGES since {since}, ours or those of another of its clients: "
                   "`quantrac gaps` lists what is missing.", values)  # fmt: skip


def _megabytes(count: int | None) -> float | str:
    return "–" if count is None else round(count / 1e6, 1)


def _journals(found: list[dict[str, Any]]) -> Iterator[Text]:
    for one in found:
        values = {**one, "megabytes": round(one["bytes"] / 1e6, 1), "oldest": one["oldest"] or "–",
                  "sealed": one["sealed_to"] or "–"}  # fmt: skip
        yield Text("Journal ({worker}): {days} days since {oldest}, {megabytes} MB; sealed up to {sealed}", values)
        if one["to_prune"]:
            yield Text(
                "Journal ({worker}): {to_prune} days are older than policy keeps them and not pruned yet", values
            )


def _made_up_to(rollups: dict[str, Any], *, readings: int) -> Text:
    # The job moves its mark on through hours in which nothing came; a mark alone is no figure.
    if not readings or rollups["watermark"] is None:
        return Text("Figures: none yet")
    return Text("Figures up to: {watermark}; {late} s later than they should be",
                {"watermark": _moment(rollups["watermark"]), "late": round(rollups["late_seconds"])})  # fmt: skip


def _moment(written: str | None) -> datetime | str:
    return "–" if written is None else datetime.fromisoformat(written)
