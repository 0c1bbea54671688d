from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.limit import Bound
from domain.text import Text
from present.words import (
    bound_text,
    compared,
    day,
    duration,
    hour_span,
    number,
    place,
    say,
    short_when,
    shown,
    symbol,
    times_limit,
    translator,
    unit,
    when,
    with_unit,
)
from registry.schema import Names

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NINE = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "places", "vietnamese", "english"),
    [
        (8640, 0, "8.640", "8,640"),
        (1.17, 2, "1,17", "1.17"),
        (-0.5, None, "−0,5", "−0.5"),
        (135.0, None, "135", "135"),
        (0.5, 0, "1", "1"),
        (-0.4, 0, "0", "0"),
        (12345678, None, "12.345.678", "12,345,678"),
        (0.00001, None, "0,00001", "0.00001"),
    ],
)
def test_a_number_is_written_as_its_language_writes_it(
    value: float, places: int, vietnamese: str, english: str
) -> None:
    """Comma and point change places, minus is a minus, nothing is written as minus zero."""
    assert number(value, places, "vi") == vietnamese
    assert number(value, places, "en") == english


def test_a_value_stays_on_one_line_with_its_unit() -> None:
    """A no-break space binds them; a unit that is none leaves no space behind."""
    assert with_unit("158", "mg/L", "vi") == "158\u00a0mg/L"
    assert with_unit("41.2", "ug/m3", "en") == "41.2\u00a0µg/m³"
    assert with_unit("7,4", "", "vi") == "7,4"


def test_units_and_symbols_are_written_for_people() -> None:
    """Canonical spellings are for machines."""
    assert [unit("ug/m3"), unit("degC"), unit("m3/h", "vi"), unit("t", "vi")] == ["µg/m³", "°C", "m³/giờ", "tấn"]
    assert symbol("PM2.5", "vi") == "PM2,5"
    assert symbol("PM2.5", "en") == "PM2.5"
    assert [symbol("Dust kg", "vi"), symbol("Dust kg", "en"), symbol("COD kg", "vi")] == ["Bụi kg", "Dust kg", "COD kg"]


def test_a_moment_is_said_with_its_day() -> None:
    """In the zone that is given, the day of the week in words."""
    assert when(NINE, ZONE, "vi") == "09:00 thứ Ba 24/11/2026"
    assert when(NINE, ZONE, "en") == "09:00, Tue 24 Nov 2026"
    assert short_when(NINE, ZONE, "vi") == "09:00 24/11/2026"
    assert day(date(2026, 11, 22), "vi") == "chủ Nhật 22/11/2026"


def test_a_window_that_ends_at_midnight_ends_at_24_00_of_its_day() -> None:
    """The local day is 01:00–24:00."""
    assert when(MIDNIGHT, ZONE, "vi", end=True) == "24:00 thứ Ba 24/11/2026"
    assert hour_span(MIDNIGHT - timedelta(hours=1), MIDNIGHT, ZONE) == "23:00–24:00"
    assert when(MIDNIGHT, ZONE, "en") == "00:00, Wed 25 Nov 2026"


def test_a_place_names_its_side_of_the_earth() -> None:
    """Four decimals, as coordinates are that are about right."""
    assert place(10.821, 106.462, "vi") == "10,8210°\u00a0B, 106,4620°\u00a0Đ"
    assert place(-10.821, -106.462, "en") == "10.8210°\u00a0S, 106.4620°\u00a0W"


@pytest.mark.parametrize(
    ("minutes", "english"), [(0, "0 min"), (5, "5 min"), (60, "1 h"), (530, "8 h 50 min"), (2 * 1440 + 61, "2 d 1 h")]
)
def test_a_length_of_time_has_at_most_two_units(minutes: int, english: str) -> None:
    """What is small beside the rest is left out."""
    assert duration(timedelta(minutes=minutes), "en") == english


@pytest.mark.parametrize(
    ("level", "precision", "written"),
    [(135.2, 0, "135.2"), (135.04, 1, "135.04"), (135.0, 0, "135"), (134.96, 0, "135"), (212.4, 0, "212")],
)
def test_a_level_is_never_rounded_to_the_other_side_of_its_limit(level: float, precision: int, written: str) -> None:
    """Compared unrounded, shown rounded: where the two disagree, more digits are shown."""
    assert shown(level, Bound(None, 135.0), precision, "en") == written


@given(st.floats(0.01, 1000), st.floats(0.01, 1000), st.integers(0, 2))
def test_what_is_shown_agrees_with_the_comparison(level: float, limit: float, precision: int) -> None:
    """For any level and limit that differ by more than six digits can tell."""
    bound = Bound(None, limit)
    if abs(level - limit) > 1e-5:
        written = float(shown(level, bound, precision, "en").replace(",", "").replace("−", "-"))
        assert bound.is_exceeded(written) == bound.is_exceeded(level)


def test_what_is_over_is_never_once_its_limit() -> None:
    """1.001 times, not 1.00 times."""
    assert times_limit(135.2, 135, "vi") == "1,001"
    assert times_limit(158, 135, "vi") == "1,17"


def test_a_level_is_said_against_its_bound() -> None:
    """Over, under the least allowed, within: three sentences."""
    assert compared(212, Bound(None, 135), "en") == "1.57 times the limit of 135"
    assert compared(4.9, Bound(5.0, None), "en") == "outside the limit of ≥\u00a05"
    assert compared(7, Bound(5.5, 9), "en") == "within the limit of 5.5–9"
    assert bound_text(Bound(5.5, 9), "vi") == "5,5–9"


def test_a_sentence_is_said_with_everything_in_it_in_one_language() -> None:
    """Numbers, moments, names and sentences inside a sentence follow its language."""
    inner = Text("1 station is silent")
    text = Text("{ratio} · {at} · {area} · {inner} · {levels}", {
        "ratio": 1.17, "at": NINE.astimezone(ZONE), "area": Names(vi="Khu", en="Area"), "inner": inner,
        "levels": [1.5, 2],
    })  # fmt: skip
    assert say(text, "vi") == "1,17 · 09:00 thứ Ba 24/11/2026 · Khu · 1\u00a0trạm mất tín\u00a0hiệu · 1,5; 2".replace(
        "1\u00a0trạm mất tín\u00a0hiệu", say(inner, "vi")
    )
    assert say(text, "en") == "1.17 · 09:00, Tue 24 Nov 2026 · Area · 1 station is silent · 1.5; 2"
    assert say(inner, "vi") != say(inner, "en")


def test_templates_are_given_the_same_words() -> None:
    """`_` takes a sentence with its values, or a Text."""
    speak = translator("en", ZONE)
    assert speak("Since {moment}", moment=NINE) == "Since 09:00, Tue 24 Nov 2026"
    assert speak(Text("{count} h", {"count": 1000})) == "1,000 h"


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_a_moment_at_the_end_of_time_is_said_all_the_same(moment: datetime) -> None:
    """A logger may write it, and elsewhere on Earth it is a year that there is not."""
    for zone in (ZONE, ZoneInfo("America/Lima")):
        assert say(Text("The time {moment}", {"moment": moment}), "vi", zone)
