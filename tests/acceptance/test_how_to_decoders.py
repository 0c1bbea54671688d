"""What the documents teach about decoders is done as they say it: in a copy of the tree, and held against the checks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from ingest.decoders import DECODERS
from registry.load import load
from registry.source import read_text
from registry.trial import invented, with_decoder
from support.program import environment

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PACKAGES = ("domain", "registry", "quality", "storage", "analysis", "present", "ingest", "alerts", "dashboards",
            "reports", "staff", "service")  # fmt: skip
REGISTERED = "ingest/decoders/__init__.py"
COMMAND = "quantrac decode line.txt --decoder mine.yaml"
# A file or a command in code, in a line that ends in a colon, and the block below it.
BLOCK = re.compile(r"^[^`\n]*`([^`\n]+)`[^\n]*:\n\n```\w*\n(.*?)```", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> dict[str, str]:
    return dict(BLOCK.findall((HOW_TO / name).read_text("utf-8")))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the page changes, and of what it needs to run."""
    unwanted = shutil.ignore_patterns("__pycache__", "recordings", "generated")
    for name in (*PACKAGES, "config", "tests/support", "tests/payloads", "tests/contract"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def follow(found: dict[str, str], tree: Path) -> None:
    """Write the page's files, and its lines where it says."""
    for name, text in found.items():
        if name not in {REGISTERED, COMMAND}:
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).write_text(text, "utf-8")
    imported, entry = found[REGISTERED].splitlines(keepends=True)
    text = (tree / REGISTERED).read_text("utf-8")
    text = text.replace("\nDECODERS: ", f"{imported}\nDECODERS: ", 1).replace("] = {\n", f"] = {{\n{entry}", 1)
    (tree / REGISTERED).write_text(text, "utf-8")


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = environment(LANG="en") | {"PYTHONPATH": f"{tree}:{tree / 'tests'}"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=tree, env=found, capture_output=True, text=True, check=False)


def test_the_decoder_of_the_how_to_reads_its_message(tree: Path) -> None:
    """One file and one line more, and the program shows what the page shows."""
    found = blocks("add-a-decoder.md")
    follow(found, tree)
    done = run(tree, "service.cli", *COMMAND.split()[1:])
    assert (done.stderr, done.stdout, done.returncode) == ("", found[COMMAND], 0)


def test_the_decoder_of_the_how_to_stands_its_tests(tree: Path) -> None:
    """The case on the page, and whatever else is thrown at it."""
    follow(blocks("add-a-decoder.md"), tree)
    tests = ("tests/contract/test_decoders.py", "tests/contract/test_decoders_fuzzed.py")
    done = run(tree, "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", "envlog")
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_both_languages_teach_the_same() -> None:
    """Only the words between differ."""
    assert blocks("add-a-decoder.md") == blocks("add-a-decoder.vi.md")
    assert len(blocks("add-a-decoder.md")) == 6


def examples(*names: str) -> list[str]:
    """Return what stands at and below `decoder:` in the YAML of pages."""
    found = re.compile(r"^( *)decoder:\n(?:\1 +.*\n)+", re.MULTILINE)
    texts = ((HOW_TO / name).read_text("utf-8") for name in names)
    yaml = (block for text in texts for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    return [dedent(one[0]) for block in yaml for one in found.finditer(block)]


@pytest.mark.parametrize("example", examples("connect-a-device.md", "add-a-station.md", "take-files-by-ftp.md"))
def test_every_example_of_a_decoder_is_a_right_one(example: str) -> None:
    """It can be copied as it stands."""
    with_decoder(read_text("example", example), invented(load(ROOT / "config")), load(ROOT / "config"), DECODERS)


def test_both_languages_have_the_same_examples() -> None:
    """And one for each decoder that is not our own format."""
    found = examples("connect-a-device.md")
    assert found == examples("connect-a-device.vi.md")
    names = set(re.findall(r"^  name: (\w+)$", "".join(found), re.MULTILINE))
    assert names >= {"fields", "senml", "lorawan", "scalar"}
