"""How the program teaches itself: help pages and wrong-usage sentences, in the reader's language."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from domain.text import QuantracError, Text
from present.words import say, translator
from registry.faults import nearest
from service.settings import variables

# The libraries' word for "typed wrongly", of which BadParameter is one kind.
UsageFault: type[Any] = typer.BadParameter.__mro__[1]

# Taken out of the command line before the commands see it, so that they may stand anywhere.
EVERYWHERE = ("--config", "--data", "--lang")


def _everywhere(_: Any) -> list[tuple[str, str]]:
    return [
        ("--config DIR", _("folder of the configuration (QUANTRAC_CONFIG, else ./config)")),
        ("--data DIR", _("folder of the data (QUANTRAC_DATA, else ./var)")),
        ("--lang vi|en", _("language (QUANTRAC_LANG, else vi)")),
        ("--help", _("show this page")),
    ]


class Page(TyperCommand):
    """A command that explains itself with an example."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, meaning, arguments, options and examples."""
        _ = translator(ctx.obj.lang)
        parameters: list[Any] = list(self.params)
        arguments = [one for one in parameters if one.param_type_name == "argument"]
        options = [one for one in parameters if one.param_type_name == "option" and "--help" not in one.opts]
        usage = " ".join([_("Usage:"), ctx.command_path, *map(_usage, arguments), _("[options]")])
        formatter.write(f"{usage}\n\n{self.help}\n")
        _section(formatter, _("Arguments:"), [(_usage(one), one.help or "") for one in arguments])
        _section(formatter, _("Options:"), [(_option(one), one.help or "") for one in options])
        _section(formatter, _("On every command, before or after its name:"), _everywhere(_))
        self.more(_, formatter)
        _examples(formatter, _, self.epilog)

    def more(self, _: Any, formatter: Any) -> None:
        """Write what else this command explains, before the examples."""


class PageWithVariables(Page):
    """The page of a command that reads nearly all of the environment."""

    def more(self, _: Any, formatter: Any) -> None:
        """Write what each variable means, with what holds without it."""
        rows = [(one.name, _(one.meaning) + (f" ({one.default})" if one.default else "")) for one in variables()]
        _section(formatter, _("Variables of the environment (docs/reference/environment.md):"), rows)


class Contents(TyperGroup):
    """A group of commands; a name that it does not know is answered with the nearest one that it does."""

    def __init__(self, **attributes: Any) -> None:
        """Answer a bare name with the list of commands."""
        super().__init__(**{**attributes, "no_args_is_help": True})

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write what the group is for, and its commands."""
        _ = translator(ctx.obj.lang)
        usage = " ".join([_("Usage:"), ctx.command_path, _("COMMAND [options]")])
        formatter.write(f"{usage}\n\n{self.help}\n")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        _section(formatter, _("Commands:"), [(name, _first_line(one)) for name, one in commands if one])
        _section(formatter, _("On every command, before or after its name:"), _everywhere(_))
        _section(formatter, _("A command ends with:"), [
            ("0", _("done")), ("1", _("a check found something")), ("2", _("wrong use, or wrong configuration")),
            ("3", _("a server that is needed did not answer")),
        ])  # fmt: skip
        _examples(formatter, _, self.epilog)

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the names in the order in which they were written down."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` begins with. Raises QuantracError where there is none."""
        if args and self.get_command(ctx, args[0]) is None:
            raise QuantracError(_no_such(args[0], self.list_commands(ctx), ctx.command_path))
        return super().resolve_command(ctx, args)


def _no_such(name: str, known: list[str], path: str) -> Text:
    near = nearest(name, known)
    if near is not None:
        values = {"name": name, "near": f"{path} {near}"}
        return Text("There is no command {name}. Did you mean: {near}?", values)
    return Text("There is no command {name}. `{path} --help` lists them.", {"name": name, "path": path})


def _first_line(command: Any) -> str:
    return str(command.help or "").split("\n", 1)[0]


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    many = "…" if argument.nargs != 1 else ""
    return f"{name}{many}" if argument.required else f"[{name}]{many}"


def _option(option: Any) -> str:
    names = ", ".join(option.opts)
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"


def _section(formatter: Any, title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name.ljust(width)}  {meaning}" for name, meaning in rows]
    formatter.write("\n" + "\n".join([title, *lines]) + "\n")


def _examples(formatter: Any, _: Any, examples: str | None) -> None:
    if examples:
        lines = [f"  {line}" for line in examples.splitlines()]
        formatter.write("\n" + "\n".join([_("For example:"), *lines]) + "\n")


def sentence_of(fault: Any, lang: str) -> str:
    """Say in `lang` what was typed wrongly, and where to read how it is meant."""
    if type(fault).__name__ == "NoArgsIsHelpError":
        return str(fault.message)
    path = fault.ctx.command_path if fault.ctx is not None else "quantrac"
    hint = Text("`{path} --help` explains it.", {"path": path})
    return f"{say(_sentence(fault), lang)} {say(hint, lang)}"


def _sentence(fault: Any) -> Text:
    kind = type(fault).__name__
    parameter = getattr(fault, "param", None)
    if kind == "NoSuchOption":
        return _no_such_option(fault)
    if kind == "MissingParameter" and parameter is not None:
        named = _usage(parameter) if parameter.param_type_name == "argument" else parameter.opts[0]
        return Text("{name} is missing.", {"name": named})
    if kind == "BadOptionUsage":
        return Text("The option {option} needs a value, or takes none.", {"option": fault.option_name})
    if parameter is not None:
        return Text("{name} cannot be used as it was written.", {"name": parameter.opts[0]})
    if "extra argument" in fault.message:
        return Text("There is more on the line than the command takes: {rest}", {"rest": _in_brackets(fault.message)})
    if "Missing command" in fault.message:
        return Text("A command is missing.")
    return Text("The command line cannot be understood.")


def _no_such_option(fault: Any) -> Text:
    known = [name for one in fault.ctx.command.params for name in one.opts] if fault.ctx else []
    near = nearest(fault.option_name, [*known, *EVERYWHERE])
    if near is None:
        return Text("There is no option {option} here.", {"option": fault.option_name})
    return Text("There is no option {option} here. Did you mean {near}?", {"option": fault.option_name, "near": near})


def _in_brackets(message: str) -> str:
    # "Got unexpected extra argument(s) (foo)": what is meant stands last.
    return message.rpartition("(")[2].rstrip(")") or message
