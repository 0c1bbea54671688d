"""journal check, journal new-key: whether every message is still as it came, and who signs for it."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from domain.text import QuantracError, Text
from present.words import say
from service.commands.frame import Cli, choice
from service.commands.manual import Contents, Page
from service.keeping import open_key
from service.stores import Folder, open_engine
from storage import keys
from storage.checking import BadRecord, Checked, check
from storage.journal_day import files
from storage.keys import KeyLost, public_keys
from storage.ledger import Ledger
from storage.seals import SealBook


def add(app: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `app`, explained by `_`."""
    journal = typer.Typer(
        cls=Contents, rich_markup_mode=None, help=_("The journal: every message as it came."),
        epilog="quantrac journal check",
    )  # fmt: skip
    app.add_typer(journal, name="journal")

    @journal.command(
        "check", cls=Page,
        help=_("Recompute chain and seals of every journal and name the first record that does not hold.\n\n"
               "Ends with 1 if there is one. Pruned days are checked by their seals, and what is held of them by its proofs."),
        epilog="quantrac journal check --data var\nquantrac journal check --worker main --json",
    )  # fmt: skip
    def _check(
        ctx: typer.Context,
        worker: Annotated[
            str | None, typer.Option("--worker", metavar="WORKER", help=_("only the journal of this ingest worker"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> int:
        return check_journals(ctx.obj, worker, as_json=as_json)

    @journal.command(
        "new-key", cls=Page,
        help=_("Make another key for the seals, where the one that signed is lost.\n\n"
               "Seals signed before stay valid; the new public key is published beside the old one."),
        epilog="quantrac journal new-key",
    )  # fmt: skip
    def _new_key(ctx: typer.Context) -> int:
        return new_key(ctx.obj)


def check_journals(cli: Cli, only: str | None, *, as_json: bool) -> int:
    """Check the journals of all workers, or of one; 1 where one does not hold."""
    folder = Folder(cli.settings.data)
    workers = [one for one in folder.workers() if files(folder.journals / one) or _seals(folder, one).lines()]
    if not workers:
        raise QuantracError(
            Text("There is no journal in {folder}. Is it the right one? --data or QUANTRAC_DATA names another.",
                 {"folder": str(cli.settings.data.absolute())})
        )  # fmt: skip
    if only is not None:
        workers = [choice(only, workers, "--worker")]
    found = {worker: _checked(cli, folder, worker) for worker in workers}
    if as_json:
        cli.put_json([_row(cli, worker, one) for worker, one in found.items()])
    else:
        for worker, one in found.items():
            _put(cli, worker, one)
    return 0 if all(one.bad is None for one in found.values()) else 1


def _seals(folder: Folder, worker: str) -> SealBook:
    return SealBook(folder.journals / worker)


def _checked(cli: Cli, folder: Folder, worker: str) -> Checked:
    # Read first: what is processed meanwhile is at the end of the journal by then.
    cursor = _cursor(cli, folder, worker)
    known = public_keys(folder.keys)
    with cli.progress(Text("Checking {worker}", {"worker": worker})) as bar:
        total = _kept_messages(folder, worker)
        found = check(
            folder.journals / worker, keys=known, held=folder.hold(worker), progress=lambda done: bar.at(done, total)
        )
    return found if found.bad is not None else found.missing_up_to(cursor, folder.journals / worker)


def _kept_messages(folder: Folder, worker: str) -> int | None:
    """Return how many messages there are to read, as far as the seals say so."""
    kept = {file.stem for file in files(folder.journals / worker)}
    return sum(count for day, count in _seals(folder, worker).messages().items() if day in kept) or None


def _cursor(cli: Cli, folder: Folder, worker: str) -> int:
    """Return how far the journal has been processed: records cut off at its end break no chain."""
    if cli.settings.state_url is None and not (folder.path / "state.sqlite").exists():
        return 0
    engine = open_engine(cli.settings)
    try:
        return Ledger(engine, worker).cursor()
    finally:
        engine.dispose()


def _row(cli: Cli, worker: str, one: Checked) -> dict[str, Any]:
    row: dict[str, Any] = {
        "worker": worker, "messages": one.messages, "days": one.kept, "pruned": one.pruned, "sealed_to": one.sealed_to,
        "holds": one.bad is None,
    }  # fmt: skip
    if one.bad is not None:
        row |= {
            "file": str(one.bad.file),
            "record": one.bad.seq,
            "time": one.bad.at,
            "wrong": say(one.bad.wrong, cli.lang),
        }
    return row


def _put(cli: Cli, worker: str, one: Checked) -> None:
    if one.bad is None:
        values = {"worker": worker, "messages": one.messages, "days": one.kept, "pruned": one.pruned,
                  "sealed": one.sealed_to or "–"}  # fmt: skip
        cli.say(
            Text(
                "{worker}: {messages} messages of {days} days hold; sealed up to {sealed}, {pruned} days pruned", values
            )
        )
        return
    cli.say(_sentence(worker, one.bad))


def _sentence(worker: str, bad: BadRecord) -> Text:
    # As files and numbers have it: in UTC, without separators.
    at = "–" if bad.at is None else bad.at.isoformat(timespec="seconds")
    values = {"worker": worker, "file": str(bad.file), "record": str(bad.seq), "time": at, "wrong": bad.wrong}
    if bad.seq is None:
        return Text("{worker}: {file} does not hold: {wrong}", values)
    return Text("{worker}: record {record} (received {time}) in {file} does not hold: {wrong}", values)


def new_key(cli: Cli) -> int:
    """Make a key where the one that signed is lost."""
    folder = Folder(cli.settings.data)
    try:
        open_key(folder)
    except KeyLost:
        _make(folder)
    else:
        raise QuantracError(
            Text(
                "The key {file} is there and signs; it is never overwritten.", {"file": str(folder.keys / keys.PRIVATE)}
            )
        )
    cli.say(Text("There is a new key; its public half is {key}. Keep {file} in the backup.",
                 {"key": public_keys(folder.keys)[-1], "file": str(folder.keys / keys.PRIVATE)}))  # fmt: skip
    return 0


def _make(folder: Folder) -> None:
    try:
        keys.make_key(folder.keys)
    except FileExistsError as error:
        raise QuantracError(
            Text("{file} is there, but it is not the key that signed. Move it away first: a key is never overwritten.",
                 {"file": str(folder.keys / keys.PRIVATE)})
        ) from error  # fmt: skip
