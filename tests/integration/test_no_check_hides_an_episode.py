"""Smoke, haze and smog raise the same alerts with the shipped checks as without any: a check may doubt them, not hide them."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.check import Judge
from alerts.links import LinkBase
from analysis.roller import Roller
from domain.flag import Flag, Reason
from domain.moment import micros
from domain.reading import Reading, SeriesKey, Status
from quality.assess import assess_station
from quality.settings import Checks, checks_of
from quality.trace import trace_of
from registry.load import load
from registry.lookup import Registry
from registry.schema import Rule, Team
from storage import alerting, spans
from support.configured import registry, station
from support.learned import learned_from
from support.rolled import bench
from support.shared import shared

ROOT = Path(__file__).resolve().parents[2]
LINKS = LinkBase("https://qt.example", "https://public.example")
EPISODES = {
    "smoke": "data/air-us-smoke-pm25/us_nw_megafires_2015-07-24_2015-09-06.csv.gz",
    "haze": "data/air-singapore-nea/sg_pm25_hourly_2016-12_2017-03.csv.gz",
    "winter in India": "data/air-india-us-embassy/in_pm25_2015-01_2015-11.csv.gz",
    "smog in Beijing": "data/air-beijing-prsa/beijing_6st_2016-03_2017-02.csv.gz",
}
Recorded = Mapping[str, Mapping[str, list[tuple[datetime, float | None]]]]


def recorded(path: str) -> Recorded:
    """Return the PM of a recording by station and parameter."""
    found: dict[str, dict[str, list[tuple[datetime, float | None]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(shared(path), "rt") as file:
        for row in csv.DictReader(file):
            if row["parameter"] in {"pm25", "pm10"}:
                value = float(row["value"]) if row["value"] else None
                found[row["station"]][row["parameter"]].append((datetime.fromisoformat(row["timestamp"]), value))
    return found


def rule(parameter: str, window: str, level: float) -> Rule:
    return Rule.model_validate({
        "id": f"{parameter}-{window}", "names": {"vi": "x", "en": "x"}, "kind": "threshold", "parameters": [parameter],
        "window": window, "threshold": {"at_most": level, "unit": "ug/m3"}, "clear": {"share": 1.0, "windows": 1},
        "team": "team",
    })  # fmt: skip


def configured(names: Mapping[str, str]) -> Registry:
    """Return hourly stations with the shipped PM2.5 and PM10, and rules on hour, 24 hours and day."""
    made = registry(*(station(name, interval="1 h") for name in names.values()))
    shipped = load(ROOT / "config").parameters
    rules = [rule("pm25", "hour", 150), rule("pm10", "hour", 200)]
    rules += [
        rule(name, window, level) for name, level in (("pm25", 50), ("pm10", 100)) for window in ("hour24", "day")
    ]
    team = Team.model_validate({"id": "team", "names": {"vi": "Tổ", "en": "Team"}, "people": []})
    parameters = {**made.parameters, **{name: shipped[name] for name in ("pm25", "pm10")}}
    return replace(made, parameters=parameters, rules={one.id: one for one in rules}, teams={"team": team})


def judged(of: Recorded, checks: Mapping[str, Checks], names: Mapping[str, str]) -> Iterator[Reading]:
    """Yield the readings with the flags that `checks` give."""
    for name, by_parameter in of.items():
        traces = {
            parameter: trace_of([micros(at) for at, _ in rows], [value for _, value in rows])
            for parameter, rows in by_parameter.items()
        }
        learned = {parameter: learned_from(trace, checks[parameter]) for parameter, trace in traces.items()}
        said = assess_station(traces, checks, learned)
        for parameter, rows in by_parameter.items():
            of_moment = dict(zip(traces[parameter].times.tolist(), range(len(rows)), strict=True))
            for number, (at, value) in enumerate(rows, 1):
                place = of_moment[micros(at)]
                flag, reasons = int(said[parameter].flags[place]), int(said[parameter].reasons[place])
                yield Reading(
                    names[name], parameter, at, value, Status.MEASURING, Flag(flag), Reason(reasons), seq=number
                )


def on_and_off(made: Registry, name: str) -> tuple[dict[str, Checks], dict[str, Checks]]:
    shipped = {parameter: checks_of(made, name, parameter) for parameter in ("pm25", "pm10")}
    return shipped, {parameter: Checks(one.plausible) for parameter, one in shipped.items()}


def named(of: Recorded) -> dict[str, str]:
    return {name: f"S-{place}" for place, name in enumerate(sorted(of))}


@pytest.mark.parametrize("episode", EPISODES)
def test_nothing_fails_but_what_is_out_of_the_plausible_range(episode: str) -> None:
    """What fails does not count in an average; of all readings of an episode only impossible ones may."""
    of = recorded(EPISODES[episode])
    names = named(of)
    shipped, off = on_and_off(configured(names), "S-0")
    failed, doubted = [], 0
    for one, bare in zip(judged(of, shipped, names), judged(of, off, names), strict=True):
        doubted += one.flag is Flag.SUSPECT
        if (one.flag is Flag.FAIL) != (bare.flag is Flag.FAIL):
            failed.append(one)
    assert not failed
    assert doubted > 0 or episode in {"haze", "smog in Beijing"}, "the checks are on"


@pytest.mark.parametrize("episode", EPISODES)
def test_the_same_alerts_are_raised_with_the_checks_on_and_off(tmp_path: Path, episode: str) -> None:
    """Through the roller and the judge, of the stations that were worst: hours, running days and days over a level."""
    of = recorded(EPISODES[episode])
    worst = sorted(of, key=lambda name: -np.nanmean([value or np.nan for _, value in of[name]["pm25"]]))[:8]
    names = named({name: of[name] for name in worst})
    some = {
        name: {parameter: [one for one in rows if within(one[0], of)] for parameter, rows in of[name].items()}
        for name in worst
    }
    made = configured(names)
    shipped, off = on_and_off(made, "S-0")
    found = {}
    for which, checks in (("on", shipped), ("off", off)):
        (tmp_path / which).mkdir()
        found[which] = alerts_of(tmp_path / which, made, list(judged(some, checks, names)))
    assert found["on"] == found["off"]
    assert found["on"]


def within(at: datetime, of: Recorded) -> bool:
    """Tell whether a moment is in the last two months of a recording: that is enough of an episode, and a year takes long."""
    return at > max(rows[-1][0] for by_parameter in of.values() for rows in by_parameter.values()) - timedelta(days=60)


def alerts_of(folder: Path, made: Registry, readings: list[Reading]) -> set[tuple[Any, ...]]:
    stores = bench(folder, max(one.measured_at for one in readings) + timedelta(days=2), made)
    stores.feed(readings)
    judge = Judge(made, stores.store, stores.engine, stores.clock, LINKS)
    while spans.waiting(stores.engine).keys() & {"roll", "judge"}:
        Roller(made, stores.store, stores.engine, stores.clock).run()
        judge.run()
    stores.store.close()
    rows = alerting.alert_history(stores.engine, limit=100_000)
    stores.engine.dispose()
    return {(one.rule, one.series, one.crossed_at, one.closed_at, one.peak) for one in rows}


def test_a_check_that_failed_an_hour_would_change_the_alerts(tmp_path: Path) -> None:
    """What the test above would find."""
    names = {"x": "S-0"}
    made = configured(names)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    key = SeriesKey("S-0", "pm25")
    readings = [
        Reading(*key, start + timedelta(hours=n), 20.0 if n != 7 else 400.0, flag=Flag.GOOD, seq=n)
        for n in range(1, 30)
    ]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    failing = [msgspec.structs.replace(one, flag=Flag.FAIL) if one.value == 400.0 else one for one in readings]
    assert alerts_of(tmp_path / "a", made, readings) != alerts_of(tmp_path / "b", made, failing)
