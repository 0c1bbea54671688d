"""The whole chain comes to the same whatever the order of arrival: flags, windows, indices, the set of exceedances."""

import csv
import gzip
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from quality.assess import CHECKS_VERSION, flag_at_the_door
from registry.load import load
from registry.lookup import Registry
from registry.schema import Rule, Station
from support.chain import STATIONS, Chain, configured, in_pieces, newest, rule
from support.configured import station
from support.shared import shared

START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight of the 2nd in Viet Nam
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
MAINTENANCE = {
    "stations": ["KK-1"], "parameters": ["pm25"], "from": "2026-03-02 01:00", "to": "2026-03-02 01:20",
    "status": "calibrating",
}  # fmt: skip

# Values that meet the checks: steady, jumping, at a pinned end, out of range, missing.
VALUES = st.one_of(st.sampled_from([20.0, 20.0, 20.5, 7.0, 55.0, 90.0, 300.0, -1.0, 1500.0, None]))
STATUS = st.sampled_from([Status.MEASURING] * 8 + [Status.CALIBRATING, Status.FAULT])


@st.composite
def arriving(draw: st.DrawFn) -> list[Reading]:
    """Return a few hours of four stations with holes, some of it twice and with other values."""
    found: list[Reading] = []
    for name in STATIONS:
        for parameter in ("pm25", "pm10") if name == "KK-1" else ("pm25",):
            places = draw(st.sets(st.integers(1, 60), min_size=1, max_size=40))
            for place in sorted(places):
                found.append(read(SeriesKey(name, parameter), place, draw(VALUES), draw(STATUS)))
    revised = draw(st.lists(st.sampled_from(found), max_size=5))
    return found + [read(one.series, place_of(one), draw(VALUES), Status.MEASURING) for one in revised]


def read(series: SeriesKey, place: int, value: float | None, status: Status) -> Reading:
    # A day apart from the last, so that a day is over and teaches.
    at = START + place * MINUTES + (timedelta(days=1) if place > 40 else timedelta(0))
    flag, reasons = flag_at_the_door(value, (0, 1000))
    return Reading(*series, at, value, status, flag, reasons, CHECKS_VERSION)


def place_of(one: Reading) -> int:
    apart = one.measured_at - START
    return (apart - timedelta(days=1) if apart > timedelta(days=1) else apart) // MINUTES


def numbered(readings: list[Reading]) -> Iterator[Reading]:
    """Number readings as their messages are; of one identity the last counts."""
    for seq, one in enumerate(readings, 1):
        yield Reading(*one.series, one.measured_at, one.value, one.status, one.flag, one.reasons, one.checks, seq)


@settings(max_examples=15, deadline=None)
@given(arriving(), st.randoms(use_true_random=False))
def test_flags_figures_and_exceedances_are_those_of_all_at_once(readings: list[Reading], chance: random.Random) -> None:
    """Shuffled, duplicated, late, split into runs with a restart between any two; compared with one batch in order."""
    everything = list(numbered(readings))
    with tempfile.TemporaryDirectory() as folder:
        hold(Path(folder), configured(MAINTENANCE), everything, chance, most=60)


def hold(folder: Path, made: Registry, everything: list[Reading], chance: random.Random, *, most: int) -> Chain:
    """Hold what comes of readings in pieces of at most `most` against what comes of all in order; return the latter."""
    end = max(one.measured_at for one in everything) + timedelta(days=2)
    batch = Chain.open(folder / "batch", made, end)
    batch.feed(newest(everything))
    batch.finish()
    stream = Chain.open(folder / "stream", made, min(one.measured_at for one in everything))
    in_pieces(stream, everything, chance, most)
    stream.clock.moment = end
    stream.finish()
    assert stream.flags() == batch.flags()
    assert stream.windows() == batch.windows()
    assert stream.exceedances() == batch.exceedances()
    stream.close()
    return batch


SPECIES = ("water_temperature", "ph", "dissolved_oxygen", "turbidity", "specific_conductance")


def test_two_weeks_of_an_estuary_are_the_same_in_any_order(tmp_path: Path) -> None:
    """Fifteen-minute readings of five parameters with the shipped checks, which learn from the first week."""
    start = datetime(2012, 7, 1, tzinfo=UTC)
    rows = recorded("data/water-nerrs-estuary/nerrs_apacp_2012.csv.gz", start, start + timedelta(days=14))
    readings = [Reading("W-1", *one, flag=Flag.GOOD, checks=CHECKS_VERSION) for _, *one in rows if one[0] in SPECIES]
    place = station("W-1", kind="surface_water", interval="15 min", parameters=[{"id": name} for name in SPECIES])
    low = rule("oxygen", "reading", parameters=["dissolved_oxygen"], threshold={"at_least": 4, "unit": "mg/L"})
    batch = hold(tmp_path, shipped([place], low), list(numbered(readings)), random.Random(1), most=1_500)
    assert {flag for flag, *_ in batch.flags().values()} >= {Flag.GOOD, Flag.SUSPECT}
    assert batch.exceedances()


def test_two_weeks_of_smoke_are_the_same_in_any_order(tmp_path: Path) -> None:
    """Hourly PM2.5 of four stations of one area, with the shipped checks; nothing of the episode is hidden."""
    start = datetime(2015, 8, 15, tzinfo=UTC)
    rows = list(
        recorded(
            "data/air-us-smoke-pm25/us_nw_megafires_2015-07-24_2015-09-06.csv.gz", start, start + timedelta(days=14)
        )
    )
    names = sorted({name for name, *_ in rows})[:4]
    readings = [
        Reading(f"KK-{names.index(name)}", *one, flag=Flag.GOOD, checks=CHECKS_VERSION)
        for name, *one in rows
        if name in names
    ]
    places = [station(f"KK-{number}", interval="1 h", parameters=[{"id": "pm25"}]) for number in range(4)]
    over = rule("smoke", "hour24", threshold={"at_most": 25, "unit": "ug/m3"})
    batch = hold(tmp_path, shipped(places, over), list(numbered(readings)), random.Random(2), most=300)
    assert batch.exceedances()


def shipped(places: list[Station], *rules: Rule) -> Registry:
    """Return the shipped parameters with their checks, at these stations."""
    parameters = load(Path("config")).parameters
    return replace(configured(rules=rules), stations={one.id: one for one in places}, parameters=parameters)


def recorded(path: str, start: datetime, end: datetime) -> Iterator[tuple[str, str, datetime, float | None]]:
    """Yield station, parameter, time and value of a recording in the shared folder."""
    with gzip.open(shared(path), "rt") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"])
            if start < at <= end and row["value"]:
                yield row["station"], row["parameter"], at, float(row["value"])
