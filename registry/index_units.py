"""In which canonical unit an index reads each parameter: its scale is written in it."""

from collections.abc import Mapping
from typing import Final

from registry.schema import IndexId

_AIR: Final = dict.fromkeys(("pm25", "pm10", "so2", "no2", "co", "o3"), "ug/m3")
_MG_PER_L: Final = dict.fromkeys(
    (
        "arsenic", "cadmium", "lead", "chromium_6", "copper", "zinc", "mercury", "dissolved_oxygen", "bod5", "cod", "toc",
        "ammonium_n", "nitrate_n", "nitrite_n", "phosphate_p",
    ),
    "mg/L",
)  # fmt: skip
INDEX_UNITS: Mapping[IndexId, Mapping[str, str]] = {
    "vn_aqi": _AIR,
    "us_aqi": _AIR,
    "vn_wqi": {
        **_MG_PER_L,
        **dict.fromkeys(("aldrin", "bhc", "dieldrin", "ddt", "heptachlor"), "ug/L"),
        **dict.fromkeys(("coliform", "e_coli"), "MPN/100mL"),
        "ph": "",
        "water_temperature": "degC",
        "dissolved_oxygen_saturation": "%",
    },
}
# The US AQI takes these in ppb, which needs the molar mass.
GASES_IN_PPB = frozenset({"so2", "no2", "co", "o3"})
