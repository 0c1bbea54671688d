"""How flags are held to labels: the same counts as those of the tool by which the checks are judged."""

import csv
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench.labelled import SETS, SHARED, Judged, LabelledSet, scored
from bench.scoring import Labelled, score, together
from registry.load import load
from support.shared import shared

ROOT = Path(__file__).resolve().parents[3]


@cache
def judged(path: str) -> Judged:
    return Judged.of(SHARED / path, load(ROOT / "config"))


def labelled(labels: str, flags: str, step: int = 900) -> Labelled:
    """Return a series of which `x` is labelled or flagged, `?` not judged and `-` missing."""
    marks = np.array(list(labels))
    values = np.where(marks == "?", np.nan, (marks == "x").astype(float))
    return Labelled(np.arange(len(labels)) * step, marks == "-", values, np.array(list(flags)) == "x")


def test_points_are_counted_where_there_is_a_value_and_an_opinion() -> None:
    found = score([labelled("xx..?-", "x.x.xx")])
    assert (found.both, found.only_labelled, found.only_flagged, found.good) == (1, 1, 1, 1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("flags", "events"), [("..x......", 1), (".x.......", 1), ("x........", 0), ("..x...x..", 2)])
def test_an_event_is_found_by_a_flag_in_it_or_beside_it(flags: str, events: int) -> None:
    assert score([labelled("..xx..x..", flags)]).found == events


@pytest.mark.parametrize(("flags", "false"), [("x....", 1), ("x...x", 1), ("x.....x", 2), ("...x...", 0)])
def test_an_alarm_is_false_if_none_of_its_flags_is_beside_a_label(flags: str, false: int) -> None:
    """Flags within an hour are one alarm."""
    labels = ("..x" if "...x" in flags and flags.count("x") == 1 else "...").ljust(len(flags), ".")
    assert score([labelled(labels, flags)]).false == false


def test_nothing_flagged_has_no_precision() -> None:
    assert np.isnan(score([labelled("..x", "...")]).precision)


def test_several_parameters_together_are_flagged_where_one_of_them_is() -> None:
    both = together([labelled("x.-", "..."), labelled("..-", ".x.")])
    assert both.flagged.tolist() == [False, True, False]
    assert both.labels.tolist() == [1.0, 0.0, 0.0]
    assert both.missing.tolist() == [False, False, True]


@pytest.mark.parametrize("one", [one for one in SETS if one.kind in {"lro", "qld"}], ids=lambda one: one.name)
def test_the_score_is_that_of_the_tool_by_which_the_checks_are_judged(one: LabelledSet, tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="the tool needs pandas")
    tool = shared("tools/score_qc.py")
    files = [judged(path) for path in one.files]
    with (tmp_path / "flags.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["time", "station", "parameter", "flag"])
        for part in files:
            rows = zip(part.rows, part.flags.tolist(), strict=True)
            lines.writerows([row["timestamp"], row["station"], row["parameter"], flag] for row, flag in rows)
    only = [f"--params={','.join(one.parameters)}"] if one.parameters else []
    without = [f"--ignore={','.join(one.without)}"] if one.without else []
    command = [sys.executable, str(tool), f"{one.kind}-tuning", str(tmp_path / "flags.csv"), "--json", *only, *without]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["pooled"]
    ours = scored(one, files)
    assert (ours.both, ours.only_flagged, ours.only_labelled) == (theirs["tp"], theirs["fp"], theirs["fn"])
    assert (ours.events, ours.found, ours.alarms, ours.false) == tuple(
        theirs[name] for name in ("events", "found", "alarms", "false")
    )
    assert ours.f1 == pytest.approx(theirs["F1"])
    assert ours.false_alarms == pytest.approx(theirs["FA"])
