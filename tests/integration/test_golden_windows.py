"""Windows at their edges through the real roller, against figures that were worked out by hand (tests/golden/windows.yaml)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import WindowKind
from present.charts import is_over, is_sufficient
from registry.lookup import Registry
from registry.schema import Parameter, Regulation, duration
from support.configured import station
from support.rolled import bench, configured

CASES = yaml.safe_load((Path(__file__).resolve().parents[1] / "golden" / "windows.yaml").read_text("utf-8"))["cases"]
KIND = {"weight": "waste", "wind_direction": "air"}
LAW: dict[str, Any] = {
    "id": "LAW", "names": {"vi": "L", "en": "L"}, "document": "LAW", "kinds": ["outfall"], "general": True,
    "rows": [
        {"row": f"law-{name}", "clause": "1", "parameter": name, "averaging": "hour", "unit": unit, "confidence": "V2", **bound}
        for name, unit, bound in (
            ("cod", "mg/L", {"at_most": 135}), ("ph", "", {"at_least": 5.5, "at_most": 9}),
            ("dissolved_oxygen", "mg/L", {"at_least": 4}),
        )
    ],
}  # fmt: skip
OXYGEN = Parameter.model_validate({
    "id": "dissolved_oxygen", "names": {"vi": "DO", "en": "DO"}, "symbol": "DO", "media": ["water"], "unit": "mg/L",
    "plausible": [0, 30],
})  # fmt: skip


def known(case: dict[str, Any]) -> Registry:
    measured = {"id": case["parameter"], **{key: case[key] for key in ("irregular", "meter") if key in case}}
    if "meter" in measured:
        measured["meter"] = {**measured["meter"], "replaced": [
            {**one, "at": datetime.fromisoformat(one["at"])} for one in measured["meter"].get("replaced", ())
        ]}  # fmt: skip
    where = station(
        "G-1", kind=KIND.get(case["parameter"], "outfall"), interval=case.get("every", "5 min"), parameters=[measured],
        silent_after="6 h",
    )  # fmt: skip
    made = configured(where, zone=case.get("zone", "Asia/Ho_Chi_Minh"))
    parameters = {**made.parameters, OXYGEN.id: OXYGEN}
    return replace(made, regulations={"LAW": Regulation.model_validate(LAW)}, parameters=parameters)


def measured(case: dict[str, Any], zone: ZoneInfo) -> Iterator[Reading]:
    def one(at: datetime, written: Any) -> Reading:
        value, status, flag = written if isinstance(written, list) else (written, 0, 1)
        return Reading("G-1", case["parameter"], at, float(value), Status(status), Flag(flag), seq=1)

    for at, value in case.get("at", {}).items():
        yield one(moment(at, zone), value)
    step, begin = duration(case.get("every", "5 min")), moment(case.get("from", "2026-01-01"), zone)
    for place, value in enumerate(case.get("values", ()), 1):
        if value is not None:
            yield one(begin + place * step, value)


def moment(written: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_a_window_comes_to_what_was_worked_out_by_hand(case: dict[str, Any], tmp_path: Path) -> None:
    """Value, counts, capture, and whether it is over its limit."""
    made = known(case)
    readings = list(measured(case, made.zone))
    series = SeriesKey("G-1", case["parameter"])
    now = max(one.measured_at for one in readings) + timedelta(hours=3)
    rolled = bench(tmp_path, now, made, key=series)
    rolled.feed(readings)
    rolled.roll()
    for expected in case["expect"]:
        kind, end = WindowKind(expected["window"]), moment(expected["end"], made.zone)
        found = {made.window(kind, mark).end: point for mark, point in rolled.points(kind).items()}
        assert_is(found[end], expected, made.province.policies.capture)


def assert_is(point: RollupPoint, expected: dict[str, Any], capture: float) -> None:
    for name in ("value", "minimum", "maximum"):
        if name in expected:
            wanted = expected[name]
            assert getattr(point, name) == (None if wanted is None else pytest.approx(wanted, rel=1e-9, abs=1e-9)), (
                expected
            )
    for name in ("valid", "expected", "suspect", "calibrating", "fault"):
        if name in expected:
            assert getattr(point, name) == expected[name], expected
    judged = {"over": is_over(point), "sufficient": is_sufficient(point, capture)}
    for name, found in judged.items():
        if name in expected:
            assert found is expected[name], expected
