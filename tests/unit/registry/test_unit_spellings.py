"""The ways in which devices and loggers write the same unit."""

import pytest

from registry.units import normal


@pytest.mark.parametrize(
    ("written", "same"),
    [("℃", "degC"), ("ºC", "degC"), ("㎍/㎥", "ug/m3"), ("µg/Nm³", "ug/Nm3"), ("mg/m³N", "mg/Nm3"), ("m³/ngày đêm", "m3/d"),
     ("% vol", "%"), ("mbar", "hPa"), ("°", "deg")],
)  # fmt: skip
def test_spellings_of_one_unit_are_one(written: str, same: str) -> None:
    """A unit that is known is not refused for its letters."""
    assert normal(written) == normal(same)
