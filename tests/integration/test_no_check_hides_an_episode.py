"""Smoke, haze and smog raise the same alerts with the shipped checks as without any: a check may doubt them, not hide them."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.flag import Flag, Reason
from domain.moment import micros
from domain.reading import Reading, Status
from quality.assess import assess_station, flag_at_the_door
from quality.settings import Checks, checks_of
from quality.trace import trace_of
from registry.check_settings import ParameterChecks
from registry.load import load
from registry.lookup import Registry
from registry.schema import Rule, Team
from storage import alerting
from support.chain import Chain
from support.configured import registry, station
from support.learned import learned_from
from support.shared import shared

ROOT = Path(__file__).resolve().parents[2]
# Enough of an episode; a year takes long.
TWO_MONTHS = timedelta(days=60)
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
    """Through flagger, roller and judge, of the stations that were worst: hours, running days and days over a level."""
    of = recorded(EPISODES[episode])
    worst = sorted(of, key=lambda name: -np.nanmean([value or np.nan for _, value in of[name]["pm25"]]))[:8]
    names = named({name: of[name] for name in worst})
    made = configured(names)
    readings = list(arriving({name: of[name] for name in worst}, made, names, after=last_of(of) - TWO_MONTHS))
    on, doubted = alerts_of(tmp_path / "on", made, readings)
    off, _ = alerts_of(tmp_path / "off", without_checks(made), readings)
    assert on == off
    assert on
    assert doubted > 0 or episode != "smoke", "the checks are on"


def last_of(of: Recorded) -> datetime:
    return max(rows[-1][0] for by_parameter in of.values() for rows in by_parameter.values())


def without_checks(made: Registry) -> Registry:
    bare = {name: one.model_copy(update={"checks": (), "suspect": None}) for name, one in made.parameters.items()}
    return replace(made, parameters=bare)


def arriving(of: Recorded, made: Registry, names: Mapping[str, str], *, after: datetime) -> Iterator[Reading]:
    """Yield readings as the pipeline leaves them, with the flag that they get at the door."""
    for name, by_parameter in of.items():
        for parameter, rows in by_parameter.items():
            plausible = made.parameters[parameter].plausible
            for number, (at, value) in enumerate(rows, 1):
                if at > after:
                    flag, reasons = flag_at_the_door(value, plausible)
                    yield Reading(names[name], parameter, at, value, Status.MEASURING, flag, reasons, seq=number)


def alerts_of(folder: Path, made: Registry, readings: list[Reading]) -> tuple[set[tuple[Any, ...]], int]:
    """Return what alerts the whole chain raises, and how many readings it finds suspect."""
    chain = Chain.open(folder, made, max(one.measured_at for one in readings) + timedelta(days=2))
    chain.feed(readings)
    chain.finish()
    rows = alerting.alert_history(chain.engine, limit=100_000)
    suspect = sum(flag == Flag.SUSPECT for flag, *_ in chain.flags().values())
    chain.close()
    return {(one.rule, one.series, one.crossed_at, one.closed_at, one.peak) for one in rows}, suspect


def test_a_check_that_fails_an_hour_changes_the_alerts(tmp_path: Path) -> None:
    """What the test above would find."""
    made = configured({"x": "S-0"})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    readings = [
        Reading("S-0", "pm25", start + timedelta(hours=n), 20.0 if n != 7 else 400.0, flag=Flag.GOOD, seq=n)
        for n in range(1, 30)
    ]
    spike = ParameterChecks.model_validate({"spike": {"fail": 100}})
    pm25 = made.parameters["pm25"].model_copy(update={"checks": (spike,)})
    failing = replace(made, parameters={**made.parameters, "pm25": pm25})
    assert alerts_of(tmp_path / "a", made, readings)[0] != alerts_of(tmp_path / "b", failing, readings)[0]
