"""What every command has: the language, the settings, and how it says what it found."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.engine import Engine

from domain.clock import Clock, SystemClock
from domain.text import QuantracError, Text
from ingest.decoders import DECODERS
from present.words import say, translator
from registry.load import load
from registry.lookup import Registry
from registry.values import Strict
from service.clock import open_clock
from service.settings import Settings, read_settings
from service.stores import open_engine


def latest_day() -> date:
    """Return the latest date that it is anywhere on earth: what is dated later has not happened."""
    return (SystemClock().now() + timedelta(hours=14)).date()


def configuration(folder: Path) -> Registry:
    """Return what stands in `folder`, its decoders held against those that there are. Raises ConfigurationError."""
    return load(folder, latest_day(), DECODERS)


# Between them there is something to ask for; beyond, a calendar ends.
_EARLIEST, _LATEST = 1900, 2200


class Usage(QuantracError):
    """The command was not typed as it is meant to be."""


@dataclass
class Cli:
    """One call of the program: its language, and what of the settings was given on the command line."""

    lang: str
    environment: Mapping[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """The environment's settings, with those of the command line before them."""
        return read_settings(self.given, self.environment)

    @cached_property
    def registry(self) -> Registry:
        """The configuration; raises ConfigurationError with all its faults."""
        return configuration(self.settings.config)

    @cached_property
    def clock(self) -> Clock:
        """The clock of the data folder."""
        return open_clock(self.settings.clock, self.settings.data)

    @contextmanager
    def kept(self) -> Iterator[Settings]:
        """Settings to read by what is kept; where nothing ever was, that is said and nothing is made there."""
        if self.settings.data.exists() or self.settings.state_url is not None:
            yield self.settings
            return
        self.warn(Text("Nothing was ever kept in {folder}. Is it the right one? --data or QUANTRAC_DATA names another.",
                       {"folder": str(self.settings.data.absolute())}))  # fmt: skip
        with TemporaryDirectory() as empty:
            yield self.settings.model_copy(update={"data": Path(empty)})

    @contextmanager
    def state(self) -> Iterator[Engine]:
        """The state, to read."""
        with self.kept() as settings:
            engine = open_engine(settings)
            try:
                yield engine
            finally:
                engine.dispose()

    @property
    def translator(self) -> Callable[..., str]:
        """What says a sentence of the catalogue in this language."""
        return translator(self.lang)

    def say(self, message: Text | str) -> None:
        """Write a sentence to standard output."""
        zone = self.registry.zone if "registry" in self.__dict__ else None
        typer.echo(say(message, self.lang, zone))

    def warn(self, message: Text) -> None:
        """Write a sentence to standard error."""
        typer.echo(say(message, self.lang), err=True)

    def put_json(self, found: Any) -> None:
        """Write `found` as JSON to standard output."""
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=_plain))

    def put_rows(self, rows: Sequence[Mapping[str, Any]], headings: Mapping[str, str], *, as_json: bool) -> None:
        """Write a list: as JSON every key of it, else the columns of `headings` in aligned text."""
        if as_json:
            self.put_json([dict(row) for row in rows])
            return
        if not rows:
            self.say(Text("There is none."))
            return
        table = [list(headings.values()), *([self._cell(row.get(key)) for key in headings] for row in rows)]
        widths = [max(len(line[place]) for line in table) for place in range(len(headings))]
        for line in table:
            typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def _cell(self, value: Any) -> str:
        if value is None or value == "":
            return "–"
        if isinstance(value, datetime):
            zone = self.registry.zone if "registry" in self.__dict__ else None
            return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        return say(value, self.lang) if isinstance(value, Text) else str(value)

    def moment(self, written: str, option: str) -> datetime:
        """Read a local date, meaning its midnight, or a moment with offset. Raises Usage."""
        try:
            found: datetime | None = datetime.fromisoformat(written)
            if found is not None and len(written) <= 10:
                found = datetime.combine(found.date(), time(0), self.registry.zone)
        except ValueError:
            found = None
        if found is not None and not _EARLIEST <= found.year <= _LATEST:
            values = {"option": option, "written": written, "earliest": str(_EARLIEST), "latest": str(_LATEST)}
            raise Usage(Text("{option} is {written}: write a year from {earliest} to {latest}.", values))
        if found is None or found.tzinfo is None:
            raise Usage(
                Text("{option} is {written}: write a date such as 2026-03-01, or a moment with its offset such as "
                     "2026-03-01T07:00+07:00.", {"option": option, "written": written})
            )  # fmt: skip
        return found

    @contextmanager
    def progress(self, what: Text) -> Iterator["Bar"]:
        """Show a bar on standard error while something takes long, if that is a terminal."""
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as shown:
            yield Bar(shown, shown.add_task(say(what, self.lang), total=None))


@dataclass(frozen=True)
class Bar:
    """A progress bar; a total of None means that the end is not known."""

    shown: Progress
    task: Any

    def at(self, done: int, total: int | None = None) -> None:
        """Say how far it has got."""
        self.shown.update(self.task, completed=done, total=total)


def choice(written: str, allowed: Iterable[str], option: str) -> str:
    """Return `written` if it is one of `allowed`. Raises Usage."""
    names = list(allowed)
    if written not in names:
        raise Usage(
            Text("{option} is {written}: it must be one of {allowed}.",
                 {"option": option, "written": written, "allowed": ", ".join(names)})
        )  # fmt: skip
    return written


def number(written: str | None, option: str, *, least: float) -> float | None:
    """Read a number that is at least `least`. Raises Usage."""
    if written is None:
        return None
    try:
        found = float(written)
    except ValueError:
        found = float("nan")
    if not least <= found < float("inf"):
        raise Usage(
            Text("{option} is {written}: write a number of at least {least}.",
                 {"option": option, "written": written, "least": least})
        )  # fmt: skip
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Strict):
        return value.model_dump(mode="json")
    return str(value) if isinstance(value, Text | Path) else repr(value)
