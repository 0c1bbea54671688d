"""A message as long as may be that is no number and no time is refused at once: it must not hold up all others."""

import pytest

from ingest.body import iso_moment, number
from ingest.refusals import Refusal

MOST = 250_000


@pytest.mark.parametrize("written", ["1" * MOST + "x", " " * MOST + "x", "1." + "1" * MOST + "x"])
def test_what_is_no_number_is_refused_at_once_however_long(written: str) -> None:
    """Tried in every way in which digits can be parted it would take half an hour."""
    with pytest.raises(Refusal):
        number(written, "pm25", as_text=True)


@pytest.mark.parametrize("written", ["2026" + " " * MOST + "x", "2026-11-24T08:35:00." + "0" * MOST])
def test_what_is_no_time_is_refused_at_once_however_long(written: str) -> None:
    """The same of times."""
    with pytest.raises(Refusal):
        iso_moment(written)
