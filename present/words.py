"""How facts are said: sentences, numbers, dates and names in Vietnamese and in English, from one catalogue.

English is the language of the source; `present/locale/vi/LC_MESSAGES/quantrac.po` has the Vietnamese.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from domain.limit import Bound
from domain.text import Text
from registry.schema import Names

LANGUAGES = ("vi", "en")
NBSP = "\N{NO-BREAK SPACE}"

_DATE = {"vi": "EEEE dd/MM/yyyy", "en": "EEE d MMM yyyy"}
_SHORT_DATE = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}
_COMPASS = {"vi": ("B", "N", "Đ", "T"), "en": ("N", "S", "E", "W")}
# How canonical units are written where a person reads them.
_UNITS = {
    "": "", "1": "", "pH": "", "degC": "°C", "deg": "°", "%": "%", "ug/m3": "µg/m³", "ug/Nm3": "µg/Nm³",
    "mg/m3": "mg/m³", "mg/Nm3": "mg/Nm³", "uS/cm": "µS/cm", "m3": "m³",
    "m3/h": "m³/h", "m3/d": "m³/d", "m3/s": "m³/s", "m/s": "m/s",
}  # fmt: skip
# Symbols that are words of English; all others are the same everywhere.
_WORDS = {one.message for one in (Text("Dust"), Text("Fill"), Text("Tur"))}
_UNITS_VI = {"m³/h": "m³/giờ", "m³/d": "m³/ngày", "t": "tấn"}


def say(text: Text | str, lang: str, zone: ZoneInfo | None = None) -> str:
    """Return `text` in `lang`; a plain string is looked up as it stands.

    Inside a Text, numbers, dates, durations and names are written as the language writes them. A moment is shown in
    `zone`, else in the zone that it carries.
    """
    message, values = (text, {}) if isinstance(text, str) else (text.message, text.values)
    sentence = _sentences(lang).get(message, message)
    if not values:
        return sentence
    return sentence.format(**{key: _said(value, lang, zone) for key, value in values.items()})


def translator(lang: str, zone: ZoneInfo | None = None) -> Callable[..., str]:
    """Return `_` for templates of `lang`: `_("{count} stations", count=3)`; also takes a Text."""

    def _(message: Text | str, **values: Any) -> str:
        return say(Text(message, values) if isinstance(message, str) else message, lang, zone)

    return _


@cache
def _sentences(lang: str) -> dict[str, str]:
    if lang == "en":
        return {}
    with files("present").joinpath(f"locale/{lang}/LC_MESSAGES/quantrac.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale=lang) if one.id and one.string}


def _said(value: Any, lang: str, zone: ZoneInfo | None) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return number(value, None, lang)
    if isinstance(value, list | tuple):
        return "; ".join(_said(one, lang, zone) for one in value)
    return _said_noun(value, lang, zone)


def _said_noun(value: Any, lang: str, zone: ZoneInfo | None) -> str:
    match value:
        case Text():
            return say(value, lang, zone)
        case datetime():
            return _moment(value, zone, lang)
        case date():
            return day(value, lang)
        case timedelta():
            return duration(value, lang)
        case Names():
            return name(value, lang)
    return str(value)


def _moment(moment: datetime, zone: ZoneInfo | None, lang: str) -> str:
    try:
        return when(moment, zone, lang)
    except OverflowError:  # a logger may write the last hour of the year 9999, and elsewhere it is the year 10000
        return str(moment)


def number(value: float, places: int | None, lang: str) -> str:
    """Write a number with `places` decimals (half away from zero); None: as many as it has, at most six digits."""
    if places is not None:
        exact = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    else:
        exact = Decimal(value) if isinstance(value, int) or abs(value) >= 1e6 else Decimal(f"{value:.6g}")
    written = f"{exact + 0:,f}"
    if places is None and "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.translate(_signs(lang))


@cache
def _signs(lang: str) -> dict[int, str]:
    """Return how a language writes Python's signs in a number; Babel's own formatter takes a page's whole time."""
    return str.maketrans({",": get_group_symbol(lang), ".": get_decimal_symbol(lang), "-": "−"})


def with_unit(written: str, of_unit: str, lang: str) -> str:
    """Add a unit to a number that is written, bound by a no-break space; a unit that is none leaves it alone."""
    shown_unit = unit(of_unit, lang)
    return f"{written}{NBSP}{shown_unit}" if shown_unit else written


def unit(canonical: str, lang: str = "en") -> str:
    """Return a canonical unit as people write it: ug/m3 → µg/m³."""
    written = _UNITS.get(canonical, canonical)
    return _UNITS_VI.get(written, written) if lang == "vi" else written


def symbol(written: str, lang: str) -> str:
    """Return a parameter's symbol as the language writes it: PM2.5 → PM2,5, Dust kg → Bụi kg."""
    word, *rest = written.split(" ")
    if word in _WORDS:
        return " ".join((say(word, lang), *rest))
    return written.replace("2.5", "2,5") if lang == "vi" else written


def shown(value: float, bound: Bound | None, precision: int, lang: str) -> str:
    """Write a level rounded to `precision`, with more digits where rounding would contradict the comparison.

    Levels are compared unrounded, so 135.2 against 135 is over and must not be shown as 135. From a thousand on there
    are no decimals: no instrument has them.
    """
    precision = 0 if abs(value) >= 1000 else precision
    if bound is None:
        return number(value, precision, lang)
    over = bound.is_exceeded(value)
    places = precision
    while places < precision + 6 and bound.is_exceeded(_rounded(value, places)) != over:
        places += 1
    return number(value, places, lang)


def times_limit(level: float, limit: float, lang: str) -> str:
    """Write how many times `limit` a level is ("1,17"), never "1,00" for what is over."""
    ratio = level / limit
    places = 2
    while places < 8 and (_rounded(ratio, places) > 1) != (ratio > 1):
        places += 1
    return number(ratio, places, lang)


def compared(level: float, bound: Bound, lang: str) -> str:
    """Say how a level stands to its bound; a level equal to the bound is within it."""
    if bound.high is not None and level > bound.high > 0:
        values = {"ratio": times_limit(level, bound.high, lang), "limit": bound.high}
        return say(Text("{ratio} times the limit of {limit}", values), lang)
    if bound.is_exceeded(level):
        values = {"limit": bound_text(bound, lang)}
        return say(Text("outside the limit of {limit}", values), lang)
    return say(Text("within the limit of {limit}", {"limit": bound_text(bound, lang)}), lang)


def bound_text(bound: Bound, lang: str) -> str:
    """Write a bound without its unit: 135 · ≥ 5 · 5.5–9."""
    if bound.low is None:
        return number(bound.high, None, lang) if bound.high is not None else "–"
    if bound.high is None:
        return f"≥{NBSP}{number(bound.low, None, lang)}"
    return f"{number(bound.low, None, lang)}–{number(bound.high, None, lang)}"


def when(moment: datetime, zone: ZoneInfo | None, lang: str, *, end: bool = False) -> str:
    """Write a moment with its date: 09:00 thứ Ba 24/11/2026 · 09:00, Tue 24 Nov 2026.

    `end`: it is the end of a window, so that midnight is 24:00 of the day that is over.
    """
    clock, on = _clock(moment, zone, end=end)
    return f"{clock}{' ' if lang == 'vi' else ', '}{day(on, lang)}"


def short_when(moment: datetime, zone: ZoneInfo | None, lang: str, *, end: bool = False) -> str:
    """Write a moment without the day of the week: 09:00 24/11/2026 · 09:00, 24 Nov 2026."""
    clock, on = _clock(moment, zone, end=end)
    return f"{clock}{' ' if lang == 'vi' else ', '}{day(on, lang, short=True)}"


def day(of: date, lang: str, *, short: bool = False) -> str:
    """Write a date: thứ Ba 24/11/2026 · Tue 24 Nov 2026; `short` leaves the day of the week out."""
    written = format_date(of, (_SHORT_DATE if short else _DATE)[lang], locale=lang)
    return written[:1].lower() + written[1:] if lang == "vi" else written


def hour(moment: datetime, zone: ZoneInfo, *, end: bool = False) -> str:
    """Write the local time of day: 09:00; `end`: midnight is 24:00."""
    return _clock(moment, zone, end=end)[0]


def hour_span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Write a window by its two local times: 08:00–09:00; one that ends at midnight ends at 24:00."""
    return f"{hour(start, zone)}–{hour(end, zone, end=True)}"


def duration(length: timedelta, lang: str) -> str:
    """Write a length of time in at most two units: 8 giờ 50 phút · 8 h 50 min."""
    minutes = round(length.total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        (days, Text("{count} d", {"count": days})), (hours, Text("{count} h", {"count": hours})),
        (rest, Text("{count} min", {"count": rest})),
    ]  # fmt: skip
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    kept = [words for count, words in parts[first : first + 2] if count] or [parts[2][1]]
    return " ".join(say(words, lang) for words in kept)


def place(latitude: float, longitude: float, lang: str) -> str:
    """Write a place: 10,8210° B, 106,4620° Đ · 10.8210° N, 106.4620° E."""
    north, south, east, west = _COMPASS[lang]
    parallel = f"{number(abs(latitude), 4, lang)}°{NBSP}{north if latitude >= 0 else south}"
    return f"{parallel}, {number(abs(longitude), 4, lang)}°{NBSP}{east if longitude >= 0 else west}"


def name(names: Names, lang: str) -> str:
    """Return the name in `lang`."""
    return names.vi if lang == "vi" else names.en


def _rounded(value: float, places: int) -> float:
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _clock(moment: datetime, zone: ZoneInfo | None, *, end: bool) -> tuple[str, date]:
    local = moment.astimezone(zone) if zone else moment
    if end and (local.hour, local.minute, local.second) == (0, 0, 0):
        return "24:00", local.date() - timedelta(days=1)
    return local.strftime("%H:%M"), local.date()
