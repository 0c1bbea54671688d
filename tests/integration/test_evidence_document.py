"""What docs/explanation/evidence-of-the-journal.md tells outsiders to run does what it says."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from reports.portal import Around, make_app
from storage import hold, journal_day
from storage.merkle import Tree
from storage.published import Published
from support.configured import registry
from support.rig import Rig
from support.sealed import SealedJournal
from support.served import served

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "explanation" / "evidence-of-the-journal.md"
SEALS, HELD = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", "-c", code], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def sealed(tmp_path: Path) -> SealedJournal:
    made = SealedJournal(tmp_path, days=5)
    made.seal()
    made.journal.seals.prune(
        made.key, worker="main", day="2026-03-01", kept_days=60, held=0, held_sha256=None,
        made_at=(made.clock.now() + timedelta(days=90)).isoformat(),
    )  # fmt: skip
    return made


@pytest.mark.parametrize("demo", [False, True])
def test_the_published_list_is_verified_by_the_documents_lines(
    tmp_path: Path, sealed: SealedJournal, demo: bool
) -> None:
    """As it comes from the service."""
    seals = Published(sealed.folder / "journal", sealed.folder / "keys")
    with Rig(tmp_path / "rig") as rig:
        app = make_app(registry(), rig.store, rig.engine, rig.clock, demo=demo, around=Around(seals=seals))
        with served(app) as address:
            (tmp_path / "seals.json").write_text(httpx.get(f"{address}/api/v1/seals").text)
    done = run(SEALS, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("main 5 entries hold")


def drop(entries: list[dict[str, Any]]) -> None:
    del entries[1]


def change(entries: list[dict[str, Any]]) -> None:
    entries[1]["messages"] += 1


def swap(entries: list[dict[str, Any]]) -> None:
    entries[1:3] = entries[2:0:-1]


@pytest.mark.parametrize("act", [drop, change, swap])
def test_a_list_that_was_tampered_with_is_refused_by_them(tmp_path: Path, sealed: SealedJournal, act: Any) -> None:
    """One entry less, another figure, another order."""
    entries = [json.loads(line) for line in sealed.journal.seals.lines()]
    act(entries)
    (tmp_path / "seals.json").write_text(json.dumps(entries))
    assert run(SEALS, tmp_path).returncode != 0


@pytest.mark.parametrize("each", [1, 5, 7])
def test_a_held_message_is_proved_by_the_documents_lines(tmp_path: Path, each: int) -> None:
    """And another one is not."""
    sealed = SealedJournal(tmp_path, days=2, each=each)
    (seal,) = sealed.seal()
    connection = journal_day.open_to_read(sealed.file(0))
    assert connection is not None
    rows = [row[2:] for row in connection.execute(journal_day.SQL["chained"])]
    tree = Tree(range(each))
    for row in rows:
        tree.add(journal_day.record(row))
    held = [hold.held_of(row, place, tree.proofs()[place], [1]) for place, row in enumerate(rows)]
    hold.write(tmp_path, seal, held)
    content = hold.file_of(tmp_path, seal.day).read_text()
    (tmp_path / "held.jsonl").write_text(content)
    done = run(HELD, tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{each} messages were in the day 2026-03-01\n")
    (tmp_path / "held.jsonl").write_text(content.replace('"retained": 0', '"retained": 1', 1))
    assert run(HELD, tmp_path).returncode != 0
