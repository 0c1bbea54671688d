"""`make bench` measures what it says, on any machine: every row is there, and no row is empty."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    "receipt, SQLite behind it",
    "receipt, InfluxDB behind it",
    "stored in SQLite",
    "stored in InfluxDB",
    "live, until read back, 50th percentile",
    "live, until read back, 99th percentile",
    "230,400 readings arrive late, until hours and days stand",
    "rules over 160 series, one hour of each",
    "the province's page, 50 visitors at once, 95th percentile",
    "50 stations' pages, 50 visitors at once, 95th percentile",
}


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
def test_every_figure_is_measured_and_what_it_is_compared_with_too() -> None:
    """A quick run says for each row what was reached, with a ratio wherever there is something to compare with."""
    done = bench("--quick", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    figures = {one["figure"]: one for one in json.loads(done.stdout)["figures"]}
    assert figures.keys() == ROWS
    for one in figures.values():
        assert one["ours"] > 0
        assert (one["compared_with"] is None) == (one["compared"] is None) == (one["ratio"] is None)
        assert one["ratio"] is None or one["ratio"] == pytest.approx(one["ours"] / one["compared"])


def test_what_is_not_measured_is_refused_by_name() -> None:
    """A typing mistake measures nothing, and is told what there is."""
    done = bench("reciept")
    assert done.returncode == 2
    assert "'reciept' is not measured; there are: receipt, live, late, rules, page" in done.stderr
