"""Whose message comes on which topic, and what is asked of the broker for it."""

import pytest

from registry.lookup import Registry
from support.configured import registry, station

LORA = {"name": "lorawan", "topic": "application/a/device/01/event/#", "fields": [{"path": "x", "parameter": "pm25"}]}
SCALAR = {"name": "scalar", "receipt_time": True, "topics": [{"topic": "node/pm25/state", "parameter": "pm25"},
                                                            {"topic": "node/pm10/state", "parameter": "pm10"}]}  # fmt: skip


@pytest.fixture
def of() -> Registry:
    return registry(station("A-1"), station("L-1", decoder=LORA), station("S-1", decoder=SCALAR))


@pytest.mark.parametrize(
    ("topic", "whose"),
    [
        ("quantrac/A-1/air", "A-1"),
        ("application/a/device/01/event/up", "L-1"),
        ("application/a/device/01/event/up/more", "L-1"),
        ("application/a/device/01/event", "L-1"),
        ("application/a/device/01/command/down", None),
        ("application/a/device/01/events/up", None),
        ("application/a/device/02/event/up", None),
        ("node/pm25/state", "S-1"),
        ("node/pm10/state", "S-1"),
        ("node/status", None),
        ("quantrac/L-1/air", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_topic_is_one_stations(of: Registry, topic: str, whose: str | None) -> None:
    """Its own, or one that begins as the station says."""
    found = of.station_of_topic(topic)
    assert (found.id if found else None) == whose


def test_the_broker_is_asked_for_every_topic(of: Registry) -> None:
    """Of which some are covered by our own format's."""
    assert of.topic_filters() == (
        "quantrac/+/+", "application/a/device/01/event/#", "node/pm10/state", "node/pm25/state"
    )  # fmt: skip
