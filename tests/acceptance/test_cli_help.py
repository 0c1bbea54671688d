"""Every command explains itself in the reader's language, and says what was typed wrongly."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from service.cli import build_app, call, take_everywhere
from service.commands.frame import Usage
from service.settings import Settings, variable

CONFIG = Path(__file__).resolve().parents[2] / "config"


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)


ALL = [(), *commands(typer.main.get_command(build_app("en")))]
MEANING = re.compile(r"^\s*(?:\S.*\s{2,})?(\S.*)$", re.MULTILINE)


def page(command: tuple[str, ...], lang: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert call([*command, "--help", "--lang", lang], {}) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    command: tuple[str, ...], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example can be typed as it stands: it holds the command's own name."""
    found = page(command, lang, capsys)
    examples = found.rpartition("Ví dụ:" if lang == "vi" else "For example:")[2]
    assert " ".join(["quantrac", *command]) in examples
    assert "--config DIR" in found


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_nothing_on_a_vietnamese_page_is_left_in_english(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line, and what every option and argument means, is another sentence in Vietnamese."""
    english, vietnamese = (set(MEANING.findall(page(command, lang, capsys))) for lang in ("en", "vi"))
    same = [one for one in english & vietnamese if " " in one and "quantrac" not in one and "QUANTRAC" not in one]
    assert same == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_page_of_run_names_every_variable(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever starts the service reads there where to say what is where."""
    found = page(("run",), lang, capsys)
    assert {variable(name) for name in Settings.model_fields} <= set(re.findall(r"QUANTRAC_\w+", found))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (["imprt"], "quantrac import"),
        (["quarantine", "lst"], "quantrac quarantine list"),
        (["status", "--jsn"], "--json"),
        (["status", "--langg", "en"], "--lang"),
        (["import"], "FILE"),
        (["limits", "confirm", "row"], "--by"),
        (["run", "ingest", "everything"], "everything"),
        (["export", "everything"], "readings"),
        (["export", "readings", "--from", "yesterday"], "2026-03-01"),
        (["export", "readings", "--from", "2026-03-02", "--to", "2026-03-01"], "--from"),
        (["export", "readings", "--station", "NT-DH1-3"], "NT-DH1-03"),
        (["export", "rollups", "--window", "week"], "hour24"),
        (["demo", "--speed", "fast"], "--speed"),
        (["status", "more"], "more"),
        (["status", "--config"], "--config"),
        (["status", "--part", "all"], "ingest"),
        (["import", "x.csv", "--stamp", "middle"], "start, end"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_what_is_typed_wrongly_is_answered_with_what_would_be_right(
    typed: list[str], answer: str, lang: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """On standard error, status 2, nothing on standard output, and never a traceback."""
    given = [] if "--config" in typed else ["--config", str(CONFIG)]
    status = call([*given, "--data", str(tmp_path), *typed], {"QUANTRAC_LANG": lang})
    output = capsys.readouterr()
    assert (status, output.out) == (2, "")
    assert answer in output.err
    assert "Traceback" not in output.err


def test_what_holds_for_every_command_may_stand_anywhere() -> None:
    """Before and after the command's name, with and without an equals sign."""
    given, rest = take_everywhere(["--lang", "en", "export", "--data=d", "readings", "--config", "c", "--station", "x"])
    assert given == {"lang": "en", "data": "d", "config": "c"}
    assert rest == ["export", "readings", "--station", "x"]


def test_after_two_dashes_nothing_is_an_option() -> None:
    """A file may be called --data."""
    assert take_everywhere(["import", "--", "--data"]) == ({}, ["import", "--", "--data"])


@pytest.mark.parametrize("typed", [["--data"], ["--data="], ["--data", "--json"]])
def test_an_option_without_its_value_is_refused(typed: list[str]) -> None:
    """Otherwise the next word would be taken for it."""
    with pytest.raises(Usage, match="--data"):
        take_everywhere(typed)


def test_an_unknown_language_is_answered_with_the_two_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """In the default language."""
    assert call(["status", "--lang", "fr"], {}) == 2
    assert "--lang" in capsys.readouterr().err


def test_without_a_word_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who has never seen it begins here."""
    assert call([], {"QUANTRAC_LANG": "en"}) == 0
    assert "check-config" in capsys.readouterr().out
