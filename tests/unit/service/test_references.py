"""The generated references say everything there is to say, in both languages."""

import re
from typing import Any

import pytest
import typer.main

from ingest.decoders import DECODERS
from present.words import LANGUAGES
from registry.reference import files, keys
from service.cli import build_app
from service.reference import references
from service.settings import Settings, variable

SUFFIX = {"en": "", "vi": ".vi"}


def cells(page: str) -> list[list[str]]:
    """Return the rows of the page's tables, heads and rules apart."""
    return [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_of_every_file_has_its_type_default_and_meaning(lang: str) -> None:
    """A key that nobody explains is one that people guess at."""
    page = references(lang)[f"configuration{SUFFIX[lang]}.md"]
    rows, decoders = cells(page)[: -len(DECODERS)], cells(page)[-len(DECODERS) :]
    assert [row[0] for row in decoders] == [f"`{name}`" for name in DECODERS]
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in decoders)
    assert len(rows) == sum(1 for _, _, model in files() for _ in keys(model)) > 150
    assert all(len(row) == 5 and row[1].strip() and row[3].strip() and row[4].strip() for row in rows)
    assert {name for name, _, _ in files()} <= set(re.findall(r"^## (.*)$", page, re.MULTILINE))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_command_has_its_help_page(lang: str) -> None:
    """In the order in which `quantrac --help` lists them."""
    program: Any = typer.main.get_command(build_app(lang))
    wanted = ["quantrac"]
    for name, command in program.commands.items():
        wanted += [f"quantrac {name}", *(f"quantrac {name} {one}" for one in getattr(command, "commands", {}))]
    assert re.findall(r"^## (.*)$", references(lang)[f"cli{SUFFIX[lang]}.md"], re.MULTILINE) == wanted


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_variable_has_its_default_and_meaning(lang: str) -> None:
    """Also the one that only somebody behind a proxy needs."""
    rows = {row[0]: row[1:] for row in cells(references(lang)[f"environment{SUFFIX[lang]}.md"])}
    assert set(rows) == {f"`{variable(name)}`" for name in Settings.model_fields}
    assert all(len(row) == 2 and all(cell.strip() for cell in row) for row in rows.values())
    assert rows["`QUANTRAC_STAFF_BIND`"][0] == "`127.0.0.1:8081`"


@pytest.mark.parametrize("name", ["configuration", "environment"])
def test_a_reference_is_in_its_own_language(name: str) -> None:
    """Apart from names, types and values nothing is the same in both."""
    english, vietnamese = (
        {row[-1] for row in cells(references(lang)[f"{name}{SUFFIX[lang]}.md"])} for lang in ("en", "vi")
    )
    assert english & vietnamese == set()
