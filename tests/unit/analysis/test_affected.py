"""Which stretches are judged again where a reading has changed."""

from analysis.affected import Affected, Changed, affected
from domain.reading import SeriesKey
from quality.learned import LEARNED_DAYS
from storage.spans import DAY_US

HOUR = DAY_US // 24
KEY = SeriesKey("A-1", "ph")
FAR = (0, 1_000 * DAY_US)


def test_a_reading_is_judged_again_up_to_the_end_of_the_last_day_that_it_teaches() -> None:
    """Its own day is the first of them that it does not teach: the 28 days after it are."""
    noon = 100 * DAY_US + 12 * HOUR
    found = list(affected(Affected(own=[Changed(KEY, noon, noon)]), (2 * HOUR, HOUR), FAR))
    assert found == [(noon - HOUR, (100 + LEARNED_DAYS + 1) * DAY_US - 1)]


def test_a_neighbour_is_looked_at_as_far_as_the_checks_look_but_taught_nothing() -> None:
    noon = 100 * DAY_US + 12 * HOUR
    found = list(affected(Affected(lent=[Changed(KEY, noon, noon)]), (2 * HOUR, HOUR), FAR))
    assert found == [(noon - HOUR, noon + 2 * HOUR)]


def test_the_newest_stretch_comes_first_and_none_reaches_beyond_the_readings() -> None:
    early, late = 10 * DAY_US, 500 * DAY_US
    both = Affected(lent=[Changed(KEY, early, early), Changed(KEY, late, late)])
    assert list(affected(both, (HOUR, HOUR), (early, late))) == [(late - HOUR, late), (early, early + HOUR)]
