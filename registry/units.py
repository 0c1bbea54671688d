"""How units are spelled, and gases between volume and mass."""

import unicodedata
from collections.abc import Mapping

from registry.schema import AcceptedUnit, Parameter

# 25 °C and 760 mmHg, as QCVN 05:2023 defines its Nm³: R·T/p in litres.
MOLAR_VOLUME = 8.314462618 * 298.15 / 101.325

_SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "º": "°", "³": "3", "²": "2", " ": "", "\u00a0": "", "₂": "2"})
_NAMES = {
    "oc": "degc", "c": "degc", "cel": "degc", "celsius": "degc", "°c": "degc",
    "°f": "degf", "f": "degf", "fahrenheit": "degf",
    "percent": "%", "pct": "%", "%rh": "%", "%vol": "%", "vol%": "%", "%v/v": "%",
    "m3/hr": "m3/h", "m3/giờ": "m3/h", "m3/day": "m3/d", "m3/ngày": "m3/d", "m3/ngàyđêm": "m3/d",
    "mbar": "hpa", "°": "deg", "degree": "deg", "degrees": "deg", "mg/nm3": "mg/m3", "ug/nm3": "ug/m3",
    "-": "", "ph": "", "phunits": "", "none": "", "tonne": "t", "tonnes": "t", "fnu": "ntu",
    "umhos/cm": "us/cm", "micros/cm": "us/cm",
}  # fmt: skip


def normal(unit: str) -> str:
    """Return the one spelling of `unit`: lower case, plain letters, no spaces (`µg/m³` → `ug/m3`, `oC` → `degc`).

    Lower case loses nothing: no two units that a parameter accepts differ only in case.
    """
    plain = unicodedata.normalize("NFKC", unit.strip().translate(_SPELLINGS)).translate(_SPELLINGS).lower()
    return _NAMES.get(plain, plain)


def ug_per_ppb(molar_mass: float) -> float:
    """Return µg/m³ of one ppb of a gas of `molar_mass` g/mol at 25 °C and 760 mmHg."""
    return molar_mass / MOLAR_VOLUME


# How many µg/m³ one of it is.
_GAS_UNITS = {"ug/m3": 1.0, "mg/m3": 1000.0}


def accepted(parameter: Parameter) -> Mapping[str, AcceptedUnit]:
    """Return every unit in which `parameter` may arrive, normally spelled: canonical = value × factor + offset."""
    found: dict[str, AcceptedUnit] = {}
    if parameter.molar_mass is not None and normal(parameter.unit) in _GAS_UNITS:
        found.update(_gas(parameter.molar_mass, normal(parameter.unit)))
    for one in parameter.accepts:
        found[normal(one.unit)] = one
    found[normal(parameter.unit)] = AcceptedUnit(unit=parameter.unit)
    return found


def _gas(molar_mass: float, canonical: str) -> Mapping[str, AcceptedUnit]:
    per_ug = 1 / _GAS_UNITS[canonical]
    per_ppb = ug_per_ppb(molar_mass) * per_ug
    return {
        "ppb": AcceptedUnit(unit="ppb", factor=per_ppb),
        "ppm": AcceptedUnit(unit="ppm", factor=per_ppb * 1000),
        "ug/m3": AcceptedUnit(unit="ug/m3", factor=per_ug),
        "mg/m3": AcceptedUnit(unit="mg/m3", factor=per_ug * 1000),
    }
