"""What the API publishes as an exceedance."""

import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from domain.month import Month
from domain.reading import SeriesKey
from reports.portal import make_app
from storage import verifications
from storage.state import writing
from storage.verifications import Verification
from support.seen import add_alert, province
from support.served import served

ADVISORY = {"unmet": [{"message": "it is the department's own threshold, not a limit of a regulation", "values": {}}]}


def published(folder: Path, **changes: Any) -> list[str]:
    """Return the kinds that the API lists beside the one exceedance that is there."""
    seen = province(folder)
    add_alert(seen, number="VV-2026-0148", parameter="tss", **changes)
    app = make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)
    with served(app) as address, urllib.request.urlopen(f"{address}/api/v1/exceedances") as answer:
        return [one["kind"] for one in json.load(answer) if one["parameter"] == "tss"]


@pytest.mark.parametrize(
    ("kind", "record", "kinds"),
    [
        ("over", {}, ["over"]),
        ("over", {"withdrawn": True}, []),  # later data say that it never was
        ("late", {}, ["late"]),  # found late, of a confirmed limit
        ("late", ADVISORY, []),
        ("advisory", ADVISORY, []),
    ],
)
def test_only_exceedances_of_confirmed_limits_that_still_stand_are_public(
    tmp_path: Path, kind: str, record: dict[str, Any], kinds: list[str]
) -> None:
    """Found late or in time; neither an advisory nor what was withdrawn."""
    assert published(tmp_path, kind=kind, record=json.dumps(record)) == kinds


NOVEMBER = Month(2026, 11)
LAW = {
    "rule_kind": "limit", "window": "hour", "row": "x-tss", "regulation": "X", "document": "QCVN X", "clause": "Bảng 1",
    "figures": [50.0, 0.9], "factors": ["Kq"], "row_unit": "mg/L", "suspect": 5,
    "unmet": [{"message": "the department has not confirmed this limit", "values": {}}],
    "doubts": [{"message": "{suspect} of {valid} values are suspect: check the instrument",
                "values": {"suspect": 5, "valid": 12}}],
    "software": "0.1.0", "checks": 1, "configuration": 255, "figures_by": 16,
}  # fmt: skip


def asked(folder: Path, path: str, *, verify: bool, **changes: Any) -> list[dict[str, Any]]:
    """Return what the API answers where one advisory of a limit is on record beside the exceedance."""
    found: list[dict[str, Any]] = json.loads(page(folder, path, verify=verify, **changes))
    return found


def page(folder: Path, path: str, *, verify: bool, **changes: Any) -> str:
    """Return what is answered there."""
    seen = province(folder)
    add_alert(seen, number="VV-2026-0148", parameter="tss", kind="advisory", record=json.dumps({**LAW, **changes}))
    if verify:
        word = Verification(SeriesKey(seen.outfall, "tss"), NOVEMBER, "Nguyễn Văn A", "Biên bản 12", seen.clock.now())
        with writing(seen.engine) as connection:
            verifications.add(connection, [word])
    app = make_app(seen.registry, seen.store, seen.engine, seen.clock, demo=False)
    with served(app) as address, urllib.request.urlopen(f"{address}{path}") as answer:
        written: bytes = answer.read()
    return written.decode()


@pytest.mark.parametrize(
    ("verify", "rule_kind", "public"), [(False, "limit", False), (True, "limit", True), (True, "threshold", False)],
)  # fmt: skip
def test_an_advisory_of_a_limit_is_public_once_a_person_has_verified_its_month(
    tmp_path: Path, verify: bool, rule_kind: str, public: bool
) -> None:
    """Then it says so, with the conditions that keep it an advisory; the department's own thresholds never are."""
    found = asked(tmp_path, "/api/v1/exceedances", verify=verify, rule_kind=rule_kind)
    tss = [one for one in found if one["parameter"] == "tss"]
    assert [one["state"] for one in tss] == ["verified"] * public
    assert all(one["state"] == "provisional" for one in found if one["parameter"] == "cod")


def test_a_public_exceedance_says_what_it_rests_on(tmp_path: Path) -> None:
    """Counts, row, arithmetic, conditions, doubt about the instrument, versions, configuration."""
    (one,) = [one for one in asked(tmp_path, "/api/v1/exceedances", verify=True) if one["parameter"] == "tss"]
    assert (one["row"], one["clause"], one["figure"], one["factors"]) == (
        "x-tss", "Bảng 1", 50, [{"name": "Kq", "value": 0.9}],
    )  # fmt: skip
    assert (one["valid"], one["expected"], one["suspect"], one["check_instrument"]) == (12, 12, 5, True)
    assert (one["confirmed"], one["conditions"][0]["en"]) == (False, "the department has not confirmed this limit")
    assert one["conditions"][0]["vi"] != one["conditions"][0]["en"]
    assert one["versions"] == {
        "software": "0.1.0", "checks": 1, "configuration": f"{255:016x}", "figures_configuration": f"{16:016x}",
    }  # fmt: skip


def test_what_is_verified_is_shown_on_the_page_of_the_station(tmp_path: Path) -> None:
    """With whose word it is, in the page's language."""
    assert "Nguyễn Văn A xác nhận:" in page(tmp_path, "/stations/NT-DH1-03", verify=True)


def test_a_month_that_is_none_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    """Like every other parameter of the lists."""
    with pytest.raises(HTTPError) as refused:
        page(tmp_path, "/api/v1/verifications?month=2026-13", verify=True)
    assert refused.value.code == 422
    assert "`month` cannot be “2026-13”" in refused.value.read().decode()


def test_what_is_verified_is_listed(tmp_path: Path) -> None:
    """With whose word it is."""
    (one,) = asked(tmp_path, "/api/v1/verifications?month=2026-11", verify=True)
    assert (one["parameter"], one["month"], one["state"]) == ("tss", "2026-11", "verified")
    assert (one["verified_by"], one["fallen_back_at"]) == ("Nguyễn Văn A", None)


def test_the_limits_of_a_station_are_those_of_its_facility_on_that_day(tmp_path: Path) -> None:
    """The factors multiplied, and in 2032 another regulation."""
    rows = asked(tmp_path, "/api/v1/limits?on=2031-12-31&station=NT-XA-01", verify=False)
    cod = {one["row"]: one for one in rows}["qcvn40-2011-B-cod"]
    assert (cod["high"], cod["level_high"], cod["factors"][0]) == (150, 135, {"name": "Kq", "value": 0.9})
    assert cod["windows"] == ["hour"]
    assert {one["regulation"] for one in rows} == {"QCVN40-2011"}


def test_from_2032_on_the_new_regulation_holds_for_all(tmp_path: Path) -> None:
    """Its figures have not been obtained, so nothing is compared with them."""
    rows = asked(tmp_path, "/api/v1/limits?on=2032-01-01&station=NT-XA-01", verify=False)
    assert {(one["regulation"], one["level_high"]) for one in rows} == {("QCVN40-2025", None)}
