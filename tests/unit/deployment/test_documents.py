"""What the documents say is true: their links lead somewhere, their commands and variables exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from registry.schema import DecoderChoice
from service.cli import build_app
from service.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [str(path.relative_to(ROOT)) for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])]
# Variables of docker-compose.yml itself, of the tests, and of the bench.
OTHERS = {"QUANTRAC_CONFIG_FOLDER", "QUANTRAC_SOAK", "QUANTRAC_BENCH_TELEGRAF"}
# Taken when they can be: pages of a running service.
PICTURES = {"docs/images/province.png", "docs/images/station.png"}


def commands(document: str) -> Iterator[list[str]]:
    """Yield the words after `quantrac` wherever a document has it in code."""
    text = (ROOT / document).read_text("utf-8")
    code = re.findall(r"```\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    for found in re.findall(r"(?:^|\s)quantrac ([a-z](?:[a-z-]+ ?)+)", "\n".join(code), re.MULTILINE):
        yield found.split()


@pytest.fixture(scope="module")
def program() -> Any:
    """Return the command line, as it is built."""
    return typer.main.get_command(build_app("en"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_of_a_document_is_there(document: str, program: Any) -> None:
    """A reader who types it gets no "no such command"."""
    for first, *rest in commands(document):
        if first == "quantrac":  # `exec quantrac quantrac status`: a service of Compose, then the program
            continue
        assert first in program.commands, f"quantrac {first}"
        group = getattr(program.commands[first], "commands", None)
        if group is not None and rest:
            assert rest[0] in group, f"quantrac {first} {rest[0]}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_of_a_document_is_known(document: str) -> None:
    """A variable that is only in the document would do nothing."""
    known = {variable(name) for name in Settings.model_fields} | OTHERS
    assert set(re.findall(r"QUANTRAC_[A-Z_]*[A-Z]", (ROOT / document).read_text("utf-8"))) <= known


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if "how-to" in one])
def test_every_decoder_of_a_document_can_be_configured_so(document: str) -> None:
    """Whoever copies it out of a how-to is not told that it is wrong."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    for block in blocks:
        if block.lstrip().startswith("decoder:"):
            DecoderChoice.model_validate_json(json.dumps(yaml.safe_load(block)["decoder"]), strict=True)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    """To a file of the repository; addresses elsewhere are not asked."""
    for target in re.findall(r"\]\(([^)#\s]+)\)", (ROOT / document).read_text("utf-8")):
        path = (ROOT / document).parent / target
        if "://" not in target and str(path.resolve().relative_to(ROOT)) not in PICTURES:
            assert path.exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_of_make_that_a_document_names_is_there(document: str) -> None:
    """`make demo` and its like."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / document).read_text("utf-8"), re.MULTILINE))
    assert named <= targets


def test_the_documents_are_looked_through() -> None:
    """Otherwise the rules above would hold for nothing."""
    assert {"README.md", "README.vi.md", "docs/tutorial/first-station.md"} <= set(DOCUMENTS)
    assert sum(1 for document in DOCUMENTS for _ in commands(document)) > 40
