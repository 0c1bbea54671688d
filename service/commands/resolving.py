"""quarantine replay, discard: refused messages again, or given up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from domain.text import Text
from service.commands.frame import Cli, Usage
from service.commands.manual import Page
from service.commands.readings import known
from service.commands.refused import Alike, cause, in_common, none_with
from service.resolving import Chosen, Resolved, Resolver
from service.stores import Folder, open_stores
from storage.quarantine import Quarantine, RefusalState, Refused, parted
from storage.resolutions import Act, Word

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Choice:
    """Which refusals a person means: by their ids, or by what they have in common."""

    ids: tuple[str, ...]
    alike: Alike
    every: bool = False

    def check(self) -> None:
        """Raise Usage where nothing or too much is named."""
        if not (self.ids or self.alike or self.every):
            raise Usage(
                Text(
                    "Say which: ids, or --reason, --station, --topic. `quantrac quarantine list --grouped` shows them."
                )
            )
        if self.ids and (self.alike or self.every):
            raise Usage(Text("Name ids, or what they have in common, not both."))

    def found(self, opened: Mapping[str, Quarantine], *, whole: bool, also: RefusalState) -> Chosen:
        """Return what is meant of the open refusals, by worker; those in the state `also` only where an id names them.

        `whole`: their messages, and not the parts. Raises QuantracError where an id names nothing.
        """
        if not self.ids:
            wanted = self.alike.wanted()
            return {worker: store.named(wanted, whole=whole) for worker, store in opened.items()}
        named = {one: _named(one, opened) for one in self.ids}
        for one, rows in named.items():
            if not any(rows.values()):
                raise none_with(one)
        return {
            worker: sorted({
                (row.seq, "" if whole else row.part)
                for rows in named.values()
                for row in rows[worker]
                if row.state in {RefusalState.OPEN, also}
            })
            for worker in opened
        }

    def __str__(self) -> str:
        """Say it as it was typed, for the audit."""
        return " ".join(self.ids) or str(self.alike)


def _named(refusal: str, opened: Mapping[str, Quarantine]) -> dict[str, list[Refused]]:
    """Return what an id names: one refusal; all of its message where it is the message's number alone."""
    seq, part = parted(refusal)
    rows = {worker: list(store.of([seq])) if seq is not None else [] for worker, store in opened.items()}
    return {worker: [one for one in found if part in {"", one.part}] for worker, found in rows.items()}


def add(group: typer.Typer, _: Callable[..., str]) -> None:
    """Add the commands to `group`, explained by `_`."""
    ids_help = _("ids, as `quantrac quarantine list` shows them; a message's number alone means all of it")

    def _replay(
        ctx: typer.Context,
        alike: Alike,
        ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help=ids_help)] = None,
        every: Annotated[bool, typer.Option("--all", help=_("everything that is open"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        chosen = Choice(tuple(ids or ()), alike, every)
        resolve(ctx.obj, chosen, (None, None), as_json=as_json)

    group.command(
        "replay", cls=Page,
        help=_("Read refused messages again, after the configuration (or the program) was put right.\n\n"
               "Readings, figures and alerts follow as if nothing had happened; a newer reading is never replaced, and a\n"
               "second replay changes nothing. What was discarded is read again only where its id is named. Restart the\n"
               "service first, so that it has the new configuration. Ends when figures and rules have caught up."),
        epilog="quantrac quarantine replay --all\n"
               "quantrac quarantine replay --reason unknown_unit --station NT-DH1-03\n"
               "quantrac quarantine replay 114688000000000064",
    )(in_common(_replay, _))  # fmt: skip

    def _discard(
        ctx: typer.Context,
        alike: Alike,
        because: Annotated[str, typer.Option("--because", metavar="TEXT", help=_("why nobody will need it"))],
        by: Annotated[str, typer.Option("--by", metavar="NAME", help=_("who decides it"))],
        ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help=ids_help)] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("as JSON"))] = False,
    ) -> None:
        chosen = Choice(tuple(ids or ()), alike)
        resolve(ctx.obj, chosen, (_said(by, "--by")[:_LONGEST_NAME], _said(because, "--because")), as_json=as_json)

    group.command(
        "discard", cls=Page,
        help=_("Give refused messages up, with the reason and the name of who says so; both stay on record.\n\n"
               "A message of which nothing was taken counts as discarded then, another one stays as it is. The message\n"
               "itself stays in the journal as long as its day does, and can be replayed by its id until then."),
        epilog="quantrac quarantine discard 114688000000000064 --because 'bench test' --by 'Nguyễn Văn A'\n"
               "quantrac quarantine discard --topic quantrac/test/air --because 'bench test' --by 'Nguyễn Văn A'",
    )(in_common(_discard, _))  # fmt: skip


def _said(written: str, option: str) -> str:
    if not written.strip():
        raise Usage(Text("The option {option} needs a value.", {"option": option}))
    return written.strip()


def resolve(cli: Cli, chosen: Choice, word: tuple[str | None, str | None], *, as_json: bool) -> None:
    """Replay what is chosen, or give it up where `word` says who does and why."""
    chosen.check()
    by, because = word
    is_discard = by is not None
    also = RefusalState.OPEN if is_discard else RefusalState.DISCARDED
    with cli.kept(), Folder(cli.settings.data).quarantines() as opened:
        found = chosen.found(opened, whole=not is_discard, also=also)
    pairs = {worker: ids for worker, ids in found.items() if ids}
    if not pairs:
        known(chosen.alike.station, cli.registry.stations, "--station")
        _put(cli, Resolved(0, {}, [], is_judged=True), as_json=as_json)
        return
    act = Act.DISCARD if is_discard else Act.REOPEN if chosen.ids else Act.REPLAY
    opened_stores = open_stores(cli.settings, cli.registry)
    try:
        with cli.progress(Text("giving up") if is_discard else Text("reading again")) as bar:
            resolver = Resolver(cli.settings, cli.registry, cli.clock, opened_stores, bar.at)
            asked = Word(act, cli.clock.now(), by, because, str(chosen))
            resolved = resolver.discard(pairs, asked) if is_discard else resolver.replay(pairs, asked)
    finally:
        opened_stores.close()
    _put(cli, resolved, as_json=as_json)


def _put(cli: Cli, resolved: Resolved, *, as_json: bool) -> None:
    causes: list[dict[str, Any]] = [cause(one, cli) for one in resolved.causes]
    if as_json:
        cli.put_json({"messages": resolved.messages, "outcomes": resolved.outcomes, "refused": causes})
        return
    if not resolved.messages:
        cli.say(Text("There is none."))
        return
    all_of_them = dict.fromkeys(("stored", "partly", "repeated", "ignored", "quarantined", "discarded"), 0)
    cli.say(Text("{messages} messages: {stored} stored, {partly} partly, {repeated} repeated, {ignored} ignored, "
                 "{quarantined} in quarantine, {discarded} discarded",
                 {"messages": resolved.messages, **all_of_them, **resolved.outcomes}))  # fmt: skip
    for one in causes:
        whence = one["station"] or one["topic"]
        cli.say(Text("Still refused: {messages} of {whence}: {message}", {**one, "whence": whence}))
    if not resolved.is_judged:
        cli.say(Text("The service does not run here: rules are judged, and people told, once it does (quantrac run)."))
