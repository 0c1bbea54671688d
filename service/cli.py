"""The program `quantrac`: takes what holds for every command, calls the command, and answers in sentences."""

import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from domain.text import QuantracError, Text, system_says
from present.words import LANGUAGES, say, translator
from registry.faults import ConfigurationError
from service.commands import COMMANDS
from service.commands.frame import Cli, Usage, choice
from service.commands.manual import EVERYWHERE, Contents, UsageFault, sentence_of
from service.commands.setup import put_faults
from service.logs import log_to
from service.settings import SettingsError
from service.stores import readings_away
from storage.readings import StoreUnavailable

# What a command ends with when we ourselves were wrong (EX_SOFTWARE).
OUR_FAULT = 70


def main() -> None:
    """Run the program on the command line, and end with its exit status."""
    sys.exit(call(sys.argv[1:], os.environ))


def call(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do what `arguments` ask for; return the exit status. No traceback reaches the reader."""
    lang = _language(arguments, environment)
    log_to(level=logging.WARNING)
    try:
        given, rest = take_everywhere(arguments)
        choice(given.get("lang", lang), LANGUAGES, "--lang")
        return _answer(build_app(lang), rest, Cli(lang, environment, given))
    except UsageFault as fault:
        typer.echo(sentence_of(fault, lang), err=True)
        return 2
    except ConfigurationError as error:
        put_faults(error, lang)
        return error.exit_status
    except SettingsError as error:
        for wrong in error.wrong:
            typer.echo(say(wrong, lang), err=True)
        return error.exit_status
    except QuantracError as error:
        typer.echo(say(error.text, lang), err=True)
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        typer.echo(say(_unexpected(error, _data(arguments, environment)), lang), err=True)
        return OUR_FAULT


def _answer(app: typer.Typer, arguments: Sequence[str], cli: Cli) -> int:
    command = typer.main.get_command(app)
    try:
        status: Any = command.main(list(arguments) or ["--help"], prog_name="quantrac", standalone_mode=False, obj=cli)
    except StoreUnavailable as error:
        raise readings_away(error) from error
    except PermissionError as error:
        raise QuantracError(_not_allowed(error)) from error
    return status if isinstance(status, int) else 0


def build_app(lang: str) -> typer.Typer:
    """Return the commands, explained in `lang`."""
    _ = translator(lang)
    app = typer.Typer(
        cls=Contents, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
        help=_("Pollution monitoring for a provincial environment department: readings in, figures, alerts and pages out."),
        epilog="quantrac demo\nquantrac init my-province && quantrac check-config --config my-province\nquantrac run --config my-province",
    )  # fmt: skip
    app.callback()(_nothing)
    for add in COMMANDS:
        add(app, _)
    return app


def _nothing() -> None:
    pass


def take_everywhere(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Part the options that every command takes, wherever they stand, from the rest. Raises Usage."""
    given: dict[str, str] = {}
    rest: list[str] = []
    remaining = iter(arguments)
    for one in remaining:
        if one == "--":
            rest += [one, *remaining]
            break
        name, equals, value = one.partition("=")
        if name not in EVERYWHERE:
            rest.append(one)
            continue
        found = value if equals else next(remaining, "")
        if not found or (found.startswith("--") and not equals):
            raise Usage(Text("The option {option} needs a value.", {"option": name}))
        given[name.removeprefix("--")] = found
    return given, rest


def _language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language to answer in, even where the command line is otherwise wrong."""
    asked = [environment.get("QUANTRAC_LANG", "")]
    for one, following in pairwise([*arguments, ""]):
        if one == "--lang":
            asked.append(following)
        elif one.startswith("--lang="):
            asked.append(one.removeprefix("--lang="))
    return next((one for one in reversed(asked) if one in LANGUAGES), LANGUAGES[0])


def _data(arguments: Sequence[str], environment: Mapping[str, str]) -> Path:
    try:
        given, _ = take_everywhere(arguments)
    except Usage:
        given = {}
    return Path(given.get("data") or environment.get("QUANTRAC_DATA") or "var")


def _not_allowed(error: PermissionError) -> Text:
    return Text("This user may not open {path} ({why}). Give it to the user, or run this as the user it belongs to.", {
        "path": str(error.filename or "–"), "why": system_says(error),
    })  # fmt: skip


def _unexpected(error: Exception, data: Path) -> Text:
    """Write the traceback where somebody can find it; return the sentence that says where."""
    path = data / "log" / "errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            file.writelines(traceback.format_exception(error))
    except OSError:
        return Text("Something went wrong that should not have ({what}).", {"what": f"{type(error).__name__}: {error}"})
    return Text("Something went wrong that should not have ({what}). The details are in {file}; please report them.", {
        "what": f"{type(error).__name__}: {error}", "file": str(path),
    })  # fmt: skip


if __name__ == "__main__":
    main()
