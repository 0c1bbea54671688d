"""A running Grafana is compared with what is generated, over its real protocol, and put right."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.drift import Difference, Grafana, GrafanaUnavailable, differences
from dashboards.generate import generate
from domain.text import QuantracError
from support.configured import registry
from support.grafana import TOKEN, FakeGrafana, running_grafana
from support.mosquitto import free_port


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with running_grafana() as running:
        yield running


@pytest.fixture
def wanted() -> dict[str, str]:
    return generate(registry(), "vi")


def test_what_was_pushed_does_not_differ(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """Its own id, version and defaults are no difference, nor what it leaves out because it is empty."""
    api = Grafana(grafana.url, TOKEN)
    assert api.push(wanted) == ["quantrac-air-vi", "quantrac-ingest-vi"]
    assert api.check(wanted) == []


def test_push_leaves_alone_what_is_right(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """Done again, it changes nothing, and makes no new version."""
    api = Grafana(grafana.url, TOKEN)
    api.push(wanted)
    assert api.push(wanted) == []
    assert grafana.writes == 2


def test_a_change_by_hand_is_named(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """Where it is, what is generated, what runs."""
    api = Grafana(grafana.url, TOKEN)
    api.push(wanted)
    grafana.boards["quantrac-air-vi"]["panels"][1]["title"] = "Của tôi"
    title = json.loads(wanted["vi/air.json"])["panels"][1]["title"]
    assert api.check(wanted) == [Difference("quantrac-air-vi", "panels[1].title", title, "Của tôi")]


def test_push_puts_a_change_by_hand_right(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """Only the dashboard that differs is written."""
    api = Grafana(grafana.url, TOKEN)
    api.push(wanted)
    grafana.boards["quantrac-air-vi"]["refresh"] = "1h"
    assert api.push(wanted) == ["quantrac-air-vi"]
    assert api.check(wanted) == []


def test_a_dashboard_that_is_not_there_is_a_difference(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """An empty Grafana differs in every dashboard."""
    found = Grafana(grafana.url, TOKEN).check(wanted)
    assert [(one.dashboard, one.where, one.running) for one in found] == [
        ("quantrac-air-vi", "", None),
        ("quantrac-ingest-vi", "", None),
    ]


def test_a_dashboard_read_from_files_is_not_pushed(grafana: FakeGrafana, wanted: dict[str, str]) -> None:
    """Grafana refuses it; the sentence says what to do instead, and nothing else was changed before."""
    grafana.provisioned = {"quantrac-ingest-vi"}
    grafana.boards["quantrac-ingest-vi"] = {"uid": "quantrac-ingest-vi", "title": "old"}
    with pytest.raises(QuantracError, match="quantrac dashboards generate") as caught:
        Grafana(grafana.url, TOKEN).push(wanted)
    assert (caught.value.exit_status, grafana.writes) == (2, 0)


@pytest.mark.parametrize("url", ["{grafana}", "http://127.0.0.1:{free}"])
def test_a_grafana_that_refuses_or_is_away_ends_with_3(grafana: FakeGrafana, wanted: dict[str, str], url: str) -> None:
    """A wrong token and no server at all: both name the address, neither is a traceback."""
    address = url.format(grafana=grafana.url, free=free_port()).replace("http://http://", "http://")
    with pytest.raises(GrafanaUnavailable, match=address) as caught:
        Grafana(address, "wrong").check(wanted)
    assert caught.value.exit_status == 3


@pytest.mark.parametrize(
    ("running", "where"),
    [
        ({"uid": "a", "title": "A", "panels": [{"id": 1, "type": "text"}]}, []),
        ({"uid": "a", "title": "A", "panels": [{"id": 1, "type": "text", "pluginVersion": "12.1"}]}, []),
        ({"uid": "a", "title": "A", "panels": [{"id": 1, "type": "stat"}]}, ["panels[0].type"]),
        ({"uid": "a", "title": "A", "panels": [{"id": 1, "type": "text"}, {"id": 2}]}, ["panels"]),
        ({"uid": "a", "title": "A", "panels": []}, ["panels"]),
        ({"uid": "a", "title": "A"}, ["panels"]),
        ({"uid": "a", "title": "B", "panels": [{"id": 1, "type": "text"}]}, ["title"]),
    ],
)
def test_additions_of_grafana_are_no_difference_but_changes_are(running: dict[str, Any], where: list[str]) -> None:
    """A later version adds defaults; a panel more, less or another one is what a person did."""
    generated = {"uid": "a", "title": "A", "panels": [{"id": 1, "type": "text", "links": []}]}
    assert [one.where for one in differences(generated, running)] == where
