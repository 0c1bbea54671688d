"""`make bench` measures what it says, on any machine: every row is there, and no row is empty."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.program import environment

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    "receipt, SQLite behind it",
    "receipt, InfluxDB behind it",
    "stored in SQLite",
    "stored in InfluxDB",
    "live, until read back, 50th percentile",
    "live, until read back, 99th percentile",
    "over a threshold, until mailed, 50th percentile",
    "over a threshold, until mailed, 95th percentile",
    "230,400 readings arrive late, until hours and days stand",
    "rules over 160 series, one hour of each",
    "the province's page, 50 visitors at once, 95th percentile",
    "50 stations' pages, 50 visitors at once, 95th percentile",
    "memory: 20,000 messages pending, until all are stored",
    "memory: the demonstration, until its alert is open",
}
# What is held to experts' labels has tests of its own.
TIMED = ("receipt", "live", "alert", "late", "rules", "page", "memory")
BESIDE_TELEGRAF = "stored in InfluxDB, beside Telegraf"
HAS_TELEGRAF = shutil.which("telegraf") is not None
WITHOUT_AIM = {BESIDE_TELEGRAF, "over a threshold, until mailed, 50th percentile"}


def bench(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**variables), capture_output=True, text=True, check=False
    )  # fmt: skip


@pytest.mark.timeout(600)
def test_every_figure_is_measured_and_what_it_is_compared_with_too() -> None:
    """A quick run says for each row what was reached, with a ratio wherever there is something to compare with."""
    done = bench(*TIMED, "--quick", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    figures = {one["figure"]: one for one in json.loads(done.stdout)["figures"]}
    assert figures.keys() == ROWS | ({BESIDE_TELEGRAF} if HAS_TELEGRAF else set())
    for one in figures.values():
        assert one["ours"] > 0
        assert (one["compared_with"] is None) == (one["compared"] is None) == (one["ratio"] is None)
        assert (one["aim"] is None) == (one["met"] is None) == (one["figure"] in WITHOUT_AIM)
        assert one["ratio"] is None or one["ratio"] == pytest.approx(one["ours"] / one["compared"])


def test_what_is_not_measured_is_refused_by_name() -> None:
    """A typing mistake measures nothing, and is told what there is."""
    done = bench("reciept")
    assert done.returncode == 2
    assert "'reciept' is not measured; there are: receipt, live, alert, late, rules, page, memory" in done.stderr


def test_telegraf_is_measured_beside_ours_or_said_to_be_missing() -> None:
    """Whoever reads the table knows why there is nothing of it."""
    done = bench("receipt", "--quick", "--messages", "200")
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith(BESIDE_TELEGRAF if HAS_TELEGRAF else "Telegraf is not installed")


def test_a_telegraf_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    """A mistyped path would otherwise look as if it had been measured without."""
    done = bench("receipt", "--quick", BENCH_TELEGRAF=str(tmp_path / "telegraf"))
    assert done.returncode == 2
    assert f"QUANTRAC_BENCH_TELEGRAF names {tmp_path / 'telegraf'}, which is no program" in done.stderr
