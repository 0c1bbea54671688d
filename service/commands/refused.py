"""What the commands of quarantine share: which refusals are meant, and how a person reads one."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from domain.text import QuantracError, Text
from ingest.refusals import SECURITY, RefusalReason
from present.words import say
from service.commands.frame import Cli, choice
from storage.quarantine import Cause, Refused, Wanted


@dataclass(frozen=True)
class Alike:
    """What the refusals that a person means have in common."""

    reason: str | None = None
    station: str | None = None
    topic: str | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is named."""
        return any(one is not None for one in (self.reason, self.station, self.topic))

    def __str__(self) -> str:
        """Say it as it was typed."""
        typed = {"--reason": self.reason, "--station": self.station, "--topic": self.topic}
        return " ".join(f"{option} {value}" for option, value in typed.items() if value is not None)

    def wanted(self) -> Wanted:
        """Return what to ask the stores for. Raises Usage where there is no such reason."""
        if self.reason is not None:
            choice(self.reason, RefusalReason, "--reason")
        return Wanted(None if self.reason is None else [self.reason], self.station, self.topic)


def in_common(command: Callable[..., Any], _: Callable[..., str]) -> Callable[..., Any]:
    """Give `command` the options --reason, --station and --topic in place of its parameter `alike`."""
    explained = {
        "reason": _("only those refused for this reason"), "station": _("only those of this station"),
        "topic": _("only those that came on this topic"),
    }  # fmt: skip

    @wraps(command)
    def given(reason: str | None, station: str | None, topic: str | None, **others: Any) -> Any:
        return command(alike=Alike(reason, station, topic), **others)

    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None,
            annotation=Annotated[str | None, typer.Option(f"--{name}", help=explained[name])],
        )
        for name in explained
    ]  # fmt: skip
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "alike"]
    own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    given.__dict__["__signature__"] = inspect.Signature([*own[:1], *options, *own[1:]])
    return given


def row(one: Refused, cli: Cli) -> dict[str, Any]:
    """Return a refusal as JSON has it."""
    ended = one.settled
    return {
        "id": one.id, "reason": one.reason, "message": say(one.message, cli.lang, cli.registry.zone), "topic": one.topic,
        "station": one.station, "received_at": one.received_at.astimezone(cli.registry.zone),
        "security": one.reason in SECURITY, "state": one.state.value,
        "settled_at": ended.at.astimezone(cli.registry.zone) if ended and ended.at else None,
        "settled_by": ended.by if ended else None, "because": ended.because if ended else None,
    }  # fmt: skip


def cause(one: Cause, cli: Cli) -> dict[str, Any]:
    """Return a cause as JSON has it; the sentence is that of its newest message."""
    return {
        "reason": one.reason, "station": one.station, "topic": one.topic, "part": one.part, "messages": one.messages,
        "first": one.first.astimezone(cli.registry.zone), "last": one.last.astimezone(cli.registry.zone),
        "message": say(one.message, cli.lang, cli.registry.zone), "security": one.reason in SECURITY,
    }  # fmt: skip


def none_with(refusal: str) -> QuantracError:
    """Return what is said of an id that nothing has."""
    return QuantracError(
        Text("Nothing in quarantine has the id {id}. `quantrac quarantine list` shows the ids.", {"id": refusal}),
        exit_status=1,
    )
