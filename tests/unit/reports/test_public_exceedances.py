"""What the API publishes as an exceedance."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from reports.portal import make_app
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
