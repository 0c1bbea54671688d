"""The shipped checks against what experts said of the same readings: rivers, estuaries, a waterworks, low-cost sensors.

The sets travel beside the repository, not in it (some may not be handed on), and are judged as `quantrac qc` judges a
file: stations that the configuration does not know, by the defaults of their parameters.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.child import ROOT
from bench.figures import Figure
from bench.scoring import Labelled, Score, score, together
from bench.sizes import Size, Told
from domain.flag import Flag
from registry.load import load
from registry.lookup import Registry
from service.qc import judge
from service.reading_file import read_file

SHARED = ROOT.parent / "shared" / "data"
LACKING = "labelled: the labelled sets (../shared/data) are not here, so the checks were not held to them"

_SENTINEL = -9999.0
_NERRS_WRONG = frozenset({"-5", "-4", "-3", "1"})
_FOUR = ("water_temperature", "specific_conductance", "ph", "dissolved_oxygen")
_STILL = ("dissolved_oxygen", "ph", "specific_conductance")
_STILL_ROWS = 96

_Kind = Literal["lro", "qld", "nerrs", "gecco", "healthy"]
_Measure = Literal["precision", "recall", "f1", "event_recall", "false_alarms"]
_NAMES: Mapping[_Measure, str] = {
    "precision": "precision", "recall": "recall", "f1": "F1", "event_recall": "events found",
    "false_alarms": "false alarms per series and month",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Files of a set, the parameters that count (none: all), what is aimed at, and qualifiers whose readings are left out."""

    name: str
    kind: _Kind
    files: Sequence[str]
    aims: Mapping[_Measure, float]
    parameters: Sequence[str] = ()
    without: Sequence[str] = ()


# What the technician moved by a constant or a drift: each reading looks right by itself.
_CORRECTED = "10"
_LRO = tuple(f"water-logan-river-lro/{name}.csv.gz" for name in ("lro_franklinbasin_2014", "lro_mainstreet_2019"))
SETS = (
    LabelledSet(
        "Logan River, six parameters", "lro", _LRO,
        {"precision": 0.90, "f1": 0.46, "event_recall": 0.80, "false_alarms": 0.6},
    ),
    LabelledSet(
        "Logan River, four parameters", "lro", _LRO, {"f1": 0.63, "event_recall": 0.85, "false_alarms": 0.7}, _FOUR
    ),
    LabelledSet("Logan River, six parameters, corrected stretches left out", "lro", _LRO, {}, without=[_CORRECTED]),
    LabelledSet("Logan River, four parameters, corrected stretches left out", "lro", _LRO, {}, _FOUR, [_CORRECTED]),
    LabelledSet(
        "NERRS estuary", "nerrs", ("water-nerrs-estuary/nerrs_apacp_2012.csv.gz",),
        {"precision": 0.90, "f1": 0.30, "false_alarms": 0.3},
    ),
    LabelledSet(
        "Queensland river", "qld", ("water-queensland-labelled/qld_sandy_creek_2017_2018.csv.gz",),
        {"precision": 0.70, "event_recall": 0.60, "false_alarms": 0.3},
    ),
    LabelledSet(
        "GECCO waterworks, per minute", "gecco",
        ("water-gecco2018-minute/gecco2018_train_2016-08-03_2016-09-03.csv.gz",),
        {"f1": 0.65, "event_recall": 7 / 13, "false_alarms": 8.0},
    ),
)  # fmt: skip
_HEALTHY = "air-sensor-community/sc_healthy_2019.csv.gz"


def found() -> bool:
    """Tell whether the sets are beside the repository."""
    return SHARED.is_dir()


def measure(_folder: Path, _size: Size, told: Told) -> list[Figure]:
    """Return how far the shipped checks agree with the experts; nothing where the sets are not here."""
    if not found():
        return []
    registry = load(ROOT / "config")
    figures: list[Figure] = []
    judged: dict[str, Judged] = {}
    for place, one in enumerate(SETS):
        told(one.name, place / (len(SETS) + 1))
        judged |= {path: Judged.of(SHARED / path, registry) for path in one.files if path not in judged}
        figures += _figures(one, scored(one, [judged[path] for path in one.files]))
    told("healthy low-cost sensors", len(SETS) / (len(SETS) + 1))
    return [*figures, _healthy(Judged.of(SHARED / _HEALTHY, registry))]


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a file as they are written, and the flag that each gets."""

    rows: Sequence[Mapping[str, str]]
    flags: NDArray[np.int8]

    @classmethod
    def of(cls, path: Path, registry: Registry) -> "Judged":
        """Judge a file as `quantrac qc` does."""
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return cls(rows, judge(read_file(path, _silent), registry, _silent).flags)


def _silent(*_done: int) -> None:
    """Tell nobody: a file takes seconds."""


def scored(one: LabelledSet, files: Sequence[Judged]) -> Score:
    """Return how the flags compare with the labels of a set."""
    series = [part for file in files for part in _series(file, one)]
    return score([together(series)] if one.kind == "gecco" else series)


def _figures(one: LabelledSet, of: Score) -> Iterator[Figure]:
    for measured, name in _NAMES.items():
        at_least = measured != "false_alarms"
        yield Figure(f"{one.name}: {name}", "", [getattr(of, measured)], one.aims.get(measured), at_least=at_least)


def _healthy(judged: Judged) -> Figure:
    left = float(np.isin(judged.flags, (Flag.GOOD, Flag.NOT_EVALUATED)).mean())
    return Figure("healthy low-cost sensors: readings not flagged", "", [left], 1.0, at_least=True)


def _series(judged: Judged, one: LabelledSet) -> Iterator[Labelled]:
    """Yield the series of a file with their labels and their flags."""
    rows, flagged = judged.rows, np.isin(judged.flags, (Flag.SUSPECT, Flag.FAIL))
    labels = _labels(rows, one.kind)
    if one.without:
        labels[np.array([row["qualifier"] in one.without for row in rows]) & (labels == 1)] = np.nan
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row["parameter"] in one.parameters or not one.parameters:
            places[row["station"], row["parameter"]].append(place)
    for found_at in places.values():
        times = np.array([int(datetime.fromisoformat(rows[place]["timestamp"]).timestamp()) for place in found_at])
        order = np.argsort(times, kind="stable")
        at = np.array(found_at)[order]
        values = np.array([_number(rows[place]["value"]) for place in at])
        yield Labelled(times[order], np.isnan(values) | (values == _SENTINEL), labels[at], flagged[at])


def _labels(rows: Sequence[Mapping[str, str]], kind: _Kind) -> NDArray[np.float64]:
    """Return 1 where an expert says that a reading is wrong, 0 where right, NaN where it is not judged."""
    if kind == "nerrs":
        return np.array([float(row["qaqc_flag"] in _NERRS_WRONG) if row["label"] else np.nan for row in rows])
    labels = np.array([_number(row["label"]) for row in rows])
    if kind == "qld":
        labels[[row["label_type"] == "K" for row in rows]] = np.nan
    if kind == "lro":
        labels[_forgotten(rows) & (labels == 0)] = np.nan
    return labels


def _forgotten(rows: Sequence[Mapping[str, str]]) -> NDArray[np.bool_]:
    """Tell which readings cannot be right, whether or not the technician labelled them: finding them is no fault."""
    values = np.array([_number(row["value"]) for row in rows])
    names = np.array([row["parameter"] for row in rows])
    stations = np.array([row["station"] for row in rows])
    wrong = (np.abs(values) == 7999) | ((names == "ph") & ((values <= 0) | (values > 14)))
    wrong |= ((names == "dissolved_oxygen") & (values <= 0)) | ((names == "specific_conductance") & (values <= 5))
    new = (values[1:] != values[:-1]) | (names[1:] != names[:-1]) | (stations[1:] != stations[:-1])
    run = np.concatenate(([0], np.cumsum(new)))
    still = np.isin(names, _STILL) & (np.bincount(run)[run] >= _STILL_ROWS)
    forgotten: NDArray[np.bool_] = (wrong | still) & ~np.isnan(values) & (values != _SENTINEL)
    return forgotten


def _number(written: str) -> float:
    return float(written) if written else float("nan")
