"""The indices of a station as its page shows them: value, by which text, what decides, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.schemes import made, scheme_of
from domain.rollup import IndexPoint
from domain.text import Text
from domain.window import HOUR, Window, WindowKind
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import Parameter
from reports.said import LEVELS
from storage.readings import ReadingStore

# An hour that is older is no longer how the air is now; a day is shown until the next one is over.
_SHOWN_FOR = {WindowKind.HOUR: 3 * HOUR, WindowKind.DAY: timedelta(days=2)}
# What no station measures need not be configured, and is missing all the same.
_SYMBOLS: Mapping[str, str] = {
    "pm25": "PM2.5", "pm10": "PM10", "so2": "SO₂", "no2": "NO₂", "co": "CO", "o3": "O₃", "ph": "pH", "aldrin": "Aldrin",
    "bhc": "BHC", "dieldrin": "Dieldrin", "ddt": "DDT", "heptachlor": "Heptachlor", "arsenic": "As", "cadmium": "Cd",
    "lead": "Pb", "chromium_6": "Cr(VI)", "copper": "Cu", "zinc": "Zn", "mercury": "Hg", "dissolved_oxygen": "DO",
    "bod5": "BOD₅", "cod": "COD", "toc": "TOC", "ammonium_n": "NH₄⁺-N", "nitrate_n": "NO₃⁻-N", "nitrite_n": "NO₂⁻-N",
    "phosphate_p": "PO₄³⁻-P", "coliform": "Coliform", "e_coli": "E. coli",
}  # fmt: skip
_US_LEVELS = (
    Text("Good"), Text("Moderate"), Text("Unhealthy for sensitive groups"), Text("Unhealthy"), Text("Very unhealthy"),
    Text("Hazardous"),
)  # fmt: skip
_WQI_LEVELS = (
    Text("Very good"), Text("Good"), Text("Average"), Text("Bad"), Text("Poor"),
    Text("Extremely polluted"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One index of a station in its newest window."""

    point: IndexPoint
    end: datetime
    scheme: Text
    style: str  # the colour of its level
    level: Text | None
    dominant: Parameter | None
    missing: tuple[str, ...]  # symbols


def index_rows(
    registry: Registry, store: ReadingStore, station: str, now: datetime, said: Mapping[str, Confirmation]
) -> list[IndexRow]:
    """Return the newest hour and day of each index that is made of a station; none is shown that is too old.

    Raises StoreUnavailable.
    """
    found = []
    for scheme in made(registry, said):
        for kind in scheme.kinds if scheme.kind == registry.stations[station].kind else ():
            marks = Window(now - _SHOWN_FOR[kind] - timedelta(days=2), now)
            found += _newest(registry, store.read_indices(scheme.id, kind, [station], marks), now)
    return found


def _newest(registry: Registry, points: Sequence[IndexPoint], now: datetime) -> list[IndexRow]:
    rows = [_row(registry, one) for one in points[-1:]]
    return [one for one in rows if now - one.end <= _SHOWN_FOR[one.point.kind]]


def _row(registry: Registry, point: IndexPoint) -> IndexRow:
    return IndexRow(
        point, registry.window(point.kind, point.mark).end, scheme_of(point.version, point.index),
        style=f"{'w' if point.index == 'vn_wqi' else 'a'}{point.level}" if point.level else "none",
        level=level_of(point), dominant=registry.parameters.get(point.dominant or ""),
        missing=tuple(_symbol(registry, one) for one in point.missing),
    )  # fmt: skip


def level_of(point: IndexPoint) -> Text | None:
    """Return the word of an index's level."""
    if point.level is None:
        return None
    return _LEVELS[point.index][point.level - 1]


def _symbol(registry: Registry, parameter: str) -> str:
    known = registry.parameters.get(parameter)
    return known.symbol if known else _SYMBOLS.get(parameter, parameter)


# Kém and Xấu stand in the opposite order in air and water: no two indices share their list.
_LEVELS: Mapping[str, tuple[Text, ...]] = {"vn_aqi": LEVELS, "us_aqi": _US_LEVELS, "vn_wqi": _WQI_LEVELS}
